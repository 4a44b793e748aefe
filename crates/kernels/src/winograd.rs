//! Correlations with 3 by 3 windows and stride 1, with a quarter of the multiplications.
//!
//! The method is that of S. Winograd (Arithmetic Complexity of Computations, 1980) as A. Lavin and
//! S. Gray use it (Fast Algorithms for Convolutional Neural Networks, 2016): tiles of 4 by 4 places
//! of the plane are computed from 6 by 6 places of the image through 36 products at points, which
//! are sums over channels and so small matrix products. The same points give the gradient of the
//! weights, where tiles and rows are summed. What there is:
//!
//! - `shape`: which contractions are such correlations, by their lanes;
//! - `transforms`: the matrices, in vectors along neighbours of the image and the plane;
//! - `kit`: what is compiled for each instruction set;
//! - `forward`, `weights`: the two kernels.
//!
//! # Rounding
//!
//! With `k` terms a sum, `u` half an ulp and `M` the sum of magnitudes, the direct sum is off by at
//! most `8 u k M`. Here the same holds with 64 times that, where `M` is taken over the whole tile:
//! the sum over channels of the greatest magnitude of the image in the tile times the kernel's sum
//! of magnitudes. (In random tests the error is about twice the direct one. It cannot be bounded by
//! the `M` of one entry: a large number in the tile is added and subtracted again where it does not
//! belong.) For the same reason one infinity or NaN of the image makes the whole tile NaN, over all
//! columns that are not it alone; a gradient of weights is NaN as it is anyway.

mod forward;
mod kit;
mod shape;
#[cfg(test)]
mod tests;
mod transforms;
mod vectors;
mod weights;

use crate::arena::View;
use crate::isa::Present;
use crate::kernel::Kernel;
use crate::program::Contract;
use forward::Forward;
use shape::{Correlation, Result3};
use transforms::{BLOCK, Patch, SIDE, STEP};
use weights::Weights;

/// The kernel of a contraction that is a correlation which is faster so.
pub(crate) fn kernel(source: &Contract, isa: Present) -> Option<Box<dyn Kernel<f32>>> {
    let found = Correlation::of(source)?;
    pays(&found).then(|| made(found, isa))
}

fn made(found: Correlation, isa: Present) -> Box<dyn Kernel<f32>> {
    match found.result {
        Result3::Plane => Box::new(Forward::new(found, isa)),
        Result3::Kernel => Box::new(Weights::new(found, isa)),
    }
}

/// Channels of both kinds together, at most: each takes 9 KB of every thread.
const CHANNELS: usize = 4096;

/// Whether the transforms cost less than the multiplications they save. Counted in operations on a
/// vector of 16; that shape alone decides keeps the bits the same everywhere.
fn pays(found: &Correlation) -> bool {
    let Correlation { channels, outs, extent, cols, .. } = found;
    let (c, o) = (channels.len() as f64, outs.len() as f64);
    let [high, wide] = extent.map(|n| (n as f64, n.div_ceil(STEP) as f64));
    let direct = 9.0 * c * o * high.0 * wide.0 * *cols as f64 / 16.0;
    let tiles = high.1 * wide.1 * cols.div_ceil(16) as f64;
    let ours = tiles * (36.0 * c * o + 250.0 * (c + o));
    channels.len() + outs.len() <= CHANNELS && *cols > 0 && 1.2 * ours < direct
}

/// How the plane is cut: tiles of 4 by 4 places and blocks of columns.
#[derive(Clone, Copy, Debug)]
struct Tiling {
    tiles: [usize; 2],
    blocks: usize,
}

/// One block of columns of one tile.
#[derive(Clone, Copy, Debug)]
struct Tile {
    /// The first place of the tile.
    at: [usize; 2],
    /// Places of the plane inside the tile.
    extent: [usize; 2],
    /// The first column, and how many.
    first: usize,
    cols: usize,
    /// The index in [`Correlation::more`].
    more: usize,
}

impl Tiling {
    fn new(of: &Correlation) -> Tiling {
        let tiles = of.extent.map(|extent| extent.div_ceil(STEP));
        Tiling { tiles, blocks: of.cols.div_ceil(BLOCK) }
    }

    fn count(&self, of: &Correlation) -> usize {
        self.blocks * of.more.len() * self.tiles[0] * self.tiles[1]
    }

