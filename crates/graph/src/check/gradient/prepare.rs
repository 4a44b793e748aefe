//! The terms of one check: value, gradient, tangent; and a point far from kinks.

use super::super::point::{Draw, Manner, Point};
use super::super::{Settings, Stop, Target, collect, kinks, sizes};
use super::STEPS;
use crate::differentiate::{gradients, tangent};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Tensor};
use crate::module::{Module, Role, Start, Symbol};
use crate::op::Op;
use crate::scalar::{DoubleDouble, Scalar};
use crate::terms::Terms;
use crate::types::Type;

/// How often a point is drawn anew.
const DRAWS: u64 = 24;
/// How many steps a point is away from every kink.
const APART: f64 = 100.0;
/// How much work the check of one name may be, in entries computed.
const WORK: usize = 40_000_000;
/// Entries that are checked one by one.
const ENTRIES: usize = 200;
/// The fewest of them, however large the values are.
const FEWEST: usize = 8;
/// How many dense directions a large name gets.
const DENSE: usize = 3;
/// Many terms get fewer points and directions: about so many evaluations of terms are made.
const EVALUATED: usize = 800_000;
/// More terms are not checked.
const TERMS: usize = 400_000;

pub(super) struct Prepared {
    pub(super) module: Module,
    /// A number (or one a sample).
    pub(super) of: NodeId,
    /// The tangent of `of` along all seeds.
    pub(super) tangent: NodeId,
    pub(super) members: Vec<Member>,
    /// How many terms there are.
    terms: usize,
}

/// One derivative.
pub(super) struct Member {
    pub(super) wrt: SymbolId,
    pub(super) variable: NodeId,
    pub(super) gradient: NodeId,
    pub(super) seed: SymbolId,
}

/// Several derivatives of one term; of a second one, or of one with a stable form that looks through
/// its name, only that.
pub(super) fn prepare(
    module: &Module,
    targets: &[&Target],
    gradient: Option<NodeId>,
) -> Result<Prepared, Stop> {
    let mut module = module.clone();
    let wrt: Vec<SymbolId> = targets.iter().map(|t| t.wrt).collect();
    for binding in &mut module.bindings {
        if wrt.iter().any(|wrt| binding.through.contains(wrt)) {
            binding.stable = binding.value;
        }
    }
    let mut of = collect::without_operators(&mut module, targets[0].of)?;
    if targets[0].second {
        of = gradients(&mut module, of, &wrt)?[0];
    }
    let ty = module.graph.ty(of).clone();
    if !ty.is_scalar() {
        // An array is checked along a cotangent: its product with it is a number.
        let drawn = hidden(&mut module, "the cotangent", Role::Given(Start::None), ty);
        let cotangent = collect::symbol_node(&mut module, drawn)?;
        of = Terms::of(&mut module).op(Op::Inner, &[cotangent, of])?;
    }
    let gradients = match gradient {
        Some(gradient) => vec![collect::without_operators(&mut module, gradient)?],
        None => gradients(&mut module, of, &wrt)?,
    };
    let (mut members, mut seeds) = (Vec::new(), Vec::new());
    for (wrt, gradient) in wrt.into_iter().zip(gradients) {
        let ty = module.symbol(wrt).ty.as_ref().clone();
        let seed = hidden(&mut module, "the tangent", Role::Local, ty);
        seeds.push((wrt, collect::symbol_node(&mut module, seed)?));
        let variable = collect::symbol_node(&mut module, wrt)?;
        members.push(Member { wrt, variable, gradient, seed });
    }
    let tangent = tangent(&mut module, of, &seeds)?;
    let roots = members.iter().map(|m| m.gradient).chain([of]).collect();
    let terms = collect::behind_all(&module, roots).len();
    if terms > TERMS {
        return Err(Stop(format!("too large to be checked: {terms} terms, {TERMS} are the most")));
    }
    Ok(Prepared { module, of, tangent, members, terms })
}

