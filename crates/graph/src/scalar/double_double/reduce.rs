//! Reduction modulo pi/2 in fixed point (Payne and Hanek 1983): exact for every argument.

use super::DoubleDouble;
use super::table::{HALF_PI, TWO_OVER_PI};
use crate::elementary::scale;

/// A number modulo 4 with 318 bits after the point, the leading word first.
type Fixed = [u64; 5];

fn add(a: Fixed, b: Fixed) -> Fixed {
    let mut sum = [0; 5];
    let mut carry = 0;
    for i in (0..5).rev() {
        let word = u128::from(a[i]) + u128::from(b[i]) + carry;
        sum[i] = word as u64;
        carry = word >> 64;
    }
    sum
}

fn negate(a: Fixed) -> Fixed {
    add(a.map(|word| !word), [0, 0, 0, 0, 1])
}

/// The 320 bits of 2/pi after the first `skip`.
fn window(skip: usize) -> Fixed {
    let (word, bits) = (skip / 64, skip % 64);
    std::array::from_fn(|i| {
        let pair = u128::from(TWO_OVER_PI[word + i]) << 64 | u128::from(TWO_OVER_PI[word + i + 1]);
        (pair << bits >> 64) as u64
    })
}

/// `x 2/pi` modulo 4. The bits of 2/pi that give multiples of 4 are not even read.
fn quarter_turns(x: f64) -> Fixed {
    let bits = x.to_bits();
    let field = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let skip = (exponent - 2).max(0);
    let shift = usize::try_from(2 - exponent + skip).unwrap_or(0);
    let mut product = [0; 6];
    let mut carry = 0;
    for (i, word) in window(usize::try_from(skip).unwrap_or(0)).into_iter().enumerate().rev() {
        let term = u128::from(word) * u128::from(mantissa) + carry;
        product[i + 1] = term as u64;
        carry = term >> 64;
    }
    product[0] = carry as u64;
    let (words, bits) = (shift / 64, shift % 64);
    let at = |i: usize| i.checked_sub(words).map_or(0, |i| u128::from(product[i]));
    let shifted = std::array::from_fn(|i| ((at(i) << 64 | at(i + 1)) >> bits) as u64);
    if x < 0.0 { negate(shifted) } else { shifted }
}

/// `(q, r)` with `x = q pi/2 + r` modulo a turn, `q < 4` and `|r| <= pi/4`; `r` to 31 digits.
pub(crate) fn reduce(x: DoubleDouble) -> (usize, DoubleDouble) {
    if !x.hi.is_finite() {
        return (0, DoubleDouble::from(f64::NAN));
    } else if x.hi.abs() < HALF_PI.hi / 2.0 {
        return (0, x);
    }
    // Half a quarter more makes rounding to the nearest a cut.
    let mut turns = add(quarter_turns(x.hi), quarter_turns(x.lo));
    turns[0] = turns[0].wrapping_add(1 << 61);
    let quadrant = (turns[0] >> 62) as usize;
    turns[0] = (turns[0] & ((1 << 62) - 1)).wrapping_sub(1 << 61);
    let negative = turns[0] >> 63 == 1;
    if negative {
        turns = negate(turns);
    }
    let mut sum = DoubleDouble::from(0.0);
    let mut weight = -318;
    for word in turns.into_iter().rev() {
        for half in [word as u32, (word >> 32) as u32] {
            sum += DoubleDouble::from(scale(f64::from(half), weight));
            weight += 32;
        }
    }
    let r = sum * HALF_PI;
    (quadrant, if negative { -r } else { r })
}
