//! The exponential.

use super::call;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].exp()
}

/// `e^x`
pub(crate) static EXP: OpDef = call(
    "exp",
    instances_of!(Entrywise, eval),
    |_| Machine::Exp,
    |_, at, _| Ok(Some(at.node)),
    &["x : R[n]; exp(x)"],
);
