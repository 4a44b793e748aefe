//! Micro-kernels with vectors: AVX-512 and AVX2 with fused multiply-add.
//!
//! Loops over rows and vectors have constant ends and are unrolled; written with `while`, they need
//! nothing else to be inlined. While the sum runs, the first lines of the next tile's rows are
//! fetched.

use std::arch::x86_64::*;

use super::{Ahead, Block, FETCH, Tile};

/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Terms of one turn of the loop: counting takes the units that add.
const UNROLL: usize = 4;

/// Fetches from a term on: the lines of the next tile's rows, and some lines of the next block.
///
/// What it needs is read from memory each time, so that it takes no registers from the sum.
///
/// # Safety
///
/// The tables of the block are there.
#[inline(always)]
unsafe fn fetch<T, const ROWS: usize>(block: *const Block<T>, tile: *const Tile, k: usize) {
    // SAFETY: both are references of the caller, and the tables are there; fetching never faults.
    unsafe {
        let (next, turn) = ((&raw const (*tile).next).read_volatile(), k / FETCH);
        let rows = (&raw const (*block).rows_a).read_volatile().add(next);
        let a = (&raw const (*block).a).read_volatile();
        let a = a.wrapping_offset(*(&raw const (*block).steps_a).read_volatile().add(k));
        let mut i = 0;
        while i < ROWS {
            _mm_prefetch::<_MM_HINT_T0>(a.wrapping_offset(*rows.add(i)).cast());
            i += 1;
        }
        let each = (&raw const (*tile).each).read_volatile();
        let at = (&raw const (*tile).fetch).read_volatile() + turn * each;
        let Ahead { base, places, count, lines } = (&raw const (*block).ahead).read_volatile();
        let mut left =
            if at + each < count * lines { each } else { count * lines - at.min(count * lines) };
        if left > 0 {
            let (mut place, mut line) = (places.add(at / lines), at % lines);
            let mut from = base.wrapping_offset(*place).cast::<i8>().wrapping_add(line * LINE);
            loop {
                _mm_prefetch::<_MM_HINT_T1>(from);
                left -= 1;
                if left == 0 {
                    break;
                }
                line += 1;
                from = from.wrapping_add(LINE);
                if line == lines {
                    (place, line) = (place.add(1), 0);
                    from = base.wrapping_offset(*place).cast();
                }
            }
        }
    }
}

/// Kernels with vectors of one type: `ROWS` rows of `VECTORS` vectors.
macro_rules! vectors {
    ($name:ident, $type:ty, $lanes:expr, $features:expr,
     [$zero:ident $load:ident $splat:ident $fma:ident $add:ident $mul:ident $store:ident],
     $mask:ident, $load_part:ident, $store_part:ident) => {
        /// # Safety
        ///
        /// As [`super::Run`] says.
        #[allow(clippy::too_many_lines)] // cut in functions, its sums would leave the registers
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name<const ROWS: usize, const VECTORS: usize>(
            block: &Block<$type>,
            tile: &Tile,
        ) {
            let &Block { terms, a, b, steps_a, steps_b, first, .. } = block;
            let mut sums = [[$zero(); VECTORS]; ROWS];
            // SAFETY: the caller says that the tables and the places they name are there, whole
            // vectors of B and `cols` columns of C; fetching never faults.
            unsafe {
                let (rows_a, rows_c) = (block.rows_a.add(tile.row), block.rows_c.add(tile.row));
                let mut left = [a; ROWS];
                let mut i = 0;
                while i < ROWS {
                    left[i] = a.offset(*rows_a.add(i));
                    let mut j = 0;
                    let c = block.c.wrapping_offset(*rows_c.add(i));
                    while j < VECTORS {
                        _mm_prefetch::<_MM_HINT_T0>(c.wrapping_add(j * $lanes).cast());
                        j += 1;
                    }
                    i += 1;
                }
                macro_rules! term {
                    ($at:expr) => {{
                        let step = *steps_a.add($at);
                        let b = b.offset(*steps_b.add($at));
                        let mut right = [$zero(); VECTORS];
                        let mut j = 0;
                        while j < VECTORS {
                            right[j] = $load(b.add(j * $lanes));
                            j += 1;
                        }
                        let mut i = 0;
                        while i < ROWS {
                            let value = $splat(*left[i].offset(step));
                            let mut j = 0;
                            while j < VECTORS {
                                sums[i][j] = $fma(value, right[j], sums[i][j]);
                                j += 1;
                            }
                            i += 1;
                        }
                    }};
                }
                let mut k = 0;
                while k < terms {
                    fetch::<$type, ROWS>(block, tile, k);
                    let stop = if terms - k > FETCH { k + FETCH } else { terms };
                    while k + UNROLL <= stop {
                        let mut u = 0;
                        while u < UNROLL {
                            term!(k + u);
                            u += 1;
                        }
                        k += UNROLL;
                    }
                    while k < stop {
                        term!(k);
                        k += 1;
                    }
                }
                let scale = $splat(block.scale);
                let mask = $mask(block.cols - (VECTORS - 1) * $lanes);
                let mut i = 0;
                while i < ROWS {
                    let c = block.c.offset(*rows_c.add(i));
                    let mut j = 0;
                    while j < VECTORS {
                        let to = c.add(j * $lanes);
                        let mut total = sums[i][j];
                        if j + 1 < VECTORS {
                            if !first {
                                total = $add($load(to), total);
                            }
                            $store(to, $mul(total, scale));
                        } else {
                            if !first {
                                total = $add($load_part(to, mask), total);
                            }
                            $store_part(to, mask, $mul(total, scale));
                        }
                        j += 1;
                    }
                    i += 1;
                }
            }
        }
    };
}

