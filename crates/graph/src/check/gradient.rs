//! One derivative against forward mode, complex step and differences.

mod along;
mod prepare;

use std::rc::Rc;

use super::collect::Readers;
use super::point::Point;
use super::{Settings, Stop, Target, kinks};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Tensor};
use crate::module::{Module, Role};
use crate::scalar::{Complex, Frozen};
use along::{Direction, Layout};
use prepare::{Member, Prepared, prepare};

/// Most errors of a derivative that passes: forward mode and complex step, then differences.
const EXACT: f64 = 1e-12;
const DIFFERENCES: f64 = 1e-9;
/// A gradient that is no more than this, of values near 1, is 0.
const NOTHING: f64 = 1e-13;
/// A gradient that is nowhere more than this, but not 0, was not seen.
const UNSEEN: f64 = 1e-30;
/// How often a step is halved.
const HALVINGS: u32 = 18;
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
        super::verdict::worst(self.forward, self.complex)
    }
}

/// A value by its name, if it has one.
pub(super) fn text(module: &Module, node: NodeId) -> String {
    match module.bindings.iter().find(|b| b.value == node) {
        Some(binding) => module.symbol(binding.symbol).name.clone(),
        None => crate::raise::text(module, node),
    }
}

/// Checks the derivatives that differentiation finds: those of one loss together.
pub(super) fn checked(module: &Module, targets: &[Target], settings: &Settings) -> Vec<Gradient> {
    // A derivative does not use a stable form that looks through its name; by a defined name what
    // is behind it does not move.
    let alone = |t: &Target| {
        let through = module.bindings.iter().any(|b| b.through.contains(&t.wrt));
        t.second || through || module.symbol(t.wrt).role == Role::Defined
    };
    let mut found: Vec<Option<Gradient>> = vec![None; targets.len()];
    for (first, target) in targets.iter().enumerate() {
        if found[first].is_some() {
            continue;
        }
        let mut group = vec![first];
        if !alone(target) {
            let beside = |i: &usize| targets[*i].of == target.of && !alone(&targets[*i]);
            group.extend((first + 1..targets.len()).filter(beside));
        }
        let all: Vec<&Target> = group.iter().map(|i| &targets[*i]).collect();
        if let Ok(gradients) = together(module, &all, None, settings) {
            group.iter().zip(gradients).for_each(|(at, g)| found[*at] = Some(g));
            continue;
        }
        // One that cannot be had is no reason to give up the others.
        for at in group {
            found[at] = Some(one(module, &targets[at], None, settings));
        }
    }
    found.into_iter().flatten().collect()
}

/// Checks `gradient`, a term of the module, as that of `target`.
pub fn against(
    module: &Module,
    target: &Target,
    gradient: NodeId,
    settings: &Settings,
) -> Gradient {
    one(module, target, Some(gradient), settings)
}

fn one(
    module: &Module,
    target: &Target,
    gradient: Option<NodeId>,
    settings: &Settings,
) -> Gradient {
    let mut found = together(module, &[target], gradient, settings);
    match found.as_mut().map(Vec::pop) {
        Ok(Some(found)) => found,
        Ok(None) => Gradient::none(module, target),
        Err(stop) => stopped(module, target, stop.clone()),
    }
}

/// The derivatives of one loss: one preparation, one point, one interpreter a type of number.
fn together(
    module: &Module,
    targets: &[&Target],
    gradient: Option<NodeId>,
    settings: &Settings,
) -> Result<Vec<Gradient>, Stop> {
    let prepared = prepare(module, targets, gradient)?;
    let point = prepared.point(settings)?;
    let module = &prepared.module;
    let mut base: Interpreter<'_, f64> = point.interpreter(module)?;
    let mut forward = base.clone();
    for member in &prepared.members {
        let value = base.value(member.variable)?;
        forward.set(member.seed, value.map(|_| 0.0));
    }
    forward.value(prepared.tangent)?;
    let loss = Loss {
        prepared: &prepared,
        settings,
        forward,
        complex: warmed::<Complex>(&prepared, &point)?,
        frozen: warmed::<Frozen>(&prepared, &point)?,
        readers: Readers::of(module),
        branching: kinks::nodes(module, &[prepared.of]),
        most: prepared.most(&base)?,
        value: base.value(prepared.of)?,
        point,
    };
    let pairs = prepared.members.iter().zip(targets);
    pairs.map(|(member, target)| loss.compare(member, target, &mut base)).collect()
}

