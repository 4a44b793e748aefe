//! Contractions: a matrix product over any strided or overlapping views.
//!
//! The lanes of a contraction become tables of places, so a convolution needs no copy of its
//! windows. The left array is always read where it is, one entry for all lanes of a vector. The
//! right one is too where its columns are neighbours (the batch is the last index of activations and
//! cotangents); a panel of it whose columns are not is packed by the shard that uses it, just before.
//! A gradient of weights, whose terms run over the batch, packs one of its arrays so; which one is
//! the left array is chosen by what that costs.
//!
//! A shard owns a rectangle of the result, rows by panels of columns, over all terms. If the result
//! is small and the sum long, the sum is cut in parts whose results are added in order in a second
//! phase. An entry of the result is the sum over blocks of terms, in order; each block's sum is one
//! chain of additions in order. So its bits depend on the shape and the instruction set, on nothing
//! else.

mod cut;
mod panels;

use std::ops::Range;

use crate::element::Element;
use crate::gemm::pack::Side;
use crate::gemm::{Ahead, Block, Micro};
use crate::isa::Present;
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::program::{Contract, Lane};
use cut::{Cut, Shape};
use panels::{Panel, Panels, Vectors};

/// Terms of a block of the sum, at most. Blocks of a sum are about equal.
const BLOCK: usize = 320;
/// The same if the sum has several and its panels are packed: a panel stays in the first cache.
const PACKED: usize = 192;
/// Entries of the left array that may be read again for each panel: they fit the second cache.
const NEAR: usize = 1 << 17;
/// Rows for which it pays to copy a panel.
const COPIED: usize = 48;
/// Rows of a tile of sums that are brought to their places one by one.
const TILE: usize = 48;
/// Bytes of a line of the cache.
const LINE: usize = 64;
/// How much slower a contraction may be, about, if the loop behind it need not be run alone.
const SLOWER: f64 = 1.1;
/// Shards of the phase that adds parts.
const ADDERS: usize = 16;

/// A contraction, ready to run.
pub(crate) struct Contracts<T: 'static> {
    micro: Micro<T>,
    /// Places in the left array, by row and by term.
    rows_a: Vec<isize>,
    steps_a: Vec<isize>,
    right: Side,
    /// Places of the result, by row and by column.
    rows_c: Vec<isize>,
    cols_c: Vec<isize>,
    /// Places of the three arrays, for each point of the batch.
    batch: Vec<[isize; 3]>,
    panels: Panels,
    cut: Cut,
    blocks: usize,
    /// Whether panels of neighbours are packed all the same.
    copied: bool,
    /// Whether a shard finishes a panel before it begins the next one.
    by_panel: bool,
    /// Places of the terms of a packed panel, by its vectors less one.
    packed: Vec<Vec<isize>>,
    /// Places of rows in a tile of sums, and in the result of a part.
    rows_tile: Vec<isize>,
    rows_part: Vec<isize>,
    scale: f64,
    /// Where the last of the arrays ends.
    end: usize,
    cost: f64,
    turned: bool,
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

/// Whether rows of the right array begin within vectors, or many of them meet in one set of the
/// first cache (4096 bytes apart).
fn awkward(right: &Side, batch: &[[isize; 3]], lanes: usize) -> bool {
    let lanes = lanes as isize;
    let places = right.sum.iter().chain(batch.iter().map(|at| &at[1]));
    let within = places.clone().any(|place| place % lanes != 0);
    let step = right.sum.get(1).map_or(1, |place| place - right.sum[0]);
    within || (step != 0 && step % (64 * lanes) == 0)
}

/// Multiples of a number.
fn multiples(count: usize, of: usize) -> Vec<isize> {
    (0..count).map(|at| (at * of) as isize).collect()
}

impl<T: Element> Contracts<T> {
    pub(crate) fn new(source: &Contract, isa: Present) -> Contracts<T> {
        Contracts::chosen(source, isa, (0, 0))
    }

