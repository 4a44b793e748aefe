//! The functions of f32. Those that need a long reduction are computed in f64.

use super::{Circular, Elementary, common, horner};
use crate::isa::Level;

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// Adding it rounds to an integer, which then stands in the lowest bits.
const MAGIC: f32 = 12_582_912.0;
/// `ln 2` in 15 bits, and the rest.
const LN2_HIGH: f32 = 0.693_145_75;
const LN2_LOW: f32 = 1.428_606_8e-6;
/// The bits of `sqrt(1/2)`.
const HALF_ROOT: u32 = 0x3f35_04f3;
const EXPONENT: u32 = 0xff80_0000;

/// `x y + z`.
#[inline(always)]
fn fma<L: Level>(x: f32, y: f32, z: f32) -> f32 {
    if L::FUSED { x.mul_add(y, z) } else { x * y + z }
}

/// `e^(x + low) = (1 + a) b c` with `(a, b, c)` the result; `b` and `c` are powers of two.
#[inline(always)]
fn exp_parts<L: Level>(x: f32, low: f32) -> (f32, f32, f32) {
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.0 { -104.0 } else { x };
    let rounded = fma::<L>(x, LOG2_E, MAGIC);
    let n = rounded - MAGIC;
    let r = fma::<L>(n, -LN2_LOW, fma::<L>(n, -LN2_HIGH, x) + low);
    let series = horner!(
        fma,
        r,
        [1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5_040.0]
    );
    let biased = rounded.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(254);
    let half = (biased & 0x1ff) >> 1;
    let rest = biased.wrapping_sub(half);
    (fma::<L>(r * r, series, r), f32::from_bits(half << 23), f32::from_bits(rest << 23))
}

/// `x = (1 + f) 2^e` with `1 + f` between the roots of 1/2 and 2; for `x > 0`.
#[inline(always)]
fn split(x: f32) -> (f32, f32) {
    let small = x < f32::MIN_POSITIVE;
    let scaled = if small { x * 33_554_432.0 } else { x };
    let bits = scaled.to_bits();
    let over = bits.wrapping_sub(HALF_ROOT);
    let mantissa = f32::from_bits(bits.wrapping_sub(over & EXPONENT));
    let exponent = ((over as i32) >> 23) as f32;
    (mantissa - 1.0, if small { exponent - 25.0 } else { exponent })
}

/// `log((1 + f) 2^e)`.
#[inline(always)]
fn log_of<L: Level>(f: f32, e: f32) -> f32 {
    let s = f / (2.0 + f);
    let z = s * s;
    let series = horner!(fma, z, [2.0 / 3.0, 2.0 / 5.0, 2.0 / 7.0, 2.0 / 9.0]);
    let half_square = 0.5 * f * f;
    let rest = fma::<L>(s, fma::<L>(z, series, half_square), e * LN2_LOW);
    e * LN2_HIGH - ((half_square - rest) - f)
}

impl Elementary for f32 {
    common!(f32, 20.0);

    #[inline(always)]
    fn sin<L: Level>(self) -> Self {
        Elementary::sin::<L>(f64::from(self)) as f32
    }

    #[inline(always)]
    fn cos<L: Level>(self) -> Self {
        Elementary::cos::<L>(f64::from(self)) as f32
    }

    #[inline(always)]
    fn tan<L: Level>(self) -> Self {
        Elementary::tan::<L>(f64::from(self)) as f32
    }

    #[inline(always)]
    fn pow<L: Level>(self, exponent: Self) -> Self {
        Elementary::pow::<L>(f64::from(self), f64::from(exponent)) as f32
    }

    fn far(self, function: Circular) -> Self {
        f64::from(self).far(function) as f32
    }
}
