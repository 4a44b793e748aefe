//! A loop that is run box by box: what follows a contraction runs on each rectangle of the result
//! while it is in the cache.
//!
//! The axes of the loop are in groups, one after the other: those of the rows of the result, those
//! of its columns. A box is a range of each group's points, counted with the last axis of the group
//! fastest. Any boxes that together are the space give the same bits: an entry's value follows from
//! the point, and what folds is in one box.

#[cfg(test)]
mod tests;

use std::ops::Range;

use super::Loops;
use super::code::Sites;
use super::plan::{rows, strip, vector};
use super::port::Tile;
use crate::arena::View;
use crate::element::Element;
use crate::kernel::{Env, Kernel, Needs, Scratch};
use crate::pointwise::LANES;
use crate::program::{Axis, Loop};
use crate::space::Space;

/// An axis that a box may have a part of, or that all boxes have whole.
#[derive(Debug)]
struct Edge {
    extent: usize,
    strides: Vec<isize>,
    /// Entries of a step: more than one along the sides of a tile.
    block: usize,
    folded: bool,
}

/// A group of axes: those before the first folded one may be cut, the others may not.
#[derive(Debug, Default)]
struct Group {
    /// Points of what may not be cut.
    whole: usize,
    /// The axes that may be cut, but the last of them.
    outer: Vec<(usize, Vec<isize>)>,
    /// The last one: its edge and how far it runs.
    last: Option<(usize, usize)>,
}

/// What an axis of the space is.
struct Kind {
    group: usize,
    /// Whether a box may have a part of it.
    cut: bool,
    /// Whether it is an edge: all but the outer axes of what may be cut.
    edge: bool,
}

/// A loop by boxes, ready to run.
pub(crate) struct Boxed<T> {
    tile: Loops<T>,
    groups: Vec<Group>,
    edges: Vec<Edge>,
    /// Edges in the order they are walked.
    kept: Vec<usize>,
    folded: Vec<usize>,
    row: Option<usize>,
    col: Option<usize>,
    weight: f64,
}

/// Where a walk is.
struct Going<'a, 'b, T> {
    env: &'a Env<'a, T>,
    numbers: View<'a, T>,
    doubles: &'b mut [f64],
    places: &'b mut [isize],
    /// For each edge the first point of the box, the end, and how long the tile is at it.
    low: &'b mut [isize],
    high: &'b mut [isize],
    len: &'b mut [isize],
}

fn shift(places: &mut [isize], strides: &[isize], by: isize) {
    for (place, stride) in places.iter_mut().zip(strides) {
        *place += stride * by;
    }
}

/// The group of each axis.
fn labels(groups: &[usize]) -> Vec<usize> {
    groups.iter().enumerate().flat_map(|(at, &count)| std::iter::repeat_n(at, count)).collect()
}