    /// With shards whose rows of neighbours in the result are long, for a loop that follows; none if
    /// that would cost much.
    pub(crate) fn wide(source: &Contract, isa: Present) -> Option<Contracts<T>> {
        let neighbours = |lanes: &[Lane]| lanes.iter().any(|l| l.extent > 1 && l.c == 1);
        let least = |lanes| if neighbours(lanes) { T::TILE } else { 0 };
        let wide = Contracts::chosen(source, isa, (least(&source.m), least(&source.n)));
        (wide.cost <= SLOWER * Contracts::<T>::new(source, isa).cost).then_some(wide)
    }

    fn chosen(source: &Contract, isa: Present, (m, n): (usize, usize)) -> Contracts<T> {
        let straight = Contracts::plan(source, T::micro(isa), (m, n));
        let turned = Contracts::plan(&turned(source), T::micro(isa), (n, m));
        if turned.cost < straight.cost { Contracts { turned: true, ..turned } } else { straight }
    }

    /// Whether its rows are the columns of the contraction it was made of.
    pub(crate) fn is_turned(&self) -> bool {
        self.turned
    }

    /// Whether rows of neighbours in the result are long enough for a loop to run shard by shard.
    pub(crate) fn is_wide(&self, source: &Contract) -> bool {
        let neighbours = |lanes: &[Lane]| lanes.iter().any(|l| l.extent > 1 && l.c == 1);
        let long = |all: usize, own: usize| own == all || own >= T::TILE;
        (0..self.shards(self.phases() - 1)).all(|shard| {
            let (_, rows, cols) = self.finished(shard);
            let (m, n) = if self.turned { (&cols, &rows) } else { (&rows, &cols) };
            let all = (self.rows_a.len(), self.cols_c.len());
            let (all_m, all_n) = if self.turned { (all.1, all.0) } else { all };
            (!neighbours(&source.m) || long(all_m, m.len()))
                && (!neighbours(&source.n) || long(all_n, n.len()))
        })
    }

    /// What is finished when a shard of the last phase is done: the batch, rows and columns. The
    /// rectangles of all shards are the whole result, each entry once.
    pub(crate) fn finished(&self, shard: usize) -> (usize, Range<usize>, Range<usize>) {
        let Cut { rows, cols, parts } = self.cut;
        if parts > 1 {
            let (batch, at) = (shard / self.adders(), shard % self.adders());
            return (batch, part(self.rows_a.len(), self.adders(), at), 0..self.cols_c.len());
        }
        let (rest, at_rows) = (shard / rows, shard % rows);
        let (batch, at_cols) = (rest / cols, rest % cols);
        let panels = &self.panels.all[self.panels.cuts[at_cols]..self.panels.cuts[at_cols + 1]];
        let first = panels.first().map_or(0, |panel| panel.first);
        let end = panels.last().map_or(first, |panel| panel.columns().end);
        (batch, part(self.rows_a.len(), rows, at_rows), first..end)
    }

