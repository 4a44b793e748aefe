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
        // One rounding instead of one for each product; up to here `n as f64` is exact.
        if n.unsigned_abs() <= 1 << 53 { f64::powf(self, n as f64) } else { f64::NAN }
    }
    fn abs(self) -> f64 {
        f64::abs(self)
    }
}
