//! Micro-kernels of the matrix product: a small tile of the result is kept in registers while the
//! sum runs.
//!
//! The loops around them are those of F. G. Van Zee and R. A. van de Geijn (BLIS: A Framework for
//! Rapidly Instantiating BLAS Functionality, 2015), after K. Goto and R. A. van de Geijn (Anatomy of
//! High-Performance Matrix Multiplication, 2008). What differs: both arrays are reached through
//! tables of places, so either may be read where it is, packed or not.
//!
//! A [`Block`] is `C (+)= A B` for some rows and at most [`Micro::width`] columns, over some terms of
//! the sum. [`Micro::run`] cuts its rows into tiles. Each entry is one chain of additions in the
//! order of the terms, whatever the tile: bits do not depend on the cut.

mod narrow;
pub(crate) mod pack;
mod turn;
#[cfg(target_arch = "x86_64")]
mod vectors;

use crate::isa::{Isa, Present};
use crate::kernel::part;
use turn::Turn;

/// `C[i, j] (+)= sum over k of A[i, k] B[k, j]` with places
/// `A[i, k] = a + rows_a[i] + steps_a[k]`, `B[k, j] = b + steps_b[k] + j`,
/// `C[i, j] = c + rows_c[i] + j`.
///
/// B has a whole number of vectors of columns; of C only `cols` columns are touched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<T> {
    /// Terms of the sum: `steps_a` and `steps_b` have as many entries.
    pub(crate) terms: usize,
    pub(crate) a: *const T,
    pub(crate) rows_a: *const isize,
    pub(crate) steps_a: *const isize,
    pub(crate) b: *const T,
    pub(crate) steps_b: *const isize,
    pub(crate) c: *mut T,
    pub(crate) rows_c: *const isize,
    /// Rows: `rows_a` and `rows_c` have as many entries.
    pub(crate) rows: usize,
    /// Columns of the result, 1 to [`Micro::width`].
    pub(crate) cols: usize,
    /// Whether what was in C is forgotten.
    pub(crate) first: bool,
    /// A factor for the result; 1 but for the last block of a sum.
    pub(crate) scale: T,
    pub(crate) ahead: Ahead<T>,
}

/// What the next block reads: it is brought to the second cache while this one is computed. Each of
/// some places is the first of so many lines of the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ahead<T> {
    pub(crate) base: *const T,
    pub(crate) places: *const isize,
    pub(crate) count: usize,
    pub(crate) lines: usize,
}

impl<T> Ahead<T> {
    /// Nothing.
    pub(crate) const NONE: Ahead<T> =
        Ahead { base: std::ptr::null(), places: std::ptr::null(), count: 0, lines: 0 };
}

/// Where a tile stands: its first row, that of the next tile, and what it fetches for the next
/// block: from which of the lines on, and how many at each turn.
#[derive(Clone, Copy, Debug)]
struct Tile {
    row: usize,
    next: usize,
    fetch: usize,
    each: usize,
}

/// Lines of the next block that one turn fetches at most.
const MOST_LINES: usize = 12;
/// Terms between two fetches: a line of single numbers.
const FETCH: usize = 16;

/// A tile of a block.
///
/// # Safety
///
/// All places of the block that the tile touches may be read, those of C written, nobody else
/// writes them at the same time, and the machine has the instruction set.
type Run<T> = unsafe fn(block: &Block<T>, tile: &Tile);

/// A family of micro-kernels of one instruction set.
#[derive(Clone, Copy)]
pub(crate) struct Micro<T: 'static> {
    /// Columns of a vector.
    pub(crate) lanes: usize,
    /// By vectors less one, then by rows less one.
    table: &'static [&'static [Run<T>]],
    /// Lines to columns, a vector's lanes at a time.
    turn: Turn<T>,
    #[allow(dead_code)]
    isa: Present,
}

impl<T> Micro<T> {
    /// The most vectors of a block.
    pub(crate) fn vectors(&self) -> usize {
        self.table.len()
    }

    /// The most columns of a block.
    pub(crate) fn width(&self) -> usize {
        self.table.len() * self.lanes
    }

    /// Rows and columns of the greatest tile of a block with so many columns.
    pub(crate) fn tile(&self, cols: usize) -> (usize, usize) {
        let vectors = cols.div_ceil(self.lanes).clamp(1, self.table.len());
        (self.table[vectors - 1].len(), vectors * self.lanes)
    }

    /// Computes a block.
    ///
    /// # Safety
    ///
    /// All places of A and of B (whole vectors) may be read, those of C (so many columns) read and
    /// written, and nobody else writes to any of them at the same time.
    pub(crate) unsafe fn run(&self, block: &Block<T>) {
        debug_assert!((1..=self.width()).contains(&block.cols));
        let kernels = self.table[(block.cols - 1) / self.lanes];
        let tiles = block.rows.div_ceil(kernels.len());
        let turns = block.terms.div_ceil(FETCH);
        let lines = block.ahead.count * block.ahead.lines;
        let each = lines.div_ceil((tiles * turns).max(1)).min(MOST_LINES);
        for tile in 0..tiles {
            let rows = part(block.rows, tiles, tile);
            let next = rows.end.min(block.rows - rows.len());
            let at = Tile { row: rows.start, next, fetch: tile * turns * each, each };
            // SAFETY: the caller holds what a tile needs, and `isa` is present.
            unsafe { kernels[rows.len() - 1](block, &at) };
        }
    }
}

/// A table of the instances of a family with so many vectors, by rows.
macro_rules! rows {
    ($name:ident, $vectors:literal, [$($rows:literal)*]) => {
        &[$($name::<$rows, $vectors>),*]
    };
}

macro_rules! family {
    ($type:ident, $wide:ident, $middle:ident, $narrow:ident, $lanes:expr) => {
        impl Micro<$type> {
            /// The kernels of an instruction set.
            pub(crate) fn of(isa: Present) -> Micro<$type> {
                #[cfg(target_arch = "x86_64")]
                use vectors::{$middle, $wide};
                use narrow::$narrow;
                type Family = (usize, Turn<$type>, &'static [&'static [Run<$type>]]);
                let (lanes, turn, table): Family = match isa.isa() {
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx512 => (
                        $lanes,
                        turn::$wide,
                        &[
                            rows!($wide, 1, [1 2 3 4 5 6 7 8]),
                            rows!($wide, 2, [1 2 3 4 5 6 7 8]),
                            rows!($wide, 3, [1 2 3 4 5 6 7 8]),
                            rows!($wide, 4, [1 2 3 4 5 6]),
                        ],
                    ),
                    #[cfg(target_arch = "x86_64")]
                    Isa::Avx2 => (
                        $lanes / 2,
                        turn::$middle,
                        &[
                            rows!($middle, 1, [1 2 3 4 5 6 7 8]),
                            rows!($middle, 2, [1 2 3 4 5 6]),
                        ],
                    ),
                    _ => (4, turn::$narrow, &[rows!($narrow, 1, [1 2 3 4]), rows!($narrow, 2, [1 2 3 4])]),
                };
                Micro { lanes, table, turn, isa }
            }
        }
    };
}

family!(f32, wide_f32, middle_f32, narrow_f32, 16);
family!(f64, wide_f64, middle_f64, narrow_f64, 8);