    fn plan(source: &Contract, micro: Micro<T>, least: (usize, usize)) -> Contracts<T> {
        let right = Side::new(places(&source.n, |lane| lane.b), places(&source.k, |lane| lane.b));
        let rows_a = places(&source.m, |lane| lane.a);
        let cols_c = places(&source.n, |lane| lane.c);
        let starts = [source.a.1, source.b.1, source.c.1].map(|place| place as isize);
        let arrays: [Vec<isize>; 3] = [
            places(&source.batch, |lane| lane.a),
            places(&source.batch, |lane| lane.b),
            places(&source.batch, |lane| lane.c),
        ];
        let at = |at: usize| [0, 1, 2].map(|of| starts[of] + arrays[of][at]);
        let batch: Vec<_> = (0..arrays[0].len()).map(at).collect();
        let (rows, terms) = (rows_a.len(), right.sum.len());
        let vectors = Vectors::new(&right, &cols_c, micro.lanes);
        let copied = rows >= COPIED && awkward(&right, &batch, micro.lanes);
        let packed = copied || !vectors.dense;
        let most = if packed && terms > BLOCK { PACKED } else { BLOCK };
        let blocks = terms.div_ceil(most).max(1);
        let lanes = micro.lanes as f64;
        let shape = Shape {
            batch: batch.len(),
            rows,
            vectors: vectors.len(),
            lanes: micro.lanes,
            terms,
            pack: match (vectors.dense, right.runs() * 8 <= terms) {
                (true, _) if copied => 4.0,
                (true, _) => 1.0,
                (false, true) => 6.0,
                (false, false) => 2.0 * lanes,
            },
            put: if vectors.direct { 0.0 } else { 2.0 * lanes },
            blocks,
            least,
        };
        let (cut, cost) = shape.best();
        let panels = vectors.panels(cut.cols, micro.vectors(), micro.lanes);
        let wide = panels.wide(micro.lanes);
        let ends = [source.a.0, source.b.0, source.c.0].map(|slot| slot.at + slot.len);
        Contracts {
            steps_a: places(&source.k, |lane| lane.a),
            rows_c: places(&source.m, |lane| lane.c),
            by_panel: rows.div_ceil(cut.rows) * terms <= NEAR,
            packed: (1..=micro.vectors())
                .map(|vectors| multiples(BLOCK.min(terms), vectors * micro.lanes))
                .collect(),
            rows_tile: multiples(TILE, micro.width()),
            rows_part: multiples(rows, wide),
            end: ends.into_iter().max().unwrap_or(0),
            scale: source.scale,
            micro,
            copied,
            rows_a,
            right,
            cols_c,
            batch,
            panels,
            cut,
            blocks,
            cost,
            turned: false,
        }
    }

    /// Numbers of the result of one part of the sum.
    fn part_len(&self) -> usize {
        self.rows_a.len() * self.panels.wide(self.micro.lanes)
    }

    /// A rectangle of the result, or of the result of a part of the sum.
    fn rectangle(&self, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        let Cut { rows, cols, parts } = self.cut;
        let (rest, at_part) = (shard / parts, shard % parts);
        let (rest, at_rows) = (rest / rows, rest % rows);
        let (batch, at_cols) = (rest / cols, rest % cols);
        let rows = part(self.rows_a.len(), rows, at_rows);
        let blocks = part(self.blocks, parts, at_part);
        let panels = &self.panels.all[self.panels.cuts[at_cols]..self.panels.cuts[at_cols + 1]];
        let mut own = Shard { plan: self, env, scratch, batch, part: at_part, rows, blocks };
        let (first, count) = (own.blocks.start, own.blocks.len());
        let step = |at: usize| {
            if self.by_panel {
                (panels.get(at / count), first + at % count)
            } else {
                (panels.get(at % panels.len()), first + at / panels.len())
            }
        };
        let steps = panels.len() * count;
        for at in 0..steps {
            if let (Some(panel), block) = step(at) {
                let next = Some(at + 1).filter(|&next| next < steps).map(step);
                own.block(panel, block, next.and_then(|(panel, block)| Some((panel?, block))));
            }
        }
    }

    /// What a block of a panel reads of the right array.
    fn ahead(&self, env: &Env<'_, T>, base: isize, panel: &Panel, block: usize) -> Ahead<T> {
        let range = part(self.right.sum.len(), self.blocks, block);
        let line = LINE / T::BYTES;
        let base = env.arena.start().wrapping_offset(base);
        if panel.dense {
            let steps = &self.right.sum[range];
            Ahead {
                base: base.wrapping_offset(self.right.long[panel.first]),
                places: steps.as_ptr(),
                count: steps.len(),
                lines: panel.cols.div_ceil(line),
            }
        } else {
            let columns = &self.right.long[panel.columns()];
            Ahead {
                base: base.wrapping_offset(self.right.sum.get(range.start).copied().unwrap_or(0)),
                places: columns.as_ptr(),
                count: columns.len(),
                lines: range.len().div_ceil(line),
            }
        }
    }

