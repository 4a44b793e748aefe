//! Anything by a number.

use super::{op, ratio, ratio_jvp, scalar};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Context, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Made};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a quotient")?;
    let (a, s) = (inputs[0], inputs[1]);
    scalar(inputs, 1, c, "a quotient")?;
    Ok(Type { axes: a.union(s), dims: a.dims.clone(), kind: Kind::Real })
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    let s = at.inputs[1];
    if k == 0 {
        return t.quotient(cotangent, s);
    }
    let inner = t.inner(cotangent, at.node)?;
    let quotient = t.quotient(inner, s)?;
    t.neg(quotient)
}

/// `A / s`
pub(crate) static QUOTIENT: OpDef = op(
    "/",
    infer,
    Notation::Slash,
    instances_of!(Entrywise, ratio),
    |_| Machine::Div,
    Differential::Custom { jvp: ratio_jvp, vjp },
    &["A : R[n, m]; s : R+; A / s", "A : R[n, m]; s : R+ per N; A / s"],
);
