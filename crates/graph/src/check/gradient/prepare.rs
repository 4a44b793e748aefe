//! The terms of one check: value, gradient, tangent; and a point far from kinks.

use super::super::point::{Draw, Manner, Point};
use super::super::{Settings, Stop, Target, collect, kinks, sizes};
use super::STEPS;
use crate::differentiate::{gradients, tangent};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Tensor};
use crate::module::{Module, Role, Start, Symbol};
use crate::op::Op;
use crate::scalar::DoubleDouble;
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
/// The fewest of them, however large the model is.
const FEWEST: usize = 8;

pub(super) struct Prepared {
    pub(super) module: Module,
    /// A number (or one a sample).
    pub(super) of: NodeId,
    pub(super) wrt: SymbolId,
    pub(super) variable: NodeId,
    pub(super) gradient: NodeId,
    /// The tangent of `of` along `seed`.
    pub(super) tangent: NodeId,
    pub(super) seed: SymbolId,
}

pub(super) fn prepare(
    module: &Module,
    target: &Target,
    gradient: Option<NodeId>,
) -> Result<Prepared, Stop> {
    let mut module = module.clone();
    let wrt = target.wrt;
    // A stable form that looks through the name does not read it.
    for binding in &mut module.bindings {
        if binding.through.contains(&wrt) {
            binding.stable = binding.value;
        }
    }
    let mut of = collect::without_operators(&mut module, target.of)?;
    if target.second {
        of = gradients(&mut module, of, &[wrt])?[0];
    }
    let ty = module.graph.ty(of).clone();
    if !ty.is_scalar() {
        // An array is checked along a cotangent: its product with it is a number.
        let drawn = hidden(&mut module, "the cotangent", Role::Given(Start::None), ty);
        let cotangent = collect::symbol_node(&mut module, drawn)?;
        of = Terms::of(&mut module).op(Op::Inner, &[cotangent, of])?;
    }
    let gradient = match gradient {
        Some(gradient) => collect::without_operators(&mut module, gradient)?,
        None => gradients(&mut module, of, &[wrt])?[0],
    };
    let ty = module.symbol(wrt).ty.as_ref().clone();
    let seed = hidden(&mut module, "the tangent", Role::Local, ty);
    let along = collect::symbol_node(&mut module, seed)?;
    let tangent = tangent(&mut module, of, &[(wrt, along)])?;
    let variable = collect::symbol_node(&mut module, wrt)?;
    Ok(Prepared { module, of, wrt, variable, gradient, tangent, seed })
}

fn hidden(module: &mut Module, name: &str, role: Role, ty: Type) -> SymbolId {
    let ty = module.graph.shared(Type { kind: crate::types::Kind::Real, ..ty });
    let span = chainrule_syntax::Span::default();
    module.symbols.push(Symbol { name: name.into(), role, ty, span, type_span: None });
    SymbolId::new(module.symbols.len() - 1)
}

impl Prepared {
    /// A point far from kinks, or the best of many, and how far it is.
    pub(super) fn point(&self, settings: &Settings) -> Result<(Point, f64), Stop> {
        let used = collect::sizes(&self.module, &[self.of]);
        let branching = kinks::nodes(&self.module, &[self.of]);
        let mut best: Option<(Point, kinks::Quality)> = None;
        let mut failed = None;
        for draw in 0..DRAWS {
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
            (Some((point, quality)), _) => Ok((point, quality.distance)),
            (None, Some(stop)) => Err(stop),
            (None, None) => Err(Stop("no point was found where the value is finite".into())),
        }
    }

    /// How good a point is; `None` where the value or its gradient is not finite.
    fn seen(&self, point: &Point, branching: &[NodeId]) -> Result<Option<kinks::Quality>, Stop> {
        let mut it: Interpreter<'_, f64> = point.interpreter(&self.module)?;
        let finite = |x: &Tensor<f64>| x.data.iter().all(|x| x.is_finite());
        let (value, gradient) = (it.value(self.of)?, it.value(self.gradient)?);
        if !finite(&value) || !finite(&gradient) {
            return Ok(None);
        }
        let mut quality = kinks::quality(&self.module, &mut it, branching)?;
        quality.dull += usize::from(gradient.largest() < 1e-10 * value.largest().max(1.0));
        Ok(Some(quality))
    }

    /// Whether a gradient is `rounding` alone: with more digits it shrinks by as many.
    pub(super) fn shrinks(&self, point: &Point, rounding: f64) -> Result<bool, Stop> {
        let mut it: Interpreter<'_, DoubleDouble> = point.interpreter(&self.module)?;
        it.decimals();
        let exact = it.value(self.gradient)?;
        Ok(exact.largest() <= 1e-10 * rounding)
    }

    /// How many directions are worth their work.
    pub(super) fn most(&self, it: &Interpreter<'_, f64>) -> Result<usize, Stop> {
        let mut work = 1_usize;
        for id in collect::behind(&self.module, self.of) {
            work += it.work(id)?;
        }
        Ok((WORK / work / 20).clamp(FEWEST, ENTRIES))
    }
}
