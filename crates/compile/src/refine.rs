//! Axes of two loops over one array, cut at the same places.
//!
//! An access that goes through all entries of an array once is a number with mixed radices: its
//! axes are the digits. Two such numbers have the same digits once each digit is cut where the other
//! number has one begin.

use chainrule_kernels::program::{Affine, Axis, Step};

use crate::draft::{Place, Pointwise};

/// A part of an axis: the axis it is cut from, and how far it runs.
pub(crate) type Piece = (usize, usize);

/// Whether an access is without guards and label.
pub(crate) fn is_plain(place: &Place) -> bool {
    place.guards.is_empty() && place.label.is_none()
}

/// The axes from the innermost on, if the access goes through all of its region once.
pub(crate) fn digits(axes: &[Axis], place: &Place) -> Option<Vec<Piece>> {
    if !is_plain(place) || place.at.constant != place.region.at as isize {
        return None;
    }
    let mut all: Vec<(isize, Piece)> = axes
        .iter()
        .zip(&place.at.strides)
        .enumerate()
        .filter(|(_, (axis, _))| axis.extent != 1)
        .map(|(at, (axis, stride))| (*stride, (at, axis.extent)))
        .collect();
    all.sort_unstable();
    let mut reach = 1_usize;
    for (stride, (_, extent)) in &all {
        if *stride != reach as isize {
            return None;
        }
        reach = reach.checked_mul(*extent)?;
    }
    (reach == place.region.len).then(|| all.into_iter().map(|(_, piece)| piece).collect())
}

/// Both lists cut at the same places, from the innermost on.
pub(crate) fn common(a: &[Piece], b: &[Piece]) -> Option<(Vec<Piece>, Vec<Piece>)> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let (mut a, mut b) = (a.iter().copied(), b.iter().copied());
    let (mut x, mut y) = (a.next(), b.next());
    while let (Some((i, m)), Some((j, n))) = (x, y) {
        let least = m.min(n);
        if least == 0 || m % least != 0 || n % least != 0 {
            return None;
        }
        left.push((i, least));
        right.push((j, least));
        x = if m == least { a.next() } else { Some((i, m / least)) };
        y = if n == least { b.next() } else { Some((j, n / least)) };
    }
    (x.is_none() && y.is_none()).then_some((left, right))
}

/// The strides over the pieces, the outermost first.
pub(crate) fn cut(form: &Affine, pieces: &[Piece]) -> Affine {
    let mut strides = Vec::with_capacity(pieces.len());
    for (at, (axis, _)) in pieces.iter().enumerate() {
        let inner: usize = pieces[..at].iter().filter(|p| p.0 == *axis).map(|p| p.1).product();
        strides.push(form.strides[*axis] * inner as isize);
    }
    strides.reverse();
    Affine { constant: form.constant, strides }
}

/// An access over the pieces of its axes.
pub(crate) fn cut_place(place: &Place, pieces: &[Piece]) -> Place {
    let mut place = place.clone();
    place.at = cut(&place.at, pieces);
    place.guards.iter_mut().for_each(|guard| guard.at = cut(&guard.at, pieces));
    place
}

/// A loop over the pieces of its axes, the outermost first. Every axis that runs is cut in pieces,
/// those of one axis from the innermost on.
pub(crate) fn refined(l: &Pointwise, pieces: &[Piece]) -> Pointwise {
    let axis = |(axis, extent): &Piece| Axis { extent: *extent, folded: l.axes[*axis].folded };
    let step = |step: &Step| match step {
        Step::Index(form) => Step::Index(cut(form, pieces)),
        other => other.clone(),
    };
    let mut writes = l.writes.clone();
    writes.iter_mut().for_each(|write| write.to = cut_place(&write.to, pieces));
    Pointwise {
        axes: pieces.iter().rev().map(axis).collect(),
        reads: l.reads.iter().map(|read| cut_place(read, pieces)).collect(),
        steps: l.steps.iter().map(step).collect(),
        writes,
    }
}

/// Two loops over the same points in the same order, if the second one reads what the first one
/// writes entry by entry.
pub(crate) fn aligned(host: &Pointwise, l: &Pointwise) -> Option<(Pointwise, Pointwise)> {
    for write in host.writes.iter().filter(|write| write.fold.is_none()) {
        for read in l.reads.iter().filter(|read| read.region == write.to.region) {
            let own = digits(&host.axes, &write.to);
            let theirs = digits(&l.axes, read);
            let (Some(own), Some(theirs)) = (own, theirs) else { continue };
            if let Some((own, theirs)) = common(&own, &theirs) {
                return Some((refined(host, &own), refined(l, &theirs)));
            }
        }
    }
    None
}
