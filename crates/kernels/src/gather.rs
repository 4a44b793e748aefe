//! Rows of the data become an array with the batch on the last axis.

use crate::element::Element;
use crate::engine::{Column, Values};
use crate::isa::{Level, Task, soon};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::Gather;

/// Entries of a row that are read together: a cache line of bytes.
const ENTRIES: usize = 64;
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

    fn blocks(&self) -> usize {
        self.source.width.div_ceil(ENTRIES)
    }
}

/// A block of entries of some rows.
struct Block<'a, T, R> {
    raw: &'a [R],
    rows: &'a [u32],
    width: usize,
    entries: std::ops::Range<usize>,
    scale: &'a [f64],
    shift: &'a [f64],
    /// The array from the block's first entry on, and how far apart its entries are.
    out: &'a mut [T],
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

impl<T: Element, R: Copy + Into<f64>> Block<'_, T, R> {
    /// The block's entries of a row.
    #[inline(always)]
    fn row(&self, row: u32) -> &[R] {
        &self.raw[row as usize * self.width..][self.entries.clone()]
    }
}

impl<T: Element, R: Copy + Into<f64>> Task for Block<'_, T, R> {
    type Output = ();

    /// Eight rows are read along, become numbers of the program, and are turned.
    #[inline(always)]
    fn run<L: Level>(self) {
        let scale = each(self.scale, self.entries.clone(), 1.0);
        let shift = each(self.shift, self.entries.clone(), 0.0);
        let len = self.entries.len();
        let mut lines = [[T::ZERO; ENTRIES]; 8];
        for (at, rows) in self.rows.chunks(8).enumerate() {
            for &row in self.rows.iter().skip(8 * (at + 2)).take(8) {
                let line = self.row(row);
                line.iter().step_by(LINE / size_of::<R>()).for_each(|entry| soon(entry));
                line.last().into_iter().for_each(|entry| soon(entry));
            }
            for (line, &row) in lines.iter_mut().zip(rows) {
                let raw = self.row(row);
                for (((own, &raw), scale), shift) in
                    line.iter_mut().zip(raw).zip(&scale).zip(&shift)
                {
                    *own = T::of(raw.into() * scale + shift);
                }
            }
            let whole = if rows.len() == 8 { len / 8 * 8 } else { 0 };
            let views = lines.each_ref().map(|line| line.as_slice());
            for entry in (0..whole).step_by(8) {
                let out = &mut self.out[entry * self.apart..(entry + 8) * self.apart];
                T::turn::<L>(&views, entry, (self.apart, 8 * at), out);
            }
            for entry in whole..len {
                let out = &mut self.out[entry * self.apart + 8 * at..][..rows.len()];
                for (out, line) in out.iter_mut().zip(&lines) {
                    *out = line[entry];
                }
            }
        }
    }
}

impl<T: Element> Kernel<T> for Gathers {
    fn shards(&self, _: usize) -> usize {
        self.blocks().min(64)
    }

    fn work(&self) -> f64 {
        (self.source.width * self.rows) as f64 * 4.0
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn run(&self, _: usize, shard: usize, env: &Env<'_, T>, _: &mut Scratch<T>) {
        let Column { values, width, scale, shift } = env.columns[self.source.column];
        let (rows, apart) = (env.rows, self.rows);
        for block in part(self.blocks(), Kernel::<T>::shards(self, 0), shard) {
            let entries = block * ENTRIES..((block + 1) * ENTRIES).min(width);
            let place = self.source.out + entries.start * apart;
            // SAFETY: blocks are apart, and a gather reads nothing of the arena.
            let out = unsafe { env.arena.write(place as isize, entries.len() * apart) };
            match values {
                Values::U8(raw) => {
                    env.isa.run(Block { raw, rows, width, entries, scale, shift, out, apart });
                }
                Values::F32(raw) => {
                    env.isa.run(Block { raw, rows, width, entries, scale, shift, out, apart });
                }
                Values::F64(raw) => {
                    env.isa.run(Block { raw, rows, width, entries, scale, shift, out, apart });
                }
            }
        }
    }
}