    /// Some rows at a time: sums in a tile, from there to their places.
    fn put(
        &self,
        env: &Env<'_, T>,
        (base, rows, panel): (isize, Range<usize>, &Panel),
        work: &Block<T>,
        tile: &mut [T],
    ) {
        let width = self.micro.width();
        let tile = &mut tile[..TILE * width];
        for start in rows.clone().step_by(TILE) {
            let rows = &self.rows_c[start..rows.end.min(start + TILE)];
            let own = Block {
                rows_a: self.rows_a[start..start + rows.len()].as_ptr(),
                c: tile.as_mut_ptr(),
                rows_c: self.rows_tile.as_ptr(),
                rows: rows.len(),
                first: true,
                scale: T::ONE,
                ..*work
            };
            // SAFETY: as in `block`; the tile has room for so many rows and is the thread's own.
            unsafe { self.micro.run(&own) };
            for (at, &column) in self.cols_c[panel.columns()].iter().enumerate() {
                for (&row, sums) in rows.iter().zip(tile.chunks_exact(width)) {
                    let place = base + row + column;
                    // SAFETY: the result's places are all different, and a rectangle is one shard's.
                    unsafe {
                        let old = env.arena.get(place);
                        let sum = if work.first { sums[at] } else { old + sums[at] };
                        env.arena.set(place, sum * work.scale);
                    }
                }
            }
        }
    }

    /// Adds the parts of some rows of the result.
    fn add(&self, shard: usize, env: &Env<'_, T>) {
        let (batch, at) = (shard / self.adders(), shard % self.adders());
        let len = self.part_len();
        let scale = T::of(self.scale);
        for row in part(self.rows_a.len(), self.adders(), at) {
            let to = self.batch[batch][2] + self.rows_c[row];
            for panel in &self.panels.all {
                for (at, column) in panel.columns().enumerate() {
                    let mut sum = T::ZERO;
                    for part in 0..self.cut.parts {
                        let from = (batch * self.cut.parts + part) * len + panel.at + at;
                        // SAFETY: the parts are complete; nobody writes to them in this phase.
                        let value = unsafe { env.shared.get(from as isize + self.rows_part[row]) };
                        sum = if part == 0 { value } else { sum + value };
                    }
                    // SAFETY: the result's places are all different, and a row is one shard's.
                    unsafe { env.arena.set(to + self.cols_c[column], sum * scale) };
                }
            }
        }
    }

    fn adders(&self) -> usize {
        self.rows_a.len().min(ADDERS)
    }
}

/// What a shard computes.
struct Shard<'a, 'b, T: 'static> {
    plan: &'a Contracts<T>,
    env: &'a Env<'b, T>,
    scratch: &'a mut Scratch<T>,
    batch: usize,
    part: usize,
    rows: Range<usize>,
    blocks: Range<usize>,
}

