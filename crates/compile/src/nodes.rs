//! Lowered nodes become tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use chainrule_graph::SymbolId;
use chainrule_graph::lower::{self, Lowered, Map, Node, View, Work};
use chainrule_graph::record::{Eval, Whole};
use chainrule_kernels::program::{Affine, Axis, Fold, Foreign, Guard};
use chainrule_syntax::Span;

use crate::bind::{Bound, place, strides};
use crate::body::{Body, Read};
use crate::draft::{Draft, Framed, Job, Out, Place, Pointwise, Region};
use crate::product;
use crate::refused::{Refused, refused};

/// Where the values of names are, and what is said of a node in an error or a page.
pub(crate) struct Names<'a> {
    /// The arrays of inputs.
    pub(crate) env: &'a mut dyn FnMut(&mut Draft, SymbolId) -> Result<Region, Refused>,
    /// The place in the text of a node.
    pub(crate) span: &'a dyn Fn(&str) -> Option<Span>,
}

/// One lowered graph being written into a draft.
pub(crate) struct Nodes<'a> {
    pub(crate) bound: Bound<'a>,
    pub(crate) lowered: &'a Lowered,
    pub(crate) draft: &'a mut Draft,
    /// The array of each node, once it is there.
    pub(crate) regions: Vec<Option<Region>>,
    pub(crate) dims: Vec<Vec<usize>>,
}

/// A node that is being made.
#[derive(Clone, Copy)]
pub(crate) struct Made<'n> {
    /// Its number.
    pub(crate) at: usize,
    pub(crate) node: &'n Node,
    /// Where its array goes.
    pub(crate) out: Region,
    /// The place in the text.
    pub(crate) span: Option<Span>,
}

/// A view with numbers.
pub(crate) struct Seen {
    pub(crate) read: Read,
    /// The place along each dim.
    pub(crate) maps: Vec<Affine>,
    pub(crate) of: usize,
    pub(crate) pad: bool,
}

