//! The absolute value.

use super::{at_zero, call, kinked};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].abs()
}

/// `|x|`, derivative 0 at 0.
pub(crate) static ABS: OpDef = kinked(
    call(
        "abs",
        instances_of!(Entrywise, eval),
        |_| Machine::Abs,
        |t, at, _| t.op(Op::Sign, &[at.inputs[0]]).map(Some),
        &["x : R[n]; abs(x)"],
    ),
    at_zero,
);
