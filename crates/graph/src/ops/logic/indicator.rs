//! A condition as 0 or 1.

use super::op;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::scalar::Scalar;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let x = inputs[0];
    if x.kind != Kind::Truth {
        return Err(Misfit::new("indicator", "the indicator needs a comparison: `1[Z > 0]`")
            .operand(0, c.shape(x)));
    }
    Ok(x.with_kind(Kind::Mask))
}

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0]
}

/// `1[a < b]`
pub(crate) static INDICATOR: OpDef = OpDef {
    cost: Cost::Free,
    ..op(
        "indicator",
        infer,
        instances_of!(Entrywise, eval),
        |_| Machine::Identity,
        &["x : R[n]; x .* 1[x > 0]"],
    )
};
