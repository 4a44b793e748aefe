//! `exp`, `ln`, `sin` and `cos` in plain IEEE arithmetic, within 2 ulp.
//!
//! The functions of the standard library are the platform's and differ in the last bit; what must
//! come out the same everywhere uses these. Taylor series after a reduction.

use crate::scalar::table::{INVERSE_FACTORIALS, LN_2, LN_2_PARTS};
use crate::scalar::{DoubleDouble, reduce};

/// `2^exponent` for exponents of normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)).clamp(1, 2046) as u64) << 52)
}

/// `x 2^exponent`, also where the power alone would overflow.
pub(crate) fn scale(x: f64, exponent: i32) -> f64 {
    let half = exponent / 2;
    x * power_of_two(half) * power_of_two(exponent - half)
}

/// `(m, k)` with `x = m 2^k` and `m` between `sqrt 1/2` and `sqrt 2`, for `x` positive and finite.
pub(crate) fn split(x: f64) -> (f64, i32) {
    if x < f64::MIN_POSITIVE {
        let (m, k) = split(x * power_of_two(54));
        return (m, k - 54);
    }
    let bits = x.to_bits();
    let k = (bits >> 52) as i32 - 1023;
    let m = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if m > std::f64::consts::SQRT_2 { (0.5 * m, k + 1) } else { (m, k) }
}

/// `e^x = 2^k e^r` with `|r| <= ln 2 / 2`
pub fn exp(x: f64) -> f64 {
    if x.is_nan() || x > 710.0 {
        return x + f64::INFINITY;
    } else if x < -746.0 {
        return 0.0;
    }
    let k = (x * std::f64::consts::LOG2_E).round();
    let (high, low) = (x - k * LN_2_PARTS[0], k * LN_2_PARTS[1]);
    let r = high - low;
    let series = INVERSE_FACTORIALS[2..15].iter().rev().fold(0.0, |sum, term| sum * r + term.hi);
    scale(1.0 + (high + (r * r * series - low)), k as i32)
}

/// The natural logarithm: `k ln 2 + ln m` with `ln m = 2 artanh ((m - 1) / (m + 1))`
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    } else if x == 0.0 {
        return f64::NEG_INFINITY;
    } else if x.is_infinite() {
        return x;
    }
    let (m, k) = split(x);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let series = (1..13).rev().fold(0.0, |sum, n| sum * z + 2.0 / f64::from(2 * n + 1));
    // 2s = f - f^2/2 + s f^2/2: the exact f leads, so that the rounding of s does not show.
    let half = 0.5 * f * f;
    let k = f64::from(k);
    let low = k * (LN_2.hi - LN_2_PARTS[0] + LN_2.lo);
    k * LN_2_PARTS[0] - ((half - (s * (half + z * series) + low)) - f)
}

/// `sin r` for `|r| <= pi/4`
fn sin_small(r: DoubleDouble) -> f64 {
    let z = r.hi * r.hi;
    let terms = INVERSE_FACTORIALS[3..20].iter().step_by(2).rev();
    let series = terms.fold(0.0, |sum, term| term.hi - z * sum);
    r.hi + (r.lo * (1.0 - 0.5 * z) - r.hi * z * series)
}

/// `cos r` for `|r| <= pi/4`
fn cos_small(r: DoubleDouble) -> f64 {
    let z = r.hi * r.hi;
    let terms = INVERSE_FACTORIALS[4..21].iter().step_by(2).rev();
    let series = terms.fold(0.0, |sum, term| term.hi - z * sum);
    let half = 0.5 * z;
    let lead = 1.0 - half;
    lead + (((1.0 - lead) - half) + (z * z * series - r.hi * r.lo))
}

/// The sine of every finite number.
pub fn sin(x: f64) -> f64 {
    let (quadrant, r) = reduce(DoubleDouble::from(x));
    match quadrant {
        0 => sin_small(r),
        1 => cos_small(r),
        2 => -sin_small(r),
        _ => -cos_small(r),
    }
}

/// The cosine of every finite number.
pub fn cos(x: f64) -> f64 {
    let (quadrant, r) = reduce(DoubleDouble::from(x));
    match quadrant {
        0 => cos_small(r),
        1 => -sin_small(r),
        2 => -cos_small(r),
        _ => sin_small(r),
    }
}
