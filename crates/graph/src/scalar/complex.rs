//! Complex numbers, accurate part by part: the derivative `f'(x) = Im f(x + ih) / h` of the complex
//! step (Squire and Trapp 1998) loses no digit, however small `h` is.

use super::{Scalar, derived_operators};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `re + i im`. With `im = 0` it behaves as `f64` does, infinities included.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Complex {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

const fn complex(re: f64, im: f64) -> Complex {
    Complex { re, im }
}

/// `factor * im`, where no imaginary part stays none beside an infinity.
fn part(factor: f64, im: f64) -> f64 {
    if im == 0.0 { 0.0 } else { factor * im }
}

/// `a b - c d` within 1.5 ulp (Kahan; Jeannerod, Louvet, Muller 2013).
fn difference_of_products(a: f64, b: f64, c: f64, d: f64) -> f64 {
    let product = c * d;
    let lost = (-c).mul_add(d, product);
    let difference = a.mul_add(b, -product);
    difference + lost
}

/// The power of two that brings `x` near 1.
fn unit(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52) & 0x7ff;
    f64::from_bits(2046_u64.saturating_sub(exponent).clamp(1, 2046) << 52)
}

impl Neg for Complex {
    type Output = Complex;
    fn neg(self) -> Complex {
        complex(-self.re, -self.im)
    }
}

impl Add for Complex {
    type Output = Complex;
    fn add(self, other: Complex) -> Complex {
        complex(self.re + other.re, self.im + other.im)
    }
}

impl Mul for Complex {
    type Output = Complex;
    fn mul(self, other: Complex) -> Complex {
        complex(
            self.re * other.re - part(self.im, other.im),
            part(self.re, other.im) + part(other.re, self.im),
        )
    }
}

impl Div for Complex {
    type Output = Complex;
    fn div(self, other: Complex) -> Complex {
        if other.im == 0.0 {
            let im = if self.im == 0.0 { 0.0 } else { self.im / other.re };
            return complex(self.re / other.re, im);
        }
        if other.re.is_infinite() {
            return complex(self.re / other.re, 0.0);
        }
        let scale = unit(other.re.abs().max(other.im.abs()));
        let (c, d) = (other.re * scale, other.im * scale);
        let norm = c.mul_add(c, d * d);
        let re = difference_of_products(self.re, c, -self.im, d);
        let im = difference_of_products(self.im, c, self.re, d);
        complex(re / norm * scale, im / norm * scale)
    }
}

derived_operators!(Complex);

impl Complex {
    /// `ln |z|`, also near `|z| = 1`.
    fn ln_modulus(self) -> f64 {
        let modulus = self.re.hypot(self.im);
        if self.im == 0.0 || !(0.5..2.0).contains(&modulus) {
            return modulus.ln();
        }
        let x = self.re.abs();
        0.5 * (x - 1.0).mul_add(x + 1.0, self.im * self.im).ln_1p()
    }

    /// `|b|^Re e  e^(-Im e arg b)  cis(Im e ln|b| + Re e arg b)`; one power keeps all digits.
    fn polar_power(self, exponent: Complex) -> Complex {
        let angle = self.im.atan2(self.re);
        let modulus = self.re.hypot(self.im).powf(exponent.re) * part(-angle, exponent.im).exp();
        let turn = part(self.ln_modulus(), exponent.im) + part(exponent.re, angle);
        complex(modulus * turn.cos(), part(modulus, turn.sin()))
    }

    fn power_of_zero(exponent: Complex) -> Complex {
        if exponent.im == 0.0 || exponent.re > 0.0 {
            complex(0f64.powf(exponent.re), 0.0)
        } else {
            complex(f64::NAN, f64::NAN)
        }
    }
}

impl Scalar for Complex {
    fn from_f64(value: f64) -> Complex {
        complex(value, 0.0)
    }
    fn from_ratio(numerator: i128, denominator: i128) -> Complex {
        complex(f64::from_ratio(numerator, denominator), 0.0)
    }
    fn real(self) -> f64 {
        self.re
    }
    fn exp(self) -> Complex {
        let modulus = self.re.exp();
        complex(modulus * self.im.cos(), part(modulus, self.im.sin()))
    }
    /// The principal branch.
    fn ln(self) -> Complex {
        complex(self.ln_modulus(), self.im.atan2(self.re))
    }
    fn ln_1p(self) -> Complex {
        let next = complex(1.0 + self.re, self.im);
        let re = if self.im == 0.0 && next.re > 0.0 {
            self.re.ln_1p()
        } else if self.re.hypot(self.im) < 0.5 {
            0.5 * self.re.mul_add(2.0 + self.re, self.im * self.im).ln_1p()
        } else {
            next.ln_modulus()
        };
        complex(re, next.im.atan2(next.re))
    }
    /// The principal branch.
    fn sqrt(self) -> Complex {
        if self.im == 0.0 && self.re >= 0.0 {
            return complex(self.re.sqrt(), 0.0);
        }
        let large = (0.5 * self.re.hypot(self.im) + 0.5 * self.re.abs()).sqrt();
        if self.re >= 0.0 {
            complex(large, 0.5 * self.im / large)
        } else {
            complex(0.5 * self.im.abs() / large, large.copysign(self.im))
        }
    }
    fn sin(self) -> Complex {
        complex(self.re.sin() * self.im.cosh(), part(self.re.cos(), self.im.sinh()))
    }
    fn cos(self) -> Complex {
        complex(self.re.cos() * self.im.cosh(), part(-self.re.sin(), self.im.sinh()))
    }
    /// `(t + i h) / (1 - i t h)` with `t = tan x`, `h = tanh y`, where nothing cancels.
    fn tan(self) -> Complex {
        let (t, h) = (self.re.tan(), self.im.tanh());
        let (sech, th) = (1.0 / self.im.cosh(), t * h);
        let norm = th.mul_add(th, 1.0);
        complex(t * sech * sech / norm, part(t.mul_add(t, 1.0), h) / norm)
    }
    /// `(h + i t) / (1 + i h t)` with `h = tanh x`, `t = tan y`, and `1 - h^2 = sech^2 x`.
    fn tanh(self) -> Complex {
        let (h, t) = (self.re.tanh(), self.im.tan());
        let (sech, ht) = (1.0 / self.re.cosh(), h * t);
        let norm = ht.mul_add(ht, 1.0);
        complex(h * t.mul_add(t, 1.0) / norm, part(sech * sech, t) / norm)
    }
    fn powf(self, exponent: Complex) -> Complex {
        let whole = exponent.im == 0.0 && exponent.re.fract() == 0.0;
        if self == complex(0.0, 0.0) {
            Complex::power_of_zero(exponent)
        } else if self.re > 0.0 || (self.re == 0.0 && !whole) {
            self.polar_power(exponent)
        } else if self.re == 0.0 && exponent.re.abs() < 64.0 {
            self.powi(exponent.re as i64)
        } else if whole {
            let power = (-self).polar_power(exponent);
            if exponent.re % 2.0 == 0.0 { power } else { -power }
        } else {
            complex(f64::NAN, f64::NAN)
        }
    }
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }
}
