//! Contractions: a packed matrix product over any strided or overlapping views.
//!
//! The lanes of a contraction become tables of places, so a convolution needs no copy of its
//! windows: packing reads them where they are. An entry of the result is the sum over blocks of
//! [`BLOCK`] terms, in order; each block's sum is one chain of additions in order. So its bits
//! depend on nothing but the instruction set, whatever the tiles are.

use crate::arena::View;
use crate::element::Element;
use crate::gemm::Micro;
use crate::gemm::pack::Side;
use crate::isa::{Level, Present, Task};
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::{Contract, Lane};

/// Terms of a block of the sum, at most. Blocks of a sum are about equal.
const BLOCK: usize = 288;
/// Rows and columns of a tile of the result, at most.
const ROWS: usize = 128;
const COLS: usize = 512;
/// Numbers of an array that is packed as a whole, at most.
const WHOLE: usize = 1 << 22;
/// Tiles to have if there is work for them.
const TILES: usize = 8;
/// Operations that are worth a tile.
const TILE_WORK: usize = 1 << 20;

/// A contraction, ready to run.
pub(crate) struct Contracts<T: 'static> {
    micro: Micro<T>,
    left: Side,
    right: Side,
    /// Places in the three arrays, for each point of the batch.
    batch: Vec<[isize; 3]>,
    /// Places of the result by row and by column.
    rows: Vec<isize>,
    cols: Vec<isize>,
    /// For each panel of columns whether their places are neighbours.
    dense: Vec<bool>,
    start: isize,
    scale: f64,
    terms: usize,
    /// Panels of a tile.
    tile: (usize, usize),
    /// Whether the arrays are packed as a whole, before the tiles.
    whole: (bool, bool),
}

/// Places of all points of a list of lanes.
fn places(lanes: &[Lane], stride: impl Fn(&Lane) -> isize) -> Vec<isize> {
    let mut all = vec![0];
    for lane in lanes {
        let steps = 0..lane.extent as isize;
        all = all
            .iter()
            .flat_map(|&base| steps.clone().map(move |step| (base, step)))
            .map(|(base, step)| base + step * stride(lane))
            .collect();
    }
    all
}

/// Panels in each of as many equal pieces as there must be.
fn pieces(panels: usize, count: usize) -> usize {
    panels.div_ceil(count.max(1)).max(1)
}

impl<T: Element> Contracts<T> {
    pub(crate) fn new(source: &Contract, isa: Present) -> Contracts<T> {
        let count = |lanes: &[Lane]| lanes.iter().map(|lane| lane.extent).product::<usize>();
        let (m, n) = (count(&source.m), count(&source.n));
        let micro = T::micro(isa);
        // The longer side is the vector's if the other one would leave most of a vector empty.
        if n * 4 < micro.width && m > n {
            Contracts::plan(&turned(source), micro)
        } else {
            Contracts::plan(source, micro)
        }
    }

    fn plan(source: &Contract, micro: Micro<T>) -> Contracts<T> {
        let start = |place: usize| place as isize;
        let left = Side::new(
            start(source.a.1),
            places(&source.m, |lane| lane.a),
            places(&source.k, |lane| lane.a),
            micro.height,
        );
        let right = Side::new(
            start(source.b.1),
            places(&source.n, |lane| lane.b),
            places(&source.k, |lane| lane.b),
            micro.width,
        );
        let arrays: [Vec<isize>; 3] = [
            places(&source.batch, |lane| lane.a),
            places(&source.batch, |lane| lane.b),
            places(&source.batch, |lane| lane.c),
        ];
        let batch: Vec<_> =
            (0..arrays[0].len()).map(|at| [0, 1, 2].map(|of| arrays[of][at])).collect();
        let rows = places(&source.m, |lane| lane.c);
        let cols = places(&source.n, |lane| lane.c);
        let next = |pair: &[isize]| pair[1] == pair[0] + 1;
        let dense = cols.chunks(micro.width).map(|panel| panel.windows(2).all(next)).collect();
        let mut plan = Contracts {
            terms: left.sum.len(),
            start: start(source.c.1),
            scale: source.scale,
            micro,
            left,
            right,
            batch,
            rows,
            cols,
            dense,
            tile: (1, 1),
            whole: (false, false),
        };
        plan.cut();
        plan
    }

    /// Chooses tiles, and what is packed as a whole.
    fn cut(&mut self) {
        let (panels_m, panels_n) = (self.left.panels(), self.right.panels());
        let mut cuts_m = (panels_m * self.micro.height).div_ceil(ROWS);
        let mut cuts_n = (panels_n * self.micro.width).div_ceil(COLS);
        let work = self.batch.len() * self.rows.len() * self.cols.len() * self.terms;
        let wanted = (work / TILE_WORK).min(TILES);
        while self.batch.len() * cuts_m * cuts_n < wanted {
            // The side whose tiles are larger is cut.
            let (tile_m, tile_n) =
                (self.rows.len() / cuts_m.max(1), self.cols.len() / cuts_n.max(1));
            let (more_m, more_n) = (cuts_m < panels_m, cuts_n < panels_n);
            if more_n && (tile_n > 2 * tile_m || !more_m) {
                cuts_n += 1;
            } else if more_m {
                cuts_m += 1;
            } else {
                break;
            }
        }
        self.tile = (pieces(panels_m, cuts_m), pieces(panels_n, cuts_n));
        let fits =
            |side: &Side| self.batch.len() * side.panels() * side.width * self.terms <= WHOLE;
        let (tiles_m, tiles_n) = self.tiles();
        self.whole = (tiles_n > 1 && fits(&self.left), tiles_m > 1 && fits(&self.right));
    }

