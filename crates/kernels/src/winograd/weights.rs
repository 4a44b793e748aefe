//! The gradient of the weights: image and plane are transformed, and the products at the points are
//! summed over tiles and columns. One of the two lies with its channels on the vector's axis, so
//! its transformed blocks are turned.
//!
//! Tiles are cut in a fixed number of parts; what the parts sum to is added in their order.

use super::kit::{CHANNEL, Kit, Product};
use super::shape::Correlation;
use super::transforms::{BLOCK, Kernels, POINTS, SIDE};
use super::{Hull, Tile, Tiling, place};
use crate::isa::Present;
use crate::kernel::{Env, Kernel, Needs, Scratch, part};

/// Parts of the sum, at most.
const PARTS: usize = 8;
/// Channels whose parts are added together.
const GROUP: usize = 16;

pub(super) struct Weights {
    of: Correlation,
    tiling: Tiling,
    hulls: [Hull; 2],
    kit: Kit,
    kernels: Kernels,
    /// Whether the channels of the image are on the vector's axis, else those of the plane.
    turned: bool,
}

impl Weights {
    pub(super) fn new(of: Correlation, isa: Present) -> Weights {
        let kit = Kit::of(isa);
        let cost = |turned: usize, other: usize| turned.next_multiple_of(kit.width) * (other + 16);
        let (channels, outs) = (of.channels.len(), of.outs.len());
        let turned = cost(channels, outs) <= cost(outs, channels);
        let (tiling, hulls) = (Tiling::new(&of), of.hulls());
        Weights { of, tiling, hulls, kit, kernels: Kernels::new(), turned }
    }

    fn parts(&self) -> usize {
        self.tiling.count(&self.of).min(PARTS)
    }

    /// Rows and columns of the products; columns are whole vectors.
    fn size(&self) -> (usize, usize) {
        let (image, plane) = (self.of.channels.len(), self.of.outs.len());
        let (rows, cols) = if self.turned { (plane, image) } else { (image, plane) };
        (rows, cols.next_multiple_of(self.kit.width))
    }

    /// Transforms a channel of the image or of the plane.
    ///
    /// # Safety
    ///
    /// The hulls are inside the arena, and `to` has the numbers of a channel.
    unsafe fn spread(
        &self,
        image: bool,
        channel: usize,
        tile: &Tile,
        env: &Env<'_, f32>,
        to: *mut f32,
    ) {
        let of = &self.of;
        let (at_image, at_plane) = of.places(tile);
        // SAFETY: as the caller says; nobody writes to either array.
        unsafe {
            if image {
                let from = place(env.arena, at_image + of.channels[channel][0]);
                (self.kit.input)(of.patch_of_image(tile, from), to);
            } else {
                let from = place(env.arena, at_plane + of.outs[channel][1]);
                (self.kit.error)(of.patch_of_plane(tile, from), to);
            }
        }
    }

    /// The sums of a part.
    fn part(&self, at: usize, env: &Env<'_, f32>, scratch: &mut Scratch<f32>) {
        for hull in self.hulls {
            hull.check(env.arena);
        }
        let (rows, cols) = self.size();
        let size = POINTS * rows * cols;
        // SAFETY: every part has its own sums.
        let sums = unsafe { env.shared.write((at * size) as isize, size) };
        let own = &mut scratch.numbers.all_mut()[..self.needs().numbers];
        let range = part(self.tiling.count(&self.of), self.parts(), at);
        for index in range.clone() {
            let tile = self.tiling.tile(&self.of, index);
            let (left, rest) = own.split_at_mut(rows * CHANNEL);
            let (right, lines) = rest.split_at_mut(POINTS * BLOCK * cols);
            for (channel, left) in left.chunks_exact_mut(CHANNEL).enumerate() {
                // SAFETY: the hulls were checked.
                unsafe { self.spread(!self.turned, channel, &tile, env, left.as_mut_ptr()) };
            }
            self.turn(&tile, env, lines, right);
            for point in 0..POINTS {
                // SAFETY: every point of a channel has a block, of the turned side `cols` numbers a
                // column of the block, and of the sums a row a channel.
                unsafe {
                    let product = Product {
                        k: tile.cols,
                        a: (left.as_ptr().add(point * BLOCK), 1),
                        b: (right.as_ptr().add(point * BLOCK * cols), cols),
                        c: (sums.as_mut_ptr().add(point * rows * cols), cols),
                        add: index > range.start,
                    };
                    self.kit.apart((rows, cols), product);
                }
            }
        }
    }

