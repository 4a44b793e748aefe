//! The functions of f64.

use super::{Circular, Elementary, common, horner, large, power};
use crate::isa::Level;

const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// Adding it rounds to an integer, which then stands in the lowest bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// `ln 2` in 32 bits, and the rest.
pub(super) const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
pub(super) const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// `pi / 2` in pieces of 33 bits: a multiple by less than 2^20 of each is exact.
const QUARTER: [f64; 4] = [
    1.570_796_326_734_125_6,
    6.077_100_506_303_966e-11,
    2.022_266_248_711_166_5e-21,
    8.478_427_660_348_229e-32,
];
/// The bits of `sqrt(1/2)`.
const HALF_ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
const EXPONENT: u64 = 0xfff0_0000_0000_0000;

/// `x y + z`.
#[inline(always)]
pub(super) fn fma<L: Level>(x: f64, y: f64, z: f64) -> f64 {
    if L::FUSED { x.mul_add(y, z) } else { x * y + z }
}

/// `x + y` and what its rounding lost.
#[inline(always)]
pub(super) fn two_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let part = sum - x;
    (sum, (x - (sum - part)) + (y - part))
}

/// `e^(x + low) = (1 + a) b c` with `(a, b, c)` the result; `b` and `c` are powers of two.
#[inline(always)]
pub(super) fn exp_parts<L: Level>(x: f64, low: f64) -> (f64, f64, f64) {
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let rounded = fma::<L>(x, LOG2_E, MAGIC);
    let n = rounded - MAGIC;
    let r = fma::<L>(n, -LN2_LOW, fma::<L>(n, -LN2_HIGH, x) + low);
    let series = horner!(
        fma,
        r,
        [
            1.0 / 2.0,
            1.0 / 6.0,
            1.0 / 24.0,
            1.0 / 120.0,
            1.0 / 720.0,
            1.0 / 5_040.0,
            1.0 / 40_320.0,
            1.0 / 362_880.0,
            1.0 / 3_628_800.0,
            1.0 / 39_916_800.0,
            1.0 / 479_001_600.0,
            1.0 / 6_227_020_800.0
        ]
    );
    let biased = rounded.to_bits().wrapping_sub(MAGIC.to_bits()).wrapping_add(2046);
    let half = (biased & 0xfff) >> 1;
    let rest = biased.wrapping_sub(half);
    (fma::<L>(r * r, series, r), f64::from_bits(half << 52), f64::from_bits(rest << 52))
}

/// `x = (1 + f) 2^e` with `1 + f` between the roots of 1/2 and 2; for `x > 0`.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
    let small = x < f64::MIN_POSITIVE;
    let scaled = if small { x * 18_014_398_509_481_984.0 } else { x };
    let bits = scaled.to_bits();
    let over = bits.wrapping_sub(HALF_ROOT);
    let mantissa = f64::from_bits(bits.wrapping_sub(over & EXPONENT));
    let exponent = ((over as i64) >> 52).wrapping_add(MAGIC.to_bits() as i64);
    let exponent = f64::from_bits(exponent as u64) - MAGIC;
    (mantissa - 1.0, if small { exponent - 54.0 } else { exponent })
}

/// `log((1 + f) 2^e)`.
#[inline(always)]
fn log_of<L: Level>(f: f64, e: f64) -> f64 {
    let s = f / (2.0 + f);
    let z = s * s;
    let series = horner!(
        fma,
        z,
        [
            2.0 / 3.0,
            2.0 / 5.0,
            2.0 / 7.0,
            2.0 / 9.0,
            2.0 / 11.0,
            2.0 / 13.0,
            2.0 / 15.0,
            2.0 / 17.0,
            2.0 / 19.0,
            2.0 / 21.0
        ]
    );
    let half_square = 0.5 * f * f;
    let rest = fma::<L>(s, fma::<L>(z, series, half_square), e * LN2_LOW);
    e * LN2_HIGH - ((half_square - rest) - f)
}

