//! The gradients at the file's own sizes and start values, along a few random directions of all
//! parameters at once, by complex step.
//!
//! The lowered graph is evaluated, which stores no products that are summed; what it takes is known
//! before anything is computed.

use super::point::{Draw, Manner, Point};
use std::collections::BTreeMap;

use super::{Settings, Stop, collect, gradient::Gradient, gradient::text, verdict};
use crate::differentiate::gradients;
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::lower::{Lowered, Work, arranged, lower};
use crate::module::{Module, Role};
use crate::random::{Random, stream_of};
use crate::record::Reference;
use crate::scalar::Complex;
use crate::size::Ratio;

/// How many directions.
const DIRECTIONS: u64 = 8;
/// How many bytes all values together may take.
const BYTES: f64 = 800e6;
/// How many operations fewer rows are taken for.
const OPERATIONS: f64 = 2e9;
/// How many operations one row may need.
const MOST_OPERATIONS: f64 = 1e10;
/// The imaginary step.
const IMAGINARY: f64 = 1e-30;
/// The largest error that passes: sums of many terms lose a few digits.
const EXACT: f64 = 1e-11;

/// Checks every loss with `rows` rows of drawn data.
///
/// # Errors
///
/// The values are too large, even with one row.
pub fn own(module: &Module, settings: &Settings, rows: u64) -> Result<Vec<Gradient>, String> {
    let mut losses: Vec<NodeId> = Vec::new();
    for target in collect::targets(module) {
        let param = matches!(module.symbol(target.wrt).role, Role::Param(_));
        let ty = module.graph.ty(target.of);
        if param && ty.is_scalar() && ty.axes.is_empty() && !losses.contains(&target.of) {
            losses.push(target.of);
        }
    }
    losses.into_iter().map(|loss| checked(module, loss, settings, rows)).collect()
}

fn checked(
    module: &Module,
    loss: NodeId,
    settings: &Settings,
    rows: u64,
) -> Result<Gradient, String> {
    let mut out = Gradient {
        of: text(module, loss),
        name: "all parameters".into(),
        shape: match module.parameter_count().value(&module.sizes).and_then(Ratio::whole) {
            Some(count) => format!("{} values", crate::size::grouped(count.unsigned_abs())),
            None => format!("{} values", module.sizes.text(&module.parameter_count())),
        },
        operator: "grad",
        parameter: true,
        directions: DIRECTIONS as usize,
        sampled: true,
        forward: 0.0,
        complex: f64::NAN,
        difference: None,
        kinks: 0,
        passed: false,
        message: None,
    };
    let programs = match programs(module, loss) {
        Ok(programs) => programs,
        Err(stop) => {
            out.message = Some(stop.0);
            return Ok(out);
        }
    };
    let (numbers, used) = programs.fitting(rows.max(1))?;
    if used < rows {
        out.message = Some(format!("with {used} of {rows} rows: more would take too much"));
    }
    match programs.error(&numbers, settings) {
        Ok(error) => {
            out.complex = error;
            out.passed = error <= EXACT;
        }
        Err(stop) => out.message = Some(stop.0),
    }
    Ok(out)
}

/// What is evaluated.
struct Programs {
    module: Module,
    wrt: Vec<SymbolId>,
    gradients: Lowered,
    loss: Lowered,
}

fn programs(module: &Module, loss: NodeId) -> Result<Programs, Stop> {
    let mut module = module.clone();
    let loss = collect::without_operators(&mut module, loss)?;
    let read = collect::names(&module, loss);
    let wrt: Vec<SymbolId> =
        module.params().map(|(id, _)| id).filter(|id| read.contains(id)).collect();
    let formulas = gradients(&mut module, loss, &wrt)?;
    let named = |id: &SymbolId| module.symbol(*id).name.clone();
    let outputs: Vec<(String, NodeId)> = wrt.iter().map(named).zip(formulas).collect();
    let gradients = lower(&mut module, &outputs)?;
    let loss = lower(&mut module, &[("loss".into(), loss)])?;
    Ok(Programs { module, wrt, gradients, loss })
}

/// What evaluating a lowered graph takes.
#[derive(Default)]
struct Takes {
    entries: f64,
    inputs: f64,
    operations: f64,
    /// The value with the most entries.
    largest: (f64, String),
}

impl Takes {
    fn of(lowered: &Lowered, numbers: &Numbers) -> Takes {
        let product = |sizes: &[crate::size::Size]| -> f64 {
            sizes.iter().map(|s| numbers.size(s).map_or(f64::INFINITY, |n| n as f64)).product()
        };
        let mut takes = Takes::default();
        for node in &lowered.nodes {
            let entries = product(&node.dims);
            takes.entries += entries;
            takes.operations += match &node.work {
                Work::Loop(l) => product(&l.space) * l.reads.len().max(1) as f64,
                _ => entries,
            };
            if matches!(node.work, Work::Input(_)) {
                takes.inputs += entries;
            }
            if entries > takes.largest.0 {
                takes.largest = (entries, node.name.clone());
            }
        }
        takes
    }
}

