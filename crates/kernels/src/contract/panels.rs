//! Panels: groups of columns that one block of the micro-kernel computes.

use crate::gemm::pack::Side;

/// Some columns: at most as many as a micro-kernel has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    pub(super) first: usize,
    pub(super) cols: usize,
    /// Where its columns stand among those of all panels, each rounded up to whole vectors.
    pub(super) at: usize,
    /// Whether its columns are neighbours in the right array.
    pub(super) dense: bool,
    /// Whether they are in the result.
    pub(super) direct: bool,
}

impl Panel {
    pub(super) fn columns(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.cols
    }

    /// Whether it is read where it is: whole vectors of neighbours.
    pub(super) fn in_place(&self, lanes: usize) -> bool {
        self.dense && self.cols.is_multiple_of(lanes)
    }
}

/// All columns in panels.
#[derive(Clone, Debug, Default)]
pub(super) struct Panels {
    pub(super) all: Vec<Panel>,
    /// The first panel of each cut, and how many there are.
    pub(super) cuts: Vec<usize>,
}

impl Panels {
    /// The columns of all panels, each rounded up to whole vectors.
    pub(super) fn wide(&self, lanes: usize) -> usize {
        self.all.iter().map(|panel| panel.cols.next_multiple_of(lanes)).sum()
    }
}

/// How columns are grouped in vectors before they are cut in panels.
pub(super) struct Vectors {
    /// First column and count of each.
    all: Vec<(usize, usize)>,
    /// The segments: vectors of neighbours, by first vector.
    segments: Vec<usize>,
    /// Whether segments keep neighbours in the right array, and in the result.
    pub(super) dense: bool,
    pub(super) direct: bool,
}

/// Where runs of neighbours begin.
fn starts(places: &[isize]) -> Vec<usize> {
    let first = (!places.is_empty()).then_some(0);
    let jumps = (1..places.len()).filter(|&at| places[at] != places[at - 1] + 1);
    first.into_iter().chain(jumps).collect()
}

impl Vectors {
    /// Vectors of so many lanes. Neighbours are kept together in an array if its runs fill half a
    /// vector on average; a right array that must be packed anyhow decides nothing.
    pub(super) fn new(right: &Side, result: &[isize], lanes: usize) -> Vectors {
        let n = result.len();
        let long = |runs: &[usize]| runs.len() == 1 || runs.len() * lanes <= 2 * n;
        let (in_right, in_result) = (starts(&right.long), starts(result));
        let mut both: Vec<usize> = in_right.iter().chain(&in_result).copied().collect();
        both.sort_unstable();
        both.dedup();
        let (dense, direct) = if long(&in_right) && long(&in_result) && long(&both) {
            (true, true)
        } else if long(&in_result) {
            (false, true)
        } else {
            (long(&in_right), false)
        };
        let begins = match (dense, direct) {
            (true, true) => both,
            (true, false) => in_right,
            (false, true) => in_result,
            (false, false) => (n > 0).then_some(0).into_iter().collect(),
        };
        let (mut all, mut segments) = (Vec::new(), Vec::new());
        for (at, &begin) in begins.iter().enumerate() {
            let end = begins.get(at + 1).copied().unwrap_or(n);
            segments.push(all.len());
            all.extend((begin..end).step_by(lanes).map(|x| (x, lanes.min(end - x))));
        }
        Vectors { all, segments, dense, direct }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The panels of so many cuts of about equal numbers of vectors, of at most `most` vectors each.
    /// Those that stand at the same place of their segments follow each other: what the windows of
    /// neighbouring points share is then near for less of the batch at a time.
    pub(super) fn panels(&self, cuts: usize, most: usize, lanes: usize) -> Panels {
        let count = self.all.len();
        let bounds: Vec<usize> = (0..=cuts).map(|cut| (count * cut + cuts / 2) / cuts).collect();
        let mut panels = Panels::default();
        let (mut at, mut segment) = (0, 0);
        for bound in bounds.windows(2) {
            panels.cuts.push(panels.all.len());
            let mut own = Vec::new();
            let mut start = bound[0];
            while start < bound[1] {
                while self.segments.get(segment).is_some_and(|&begin| begin <= start) {
                    segment += 1;
                }
                let next = self.segments.get(segment).copied().unwrap_or(count);
                let end = bound[1].min(next);
                let pieces = (end - start).div_ceil(most);
                for piece in 0..pieces {
                    let part = crate::kernel::part(end - start, pieces, piece);
                    let (from, to) = (self.all[start + part.start], self.all[start + part.end - 1]);
                    let (first, cols) = (from.0, to.0 + to.1 - from.0);
                    let (dense, direct) = (self.dense, self.direct);
                    own.push((piece, Panel { first, cols, at, dense, direct }));
                    at += cols.next_multiple_of(lanes);
                }
                start = end;
            }
            own.sort_by_key(|panel| panel.0);
            panels.all.extend(own.into_iter().map(|panel| panel.1));
        }
        panels.cuts.push(panels.all.len());
        panels
    }
}