    /// Tiles along rows and columns.
    fn tiles(&self) -> (usize, usize) {
        (self.left.panels().div_ceil(self.tile.0), self.right.panels().div_ceil(self.tile.1))
    }

    /// Numbers of the packed left array, if it is packed as a whole.
    fn packed(&self, side: &Side, whole: bool) -> usize {
        if whole {
            (self.batch.len() * side.panels() * side.width * self.terms).next_multiple_of(16)
        } else {
            0
        }
    }

    /// Where a panel of a block stands in an array packed as a whole.
    fn place(&self, side: &Side, batch: usize, block: usize, panel: usize) -> usize {
        let long = side.panels() * side.width;
        let terms = self.range(block).len();
        batch * long * self.terms + self.range(block).start * long + panel * side.width * terms
    }

    fn blocks(&self) -> usize {
        self.terms.div_ceil(BLOCK).max(1)
    }

    fn range(&self, block: usize) -> std::ops::Range<usize> {
        part(self.terms, self.blocks(), block)
    }

    fn pack_shards(&self) -> usize {
        let of = |side: &Side, whole: bool| {
            if whole { self.batch.len() * self.blocks() * side.panels() } else { 0 }
        };
        let all = of(&self.left, self.whole.0) + of(&self.right, self.whole.1);
        all.min(32)
    }

    /// The first phase: packs panels of what is packed as a whole.
    fn pack_whole(&self, shard: usize, env: &Env<'_, T>) {
        let sides = [(&self.left, self.whole.0, 0), (&self.right, self.whole.1, 1)];
        let mut start = 0;
        for (side, whole, array) in sides {
            if !whole {
                continue;
            }
            let panels = side.panels();
            let all = self.batch.len() * self.blocks() * panels;
            for at in part(all, self.pack_shards(), shard) {
                let (batch, rest) = (at / (self.blocks() * panels), at % (self.blocks() * panels));
                let (block, panel) = (rest / panels, rest % panels);
                let range = self.range(block);
                let place = start + self.place(side, batch, block, panel);
                // SAFETY: each panel has its own place.
                let out = unsafe { env.shared.write(place as isize, range.len() * side.width) };
                side.pack(env.arena, self.batch[batch][array], panel, range, (env.isa, out));
            }
            start += self.packed(side, whole);
        }
    }

    /// A tile of the result.
    fn tile(&self, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        let (tiles_m, tiles_n) = self.tiles();
        let (batch, rest) = (shard / (tiles_m * tiles_n), shard % (tiles_m * tiles_n));
        let (at_m, at_n) = (rest / tiles_n, rest % tiles_n);
        let panels_m = at_m * self.tile.0..((at_m + 1) * self.tile.0).min(self.left.panels());
        let panels_n = at_n * self.tile.1..((at_n + 1) * self.tile.1).min(self.right.panels());
        let (height, width) = (self.micro.height, self.micro.width);
        let numbers = scratch.numbers.all_mut();
        let (left_own, rest) = numbers.split_at_mut(self.tile.0 * height * BLOCK);
        let (right_own, rest) = rest.split_at_mut(self.tile.1 * width * BLOCK);
        let sums = &mut rest[..height * width];
        for block in 0..self.blocks() {
            let range = self.range(block);
            let places = self.batch[batch];
            self.own(&self.left, self.whole.0, env, (places[0], &panels_m, &range), left_own);
            self.own(&self.right, self.whole.1, env, (places[1], &panels_n, &range), right_own);
            for panel_n in panels_n.clone() {
                let at = (batch, block, panel_n);
                let right = self.panel(&self.right, 1, env, at, panels_n.start, right_own);
                for panel_m in panels_m.clone() {
                    let at = (batch, block, panel_m);
                    let left = self.panel(&self.left, 0, env, at, panels_m.start, left_own);
                    let size = self.size(panel_m, panel_n);
                    self.micro.run(size, range.len(), left, right, sums);
                    self.put(env, (batch, block), (panel_m, panel_n), sums);
                }
            }
        }
    }

    /// Rows and columns of a tile of the micro-kernel.
    fn size(&self, panel_m: usize, panel_n: usize) -> (usize, usize) {
        let (height, width) = (self.micro.height, self.micro.width);
        let rows = height.min(self.rows.len() - panel_m * height);
        (rows, width.min(self.cols.len() - panel_n * width))
    }

