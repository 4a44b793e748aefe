//! Arithmetic modulo a prime in which signs and roots behave as over the reals.
//!
//! `P` is a safe prime, 23 modulo 24: -1 is no square, 2 and 3 (and all primes up to 23) are, and
//! every odd root is unique. So "a square" is a model of "positive": products of positive numbers are
//! positive, exactly one of `v` and `-v` is, a square root is the one root that is positive itself.

use crate::size::Ratio;

/// The largest such prime below 2^61.
pub(super) const P: u64 = 2_305_843_009_213_542_959;

/// Why a draw ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// A value does not exist here: other values are drawn.
    Redraw,
    /// The proof is wrong, in words.
    Wrong(String),
}

pub(super) type Got<T> = Result<T, Stop>;

pub(super) fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= P { sum - P } else { sum }
}

pub(super) fn negative(a: u64) -> u64 {
    if a == 0 { 0 } else { P - a }
}

pub(super) fn times(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(P)) as u64
}

pub(super) fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut out = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            out = times(out, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    out
}

pub(super) fn inverse(a: u64) -> Got<u64> {
    if a == 0 { Err(Stop::Redraw) } else { Ok(power(a, P - 2)) }
}

pub(super) fn is_positive(a: u64) -> bool {
    a != 0 && power(a, (P - 1) / 2) == 1
}

/// `a` or `-a`, whichever is positive.
pub(super) fn magnitude(a: u64) -> u64 {
    if a == 0 || is_positive(a) { a } else { negative(a) }
}

pub(super) fn number(value: i128) -> u64 {
    value.rem_euclid(i128::from(P)) as u64
}

pub(super) fn ratio(value: Ratio) -> Got<u64> {
    Ok(times(number(value.numerator()), inverse(number(value.denominator()))?))
}

/// `a^q`; even roots of what is not positive do not exist.
pub(super) fn rational_power(a: u64, q: Ratio) -> Got<u64> {
    let (mut root, mut of) = (q.denominator(), a);
    while root % 2 == 0 {
        if !is_positive(of) {
            return Err(Stop::Redraw);
        }
        of = power(of, P.div_ceil(4));
        root /= 2;
    }
    if root > 1 {
        of = power(of, inverse_of_exponent(root)?);
    }
    let top = q.numerator();
    let size = u64::try_from(top.unsigned_abs()).map_err(|_| Stop::Redraw)?;
    let value = power(of, size);
    if top < 0 { inverse(value) } else { Ok(value) }
}

/// The exponent that takes an odd root: its inverse modulo `P - 1`.
fn inverse_of_exponent(root: i128) -> Got<u64> {
    let modulus = i128::from(P - 1);
    let (mut a, mut b, mut x, mut y) = (root.rem_euclid(modulus), modulus, 1_i128, 0_i128);
    while b != 0 {
        let q = a / b;
        (a, b) = (b, a - q * b);
        (x, y) = (y, x - q * y);
    }
    if a != 1 {
        return Err(Stop::Redraw);
    }
    Ok(x.rem_euclid(modulus) as u64)
}

/// A number that depends on what goes in and on nothing else.
pub(super) fn hash(parts: impl IntoIterator<Item = u64>) -> u64 {
    let mut h = 0x51_7c_c1_b7_27_22_0a_95_u64;
    for part in parts {
        h = (h.rotate_left(29) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        h ^= h >> 32;
        h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
        h ^= h >> 29;
    }
    h % P
}

pub(super) fn hash_text(text: &str) -> u64 {
    hash(text.bytes().map(u64::from))
}

/// The determinant and, if it is not 0, the inverse of a matrix, row-major.
pub(super) fn solved(n: usize, matrix: &[u64]) -> (u64, Option<Vec<u64>>) {
    let mut a = matrix.to_vec();
    let mut b: Vec<u64> = (0..n * n).map(|at| u64::from(at / n == at % n)).collect();
    let mut det = 1;
    for k in 0..n {
        let Some(pivot) = (k..n).find(|i| a[i * n + k] != 0) else { return (0, None) };
        if pivot != k {
            det = negative(det);
            for j in 0..n {
                a.swap(pivot * n + j, k * n + j);
                b.swap(pivot * n + j, k * n + j);
            }
        }
        det = times(det, a[k * n + k]);
        let Ok(scale) = inverse(a[k * n + k]) else { return (0, None) };
        for j in 0..n {
            a[k * n + j] = times(a[k * n + j], scale);
            b[k * n + j] = times(b[k * n + j], scale);
        }
        for i in (0..n).filter(|i| *i != k) {
            let by = negative(a[i * n + k]);
            for j in 0..n {
                a[i * n + j] = add(a[i * n + j], times(by, a[k * n + j]));
                b[i * n + j] = add(b[i * n + j], times(by, b[k * n + j]));
            }
        }
    }
    (det, Some(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_roots() {
        assert!([2, 3, 5, 7, 11, 13, 17, 19, 23].into_iter().all(is_positive));
        assert!(!is_positive(P - 1) && P % 24 == 23);
        let half = Ratio::ONE.divide(Ratio::whole_number(2)).expect("a half");
        let third = Ratio::ONE.divide(Ratio::whole_number(3)).expect("a third");
        for a in [4, 12_345_678_901, 99, 7 << 40] {
            let square = times(a, a);
            assert_eq!(rational_power(square, half), Ok(magnitude(a)));
            let root = rational_power(a, third).expect("a cube root");
            assert_eq!(power(root, 3), a);
        }
        assert_eq!(rational_power(P - 4, half), Err(Stop::Redraw));
        let (det, inverse) = solved(2, &[1, 2, 3, 4]);
        assert_eq!((det, times(2, inverse.expect("regular")[1])), (P - 2, 2));
    }
}
