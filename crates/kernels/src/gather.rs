//! Rows of the data become an array with the batch on the last axis.

use crate::arena::View;
use crate::element::Element;
use crate::engine::{Column, Values};
use crate::isa::{Level, Task, soon};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::Gather;

/// Entries of a row that are read together.
const ENTRIES: usize = 64;
/// Rows that are read together: what they write of an entry is a line of single numbers.
const ROWS: usize = 16;
/// Bytes of a line.
const LINE: usize = 64;

/// A gather, ready to run.
pub(crate) struct Gathers {
    source: Gather,
    rows: usize,
}

impl Gathers {
    pub(crate) fn new(source: &Gather, rows: usize) -> Gathers {
        Gathers { source: source.clone(), rows }
    }

    fn groups(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }
}

/// Some rows, from the first to the last entry: memory is read in its order.
struct Group<'a, T, R> {
    raw: &'a [R],
    rows: &'a [u32],
    width: usize,
    scale: &'a [f64],
    shift: &'a [f64],
    arena: View<'a, T>,
    /// The place of the first row's first entry, and how far apart the entries of a row are.
    out: usize,
    apart: usize,
}

/// Factors or terms of a block: one for each entry, one for all, or none.
#[inline(always)]
fn each(values: &[f64], entries: std::ops::Range<usize>, none: f64) -> [f64; ENTRIES] {
    let mut own = [none; ENTRIES];
    match values {
        [] => {}
        [one] => own = [*one; ENTRIES],
        all => own[..entries.len()].copy_from_slice(&all[entries]),
    }
    own
}

impl<T: Element, R: Copy + Into<f64>> Group<'_, T, R> {
    /// Entries of a row.
    #[inline(always)]
    fn row(&self, row: u32, entries: std::ops::Range<usize>) -> &[R] {
        &self.raw[row as usize * self.width..][entries]
    }

    /// Where the entries of these rows go.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    fn line(&self, entry: usize) -> &mut [T] {
        let place = self.out + entry * self.apart;
        // SAFETY: each group has its own rows, and a gather reads nothing of the arena.
        unsafe { self.arena.write(place as isize, self.rows.len()) }
    }

    /// Rows of few entries: one number after the other.
    #[inline(always)]
    fn narrow(&self) {
        let (scale, shift) =
            (each(self.scale, 0..self.width, 1.0), each(self.shift, 0..self.width, 0.0));
        for entry in 0..self.width {
            for (out, &row) in self.line(entry).iter_mut().zip(self.rows) {
                let raw: f64 = self.raw[row as usize * self.width + entry].into();
                *out = T::of(raw * scale[entry] + shift[entry]);
            }
        }
    }

    /// A block of entries of the rows as numbers of the program.
    #[inline(always)]
    fn scaled(&self, entries: std::ops::Range<usize>, lines: &mut [[T; ENTRIES]; ROWS]) {
        let scale = each(self.scale, entries.clone(), 1.0);
        let shift = each(self.shift, entries.clone(), 0.0);
        for (line, &row) in lines.iter_mut().zip(self.rows) {
            let raw = self.row(row, entries.clone());
            for (((own, &raw), scale), shift) in line.iter_mut().zip(raw).zip(&scale).zip(&shift) {
                *own = T::of(raw.into() * scale + shift);
            }
        }
    }

    /// A block of entries of the rows: numbers of the program, turned.
    #[inline(always)]
    fn block<L: Level>(&self, entries: std::ops::Range<usize>, lines: &mut [[T; ENTRIES]; ROWS]) {
        if self.scale.is_empty() && self.shift.is_empty() {
            for (line, &row) in lines.iter_mut().zip(self.rows) {
                for (own, &raw) in line.iter_mut().zip(self.row(row, entries.clone())) {
                    *own = T::of(raw.into());
                }
            }
        } else {
            self.scaled(entries.clone(), lines);
        }
        let len = entries.len();
        let whole = if self.rows.len() == ROWS { len / 8 * 8 } else { 0 };
        let views: [&[T]; ROWS] = lines.each_ref().map(<[T; ENTRIES]>::as_slice);
        let mut turned = [T::ZERO; 8 * ROWS];
        for at in (0..whole).step_by(8) {
            for (half, views) in views.as_chunks::<8>().0.iter().enumerate() {
                T::turn::<L>(views, at, (ROWS, 8 * half), &mut turned);
            }
            for (entry, turned) in turned.as_chunks::<ROWS>().0.iter().enumerate() {
                self.line(entries.start + at + entry).copy_from_slice(turned);
            }
        }
        for at in whole..len {
            for (out, line) in self.line(entries.start + at).iter_mut().zip(lines.iter()) {
                *out = line[at];
            }
        }
    }
}

impl<T: Element, R: Copy + Into<f64>> Task for Group<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        if self.width < 8 {
            return self.narrow();
        }
        let mut lines = [[T::ZERO; ENTRIES]; ROWS];
        for start in (0..self.width).step_by(ENTRIES) {
            let end = (start + ENTRIES).min(self.width);
            // The next block but one is fetched meanwhile.
            let next = (end + ENTRIES).min(self.width)..(end + 2 * ENTRIES).min(self.width);
            for &row in self.rows {
                self.row(row, next.clone())
                    .iter()
                    .step_by(LINE / size_of::<R>())
                    .for_each(|entry| soon(entry));
            }
            self.block::<L>(start..end, &mut lines);
        }
    }
}

impl<T: Element> Kernel<T> for Gathers {
    fn shards(&self, _: usize) -> usize {
        self.groups().min(64)
    }

    fn work(&self) -> f64 {
        (self.source.width * self.rows) as f64 * 4.0
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn run(&self, _: usize, shard: usize, env: &Env<'_, T>, _: &mut Scratch<T>) {
        let Column { values, width, scale, shift } = env.columns[self.source.column];
        let (arena, apart) = (env.arena, self.rows);
        for group in part(self.groups(), Kernel::<T>::shards(self, 0), shard) {
            let first = group * ROWS;
            let rows = &env.rows[first..(first + ROWS).min(self.rows)];
            let out = self.source.out + first;
            match values {
                Values::U8(raw) => {
                    env.isa.run(Group { raw, rows, width, scale, shift, arena, out, apart });
                }
                Values::F32(raw) => {
                    env.isa.run(Group { raw, rows, width, scale, shift, arena, out, apart });
                }
                Values::F64(raw) => {
                    env.isa.run(Group { raw, rows, width, scale, shift, arena, out, apart });
                }
            }
        }
    }
}
