//! The number types that the reference evaluation runs on, and linear algebra over them.

mod complex;
mod double_double;
mod frozen;
pub mod linalg;
mod magnitude;
mod real;
mod singular;

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

pub use complex::Complex;
pub use double_double::DoubleDouble;
pub(crate) use double_double::reduce::reduce;
pub(crate) use double_double::table;
pub use frozen::Frozen;
pub use magnitude::Magnitude;

/// A number type that the reference evaluation runs on.
///
/// Every function branches on [`Scalar::real`] alone, so a program takes the same path over
/// [`Complex`] with a tiny imaginary part as over `f64`: the complex step is exact.
pub trait Scalar:
    Copy
    + PartialEq
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// The number itself; exact.
    fn from_f64(value: f64) -> Self;
    /// `numerator / denominator`, as exact as the type allows.
    fn from_ratio(numerator: i128, denominator: i128) -> Self;
    /// The circle number, with all digits of the type.
    fn pi() -> Self {
        Self::from_f64(std::f64::consts::PI) + Self::from_f64(1.224_646_799_147_353_2e-16)
    }
    /// The leading part of the real part: branches are taken on it.
    fn real(self) -> f64;
    /// `e^x`
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// `ln (1 + x)`, exact for small `x`.
    fn ln_1p(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The sine.
    fn sin(self) -> Self;
    /// The cosine.
    fn cos(self) -> Self;
    /// The tangent.
    fn tan(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// `self^exponent`: `exp(e ln b)` for a base above 0; below 0 it is defined for a whole real
    /// exponent alone, else NaN. `0^0 = 1`, `0^e = 0` for `e > 0`, as IEEE 754 has it.
    #[must_use]
    fn powf(self, exponent: Self) -> Self;
    /// Whether every part is finite.
    fn is_finite(self) -> bool;

    /// `1 / (1 + e^-x)`; the exponential never overflows.
    #[must_use]
    fn sigmoid(self) -> Self {
        let one = Self::from_f64(1.0);
        let e = (-self.abs()).exp();
        if self.real() >= 0.0 { one / (one + e) } else { e / (one + e) }
    }

    /// `ln (1 + e^x) = max(x, 0) + ln (1 + e^-|x|)`
    #[must_use]
    fn softplus(self) -> Self {
        let rest = (-self.abs()).exp().ln_1p();
        if self.real() >= 0.0 { self + rest } else { rest }
    }

    /// `self^n` by repeated squaring; a negative power is the inverse of the positive one.
    #[must_use]
    fn powi(self, n: i64) -> Self {
        let one = Self::from_f64(1.0);
        let (mut result, mut square, mut left) = (one, self, n.unsigned_abs());
        while left > 0 {
            if left & 1 == 1 {
                result = result * square;
            }
            left >>= 1;
            // The last square would be unused, and may overflow.
            if left > 0 {
                square = square * square;
            }
        }
        if n < 0 { one / result } else { result }
    }

    /// `-x` where the real part is below 0, else `x`: not the modulus, which is not analytic.
    #[must_use]
    fn abs(self) -> Self {
        if self.real() < 0.0 { -self } else { self }
    }
}

/// Subtraction and `+=` by the other operators.
macro_rules! derived_operators {
    ($type:ty) => {
        impl Sub for $type {
            type Output = $type;
            fn sub(self, other: $type) -> $type {
                self + -other
            }
        }
        impl AddAssign for $type {
            fn add_assign(&mut self, other: $type) {
                *self = *self + other;
            }
        }
    };
}
use derived_operators;