    /// Neighbours follow each other.
    fn tile(&self, of: &Correlation, at: usize) -> Tile {
        let (rest, x) = (at / self.tiles[1], at % self.tiles[1]);
        let (rest, y) = (rest / self.tiles[0], rest % self.tiles[0]);
        let (block, more) = (rest / of.more.len(), rest % of.more.len());
        let place = [y * STEP, x * STEP];
        let left = |axis: usize| (of.extent[axis] - place[axis]).min(STEP);
        let first = block * BLOCK;
        Tile {
            at: place,
            extent: [left(0), left(1)],
            first,
            cols: (of.cols - first).min(BLOCK),
            more,
        }
    }
}

impl Correlation {
    /// The places of the image and of the plane around a tile, without a channel's own.
    fn places(&self, tile: &Tile) -> (isize, isize) {
        let along = |strides: [isize; 2]| {
            tile.at[0] as isize * strides[0] + tile.at[1] as isize * strides[1]
        };
        let [image, plane] = self.more[tile.more];
        let first = tile.first as isize;
        (
            self.image + image + first + along(self.image_strides),
            self.plane + plane + first + along(self.plane_strides),
        )
    }

    fn patch_of_image(&self, tile: &Tile, at: *mut f32) -> Patch {
        let extent = tile.extent.map(|extent| extent + SIDE - STEP);
        Patch { at, strides: self.image_strides, extent, cols: tile.cols }
    }

    fn patch_of_plane(&self, tile: &Tile, at: *mut f32) -> Patch {
        Patch { at, strides: self.plane_strides, extent: tile.extent, cols: tile.cols }
    }

    /// The nine places of a kernel.
    fn kernel_places(&self, out: isize, channel: isize) -> [[isize; 3]; 3] {
        let start = self.kernel + out + channel;
        let [i, j] = self.kernel_strides;
        [0, 1, 2].map(|y| [0, 1, 2].map(|x| start + y * i + x * j))
    }
}

/// The least and the greatest place of an array, which loading the program has proved to be inside.
#[derive(Clone, Copy, Debug)]
struct Hull(isize, isize);

impl Hull {
    fn new(
        start: isize,
        lists: [&mut dyn Iterator<Item = isize>; 2],
        lanes: &[(usize, isize)],
    ) -> Hull {
        let mut hull = Hull(start, start);
        for list in lists {
            let (least, greatest) =
                list.fold((isize::MAX, isize::MIN), |(l, g), at| (l.min(at), g.max(at)));
            hull.0 += least;
            hull.1 += greatest;
        }
        for &(extent, stride) in lanes {
            let far = (extent as isize - 1) * stride;
            hull.0 += far.min(0);
            hull.1 += far.max(0);
        }
        hull
    }

    /// Panics if a place is outside.
    fn check<T>(&self, arena: View<'_, T>)
    where
        T: crate::element::Element,
    {
        let inside = self.0 >= 0 && (self.1 as usize) < arena.len();
        assert!(inside, "places {} to {} of {}", self.0, self.1, arena.len());
    }
}

impl Correlation {
    /// The image and the plane.
    fn hulls(&self) -> [Hull; 2] {
        let lanes = |more: usize, strides: [isize; 2]| {
            [
                (self.extent[0] + more, strides[0]),
                (self.extent[1] + more, strides[1]),
                (self.cols, 1),
            ]
        };
        [
            Hull::new(
                self.image,
                [&mut self.more.iter().map(|at| at[0]), &mut self.channels.iter().map(|at| at[0])],
                &lanes(2, self.image_strides),
            ),
            Hull::new(
                self.plane,
                [&mut self.more.iter().map(|at| at[1]), &mut self.outs.iter().map(|at| at[1])],
                &lanes(0, self.plane_strides),
            ),
        ]
    }
}

/// A channel's place in an arena whose hull was checked.
///
/// # Safety
///
/// The place is inside the arena.
unsafe fn place(arena: View<'_, f32>, at: isize) -> *mut f32 {
    // SAFETY: as the caller says.
    unsafe { arena.start().offset(at) }
}

/// Operations, without transforms.
fn work(of: &Correlation, tiling: Tiling) -> f64 {
    let tiles = of.more.len() * tiling.tiles[0] * tiling.tiles[1];
    let all = [tiles, of.cols, of.channels.len(), of.outs.len()];
    all.iter().map(|&count| count as f64).product::<f64>() * 72.0
}
