//! Values over a part of the data, exact over rows, and outputs for prediction.

use std::collections::BTreeMap;

use chainrule_graph::SymbolId;
use chainrule_graph::differentiate::resolved;
use chainrule_graph::lower::{self, Loop, Lowered, Program as Body, Step, Work};
use chainrule_graph::module::Role;
use chainrule_graph::size::Size;
use chainrule_kernels::program::{Fold, Program, Slot};

use crate::draft::{Draft, Region};
use crate::nodes::fold_of;
use crate::plan::aligned;
use crate::refused::{Refused, refused};
use crate::split::{Split, split};
use crate::training::{Making, Training, finished, law, mean};

/// Values over all rows.
///
/// `chunk` is run for each piece of the rows; what then stands at its `partial` slots is brought
/// together over the pieces, in double precision, and written back; then `finish` is run, and the
/// values stand at `results`. In formulas the number of rows is that of the whole part.
#[derive(Clone, Debug)]
pub struct Measure {
    /// For one piece.
    pub chunk: Program,
    /// What comes together, and how.
    pub partial: Vec<(Slot, Fold)>,
    /// For the end; it takes no rows.
    pub finish: Program,
    /// The values, in the order of the quantities.
    pub results: Vec<Slot>,
    /// Whether the rows cannot be taken in pieces: then `chunk` takes all of them, there is nothing
    /// to bring together, and `finish` does nothing. So it is where a fold over all rows depends on
    /// another, or a row reads its neighbour.
    pub whole: bool,
}

/// Values of a net, without training.
#[derive(Clone, Debug)]
pub struct Outputs {
    /// What is done.
    pub program: Program,
    /// For each quantity its extents, the batch axis last, and its entries.
    pub slots: Vec<(Vec<usize>, Slot)>,
}

impl Training {
    /// The programs for the values of `quantities` over `total` rows, taken `chunk` at a time. Noise is
    /// its mean. The slots depend on the quantities alone, so a program for a shorter last piece fits.
    ///
    /// # Errors
    ///
    /// A quantity has a value for each row, or cannot be compiled; the memory is too much.
    pub fn measure(
        &self,
        quantities: &[SymbolId],
        chunk: u64,
        total: u64,
    ) -> Result<Measure, Refused> {
        let lowered = self.forward(quantities)?;
        for (name, node) in &lowered.outputs {
            let sizes = &self.module.sizes;
            let rows = |d: &Size| d.names().any(|id| sizes.get(id).batch);
            if lowered.nodes[*node].dims.iter().any(rows) {
                return refused(format!(
                    "`{name}` has a value for each row; over all rows: `mean[N] {name}`"
                ));
            }
        }
        match split(&self.module, &lowered) {
            Some(split) => self.pieces(&lowered, &split, chunk, total),
            None => self.at_once(&lowered, total),
        }
    }

    /// A program for the values of `quantities` on so many rows, for prediction. Noise is its mean.
    ///
    /// # Errors
    ///
    /// A quantity cannot be compiled; the memory is too much.
    pub fn outputs(&self, quantities: &[SymbolId], rows: u64) -> Result<Outputs, Refused> {
        let lowered = self.forward(quantities)?;
        let mut making = Making::new(self, rows, rows, false)?;
        let mut slots = Vec::new();
        let wanted = wanted(&mut making, &lowered, Some(&mut slots))?;
        let active = vec![true; lowered.nodes.len()];
        making.outputs(&lowered, &active, &wanted)?;
        let (_, _, program) = finished(making.draft)?;
        Ok(Outputs { program, slots })
    }

    /// The quantities lowered, with means in the place of noise.
    fn forward(&self, quantities: &[SymbolId]) -> Result<Lowered, Refused> {
        let mut module = self.module.clone();
        let (mut outputs, mut done) = (Vec::new(), BTreeMap::new());
        for symbol in quantities {
            let node = module.read(*symbol).map_err(|m| Refused(m.message))?;
            let node = resolved(&mut module, node, &mut done)?;
            outputs.push((module.symbol(*symbol).name.clone(), node));
        }
        let mut lowered = lower::lower(&mut module, &outputs)?;
        for at in 0..lowered.nodes.len() {
            if let Work::Input(symbol) = lowered.nodes[at].work
                && let Role::Noise(start) = &module.symbol(symbol).role
            {
                let value = mean(law(&lowered.nodes[at].name, start)?);
                without_noise(&mut lowered, at, value);
            }
        }
        Ok(lowered)
    }

