//! Quantities over a whole part of the data, piece by piece.

use chainrule_compile::Training as Compiled;
use chainrule_graph::SymbolId;
use chainrule_kernels::program::{Fold, Precision, Slot};
use chainrule_kernels::{Engine, Loaded};

use super::feed::Feed;
use super::machine::refused;
use crate::Error;
use crate::data::Dataset;

/// Most rows of a piece.
const ROWS: usize = 1024;
/// Entries of the arena that a piece may take.
const ENTRIES: usize = 1 << 24;

/// The program of a piece with its partial folds.
#[derive(Debug)]
struct Piece {
    rows: usize,
    loaded: Loaded,
    partial: Vec<(Slot, Fold)>,
}

/// The quantities of a training on one part of the data.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) part: usize,
    /// That of a full piece, and that of the short last one.
    pieces: Vec<Piece>,
    finish: Loaded,
    results: Vec<Slot>,
    /// The folds over all pieces, in f64.
    folded: Vec<f64>,
    taken: Vec<f64>,
}

impl Whole {
    /// Compiles them; `row` is how many entries of the arena a row of a training step takes.
    pub(super) fn new(
        compiled: &Compiled,
        engine: &mut Engine,
        quantities: &[SymbolId],
        part: usize,
        rows: usize,
        row: usize,
    ) -> Result<Whole, Error> {
        if rows == 0 {
            return Err(refused("a part without rows has no values"));
        }
        let most = (ENTRIES / row.max(1)).clamp(16, ROWS);
        let piece = rows.min(if most >= 64 { most / 64 * 64 } else { most });
        let (mut pieces, mut end): (Vec<Piece>, Option<_>) = (Vec::new(), None);
        for own in [piece, rows % piece] {
            if own == 0 || pieces.iter().any(|p| p.rows == rows) {
                continue;
            }
            let made = compiled.measure(quantities, own as u64, rows as u64);
            let made = made.map_err(|r| refused(r.0))?;
            // Some quantities need all rows at once.
            let own = made.chunk.rows;
            let loaded = engine.load(made.chunk).map_err(|r| refused(r.0))?;
            pieces.push(Piece { rows: own, loaded, partial: made.partial });
            if end.is_none() {
                let finish = engine.load(made.finish).map_err(|r| refused(r.0))?;
                end = Some((finish, made.results));
            }
        }
        let Some((finish, results)) = end else {
            return Err(refused("a part without rows has no values"));
        };
        let len = pieces.first().map_or(0, |p| p.partial.iter().map(|(slot, _)| slot.len).sum());
        Ok(Whole { part, pieces, finish, results, folded: vec![0.0; len], taken: vec![0.0; len] })
    }

    /// The values, in the order of the quantities.
    pub(super) fn run(
        &mut self,
        engine: &mut Engine,
        feed: &Feed,
        data: &Dataset,
        seed: u64,
    ) -> Result<Vec<f64>, Error> {
        let mut rest = &data.parts[self.part].rows[..];
        let mut first = true;
        while !rest.is_empty() {
            let fits = |p: &&Piece| p.rows <= rest.len();
            let Some(piece) = self.pieces.iter().find(fits) else {
                return Err(refused("no program takes the last rows"));
            };
            let (now, next) = rest.split_at(piece.rows);
            feed.with(data, self.part, now, (seed, 0), |run| engine.run(piece.loaded, run))
                .map_err(|r| refused(r.0))?;
            let mut at = 0;
            for (slot, fold) in &piece.partial {
                let (own, all) = (at..at + slot.len, &mut self.folded);
                engine.get_into(*slot, &mut self.taken[own.clone()]);
                for (sum, value) in all[own.clone()].iter_mut().zip(&self.taken[own]) {
                    *sum = if first { *value } else { folded(*fold, *sum, *value) };
                }
                at += slot.len;
            }
            (rest, first) = (next, false);
        }
        let mut at = 0;
        for (slot, _) in self.pieces.first().map_or(&[][..], |p| &p.partial) {
            engine.set(*slot, &self.folded[at..at + slot.len]);
            at += slot.len;
        }
        feed.with(data, self.part, &[], (seed, 0), |run| engine.run(self.finish, run))
            .map_err(|r| refused(r.0))?;
        let number = |slot: &Slot| {
            let mut value = [f64::NAN];
            engine.get_into(*slot, &mut value);
            value[0]
        };
        let values = self.results.iter().map(number);
        Ok(match engine.precision() {
            Precision::F64 => values.collect(),
            Precision::F32 => values.map(decimal).collect(),
        })
    }
}

/// The shortest decimal number that single precision cannot tell from this: 0.7, not
/// 0.699999988079071.
fn decimal(value: f64) -> f64 {
    (value as f32).to_string().parse().unwrap_or(value)
}

/// Two folds of some entries each become the fold of all; NaN stays.
fn folded(fold: Fold, a: f64, b: f64) -> f64 {
    match fold {
        Fold::Sum => a + b,
        Fold::Product => a * b,
        Fold::Max | Fold::Min if a.is_nan() || b.is_nan() => f64::NAN,
        Fold::Max => a.max(b),
        Fold::Min => a.min(b),
    }
}