impl<'a> Nodes<'a> {
    pub(crate) fn new(
        bound: Bound<'a>,
        lowered: &'a Lowered,
        draft: &'a mut Draft,
    ) -> Result<Nodes<'a>, Refused> {
        let dims = lowered.nodes.iter().map(|n| bound.dims(&n.dims));
        let dims = dims.collect::<Result<_, _>>()?;
        Ok(Nodes { bound, lowered, draft, regions: vec![None; lowered.nodes.len()], dims })
    }

    /// Tasks for the nodes that are `active` and not there yet; `targets` says where some must be.
    pub(crate) fn run(
        &mut self,
        active: &[bool],
        targets: &BTreeMap<usize, Region>,
        names: &mut Names<'_>,
    ) -> Result<(), Refused> {
        for (at, (node, active)) in self.lowered.nodes.iter().zip(active).enumerate() {
            if !active || self.regions[at].is_some() {
                continue;
            }
            let region = match &node.work {
                Work::Input(symbol) => (names.env)(self.draft, *symbol)?,
                Work::Reshape(of) => self.region(*of)?,
                _ => {
                    let out = match targets.get(&at) {
                        Some(region) => *region,
                        None => self.draft.value(&node.name, self.dims[at].iter().product()),
                    };
                    let span = (names.span)(&node.name);
                    self.computed(&Made { at, node, out, span })?;
                    out
                }
            };
            if region.len != self.dims[at].iter().product::<usize>() {
                return refused(format!("`{}` is given as another number of entries", node.name));
            }
            self.regions[at] = Some(region);
        }
        Ok(())
    }

    pub(crate) fn region(&self, at: usize) -> Result<Region, Refused> {
        match self.regions.get(at) {
            Some(Some(region)) => Ok(*region),
            _ => refused("a value is read before it is there"),
        }
    }

    fn computed(&mut self, made: &Made<'_>) -> Result<(), Refused> {
        let Made { at, node, out, span } = *made;
        let job = match &node.work {
            Work::Loop(l) => self.looped(made, l)?,
            Work::Select { fold, read, over } => self.select(at, *fold, read, over, out)?,
            Work::Opaque { .. } => self.opaque(at, node, out)?,
            Work::Input(_) | Work::Reshape(_) => return Ok(()),
        };
        self.draft.task(&node.name, span, job);
        Ok(())
    }

    /// A view at numbers.
    pub(crate) fn seen(&self, view: &View, extents: &[usize], name: &str) -> Result<Seen, Refused> {
        let dims = &self.dims[view.of];
        let maps = self.maps(&view.maps, extents.len())?;
        let labelled: Vec<bool> = view.maps.iter().map(|m| m.label.is_some()).collect();
        let (at, guards) = place(&maps, &labelled, dims, extents, view.pad, name)?;
        let region = self.region(view.of)?;
        let label = label(&view.maps, dims, name)?;
        let read = Read { place: based(region, at, guards), label };
        Ok(Seen { read, maps, of: view.of, pad: view.pad })
    }

    fn maps(&self, maps: &[Map], indices: usize) -> Result<Vec<Affine>, Refused> {
        maps.iter().map(|m| self.bound.affine(m, indices)).collect()
    }

    fn looped(&mut self, made: &Made<'_>, l: &lower::Loop) -> Result<Job, Refused> {
        let Made { at, node, out, .. } = *made;
        let extents = self.bound.dims(&l.space)?;
        let used = used_reads(l);
        // A read that no step uses may be of a value that is not there.
        let mut seen = Vec::with_capacity(l.reads.len());
        for (k, view) in l.reads.iter().enumerate() {
            seen.push(if used[k] { Some(self.seen(view, &extents, &node.name)?) } else { None });
        }
        if let Some(job) = product::contracted(self, made, l, &extents, &seen)? {
            return Ok(job);
        }
        let reads: Vec<Read> = seen
            .iter()
            .map(|s| {
                s.as_ref().map_or_else(|| Read { place: empty(), label: None }, |s| s.read.clone())
            })
            .collect();
        let (mut steps, mut places, step, write) = {
            let mut body = Body::new(&self.bound, &mut self.draft.foreign, &reads, extents.len());
            let step = body.program(&l.body)?;
            let write = match &l.write {
                None => None,
                Some(scatter) => {
                    let found = label(&scatter.maps, &self.dims[at], &node.name)?;
                    found.map(|(of, stride, extent)| (body.read(of), stride, extent))
                }
            };
            (body.steps, body.places, step, write)
        };
        let mut roots = vec![step];
        roots.extend(write.map(|(label, ..)| label));
        crate::body::compact(&mut steps, &mut places, &mut roots);
        let moved = write.map(|(_, stride, extent)| (roots[1], stride, extent));
        match &l.write {
            None => {
                let write = self.plain(at, l, extents.len(), roots[0], out);
                let axis = |(i, e): (usize, &usize)| Axis { extent: *e, folded: i >= l.rank };
                let axes = extents.iter().enumerate().map(axis).collect();
                let mut made = Pointwise { axes, reads: places, steps, writes: vec![write] };
                ordered(&mut made);
                Ok(Job::Loop(made))
            }
            Some(scatter) => {
                let to = self.scattered(at, node, scatter, &extents, out, moved)?;
                let write = Out { step: roots[0], fold: None, to };
                let axis = |e: &usize| Axis { extent: *e, folded: false };
                let axes = extents.iter().map(axis).collect();
                let from = Pointwise { axes, reads: places, steps, writes: vec![write] };
                Ok(self.scatter(at, scatter, from))
            }
        }
    }

    /// The write of a loop with one entry for each point, or for what is folded together.
    fn plain(&self, at: usize, l: &lower::Loop, indices: usize, step: usize, out: Region) -> Out {
        let mut to = strides(&self.dims[at]);
        to.resize(indices, 0);
        let to = based(out, Affine { constant: 0, strides: to }, Vec::new());
        let fold = if indices > l.rank { l.fold.map(fold_of) } else { None };
        Out { step, fold, to }
    }

    /// Where a scatter writes.
    fn scattered(
        &self,
        at: usize,
        node: &Node,
        scatter: &lower::Scatter,
        extents: &[usize],
        out: Region,
        moved: Option<(usize, isize, usize)>,
    ) -> Result<Place, Refused> {
        let maps = self.maps(&scatter.maps, extents.len())?;
        let labelled: Vec<bool> = scatter.maps.iter().map(|m| m.label.is_some()).collect();
        let (to, guards) =
            place(&maps, &labelled, &self.dims[at], extents, scatter.pad, &node.name)?;
        let mut to = based(out, to, guards);
        to.label = moved.map(|(step, stride, extent)| chainrule_kernels::program::Label {
            step,
            stride,
            extent,
        });
        Ok(to)
    }

    fn scatter(&self, at: usize, scatter: &lower::Scatter, mut from: Pointwise) -> Job {
        let to = &from.writes[0].to;
        let plain = to.guards.is_empty() && to.label.is_none();
        let extents = from.extents();
        let covers = from.points() == self.dims[at].iter().product::<usize>();
        let injective =
            self.maps(&scatter.maps, extents.len()).is_ok_and(|maps| never_meets(&maps, &extents));
        let own = |i: usize| {
            scatter.maps.iter().any(|m| {
                m.label.is_none() && matches!(m.terms.as_slice(), [(only, _)] if *only == i)
            })
        };
        let apart: Vec<usize> = (0..extents.len()).filter(|i| own(*i)).collect();
        let order = ordered(&mut from);
        if plain && covers && injective {
            return Job::Loop(from);
        }
        let place = |i: &usize| order.iter().position(|o| o == i).unwrap_or(0);
        let mut apart: Vec<usize> = apart.iter().map(place).collect();
        apart.sort_unstable();
        Job::Scatter { from, apart }
    }

    fn select(
        &mut self,
        at: usize,
        fold: lower::Fold,
        read: &View,
        over: &[bool],
        out: Region,
    ) -> Result<Job, Refused> {
        let extents = self.dims[at].clone();
        let seen = self.seen(read, &extents, &self.lowered.nodes[at].name)?;
        if seen.read.label.is_some() {
            return refused("a selection by a label is not compiled");
        }
        let to = Affine { constant: 0, strides: strides(&extents) };
        let axes = extents.iter().zip(over).map(|(e, o)| Axis { extent: *e, folded: *o });
        Ok(Job::Select {
            fold: fold_of(fold),
            axes: axes.collect(),
            read: seen.read.place,
            to: based(out, to, Vec::new()),
        })
    }

    fn opaque(&mut self, at: usize, node: &Node, out: Region) -> Result<Job, Refused> {
        let Work::Opaque { op, inputs, frames, riding, places } = &node.work else {
            return refused("no op");
        };
        let shapes: Vec<Vec<usize>> =
            frames.iter().map(|f| self.bound.dims(&f.dims)).collect::<Result<_, _>>()?;
        let riding: Vec<usize> = self.bound.dims(riding)?;
        let last = frames.len() - 1;
        let framed = |k: usize, region: Region, own: &[usize]| -> Framed {
            let steps = strides(own);
            let mut dims: Vec<(usize, isize)> = shapes[k].iter().map(|d| (*d, 0)).collect();
            let mut rides = vec![0; riding.len()];
            for (lane, step) in frames[k].lanes.iter().zip(&steps) {
                match lane {
                    lower::Lane::Riding(at) => rides[*at] = *step,
                    lower::Lane::Dim(at) => dims[*at].1 = *step,
                }
            }
            Framed { region, dims, riding: rides }
        };
        let read = |(k, of): (usize, &usize)| Ok(framed(k, self.region(*of)?, &self.dims[*of]));
        let sources = inputs.iter().enumerate().map(read).collect::<Result<_, Refused>>()?;
        let output = framed(last, out, &self.dims[at]);
        let (op, places, whole) = (op.clone(), places.clone(), shapes.clone());
        let name = op.def().name.to_string();
        let run = move |parts: &[&[f64]], out: &mut [f64]| -> bool {
            let value = match &op.def().eval {
                Eval::Whole(f) => {
                    let (inputs, output) = (&whole[..last], &whole[last]);
                    (f.real)(&Whole { op: &op, inputs, output, places: &places }, parts)
                }
                // What is left is a reshape: the same entries in order.
                _ => parts.first().map(|p| p.to_vec()),
            };
            match value {
                Some(value) if value.len() == out.len() => {
                    out.copy_from_slice(&value);
                    true
                }
                _ => false,
            }
        };
        self.draft.foreign.push(Foreign::Whole(name, Arc::new(run)));
        let function = self.draft.foreign.len() - 1;
        Ok(Job::Call { function, riding, inputs: sources, output })
    }
}

