//! The pieces of one instruction set: transforms, and tiles of the small products.

use super::transforms::{self, BLOCK, POINTS, Patch};
use super::vectors::{Plain, Vector};
use crate::isa::{Isa, Present};

/// Numbers from one channel to the next where all points of a block stand together: a line more
/// than the points take, so that channels do not fall on each other in the cache.
pub(super) const CHANNEL: usize = POINTS * BLOCK + 16;

/// The arrays of a tile of a product `C[r, n] (+)= sum over k of A[r, k] B[k, n]`.
#[derive(Clone, Copy)]
pub(super) struct Product {
    /// Terms of the sum.
    pub(super) k: usize,
    /// The left array, and numbers from one `k` to the next.
    pub(super) a: (*const f32, usize),
    pub(super) b: (*const f32, usize),
    pub(super) c: (*mut f32, usize),
    /// Whether the sum is added to what is there.
    pub(super) add: bool,
}

/// A tile of some rows and some vectors.
///
/// # Safety
///
/// The machine has the vectors, the arrays are there, and `C` is the caller's alone.
type Tile = unsafe fn(Product);

/// # Safety
///
/// As for [`transforms::input`].
type Spread = unsafe fn(Patch, *mut f32);

/// # Safety
///
/// As for [`transforms::output`].
type Gather = unsafe fn(*const f32, Patch);

/// # Safety
///
/// As for [`Vector::turn`].
type Turn = unsafe fn(*const f32, usize, *mut f32, usize);

/// Tiles by vectors less one, then by rows less one.
type Tiles = &'static [&'static [Tile]];

/// The pieces of one instruction set.
#[derive(Clone, Copy)]
pub(super) struct Kit {
    /// Numbers of a vector.
    pub(super) width: usize,
    pub(super) input: Spread,
    pub(super) error: Spread,
    pub(super) output: Gather,
    pub(super) turn: Turn,
    /// Tiles whose left array has its rows one after the other: `A[r, k] = a[k step + r]`.
    packed: Tiles,
    /// Tiles whose left array has a row each channel: `A[r, k] = a[r CHANNEL + k step]`.
    apart: Tiles,
}

impl Kit {
    pub(super) fn of(isa: Present) -> Kit {
        match isa.isa() {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => wide::KIT,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => middle::KIT,
            _ => narrow::KIT,
        }
    }

    /// Vectors of a tile, at most.
    pub(super) fn vectors(&self) -> usize {
        self.packed.len()
    }

    /// Rows of a tile of so many vectors, at most.
    pub(super) fn rows(&self, vectors: usize) -> usize {
        self.packed[vectors - 1].len()
    }

    /// A whole product with a packed left array: panels of `height` rows, one every `panel` numbers.
    ///
    /// # Safety
    ///
    /// The arrays are there, `C` is the caller's alone, and the machine has the instructions.
    pub(super) unsafe fn packed(
        &self,
        (height, panel): (usize, usize),
        (rows, cols): (usize, usize),
        product: Product,
    ) {
        // SAFETY: as the caller says.
        unsafe { self.all(self.packed, (height, panel), (rows, cols), product) };
    }

    /// A whole product whose left array has a row each channel.
    ///
    /// # Safety
    ///
    /// The arrays are there, `C` is the caller's alone, and the machine has the instructions.
    pub(super) unsafe fn apart(&self, (rows, cols): (usize, usize), product: Product) {
        let vectors = cols.div_ceil(self.width).min(self.vectors());
        let most = self.rows(vectors);
        // Tiles of about the same height.
        let height = rows.div_ceil(rows.div_ceil(most));
        // SAFETY: as the caller says.
        unsafe { self.all(self.apart, (height, height * CHANNEL), (rows, cols), product) };
    }

    /// # Safety
    ///
    /// As for [`Kit::packed`].
    #[inline]
    unsafe fn all(
        &self,
        tiles: Tiles,
        (height, panel): (usize, usize),
        (rows, cols): (usize, usize),
        product: Product,
    ) {
        let vectors = cols.div_ceil(self.width);
        let mut done = 0;
        while done < vectors {
            let now = (vectors - done).min(self.vectors());
            for (at, row) in (0..rows).step_by(height).enumerate() {
                let tile = tiles[now - 1][height.min(rows - row) - 1];
                // SAFETY: as the caller says: the tile is inside the product.
                unsafe {
                    tile(Product {
                        a: (product.a.0.add(at * panel), product.a.1),
                        b: (product.b.0.add(done * self.width), product.b.1),
                        c: (product.c.0.add(row * product.c.1 + done * self.width), product.c.1),
                        ..product
                    });
                }
            }
            done += now;
        }
    }
}

