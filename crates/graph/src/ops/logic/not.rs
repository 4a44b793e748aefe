//! The contrary.

use super::{infer_logic, number, op};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    number(x[0].real() == 0.0)
}

/// `not a`
pub(crate) static NOT: OpDef = op(
    "not",
    infer_logic,
    instances_of!(Entrywise, eval),
    |_| Machine::Not,
    &["x : R; x 1[not x > 0]"],
);
