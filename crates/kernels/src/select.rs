//! Where the first extreme entry of each group stands.

use crate::element::Element;
use crate::isa::{Level, Task};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::loops::port::Tile;
use crate::pointwise::Value;
use crate::program::{Fold, Select};
use crate::space::{Site, Space, Walk};
use crate::window::{Windows, offsets};

/// A selection, ready to run.
pub(crate) struct Selects {
    greatest: bool,
    outer: Walk,
    inner: Walk,
    starts: Vec<isize>,
    read: Site,
    to: Site,
    /// The vector axis: how far it runs, in blocks of how many, whether a group runs along it.
    extent: usize,
    block: usize,
    folded: bool,
    row: Vec<isize>,
    entry: Vec<isize>,
    points: usize,
    /// Where the lines of a small window are read and written, counted from the first.
    window: Option<[Vec<isize>; 2]>,
}

/// A better entry takes the place of the best so far.
struct Better<'a, T> {
    greatest: bool,
    index: isize,
    values: &'a [T],
    best: &'a mut [T],
    first: &'a mut [isize],
}

#[inline(always)]
fn better<T: Element>(greatest: bool, value: T, best: T) -> bool {
    let beyond = if greatest { value > best } else { value < best };
    beyond | (value.nan() & !best.nan())
}

impl<T: Element> Task for Better<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        for ((&value, best), first) in self.values.iter().zip(self.best).zip(self.first) {
            let take = better(self.greatest, value, *best);
            *best = if take { value } else { *best };
            *first = if take { self.index } else { *first };
        }
    }
}

/// 1 where the index is the first extreme entry's.
struct Mark<'a, T> {
    index: isize,
    first: &'a [isize],
    out: &'a mut [T],
}

impl<T: Element> Task for Mark<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        for (out, &first) in self.out.iter_mut().zip(self.first) {
            *out = if first == self.index { T::ONE } else { T::ZERO };
        }
    }
}

impl Selects {
    pub(crate) fn new<T: Element>(source: &Select) -> Selects {
        let mut space = Space::new(&source.axes);
        let (read, to) = (space.site(&source.read), space.site(&source.to));
        space.collapse();
        let points = space.points();
        let none = vec![0; space.forms.len()];
        let (axis, entry) = match space.axes.len() {
            0 => (crate::program::Axis { extent: 1, folded: false }, none.clone()),
            count => space.take(count - 1),
        };
        let (mut outer, mut inner) = (Walk::default(), Walk::default());
        for (at, axis) in space.axes.iter().enumerate() {
            let strides = space.forms.iter().map(|form| form.strides[at]).collect();
            if axis.folded { &mut inner } else { &mut outer }.push(axis.extent, strides);
        }
        let walk = if axis.folded { &mut inner } else { &mut outer };
        let strides = entry.iter().map(|stride| stride * T::TILE as isize).collect();
        walk.push(axis.extent.div_ceil(T::TILE), strides);
        let mut own = Selects {
            greatest: source.fold == Fold::Max,
            outer,
            inner,
            starts: space.forms.iter().map(|form| form.constant).collect(),
            read,
            to,
            extent: axis.extent,
            block: T::TILE,
            folded: axis.folded,
            row: none,
            entry,
            points,
            window: None,
        };
        let lines = |site: &Site| offsets(&own.inner, own.starts.len(), site.at);
        if !own.folded && own.plain(&own.read) && own.plain(&own.to) {
            own.window = lines(&own.read).zip(lines(&own.to)).map(Into::into);
        }
        own
    }

    /// Reads the windows of a group, finds the first extreme entries and marks them.
    fn windows<T: Element>(
        &self,
        env: &Env<'_, T>,
        [lines, marks]: &[Vec<isize>; 2],
        places: &[isize],
        len: usize,
    ) {
        let (from, to) = (places[self.read.at], places[self.to.at]);
        // The bounds of each line are checked, the first one is where they begin.
        lines.iter().for_each(|line| _ = env.arena.place(from + line, len));
        marks.iter().for_each(|line| _ = env.arena.place(to + line, len));
        let (from, to) = (env.arena.place(from, len), env.arena.place(to, len));
        let fold = if self.greatest { Fold::Max } else { Fold::Min };
        let marks = Some(&marks[..]);
        // SAFETY: the lines are inside; what a group writes is its own and no read touches it.
        unsafe { Windows { fold, from, lines, len, to, marks }.run(env.isa) };
    }

    /// The length of the block that a walk is at.
    fn len(&self, outer: &[isize], inner: &[isize]) -> usize {
        let counts = if self.folded { inner } else { outer };
        let at = counts.last().map_or(0, |&count| count as usize);
        self.block.min(self.extent - at * self.block)
    }