impl<T: Element> Boxed<T> {
    /// A loop whose axes are in groups of so many; the counts' sum is the number of axes.
    pub(crate) fn new(source: &Loop, groups: &[usize]) -> Boxed<T> {
        let mut space = Space::new(&source.axes);
        let sites = Sites::of(source, &mut space);
        let mut labels = labels(groups);
        space.collapse_within(&mut labels);
        let count = space.axes.len();
        // What may be cut along: the axes of each group before its first folded one.
        let cut: Vec<bool> = (0..count)
            .map(|axis| {
                let same = (0..=axis).filter(|&other| labels[other] == labels[axis]);
                same.into_iter().all(|other| !space.axes[other].folded)
            })
            .collect();
        let last = |axis: usize| {
            let next = axis + 1 < count && labels[axis + 1] == labels[axis] && cut[axis + 1];
            !cut[axis] || !next
        };
        let col = vector::<T>(&space, &sites, source.steps.len(), last);
        let length = col.map_or(1, |axis| space.axes[axis].extent);
        let room = if length * 2 <= T::TILE { T::TILE / length.max(1) } else { 1 };
        let folded = col.is_some_and(|axis| space.axes[axis].folded);
        let fits = |axis: usize| last(axis) && Some(axis) != col;
        let row = (room > 1).then(|| rows(&space, folded, room, fits)).flatten();
        let side = |axis: Option<usize>, most: usize, multiple: usize| match axis {
            None => {
                let none = Axis { extent: 1, folded: false };
                (strip(none, most, multiple), vec![0; space.forms.len()])
            }
            Some(axis) => (strip(space.axes[axis], most, multiple), space.strides(axis)),
        };
        let (row_side, col_side) = (side(row, room, 1), side(col, T::TILE, LANES));
        let (row_block, col_block) = (row_side.0.block, col_side.0.block);
        let tile = Loops::over(source, &sites, &space, [row_side, col_side], false);
        let own = Boxed {
            weight: tile.code.weight,
            tile,
            groups: groups.iter().map(|_| Group { whole: 1, ..Group::default() }).collect(),
            edges: Vec::new(),
            kept: Vec::new(),
            folded: Vec::new(),
            row: None,
            col: None,
        };
        let kinds: Vec<Kind> = (0..count)
            .map(|axis| Kind { group: labels[axis], cut: cut[axis], edge: last(axis) })
            .collect();
        own.edged(&space, &kinds, [(row, row_block), (col, col_block)])
    }

    /// Makes edges of the axes of a space; the last two are the sides of a tile.
    fn edged(
        mut self,
        space: &Space,
        kinds: &[Kind],
        [row, col]: [(Option<usize>, usize); 2],
    ) -> Boxed<T> {
        for (axis, kind) in kinds.iter().enumerate() {
            let Axis { extent, folded } = space.axes[axis];
            let (group, strides) = (&mut self.groups[kind.group], space.strides(axis));
            if !kind.edge {
                group.outer.push((extent, strides));
                continue;
            }
            let edge = self.edges.len();
            if kind.cut {
                group.last = Some((edge, extent));
            } else {
                group.whole *= extent;
            }
            let mut block = 1;
            if Some(axis) == row.0 {
                (self.row, block) = (Some(edge), row.1);
            } else if Some(axis) == col.0 {
                (self.col, block) = (Some(edge), col.1);
            } else if folded {
                self.folded.push(edge);
            } else {
                self.kept.push(edge);
            }
            self.edges.push(Edge { extent, strides, block, folded });
        }
        for edge in self.row.into_iter().chain(self.col) {
            let walk = if self.edges[edge].folded { &mut self.folded } else { &mut self.kept };
            walk.push(edge);
        }
        self
    }

    /// What a run needs of its thread's memory.
    pub(crate) fn needs(&self) -> Needs {
        let places = self.tile.starts.len() + 3 * self.edges.len();
        Needs { places, ..self.tile.needs() }
    }

    /// About how many operations a point is.
    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    /// Runs a box: a range of each group's points. Where a group has folded axes, the range has
    /// whole folds.
    pub(crate) fn run(&self, env: &Env<'_, T>, scratch: &mut Scratch<T>, ranges: &[Range<usize>]) {
        let count = self.edges.len();
        let (places, rest) = scratch.places.split_at_mut(self.tile.starts.len());
        let (low, rest) = rest.split_at_mut(count);
        let (high, rest) = rest.split_at_mut(count);
        places.copy_from_slice(&self.tile.starts);
        for (edge, high) in self.edges.iter().zip(&mut *high) {
            *high = edge.extent as isize;
        }
        low.fill(0);
        let mut going = Going {
            env,
            numbers: scratch.numbers.view(),
            doubles: &mut scratch.doubles,
            places,
            low,
            high,
            len: &mut rest[..count],
        };
        going.len.fill(1);
        self.cells(0, ranges, &mut going);
    }

