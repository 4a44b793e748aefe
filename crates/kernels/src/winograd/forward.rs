//! The plane from image and kernel: kernels are transformed first, then each block of columns of a
//! tile is computed by one shard, from the image to the plane, in memory that stays near.

use super::kit::{CHANNEL, Kit, Product};
use super::shape::Correlation;
use super::transforms::{BLOCK, Kernels, POINTS};
use super::{Hull, Tiling, place};
use crate::isa::Present;
use crate::kernel::{Env, Kernel, Needs, Scratch};

/// Terms of a product that are summed in one go.
const TERMS: usize = 128;

pub(super) struct Forward {
    of: Correlation,
    tiling: Tiling,
    hulls: [Hull; 2],
    kit: Kit,
    pub(super) kernels: Kernels,
    /// Rows of a panel of transformed kernels.
    height: usize,
}

impl Forward {
    pub(super) fn new(of: Correlation, isa: Present) -> Forward {
        let kit = Kit::of(isa);
        let vectors = of.cols.div_ceil(kit.width).min(kit.vectors());
        let most = kit.rows(vectors).min(of.outs.len());
        let height = of.outs.len().div_ceil(of.outs.len().div_ceil(most));
        let (tiling, hulls) = (Tiling::new(&of), of.hulls());
        Forward { of, tiling, hulls, kit, kernels: Kernels::new(), height }
    }

    fn panels(&self) -> usize {
        self.of.outs.len().div_ceil(self.height)
    }

    /// Numbers of a panel of one point.
    fn panel(&self) -> usize {
        self.of.channels.len() * self.height
    }

    /// Transforms the kernels of a panel: `[point][panel][channel][row]`.
    fn pack(&self, panel: usize, env: &Env<'_, f32>) {
        let outs = self.of.outs.chunks(self.height).nth(panel).unwrap_or_default();
        for (c, channel) in self.of.channels.iter().enumerate() {
            for (row, out) in outs.iter().enumerate() {
                let at = self.of.kernel_places(out[0], channel[1]);
                // SAFETY: nobody writes what a product reads.
                let kernel = at.map(|at| at.map(|at| f64::from(unsafe { env.arena.get(at) })));
                let points = self.kernels.points(&kernel);
                for (point, value) in points.as_flattened().iter().enumerate() {
                    let start = (point * self.panels() + panel) * self.panel();
                    let place = start + c * self.height + row;
                    // SAFETY: every panel has its own places.
                    unsafe { env.shared.set(place as isize, (value * self.of.scale) as f32) };
                }
            }
        }
    }

    fn block(&self, at: usize, env: &Env<'_, f32>, scratch: &mut Scratch<f32>) {
        let Forward { of, kit, .. } = self;
        let tile = self.tiling.tile(of, at);
        let (image, plane) = of.places(&tile);
        for hull in self.hulls {
            hull.check(env.arena);
        }
        let (channels, outs) = (of.channels.len(), of.outs.len());
        let size = POINTS * self.panels() * self.panel();
        // SAFETY: the phase that writes it is over.
        let packed = unsafe { env.shared.read(0, size) };
        let own = &mut scratch.numbers.all_mut()[..(channels + outs) * CHANNEL];
        let (points, sums) = own.split_at_mut(channels * CHANNEL);
        for (channel, points) in of.channels.iter().zip(points.chunks_exact_mut(CHANNEL)) {
            // SAFETY: the hull of the image is inside the arena, and nobody writes to it.
            unsafe {
                let from = place(env.arena, image + channel[0]);
                (kit.input)(of.patch_of_image(&tile, from), points.as_mut_ptr());
            }
        }
        for point in 0..POINTS {
            for first in (0..channels).step_by(TERMS) {
                let start = point * self.panels() * self.panel() + first * self.height;
                // SAFETY: `POINTS` times a block is less than the numbers of a channel.
                unsafe {
                    let product = Product {
                        k: TERMS.min(channels - first),
                        a: (packed.as_ptr().add(start), self.height),
                        b: (points.as_ptr().add(first * CHANNEL + point * BLOCK), CHANNEL),
                        c: (sums.as_mut_ptr().add(point * BLOCK), CHANNEL),
                        add: first > 0,
                    };
                    kit.packed((self.height, self.panel()), (outs, tile.cols), product);
                }
            }
        }
        for (out, sums) in of.outs.iter().zip(sums.chunks_exact(CHANNEL)) {
            // SAFETY: the hull of the plane is inside the arena; the places of the result are all
            // different, and those of this tile are this shard's.
            unsafe {
                let to = place(env.arena, plane + out[1]);
                (kit.output)(sums.as_ptr(), of.patch_of_plane(&tile, to));
            }
        }
    }
}

impl Kernel<f32> for Forward {
    fn phases(&self) -> usize {
        2
    }

    fn shards(&self, phase: usize) -> usize {
        if phase == 0 { self.panels() } else { self.tiling.count(&self.of) }
    }

    fn work(&self) -> f64 {
        super::work(&self.of, self.tiling)
    }

    fn picked(&self) -> String {
        "Winograd, tiles of 4 by 4".into()
    }

    fn needs(&self) -> Needs {
        Needs {
            shared: POINTS * self.panels() * self.panel(),
            numbers: (self.of.channels.len() + self.of.outs.len()) * CHANNEL,
            ..Needs::default()
        }
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, f32>, scratch: &mut Scratch<f32>) {
        if phase == 0 {
            self.pack(shard, env);
        } else {
            self.block(shard, env, scratch);
        }
    }
}