/// A loss at a point.
struct Loss<'a> {
    prepared: &'a Prepared,
    settings: &'a Settings,
    point: Point,
    value: Rc<Tensor<f64>>,
    forward: Interpreter<'a, f64>,
    complex: Interpreter<'a, Complex>,
    frozen: Interpreter<'a, Frozen>,
    readers: Readers,
    branching: Vec<NodeId>,
    /// How many directions, and how many dense ones of a sample.
    most: (usize, u64),
}

fn stopped(module: &Module, target: &Target, stop: Stop) -> Gradient {
    Gradient { message: Some(stop.0), ..Gradient::none(module, target) }
}

/// The largest errors so far.
#[derive(Default)]
struct Errors {
    forward: f64,
    complex: f64,
    difference: f64,
    kinks: usize,
}

impl Gradient {
    /// The same, compared with the gradient in double-double.
    fn with_more_digits(&self, found: &Errors, scale: f64) -> Gradient {
        Gradient {
            complex: found.complex / scale,
            difference: Some(found.difference / scale),
            message: Some("with more digits than f64 has".into()),
            ..self.clone()
        }
    }
}

impl<'a> Loss<'a> {
    fn compare(
        &self,
        member: &Member,
        target: &Target,
        base: &mut Interpreter<'a, f64>,
    ) -> Result<Gradient, Stop> {
        let (prepared, value) = (self.prepared, &self.value);
        let reverse = base.value(member.gradient)?;
        let start = Tensor::clone(&*base.value(member.variable)?);
        let layout = Layout::of(&prepared.module, value, &reverse, &start)?;
        let size = reverse.largest();
        if size > 0.0 && size < UNSEEN {
            let message = format!("not seen: no entry is larger than {size:.0e} where it is drawn");
            return Ok(Gradient {
                message: Some(message),
                ..Gradient::none(&prepared.module, target)
            });
        }
        let (directions, sampled) = layout.directions(self.settings.seed, self.most);
        let found = self.errors(member, &start, &layout, &reverse, &directions)?;
        let scale = scale(value, &reverse);
        let difference = found.difference / scale;
        let mut out = Gradient {
            directions: directions.len(),
            sampled,
            forward: found.forward / scale,
            complex: found.complex / scale,
            difference: Some(difference),
            kinks: found.kinks,
            ..Gradient::none(&prepared.module, target)
        };
        // Differences see no more digits than the value has. A comparison with NaN fails.
        let digits = DIFFERENCES * (STEPS[0] * value.largest() / scale).max(1.0);
        let holds = |g: &Gradient| {
            g.forward <= EXACT && g.complex <= EXACT && g.difference.is_some_and(|d| d <= digits)
        };
        out.passed = holds(&out);
        let size = value.largest().max(1.0);
        let small = reverse.largest() <= NOTHING * size && out.error() * scale <= NOTHING * size;
        if !out.passed
            && small
            && prepared.shrinks(member, &self.point, reverse.largest().max(out.error() * scale))?
        {
            // Rounding is all there is: a softmax does not see a shift.
            out.passed = difference * scale <= DIFFERENCES * size;
            (out.forward, out.complex, out.difference) = (0.0, 0.0, Some(0.0));
            out.message = Some("it is 0 in all ways, up to rounding".into());
        }
        if !out.passed && out.forward <= EXACT {
            let errors =
                |exact: &Tensor<f64>| self.errors(member, &start, &layout, exact, &directions);
            // A formula may lose digits where both modes do: `1 - a^2` of a saturated `a`.
            let found = errors(&prepared.exact(member, &self.point)?)?;
            let again = out.with_more_digits(&found, scale);
            if holds(&again) {
                out = Gradient { passed: true, ..again };
            }
        }
        Ok(out)
    }