    /// Packs panels for one tile, unless the array is packed as a whole.
    fn own(
        &self,
        side: &Side,
        whole: bool,
        env: &Env<'_, T>,
        (base, panels, range): (isize, &std::ops::Range<usize>, &std::ops::Range<usize>),
        out: &mut [T],
    ) {
        if whole || range.is_empty() {
            return;
        }
        let size = range.len() * side.width;
        for (panel, out) in panels.clone().zip(out.chunks_exact_mut(size)) {
            side.pack(env.arena, base, panel, range.clone(), (env.isa, out));
        }
    }

    /// A packed panel: in the shared memory, or in the thread's own.
    fn panel<'a>(
        &self,
        side: &Side,
        array: usize,
        env: &Env<'a, T>,
        (batch, block, panel): (usize, usize, usize),
        first: usize,
        own: &'a [T],
    ) -> &'a [T] {
        let whole = if array == 0 { self.whole.0 } else { self.whole.1 };
        let size = self.range(block).len() * side.width;
        if whole {
            let start = if array == 0 { 0 } else { self.packed(&self.left, self.whole.0) };
            let place = start + self.place(side, batch, block, panel);
            // SAFETY: the phase that packs is over; nobody writes any more.
            unsafe { env.shared.read(place as isize, size) }
        } else {
            &own[(panel - first) * size..][..size]
        }
    }

    /// Adds the sums of a block to the result.
    fn put(
        &self,
        env: &Env<'_, T>,
        (batch, block): (usize, usize),
        (panel_m, panel_n): (usize, usize),
        sums: &[T],
    ) {
        let (height, width) = (self.micro.height, self.micro.width);
        let (rows, cols) = self.size(panel_m, panel_n);
        let base = self.start + self.batch[batch][2];
        let places = &self.cols[panel_n * width..][..cols];
        let add = Add {
            first: block == 0,
            scale: (block + 1 == self.blocks() && self.scale != 1.0).then(|| T::of(self.scale)),
        };
        let rows = &self.rows[panel_m * height..][..rows];
        if self.dense[panel_n] {
            let at = base + places[0];
            env.isa.run(Put { add, arena: env.arena, at, rows, cols, width, sums });
            return;
        }
        for (row, sums) in rows.iter().zip(sums.chunks_exact(width)) {
            for (&place, &sum) in places.iter().zip(sums) {
                // SAFETY: the result's places are all different, and a tile is one shard's.
                let out = unsafe { &mut env.arena.write(base + row + place, 1)[0] };
                *out = add.value(*out, sum);
            }
        }
    }
}

/// The contraction with left and right exchanged: the same sums.
fn turned(source: &Contract) -> Contract {
    let turn = |lanes: &[Lane]| {
        lanes.iter().map(|lane| Lane { a: lane.b, b: lane.a, ..*lane }).collect::<Vec<_>>()
    };
    Contract {
        batch: turn(&source.batch),
        m: turn(&source.n),
        n: turn(&source.m),
        k: turn(&source.k),
        scale: source.scale,
        a: source.b,
        b: source.a,
        c: source.c,
    }
}

/// How sums of a block meet the result.
#[derive(Clone, Copy)]
struct Add<T> {
    /// The block is the first: what was there is forgotten.
    first: bool,
    /// The block is the last, and there is a factor.
    scale: Option<T>,
}

impl<T: Element> Add<T> {
    #[inline(always)]
    fn value(&self, old: T, sum: T) -> T {
        let total = if self.first { sum } else { old + sum };
        self.scale.map_or(total, |scale| total * scale)
    }
}

/// A tile of sums whose rows are neighbours in the result.
struct Put<'a, T> {
    add: Add<T>,
    arena: View<'a, T>,
    at: isize,
    rows: &'a [isize],
    cols: usize,
    width: usize,
    sums: &'a [T],
}

impl<T: Element> Task for Put<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self) {
        for (row, sums) in self.rows.iter().zip(self.sums.chunks_exact(self.width)) {
            // SAFETY: the result's places are all different, and a tile is one shard's.
            let out = unsafe { self.arena.write(self.at + row, self.cols) };
            for (out, &sum) in out.iter_mut().zip(sums) {
                *out = self.add.value(*out, sum);
            }
        }
    }
}

impl<T: Element> Kernel<T> for Contracts<T> {
    fn phases(&self) -> usize {
        2
    }

    fn shards(&self, phase: usize) -> usize {
        let (tiles_m, tiles_n) = self.tiles();
        if phase == 0 { self.pack_shards() } else { self.batch.len() * tiles_m * tiles_n }
    }

    fn work(&self) -> f64 {
        let points = [self.batch.len(), self.rows.len(), self.cols.len(), self.terms];
        points.iter().map(|&count| count as f64).product::<f64>() * 2.0
    }

    fn needs(&self) -> Needs {
        let (height, width) = (self.micro.height, self.micro.width);
        Needs {
            shared: self.packed(&self.left, self.whole.0) + self.packed(&self.right, self.whole.1),
            numbers: (self.tile.0 * height + self.tile.1 * width) * BLOCK + height * width,
            ..Needs::default()
        }
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        if phase == 0 {
            self.pack_whole(shard, env);
        } else {
            self.tile(shard, env, scratch);
        }
    }
}
