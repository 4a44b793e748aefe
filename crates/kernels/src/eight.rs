//! Eight lines of eight numbers, turned.

/// `out[k width + first + i] = lines[i][at + k]` for eight `i` and `k`, one by one.
#[inline(always)]
pub(crate) fn plain<T: Copy>(
    lines: &[&[T]; 8],
    at: usize,
    (width, first): (usize, usize),
    out: &mut [T],
) {
    let lines = lines.map(|line| &line[at..at + 8]);
    for (k, out) in out.chunks_exact_mut(width).enumerate() {
        let out = &mut out[first..first + 8];
        for (out, line) in out.iter_mut().zip(lines) {
            *out = line[k];
        }
    }
}

/// The same with eight vectors of f32: pairs, then fours, then halves are exchanged.
///
/// # Safety
///
/// The machine has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) unsafe fn eight(
    lines: &[&[f32]; 8],
    at: usize,
    (width, first): (usize, usize),
    out: &mut [f32],
) {
    use std::arch::x86_64::{
        _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_shuffle_ps, _mm256_storeu_ps,
        _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };
    // SAFETY: each line is cut to eight numbers from `at` on.
    let r = lines.map(|line| unsafe { _mm256_loadu_ps(line[at..at + 8].as_ptr()) });
    let pair = |x: usize| (_mm256_unpacklo_ps(r[x], r[x + 1]), _mm256_unpackhi_ps(r[x], r[x + 1]));
    let p = [pair(0), pair(2), pair(4), pair(6)];
    let four = |x: usize| {
        let (a, b) = (p[x], p[x + 1]);
        [
            _mm256_shuffle_ps::<0x44>(a.0, b.0),
            _mm256_shuffle_ps::<0xee>(a.0, b.0),
            _mm256_shuffle_ps::<0x44>(a.1, b.1),
            _mm256_shuffle_ps::<0xee>(a.1, b.1),
        ]
    };
    let (low, high) = (four(0), four(2));
    for k in 0..4 {
        let near = _mm256_permute2f128_ps::<0x20>(low[k], high[k]);
        let far = _mm256_permute2f128_ps::<0x31>(low[k], high[k]);
        for (k, value) in [(k, near), (k + 4, far)] {
            let out = &mut out[k * width + first..][..8];
            // SAFETY: `out` has eight numbers.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr(), value) };
        }
    }
}