pub(crate) fn fold_of(fold: lower::Fold) -> Fold {
    match fold {
        lower::Fold::Sum => Fold::Sum,
        lower::Fold::Max => Fold::Max,
        lower::Fold::Min => Fold::Min,
        lower::Fold::Prod => Fold::Product,
    }
}

fn empty() -> Place {
    let at = Affine::default();
    Place { region: Region::whole(usize::MAX, 0), at, guards: Vec::new(), label: None }
}

pub(crate) fn based(region: Region, mut at: Affine, guards: Vec<Guard>) -> Place {
    at.constant += region.at as isize;
    Place { region, at, guards, label: None }
}

/// The label of a view: the read, entries it moves by, the dim's length.
fn label(
    maps: &[Map],
    dims: &[usize],
    name: &str,
) -> Result<Option<(usize, isize, usize)>, Refused> {
    let mut found = None;
    for ((map, dim), stride) in maps.iter().zip(dims).zip(strides(dims)) {
        let Some(label) = map.label else { continue };
        let alone = map.terms.is_empty() && map.constant == chainrule_graph::Size::number(0);
        if found.is_some() || !alone {
            return refused(format!(
                "`{name}`: one access by two labels is not compiled: name the first, then take the second from it"
            ));
        }
        found = Some((label, stride, *dim));
    }
    Ok(found)
}

