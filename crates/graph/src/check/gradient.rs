//! One derivative against forward mode, complex step and differences.

mod along;
mod prepare;

use super::{Settings, Stop, Target, kinks};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Tensor, dependents};
use crate::module::Module;
use crate::scalar::{Complex, Frozen};
use along::{Direction, Layout};
use prepare::{Prepared, prepare};

/// Most errors of a derivative that passes: forward mode and complex step, then differences.
const EXACT: f64 = 1e-12;
const DIFFERENCES: f64 = 1e-9;
/// A gradient that is no more than this, of values near 1, is 0.
const NOTHING: f64 = 1e-13;
/// The imaginary step.
const IMAGINARY: f64 = 1e-30;
/// The steps of differences: each of the first three with its half.
const STEPS: [f64; 4] = [1.0 / 1024.0, 1.0 / 2048.0, 1.0 / 4096.0, 1.0 / 8192.0];

/// What was found of one derivative.
#[derive(Clone, PartialEq, Debug)]
pub struct Gradient {
    /// What is differentiated, as text.
    pub of: String,
    /// By what.
    pub name: String,
    /// The shape, in names.
    pub shape: String,
    /// The operator of the language: `grad`, `jac` or `hess`.
    pub operator: &'static str,
    /// Whether the name is a parameter.
    pub parameter: bool,
    /// How many directions were taken.
    pub directions: usize,
    /// Whether they are all entries, or a sample with dense directions.
    pub sampled: bool,
    /// Reverse against forward mode.
    pub forward: f64,
    /// Reverse against complex step.
    pub complex: f64,
    /// Reverse against differences; `None` where none were taken.
    pub difference: Option<f64>,
    /// In how many directions a branch would have changed.
    pub kinks: usize,
    /// Whether it holds.
    pub passed: bool,
    /// Why it could not be checked, or what is wrong.
    pub message: Option<String>,
}

impl Gradient {
    fn none(module: &Module, target: &Target) -> Gradient {
        let symbol = module.symbol(target.wrt);
        Gradient {
            of: text(module, target.of),
            name: symbol.name.clone(),
            shape: module.type_text(&symbol.ty),
            operator: match module.graph.ty(target.of).is_scalar() {
                _ if target.second => "hess",
                true => "grad",
                false => "jac",
            },
            parameter: matches!(symbol.role, crate::module::Role::Param(_)),
            directions: 0,
            sampled: false,
            forward: f64::NAN,
            complex: f64::NAN,
            difference: None,
            kinks: 0,
            passed: false,
            message: None,
        }
    }

    /// The largest error that is not one of differences.
    pub fn error(&self) -> f64 {
        self.forward.max(self.complex)
    }
}

/// A value by its name, if it has one.
pub(super) fn text(module: &Module, node: NodeId) -> String {
    match module.bindings.iter().find(|b| b.value == node) {
        Some(binding) => module.symbol(binding.symbol).name.clone(),
        None => crate::raise::text(module, node),
    }
}

/// Checks the derivative that differentiation finds.
pub(super) fn checked(module: &Module, target: &Target, settings: &Settings) -> Gradient {
    let found = prepare(module, target, None).and_then(|p| compare(&p, target, settings));
    found.unwrap_or_else(|stop| stopped(module, target, stop))
}

/// Checks `gradient`, a term of the module, as that of `target`.
pub fn against(
    module: &Module,
    target: &Target,
    gradient: NodeId,
    settings: &Settings,
) -> Gradient {
    let found = prepare(module, target, Some(gradient)).and_then(|p| compare(&p, target, settings));
    found.unwrap_or_else(|stop| stopped(module, target, stop))
}

fn stopped(module: &Module, target: &Target, stop: Stop) -> Gradient {
    Gradient { message: Some(stop.0), ..Gradient::none(module, target) }
}

/// The largest errors so far.
#[derive(Default)]
struct Errors {
    forward: f64,
    complex: f64,
    difference: [f64; 3],
    kinks: usize,
}

fn compare(prepared: &Prepared, target: &Target, settings: &Settings) -> Result<Gradient, Stop> {
    let module = &prepared.module;
    let (point, _) = prepared.point(settings)?;
    let mut base: Interpreter<'_, f64> = point.interpreter(module)?;
    let value = base.value(prepared.of)?;
    let reverse = base.value(prepared.gradient)?;
    let start = Tensor::clone(&*base.value(prepared.variable)?);
    let layout = Layout::of(module, &value, &reverse, &start)?;
    let (directions, sampled) = layout.directions(settings.seed, prepared.most(&base)?);
    let found = errors(prepared, &point, &start, &layout, &reverse, &directions)?;
    let scale = reverse.largest().max(1e-8 * value.largest().max(1.0));
    let difference = found.difference.iter().copied().fold(f64::INFINITY, f64::min) / scale;
    let mut out = Gradient {
        directions: directions.len(),
        sampled,
        forward: found.forward / scale,
        complex: found.complex / scale,
        difference: Some(difference),
        kinks: found.kinks,
        ..Gradient::none(&prepared.module, target)
    };
    // A comparison with NaN fails.
    out.passed = out.forward <= EXACT && out.complex <= EXACT && difference <= DIFFERENCES;
    let size = value.largest().max(1.0);
    if !out.passed && reverse.largest() <= NOTHING * size && out.error() * scale <= NOTHING * size {
        // Rounding is all there is: a softmax does not see a shift.
        out.passed = difference * scale <= DIFFERENCES * size;
        (out.forward, out.complex, out.difference) = (0.0, 0.0, Some(0.0));
        out.message = Some("it is 0 in all ways, up to rounding".into());
    }
    Ok(out)
}

