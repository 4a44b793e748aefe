//! Bernoulli draws with AVX-512: sixteen counters at a time, of neighbouring rows.
//!
//! A word stands in the low half of 64 bits, eight of even rows in one register and eight of odd
//! rows in another; what is in the high half is of no matter to the multiplication. So a product is
//! the next low word as it is, and the high word one shift away. The first rounds are the same for
//! all rows but for one word each, which is computed once for all.

use std::arch::x86_64::*;

use super::{MULTIPLIERS, ROUNDS, WEYL};

/// Rows of a step.
const STEP: usize = 16;

/// A word that is the same for all rows, and the parts of its product.
#[inline(always)]
fn wide(multiplier: u32, word: u32) -> (u32, u32) {
    let product = u64::from(multiplier) * u64::from(word);
    ((product >> 32) as u32, product as u32)
}

/// The keys of a round.
#[inline(always)]
fn key(key: [u32; 2], round: u32) -> [u32; 2] {
    std::array::from_fn(|at| key[at].wrapping_add(WEYL[at].wrapping_mul(round)))
}

/// What the first rounds make of a counter, but for the row.
#[derive(Clone, Copy)]
struct Start {
    /// Meets the row: word 0 after the first round.
    first: u32,
    /// Meets the high word of its product: word 2 after the second.
    second: u32,
    /// Meets the high word of the product of that: word 0 after the third.
    third: u32,
    /// Meet high word and low word of the product before: word 2 and word 3 after the third.
    fourth: u32,
    last: u32,
}

impl Start {
    #[inline(always)]
    fn of(own: [u32; 2], [coordinate, _, step, stream]: [u32; 4]) -> Start {
        let [k1, k2, k3] = [key(own, 0), key(own, 1), key(own, 2)];
        let (high, low) = (wide(MULTIPLIERS[0], coordinate), wide(MULTIPLIERS[1], step));
        // After one round: word 0 has the row, the others are known.
        let (b, c, d) = (low.1, high.0 ^ stream ^ k1[1], high.1);
        let second = wide(MULTIPLIERS[1], c);
        // After two: words 2 and 3 have the row.
        let (a, b2) = (second.0 ^ b ^ k2[0], second.1);
        let third = wide(MULTIPLIERS[0], a);
        Start {
            first: low.0 ^ k1[0],
            second: d ^ k2[1],
            third: b2 ^ k3[0],
            fourth: third.0 ^ k3[1],
            last: third.1,
        }
    }
}

/// Three words exclusively or.
macro_rules! mixed {
    ($x:expr, $y:expr, $z:expr) => {
        _mm512_ternarylogic_epi64::<0x96>($x, $y, $z)
    };
}

/// The words of eight counters after all rounds but the last.
///
/// # Safety
///
/// The machine has AVX-512.
#[inline(always)]
unsafe fn rounds(own: [u32; 2], start: &Start, rows: __m512i) -> [__m512i; 4] {
    // SAFETY: the caller's.
    unsafe {
        let all = |word: u32| _mm512_set1_epi64(i64::from(word));
        let (m0, m1) = (all(MULTIPLIERS[0]), all(MULTIPLIERS[1]));
        let a = _mm512_xor_si512(rows, all(start.first));
        let product = _mm512_mul_epu32(a, m0);
        let (c, d) =
            (_mm512_xor_si512(_mm512_srli_epi64::<32>(product), all(start.second)), product);
        let product = _mm512_mul_epu32(c, m1);
        let mut a = _mm512_xor_si512(_mm512_srli_epi64::<32>(product), all(start.third));
        let mut b = product;
        let mut c = _mm512_xor_si512(d, all(start.fourth));
        let mut d = all(start.last);
        for round in 3..ROUNDS as u32 - 1 {
            let [k0, k1] = key(own, round);
            let (first, second) = (_mm512_mul_epu32(a, m0), _mm512_mul_epu32(c, m1));
            a = mixed!(_mm512_srli_epi64::<32>(second), b, all(k0));
            c = mixed!(_mm512_srli_epi64::<32>(first), d, all(k1));
            (b, d) = (second, first);
        }
        [a, b, c, d]
    }
}

/// 1 where a word is at most `last`, else 0: the four words of a counter go to four lines, its row
/// is the counter's second word more than the place.
///
/// # Safety
///
/// The machine has AVX-512, and each place has room for so many numbers, which nobody else uses.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
pub(super) unsafe fn ones(
    own: [u32; 2],
    counter: [u32; 4],
    last: u32,
    out: [(*mut f32, usize); 4],
) {
    let start = Start::of(own, counter);
    let [k0, k1] = key(own, ROUNDS as u32 - 1);
    let len = out[0].1;
    let pairs = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    let last = _mm512_set1_epi32(last as i32);
    let one = _mm512_set1_ps(1.0);
    let (m0, m1) = (
        _mm512_set1_epi64(i64::from(MULTIPLIERS[0])),
        _mm512_set1_epi64(i64::from(MULTIPLIERS[1])),
    );
    let (k0, k1) = (_mm512_set1_epi32(k0 as i32), _mm512_set1_epi32(k1 as i32));
    // Even rows from low halves, odd rows from high halves.
    let both = |even: __m512i, odd: __m512i| _mm512_mask_blend_epi32(0xaaaa, even, odd);
    let up = |word: __m512i| _mm512_slli_epi64::<32>(word);
    let down = |word: __m512i| _mm512_srli_epi64::<32>(word);
    for first in (0..len).step_by(STEP) {
        let row = counter[1].wrapping_add(first as u32);
        let rows = |more: u32| {
            let first = _mm512_set1_epi32(row.wrapping_add(more) as i32);
            _mm512_add_epi32(pairs, first)
        };
        // SAFETY: the machine has the instructions.
        let (x, y) = unsafe { (rounds(own, &start, rows(0)), rounds(own, &start, rows(1))) };
        let (px, qx) = (_mm512_mul_epu32(x[0], m0), _mm512_mul_epu32(x[2], m1));
        let (py, qy) = (_mm512_mul_epu32(y[0], m0), _mm512_mul_epu32(y[2], m1));
        let words = [
            mixed!(both(down(qx), qy), both(x[1], up(y[1])), k0),
            both(qx, up(qy)),
            mixed!(both(down(px), py), both(x[3], up(y[3])), k1),
            both(px, up(py)),
        ];
        for ((to, len), word) in out.into_iter().zip(words) {
            let holds = _mm512_cmple_epu32_mask(word, last);
            let values = _mm512_maskz_mov_ps(holds, one);
            let count = len.saturating_sub(first).min(STEP);
            let kept = ((1u32 << count) - 1) as __mmask16;
            // SAFETY: the caller's: no more than `len` numbers are written.
            unsafe { _mm512_mask_storeu_ps(to.wrapping_add(first), kept, values) };
        }
    }
}
