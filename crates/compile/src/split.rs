//! What of a lowered graph is computed row by row, what adds up over rows, what comes after.

use chainrule_graph::lower::{Frame, Lane, Loop, Lowered, Map, Step, View, Work};
use chainrule_graph::{Module, Size};

/// The parts of a graph whose rows may be computed in pieces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Split {
    /// Folds over the batch axis: their pieces come together.
    pub(crate) partial: Vec<usize>,
    /// Computed for each piece.
    pub(crate) piece: Vec<bool>,
    /// Computed at the end.
    pub(crate) after: Vec<bool>,
}

struct Rows<'a> {
    module: &'a Module,
    lowered: &'a Lowered,
    /// Whether a node has a batch axis.
    row: Vec<bool>,
}

/// The parts; nothing if a row reads another, or a fold over all rows.
pub(crate) fn split(module: &Module, lowered: &Lowered) -> Option<Split> {
    let mut rows = Rows { module, lowered, row: Vec::new() };
    for node in &lowered.nodes {
        rows.row.push(node.dims.iter().any(|d| rows.moves(d)));
    }
    let count = lowered.nodes.len();
    let (mut partial, mut late) = (vec![false; count], vec![false; count]);
    for at in 0..count {
        partial[at] = rows.node(at)?;
        let reads = lowered.nodes[at].work.reads();
        late[at] = reads.iter().any(|of| partial[*of] || late[*of]);
        // All rows would have to be seen twice.
        if late[at] && (rows.row[at] || partial[at]) {
            return None;
        }
    }
    let mut piece: Vec<bool> = (0..count).map(|at| rows.row[at] || partial[at]).collect();
    let mut after = vec![false; count];
    for (_, node) in &lowered.outputs {
        if rows.row[*node] {
            return None;
        }
        after[*node] = true;
    }
    for at in (0..count).rev() {
        let reads = lowered.nodes[at].work.reads();
        if after[at] && !partial[at] {
            reads.iter().for_each(|of| after[*of] = true);
        }
        if piece[at] {
            reads.iter().for_each(|of| piece[*of] = true);
        }
    }
    let folds = (0..count).filter(|at| partial[*at]).collect();
    Some(Split { partial: folds, piece, after })
}

impl Rows<'_> {
    /// Whether a size depends on the number of rows.
    fn moves(&self, size: &Size) -> bool {
        size.names().any(|id| self.module.sizes.get(id).batch)
    }

    /// Whether a size is the number of rows.
    fn is_batch(&self, size: &Size) -> bool {
        self.module.sizes.batch_of(size).is_some()
    }

    /// Whether a node folds over all rows; nothing if it cannot be computed in pieces.
    fn node(&self, at: usize) -> Option<bool> {
        let node = &self.lowered.nodes[at];
        let row = self.row[at];
        let batches = node.dims.iter().filter(|d| self.moves(d)).count();
        let plain = node.dims.iter().all(|d| !self.moves(d) || self.is_batch(d));
        if batches > 1 || !plain {
            return None;
        }
        let reads = node.work.reads();
        let of_rows = reads.iter().any(|of| self.row[*of]);
        match &node.work {
            Work::Input(_) => Some(false),
            Work::Loop(l) => self.looped(l, at),
            Work::Select { read, over, .. } => {
                let dim = node.dims.iter().position(|d| self.is_batch(d));
                let fine = match dim {
                    Some(dim) => !over[dim] && self.view(read, Some(dim)),
                    None => self.view(read, None),
                };
                fine.then_some(false)
            }
            Work::Reshape(of) => {
                let last = |at: usize| {
                    self.lowered.nodes[at].dims.last().is_some_and(|d| self.is_batch(d))
                };
                (row == self.row[*of] && (!row || (last(at) && last(*of)))).then_some(false)
            }
            Work::Opaque { op, inputs, frames, places, .. } => {
                if of_rows && !row {
                    return None;
                }
                // An op that says where it runs leaves the other dims alone.
                let reaches = op.def().reach.is_some() && !places.is_empty();
                let rides = |(k, (node, frame)): (usize, (&usize, &Frame))| {
                    let dims = self.lowered.nodes[*node].dims.iter().zip(&frame.lanes);
                    dims.filter(|(d, _)| self.moves(d)).all(|(_, lane)| match lane {
                        Lane::Riding(_) => true,
                        Lane::Dim(dim) => reaches && (k == inputs.len() || !places.contains(dim)),
                    })
                };
                let arrays = inputs.iter().chain([&at]).zip(frames);
                arrays.enumerate().all(rides).then_some(false)
            }
        }
    }

    fn looped(&self, l: &Loop, at: usize) -> Option<bool> {
        let axes: Vec<usize> = (0..l.space.len()).filter(|i| self.moves(&l.space[*i])).collect();
        let axis = match axes.as_slice() {
            [] => None,
            [axis] if self.is_batch(&l.space[*axis]) => Some(*axis),
            _ => return None,
        };
        let views = l.reads.iter().all(|v| self.view(v, axis));
        let steps = l.body.steps.iter().all(|s| match s {
            Step::Index(map) => self.free(map, axis),
            _ => true,
        });
        let dims = &self.lowered.nodes[at].dims;
        let write = l.write.as_ref().is_none_or(|w| self.maps(&w.maps, dims, axis));
        (views && steps && write).then_some(axis.is_some() && !self.row[at])
    }

    /// Whether a view sees its own row and no other.
    fn view(&self, view: &View, axis: Option<usize>) -> bool {
        self.maps(&view.maps, &self.lowered.nodes[view.of].dims, axis)
    }

    fn maps(&self, maps: &[Map], dims: &[Size], axis: Option<usize>) -> bool {
        maps.iter().zip(dims).all(|(map, dim)| {
            if self.moves(dim) {
                axis.is_some() && map.as_index() == axis
            } else {
                self.free(map, axis)
            }
        })
    }

    /// Whether a place is the same in every row.
    fn free(&self, map: &Map, axis: Option<usize>) -> bool {
        map.terms.iter().all(|(at, k)| Some(*at) != axis && !self.moves(k))
            && !self.moves(&map.constant)
    }
}
