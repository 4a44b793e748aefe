//! Powers, and the greater or smaller of two values.

use chainrule_syntax::ast::Comparison;

use super::arith::{infer_elementwise, scalar};
use super::numbers;
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Entrywise, Eval, Lowering, Sample};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer_power(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a power")?;
    scalar(inputs, 0, c, "a power")?;
    scalar(inputs, 1, c, "a power")?;
    Ok(Type { axes: inputs[0].union(inputs[1]), dims: inputs[0].dims.clone(), kind: Kind::Real })
}

fn power<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].powf(x[1])
}

/// `b a^(b-1)` by the base, `a^b log(a)` by the exponent.
fn power_partial(t: &mut Terms<'_>, at: &At, k: usize) -> Result<Option<NodeId>, Misfit> {
    let (a, b) = (at.inputs[0], at.inputs[1]);
    if k == 1 {
        let log = t.op(Op::Log, &[a])?;
        return t.times(at.node, log).map(Some);
    }
    let exponent = match t.constant(b) {
        Some(1.0) => {
            let ty = t.ty(a);
            return t.ones(&ty).map(Some);
        }
        Some(2.0) => return t.times(b, a).map(Some),
        Some(value) => {
            let number = t.number(value - 1.0)?;
            let ty = t.ty(b);
            t.lifted(number, &ty)?
        }
        None => {
            let one = t.number(1.0)?;
            let ty = t.ty(b);
            let one = t.lifted(one, &ty)?;
            t.sub(b, one)?
        }
    };
    let lower = t.op(at.op.clone(), &[a, exponent])?;
    t.times(b, lower).map(Some)
}

fn maximum<S: Scalar>(_: &Op, x: &[S]) -> S {
    if x[0].real() >= x[1].real() { x[0] } else { x[1] }
}

fn minimum<S: Scalar>(_: &Op, x: &[S]) -> S {
    if x[0].real() <= x[1].real() { x[0] } else { x[1] }
}

/// 1 for the one that is taken; ties take the first.
fn extreme(
    t: &mut Terms<'_>,
    at: &At,
    k: usize,
    first: Comparison,
) -> Result<Option<NodeId>, Misfit> {
    let other = match first {
        Comparison::GreaterEqual => Comparison::Less,
        _ => Comparison::Greater,
    };
    let op = Op::Compare { op: if k == 0 { first } else { other } };
    let truth = t.op(op, &at.inputs)?;
    t.op(Op::Indicator, &[truth]).map(Some)
}

fn gap(_: &Op, x: &[f64]) -> f64 {
    x[0] - x[1]
}

const fn op(
    name: &'static str,
    infer: Infer,
    notation: Notation,
    eval: Entrywise,
    differential: Differential,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation,
        cost: Cost::Output(1),
        eval: Eval::Entrywise(eval),
        spec: None,
        reach: None,
        differential,
        lowering: Lowering::Entrywise,
        kink: None,
        samples,
    }
}

/// `a^b`
pub(crate) static POWER: OpDef = op(
    "^",
    infer_power,
    Notation::Own,
    instances_of!(Entrywise, power),
    Differential::Pointwise(power_partial),
    &["a : R+; b : R; a^b", "a : R; a^2", "a : R; a^3", "a : R+; a^-2"],
);
/// `a .^ b`
pub(crate) static DOT_POWER: OpDef = op(
    ".^",
    infer_elementwise,
    Notation::Own,
    instances_of!(Entrywise, power),
    Differential::Pointwise(power_partial),
    &["x : R+[n]; y : R[n]; x .^ y", "x : R[n]; x .^ 2", "x : R[n]; x .^ 3"],
);
/// `max(x, y)`, ties take the first.
pub(crate) static MAXIMUM: OpDef = OpDef {
    kink: Some(gap),
    ..op(
        "max",
        infer_elementwise,
        Notation::Call,
        instances_of!(Entrywise, maximum),
        Differential::Pointwise(|t, at, k| extreme(t, at, k, Comparison::GreaterEqual)),
        &["x, y : R[n]; max(x, y)", "x : R[n]; max(x, 0.2)"],
    )
};
/// `min(x, y)`, ties take the first.
pub(crate) static MINIMUM: OpDef = OpDef {
    kink: Some(gap),
    ..op(
        "min",
        infer_elementwise,
        Notation::Call,
        instances_of!(Entrywise, minimum),
        Differential::Pointwise(|t, at, k| extreme(t, at, k, Comparison::LessEqual)),
        &["x, y : R[n]; min(x, y)"],
    )
};
