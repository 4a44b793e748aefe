//! `f64`, by the functions of the standard library.

use super::{DoubleDouble, Scalar};

impl Scalar for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }
    fn from_ratio(numerator: i128, denominator: i128) -> f64 {
        // Two roundings of the parts would be off by an ulp.
        DoubleDouble::from_ratio(numerator, denominator).hi
    }
    fn real(self) -> f64 {
        self
    }
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    fn sin(self) -> f64 {
        f64::sin(self)
    }
    fn cos(self) -> f64 {
        f64::cos(self)
    }
    fn tan(self) -> f64 {
        f64::tan(self)
    }
    fn tanh(self) -> f64 {
        f64::tanh(self)
    }
    fn powf(self, exponent: f64) -> f64 {
        f64::powf(self, exponent)
    }
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
    fn powi(self, n: i64) -> f64 {
        // One rounding instead of one for each product; beyond 2^53 `n as f64` forgets the parity.
        let power = f64::abs(self).powf(n as f64);
        if n % 2 == 0 { power } else { power.copysign(self) }
    }
    fn abs(self) -> f64 {
        f64::abs(self)
    }
}
