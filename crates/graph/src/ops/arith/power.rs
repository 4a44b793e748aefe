//! The power of a number.

use super::{op, scalar};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Context, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a power")?;
    scalar(inputs, 0, c, "a power")?;
    scalar(inputs, 1, c, "a power")?;
    Ok(Type { axes: inputs[0].union(inputs[1]), dims: inputs[0].dims.clone(), kind: Kind::Real })
}

pub(super) fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].powf(x[1])
}

/// `b a^(b-1)` by the base, `a^b log(a)` by the exponent.
pub(super) fn partial(t: &mut Terms<'_>, at: &At, k: usize) -> Result<Option<NodeId>, Misfit> {
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

/// `a^b`
pub(crate) static POWER: OpDef = op(
    "^",
    infer,
    Notation::Own,
    instances_of!(Entrywise, eval),
    |_| Machine::Pow,
    Differential::Pointwise(partial),
    &["a : R+; b : R; a^b", "a : R; a^2", "a : R; a^3", "a : R+; a^-2"],
);
