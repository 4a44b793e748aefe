//! How a product is cut in shards: by rows, by columns, and, if the result is small, by terms.
//!
//! The estimates are in cycles of a core with two units for multiply-add. They need not be good: they
//! choose between cuts, and depend on nothing but the shape.

/// Entries of a shard's part of the result, at most, and its rows: they stay in the second cache.
const AREA: usize = 1 << 18;
const ROWS: usize = 768;
/// Entries of a result that may be computed in parts of the sum.
const SMALL: usize = 1 << 16;
/// Terms of such a part at least.
const TERMS: usize = 512;
/// Cycles that a shard costs beside its work.
const SHARD: f64 = 600.0;
/// Cycles that a row of a panel costs beside its vectors, for each term.
const NARROW: f64 = 0.12;
/// Cycles for an entry of an array that comes from far.
const FAR: f64 = 0.15;

/// What the choice depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) rows: usize,
    /// Vectors of columns, and their lanes.
    pub(super) vectors: usize,
    pub(super) lanes: usize,
    pub(super) terms: usize,
    /// Cycles to pack a vector of columns for one term.
    pub(super) pack: f64,
    /// Cycles to bring a vector of the result to its places.
    pub(super) put: f64,
    pub(super) blocks: usize,
    /// Rows and columns of a shard at least, unless it has all of them.
    pub(super) least: (usize, usize),
}

/// How many pieces there are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Cut {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) parts: usize,
}

impl Shape {
    /// Cycles of the largest shard.
    fn shard(&self, cut: Cut) -> f64 {
        let rows = self.rows.div_ceil(cut.rows) as f64;
        let vectors = self.vectors.div_ceil(cut.cols) as f64;
        let blocks = self.blocks.div_ceil(cut.parts) as f64;
        let terms = self.terms as f64 * blocks / self.blocks.max(1) as f64;
        let loads = (rows / 6.0).ceil() * (vectors + 2.0) + rows * (vectors / 4.0).ceil();
        let panels = (vectors / 4.0).ceil();
        let inner = 0.5 * (rows * vectors).max(loads) + NARROW * rows * panels;
        let far = FAR * (rows + vectors * self.lanes as f64);
        let result = rows * vectors * (2.0 + if cut.parts > 1 { 0.0 } else { self.put });
        SHARD + terms * (inner + self.pack * vectors + far) + blocks * result
    }

    /// Cycles with so many threads.
    fn time(&self, cut: Cut, threads: usize) -> f64 {
        let shards = self.batch * cut.rows * cut.cols * cut.parts;
        let mut time = shards.div_ceil(threads) as f64 * self.shard(cut);
        if cut.parts > 1 {
            let all = (self.batch * self.rows * self.vectors) as f64;
            let own = 2.0 * cut.parts as f64 + self.put + 2.0;
            time += SHARD + all * own / threads as f64;
        }
        time
    }

    /// What is to be small: few threads matter most.
    fn cost(&self, cut: Cut) -> f64 {
        let of = |threads: usize, weight: f64| weight * threads as f64 * self.time(cut, threads);
        of(1, 2.0) + of(2, 6.0) + of(3, 0.2) + of(4, 0.5) + of(8, 0.15)
    }

    /// Whether shards have as many rows and columns as they must.
    fn wide(&self, cut: Cut) -> bool {
        let area = self.rows.div_ceil(cut.rows) * self.vectors.div_ceil(cut.cols) * self.lanes;
        let near = self.least == (0, 0) || area <= AREA;
        near && (cut.rows == 1 || self.rows / cut.rows >= self.least.0)
            && (cut.cols == 1 || self.vectors / cut.cols * self.lanes >= self.least.1)
    }

    /// The best cut, and its cost.
    pub(super) fn best(&self) -> (Cut, f64) {
        let free = self.least == (0, 0);
        let rows = if free { self.rows.div_ceil(ROWS).max(1) } else { 1 };
        let area = self.rows.div_ceil(rows) * self.vectors * self.lanes;
        let cols = if free { area.div_ceil(AREA).clamp(1, self.vectors.max(1)) } else { 1 };
        let small = self.batch * self.rows * self.vectors * self.lanes <= SMALL;
        let most = if free { 8 } else { 16 };
        let mut best: Option<(Cut, f64)> = None;
        for parts in [1, 2, 4, 8, 16] {
            if parts > 1 && !(small && self.terms >= parts * TERMS && parts <= self.blocks) {
                continue;
            }
            for more_rows in 1..=most {
                for more_cols in 1..=most {
                    let cut = Cut { rows: rows * more_rows, cols: cols * more_cols, parts };
                    if cut.rows > self.rows.max(1) || cut.cols > self.vectors.max(1) {
                        continue;
                    }
                    if !self.wide(cut) {
                        continue;
                    }
                    let cost = self.cost(cut);
                    if best.is_none_or(|best| cost < best.1) {
                        best = Some((cut, cost));
                    }
                }
            }
        }
        let one = Cut { rows: 1, cols: 1, parts: 1 };
        best.unwrap_or((one, if free { 0.0 } else { f64::INFINITY }))
    }
}
