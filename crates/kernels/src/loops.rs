//! Pointwise programs over tiles, with folds.
//!
//! A tile is a few rows of the vector axis; a register holds one value for each of its entries.
//! Items are what no fold connects: blocks of kept axes. Within an item the folded axes are walked
//! in order; when there are few items and much to fold, the walk is cut in fixed parts whose
//! results are combined in order in a second phase. All of this follows from the extents and
//! strides of the loop.

#[cfg_attr(not(test), allow(dead_code))]
pub(crate) mod boxed;
pub(crate) mod code;
mod plan;
pub(crate) mod port;

use code::{Action, Arg, Code, Op, Out, Port, To};
use port::{Labels, Tile};

use crate::arena::View;
use crate::element::Element;
use crate::kernel::{Env, Kernel, Needs, Scratch, part};
use crate::pointwise::{Along, Binary, Ends, Meet, Unary, Value, neutral};
use crate::program::{Fold, Foreign, Function};
use crate::space::Walk;
use crate::tree::{AHEAD, LEAVES, Leaf, Pass};
use crate::window::Windows;

/// Shards of a loop at most.
const SHARDS: usize = 64;
/// Parts of a fold at most.
const PARTS: usize = 16;
/// Points of a part at least.
const PART: usize = 16_384;
/// Operands of a function from outside at most.
pub(crate) const OPERANDS: usize = 16;

/// An axis that tiles cut into blocks.
#[derive(Clone, Copy, Debug)]
struct Strip {
    extent: usize,
    block: usize,
    folded: bool,
    /// Its counter in the walk it belongs to, if there is more than one block.
    counter: Option<usize>,
}

impl Strip {
    fn blocks(&self) -> usize {
        self.extent.div_ceil(self.block)
    }

    fn len(&self, counts: &[isize]) -> usize {
        let at = self.counter.map_or(0, |counter| counts[counter] as usize);
        self.block.min(self.extent - at * self.block)
    }
}

/// A loop, ready to run.
pub(crate) struct Loops<T> {
    /// Kept axes, and folded ones.
    outer: Walk,
    inner: Walk,
    starts: Vec<isize>,
    row: Strip,
    col: Strip,
    row_strides: Vec<isize>,
    col_strides: Vec<isize>,
    code: Code<T>,
    parts: usize,
    points: usize,
    /// Numbers of the totals of one fold.
    total: usize,
    /// Whether values are added where they are written, to what is there.
    adds: bool,
    /// A fold of what is read over a small window.
    window: Option<Window>,
}

/// What a loop is that folds what it reads over a small window.
#[derive(Debug)]
struct Window {
    fold: Fold,
    /// The forms of what is read and what is written.
    read: usize,
    write: usize,
    lines: Vec<isize>,
}

impl<T: Element> Loops<T> {
    /// Runs what lies under some indices of the outermost axis, which runs so far.
    pub(crate) fn under(
        &self,
        env: &Env<'_, T>,
        scratch: &mut Scratch<T>,
        leads: std::ops::Range<usize>,
        lead: usize,
    ) {
        let each = self.outer.points() / lead.max(1);
        self.items(env, scratch, leads.start * each..leads.end * each, (0, 1));
    }

    fn totals(&self) -> usize {
        self.total * self.code.folds.len()
    }

