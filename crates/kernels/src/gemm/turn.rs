//! Lines become columns: `out[k width + i] = lines[i][k]` for as many lines as a vector has lanes.
//!
//! Squares are turned in registers. A vector is first put together from quarters of four lines that
//! are as far from each other as its lanes; then entries change places within quarters only.

/// Turns so many lines.
///
/// # Safety
///
/// `lines` has as many pointers as the instruction set's vectors have lanes, each to `terms`
/// numbers; `out` has room for `terms` rows `width` apart; nobody else writes to any of them, and
/// the machine has the instruction set.
pub(crate) type Turn<T> =
    unsafe fn(lines: *const *const T, terms: usize, out: *mut T, width: usize);

/// Some terms, one number after the other.
///
/// # Safety
///
/// As [`Turn`] says, for these lanes.
#[inline(always)]
unsafe fn plain<T: Copy, const LANES: usize>(
    lines: *const *const T,
    terms: usize,
    out: *mut T,
    width: usize,
) {
    for i in 0..LANES {
        // SAFETY: the caller says so.
        unsafe {
            let line = *lines.add(i);
            for k in 0..terms {
                *out.add(k * width + i) = *line.add(k);
            }
        }
    }
}

macro_rules! narrow {
    ($name:ident, $type:ty) => {
        /// # Safety
        ///
        /// As [`Turn`] says.
        pub(super) unsafe fn $name(
            lines: *const *const $type,
            terms: usize,
            out: *mut $type,
            width: usize,
        ) {
            // SAFETY: the caller says so.
            unsafe { plain::<$type, 4>(lines, terms, out, width) };
        }
    };
}

narrow!(narrow_f32, f32);
narrow!(narrow_f64, f64);

#[cfg(target_arch = "x86_64")]
pub(super) use vectors::{middle_f32, middle_f64, wide_f32, wide_f64};

#[cfg(target_arch = "x86_64")]
mod vectors {
    use std::arch::x86_64::*;

    use super::plain;

    /// Squares one after the other; the last one may overlap the one before.
    macro_rules! turner {
        ($name:ident, $square:ident, $type:ty, $lanes:expr, $features:expr) => {
            /// # Safety
            ///
            /// As [`super::Turn`] says.
            #[target_feature(enable = $features)]
            pub(in crate::gemm) unsafe fn $name(
                lines: *const *const $type,
                terms: usize,
                out: *mut $type,
                width: usize,
            ) {
                // SAFETY: the caller says that there are so many lines of `terms` numbers, and
                // room for as many rows.
                unsafe {
                    if terms < $lanes {
                        return plain::<$type, $lanes>(lines, terms, out, width);
                    }
                    let mut k = 0;
                    while k < terms {
                        let at = if terms - k < $lanes { terms - $lanes } else { k };
                        $square(lines, at, out.add(at * width), width);
                        k += $lanes;
                    }
                }
            }
        };
    }

    turner!(wide_f32, square_wide_f32, f32, 16, "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma");
    turner!(wide_f64, square_wide_f64, f64, 8, "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma");
    turner!(middle_f32, square_middle_f32, f32, 8, "avx2,fma");
    turner!(middle_f64, square_middle_f64, f64, 4, "avx2,fma");

    /// # Safety
    ///
    /// 16 lines of 16 numbers from `at` on, room for 16 rows.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
    #[inline]
    unsafe fn square_wide_f32(lines: *const *const f32, at: usize, out: *mut f32, width: usize) {
        let mut quad = 0;
        while quad < 16 {
            // SAFETY: the caller says so.
            unsafe {
                let mut t = [_mm512_setzero_ps(); 4];
                let mut i = 0;
                while i < 4 {
                    let from = |line: usize| _mm_loadu_ps((*lines.add(line)).add(at + quad));
                    let v = _mm512_castps128_ps512(from(i));
                    let v = _mm512_insertf32x4::<1>(v, from(i + 4));
                    let v = _mm512_insertf32x4::<2>(v, from(i + 8));
                    t[i] = _mm512_insertf32x4::<3>(v, from(i + 12));
                    i += 1;
                }
                let low = [_mm512_unpacklo_ps(t[0], t[1]), _mm512_unpacklo_ps(t[2], t[3])];
                let high = [_mm512_unpackhi_ps(t[0], t[1]), _mm512_unpackhi_ps(t[2], t[3])];
                let low = [_mm512_castps_pd(low[0]), _mm512_castps_pd(low[1])];
                let high = [_mm512_castps_pd(high[0]), _mm512_castps_pd(high[1])];
                let rows = [
                    _mm512_unpacklo_pd(low[0], low[1]),
                    _mm512_unpackhi_pd(low[0], low[1]),
                    _mm512_unpacklo_pd(high[0], high[1]),
                    _mm512_unpackhi_pd(high[0], high[1]),
                ];
                let mut k = 0;
                while k < 4 {
                    let to = out.add((quad + k) * width);
                    _mm512_storeu_ps(to, _mm512_castpd_ps(rows[k]));
                    k += 1;
                }
            }
            quad += 4;
        }
    }