impl Programs {
    /// As many of the rows as there is room and time for.
    fn fitting(&self, rows: u64) -> Result<(Numbers, u64), String> {
        let mut rows = rows;
        loop {
            let numbers = Numbers::of(&self.module, rows, 3);
            let gradients = Takes::of(&self.gradients, &numbers);
            let loss = Takes::of(&self.loss, &numbers);
            // Each input is held as numbers, as a step, moved, and arranged.
            let bytes =
                (8.0 * gradients.entries).max(16.0 * loss.entries) + 72.0 * gradients.inputs;
            // A complex product is several real ones.
            let operations = gradients.operations + 3.0 * DIRECTIONS as f64 * loss.operations;
            if bytes <= BYTES && operations <= OPERATIONS {
                return Ok((numbers, rows));
            }
            if rows == 1 {
                if bytes <= BYTES && operations <= MOST_OPERATIONS {
                    return Ok((numbers, rows));
                }
                let all = [gradients.largest, loss.largest];
                let (entries, name) = all
                    .into_iter()
                    .fold((0.0, String::new()), |a, b| if b.0 > a.0 { b } else { a });
                let entries = crate::size::grouped(entries.min(1e18) as u64);
                return Err(if bytes > BYTES {
                    format!(
                        "the file's own sizes are too large for `--at`: `{name}` has {entries} \
                         entries, and the check holds several copies of each value"
                    )
                } else {
                    format!(
                        "the file's own sizes are too large for `--at`: one row takes \
                         {operations:.0e} operations (`{name}` has {entries} entries)"
                    )
                });
            }
            rows /= 2;
        }
    }

    /// The values of the inputs of a lowered graph, in its order.
    fn inputs<S: Reference>(
        &self,
        lowered: &Lowered,
        it: &mut Interpreter<'_, S>,
    ) -> Result<BTreeMap<SymbolId, Tensor<S>>, Stop> {
        let mut inputs = BTreeMap::new();
        for node in &lowered.nodes {
            let Work::Input(symbol) = node.work else { continue };
            let known = self.module.symbol(symbol);
            let value = match (it.given(symbol), &known.role) {
                (Some(value), _) => arranged(&self.module, &known.ty, value)?,
                (None, Role::Const(node)) => {
                    let value = it.value(*node)?;
                    arranged(&self.module, &known.ty, &value)?
                }
                (None, _) => return Err(Stop(format!("`{}` has no value", known.name))),
            };
            inputs.insert(symbol, value);
        }
        Ok(inputs)
    }

    fn error(&self, numbers: &Numbers, settings: &Settings) -> Result<f64, Stop> {
        let module = &self.module;
        let point = start(module, numbers, settings.seed)?;
        let found = {
            let mut base: Interpreter<'_, f64> = point.interpreter(module)?;
            let inputs = self.inputs(&self.gradients, &mut base)?;
            self.gradients.evaluate(numbers, &inputs)?
        };
        let mut worst = 0.0_f64;
        let real: BTreeMap<SymbolId, Tensor<f64>> = {
            let mut it: Interpreter<'_, f64> = point.interpreter(module)?;
            self.inputs(&self.loss, &mut it)?
        };
        let complex = |x: &f64| Complex { re: *x, im: 0.0 };
        for k in 0..DIRECTIONS {
            let mut inputs: BTreeMap<SymbolId, Tensor<Complex>> = BTreeMap::new();
            for (symbol, value) in &real {
                let data = value.data.iter().map(complex).collect();
                let (axes, shape) = (Vec::new(), value.shape.clone());
                inputs.insert(*symbol, Tensor { axes, shape, data });
            }
            let (mut expected, mut scale) = (0.0, 0.0_f64);
            for (symbol, gradient) in self.wrt.iter().zip(&found) {
                let Some(value) = inputs.get_mut(symbol) else { continue };
                let random =
                    Random::new(settings.seed ^ (k + 1), stream_of(&module.symbol(*symbol).name));
                for (i, (g, x)) in gradient.data.iter().zip(&mut value.data).enumerate() {
                    let d = random.normal(i as u64);
                    expected += g * d;
                    scale += (g * d).abs();
                    x.im = IMAGINARY * d;
                }
            }
            let stepped = self.loss.evaluate(numbers, &inputs)?[0].data[0].im / IMAGINARY;
            let gap = (expected - stepped).abs() / scale.max(1e-300);
            worst = verdict::worst(worst, gap);
        }
        Ok(worst)
    }
}

/// The start values that the file gives, drawn rows for its data.
fn start(module: &Module, numbers: &Numbers, seed: u64) -> Result<Point, Stop> {
    let manner = Manner::Normal;
    let how = Draw { seed, draw: 0, manner, replaced: &[], constants: false, spread: 1.0 };
    let mut point = Point::draw(module, numbers, &how)?;
    for (id, value) in crate::start::values(module, numbers, seed)? {
        point.set(id, value);
    }
    Ok(point)
}