    /// Runs items, each with a part of its folded points.
    fn items(
        &self,
        env: &Env<'_, T>,
        scratch: &mut Scratch<T>,
        items: std::ops::Range<usize>,
        (part_at, parts): (usize, usize),
    ) {
        if items.is_empty() {
            return;
        }
        let numbers = scratch.numbers.view();
        let forms = self.starts.len();
        let (outer_places, rest) = scratch.places.split_at_mut(forms);
        let (places, rest) = rest.split_at_mut(forms);
        let (outer_counts, rest) = rest.split_at_mut(self.outer.axes());
        let inner_counts = &mut rest[..self.inner.axes()];
        let folded = part(self.inner.points(), parts, part_at);
        outer_places.copy_from_slice(&self.starts);
        self.outer.seek(items.start, outer_counts, outer_places);
        if let Some(window) = &self.window {
            for _ in items {
                self.windows(env, window, outer_places, self.ends(outer_counts));
                self.outer.next(outer_counts, outer_places);
            }
            return;
        }
        for item in items {
            places.copy_from_slice(outer_places);
            self.inner.seek(folded.start, inner_counts, places);
            self.reset(numbers);
            for _ in folded.clone() {
                let tile = Tile {
                    places,
                    row: &self.row_strides,
                    entry: &self.col_strides,
                    rows: self.row.len(if self.row.folded { inner_counts } else { outer_counts }),
                    cols: self.col.len(if self.col.folded { inner_counts } else { outer_counts }),
                };
                self.tile(env, numbers, &tile, &mut scratch.doubles);
                self.inner.next(inner_counts, places);
            }
            if parts == 1 {
                self.finish(env, numbers, outer_places, self.ends(outer_counts));
            } else {
                let at = (item * parts + part_at) * self.totals();
                // SAFETY: each part of each item has its own place in the shared memory, and the
                // thread's own memory is its own.
                unsafe {
                    let own = numbers.read(self.code.numbers as isize, self.totals());
                    env.shared.write(at as isize, self.totals()).copy_from_slice(own);
                }
            }
            self.outer.next(outer_counts, outer_places);
        }
    }

    /// Folds the windows of an item.
    fn windows(
        &self,
        env: &Env<'_, T>,
        own: &Window,
        places: &[isize],
        (rows, len): (usize, usize),
    ) {
        for row in 0..rows as isize {
            let from = places[own.read] + self.row_strides[own.read] * row;
            let to = places[own.write] + self.row_strides[own.write] * row;
            // The bounds of each line are checked, the first one is where they begin.
            own.lines.iter().for_each(|line| _ = env.arena.place(from + line, len));
            let (from, to) = (env.arena.place(from, len), env.arena.place(to, len));
            let (fold, lines, marks) = (own.fold, &own.lines[..], None);
            // SAFETY: the lines are inside; what an item writes is its own and no read touches it.
            unsafe { Windows { fold, from, lines, len, to, marks }.run(env.isa) };
        }
    }