    fn pieces(
        &self,
        lowered: &Lowered,
        split: &Split,
        chunk: u64,
        total: u64,
    ) -> Result<Measure, Refused> {
        let mut making = Making::new(self, chunk, total, false)?;
        let parts = partials(&mut making, lowered, split, false)?;
        let after = wanted(&mut making, lowered, None)?;
        let results: Vec<Slot> = after.iter().map(|r| slot(&making.draft, r)).collect();
        let targets: BTreeMap<usize, Region> = parts.iter().copied().collect();
        making.nodes(lowered, &split.piece, &targets, None)?;
        let partial = parts.iter().map(|(at, region)| {
            let fold = match &lowered.nodes[*at].work {
                Work::Loop(l) => l.fold.map_or(Fold::Sum, fold_of),
                _ => Fold::Sum,
            };
            (slot(&making.draft, region), fold)
        });
        let partial = partial.collect();
        after.iter().for_each(|r| making.draft.values[r.value].kept = false);
        let (_, _, program) = finished(making.draft)?;
        let mut making = Making::new(self, chunk, total, false)?;
        making.draft.rows = 0;
        let parts = partials(&mut making, lowered, split, true)?;
        let after = wanted(&mut making, lowered, None)?;
        making.finish(lowered, &split.after, parts, &after)?;
        let (_, _, finish) = finished(making.draft)?;
        Ok(Measure { chunk: program, partial, finish, results, whole: false })
    }

    fn at_once(&self, lowered: &Lowered, total: u64) -> Result<Measure, Refused> {
        let mut making = Making::new(self, total, total, false)?;
        let after = wanted(&mut making, lowered, None)?;
        let results = after.iter().map(|r| slot(&making.draft, r)).collect();
        let active = vec![true; lowered.nodes.len()];
        making.outputs(lowered, &active, &after)?;
        let (_, _, chunk) = finished(making.draft)
            .map_err(|e| Refused(format!("{}; and these rows cannot be taken in pieces", e.0)))?;
        let mut making = Making::new(self, 1, total, false)?;
        making.draft.rows = 0;
        let (_, _, finish) = finished(making.draft)?;
        Ok(Measure { chunk, partial: Vec::new(), finish, results, whole: true })
    }
}

impl Making<'_> {
    /// What comes after the folds over all rows.
    fn finish(
        &mut self,
        lowered: &Lowered,
        active: &[bool],
        there: Vec<(usize, Region)>,
        wanted: &[Region],
    ) -> Result<(), Refused> {
        let regions = self.nodes_from(lowered, active, &BTreeMap::new(), None, there)?;
        for ((name, node), region) in lowered.outputs.iter().zip(wanted) {
            let Some(found) = regions[*node] else { return refused("a value is not there") };
            let span = self.span(name);
            self.draft.copy(name, span, found, *region);
        }
        Ok(())
    }
}

/// A number in the place of a noise.
fn without_noise(lowered: &mut Lowered, noise: usize, value: f64) {
    let number = Step::Number(value.to_bits());
    for node in &mut lowered.nodes {
        let Work::Loop(l) = &mut node.work else { continue };
        for step in &mut l.body.steps {
            if let Step::Read(k) = *step
                && l.reads[k].of == noise
                && !l.reads[k].pad
            {
                *step = number.clone();
            }
        }
    }
    let space = lowered.nodes[noise].dims.clone();
    lowered.nodes[noise].work = Work::Loop(Loop {
        rank: space.len(),
        space,
        reads: Vec::new(),
        body: Body { steps: vec![number] },
        fold: None,
        write: None,
        useful: Size::number(0),
    });
}

fn slot(draft: &Draft, region: &Region) -> Slot {
    Slot { at: draft.values[region.value].home.unwrap_or(0) + region.at, len: region.len }
}

/// A place behind what lasts.
fn next(draft: &mut Draft, name: &str, len: usize, given: bool) -> Region {
    let at = draft.floor;
    draft.floor += aligned(len);
    draft.home(name, at, len, given)
}

/// Places for the folds over all rows.
fn partials(
    making: &mut Making<'_>,
    lowered: &Lowered,
    split: &Split,
    given: bool,
) -> Result<Vec<(usize, Region)>, Refused> {
    let mut out = Vec::new();
    for at in &split.partial {
        let node = &lowered.nodes[*at];
        let len = making.bound.dims(&node.dims)?.iter().product();
        out.push((*at, next(&mut making.draft, &node.name, len, given)));
    }
    Ok(out)
}

/// Places for the results.
fn wanted(
    making: &mut Making<'_>,
    lowered: &Lowered,
    mut slots: Option<&mut Vec<(Vec<usize>, Slot)>>,
) -> Result<Vec<Region>, Refused> {
    let mut out = Vec::new();
    for (name, node) in &lowered.outputs {
        let dims = making.bound.dims(&lowered.nodes[*node].dims)?;
        let region = next(&mut making.draft, name, dims.iter().product(), false);
        if let Some(slots) = &mut slots {
            slots.push((dims, slot(&making.draft, &region)));
        }
        out.push(region);
    }
    Ok(out)
}
