//! The gradients at the file's own sizes and start values, along a few random directions of all
//! parameters at once, by complex step.

use super::point::{Draw, Manner, Point};
use super::{Settings, Stop, collect, gradient::Gradient, gradient::text, verdict};
use crate::differentiate::gradients;
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::module::{Module, Role, Start};
use crate::random::{Random, stream_of};
use crate::scalar::Complex;

/// How many directions.
const DIRECTIONS: u64 = 8;
/// How many entries all values together may have.
const ROOM: usize = 1 << 28;
/// The imaginary step.
const IMAGINARY: f64 = 1e-30;
/// The largest error that passes: sums of many terms lose a few digits.
const EXACT: f64 = 1e-11;

/// Checks every loss with `rows` rows of drawn data.
pub fn own(module: &Module, settings: &Settings, rows: u64) -> Vec<Gradient> {
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

fn checked(module: &Module, loss: NodeId, settings: &Settings, rows: u64) -> Gradient {
    let mut out = Gradient {
        of: text(module, loss),
        name: "all parameters".into(),
        shape: format!("{} values", module.sizes.text(&module.parameter_count())),
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
    match error(module, loss, settings, rows) {
        Ok((error, used)) => {
            if used < rows {
                out.message =
                    Some(format!("with {used} of {rows} rows: there is no room for more"));
            }
            out.complex = error;
            out.passed = error <= EXACT;
        }
        Err(stop) => out.message = Some(stop.0),
    }
    out
}

fn error(
    module: &Module,
    loss: NodeId,
    settings: &Settings,
    rows: u64,
) -> Result<(f64, u64), Stop> {
    let mut module = module.clone();
    let loss = collect::without_operators(&mut module, loss)?;
    let read = collect::names(&module, loss);
    let wrt: Vec<SymbolId> =
        module.params().map(|(id, _)| id).filter(|id| read.contains(id)).collect();
    let formulas = gradients(&mut module, loss, &wrt)?;
    let (numbers, rows) = fitting(&module, loss, rows.max(1))?;
    let point = start(&module, &numbers, settings.seed)?;
    let mut base: Interpreter<'_, f64> = point.interpreter(&module)?;
    let mut found = Vec::new();
    for formula in &formulas {
        found.push(Tensor::clone(&*base.value(*formula)?));
    }
    let mut worst = 0.0_f64;
    for k in 0..DIRECTIONS {
        let mut it: Interpreter<'_, Complex> = point.interpreter(&module)?;
        let (mut expected, mut scale) = (0.0, 0.0_f64);
        for (symbol, gradient) in wrt.iter().zip(&found) {
            let Some(value) = point.get(*symbol) else { continue };
            let random =
                Random::new(settings.seed ^ (k + 1), stream_of(&module.symbol(*symbol).name));
            let step: Vec<f64> = (0..value.data.len() as u64).map(|i| random.normal(i)).collect();
            for (g, d) in gradient.data.iter().zip(&step) {
                expected += g * d;
                scale += (g * d).abs();
            }
            let moved = value.data.iter().zip(&step);
            let data = moved.map(|(x, d)| Complex { re: *x, im: IMAGINARY * d }).collect();
            let (axes, shape) = (value.axes.clone(), value.shape.clone());
            it.set(*symbol, Tensor { axes, shape, data });
        }
        let stepped = it.value(loss)?.data[0].im / IMAGINARY;
        let gap = (expected - stepped).abs() / scale.max(1e-300);
        worst = verdict::worst(worst, gap);
    }
    Ok((worst, rows))
}

/// As many of the rows as the interpreter has room for.
fn fitting(module: &Module, loss: NodeId, rows: u64) -> Result<(Numbers, u64), Stop> {
    let mut rows = rows;
    loop {
        let numbers = Numbers::of(module, rows, 3);
        let it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
        let mut entries = 0_usize;
        for id in collect::behind(module, loss) {
            // A value that is too large by itself is too much, too.
            entries = entries.saturating_add(it.work(id).unwrap_or(usize::MAX));
        }
        if entries <= ROOM || rows == 1 {
            return Ok((numbers, rows));
        }
        rows /= 2;
    }
}

/// The start values that the file gives, drawn rows for its data.
fn start(module: &Module, numbers: &Numbers, seed: u64) -> Result<Point, Stop> {
    let manner = Manner::Normal;
    let how = Draw { seed, draw: 0, manner, replaced: &[], constants: false, spread: 1.0 };
    let mut point = Point::draw(module, numbers, &how)?;
    let it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    for (id, symbol) in module.params() {
        match &symbol.role {
            Role::Param(Start::Value(node)) => point.fixed.push((id, *node)),
            Role::Param(Start::Drawn(word, of)) => {
                let shape = it.shape(&symbol.ty)?;
                let value = initial(word, of, &shape, Random::new(seed, stream_of(&symbol.name)));
                point.set(id, Tensor { axes: symbol.ty.axes.clone(), shape, data: value });
            }
            _ => {}
        }
    }
    // A start value that is an expression is a value too.
    let at: Interpreter<'_, f64> = point.interpreter(module)?;
    for (id, _) in module.params() {
        if let Some(value) = at.given(id).cloned() {
            point.set(id, value);
        }
    }
    Ok(point)
}

fn initial(word: &str, of: &[f64], shape: &[usize], random: Random) -> Vec<f64> {
    let entries: usize = shape.iter().product();
    let (out, inner) =
        (shape.first().copied().unwrap_or(1), shape.iter().skip(1).product::<usize>());
    let fans = (inner.max(1) + out) as f64;
    let one = |i: u64| match (word, of) {
        ("normal", [mean, deviation, ..]) => mean + deviation * random.normal(i),
        ("uniform", [a, b, ..]) => a + (b - a) * random.uniform(i),
        ("he", _) => random.normal(i) * (2.0 / inner.max(1) as f64).sqrt(),
        ("glorot_uniform", _) => (6.0 / fans).sqrt() * (2.0 * random.uniform(i) - 1.0),
        ("glorot" | "glorot_normal", _) => random.normal(i) * (2.0 / fans).sqrt(),
        _ => random.normal(i) / (inner.max(1) as f64).sqrt(),
    };
    (0..entries as u64).map(one).collect()
}
