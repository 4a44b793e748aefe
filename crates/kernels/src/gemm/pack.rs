//! Panels: the entries of a view, in the order in which a micro-kernel reads them.

use crate::arena::View;
use crate::element::Element;
use crate::isa::{Level, Present, Task};

use super::Micro;

/// The array of a product whose columns are vectors: places of its columns and of what is summed.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) long: Vec<isize>,
    pub(crate) sum: Vec<isize>,
    /// Where runs of neighbours along the sum end, for each entry.
    ends: Vec<u32>,
}

impl Side {
    pub(crate) fn new(long: Vec<isize>, sum: Vec<isize>) -> Side {
        let mut ends = vec![0; sum.len()];
        for at in (0..sum.len()).rev() {
            let joined = at + 1 < sum.len() && sum[at + 1] == sum[at] + 1;
            ends[at] = if joined { ends[at + 1] } else { at as u32 + 1 };
        }
        Side { long, sum, ends }
    }

    /// How many runs of neighbours along the sum there are.
    pub(crate) fn runs(&self) -> usize {
        self.ends.iter().enumerate().filter(|&(at, &end)| at + 1 == end as usize).count()
    }

    /// Writes a panel of some columns for the sum's entries of a range: `width` numbers for each;
    /// what stands behind the columns is of no matter. `dense` says that the columns are neighbours.
    pub(crate) fn pack<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        (columns, width, dense): (std::ops::Range<usize>, usize, bool),
        range: std::ops::Range<usize>,
        (isa, micro, out): (Present, &Micro<T>, &mut [T]),
    ) {
        let long = &self.long[columns];
        let out = &mut out[..range.len() * width];
        if dense {
            let sum = &self.sum[range];
            isa.run(Copy { arena, base: base + long[0], len: long.len(), sum, width, out });
        } else {
            self.turn(arena, base, (long, width), range, (micro, out));
        }
    }

    /// Anything else: along the sum, a vector of columns at a time, in runs. A vector that lacks
    /// columns gets copies of its first one.
    fn turn<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        (long, width): (&[isize], usize),
        range: std::ops::Range<usize>,
        (micro, out): (&Micro<T>, &mut [T]),
    ) {
        let mut at = range.start;
        while at < range.end {
            let end = (self.ends[at] as usize).min(range.end);
            let start = base + self.sum[at];
            let out = &mut out[(at - range.start) * width..(end - range.start) * width];
            for (group, places) in long.chunks(micro.lanes).enumerate() {
                let mut lines = [std::ptr::null(); LANES];
                for (column, line) in lines.iter_mut().take(micro.lanes).enumerate() {
                    let place = places.get(column).copied().unwrap_or(places[0]);
                    // SAFETY: a product's arrays are not written while it runs.
                    *line = unsafe { arena.read(start + place, end - at) }.as_ptr();
                }
                let out = out[group * micro.lanes..].as_mut_ptr();
                // SAFETY: there are as many lines as lanes, each of so many numbers, and `out` has
                // as many rows; the panel's width is a multiple of the lanes.
                unsafe { (micro.turn)(lines.as_ptr(), end - at, out, width) };
            }
            at = end;
        }
    }
}

/// The most lanes of a vector.
const LANES: usize = 16;

/// Runs of neighbours, one for each entry of the sum.
struct Copy<'a, T> {
    arena: View<'a, T>,
    base: isize,
    len: usize,
    sum: &'a [isize],
    width: usize,
    out: &'a mut [T],
}

impl<T: Element> Copy<'_, T> {
    /// Full panels of a width that is known when this is compiled.
    #[inline(always)]
    fn full<const WIDTH: usize>(self) {
        let (outs, _) = self.out.as_chunks_mut::<WIDTH>();
        for (&place, out) in self.sum.iter().zip(outs) {
            // SAFETY: a product's arrays are not written while it runs.
            let from = unsafe { self.arena.read(self.base + place, WIDTH) };
            if let Some(from) = from.first_chunk::<WIDTH>() {
                *out = *from;
            }
        }
    }
}

impl<T: Element> Task for Copy<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        match (self.len == self.width, self.width) {
            (true, 64) => return self.full::<64>(),
            (true, 48) => return self.full::<48>(),
            (true, 32) => return self.full::<32>(),
            (true, 16) => return self.full::<16>(),
            (true, 8) => return self.full::<8>(),
            _ => {}
        }
        for (&place, out) in self.sum.iter().zip(self.out.chunks_exact_mut(self.width)) {
            // SAFETY: as in `full`.
            let from = unsafe { self.arena.read(self.base + place, self.len) };
            out[..self.len].copy_from_slice(from);
            out[self.len..].fill(T::ZERO);
        }
    }
}
