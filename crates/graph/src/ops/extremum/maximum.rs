//! The greater of two values.

use chainrule_syntax::ast::Comparison;

use super::extreme;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Notation, Op, OpDef};
use crate::ops::arith;
use crate::ops::gap;
use crate::record::Differential;
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    // What is no number stays none.
    let first = x[0].real().is_nan() || x[0].real() >= x[1].real();
    if first { x[0] } else { x[1] }
}

/// `max(x, y)`, ties take the first.
pub(crate) static MAXIMUM: OpDef = OpDef {
    kink: Some(gap),
    ..arith::op(
        "max",
        arith::infer_elementwise,
        Notation::Call,
        instances_of!(Entrywise, eval),
        |_| Machine::Max,
        Differential::Pointwise(|t, at, k| extreme(t, at, k, Comparison::GreaterEqual)),
        &["x, y : R[n]; max(x, y)", "x : R[n]; max(x, 0.2)"],
    )
};