impl<T: Element> Shard<'_, '_, T> {
    /// A block of terms for a panel of columns and all rows of the shard.
    fn block(&mut self, panel: &Panel, block: usize, next: Option<(&Panel, usize)>) {
        let plan = self.plan;
        let terms = plan.right.sum.len();
        let range = part(terms, plan.blocks, block);
        let [a, b, c] = plan.batch[self.batch];
        let lanes = plan.micro.lanes;
        let arena = self.env.arena;
        assert!(plan.end <= arena.len(), "a program of another arena");
        let room = BLOCK.min(terms) * plan.micro.width();
        let (packed, tile) = self.scratch.numbers.all_mut().split_at_mut(room);
        let (b, steps_b) = if !plan.copied && panel.in_place(lanes) {
            let b = arena.start().wrapping_offset(b + plan.right.long[panel.first]);
            (b.cast_const(), plan.right.sum[range.clone()].as_ptr())
        } else {
            let width = panel.cols.next_multiple_of(lanes);
            let to = (self.env.isa, &plan.micro, &mut *packed);
            let columns = (panel.columns(), width, panel.dense);
            plan.right.pack(arena, b, columns, range.clone(), to);
            (packed.as_ptr(), plan.packed[width / lanes - 1].as_ptr())
        };
        let parts = plan.cut.parts > 1;
        let last = block + 1 == plan.blocks && !parts;
        let mut work = Block {
            terms: range.len(),
            a: arena.start().wrapping_offset(a),
            rows_a: plan.rows_a[self.rows.clone()].as_ptr(),
            steps_a: plan.steps_a[range].as_ptr(),
            b,
            steps_b,
            c: arena.start(),
            rows_c: plan.rows_c[self.rows.clone()].as_ptr(),
            rows: self.rows.len(),
            cols: panel.cols,
            first: block == self.blocks.start,
            scale: if last { T::of(plan.scale) } else { T::ONE },
            ahead: next.map_or(Ahead::NONE, |(panel, block)| {
                plan.ahead(self.env, plan.batch[self.batch][1], panel, block)
            }),
        };
        if parts {
            let from = (self.batch * plan.cut.parts + self.part) * plan.part_len();
            assert!(from + plan.part_len() <= self.env.shared.len(), "too little shared memory");
            work.c = self.env.shared.start().wrapping_add(from + panel.at);
            work.rows_c = plan.rows_part[self.rows.clone()].as_ptr();
        } else if panel.direct {
            work.c = arena.start().wrapping_offset(c + plan.cols_c[panel.first]);
        } else {
            plan.put(self.env, (c, self.rows.clone(), panel), &work, tile);
            return;
        }
        // SAFETY: loading proved that all entries of the three arrays lie inside the arena and that
        // the result meets no other; a panel in place is whole vectors of entries, a packed one is
        // filled up to whole vectors. A rectangle, of a part or not, is written by one shard.
        unsafe { plan.micro.run(&work) };
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

impl<T: Element> Kernel<T> for Contracts<T> {
    fn phases(&self) -> usize {
        if self.cut.parts > 1 { 2 } else { 1 }
    }

    fn shards(&self, phase: usize) -> usize {
        if self.rows_a.is_empty() || self.cols_c.is_empty() {
            return 0;
        }
        let Cut { rows, cols, parts } = self.cut;
        self.batch.len() * if phase == 0 { rows * cols * parts } else { self.adders() }
    }

    fn work(&self) -> f64 {
        let points = [self.batch.len(), self.rows_a.len(), self.cols_c.len(), self.steps_a.len()];
        points.iter().map(|&count| count as f64).product::<f64>() * 2.0
    }

    fn needs(&self) -> Needs {
        let parts = if self.cut.parts > 1 { self.batch.len() * self.cut.parts } else { 0 };
        let packed = BLOCK.min(self.steps_a.len()) * self.micro.width();
        Needs {
            shared: parts * self.part_len(),
            numbers: packed + TILE * self.micro.width(),
            ..Needs::default()
        }
    }

    fn picked(&self) -> String {
        let panels = &self.panels.all;
        let (rows, cols) = self.micro.tile(panels.iter().map(|p| p.cols).max().unwrap_or(1));
        let packed = panels.iter().filter(|panel| !panel.in_place(self.micro.lanes)).count();
        let read = match packed {
            0 => "in place".into(),
            n if n == panels.len() => "packed".into(),
            n => format!("{n} of {} packed", panels.len()),
        };
        let Cut { rows: m, cols: n, parts } = self.cut;
        format!("tile {rows}x{cols}, {read}, cut {m}x{n}x{parts}")
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        if phase == 0 {
            self.rectangle(shard, env, scratch);
        } else {
            self.add(shard, env);
        }
    }
}