/// Which reads the steps use, with the labels behind them.
pub(crate) fn used_reads(l: &lower::Loop) -> Vec<bool> {
    let mut used = vec![false; l.reads.len()];
    for step in &l.body.steps {
        match step {
            lower::Step::Read(k) => used[*k] = true,
            lower::Step::Index(map) => map.label.into_iter().for_each(|k| used[k] = true),
            _ => {}
        }
    }
    let write = l.write.iter().flat_map(|w| &w.maps);
    write.filter_map(|m| m.label).for_each(|k| used[k] = true);
    for (k, view) in l.reads.iter().enumerate() {
        if used[k] {
            let labels: Vec<usize> = view.maps.iter().filter_map(|m| m.label).collect();
            labels.into_iter().for_each(|k| used[k] = true);
        }
    }
    used
}

/// Whether two points of the space are never written to the same entry: each index occurs in one
/// dim, and within a dim the indices are digits of a number.
fn never_meets(maps: &[Affine], extents: &[usize]) -> bool {
    let mut seen = vec![false; extents.len()];
    for map in maps {
        let mut digits: Vec<(isize, isize)> = Vec::new();
        for (i, stride) in map.strides.iter().enumerate().filter(|(_, s)| **s != 0) {
            if std::mem::replace(&mut seen[i], true) || *stride < 0 {
                return false;
            }
            digits.push((*stride, extents[i] as isize - 1));
        }
        digits.sort_unstable();
        let mut reach = 0;
        for (stride, last) in digits {
            if stride <= reach {
                return false;
            }
            reach += stride * last;
        }
    }
    extents.iter().zip(seen).all(|(e, s)| s || *e == 1)
}

/// The axes from the greatest stride to the least, so that the last one runs along memory. Returns
/// the old number of each.
pub(crate) fn ordered(l: &mut Pointwise) -> Vec<usize> {
    let weight = |i: usize| {
        let places = l.reads.iter().chain(l.writes.iter().map(|w| &w.to));
        places.map(|p| p.at.strides[i].unsigned_abs()).max().unwrap_or(0)
    };
    let mut order: Vec<usize> = (0..l.axes.len()).collect();
    // An index that moves nothing, or does not run, may stand anywhere: outside.
    let key = |i: &usize| match (weight(*i), l.axes[*i].extent) {
        (0, _) | (_, 1) => usize::MAX,
        (w, _) => w,
    };
    order.sort_by_key(|i| std::cmp::Reverse(key(i)));
    permute(l, &order);
    order
}

fn permute(l: &mut Pointwise, order: &[usize]) {
    use chainrule_kernels::program::Step;
    let turn = |a: &mut Affine| a.strides = order.iter().map(|i| a.strides[*i]).collect();
    l.axes = order.iter().map(|i| l.axes[*i]).collect();
    for place in l.reads.iter_mut().chain(l.writes.iter_mut().map(|w| &mut w.to)) {
        turn(&mut place.at);
        place.guards.iter_mut().for_each(|g| turn(&mut g.at));
    }
    for step in &mut l.steps {
        if let Step::Index(at) = step {
            turn(at);
        }
    }
}