    fn errors(
        &self,
        member: &Member,
        start: &Tensor<f64>,
        layout: &Layout,
        reverse: &Tensor<f64>,
        directions: &[Direction],
    ) -> Result<Errors, Stop> {
        let Loss { prepared, frozen, forward, complex, .. } = self;
        let (wrt, limit) = (member.wrt, scale(&self.value, reverse));
        let depends = self.readers.of_name(wrt);
        let moves = self.readers.of_name(member.seed);
        let mut errors = Errors::default();
        for direction in directions {
            let t = layout.tensor(direction, start);
            let expected = layout.along(reverse, direction);
            let weight = direction.weight();
            let mut it = forward.vary(member.seed, t.clone(), &moves);
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

            let walk = Walk { frozen, of: prepared.of, wrt, start, t: &t, depends: &depends };
            let (ways, crossed) = walk.differences(&self.branching)?;
            errors.kinks += usize::from(crossed);
            let error = |way: &Vec<f64>| {
                let mut error = 0.0;
                worse(&mut error, &expected, way, weight);
                error
            };
            let mut least = ways.iter().map(error).fold(f64::INFINITY, f64::min);
            if least.is_nan() || least > DIFFERENCES * limit {
                // The steps are too long for a function that bends so much.
                least = least.min(error(&walk.settled()?));
            }
            errors.difference = super::verdict::worst(errors.difference, least);
        }
        Ok(errors)
    }
}

/// What the errors of a gradient are relative to.
fn scale(value: &Tensor<f64>, reverse: &Tensor<f64>) -> f64 {
    reverse.largest().max(1e-8 * value.largest()).max(f64::MIN_POSITIVE)
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

/// Steps along a direction, branches frozen.
struct Walk<'a, 'm> {
    frozen: &'a Interpreter<'m, Frozen>,
    of: NodeId,
    wrt: SymbolId,
    start: &'a Tensor<f64>,
    t: &'a Tensor<f64>,
    depends: &'a [bool],
}

impl<'m> Walk<'_, 'm> {
    fn at(&self, h: f64) -> Result<(Vec<f64>, Interpreter<'m, Frozen>), Stop> {
        let moved = |(x, d): (&f64, &f64)| Frozen { value: x + h * d, base: *x };
        let moved = Tensor {
            data: self.start.data.iter().zip(&self.t.data).map(moved).collect(),
            axes: self.start.axes.clone(),
            shape: self.start.shape.clone(),
        };
        let mut it = self.frozen.vary(self.wrt, moved, self.depends);
        let value = it.value(self.of)?;
        Ok((value.data.iter().map(|x| x.value).collect(), it))
    }

    fn central(&self, h: f64) -> Result<Vec<f64>, Stop> {
        let ((up, _), (down, _)) = (self.at(h)?, self.at(-h)?);
        Ok(up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * h)).collect())
    }

    /// Three extrapolated central differences, and whether a branch would have changed on the
    /// largest step.
    fn differences(&self, branching: &[NodeId]) -> Result<([Vec<f64>; 3], bool), Stop> {
        let mut crossed = false;
        for h in [STEPS[0], -STEPS[0]] {
            if !crossed && !branching.is_empty() {
                crossed = kinks::crossed(&mut self.at(h)?.1, branching)?;
            }
        }
        let mut central = Vec::new();
        for h in STEPS {
            central.push(self.central(h)?);
        }
        let way = |i: usize| {
            let pairs = central[i].iter().zip(&central[i + 1]);
            pairs.map(|(coarse, fine)| (4.0 * fine - coarse) / 3.0).collect()
        };
        Ok(([way(0), way(1), way(2)], crossed))
    }

    /// Steps halved until the extrapolation settles (Ridders), entry by entry.
    fn settled(&self) -> Result<Vec<f64>, Stop> {
        let mut last: Vec<Vec<f64>> = Vec::new();
        let mut best: Vec<(f64, f64)> = Vec::new();
        for k in 0..HALVINGS {
            let mut row = vec![self.central(STEPS[0] / f64::from(1_u32 << k))?];
            best.resize(row[0].len(), (f64::INFINITY, f64::NAN));
            for (j, coarse) in last.iter().enumerate() {
                let factor = 4_f64.powi(j as i32 + 1);
                let fine = &row[j];
                let next: Vec<f64> = fine
                    .iter()
                    .zip(coarse)
                    .map(|(fine, coarse)| (factor * fine - coarse) / (factor - 1.0))
                    .collect();
                for (i, x) in next.iter().enumerate() {
                    let doubt = (x - fine[i]).abs().max((x - coarse[i]).abs());
                    if doubt < best[i].0 {
                        best[i] = (doubt, *x);
                    }
                }
                row.push(next);
            }
            last = row;
        }
        Ok(best.into_iter().map(|(_, x)| x).collect())
    }
}
