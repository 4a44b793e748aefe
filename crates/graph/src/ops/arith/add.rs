//! The sum.

use super::{infer_sum, op};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Notation, Op, OpDef};
use crate::record::Differential;
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] + x[1]
}

/// `x + y`
pub(crate) static ADD: OpDef = op(
    "+",
    infer_sum,
    Notation::Plus,
    instances_of!(Entrywise, eval),
    |_| Machine::Add,
    Differential::Additive(&[1, 1]),
    &["x, y : R[n]; x + y", "x : R[n] per N; y : R[n]; x + y"],
);
