//! The logarithm.

use super::{call, one_over};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].ln()
}

/// The natural logarithm.
pub(crate) static LOG: OpDef = call(
    "log",
    instances_of!(Entrywise, eval),
    |_| Machine::Log,
    |t, at, _| one_over(t, at.inputs[0]).map(Some),
    &["x : R+[n]; log(x)"],
);