/// A tile: its sums stay in registers.
///
/// # Safety
///
/// As for [`Tile`].
#[inline(always)]
unsafe fn tile<V: Vector, const VECTORS: usize, const ROWS: usize, const APART: usize>(
    of: Product,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; ROWS];
        let (mut a, mut b) = (of.a.0, of.b.0);
        for _ in 0..of.k {
            let mut right = [V::splat(0.0); VECTORS];
            for (at, right) in right.iter_mut().enumerate() {
                *right = V::load(b.add(at * V::WIDTH));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let left = V::splat(*a.add(row * APART));
                for (sum, right) in sums.iter_mut().zip(right) {
                    *sum = left.fma(right, *sum);
                }
            }
            a = a.add(of.a.1);
            b = b.add(of.b.1);
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (at, sum) in sums.into_iter().enumerate() {
                let out = of.c.0.add(row * of.c.1 + at * V::WIDTH);
                let sum = if of.add { sum.add(V::load(out)) } else { sum };
                sum.store(out);
            }
        }
    }
}

/// The instances of an instruction set.
macro_rules! kit {
    ($name:ident, $vector:ty, [$($features:meta)?], $([$vectors:literal: $($rows:literal)*])*) => {
        mod $name {
            use super::{BLOCK, CHANNEL, Kit, Patch, Product, Vector, transforms};
            const _: () = assert!(BLOCK.is_multiple_of(<$vector>::WIDTH));

            /// # Safety
            ///
            /// As for [`super::Tile`].
            $(#[$features])?
            unsafe fn tile<const VECTORS: usize, const ROWS: usize, const APART: usize>(
                of: Product,
            ) {
                // SAFETY: as the caller says.
                unsafe { super::tile::<$vector, VECTORS, ROWS, APART>(of) };
            }

            /// # Safety
            ///
            /// As for [`transforms::input`].
            $(#[$features])?
            unsafe fn input(from: Patch, to: *mut f32) {
                // SAFETY: as the caller says.
                unsafe { transforms::input::<$vector>(from, to) };
            }

            /// # Safety
            ///
            /// As for [`transforms::input`].
            $(#[$features])?
            unsafe fn error(from: Patch, to: *mut f32) {
                // SAFETY: as the caller says.
                unsafe { transforms::error::<$vector>(from, to) };
            }

            /// # Safety
            ///
            /// As for [`transforms::output`].
            $(#[$features])?
            unsafe fn output(from: *const f32, to: Patch) {
                // SAFETY: as the caller says.
                unsafe { transforms::output::<$vector>(from, to) };
            }

            /// # Safety
            ///
            /// As for [`Vector::turn`].
            $(#[$features])?
            unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
                // SAFETY: as the caller says.
                unsafe { <$vector>::turn(from, line, to, row) };
            }

            pub(super) const KIT: Kit = Kit {
                width: <$vector>::WIDTH,
                input,
                error,
                output,
                turn,
                packed: &[$(&[$(tile::<$vectors, $rows, 1>),*]),*],
                apart: &[$(&[$(tile::<$vectors, $rows, CHANNEL>),*]),*],
            };
        }
    };
}

#[cfg(target_arch = "x86_64")]
kit!(
    wide, std::arch::x86_64::__m512, [target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")],
    [1: 1 2 3 4 5 6 7 8 9 10 11 12]
    [2: 1 2 3 4 5 6 7 8 9 10 11 12]
    [3: 1 2 3 4 5 6 7 8]
    [4: 1 2 3 4 5 6]
);
#[cfg(target_arch = "x86_64")]
kit!(
    middle, std::arch::x86_64::__m256, [target_feature(enable = "avx2,fma")],
    [1: 1 2 3 4 5 6 7 8]
    [2: 1 2 3 4 5 6]
);
kit!(narrow, super::Plain, [], [1: 1 2 3 4] [2: 1 2 3 4]);