    /// Cuts the ranges of the groups from one on into boxes of edges.
    fn cells(&self, at: usize, ranges: &[Range<usize>], going: &mut Going<'_, '_, T>) {
        let Some(group) = self.groups.get(at) else {
            return self.keep(0, going);
        };
        let range = ranges[at].clone();
        if range.is_empty() {
            return;
        }
        let whole = group.whole.max(1);
        debug_assert!(
            range.start.is_multiple_of(whole) && range.end.is_multiple_of(whole),
            "a fold is cut"
        );
        let (mut from, to) = (range.start / whole, range.end.div_ceil(whole));
        let Some((edge, extent)) = group.last else {
            return self.cells(at + 1, ranges, going);
        };
        while from < to {
            let (mut outer, low) = (from / extent, from % extent);
            let len = (extent - low).min(to - from);
            (going.low[edge], going.high[edge]) = (low as isize, (low + len) as isize);
            let strides = &self.edges[edge].strides;
            let first = outer;
            shift(going.places, strides, low as isize);
            for (extent, strides) in group.outer.iter().rev() {
                shift(going.places, strides, (outer % extent) as isize);
                outer /= extent;
            }
            self.cells(at + 1, ranges, going);
            outer = first;
            for (extent, strides) in group.outer.iter().rev() {
                shift(going.places, strides, -((outer % extent) as isize));
                outer /= extent;
            }
            shift(going.places, strides, -(low as isize));
            from += len;
        }
    }

    /// How far a walk along an edge goes at a time: tiles of several rows have whole rows.
    fn block(&self, edge: usize, going: &Going<'_, '_, T>) -> isize {
        let partial = |col: usize| {
            let whole = self.edges[col].extent as isize;
            going.high[col] - going.low[col] < whole || whole > self.edges[col].block as isize
        };
        if Some(edge) == self.row && self.col.is_some_and(partial) {
            return 1;
        }
        self.edges[edge].block as isize
    }

    /// Walks the kept edges from one on.
    fn keep(&self, at: usize, going: &mut Going<'_, '_, T>) {
        let Some(&edge) = self.kept.get(at) else {
            return self.item(going);
        };
        let block = self.block(edge, going);
        let strides = &self.edges[edge].strides;
        let (low, high) = (going.low[edge], going.high[edge]);
        let mut from = low;
        while from < high {
            let len = block.min(high - from);
            going.len[edge] = len;
            self.keep(at + 1, going);
            shift(going.places, strides, len);
            from += len;
        }
        shift(going.places, strides, low - high);
    }

    /// A tile of kept points, with all that is folded.
    fn item(&self, going: &mut Going<'_, '_, T>) {
        self.tile.reset(going.numbers);
        self.meet(0, going);
        if self.tile.code.folds.is_empty() {
            return;
        }
        let side = |edge: Option<usize>| match edge {
            Some(edge) if !self.edges[edge].folded => going.len[edge] as usize,
            _ => 1,
        };
        let ends = (side(self.row), side(self.col));
        self.tile.finish(going.env, going.numbers, going.places, ends);
    }

    /// Walks the folded edges from one on.
    fn meet(&self, at: usize, going: &mut Going<'_, '_, T>) {
        let Some(&edge) = self.folded.get(at) else {
            let side = |edge: Option<usize>| edge.map_or(1, |edge| going.len[edge] as usize);
            let tile = Tile {
                places: going.places,
                row: &self.tile.row_strides,
                entry: &self.tile.col_strides,
                rows: side(self.row),
                cols: side(self.col),
            };
            return self.tile.tile(going.env, going.numbers, &tile, going.doubles);
        };
        let block = self.block(edge, going);
        let strides = &self.edges[edge].strides;
        let high = self.edges[edge].extent as isize;
        let mut from = 0;
        while from < high {
            let len = block.min(high - from);
            going.len[edge] = len;
            self.meet(at + 1, going);
            shift(going.places, strides, len);
            from += len;
        }
        shift(going.places, strides, -high);
    }
}