/// The quadrant, and the rest `high + low` within a quarter of pi.
#[inline(always)]
fn reduce<L: Level>(x: f64) -> (u64, f64, f64) {
    let rounded = fma::<L>(x, std::f64::consts::FRAC_2_PI, MAGIC);
    let n = rounded - MAGIC;
    let first = x - n * QUARTER[0];
    let (second, lost) = two_sum(first, -(n * QUARTER[1]));
    let (third, lost_more) = two_sum(second, -(n * QUARTER[2]));
    let low = (lost + lost_more) - n * QUARTER[3];
    let high = third + low;
    (rounded.to_bits(), high, (third - high) + low)
}

/// Sine and cosine of `high + low`.
#[inline(always)]
fn sin_cos<L: Level>(high: f64, low: f64) -> (f64, f64) {
    let z = high * high;
    let s = horner!(
        fma,
        z,
        [
            -1.0 / 6.0,
            1.0 / 120.0,
            -1.0 / 5_040.0,
            1.0 / 362_880.0,
            -1.0 / 39_916_800.0,
            1.0 / 6_227_020_800.0,
            -1.0 / 1_307_674_368_000.0,
            1.0 / 355_687_428_096_000.0
        ]
    );
    let c = horner!(
        fma,
        z,
        [
            1.0 / 24.0,
            -1.0 / 720.0,
            1.0 / 40_320.0,
            -1.0 / 3_628_800.0,
            1.0 / 479_001_600.0,
            -1.0 / 87_178_291_200.0,
            1.0 / 20_922_789_888_000.0
        ]
    );
    let half = 0.5 * z;
    let sine = high + fma::<L>(z * high, s, low * (1.0 - half));
    let most = 1.0 - half;
    let cosine = most + (((1.0 - most) - half) + fma::<L>(z * z, c, -(high * low)));
    (sine, cosine)
}

/// The sine's value from the quadrant and the two of the rest; a cosine is one quadrant on.
#[inline(always)]
fn turn(quadrant: u64, sine: f64, cosine: f64) -> f64 {
    let value = if quadrant & 1 == 0 { sine } else { cosine };
    if quadrant & 2 == 0 { value } else { -value }
}

#[inline(always)]
fn tangent(quadrant: u64, sine: f64, cosine: f64) -> f64 {
    let odd = quadrant & 1 != 0;
    let above = if odd { -cosine } else { sine };
    above / if odd { sine } else { cosine }
}

impl Elementary for f64 {
    common!(f64, 44.0);

    #[inline(always)]
    fn sin<L: Level>(self) -> Self {
        let (quadrant, high, low) = reduce::<L>(self);
        let (sine, cosine) = sin_cos::<L>(high, low);
        let value = turn(quadrant, sine, cosine);
        if self == 0.0 { self } else { value }
    }

    #[inline(always)]
    fn cos<L: Level>(self) -> Self {
        let (quadrant, high, low) = reduce::<L>(self);
        let (sine, cosine) = sin_cos::<L>(high, low);
        turn(quadrant.wrapping_add(1), sine, cosine)
    }

    #[inline(always)]
    fn tan<L: Level>(self) -> Self {
        let (quadrant, high, low) = reduce::<L>(self);
        let (sine, cosine) = sin_cos::<L>(high, low);
        let value = tangent(quadrant, sine, cosine);
        if self == 0.0 { self } else { value }
    }

    #[inline(always)]
    fn pow<L: Level>(self, exponent: Self) -> Self {
        power::pow::<L>(self, exponent)
    }

    fn far(self, function: Circular) -> Self {
        let (quadrant, high, low) = large::reduce(self);
        let (sine, cosine) = sin_cos::<crate::isa::Narrow>(high, low);
        match function {
            Circular::Sin => turn(quadrant, sine, cosine),
            Circular::Cos => turn(quadrant.wrapping_add(1), sine, cosine),
            Circular::Tan => tangent(quadrant, sine, cosine),
        }
    }
}
