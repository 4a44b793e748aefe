//! Panels: the entries of a view, in the order in which a micro-kernel reads them.

use crate::arena::View;
use crate::element::Element;
use crate::isa::{Level, Present, Task};

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

    /// Writes a panel of some columns for the sum's entries of a range: `width` numbers for each,
    /// zeros behind the columns. `dense` says that the columns are neighbours.
    pub(crate) fn pack<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        (columns, width, dense): (std::ops::Range<usize>, usize, bool),
        range: std::ops::Range<usize>,
        (isa, out): (Present, &mut [T]),
    ) {
        let long = &self.long[columns];
        let out = &mut out[..range.len() * width];
        if dense {
            let sum = &self.sum[range];
            isa.run(Copy { arena, base: base + long[0], len: long.len(), sum, width, out });
        } else {
            self.turn(arena, base, (long, width), range, (isa, out));
        }
    }

    /// Anything else: along the sum, some entries of the long side at a time, in runs.
    fn turn<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        (long, width): (&[isize], usize),
        range: std::ops::Range<usize>,
        (isa, out): (Present, &mut [T]),
    ) {
        if long.len() < width {
            out.fill(T::ZERO);
        }
        let mut at = range.start;
        while at < range.end {
            let end = (self.ends[at] as usize).min(range.end);
            let start = base + self.sum[at];
            let out = &mut out[(at - range.start) * width..(end - range.start) * width];
            for (group, places) in long.chunks(GROUP).enumerate() {
                // SAFETY: a product's arrays are not written while it runs.
                let line = |column: usize| unsafe {
                    let place = places.get(column).copied().unwrap_or(places[0]);
                    arena.read(start + place, end - at)
                };
                let lines: [&[T]; GROUP] = std::array::from_fn(line);
                let count = places.len();
                isa.run(Turn { lines: &lines[..count], width, first: group * GROUP, out });
            }
            at = end;
        }
    }
}

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

/// Entries of the long side that are turned together.
const GROUP: usize = 8;

/// Lines become columns: `out[k width + first + i] = lines[i][k]`.
struct Turn<'a, T> {
    lines: &'a [&'a [T]],
    width: usize,
    first: usize,
    out: &'a mut [T],
}

impl<T: Element> Task for Turn<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        let Turn { lines, width, first, out } = self;
        let len = lines[0].len();
        let mut done = 0;
        if let Ok(lines) = <&[&[T]; GROUP]>::try_from(lines) {
            while done + GROUP <= len {
                let out = &mut out[done * width..(done + GROUP) * width];
                T::turn::<L>(lines, done, (width, first), out);
                done += GROUP;
            }
        }
        for (column, line) in lines.iter().enumerate() {
            for (out, &value) in out.chunks_exact_mut(width).zip(*line).skip(done) {
                out[first + column] = value;
            }
        }
    }
}
