//! Products of few rows or few columns whose terms are neighbours in both arrays: vectors run along
//! the sum, so that nothing is packed. An entry is the sum of the lanes of one vector, halves added
//! to halves.

/// `C[i, j] = scale sum over k of A[i, k] B[j, k]` with places `A[i, k] = a + rows_a[i] + k`,
/// `B[j, k] = b + cols_b[j] + k`, `C[i, j] = c + rows_c[i] + cols_c[j]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dots<T> {
    pub(crate) terms: usize,
    pub(crate) a: *const T,
    pub(crate) rows_a: *const isize,
    pub(crate) b: *const T,
    pub(crate) cols_b: *const isize,
    pub(crate) c: *mut T,
    pub(crate) rows_c: *const isize,
    pub(crate) cols_c: *const isize,
    pub(crate) scale: T,
}

/// The tile that begins at a row and a column.
///
/// # Safety
///
/// All places of the tile may be read, those of C written, nobody else writes them at the same
/// time, and the machine has the instruction set.
pub(super) type Dot<T> = unsafe fn(work: &Dots<T>, row: usize, column: usize);

/// Rows and columns of a tile at most.
pub(super) const ROWS: usize = 5;
pub(super) const COLS: usize = 4;

/// A family by rows less one, then by columns less one.
pub(super) type Table<T> = [[Dot<T>; COLS]; ROWS];

macro_rules! table {
    ($name:ident) => {
        [
            [$name::<1, 1>, $name::<1, 2>, $name::<1, 3>, $name::<1, 4>],
            [$name::<2, 1>, $name::<2, 2>, $name::<2, 3>, $name::<2, 4>],
            [$name::<3, 1>, $name::<3, 2>, $name::<3, 3>, $name::<3, 4>],
            [$name::<4, 1>, $name::<4, 2>, $name::<4, 3>, $name::<4, 4>],
            [$name::<5, 1>, $name::<5, 2>, $name::<5, 3>, $name::<5, 4>],
        ]
    };
}

macro_rules! narrow {
    ($name:ident, $table:ident, $type:ty) => {
        pub(super) static $table: Table<$type> = table!($name);

        /// # Safety
        ///
        /// As [`Dot`] says.
        unsafe fn $name<const R: usize, const C: usize>(
            work: &Dots<$type>,
            row: usize,
            column: usize,
        ) {
            for i in row..row + R {
                for j in column..column + C {
                    // SAFETY: the caller says that the tables and the places they name are there.
                    unsafe {
                        let a = work.a.offset(*work.rows_a.add(i));
                        let b = work.b.offset(*work.cols_b.add(j));
                        let mut sums = [0.0; 4];
                        for k in 0..work.terms {
                            sums[k % 4] += *a.add(k) * *b.add(k);
                        }
                        let sum = (sums[0] + sums[2]) + (sums[1] + sums[3]);
                        let to = work.c.offset(*work.rows_c.add(i) + *work.cols_c.add(j));
                        *to = sum * work.scale;
                    }
                }
            }
        }
    };
}

narrow!(narrow_f32, NARROW_F32, f32);
narrow!(narrow_f64, NARROW_F64, f64);

#[cfg(target_arch = "x86_64")]
pub(super) use vectors::{MIDDLE_F32, MIDDLE_F64, WIDE_F32, WIDE_F64};

#[cfg(target_arch = "x86_64")]
mod vectors {
    use std::arch::x86_64::*;

    use super::super::vectors::{
        load_middle_f32, load_middle_f64, load_wide_f32, load_wide_f64, mask_middle_f32,
        mask_middle_f64, mask_wide_f32, mask_wide_f64,
    };
    use super::{Dots, Table};

    macro_rules! vectors {
        ($name:ident, $table:ident, $type:ty, $lanes:expr, $features:expr, $zero:ident,
         $load:ident, $fma:ident, $mask:ident, $load_part:ident, $total:ident) => {
            pub(in crate::gemm) static $table: Table<$type> = table!($name);

            /// # Safety
            ///
            /// As [`super::Dot`] says.
            #[target_feature(enable = $features)]
            unsafe fn $name<const R: usize, const C: usize>(
                work: &Dots<$type>,
                row: usize,
                column: usize,
            ) {
                let mut sums = [[$zero(); C]; R];
                let (mut a, mut b) = ([work.a; R], [work.b; C]);
                let whole = work.terms / $lanes * $lanes;
                let mask = $mask(work.terms - whole);
                // SAFETY: the caller says that the tables and the places they name are there; the
                // mask leaves out what lies behind the last term.
                unsafe {
                    let mut i = 0;
                    while i < R {
                        a[i] = work.a.offset(*work.rows_a.add(row + i));
                        i += 1;
                    }
                    let mut j = 0;
                    while j < C {
                        b[j] = work.b.offset(*work.cols_b.add(column + j));
                        j += 1;
                    }
                    let mut k = 0;
                    while k < work.terms {
                        let part = k == whole;
                        let mut right = [$zero(); C];
                        let mut j = 0;
                        while j < C {
                            let from = b[j].add(k);
                            right[j] = if part { $load_part(from, mask) } else { $load(from) };
                            j += 1;
                        }
                        let mut i = 0;
                        while i < R {
                            let from = a[i].add(k);
                            let left = if part { $load_part(from, mask) } else { $load(from) };
                            let mut j = 0;
                            while j < C {
                                sums[i][j] = $fma(left, right[j], sums[i][j]);
                                j += 1;
                            }
                            i += 1;
                        }
                        k += $lanes;
                    }
                    let mut i = 0;
                    while i < R {
                        let c = work.c.offset(*work.rows_c.add(row + i));
                        let mut j = 0;
                        while j < C {
                            let to = c.offset(*work.cols_c.add(column + j));
                            *to = $total(sums[i][j]) * work.scale;
                            j += 1;
                        }
                        i += 1;
                    }
                }
            }
        };
    }

    vectors!(
        wide_f32,
        WIDE_F32,
        f32,
        16,
        "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma",
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        _mm512_fmadd_ps,
        mask_wide_f32,
        load_wide_f32,
        total_wide_f32
    );
    vectors!(
        wide_f64,
        WIDE_F64,
        f64,
        8,
        "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma",
        _mm512_setzero_pd,
        _mm512_loadu_pd,
        _mm512_fmadd_pd,
        mask_wide_f64,
        load_wide_f64,
        total_wide_f64
    );
    vectors!(
        middle_f32,
        MIDDLE_F32,
        f32,
        8,
        "avx2,fma",
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        _mm256_fmadd_ps,
        mask_middle_f32,
        load_middle_f32,
        total_middle_f32
    );
    vectors!(
        middle_f64,
        MIDDLE_F64,
        f64,
        4,
        "avx2,fma",
        _mm256_setzero_pd,
        _mm256_loadu_pd,
        _mm256_fmadd_pd,
        mask_middle_f64,
        load_middle_f64,
        total_middle_f64
    );

    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
    #[inline]
    fn total_wide_f32(v: __m512) -> f32 {
        let half = _mm512_extractf32x8_ps::<1>(v);
        total_middle_f32(_mm256_add_ps(_mm512_castps512_ps256(v), half))
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
    #[inline]
    fn total_wide_f64(v: __m512d) -> f64 {
        let half = _mm512_extractf64x4_pd::<1>(v);
        total_middle_f64(_mm256_add_pd(_mm512_castpd512_pd256(v), half))
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn total_middle_f32(v: __m256) -> f32 {
        let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
        _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)))
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn total_middle_f64(v: __m256d) -> f64 {
        let v = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
        _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v)))
    }
}
