//! The opposite.

use super::{op, whole};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Context, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::Differential;
use crate::scalar::Scalar;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`-`")?;
    Ok(whole(inputs, inputs[0].with_kind(Kind::Real)))
}

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    -x[0]
}

/// `-x`
pub(crate) static NEG: OpDef = op(
    "neg",
    infer,
    Notation::Negative,
    instances_of!(Entrywise, eval),
    |_| Machine::Neg,
    Differential::Additive(&[-1]),
    &["x : R[n]; -x"],
);
