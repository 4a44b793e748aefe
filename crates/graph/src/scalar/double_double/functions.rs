//! The elementary functions on double-doubles: Taylor series after a reduction, and Newton's
//! method for the inverse functions.

use super::table::{INVERSE_FACTORIALS, LN_2, LN_2_PARTS, LN_2_REST};
use super::{DoubleDouble, quick_two_sum, reduce::reduce, two_product, two_sum};
use crate::elementary;
use crate::scalar::Scalar;

const ONE: DoubleDouble = DoubleDouble { hi: 1.0, lo: 0.0 };

/// `sum of x^k / (2k + first)!` over the factorials of one parity.
fn alternate_factorials(x: DoubleDouble, first: usize) -> DoubleDouble {
    let terms = INVERSE_FACTORIALS[first..].iter().step_by(2).rev();
    terms.fold(DoubleDouble::from(0.0), |sum, term| sum * x + *term)
}

/// `(sin r, cos r)` for `|r| <= pi/4`.
fn sin_cos(r: DoubleDouble) -> (DoubleDouble, DoubleDouble) {
    let z = -(r * r);
    (r + r * z * alternate_factorials(z, 3), ONE + z * alternate_factorials(z, 2))
}

/// `e^x - 1` for `|x| < 0.42`, exact relative to the result.
fn expm1_small(x: DoubleDouble) -> DoubleDouble {
    let terms = INVERSE_FACTORIALS[2..].iter().rev();
    x + x * x * terms.fold(DoubleDouble::from(0.0), |sum, term| sum * x + *term)
}

/// `e^x - 1`
fn expm1(x: DoubleDouble) -> DoubleDouble {
    if x.hi.abs() < 0.35 { expm1_small(x) } else { x.exp() - ONE }
}

/// `ln (1 + x)` for `-0.3 <= x <= 0.42`: one Newton step of third order on `e^y - 1 = x`.
fn ln_1p_small(x: DoubleDouble) -> DoubleDouble {
    let next = 1.0 + x.hi;
    // The rounding of `1 + x` cancels in the quotient (Kahan).
    let start = if next == 1.0 { x.hi } else { elementary::ln(next) * (x.hi / (next - 1.0)) };
    let start = DoubleDouble::from(start);
    let reached = expm1_small(start);
    let step = (x - reached) / (ONE + reached);
    start + (step - DoubleDouble::from(0.5 * step.hi * step.hi))
}

/// The functions of [`Scalar`]; [`Scalar::powf`] loses as many digits as `|e ln b|` has.
impl Scalar for DoubleDouble {
    fn from_f64(value: f64) -> DoubleDouble {
        DoubleDouble::from(value)
    }
    fn from_ratio(numerator: i128, denominator: i128) -> DoubleDouble {
        DoubleDouble::from_integer(numerator) / DoubleDouble::from_integer(denominator)
    }
    fn real(self) -> f64 {
        self.hi
    }
    /// `2^k e^r` with `|r| <= ln 2 / 2`
    fn exp(self) -> DoubleDouble {
        if self.hi.is_nan() || self.hi > 710.0 {
            return DoubleDouble::from(self.hi + f64::INFINITY);
        } else if self.hi < -746.0 {
            return DoubleDouble::from(0.0);
        }
        let k = (self.hi * std::f64::consts::LOG2_E).round();
        let [first, second] = LN_2_PARTS.map(|ln| DoubleDouble::from(-k * ln));
        let r = self + first + second - LN_2_REST * DoubleDouble::from(k);
        (ONE + expm1_small(r)).scale(k as i32)
    }
    /// `ln m + k ln 2` with `m` near 1
    fn ln(self) -> DoubleDouble {
        if self.hi.is_nan() || self.hi <= 0.0 || self.hi.is_infinite() {
            return DoubleDouble::from(elementary::ln(self.hi));
        }
        let (m, k) = elementary::split(self.hi);
        let lo = elementary::scale(self.lo, -k);
        ln_1p_small(two_sum(m - 1.0, lo)) + LN_2 * DoubleDouble::from(f64::from(k))
    }
    fn ln_1p(self) -> DoubleDouble {
        if (-0.29..0.41).contains(&self.hi) { ln_1p_small(self) } else { (ONE + self).ln() }
    }
    /// One Newton step from the root of the leading part.
    fn sqrt(self) -> DoubleDouble {
        if self.hi == 0.0 || self.hi.is_nan() || self.hi < 0.0 || self.hi.is_infinite() {
            return DoubleDouble::from(self.hi.sqrt());
        } else if self.hi < 1e-200 {
            // The square of the root would lose its lower part.
            return self.scale(400).sqrt().scale(-200);
        }
        let root = self.hi.sqrt();
        let rest = self - two_product(root, root);
        quick_two_sum(root, rest.hi / (2.0 * root))
    }
    fn sin(self) -> DoubleDouble {
        let (quadrant, r) = reduce(self);
        let (sin, cos) = sin_cos(r);
        [sin, cos, -sin, -cos][quadrant]
    }
    fn cos(self) -> DoubleDouble {
        let (quadrant, r) = reduce(self);
        let (sin, cos) = sin_cos(r);
        [cos, -sin, -cos, sin][quadrant]
    }
    fn tan(self) -> DoubleDouble {
        let (quadrant, r) = reduce(self);
        let (sin, cos) = sin_cos(r);
        if quadrant.is_multiple_of(2) { sin / cos } else { -cos / sin }
    }
    /// `(e^2x - 1) / (e^2x + 1)`
    fn tanh(self) -> DoubleDouble {
        let x = self.abs();
        let magnitude = if x.hi > 40.0 {
            ONE
        } else {
            let e = expm1(x + x);
            e / (e + DoubleDouble::from(2.0))
        };
        if self.hi < 0.0 { -magnitude } else { magnitude }
    }
    fn powf(self, exponent: DoubleDouble) -> DoubleDouble {
        let whole = exponent.whole();
        match whole {
            // Exact where the products are.
            Some(n) if n.unsigned_abs() <= 64 => self.powi(n as i64),
            _ if self.hi > 0.0 => (exponent * self.ln()).exp(),
            _ if self.hi == 0.0 => DoubleDouble::from(0f64.powf(exponent.hi)),
            Some(n) if self.hi < 0.0 => {
                let power = (-self).powf(exponent);
                if n % 2 == 0 { power } else { -power }
            }
            _ => DoubleDouble::from(f64::NAN),
        }
    }
    fn is_finite(self) -> bool {
        self.hi.is_finite() && self.lo.is_finite()
    }
}
