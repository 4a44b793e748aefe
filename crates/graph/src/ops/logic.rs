//! Conditions, and conditions as numbers.

pub(crate) mod and;
pub(crate) mod compare;
pub(crate) mod indicator;
pub(crate) mod not;
pub(crate) mod or;

use crate::machine::MachineFn;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::ops::same_shape;
use crate::record::{Differential, Entrywise, Eval, Lowering, Sample};
use crate::scalar::Scalar;
use crate::types::{Kind, Type};

/// Conditions to a condition.
fn infer_logic(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let name = op.def().name;
    for (i, ty) in inputs.iter().enumerate() {
        if ty.kind != Kind::Truth {
            return Err(Misfit::new("not-a-condition", format!("`{name}` needs conditions"))
                .operand(i, c.shape(ty))
                .note("a condition compares: `n > 1`, `k != y[i]`"));
        }
    }
    if inputs.len() == 2 {
        return Ok(
            same_shape(inputs, c, "compare-shapes", &format!("`{name}`"))?.with_kind(Kind::Truth)
        );
    }
    Ok(inputs[0].clone())
}

/// 0 or 1.
fn number<S: Scalar>(truth: bool) -> S {
    S::from_f64(f64::from(u8::from(truth)))
}

const fn op(
    name: &'static str,
    infer: Infer,
    eval: Entrywise,
    machine: MachineFn,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost: Cost::Output(1),
        eval: Eval::Entrywise(eval),
        spec: None,
        reach: None,
        differential: Differential::Zero,
        lowering: Lowering::Entrywise(machine),
        kink: None,
        samples,
    }
}