    /// # Safety
    ///
    /// 8 lines of 8 numbers from `at` on, room for 8 rows.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
    #[inline]
    unsafe fn square_wide_f64(lines: *const *const f64, at: usize, out: *mut f64, width: usize) {
        let mut pair = 0;
        while pair < 8 {
            // SAFETY: the caller says so.
            unsafe {
                let mut t = [_mm512_setzero_pd(); 2];
                let mut i = 0;
                while i < 2 {
                    let from = |line: usize| _mm_loadu_pd((*lines.add(line)).add(at + pair));
                    let v = _mm512_castpd128_pd512(from(i));
                    let v = _mm512_insertf64x2::<1>(v, from(i + 2));
                    let v = _mm512_insertf64x2::<2>(v, from(i + 4));
                    t[i] = _mm512_insertf64x2::<3>(v, from(i + 6));
                    i += 1;
                }
                let to = out.add(pair * width);
                _mm512_storeu_pd(to, _mm512_unpacklo_pd(t[0], t[1]));
                _mm512_storeu_pd(to.add(width), _mm512_unpackhi_pd(t[0], t[1]));
            }
            pair += 2;
        }
    }

    /// # Safety
    ///
    /// 8 lines of 8 numbers from `at` on, room for 8 rows.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    unsafe fn square_middle_f32(lines: *const *const f32, at: usize, out: *mut f32, width: usize) {
        let mut quad = 0;
        while quad < 8 {
            // SAFETY: the caller says so.
            unsafe {
                let mut t = [_mm256_setzero_ps(); 4];
                let mut i = 0;
                while i < 4 {
                    let from = |line: usize| _mm_loadu_ps((*lines.add(line)).add(at + quad));
                    let v = _mm256_castps128_ps256(from(i));
                    t[i] = _mm256_insertf128_ps::<1>(v, from(i + 4));
                    i += 1;
                }
                let low = [_mm256_unpacklo_ps(t[0], t[1]), _mm256_unpacklo_ps(t[2], t[3])];
                let high = [_mm256_unpackhi_ps(t[0], t[1]), _mm256_unpackhi_ps(t[2], t[3])];
                let low = [_mm256_castps_pd(low[0]), _mm256_castps_pd(low[1])];
                let high = [_mm256_castps_pd(high[0]), _mm256_castps_pd(high[1])];
                let rows = [
                    _mm256_unpacklo_pd(low[0], low[1]),
                    _mm256_unpackhi_pd(low[0], low[1]),
                    _mm256_unpacklo_pd(high[0], high[1]),
                    _mm256_unpackhi_pd(high[0], high[1]),
                ];
                let mut k = 0;
                while k < 4 {
                    let to = out.add((quad + k) * width);
                    _mm256_storeu_ps(to, _mm256_castpd_ps(rows[k]));
                    k += 1;
                }
            }
            quad += 4;
        }
    }

    /// # Safety
    ///
    /// 4 lines of 4 numbers from `at` on, room for 4 rows.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    unsafe fn square_middle_f64(lines: *const *const f64, at: usize, out: *mut f64, width: usize) {
        let mut pair = 0;
        while pair < 4 {
            // SAFETY: the caller says so.
            unsafe {
                let mut t = [_mm256_setzero_pd(); 2];
                let mut i = 0;
                while i < 2 {
                    let from = |line: usize| _mm_loadu_pd((*lines.add(line)).add(at + pair));
                    let v = _mm256_castpd128_pd256(from(i));
                    t[i] = _mm256_insertf128_pd::<1>(v, from(i + 2));
                    i += 1;
                }
                let to = out.add(pair * width);
                _mm256_storeu_pd(to, _mm256_unpacklo_pd(t[0], t[1]));
                _mm256_storeu_pd(to.add(width), _mm256_unpackhi_pd(t[0], t[1]));
            }
            pair += 2;
        }
    }
}