    /// The totals of each fold.
    #[inline]
    fn fold<'a>(&self, numbers: View<'a, T>, at: usize) -> &'a mut [T] {
        let place = self.code.numbers + at * self.total;
        // SAFETY: the thread's own memory; no register lies behind `code.numbers`, and each caller
        // drops the slice before it asks again.
        unsafe { numbers.write(place as isize, self.total) }
    }

    fn reset(&self, numbers: View<'_, T>) {
        for (at, (fold, _)) in self.code.folds.iter().enumerate() {
            self.fold(numbers, at).fill(neutral(*fold));
        }
    }

    /// Rows and columns of the totals of an item.
    fn ends(&self, outer_counts: &[isize]) -> (usize, usize) {
        let rows = if self.row.folded { 1 } else { self.row.len(outer_counts) };
        let cols = if self.col.folded { 1 } else { self.col.len(outer_counts) };
        (rows, cols)
    }

    /// Writes the folds of an item.
    fn finish(
        &self,
        env: &Env<'_, T>,
        numbers: View<'_, T>,
        outer_places: &[isize],
        (rows, cols): (usize, usize),
    ) {
        for (at, (fold, out)) in self.code.folds.iter().enumerate() {
            let totals = self.fold(numbers, at);
            if self.col.folded {
                env.isa.run(Ends { fold: *fold, totals, rows });
            }
            let tile = Tile {
                places: outer_places,
                row: &self.row_strides,
                entry: &self.col_strides,
                rows,
                cols,
            };
            tile.store(env.arena, &out.port.site, &None, Value::Many(&totals[..rows * cols]));
        }
    }

    /// The second phase: the parts of an item, in order.
    fn gather_parts(&self, env: &Env<'_, T>, scratch: &mut Scratch<T>, item: usize) {
        let numbers = scratch.numbers.view();
        let (places, rest) = scratch.places.split_at_mut(self.starts.len());
        let counts = &mut rest[..self.outer.axes()];
        places.copy_from_slice(&self.starts);
        self.outer.seek(item, counts, places);
        self.reset(numbers);
        for (at, &(fold, _)) in self.code.folds.iter().enumerate() {
            for part in 0..self.parts {
                let from = (item * self.parts + part) * self.totals() + at * self.total;
                // SAFETY: nobody writes to the parts in this phase.
                let values = unsafe { env.shared.read(from as isize, self.total) };
                let total = self.fold(numbers, at);
                env.isa.run(Meet { fold, total, values });
            }
        }
        self.finish(env, numbers, places, self.ends(counts));
    }

    /// The value of an operand over a tile.
    #[inline]
    fn value<'a>(
        &self,
        env: &Env<'a, T>,
        (numbers, doubles): (View<'a, T>, &[f64]),
        tile: &Tile<'_>,
        arg: Arg<T>,
    ) -> Value<'a, T> {
        let len = tile.rows * tile.cols;
        // SAFETY: registers are the thread's own, and an operand is never the register written at
        // the same time; what is read in the arena is written after the tile is computed.
        unsafe {
            match arg {
                Arg::Number(value) => Value::One(value),
                Arg::Single(at) => Value::One(T::of(doubles[at])),
                Arg::Register(at) => Value::Many(numbers.read(at as isize, len)),
                Arg::Memory(form) => Value::Many(env.arena.read(tile.places[form], len)),
            }
        }
    }

    fn labels<'a>(
        &self,
        env: &Env<'a, T>,
        own: (View<'a, T>, &[f64]),
        tile: &Tile<'_>,
        port: &Port<T>,
    ) -> Labels<'a, T> {
        port.label.map(|(label, arg)| (label, self.value(env, own, tile, arg)))
    }

    fn tile(&self, env: &Env<'_, T>, numbers: View<'_, T>, tile: &Tile<'_>, doubles: &mut [f64]) {
        for op in &self.code.ops {
            if let To::Single(to) = op.to {
                doubles[to] = self.single(env, numbers, tile, op, doubles);
            } else {
                self.op(env, numbers, tile, op, doubles);
            }
        }
        let own = (numbers, &*doubles);
        for (at, &(fold, ref out)) in self.code.folds.iter().enumerate() {
            if let Value::Many(values) = self.value(env, own, tile, out.value) {
                self.meet(env, fold, self.fold(numbers, at), values, tile.cols);
            }
        }
        for Out { value, port } in &self.code.plain {
            let value = self.value(env, own, tile, *value);
            let labels = self.labels(env, own, tile, port);
            if self.adds {
                tile.add(env.arena, &port.site, &labels, value);
            } else {
                tile.store(env.arena, &port.site, &labels, value);
            }
        }
    }

    /// Adds a tile to the totals of a fold.
    fn meet(&self, env: &Env<'_, T>, fold: Fold, totals: &mut [T], values: &[T], cols: usize) {
        match (self.col.folded, self.row.folded) {
            (false, false) => {
                env.isa.run(Meet { fold, total: &mut totals[..values.len()], values });
            }
            (false, true) => {
                for values in values.chunks_exact(cols) {
                    env.isa.run(Meet { fold, total: &mut totals[..cols], values });
                }
            }
            (true, false) => env.isa.run(Along { fold, totals, values, cols }),
            (true, true) => {
                env.isa.run(Along { fold, totals, values, cols: values.len() });
            }
        }
    }

    fn op(
        &self,
        env: &Env<'_, T>,
        numbers: View<'_, T>,
        tile: &Tile<'_>,
        op: &Op<T>,
        doubles: &mut [f64],
    ) {
        let len = tile.rows * tile.cols;
        let (memory, at) = match op.to {
            To::Memory(form) => (env.arena, tile.places[form]),
            To::Register(at) | To::Single(at) => (numbers, at as isize),
        };
        if let Action::Tree(shape, leaves) = &op.action {
            return self.tree(
                env,
                (numbers, doubles),
                tile,
                (*shape, leaves, &op.ahead),
                memory.place(at, len),
            );
        }
        // SAFETY: the thread's own memory, and the register is none of the operands; or places of
        // this tile alone, which the operands do not touch.
        let out = unsafe { memory.write(at, len) };
        let own = (numbers, &*doubles);
        match &op.action {
            Action::Load(port) => {
                let labels = self.labels(env, own, tile, port);
                tile.load(env.arena, &port.site, &labels, out);
            }
            Action::Index(form) => index(tile, *form, out),
            Action::Unary(function, x) => match self.value(env, own, tile, *x) {
                Value::Many(x) => env.isa.run(Unary { function: *function, x, out }),
                Value::One(x) if *function == Function::Identity => out.fill(x),
                Value::One(x) => env.isa.run(Unary { function: *function, x: &[x], out }),
            },
            Action::Binary(function, x, y) => {
                let x = self.value(env, own, tile, *x);
                let y = self.value(env, own, tile, *y);
                env.isa.run(Binary { function: *function, x, y, out });
            }
            Action::Foreign(function, all) => {
                self.outside(env, numbers, tile, (*function, all), doubles, out);
            }
            Action::Tree(..) => {}
        }
    }

    /// Computes a shape; `out` has room for the tile.
    #[inline]
    fn tree(
        &self,
        env: &Env<'_, T>,
        (numbers, doubles): (View<'_, T>, &[f64]),
        tile: &Tile<'_>,
        (shape, args, soon): (usize, &[Option<Arg<T>>], &[usize]),
        out: *mut T,
    ) {
        let len = tile.rows * tile.cols;
        let mut ahead = [std::ptr::null(); AHEAD];
        for (ahead, &form) in ahead.iter_mut().zip(soon) {
            // The next tile lies behind this one, more often than not.
            *ahead = env.arena.start().wrapping_offset(tile.places[form]).wrapping_add(len);
        }
        let asked = soon.len();
        let mut leaves = [Leaf::One(T::ZERO); LEAVES];
        let (mut before, mut moderate) = (T::ONE, true);
        for (leaf, arg) in leaves.iter_mut().zip(args) {
            let one = match *arg {
                Some(Arg::Register(at)) => {
                    *leaf = Leaf::Many(numbers.place(at as isize, len));
                    continue;
                }
                Some(Arg::Memory(form)) => {
                    *leaf = Leaf::Many(env.arena.place(tile.places[form], len));
                    continue;
                }
                Some(Arg::Number(value)) => value,
                Some(Arg::Single(at)) => T::of(doubles[at]),
                None => {
                    moderate &= before.moderate();
                    T::ONE / before
                }
            };
            before = one;
            *leaf = Leaf::One(one);
        }
        // SAFETY: `place` checked the bounds. A register is none of its operands; a place in the
        // arena is this tile's alone, and an operand that touches it is at the same place.
        unsafe { Pass { shape, leaves, len, out, moderate, ahead, asked }.run(env.isa) };
    }

    /// A number that is the same for the whole tile, in f64.
    fn single(
        &self,
        env: &Env<'_, T>,
        numbers: View<'_, T>,
        tile: &Tile<'_>,
        op: &Op<T>,
        doubles: &mut [f64],
    ) -> f64 {
        let number = |arg: &Arg<T>| match *arg {
            Arg::Number(value) => value.to_f64(),
            Arg::Single(at) => doubles[at],
            // What is the same for a tile is made of nothing else.
            Arg::Register(_) | Arg::Memory(_) => f64::NAN,
        };
        let mut out = [0.0];
        match &op.action {
            Action::Load(port) => {
                let tile = &Tile { rows: 1, cols: 1, ..*tile };
                let labels = self.labels(env, (numbers, &*doubles), tile, port);
                let mut entry = [T::ZERO];
                tile.load(env.arena, &port.site, &labels, &mut entry);
                out[0] = entry[0].to_f64();
            }
            Action::Index(form) => out[0] = tile.places[*form] as f64,
            Action::Unary(function, x) => {
                env.isa.run(Unary { function: *function, x: &[number(x)], out: &mut out });
            }
            Action::Binary(function, x, y) => {
                let (mut x, mut y) = (number(x), number(y));
                if compares(*function) {
                    // As entries are compared.
                    (x, y) = (T::of(x).to_f64(), T::of(y).to_f64());
                }
                let (x, y) = (Value::One(x), Value::One(y));
                env.isa.run(Binary { function: *function, x, y, out: &mut out });
            }
            Action::Foreign(function, all) => {
                let Foreign::Entry(_, function) = &env.foreign[*function] else { return f64::NAN };
                let mut operands = [0.0; OPERANDS];
                operands.iter_mut().zip(all).for_each(|(operand, arg)| *operand = number(arg));
                out[0] = function(&operands[..all.len()]);
            }
            // What is the same for a tile is no tree.
            Action::Tree(..) => out[0] = f64::NAN,
        }
        out[0]
    }

    fn outside(
        &self,
        env: &Env<'_, T>,
        numbers: View<'_, T>,
        tile: &Tile<'_>,
        (function, all): (usize, &[Arg<T>]),
        doubles: &mut [f64],
        out: &mut [T],
    ) {
        let Foreign::Entry(_, function) = &env.foreign[function] else { return };
        let (operands, singles) = doubles.split_at_mut(OPERANDS);
        let operands = &mut operands[..all.len()];
        for (at, out) in out.iter_mut().enumerate() {
            for (operand, arg) in operands.iter_mut().zip(all) {
                *operand = match *arg {
                    Arg::Number(value) => value.to_f64(),
                    Arg::Single(at) => singles[at - OPERANDS],
                    arg => match self.value(env, (numbers, &[]), tile, arg) {
                        Value::One(value) => value.to_f64(),
                        Value::Many(values) => values[at].to_f64(),
                    },
                };
            }
            *out = T::of(function(operands));
        }
    }
}

