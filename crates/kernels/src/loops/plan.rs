//! How a loop is walked: its vector axis, the rows of its tiles, its items and parts.

use super::code::{Action, Arg, Lay, Sites, To, compile};
use super::{Loops, PART, PARTS, Strip, Window};
use crate::element::Element;
use crate::pointwise::LANES;
use crate::program::{Axis, Loop};
use crate::space::{Site, Space, Walk};
use crate::window::offsets;

/// How good an axis is as the vector's: the cost of a point, about.
fn cost<T: Element>(space: &Space, sites: &Sites, steps: usize, axis: usize) -> f64 {
    let extent = space.axes[axis].extent as f64;
    let others = space.axes.iter().enumerate().filter(|other| other.0 != axis);
    let rows = others.map(|other| other.1.extent).max().unwrap_or(1) as f64;
    let tile = (extent * rows).min(T::TILE as f64);
    let access = |site: &crate::space::Site| match space.forms[site.at].strides[axis] {
        0 => 0.1,
        1 | -1 => 0.25 + 3.0 / extent,
        _ => 1.5 + 3.0 / extent,
    };
    let accesses: f64 = sites.reads.iter().chain(&sites.writes).map(access).sum();
    let count = (sites.reads.len() + sites.writes.len() + steps) as f64;
    // Folding along the vector has an end to be combined for each row.
    let ends = if space.axes[axis].folded { 12.0 / extent } else { 0.0 };
    accesses + 15.0 * count / tile + 0.5 / extent + ends
}

/// The vector axis: the cheapest of some, the last of equals.
pub(super) fn vector<T: Element>(
    space: &Space,
    sites: &Sites,
    steps: usize,
    allowed: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for axis in (0..space.axes.len()).rev().filter(|&axis| allowed(axis)) {
        let cost = cost::<T>(space, sites, steps, axis);
        if best.is_none_or(|best| cost < best.1) {
            best = Some((axis, cost));
        }
    }
    best.map(|best| best.0)
}

/// The axis of a tile's rows: the one that fills it best, of the vector's kind rather than not.
pub(super) fn rows(
    space: &Space,
    folded: bool,
    room: usize,
    allowed: impl Fn(usize) -> bool,
) -> Option<usize> {
    let value = |axis: usize| {
        let axis = space.axes[axis];
        axis.extent.min(room) * if axis.folded == folded { 2 } else { 1 }
    };
    (0..space.axes.len()).filter(|&axis| allowed(axis)).max_by_key(|&axis| value(axis))
}

/// An axis in blocks of at most so many entries, about equal, multiples of so many.
pub(super) fn strip(axis: Axis, most: usize, multiple: usize) -> Strip {
    let Axis { extent, folded } = axis;
    let equal = extent.div_ceil(extent.div_ceil(most).max(1));
    let block = if extent > most { equal.next_multiple_of(multiple) } else { equal };
    Strip { extent, block: block.max(1), folded, counter: None }
}

impl<T: Element> Loops<T> {
    pub(crate) fn new(source: &Loop) -> Loops<T> {
        let mut space = Space::new(&source.axes);
        let sites = Sites::of(source, &mut space);
        space.collapse();
        Loops::build(source, space, &sites, None, false)
    }

    /// A loop whose values are added to what is there; `first` is an axis of the collapsed space
    /// that is walked outermost.
    pub(crate) fn adding(source: &Loop, space: Space, sites: &Sites, first: Option<usize>) -> Self {
        Loops::build(source, space, sites, first, true)
    }

    fn build(
        source: &Loop,
        mut space: Space,
        sites: &Sites,
        first: Option<usize>,
        adds: bool,
    ) -> Loops<T> {
        let points = space.points();
        let none = space.forms.len();
        let lead = first.map(|axis| space.take(axis));
        let nothing = || (Axis { extent: 1, folded: false }, vec![0; none]);
        let chosen = vector::<T>(&space, sites, source.steps.len(), |_| true);
        let (axis, col_strides) = chosen.map_or_else(nothing, |axis| space.take(axis));
        let mut col = strip(axis, T::TILE, LANES);
        let room = if col.extent * 2 <= T::TILE { T::TILE / col.extent.max(1) } else { 1 };
        let chosen = (room > 1).then(|| rows(&space, axis.folded, room, |_| true)).flatten();
        let (axis, row_strides) = chosen.map_or_else(nothing, |axis| space.take(axis));
        let mut row = strip(axis, room, 1);
        let (mut outer, mut inner) = (Walk::default(), Walk::default());
        if let Some((axis, strides)) = lead {
            outer.push(axis.extent, strides);
        }
        for (at, axis) in space.axes.iter().enumerate() {
            let strides = space.strides(at);
            if axis.folded { &mut inner } else { &mut outer }.push(axis.extent, strides);
        }
        for (strip, strides) in [(&mut row, &row_strides), (&mut col, &col_strides)] {
            if strip.blocks() != 1 {
                let walk = if strip.folded { &mut inner } else { &mut outer };
                strip.counter = Some(walk.axes());
                let strides = strides.iter().map(|stride| stride * strip.block as isize);
                walk.push(strip.blocks(), strides.collect());
            }
        }
        let mut own =
            Loops::over(source, sites, &space, [(row, row_strides), (col, col_strides)], adds);
        let few = !own.code.folds.is_empty() && outer.points() < PARTS && inner.points() > 1;
        let wanted = if few { (points / PART).clamp(1, PARTS) } else { 1 };
        own.parts = wanted.min(inner.points().max(1));
        (own.outer, own.inner, own.points) = (outer, inner, points);
        own.window = own.windowed();
        own
    }

    /// The fold of a loop that only folds what it reads, over a small window, apart from the vector
    /// axis and the rows.
    fn windowed(&self) -> Option<Window> {
        let [(fold, out)] = &self.code.folds[..] else { return None };
        let along = |site: &Site| self.col_strides[site.at] == 1 && site.guards.is_empty();
        let read = match (&self.code.ops[..], out.value) {
            ([], Arg::Memory(form)) => form,
            ([op], Arg::Register(at)) if op.to == To::Register(at) => match &op.action {
                Action::Load(port) if along(&port.site) && port.label.is_none() => port.site.at,
                _ => return None,
            },
            _ => return None,
        };
        let kept = !self.row.folded && !self.col.folded && self.parts == 1;
        let write = &out.port.site;
        if !kept || !self.code.plain.is_empty() || !along(write) || self.col_strides[read] != 1 {
            return None;
        }
        let lines = offsets(&self.inner, self.starts.len(), read)?;
        Some(Window { fold: *fold, read, write: write.at, lines })
    }

    /// A loop of one tile, with these rows and columns and their strides.
    pub(super) fn over(
        source: &Loop,
        sites: &Sites,
        space: &Space,
        [(row, row_strides), (col, col_strides)]: [(Strip, Vec<isize>); 2],
        adds: bool,
    ) -> Loops<T> {
        let full = if row.block > 1 { col.extent } else { 0 };
        let lay = Lay { rows: &row_strides, entries: &col_strides, full };
        let code = compile(source, sites, lay, !adds);
        let kept_rows = if row.folded { 1 } else { row.block };
        let total = kept_rows * if col.folded { LANES } else { col.block };
        Loops {
            outer: Walk::default(),
            inner: Walk::default(),
            starts: space.forms.iter().map(|form| form.constant).collect(),
            row,
            col,
            row_strides,
            col_strides,
            code,
            parts: 1,
            points: 0,
            total: total.next_multiple_of(LANES),
            adds,
            window: None,
        }
    }
}
