//! Which places an access touches: bounds, whether two points meet, whether two accesses do.

use crate::program::{Access, Affine, Axis, Slot};

/// Steps of a search for a common place, at most.
const SEARCHED: usize = 1 << 12;

/// Points that are counted one by one where no rule decides.
const COUNTED: usize = 1 << 20;

/// Strides beyond are left alone: with extents of 2^48 and any number of axes that fits into
/// memory, sums of their products are numbers of 128 bits.
const FAR: u128 = 1 << 56;

/// The greatest common divisor; 0 is a multiple of everything.
pub(crate) fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The least and the greatest value of a form.
fn span(constant: i128, strides: &[i128], extents: &[usize]) -> (i128, i128) {
    let (mut low, mut high) = (constant, constant);
    for (&stride, &extent) in strides.iter().zip(extents) {
        let far = stride * (extent as i128 - 1);
        low += far.min(0);
        high += far.max(0);
    }
    (low, high)
}

/// Whether counts within their ranges make a sum of strides with a constant 0; none if the search
/// is too long.
fn search(constant: i128, lanes: &[(i128, i128, i128)], steps: &mut usize) -> Option<bool> {
    *steps += 1;
    if *steps > SEARCHED {
        return None;
    }
    let Some(((stride, low, high), rest)) = lanes.split_first() else {
        return Some(constant == 0);
    };
    let least: i128 = rest.iter().map(|lane| lane.0 * lane.1).sum();
    let most: i128 = rest.iter().map(|lane| lane.0 * lane.2).sum();
    // constant + stride count + rest = 0
    let first = (-constant - most + stride - 1).div_euclid(*stride).max(*low);
    let last = (-constant - least).div_euclid(*stride).min(*high);
    let mut count = first;
    while count <= last {
        if search(constant + stride * count, rest, steps)? {
            return Some(true);
        }
        count += 1;
    }
    Some(false)
}

/// An access over a space, with its label as one more axis.
pub(crate) struct Reach {
    constant: i128,
    strides: Vec<i128>,
    extents: Vec<usize>,
    guards: Vec<(i128, Vec<i128>, usize)>,
}

fn wide(form: &Affine) -> Vec<i128> {
    form.strides.iter().map(|&stride| stride as i128).collect()
}

impl Reach {
    /// Of an access over axes of which no extent is 0.
    pub(crate) fn new(access: &Access, axes: &[Axis]) -> Reach {
        let mut strides = wide(&access.at);
        let mut extents: Vec<usize> = axes.iter().map(|axis| axis.extent).collect();
        let mut guards: Vec<_> = access
            .guards
            .iter()
            .map(|guard| (guard.at.constant as i128, wide(&guard.at), guard.extent))
            .collect();
        if let Some(label) = &access.label {
            strides.push(label.stride as i128);
            extents.push(label.extent);
            guards.iter_mut().for_each(|guard| guard.1.push(0));
        }
        Reach { constant: access.at.constant as i128, strides, extents, guards }
    }

    /// Of lanes: extents and strides.
    pub(crate) fn plain(constant: usize, lanes: &[(usize, isize)]) -> Reach {
        Reach {
            constant: constant as i128,
            strides: lanes.iter().map(|lane| lane.1 as i128).collect(),
            extents: lanes.iter().map(|lane| lane.0).collect(),
            guards: Vec::new(),
        }
    }

    fn points(&self) -> Option<usize> {
        let product = self.extents.iter().try_fold(1usize, |all, &one| all.checked_mul(one));
        product.filter(|&points| points <= COUNTED)
    }

    /// Bounds of the places that are inside the guards; none if there are none.
    ///
    /// A guard bounds a form within the place: what is left without it, plus the guard's own range,
    /// bounds the place.
    pub(crate) fn bounds(&self) -> Option<(i128, i128)> {
        let mut rest = self.strides.clone();
        let (mut constant, mut low, mut high) = (self.constant, 0, 0);
        for (start, strides, extent) in &self.guards {
            let natural = span(*start, strides, &self.extents);
            let (least, most) = (natural.0.max(0), natural.1.min(*extent as i128 - 1));
            if least > most {
                return None;
            }
            let factor = strides.iter().zip(&rest).find(|(stride, _)| **stride != 0);
            let Some((stride, place)) = factor else { continue };
            let factor = place / stride;
            let less: Vec<i128> =
                strides.iter().zip(&rest).map(|(stride, rest)| rest - factor * stride).collect();
            // A guard that would make numbers too large for sums of products bounds nothing here.
            if less.iter().any(|stride| stride.unsigned_abs() > FAR) {
                continue;
            }
            rest = less;
            constant -= factor * start;
            low += (factor * least).min(factor * most);
            high += (factor * least).max(factor * most);
        }
        let own = span(constant, &rest, &self.extents);
        let bare = span(self.constant, &self.strides, &self.extents);
        Some(((own.0 + low).max(bare.0), (own.1 + high).min(bare.1)))
    }

