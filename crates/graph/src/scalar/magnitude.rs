//! Values with the magnitude that a rounding error is measured by.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::Scalar;

/// A value and the value of the same program on absolute values, never less than `|value|`.
///
/// If every input and every operation is off by at most one part in `1 / u`, a result is off by at
/// most about `u` times the number of operations behind it times its magnitude:
///
/// - a sum or difference has `Ma + Mb`, a product `Ma Mb`, a quotient `Ma / |b| + |a| Mb / b^2`;
/// - a function has, to first order, `|f'(x)| Mx + |f(x)|`;
/// - branches are those of the value.
///
/// ```
/// use chainrule_graph::scalar::{Magnitude, Scalar};
/// let (a, b) = (Magnitude::from_f64(3.0), Magnitude::from_f64(-3.0));
/// assert_eq!((a + b).value, 0.0);
/// assert_eq!((a + b).magnitude, 6.0);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Magnitude {
    /// The value.
    pub value: f64,
    /// What an error is measured by.
    pub magnitude: f64,
}

impl Magnitude {
    /// `f(x)` with the derivative at `x`.
    fn function(self, value: f64, slope: f64) -> Magnitude {
        // `0 inf` is no magnitude: an exact argument moves nothing.
        let moved = if self.magnitude == 0.0 { 0.0 } else { slope.abs() * self.magnitude };
        Magnitude { value, magnitude: moved + value.abs() }
    }
}

impl Add for Magnitude {
    type Output = Magnitude;
    fn add(self, other: Magnitude) -> Magnitude {
        Magnitude { value: self.value + other.value, magnitude: self.magnitude + other.magnitude }
    }
}

impl Sub for Magnitude {
    type Output = Magnitude;
    fn sub(self, other: Magnitude) -> Magnitude {
        self + -other
    }
}

impl AddAssign for Magnitude {
    fn add_assign(&mut self, other: Magnitude) {
        *self = *self + other;
    }
}

impl Mul for Magnitude {
    type Output = Magnitude;
    fn mul(self, other: Magnitude) -> Magnitude {
        Magnitude { value: self.value * other.value, magnitude: self.magnitude * other.magnitude }
    }
}

impl Div for Magnitude {
    type Output = Magnitude;
    fn div(self, other: Magnitude) -> Magnitude {
        let by = other.value.abs();
        Magnitude {
            value: self.value / other.value,
            magnitude: self.magnitude / by + self.value.abs() * other.magnitude / (by * by),
        }
    }
}

impl Neg for Magnitude {
    type Output = Magnitude;
    fn neg(self) -> Magnitude {
        Magnitude { value: -self.value, magnitude: self.magnitude }
    }
}

impl Scalar for Magnitude {
    fn from_f64(value: f64) -> Magnitude {
        Magnitude { value, magnitude: value.abs() }
    }
    fn from_ratio(numerator: i128, denominator: i128) -> Magnitude {
        Magnitude::from_f64(f64::from_ratio(numerator, denominator))
    }
    fn real(self) -> f64 {
        self.value
    }
    fn exp(self) -> Magnitude {
        let y = self.value.exp();
        self.function(y, y)
    }
    fn ln(self) -> Magnitude {
        self.function(self.value.ln(), 1.0 / self.value)
    }
    fn ln_1p(self) -> Magnitude {
        self.function(self.value.ln_1p(), 1.0 / (1.0 + self.value))
    }
    fn sqrt(self) -> Magnitude {
        let y = self.value.sqrt();
        self.function(y, 0.5 / y)
    }
    fn sin(self) -> Magnitude {
        self.function(self.value.sin(), self.value.cos())
    }
    fn cos(self) -> Magnitude {
        self.function(self.value.cos(), self.value.sin())
    }
    fn tan(self) -> Magnitude {
        let y = self.value.tan();
        self.function(y, 1.0 + y * y)
    }
    fn tanh(self) -> Magnitude {
        let y = self.value.tanh();
        self.function(y, 1.0 - y * y)
    }
    fn sigmoid(self) -> Magnitude {
        let y = Scalar::sigmoid(self.value);
        self.function(y, y * (1.0 - y))
    }
    fn softplus(self) -> Magnitude {
        self.function(Scalar::softplus(self.value), Scalar::sigmoid(self.value))
    }
    fn powf(self, exponent: Magnitude) -> Magnitude {
        let (x, e) = (self.value, exponent.value);
        let value = Scalar::powf(x, e);
        let by_base = if e == 0.0 { 0.0 } else { e * Scalar::powf(x, e - 1.0) };
        let by_exponent = if x == 0.0 { 0.0 } else { value * x.abs().ln() };
        let base = self.function(value, by_base);
        let moved = by_exponent.abs() * exponent.magnitude;
        Magnitude { value, magnitude: base.magnitude + moved }
    }
    fn is_finite(self) -> bool {
        self.value.is_finite() && self.magnitude.is_finite()
    }
    fn abs(self) -> Magnitude {
        Magnitude { value: self.value.abs(), magnitude: self.magnitude }
    }
}
