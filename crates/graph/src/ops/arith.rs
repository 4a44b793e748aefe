//! Sums, products with numbers, element-wise products, powers: entry by entry.

pub(crate) mod add;
pub(crate) mod dot_power;
pub(crate) mod hadamard;
pub(crate) mod hadamard_quotient;
pub(crate) mod neg;
pub(crate) mod power;
pub(crate) mod quotient;
pub(crate) mod scale;
pub(crate) mod sub;

use crate::index::NodeId;
use crate::machine::MachineFn;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::ops::{numbers, same_shape};
use crate::record::{At, Differential, Entrywise, Eval, Lowering, Made, Sample};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn whole(inputs: &[&Type], ty: Type) -> Type {
    let whole = inputs.iter().all(|t| t.kind == Kind::Integer);
    if whole { ty.with_kind(Kind::Integer) } else { ty }
}

fn infer_sum(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a sum")?;
    Ok(whole(inputs, same_shape(inputs, c, "sum-shapes", "a sum")?))
}

pub(super) fn infer_elementwise(
    op: &Op,
    inputs: &[&Type],
    c: &Context<'_>,
) -> Result<Type, Misfit> {
    let what = format!("`{}`", op.def().name);
    numbers(inputs, c, &what)?;
    same_shape(inputs, c, "elementwise-shapes", &what)
}

/// One input must be a number, not an array.
fn scalar(inputs: &[&Type], at: usize, c: &Context<'_>, what: &str) -> Result<(), Misfit> {
    if inputs[at].is_scalar() {
        return Ok(());
    }
    let misfit = Misfit::new("not-a-scalar", format!("{what} needs a number here"));
    Err(misfit.operand(at, c.shape(inputs[at])))
}

fn product<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] * x[1]
}

fn ratio<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] / x[1]
}

/// `d(A / B) = dA / B - (A / B) dB / B`, by a number or entry by entry.
fn ratio_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let (value, b) = (at.node, at.inputs[1]);
    let first = tangents[0].map(|a| t.divide(a, b)).transpose()?;
    let second = tangents[1].map(|db| {
        let product = t.times(db, value)?;
        t.divide(product, b)
    });
    match (first, second.transpose()?) {
        (Some(a), Some(b)) => t.sub(a, b),
        (Some(a), None) => Ok(a),
        (None, Some(b)) => t.neg(b),
        (None, None) => Err(Terms::bug("a quotient that does not move")),
    }
}

/// What all records of arithmetic share.
pub(super) const fn op(
    name: &'static str,
    infer: Infer,
    notation: Notation,
    eval: Entrywise,
    machine: MachineFn,
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
        lowering: Lowering::Entrywise(machine),
        kink: None,
        samples,
    }
}
