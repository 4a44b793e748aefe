//! The sine.

use super::call;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].sin()
}

/// The sine.
pub(crate) static SIN: OpDef = call(
    "sin",
    instances_of!(Entrywise, eval),
    |_| Machine::Sin,
    |t, at, _| t.op(Op::Cos, &[at.inputs[0]]).map(Some),
    &["x : R[n]; sin(x)"],
);
