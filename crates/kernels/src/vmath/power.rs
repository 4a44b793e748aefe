//! `x^y` for f64: the logarithm and its product with `y` are carried in two numbers.

use super::double::{LN2_HIGH, LN2_LOW, exp_parts, fma, split, two_sum};
use super::horner;
use crate::isa::Level;

/// What 1/3 is more than its nearest number.
const THIRD_LOW: f64 = 1.850_371_707_708_594e-17;
/// No exponent beyond gives another result: `|log x| > 2^-54` for every `x` but 1.
const FAR: f64 = 1_180_591_620_717_411_303_424.0;

/// `x y` and what its rounding lost.
#[inline(always)]
fn two_product<L: Level>(x: f64, y: f64) -> (f64, f64) {
    let product = x * y;
    if L::FUSED {
        (product, x.mul_add(y, -product))
    } else {
        let halves = |value: f64| {
            let big = 134_217_729.0 * value;
            let high = big - (big - value);
            (high, value - high)
        };
        let ((a, b), (c, d)) = (halves(x), halves(y));
        (product, ((a * c - product) + a * d + b * c) + b * d)
    }
}

/// `log x` for `x > 0`, in two numbers: `log((1+s)/(1-s)) = 2 s (1 + s^2/3 + s^4/5 + ..)`.
#[inline(always)]
fn log<L: Level>(x: f64) -> (f64, f64) {
    let (f, e) = split(x);
    let (below, below_low) = two_sum(2.0, f);
    let s = f / below;
    let (back, back_low) = two_product::<L>(s, below);
    let s_low = (((f - back) - back_low) - s * below_low) / below;
    let (z, z_lost) = two_product::<L>(s, s);
    let z_low = z_lost + 2.0 * s * s_low;
    let series = horner!(
        fma,
        z,
        [
            1.0 / 5.0,
            1.0 / 7.0,
            1.0 / 9.0,
            1.0 / 11.0,
            1.0 / 13.0,
            1.0 / 15.0,
            1.0 / 17.0,
            1.0 / 19.0,
            1.0 / 21.0
        ]
    );
    let (third, third_lost) = two_product::<L>(z, 1.0 / 3.0);
    let third_low = third_lost + (z * THIRD_LOW + z_low * (1.0 / 3.0));
    let factor = 1.0 + third;
    let factor_low = (third - (factor - 1.0)) + (third_low + z * z * series);
    let (main, main_lost) = two_product::<L>(2.0 * s, factor);
    let main_low = main_lost + 2.0 * (s * factor_low + s_low * factor);
    let (high, lost) = two_sum(e * LN2_HIGH, main);
    (high, lost + (main_low + e * LN2_LOW))
}

/// Numbers from here on are integers.
const INTEGERS: f64 = 4_503_599_627_370_496.0;

/// Whether it is an integer.
#[inline(always)]
fn whole(x: f64) -> bool {
    let size = x.abs();
    (size >= INTEGERS) | ((size + INTEGERS) - INTEGERS == size)
}

/// `x^y`.
#[inline(always)]
pub(super) fn pow<L: Level>(x: f64, y: f64) -> f64 {
    let size = x.abs();
    let near = if y > FAR { FAR } else { y };
    let near = if near < -FAR { -FAR } else { near };
    let (high, low) = log::<L>(size);
    let (product, lost) = two_product::<L>(near, high);
    // Far outside the range of exp the low part is of no use, and may be large itself.
    let rest = if product.abs() < 1000.0 { lost + near * low } else { 0.0 };
    let (fraction, first, second) = exp_parts::<L>(product, rest);
    let value = (1.0 + fraction) * first * second;
    let at_end = if (size == f64::INFINITY) == (y > 0.0) { f64::INFINITY } else { 0.0 };
    let end = (size == 0.0) | (size == f64::INFINITY);
    let value = if end { at_end } else { value };
    let integer = whole(y);
    let odd = integer & !whole(0.5 * y);
    let below = if odd { -value } else { value };
    let below = if integer | end { below } else { f64::NAN };
    let negative = x.to_bits() >> 63 != 0;
    let value = if negative { below } else { value };
    // NaN of x or y, before the two cases that swallow it.
    let value = if x.is_nan() | y.is_nan() { f64::NAN } else { value };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { value }
}
