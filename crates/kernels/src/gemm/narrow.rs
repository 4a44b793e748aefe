//! Micro-kernels without vectors of their own: rows of groups of four.

use super::{Block, Tile};

/// The numbers of a group.
const LANES: usize = 4;

macro_rules! scalars {
    ($name:ident, $type:ty) => {
        /// # Safety
        ///
        /// As [`super::Run`] says.
        pub(super) unsafe fn $name<const ROWS: usize, const VECTORS: usize>(
            block: &Block<$type>,
            &Tile { row, .. }: &Tile,
        ) {
            let mut sums = [[[0.0; LANES]; VECTORS]; ROWS];
            for k in 0..block.terms {
                // SAFETY: the caller says that the tables and the places they name are there.
                let (left, right) = unsafe {
                    let step = *block.steps_a.add(k);
                    let left: [$type; ROWS] =
                        std::array::from_fn(|i| *block.a.offset(*block.rows_a.add(row + i) + step));
                    let b = block.b.offset(*block.steps_b.add(k));
                    (left, b.cast::<[[$type; LANES]; VECTORS]>().read_unaligned())
                };
                for (sums, left) in sums.iter_mut().zip(left) {
                    for (sum, right) in sums.iter_mut().zip(right) {
                        for (sum, right) in sum.iter_mut().zip(right) {
                            *sum += left * right;
                        }
                    }
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (j, &sum) in sums.as_flattened().iter().enumerate().take(block.cols) {
                    // SAFETY: as above, for so many columns of the result.
                    unsafe {
                        let to = block.c.offset(*block.rows_c.add(row + i)).add(j);
                        let total = if block.first { sum } else { *to + sum };
                        *to = total * block.scale;
                    }
                }
            }
        }
    };
}

scalars!(narrow_f32, f32);
scalars!(narrow_f64, f64);
