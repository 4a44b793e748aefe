//! A rule in general: `Y = A B`, so `dL/dB = A^T dL/dY`, from the record of the op.

use chainrule_syntax::print;

use super::full::Steps;
use super::{Detail, Fact, Step, formula, free_name, name};
use crate::differentiate::{self, Refusal, pulled};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Module, Role, Start};
use crate::op::{Op, Over, Position};
use crate::record::{At, Differential};
use crate::terms::Terms;
use crate::types::{Kind, Type};

/// A name without a value.
pub(super) fn declare(
    module: &mut Module,
    choices: &[&str],
    ty: &Type,
) -> Result<(SymbolId, NodeId), Refusal> {
    let text = free_name(module, choices);
    Ok(module.declare(&text, Role::Given(Start::None), ty)?)
}

/// Letters for a value of a type.
fn letters(ty: &Type) -> &'static [&'static str] {
    match (&ty.kind, ty.dims.len()) {
        (Kind::Label(_), _) => &["y", "label"],
        (_, 0) => &["s", "t", "c", "r"],
        (_, 1) => &["a", "b", "c", "q", "r", "g"],
        _ => &["A", "B", "C", "P", "Q", "R", "S", "U"],
    }
}

fn result_letters(ty: &Type) -> &'static [&'static str] {
    match ty.dims.len() {
        0 | 1 => &["y", "v", "h", "f"],
        _ => &["Y", "Z", "V", "M", "F"],
    }
}

/// Whether an op says something in general: not a sum, not a copy, and no index of the file in it.
fn is_general(op: &Op) -> bool {
    let plain = |positions: &[Position]| {
        positions.iter().all(|p| !matches!(p, Position::Affine(map) if !map.terms.is_empty()))
    };
    let quiet = matches!(op, Op::Lift { .. } | Op::Collect { .. } | Op::Reshape { .. });
    let known = match op {
        Op::Access { positions, .. } => plain(positions),
        Op::Reduce { over: Over::Named(_), .. } | Op::First { .. } | Op::Others { .. } => false,
        Op::Scatter { .. } | Op::Prime { .. } => false,
        _ => true,
    };
    let rule = &op.def().differential;
    !quiet && known && !matches!(rule, Differential::Additive(_) | Differential::Zero)
}

/// The rule of a node for its input `k`, over letters.
pub(super) fn general(steps: &mut Steps, node: NodeId, k: usize) -> Result<Option<Step>, Refusal> {
    let module = &mut steps.module;
    let at = Terms::of(module).at(node);
    if !is_general(&at.op) {
        return Ok(None);
    }
    let mut inputs = Vec::new();
    for input in &at.inputs {
        let own = module.graph.ty(*input).clone();
        let kind = match own.kind {
            Kind::Label(_) | Kind::Positive | Kind::Spd => own.kind.clone(),
            // Where these exist: the rule says nothing elsewhere.
            _ if matches!(at.op, Op::Log | Op::Sqrt | Op::Power | Op::DotPower) => Kind::Positive,
            _ => Kind::Real,
        };
        let ty = Type { axes: Vec::new(), kind, ..own };
        // Conditions and numbers stay as they are.
        let mut t = Terms::of(module);
        if let Some(value) = t.constant(*input) {
            let number = t.number(value)?;
            inputs.push((None, t.lifted(number, &ty)?));
            continue;
        }
        let leaf = module.graph.node(*input).inputs.is_empty();
        let fixed = ty.is_scalar() && leaf && super::symbol_of(module, *input).is_none();
        if fixed || matches!(module.graph.ty(*input).kind, Kind::Truth) {
            inputs.push((None, *input));
            continue;
        }
        let (symbol, read) = declare(module, letters(&ty), &ty)?;
        inputs.push((Some(symbol), read));
    }
    let Some((Some(variable), _)) = inputs.get(k).copied() else { return Ok(None) };
    let now: Vec<NodeId> = inputs.iter().map(|(_, n)| *n).collect();
    let value = Terms::of(module).op(at.op.clone(), &now)?;
    let ty = module.graph.ty(value).clone();
    let text = free_name(module, result_letters(&ty));
    let own = differentiate::name(module, text.clone(), value)?;
    let loss = free_name(module, &["L", "J", "E"]);
    let above = format!("d{loss}/d{text}");
    let (_, cotangent) = declare(module, &[&above], &Type { kind: Kind::Real, ..ty })?;
    let place = At { op: at.op, node: own, inputs: now, riding: Vec::new() };
    let mut t = Terms::of(module);
    let Some(made) = pulled(&mut t, &place, cotangent, k)? else { return Ok(None) };
    let have = t.ty(made).axes;
    let extra: Vec<AxisId> = have.into_iter().collect();
    let made = t.sum_axes(made, extra)?;
    let dims = t.ty(now_of(&inputs, k)).dims;
    let made = t.reshape(made, &dims)?;
    let weighted = t.inner(cotangent, value)?;
    let made = steps.tidy(made);
    let module = &mut steps.module;
    let left = name(&format!("d{loss}/d{}", module.symbol(variable).name));
    let reason =
        format!("the rule of {text} = {}", print::expr(&crate::raise::expr(module, value)));
    let shapes = super::shapes(module, made);
    let detail = Detail { left: Some(left), right: formula(module, made), reason, shapes };
    let fact = Fact::Gradient { of: weighted, wrt: variable, formula: made };
    Ok(Some(Step { detail, fact }))
}

fn now_of(inputs: &[(Option<SymbolId>, NodeId)], k: usize) -> NodeId {
    inputs[k].1
}