fn errors(
    prepared: &Prepared,
    point: &super::point::Point,
    start: &Tensor<f64>,
    layout: &Layout,
    reverse: &Tensor<f64>,
    directions: &[Direction],
) -> Result<Errors, Stop> {
    let module = &prepared.module;
    let wrt = prepared.wrt;
    let depends = dependents(module, wrt);
    let moves = dependents(module, prepared.seed);
    let forward: Interpreter<'_, f64> = point.interpreter(module)?;
    let complex = warmed::<Complex>(prepared, point)?;
    let frozen = warmed::<Frozen>(prepared, point)?;
    let branching = kinks::nodes(module, &[prepared.of]);
    let mut errors = Errors::default();
    for direction in directions {
        let t = layout.tensor(direction, start);
        let expected = layout.along(reverse, direction);
        let weight = direction.weight();
        let mut it = forward.vary(prepared.seed, t.clone(), &moves);
        let pushed = it.value(prepared.tangent)?;
        worse(&mut errors.forward, &expected, &pushed.data, weight);

        let step = |(x, d): (&f64, &f64)| Complex { re: *x, im: IMAGINARY * d };
        let moved = Tensor {
            data: start.data.iter().zip(&t.data).map(step).collect(),
            axes: start.axes.clone(),
            shape: start.shape.clone(),
        };
        let value = complex.vary(wrt, moved, &depends).value(prepared.of)?;
        let stepped: Vec<f64> = value.data.iter().map(|x| x.im / IMAGINARY).collect();
        worse(&mut errors.complex, &expected, &stepped, weight);

        let (ways, crossed) = differences(&frozen, prepared, start, &t, &depends, &branching)?;
        errors.kinks += usize::from(crossed);
        for (worst, way) in errors.difference.iter_mut().zip(&ways) {
            worse(worst, &expected, way, weight);
        }
    }
    Ok(errors)
}

/// An interpreter that knows the value at the point already: only what depends is computed again.
fn warmed<'m, S: crate::record::Reference>(
    prepared: &'m Prepared,
    point: &super::point::Point,
) -> Result<Interpreter<'m, S>, Stop> {
    let mut it = point.interpreter(&prepared.module)?;
    it.value(prepared.of)?;
    Ok(it)
}

/// The largest difference; NaN stays.
fn worse(worst: &mut f64, expected: &[f64], found: &[f64], weight: f64) {
    for (a, b) in expected.iter().zip(found) {
        let gap = (a - b).abs() / weight;
        if gap.is_nan() || gap > *worst {
            *worst = gap;
        }
    }
    if expected.len() != found.len() {
        *worst = f64::NAN;
    }
}

/// Three extrapolated central differences, branches frozen, and whether a branch would have
/// changed on the largest step.
fn differences(
    frozen: &Interpreter<'_, Frozen>,
    prepared: &Prepared,
    start: &Tensor<f64>,
    t: &Tensor<f64>,
    depends: &[bool],
    branching: &[NodeId],
) -> Result<([Vec<f64>; 3], bool), Stop> {
    let wrt: SymbolId = prepared.wrt;
    let mut crossed = false;
    let mut at = |h: f64| -> Result<Vec<f64>, Stop> {
        let moved = |(x, d): (&f64, &f64)| Frozen { value: x + h * d, base: *x };
        let moved = Tensor {
            data: start.data.iter().zip(&t.data).map(moved).collect(),
            axes: start.axes.clone(),
            shape: start.shape.clone(),
        };
        let mut it = frozen.vary(wrt, moved, depends);
        let value = it.value(prepared.of)?;
        if h.abs() == STEPS[0] && !crossed {
            crossed = kinks::crossed(&mut it, branching)?;
        }
        Ok(value.data.iter().map(|x| x.value).collect())
    };
    let mut central = Vec::new();
    for h in STEPS {
        let (up, down) = (at(h)?, at(-h)?);
        let slope = |(a, b): (&f64, &f64)| (a - b) / (2.0 * h);
        central.push(up.iter().zip(&down).map(slope).collect::<Vec<f64>>());
    }
    let way = |i: usize| {
        let pairs = central[i].iter().zip(&central[i + 1]);
        pairs.map(|(coarse, fine)| (4.0 * fine - coarse) / 3.0).collect()
    };
    Ok(([way(0), way(1), way(2)], crossed))
}
