//! Micro-kernels of the matrix product: a small tile of the result is kept in registers while the
//! sum runs.
//!
//! The structure is that of F. G. Van Zee and R. A. van de Geijn (BLIS: A Framework for Rapidly
//! Instantiating BLAS Functionality, 2015), after K. Goto and R. A. van de Geijn (Anatomy of
//! High-Performance Matrix Multiplication, 2008).

pub(crate) mod pack;
pub(crate) mod turn;

use crate::isa::{Isa, Present};

/// `out = sum over k of a[k] b[k]^T`: `a` has `height` numbers for each `k`, `b` and the rows of
/// `out` have `width`.
///
/// # Safety
///
/// The three places hold as many numbers, nobody writes to them at the same time, and the machine
/// has the instruction set.
type Run<T> = unsafe fn(k: usize, a: *const T, b: *const T, out: *mut T);

/// A family of micro-kernels of one instruction set.
pub(crate) struct Micro<T: 'static> {
    /// Rows of a panel of the left array.
    pub(crate) height: usize,
    /// Columns of a panel of the right array.
    pub(crate) width: usize,
    /// Columns of a vector.
    lanes: usize,
    /// By rows less one, then by vectors less one.
    table: &'static [&'static [Run<T>]],
    #[allow(dead_code)]
    isa: Present,
}

impl<T> Micro<T> {
    /// Computes the first `rows` rows and the first `cols` columns, or more of them.
    pub(crate) fn run(
        &self,
        (rows, cols): (usize, usize),
        k: usize,
        a: &[T],
        b: &[T],
        out: &mut [T],
    ) {
        assert!((1..=self.height).contains(&rows) && (1..=self.width).contains(&cols));
        assert!(a.len() >= k * self.height && b.len() >= k * self.width);
        assert!(out.len() >= self.height * self.width);
        let kernel = self.table[rows - 1][(cols - 1) / self.lanes];
        // SAFETY: the lengths are checked, the slices exclude other threads, and `isa` is present.
        unsafe { kernel(k, a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) };
    }
}

/// Kernels with vectors of one type: `ROWS` rows of `VECTORS` vectors, in panels of `$height` by
/// `$width`.
#[cfg(target_arch = "x86_64")]
macro_rules! vectors {
    ($name:ident, $type:ty, $lanes:expr, $height:expr, $width:expr, $features:expr,
     $zero:ident, $load:ident, $splat:ident, $fma:ident, $store:ident) => {
        /// # Safety
        ///
        /// As [`Run`] says.
        #[target_feature(enable = $features)]
        unsafe fn $name<const ROWS: usize, const VECTORS: usize>(
            k: usize,
            a: *const $type,
            b: *const $type,
            out: *mut $type,
        ) {
            use std::arch::x86_64::*;
            let (mut a, mut b) = (a, b);
            let mut sums = [[$zero(); VECTORS]; ROWS];
            // SAFETY: the caller says that `k` columns of panels of this height and width are there.
            unsafe {
                for _ in 0..k {
                    let mut right = [$zero(); VECTORS];
                    for (at, right) in right.iter_mut().enumerate() {
                        *right = $load(b.add(at * $lanes));
                    }
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let left = $splat(*a.add(row));
                        for (sum, right) in sums.iter_mut().zip(right) {
                            *sum = $fma(left, right, *sum);
                        }
                    }
                    a = a.add($height);
                    b = b.add($width);
                }
                for (row, sums) in sums.iter().enumerate() {
                    for (at, sum) in sums.iter().enumerate() {
                        $store(out.add(row * $width + at * $lanes), *sum);
                    }
                }
            }
        }
    };
}

/// A table of the instances with 1 to 8 rows (the last entries of a lower family are not used).
macro_rules! table {
    ($name:ident, [$($rows:literal)*]) => {
        &[$(&[$name::<$rows, 1>, $name::<$rows, 2>]),*]
    };
}

#[cfg(target_arch = "x86_64")]
vectors!(
    wide_f32,
    f32,
    16,
    8,
    32,
    "avx512f,avx2,fma",
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_storeu_ps
);
#[cfg(target_arch = "x86_64")]
vectors!(
    wide_f64,
    f64,
    8,
    8,
    16,
    "avx512f,avx2,fma",
    _mm512_setzero_pd,
    _mm512_loadu_pd,
    _mm512_set1_pd,
    _mm512_fmadd_pd,
    _mm512_storeu_pd
);
#[cfg(target_arch = "x86_64")]
vectors!(
    middle_f32,
    f32,
    8,
    6,
    16,
    "avx2,fma",
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_storeu_ps
);
#[cfg(target_arch = "x86_64")]
vectors!(
    middle_f64,
    f64,
    4,
    6,
    8,
    "avx2,fma",
    _mm256_setzero_pd,
    _mm256_loadu_pd,
    _mm256_set1_pd,
    _mm256_fmadd_pd,
    _mm256_storeu_pd
);

/// Kernels without vectors of their own: `ROWS` rows of `VECTORS` groups of four.
macro_rules! scalars {
    ($name:ident, $type:ty) => {
        /// # Safety
        ///
        /// As [`Run`] says.
        unsafe fn $name<const ROWS: usize, const VECTORS: usize>(
            k: usize,
            a: *const $type,
            b: *const $type,
            out: *mut $type,
        ) {
            // SAFETY: the caller says that the panels are there.
            let (a, b, out) = unsafe {
                (
                    std::slice::from_raw_parts(a, 4 * k),
                    std::slice::from_raw_parts(b, 8 * k),
                    std::slice::from_raw_parts_mut(out, 4 * 8),
                )
            };
            let mut sums = [[[0.0; 4]; VECTORS]; ROWS];
            for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(8)) {
                for (sums, &left) in sums.iter_mut().zip(a) {
                    for (sum, right) in sums.iter_mut().zip(b.chunks_exact(4)) {
                        for (sum, right) in sum.iter_mut().zip(right) {
                            *sum += left * right;
                        }
                    }
                }
            }
            for (sums, out) in sums.iter().zip(out.chunks_exact_mut(8)) {
                out[..4 * VECTORS].copy_from_slice(sums.as_flattened());
            }
        }
    };
}

scalars!(narrow_f32, f32);
scalars!(narrow_f64, f64);

macro_rules! family {
    ($type:ident, $wide:ident, $middle:ident, $narrow:ident, $lanes:expr) => {
        impl Micro<$type> {
            /// The kernels of an instruction set.
            pub(crate) fn of(isa: Present) -> Micro<$type> {
                match isa.isa() {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 => Micro {
                        height: 8,
                        width: 2 * $lanes,
                        lanes: $lanes,
                        table: table!($wide, [1 2 3 4 5 6 7 8]),
                        isa,
                    },
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => Micro {
                        height: 6,
                        width: $lanes,
                        lanes: $lanes / 2,
                        table: table!($middle, [1 2 3 4 5 6]),
                        isa,
                    },
                    _ => Micro {
                        height: 4,
                        width: 8,
                        lanes: 4,
                        table: table!($narrow, [1 2 3 4]),
                        isa,
                    },
                }
            }
        }
    };
}

family!(f32, wide_f32, middle_f32, narrow_f32, 16);
family!(f64, wide_f64, middle_f64, narrow_f64, 8);
