//! Where indices run: bounds of affine forms, deltas, axes that are two axes in one.

use super::Prover;
use super::ix::{Base, Ix, Var};
use super::term::{Atom, Kind, Poly};
use crate::size::{Ratio, Size};

/// One digit of a composite index: its stride, how far it runs.
pub(crate) type Radix = (Size, Size);

impl Prover<'_> {
    /// The least and the greatest value of an index.
    pub(crate) fn reach(&self, ix: &Ix) -> Option<(Size, Size)> {
        let (terms, constant) = ix.parts();
        let (mut low, mut high) = (constant.clone(), constant);
        let one = Size::number(1);
        for (base, by) in terms {
            let far = self.extent(&base).minus(&one).ok()?.times(&by).ok()?;
            if by.is_never_negative() {
                high = high.plus(&far).ok()?;
            } else if negative(&by)?.is_never_negative() {
                low = low.plus(&far).ok()?;
            } else {
                return None;
            }
        }
        Some((low, high))
    }

    /// Whether an index surely lies below `range` and not below 0.
    pub(crate) fn is_inside(&self, ix: &Ix, range: &Size) -> bool {
        let inside = || {
            let (low, high) = self.reach(ix)?;
            let room = range.minus(&Size::number(1)).ok()?.minus(&high).ok()?;
            Some(low.is_never_negative() && room.is_never_negative())
        };
        inside().unwrap_or(false)
    }

    /// What `var` is if `a = b`, if that is one place inside its range.
    pub(crate) fn solved(&self, a: &Ix, b: &Ix, var: Var) -> Option<Option<Ix>> {
        let gap = a.minus(b)?;
        let (terms, constant) = gap.parts();
        let own = Base::Var(var);
        let Some((_, by)) = terms.iter().find(|(base, _)| *base == own) else {
            return Some(None);
        };
        let minus = by.is_one();
        if !minus && *by != Size::number(-1) {
            return Some(None);
        }
        let mut rest = Vec::new();
        for (base, by) in terms.iter().filter(|(base, _)| *base != own) {
            rest.push((base.clone(), if minus { negative(by)? } else { by.clone() }));
        }
        let constant = if minus { negative(&constant)? } else { constant };
        let to = Ix::affine(rest, constant)?;
        let good = !to.has(var) && self.is_inside(&to, &self.range(var));
        Some(good.then_some(to))
    }

    /// What a delta is, if it is something simpler.
    pub(crate) fn delta(&mut self, atom: &Atom) -> Option<Option<Poly>> {
        let (a, b) = (&atom.args[0], &atom.args[1]);
        if a == b {
            return Some(Some(Poly::one()));
        }
        let gap = a.minus(b)?;
        if gap.constant() == Some(&Size::number(0)) {
            return Some(Some(Poly::one()));
        }
        if let Some((low, high)) = self.reach(&gap) {
            let one = Size::number(1);
            let above = low.minus(&one).is_ok_and(|s| s.is_never_negative());
            let below = negative(&high).and_then(|h| h.minus(&one).ok());
            if above || below.is_some_and(|s| s.is_never_negative()) {
                return Some(Some(Poly::zero()));
            }
        }
        if matches!((a, b), (Ix::One(_), Ix::One(_))) {
            return Some(None);
        }
        let (terms, constant) = gap.parts();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (base, by) in terms {
            if by.is_never_negative() {
                left.push((base, by));
            } else {
                right.push((base, negative(&by)?));
            }
        }
        let zero = Size::number(0);
        let (more, less) = if constant.is_never_negative() {
            (constant, zero)
        } else {
            (zero, negative(&constant)?)
        };
        let (a, b) = (Ix::affine(left, more)?, Ix::affine(right, less)?);
        for (x, y) in [(&a, &b), (&b, &a)] {
            let Some(radices) = self.composite(x) else { continue };
            if radices.len() < 2 {
                continue;
            }
            let strides: Vec<Radix> =
                radices.iter().map(|(s, r, _)| (s.clone(), r.clone())).collect();
            let Some(digits) = self.digits(y, &strides, false) else { continue };
            let mut product = Poly::one();
            for ((_, _, own), digit) in radices.iter().zip(digits) {
                let delta = self.simple(Kind::Delta, vec![own.clone(), digit]);
                product = self.times(&product, &Poly::of(vec![(delta, Ratio::ONE)]))?;
            }
            return Some(Some(product));
        }
        let tidy = self.simple(Kind::Delta, vec![a, b]);
        let tidy = self.ordered(tidy);
        let same = tidy == self.ordered(atom.clone());
        Some((!same).then(|| Poly::of(vec![(tidy, Ratio::ONE)])))
    }

    /// The digits of an index that runs over several axes at once, the fastest first.
    pub(crate) fn composite(&self, ix: &Ix) -> Option<Vec<(Size, Size, Ix)>> {
        let (mut terms, constant) = ix.parts();
        if constant != Size::number(0) {
            return None;
        }
        let mut stride = Size::number(1);
        let mut all = Vec::new();
        while !terms.is_empty() {
            let at = terms.iter().position(|(_, by)| *by == stride)?;
            let (base, _) = terms.remove(at);
            let range = self.extent(&base);
            all.push((stride.clone(), range.clone(), Ix::One(base)));
            stride = stride.times(&range).ok()?;
        }
        Some(all)
    }

    /// The digits of an index in the given strides. With `split` a variable that runs over several
    /// of them becomes several variables.
    pub(crate) fn digits(&mut self, ix: &Ix, radices: &[Radix], split: bool) -> Option<Vec<Ix>> {
        for _ in 0..32 {
            let ix = self.resolved(ix)?;
            let (terms, constant) = ix.parts();
            let mut parts: Vec<Vec<(Base, Size)>> = vec![Vec::new(); radices.len()];
            let mut again = false;
            for (base, by) in terms {
                let fits = |(stride, _): &Radix| by.divide(stride).filter(|q| !q.has_fraction());
                let (at, by) =
                    (0..radices.len()).rev().find_map(|at| fits(&radices[at]).map(|q| (at, q)))?;
                let (extent, room) = (self.extent(&base), &radices[at].1);
                let far = extent.minus(&Size::number(1)).ok()?.times(&by).ok()?;
                let slack = room.minus(&Size::number(1)).ok()?.minus(&far).ok()?;
                if !slack.is_never_negative() {
                    let Base::Var(var) = base else { return None };
                    let rest = extent.divide(room).filter(|q| !q.has_fraction())?;
                    if !split || !by.is_one() || rest.is_one() {
                        return None;
                    }
                    let (low, high) = (self.fresh_ix(&room.clone()), self.fresh_ix(&rest));
                    let room = room.clone();
                    let scaled = high.parts().0.into_iter().map(|(b, s)| {
                        let s = s.times(&room).ok()?;
                        Some((b, s))
                    });
                    let mut both = scaled.collect::<Option<Vec<_>>>()?;
                    both.extend(low.parts().0);
                    let both = Ix::affine(both, Size::number(0))?;
                    self.splits.insert(var, both);
                    again = true;
                    break;
                }
                parts[at].push((base, by));
            }
            if again {
                continue;
            }
            return self.joined(parts, &constant, radices);
        }
        None
    }

    fn joined(
        &self,
        parts: Vec<Vec<(Base, Size)>>,
        constant: &Size,
        radices: &[Radix],
    ) -> Option<Vec<Ix>> {
        let mut rest = constant.clone();
        let mut out = Vec::new();
        for (terms, (stride, range)) in parts.into_iter().zip(radices).rev() {
            let own = match rest.divide(stride) {
                Some(q) if !q.has_fraction() => q,
                _ => match (rest.constant()?.whole(), stride.constant().and_then(Ratio::whole)) {
                    (Some(c), Some(s)) if s > 0 => Size::number(i64::try_from(c / s).ok()?),
                    _ => Size::number(0),
                },
            };
            rest = rest.minus(&own.times(stride).ok()?).ok()?;
            let ix = Ix::affine(terms, own)?;
            if !self.is_inside(&ix, range) {
                return None;
            }
            out.push(ix);
        }
        out.reverse();
        (rest == Size::number(0)).then_some(out)
    }

    /// An index with variables that turned out to be two.
    pub(crate) fn resolved(&self, ix: &Ix) -> Option<Ix> {
        let mut ix = ix.clone();
        for _ in 0..16 {
            let mut found = false;
            ix.each_var(&mut |v| found |= self.splits.contains_key(&v));
            if !found {
                return Some(ix);
            }
            ix = ix.put(&|v| self.splits.get(&v).cloned())?;
        }
        None
    }

    /// A term with variables that turned out to be two.
    pub(crate) fn settled(&mut self, poly: &Poly) -> Option<Poly> {
        let mut map = std::collections::BTreeMap::new();
        let mut vars = Vec::new();
        poly.each_var(&mut |v| vars.push(v));
        for var in vars {
            if self.splits.contains_key(&var) {
                map.insert(var, self.resolved(&Ix::var(var))?);
            }
        }
        if map.is_empty() { Some(poly.clone()) } else { self.put(poly, &map) }
    }

    /// The variables that a variable turned out to be.
    pub(crate) fn leaves(&self, var: Var, into: &mut Vec<Var>) -> Option<()> {
        let ix = self.resolved(&Ix::var(var))?;
        ix.each_var(&mut |v| {
            if !into.contains(&v) {
                into.push(v);
            }
        });
        Some(())
    }
}

pub(crate) fn negative(size: &Size) -> Option<Size> {
    size.scaled(Ratio::whole_number(-1)).ok()
}
