//! Rows of the data become an array with the batch on the last axis.

use crate::element::Element;
use crate::engine::{Column, Values};
use crate::isa::{Level, Task};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::Gather;

/// Entries of a row that are read together: a cache line of bytes.
const ENTRIES: usize = 64;
/// Rows that are read together: their lines stay in the first cache.
const ROWS: usize = 128;

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

/// A factor or a term: one for each entry, one for all, or none.
#[inline(always)]
fn each(values: &[f64], entry: usize, none: f64) -> f64 {
    match values {
        [] => none,
        [one] => *one,
        all => all[entry],
    }
}

impl<T: Element, R: Copy + Into<f64>> Task for Block<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        for (at, rows) in self.rows.chunks(ROWS).enumerate() {
            for entry in self.entries.clone() {
                let scale = each(self.scale, entry, 1.0);
                let shift = each(self.shift, entry, 0.0);
                let start = (entry - self.entries.start) * self.apart + at * ROWS;
                let out = &mut self.out[start..start + rows.len()];
                for (out, &row) in out.iter_mut().zip(rows) {
                    let raw: f64 = self.raw[row as usize * self.width + entry].into();
                    *out = T::of(raw * scale + shift);
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