fn compares(function: Function) -> bool {
    use Function::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(function, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual)
}

/// The values of an index.
fn index<T: Element>(tile: &Tile<'_>, form: usize, out: &mut [T]) {
    for (row, out) in out.chunks_exact_mut(tile.cols).enumerate() {
        let start = tile.places[form] + tile.row[form] * row as isize;
        for (at, out) in out.iter_mut().enumerate() {
            *out = T::of((start + tile.entry[form] * at as isize) as f64);
        }
    }
}

impl<T: Element> Kernel<T> for Loops<T> {
    fn phases(&self) -> usize {
        if self.parts > 1 { 2 } else { 1 }
    }

    fn shards(&self, phase: usize) -> usize {
        let items = self.outer.points();
        match (self.parts, phase) {
            (1, _) => items.min(SHARDS),
            (parts, 0) => items * parts,
            _ => items,
        }
    }

    fn work(&self) -> f64 {
        self.points as f64 * self.code.weight
    }

    fn needs(&self) -> Needs {
        Needs {
            shared: if self.parts > 1 {
                self.outer.points() * self.parts * self.totals()
            } else {
                0
            },
            numbers: self.code.numbers + self.totals(),
            places: 2 * self.starts.len() + self.outer.axes() + self.inner.axes(),
            doubles: self.code.doubles,
        }
    }

    fn run(&self, phase: usize, shard: usize, env: &Env<'_, T>, scratch: &mut Scratch<T>) {
        if phase == 1 {
            self.gather_parts(env, scratch, shard);
        } else if self.parts == 1 {
            let items = self.outer.points();
            let shards = Kernel::<T>::shards(self, 0);
            self.items(env, scratch, part(items, shards, shard), (0, 1));
        } else {
            let (item, at) = (shard / self.parts, shard % self.parts);
            self.items(env, scratch, item..item + 1, (at, self.parts));
        }
    }
}