#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
#[inline]
fn mask_wide_f32(count: usize) -> __mmask16 {
    ((1_u32 << count) - 1) as __mmask16
}

/// # Safety
///
/// The lanes of the mask may be read.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
#[inline]
unsafe fn load_wide_f32(from: *const f32, mask: __mmask16) -> __m512 {
    // SAFETY: the caller says so.
    unsafe { _mm512_maskz_loadu_ps(mask, from) }
}

/// # Safety
///
/// The lanes of the mask may be written.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
#[inline]
unsafe fn store_wide_f32(to: *mut f32, mask: __mmask16, value: __m512) {
    // SAFETY: the caller says so.
    unsafe { _mm512_mask_storeu_ps(to, mask, value) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
#[inline]
fn mask_wide_f64(count: usize) -> __mmask8 {
    ((1_u32 << count) - 1) as __mmask8
}

/// # Safety
///
/// The lanes of the mask may be read.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
#[inline]
unsafe fn load_wide_f64(from: *const f64, mask: __mmask8) -> __m512d {
    // SAFETY: the caller says so.
    unsafe { _mm512_maskz_loadu_pd(mask, from) }
}

/// # Safety
///
/// The lanes of the mask may be written.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
#[inline]
unsafe fn store_wide_f64(to: *mut f64, mask: __mmask8, value: __m512d) {
    // SAFETY: the caller says so.
    unsafe { _mm512_mask_storeu_pd(to, mask, value) }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn mask_middle_f32(count: usize) -> __m256i {
    _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
}

/// # Safety
///
/// The lanes of the mask may be read.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn load_middle_f32(from: *const f32, mask: __m256i) -> __m256 {
    // SAFETY: the caller says so.
    unsafe { _mm256_maskload_ps(from, mask) }
}

/// # Safety
///
/// The lanes of the mask may be written.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn store_middle_f32(to: *mut f32, mask: __m256i, value: __m256) {
    // SAFETY: the caller says so.
    unsafe { _mm256_maskstore_ps(to, mask, value) }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn mask_middle_f64(count: usize) -> __m256i {
    _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3))
}

/// # Safety
///
/// The lanes of the mask may be read.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn load_middle_f64(from: *const f64, mask: __m256i) -> __m256d {
    // SAFETY: the caller says so.
    unsafe { _mm256_maskload_pd(from, mask) }
}

/// # Safety
///
/// The lanes of the mask may be written.
#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn store_middle_f64(to: *mut f64, mask: __m256i, value: __m256d) {
    // SAFETY: the caller says so.
    unsafe { _mm256_maskstore_pd(to, mask, value) }
}

vectors!(
    wide_f32,
    f32,
    16,
    "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma",
    [_mm512_setzero_ps _mm512_loadu_ps _mm512_set1_ps _mm512_fmadd_ps _mm512_add_ps _mm512_mul_ps _mm512_storeu_ps],
    mask_wide_f32,
    load_wide_f32,
    store_wide_f32
);

vectors!(
    wide_f64,
    f64,
    8,
    "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma",
    [_mm512_setzero_pd _mm512_loadu_pd _mm512_set1_pd _mm512_fmadd_pd _mm512_add_pd _mm512_mul_pd _mm512_storeu_pd],
    mask_wide_f64,
    load_wide_f64,
    store_wide_f64
);

vectors!(
    middle_f32,
    f32,
    8,
    "avx2,fma",
    [_mm256_setzero_ps _mm256_loadu_ps _mm256_set1_ps _mm256_fmadd_ps _mm256_add_ps _mm256_mul_ps _mm256_storeu_ps],
    mask_middle_f32,
    load_middle_f32,
    store_middle_f32
);

vectors!(
    middle_f64,
    f64,
    4,
    "avx2,fma",
    [_mm256_setzero_pd _mm256_loadu_pd _mm256_set1_pd _mm256_fmadd_pd _mm256_add_pd _mm256_mul_pd _mm256_storeu_pd],
    mask_middle_f64,
    load_middle_f64,
    store_middle_f64
);