    /// The side with its channels on the vector's axis: `[point][column][channel]`.
    fn turn(&self, tile: &Tile, env: &Env<'_, f32>, lines: &mut [f32], out: &mut [f32]) {
        let (width, cols) = (self.kit.width, self.size().1);
        let count = if self.turned { self.of.channels.len() } else { self.of.outs.len() };
        for group in (0..count).step_by(width) {
            for (at, line) in lines.chunks_exact_mut(CHANNEL).enumerate() {
                if group + at < count {
                    // SAFETY: the hulls were checked.
                    unsafe { self.spread(self.turned, group + at, tile, env, line.as_mut_ptr()) };
                } else {
                    line.fill(0.0);
                }
            }
            for point in 0..POINTS {
                for first in (0..tile.cols).step_by(width) {
                    let from = &lines[point * BLOCK + first..];
                    let to = &mut out[(point * BLOCK + first) * cols + group..];
                    // SAFETY: `width` lines of so many numbers, and as many rows of `cols`.
                    unsafe { (self.kit.turn)(from.as_ptr(), CHANNEL, to.as_mut_ptr(), cols) };
                }
            }
        }
    }

    /// Adds the parts of a row of the products, and transforms them back.
    fn gather(&self, row: usize, env: &Env<'_, f32>) {
        let (rows, cols) = self.size();
        let size = POINTS * rows * cols;
        // SAFETY: the phase that writes it is over.
        let parts = unsafe { env.shared.read(0, size * self.parts()) };
        let count = if self.turned { self.of.channels.len() } else { self.of.outs.len() };
        for first in (0..count).step_by(GROUP) {
            let mut sums = [[0.0_f64; GROUP]; POINTS];
            let here = GROUP.min(count - first);
            for part in parts.chunks_exact(size) {
                for (point, sums) in sums.iter_mut().enumerate() {
                    let line = &part[(point * rows + row) * cols + first..][..here];
                    for (sum, &value) in sums.iter_mut().zip(line) {
                        *sum += f64::from(value);
                    }
                }
            }
            for at in 0..here {
                let mut points = [[0.0; SIDE]; SIDE];
                for (point, sums) in points.as_flattened_mut().iter_mut().zip(&sums) {
                    *point = sums[at];
                }
                self.put(row, first + at, &points, env);
            }
        }
    }

    fn put(&self, row: usize, col: usize, points: &[[f64; SIDE]; SIDE], env: &Env<'_, f32>) {
        let (out, channel) = if self.turned { (row, col) } else { (col, row) };
        let places = self.of.kernel_places(self.of.outs[out][0], self.of.channels[channel][1]);
        let kernel = self.kernels.kernel(points);
        for (places, values) in places.iter().zip(&kernel) {
            for (&place, value) in places.iter().zip(values) {
                // SAFETY: the places of the result are all different, and a row is one shard's.
                unsafe { env.arena.set(place, (value * self.of.scale) as f32) };
            }
        }
    }
}

impl Kernel<f32> for Weights {
    fn phases(&self) -> usize {
        2
    }

    fn shards(&self, phase: usize) -> usize {
        if phase == 0 { self.parts() } else { self.size().0 }
    }

    fn work(&self) -> f64 {
        super::work(&self.of, self.tiling)
    }

    fn picked(&self) -> String {
        "Winograd, tiles of 4 by 4".into()
    }

    fn needs(&self) -> Needs {
        let (rows, cols) = self.size();
        Needs {
            shared: self.parts() * POINTS * rows * cols,
            numbers: (rows + self.kit.width) * CHANNEL + POINTS * BLOCK * cols,
            ..Needs::default()
        }
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, f32>, scratch: &mut Scratch<f32>) {
        if phase == 0 {
            self.part(shard, env, scratch);
        } else {
            self.gather(shard, env);
        }
    }
}