    /// Whether a row of a tile is a run of neighbours.
    fn plain(&self, site: &Site) -> bool {
        site.guards.is_empty() && self.entry[site.at] == 1
    }

    fn tile<'a>(&'a self, places: &'a [isize], cols: usize) -> Tile<'a> {
        Tile { places, row: &self.row, entry: &self.entry, rows: 1, cols }
    }

    /// Goes through a group and keeps the best entry so far and its number.
    fn find<T: Element>(&self, env: &Env<'_, T>, outer: &[isize], own: Own<'_, T>) {
        let Own { values, best, first, places, inner } = own;
        // An entry that is no better than the worst is still the first of its group.
        best.fill(if self.greatest { -T::INFINITY } else { T::INFINITY });
        first.fill(0);
        self.inner.seek(0, inner, places);
        for point in 0..self.inner.points() {
            let cols = self.len(outer, inner);
            let values = if self.plain(&self.read) {
                // SAFETY: what a selection reads, it does not write.
                unsafe { env.arena.read(places[self.read.at], cols) }
            } else {
                self.tile(places, cols).load(env.arena, &self.read, &None, &mut values[..cols]);
                &values[..cols]
            };
            let greatest = self.greatest;
            if self.folded {
                for (at, &value) in values.iter().enumerate() {
                    if better(greatest, value, best[0]) {
                        best[0] = value;
                        first[0] = (point * self.block + at) as isize;
                    }
                }
            } else {
                env.isa.run(Better { greatest, index: point as isize, values, best, first });
            }
            self.inner.next(inner, places);
        }
    }

    /// Goes through a group again and marks the entries that were kept.
    fn mark<T: Element>(&self, env: &Env<'_, T>, outer: &[isize], own: Own<'_, T>) {
        let Own { values, first, places, inner, .. } = own;
        self.inner.seek(0, inner, places);
        for point in 0..self.inner.points() {
            let cols = self.len(outer, inner);
            let direct = self.plain(&self.to);
            let out = if direct {
                // SAFETY: the places written are all different, an item's are one shard's.
                unsafe { env.arena.write(places[self.to.at], cols) }
            } else {
                &mut values[..cols]
            };
            if self.folded {
                for (at, out) in out.iter_mut().enumerate() {
                    let here = first[0] == (point * self.block + at) as isize;
                    *out = if here { T::ONE } else { T::ZERO };
                }
            } else {
                env.isa.run(Mark { index: point as isize, first, out });
            }
            if !direct {
                let out = Value::Many(&values[..cols]);
                self.tile(places, cols).store(env.arena, &self.to, &None, out);
            }
            self.inner.next(inner, places);
        }
    }
}

/// The thread's memory for a group: `places` are the group's first.
struct Own<'a, T> {
    values: &'a mut [T],
    best: &'a mut [T],
    first: &'a mut [isize],
    places: &'a mut [isize],
    inner: &'a mut [isize],
}

impl<T: Element> Kernel<T> for Selects {
    fn shards(&self, _: usize) -> usize {
        self.outer.points().min(64)
    }

    fn work(&self) -> f64 {
        self.points as f64 * 5.0
    }

    fn needs(&self) -> Needs {
        Needs {
            numbers: 2 * self.block,
            places: 2 * self.starts.len() + self.outer.axes() + self.inner.axes() + self.block,
            ..Needs::default()
        }
    }

    fn run(&self, _: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        let forms = self.starts.len();
        let (values, rest) = scratch.numbers.all_mut().split_at_mut(self.block);
        let best = &mut rest[..self.block];
        let (outer_places, rest) = scratch.places.split_at_mut(forms);
        let (places, rest) = rest.split_at_mut(forms);
        let (outer, rest) = rest.split_at_mut(self.outer.axes());
        let (inner, rest) = rest.split_at_mut(self.inner.axes());
        let first = &mut rest[..self.block];
        let items = part(self.outer.points(), Kernel::<T>::shards(self, 0), shard);
        outer_places.copy_from_slice(&self.starts);
        self.outer.seek(items.start, outer, outer_places);
        for _ in items {
            if let Some(window) = &self.window {
                let cols = self.len(outer, inner);
                self.windows(env, window, outer_places, cols);
                self.outer.next(outer, outer_places);
                continue;
            }
            for again in [false, true] {
                places.copy_from_slice(outer_places);
                let own = Own { values, best, first, places, inner };
                if again {
                    self.mark(env, outer, own);
                } else {
                    self.find(env, outer, own);
                }
            }
            self.outer.next(outer, outer_places);
        }
    }
}