    /// Calls a function with every place, until it says false; none if they are too many.
    fn each(&self, mut visit: impl FnMut(i128) -> bool) -> Option<bool> {
        let points = self.points()?;
        let mut counts = vec![0i128; self.extents.len()];
        for _ in 0..points {
            let at = |start: i128, strides: &[i128]| {
                start + strides.iter().zip(&counts).map(|(a, b)| a * b).sum::<i128>()
            };
            let inside = self.guards.iter().all(|(start, strides, extent)| {
                (0..*extent as i128).contains(&at(*start, strides))
            });
            if inside && !visit(at(self.constant, &self.strides)) {
                return Some(false);
            }
            for (count, &extent) in counts.iter_mut().zip(&self.extents).rev() {
                *count += 1;
                if *count < extent as i128 {
                    break;
                }
                *count = 0;
            }
        }
        Some(true)
    }

    /// Whether every place lies in a slot.
    pub(crate) fn within(&self, slot: Slot) -> bool {
        let (first, last) = (slot.at as i128, slot.at as i128 + slot.len as i128 - 1);
        let fits = self.bounds().is_none_or(|bounds| bounds.0 >= first && bounds.1 <= last);
        fits || self.each(|place| (first..=last).contains(&place)) == Some(true)
    }

    /// Whether no two points have the same place.
    pub(crate) fn injective(&self) -> bool {
        let used = self.strides.iter().zip(&self.extents).filter(|lane| *lane.1 > 1);
        let mut sorted: Vec<_> =
            used.map(|(stride, &extent)| (stride.unsigned_abs(), extent as u128)).collect();
        sorted.sort_unstable();
        let mut reach = 0u128;
        let chain = sorted.iter().all(|&(stride, extent)| {
            let apart = stride > reach;
            reach += stride * (extent - 1);
            apart
        });
        chain || self.counted()
    }

    fn counted(&self) -> bool {
        let Some((low, high)) = self.bounds() else { return true };
        let Ok(size) = usize::try_from(high - low + 1) else { return false };
        if size > 64 * COUNTED {
            return false;
        }
        let mut seen = vec![false; size];
        let once = |place: i128| !std::mem::replace(&mut seen[(place - low) as usize], true);
        self.each(once) == Some(true)
    }

    /// Whether a search finds that no difference of two places is 0, guards left aside.
    ///
    /// The difference is a constant and a sum of strides with counts of either sign. From the
    /// greatest stride on only those counts are tried that the rest could still make up for: for
    /// interleaved accesses these are one or two a stride.
    fn never_meets(&self, other: &Reach) -> bool {
        let mut lanes: Vec<(i128, i128, i128)> = Vec::new();
        let strides = self.strides.iter().zip(&self.extents).map(|(s, e)| (*s, *e, 1));
        let theirs = other.strides.iter().zip(&other.extents).map(|(s, e)| (*s, *e, -1));
        for (stride, extent, sign) in strides.chain(theirs) {
            let stride = stride * sign;
            if stride == 0 || extent <= 1 {
                continue;
            }
            let last = extent as i128 - 1;
            let (low, high) = if stride > 0 { (0, last) } else { (-last, 0) };
            match lanes.iter_mut().find(|lane| lane.0 == stride.abs()) {
                Some(lane) => (lane.1, lane.2) = (lane.1 + low, lane.2 + high),
                None => lanes.push((stride.abs(), low, high)),
            }
        }
        if lanes.iter().any(|lane| lane.0.unsigned_abs() > FAR) {
            return false;
        }
        lanes.sort_unstable_by_key(|lane| std::cmp::Reverse(lane.0));
        let mut steps = 0;
        search(self.constant - other.constant, &lanes, &mut steps) == Some(false)
    }

    /// Whether the two have no place in common.
    pub(crate) fn apart(&self, other: &Reach) -> bool {
        let (Some(own), Some(theirs)) = (self.bounds(), other.bounds()) else { return true };
        if own.1 < theirs.0 || theirs.1 < own.0 || self.never_meets(other) {
            return true;
        }
        let Ok(size) = usize::try_from(own.1 - own.0 + 1) else { return false };
        if size > 64 * COUNTED || other.points().is_none() {
            return false;
        }
        let mut seen = vec![false; size];
        let mark = self.each(|place| {
            seen[(place - own.0) as usize] = true;
            true
        });
        let free = |place: i128| {
            let at = usize::try_from(place - own.0).ok();
            !at.and_then(|at| seen.get(at)).is_some_and(|&seen| seen)
        };
        mark.is_some() && other.each(free) == Some(true)
    }
}
