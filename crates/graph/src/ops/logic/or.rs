//! One or both.

use super::{infer_logic, number, op};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    number(x[0].real() != 0.0 || x[1].real() != 0.0)
}

/// `a or b`
pub(crate) static OR: OpDef = op(
    "or",
    infer_logic,
    instances_of!(Entrywise, eval),
    |_| Machine::Or,
    &["x, y : R; x 1[x > 0 or y > 0]"],
);
