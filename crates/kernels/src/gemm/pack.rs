//! Panels: the entries of a view, in the order in which a micro-kernel reads them.

use crate::arena::View;
use crate::element::Element;

/// One of the two arrays of a product: places of its long side (rows of the left one, columns of
/// the right one) and of what is summed.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) start: isize,
    pub(crate) long: Vec<isize>,
    pub(crate) sum: Vec<isize>,
    /// Entries of the long side in a panel.
    pub(crate) width: usize,
    /// For each panel whether its entries are neighbours.
    dense: Vec<bool>,
    /// Where runs of neighbours along the sum end, for each entry.
    ends: Vec<u32>,
}

impl Side {
    pub(crate) fn new(start: isize, long: Vec<isize>, sum: Vec<isize>, width: usize) -> Side {
        let next = |pair: &[isize]| pair[1] == pair[0] + 1;
        let dense = long.chunks(width).map(|panel| panel.windows(2).all(next)).collect();
        let mut ends = vec![0; sum.len()];
        for at in (0..sum.len()).rev() {
            let joined = at + 1 < sum.len() && sum[at + 1] == sum[at] + 1;
            ends[at] = if joined { ends[at + 1] } else { at as u32 + 1 };
        }
        Side { start, long, sum, width, dense, ends }
    }

    pub(crate) fn panels(&self) -> usize {
        self.long.len().div_ceil(self.width)
    }

    /// Writes a panel for the sum's entries of a range: `width` numbers for each.
    pub(crate) fn pack<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        panel: usize,
        range: std::ops::Range<usize>,
        out: &mut [T],
    ) {
        let first = panel * self.width;
        let long = &self.long[first..(first + self.width).min(self.long.len())];
        let base = base + self.start;
        let out = &mut out[..range.len() * self.width];
        if self.dense[panel] {
            self.copy(arena, base + long[0], long.len(), range, out);
        } else {
            self.turn(arena, base, long, range, out);
        }
    }

    /// Neighbours along the long side.
    fn copy<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        len: usize,
        range: std::ops::Range<usize>,
        out: &mut [T],
    ) {
        for (&place, out) in self.sum[range].iter().zip(out.chunks_exact_mut(self.width)) {
            // SAFETY: a product's arrays are not written while it runs.
            let from = unsafe { arena.read(base + place, len) };
            out[..len].copy_from_slice(from);
            out[len..].fill(T::ZERO);
        }
    }

    /// Anything else: along the sum, one entry of the long side after the other, in runs.
    fn turn<T: Element>(
        &self,
        arena: View<'_, T>,
        base: isize,
        long: &[isize],
        range: std::ops::Range<usize>,
        out: &mut [T],
    ) {
        let width = self.width;
        let mut at = range.start;
        while at < range.end {
            let end = (self.ends[at] as usize).min(range.end);
            let out = &mut out[(at - range.start) * width..(end - range.start) * width];
            for (column, &place) in long.iter().enumerate() {
                // SAFETY: as in `copy`.
                let from = unsafe { arena.read(base + place + self.sum[at], end - at) };
                for (out, &value) in out.chunks_exact_mut(width).zip(from) {
                    out[column] = value;
                }
            }
            for out in out.chunks_exact_mut(width) {
                out[long.len()..].fill(T::ZERO);
            }
            at = end;
        }
    }
}
