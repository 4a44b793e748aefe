//! Exact division of polynomials.

use std::cmp::Ordering;

use super::{MAX_DEGREE, MAX_TERMS, Monomial, Ratio, Size, TooLarge, degree, multiply};

impl Size {
    /// `self / divisor` if it is exact as a polynomial (by long division on leading terms);
    /// `None` if it is not, or outgrows the bounds.
    pub fn divide(&self, divisor: &Size) -> Option<Size> {
        let (lead, lead_value) = leading(divisor.terms())?;
        // By monomial, to find terms in.
        let mut rest = self.terms().to_vec();
        let mut quotient: Vec<(Monomial, Ratio)> = Vec::new();
        while let Some((monomial, value)) = leading(&rest) {
            let factor = (quotient_of(monomial, lead)?, value.divide(*lead_value)?);
            if quotient.len() >= MAX_TERMS || rest.len() > 2 * MAX_TERMS {
                return None;
            }
            subtract(&mut rest, &factor, divisor)?;
            quotient.push(factor);
        }
        Size::from_terms(quotient).ok()
    }

    /// `self^power`
    ///
    /// # Errors
    ///
    /// The result outgrows the bounds.
    pub fn power(&self, power: u32) -> Result<Size, TooLarge> {
        if power > MAX_DEGREE && self.constant() != Some(Ratio::ONE) {
            return Err(TooLarge);
        }
        (0..power.min(MAX_DEGREE)).try_fold(Size::number(1), |p, _| p.times(self))
    }
}

/// `rest - factor divisor`, term by term.
fn subtract(
    rest: &mut Vec<(Monomial, Ratio)>,
    factor: &(Monomial, Ratio),
    divisor: &Size,
) -> Option<()> {
    let minus = factor.1.times(Ratio::whole_number(-1))?;
    for (monomial, value) in divisor.terms() {
        let (monomial, value) = (multiply(&factor.0, monomial), value.times(minus)?);
        if degree(&monomial) > MAX_DEGREE {
            return None;
        }
        match rest.binary_search_by(|(m, _)| m.cmp(&monomial)) {
            Ok(at) => {
                rest[at].1 = rest[at].1.plus(value)?;
                if rest[at].1.is_zero() {
                    rest.remove(at);
                }
            }
            Err(at) => rest.insert(at, (monomial, value)),
        }
    }
    Some(())
}

fn leading(terms: &[(Monomial, Ratio)]) -> Option<&(Monomial, Ratio)> {
    terms.iter().max_by(|a, b| lexicographic(&a.0, &b.0))
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
