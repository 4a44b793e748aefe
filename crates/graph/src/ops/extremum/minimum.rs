//! The smaller of two values.

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
    let first = x[0].real().is_nan() || x[0].real() <= x[1].real();
    if first { x[0] } else { x[1] }
}

/// `min(x, y)`, ties take the first.
pub(crate) static MINIMUM: OpDef = OpDef {
    kink: Some(gap),
    ..arith::op(
        "min",
        arith::infer_elementwise,
        Notation::Call,
        instances_of!(Entrywise, eval),
        |_| Machine::Min,
        Differential::Pointwise(|t, at, k| extreme(t, at, k, Comparison::LessEqual)),
        &["x, y : R[n]; min(x, y)"],
    )
};