fn hidden(module: &mut Module, name: &str, role: Role, ty: Type) -> SymbolId {
    let ty = module.graph.shared(Type { kind: crate::types::Kind::Real, ..ty });
    let span = chainrule_syntax::Span::default();
    module.symbols.push(Symbol { name: name.into(), role, ty, span, type_span: None });
    SymbolId::new(module.symbols.len() - 1)
}

impl Prepared {
    /// A point far from kinks, or the best of many.
    pub(super) fn point(&self, settings: &Settings) -> Result<Point, Stop> {
        let used = collect::sizes(&self.module, &[self.of]);
        let branching = kinks::nodes(&self.module, &[self.of]);
        let mut best: Option<(Point, kinks::Quality)> = None;
        let mut failed = None;
        let draws = (EVALUATED / self.terms.max(1)).clamp(2, DRAWS as usize) as u64;
        for draw in 0..DRAWS {
            if draw >= draws && best.is_some() {
                break;
            }
            let how = Draw {
                seed: settings.seed,
                draw,
                manner: if draw < DRAWS / 2 { Manner::Normal } else { Manner::Positive },
                replaced: &[],
                constants: true,
                spread: 1.0,
            };
            if draw >= DRAWS / 2 && best.is_some() {
                break;
            }
            // Other sizes too: a gradient may be 0 at these.
            let numbers = sizes::draw(&self.module, &used, settings.seed, draw / 8)?;
            let point = Point::draw(&self.module, &numbers, &how)?;
            match self.seen(&point, &branching) {
                Ok(Some(found)) => {
                    let better = best.as_ref().is_none_or(|(_, old)| {
                        (found.dull, -found.distance) < (old.dull, -old.distance)
                    });
                    let good = found.dull == 0 && found.distance > APART * STEPS[0];
                    if better {
                        best = Some((point, found));
                    }
                    if good {
                        break;
                    }
                }
                Ok(None) => {}
                Err(stop) => failed = Some(stop),
            }
        }
        match (best, failed) {
            (Some((point, _)), _) => Ok(point),
            (None, Some(stop)) => Err(stop),
            (None, None) => Err(Stop("no point was found where the value is finite".into())),
        }
    }

    /// How good a point is; `None` where the value or its gradient is not finite.
    fn seen(&self, point: &Point, branching: &[NodeId]) -> Result<Option<kinks::Quality>, Stop> {
        let mut it: Interpreter<'_, f64> = point.interpreter(&self.module)?;
        let finite = |x: &Tensor<f64>| x.data.iter().all(|x| x.is_finite());
        let value = it.value(self.of)?;
        let mut dull = 0;
        for member in &self.members {
            let gradient = it.value(member.gradient)?;
            if !finite(&value) || !finite(&gradient) {
                return Ok(None);
            }
            dull += usize::from(gradient.largest() < 1e-10 * value.largest());
        }
        let mut quality = kinks::quality(&self.module, &mut it, branching)?;
        quality.dull += dull;
        Ok(Some(quality))
    }

    /// A gradient, computed with more digits.
    pub(super) fn exact(&self, member: &Member, point: &Point) -> Result<Tensor<f64>, Stop> {
        let mut it: Interpreter<'_, DoubleDouble> = point.interpreter(&self.module)?;
        Ok(it.value(member.gradient)?.map(Scalar::real))
    }

    /// Whether a gradient is `rounding` alone: with more digits it shrinks by as many.
    pub(super) fn shrinks(
        &self,
        member: &Member,
        point: &Point,
        rounding: f64,
    ) -> Result<bool, Stop> {
        Ok(self.exact(member, point)?.largest() <= 1e-10 * rounding)
    }

    /// How many directions are worth their work, and how many dense ones of a sample.
    pub(super) fn most(&self, it: &Interpreter<'_, f64>) -> Result<(usize, u64), Stop> {
        let (mut work, mut terms) = (1_usize, 0_usize);
        for id in collect::behind(&self.module, self.of) {
            work += it.work(id)?;
            terms += 1;
        }
        let few = EVALUATED / (terms * self.members.len()).max(1) / 10;
        let most = (WORK / work / 20).clamp(FEWEST, ENTRIES);
        Ok((most.min(few.max(1)), few.clamp(1, DENSE) as u64))
    }
}
