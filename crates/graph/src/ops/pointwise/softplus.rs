//! The soft ramp.

use super::call;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].softplus()
}

/// `log(1 + e^x)`
pub(crate) static SOFTPLUS: OpDef = call(
    "softplus",
    instances_of!(Entrywise, eval),
    |_| Machine::Softplus,
    |t, at, _| t.op(Op::Sigmoid, &[at.inputs[0]]).map(Some),
    &["x : R[n]; softplus(x)"],
);
