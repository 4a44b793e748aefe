//! Whether two sides agree, entry by entry.
//!
//! Rounding is told from a difference by more digits: with them a gap of rounding shrinks by as many,
//! a difference stays as it is. So nothing is too small to count.

use super::links::{AGREE, Seen};
use crate::scalar::{DoubleDouble, Scalar};

/// A gap of less than this part of its entry is none, with all digits.
const EXACT: f64 = 1e-27;
/// A relative gap that `f64` can tell from rounding.
const ROUGH: f64 = 1e-14;
/// What is left of a gap of rounding, with all digits.
const SHRUNK: f64 = 1e-10;
/// Below this numbers lose their last digits.
const LEAST: f64 = 1e-290;

/// What is found of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    Same,
    /// The digits end before it can be told.
    Unsure,
    Apart,
}

/// Two neighbours in a chain.
pub(crate) struct Pair {
    /// The largest gap, relative to the largest entry.
    pub(crate) gap: f64,
    pub(crate) entries: Vec<Entry>,
}

impl Pair {
    pub(crate) fn of(seen: &Seen<f64>, exact: Option<&Seen<DoubleDouble>>, link: usize) -> Pair {
        let (a, b) = (&seen.values[link], &seen.values[link + 1]);
        if a.data.len() != b.data.len() {
            return Pair { gap: f64::NAN, entries: vec![Entry::Apart] };
        }
        let (mut gap, mut scale) = (0.0_f64, 0.0_f64);
        let mut entries = Vec::with_capacity(a.data.len());
        let largest = a.largest().max(b.largest());
        for (at, (x, y)) in a.data.iter().zip(&b.data).enumerate() {
            if !seen.counted(at) {
                entries.push(Entry::Same);
                continue;
            }
            let both = exact.map(|e| (e.values[link].data[at], e.values[link + 1].data[at]));
            let both = both.filter(|(x, y)| x.is_finite() && y.is_finite());
            // Infinities that agree differ by nothing.
            let rough = if x == y { 0.0 } else { (x - y).abs() };
            let apart = match both {
                Some((x, y)) if rough.is_finite() => (x - y).real().abs(),
                _ => rough,
            };
            let own = x.abs().max(y.abs());
            entries.push(match (both, exact) {
                (Some(_), Some(exact)) if rough.is_finite() => {
                    entry(rough, apart, own, exact.largest)
                }
                _ if rough <= AGREE * largest.min(f64::MAX) => Entry::Same,
                _ => Entry::Apart,
            });
            gap = super::super::verdict::worst(gap, apart);
            scale = scale.max(if own.is_finite() { own } else { 0.0 });
        }
        Pair { gap: if gap == 0.0 { 0.0 } else { gap / scale }, entries }
    }

    pub(crate) fn has(&self, what: Entry) -> bool {
        self.entries.contains(&what)
    }
}

/// `rough` in `f64` and `gap` with all digits, of an entry whose sides are at most `own`.
fn entry(rough: f64, gap: f64, own: f64, largest: f64) -> Entry {
    if gap <= LEAST || gap <= EXACT * own {
        return Entry::Same;
    }
    let hidden = gap <= EXACT * largest;
    if rough > ROUGH * own {
        return match () {
            () if gap <= SHRUNK * rough => Entry::Same,
            () if hidden => Entry::Unsure,
            () => Entry::Apart,
        };
    }
    // No difference in `f64`: by chance, or it is beyond its digits.
    if hidden { Entry::Same } else { Entry::Apart }
}
