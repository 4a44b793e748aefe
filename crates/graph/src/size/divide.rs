//! Exact division of polynomials.

use std::cmp::Ordering;

use super::{Monomial, Ratio, Size, TooLarge};

impl Size {
    /// `self / divisor` if it is exact as a polynomial (by long division on leading terms);
    /// `None` if it is not, or outgrows the bounds.
    pub fn divide(&self, divisor: &Size) -> Option<Size> {
        let (lead, lead_value) = divisor.leading()?;
        let mut rest = self.clone();
        let mut quotient = Size::number(0);
        while let Some((monomial, value)) = rest.leading() {
            let factor = Size::term(quotient_of(monomial, lead)?, value.divide(*lead_value)?);
            quotient = quotient.plus(&factor).ok()?;
            rest = rest.minus(&factor.times(divisor).ok()?).ok()?;
        }
        Some(quotient)
    }

    fn leading(&self) -> Option<&(Monomial, Ratio)> {
        self.terms.iter().max_by(|a, b| lexicographic(&a.0, &b.0))
    }

    /// `self^power`
    ///
    /// # Errors
    ///
    /// The result outgrows the bounds.
    pub fn power(&self, power: u32) -> Result<Size, TooLarge> {
        if power > super::MAX_DEGREE && self.constant() != Some(Ratio::ONE) {
            return Err(TooLarge);
        }
        (0..power.min(super::MAX_DEGREE)).try_fold(Size::number(1), |p, _| p.times(self))
    }
}

/// `a / b` as monomials.
fn quotient_of(a: &Monomial, b: &Monomial) -> Option<Monomial> {
    let mut out = a.clone();
    for (id, power) in b {
        let at = out.iter().position(|(n, _)| n == id)?;
        out[at].1 = out[at].1.checked_sub(*power)?;
    }
    out.retain(|(_, power)| *power > 0);
    Some(out)
}

/// The lexicographic monomial order: it respects multiplication, which division relies on.
fn lexicographic(a: &Monomial, b: &Monomial) -> Ordering {
    for ((x, p), (y, q)) in a.iter().zip(b) {
        match (y.cmp(x), p.cmp(q)) {
            (Ordering::Equal, Ordering::Equal) => {}
            (Ordering::Equal, power) => return power,
            (name, _) => return name,
        }
    }
    a.len().cmp(&b.len())
}
