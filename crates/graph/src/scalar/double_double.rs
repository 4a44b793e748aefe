//! Numbers of 106 bits as unevaluated sums of two `f64` (Dekker 1971; Hida, Li, Bailey 2001).
//!
//! Plain IEEE arithmetic only, so the bits do not depend on the platform. The digits are complete
//! for magnitudes between `1e-270` and `1e300`; beyond, the lower part underflows or overflows.

mod functions;
pub(crate) mod reduce;
pub(crate) mod table;

use super::derived_operators;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `hi + lo` with `hi` the sum rounded: 31 digits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DoubleDouble {
    /// The leading part.
    pub hi: f64,
    /// What the leading part lacks, at most half an ulp of it.
    pub lo: f64,
}

/// `a + b` exactly, for `|a| >= |b|` or `a = 0`; an infinity stays one.
fn quick_two_sum(a: f64, b: f64) -> DoubleDouble {
    let hi = a + b;
    DoubleDouble { hi, lo: if hi.is_finite() { b - (hi - a) } else { 0.0 } }
}

/// `a + b` exactly (Knuth); an infinity stays one.
fn two_sum(a: f64, b: f64) -> DoubleDouble {
    let hi = a + b;
    let part = hi - a;
    DoubleDouble { hi, lo: if hi.is_finite() { (a - (hi - part)) + (b - part) } else { 0.0 } }
}

/// `a b` exactly; an infinity stays one.
fn two_product(a: f64, b: f64) -> DoubleDouble {
    let hi = a * b;
    DoubleDouble { hi, lo: if hi.is_finite() { a.mul_add(b, -hi) } else { 0.0 } }
}

impl From<f64> for DoubleDouble {
    fn from(hi: f64) -> DoubleDouble {
        DoubleDouble { hi, lo: 0.0 }
    }
}

impl Neg for DoubleDouble {
    type Output = DoubleDouble;
    fn neg(self) -> DoubleDouble {
        DoubleDouble { hi: -self.hi, lo: -self.lo }
    }
}

impl Add for DoubleDouble {
    type Output = DoubleDouble;
    fn add(self, other: DoubleDouble) -> DoubleDouble {
        let sum = two_sum(self.hi, other.hi);
        if !sum.hi.is_finite() {
            return sum;
        }
        let low = two_sum(self.lo, other.lo);
        let sum = quick_two_sum(sum.hi, sum.lo + low.hi);
        quick_two_sum(sum.hi, sum.lo + low.lo)
    }
}

impl Mul for DoubleDouble {
    type Output = DoubleDouble;
    fn mul(self, other: DoubleDouble) -> DoubleDouble {
        let product = two_product(self.hi, other.hi);
        if !product.hi.is_finite() {
            return product;
        }
        let cross = self.hi.mul_add(other.lo, self.lo * other.hi);
        quick_two_sum(product.hi, product.lo + cross)
    }
}

impl Div for DoubleDouble {
    type Output = DoubleDouble;
    /// Long division by three digits of 53 bits.
    fn div(self, other: DoubleDouble) -> DoubleDouble {
        let first = self.hi / other.hi;
        if !first.is_finite() || first == 0.0 {
            return DoubleDouble::from(first);
        }
        let rest = self - other * DoubleDouble::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * DoubleDouble::from(second);
        let third = rest.hi / other.hi;
        quick_two_sum(first, second) + DoubleDouble::from(third)
    }
}

derived_operators!(DoubleDouble);

impl DoubleDouble {
    /// The nearest number; an `i128` of more than 106 bits is rounded.
    fn from_integer(value: i128) -> DoubleDouble {
        let hi = value as f64;
        quick_two_sum(hi, value.saturating_sub(hi as i128) as f64)
    }

    /// `self 2^exponent`
    fn scale(self, exponent: i32) -> DoubleDouble {
        let scale = |x| crate::elementary::scale(x, exponent);
        let hi = scale(self.hi);
        DoubleDouble { hi, lo: if hi.is_finite() { scale(self.lo) } else { 0.0 } }
    }

    /// The whole number this is, if it is one.
    fn whole(self) -> Option<i128> {
        let whole = self.hi.fract() == 0.0 && self.lo.fract() == 0.0 && self.hi.abs() < 1e37;
        whole.then(|| self.hi as i128 + self.lo as i128)
    }
}
