//! The ramp.

use chainrule_syntax::ast::Comparison;

use super::{at_zero, call, constant, kinked};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::record::Made;
use crate::scalar::Scalar;
use crate::terms::Terms;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    // What is no number stays none.
    if x[0].real() <= 0.0 { S::from_f64(0.0) } else { x[0] }
}

/// `1[x > 0]`
fn positive(t: &mut Terms<'_>, x: NodeId) -> Made {
    let zero = constant(t, 0.0, x)?;
    let truth = t.op(Op::Compare { op: Comparison::Greater }, &[x, zero])?;
    t.op(Op::Indicator, &[truth])
}

/// `max(x, 0)`, derivative 0 at 0.
pub(crate) static RELU: OpDef = kinked(
    call(
        "relu",
        instances_of!(Entrywise, eval),
        |_| Machine::Relu,
        |t, at, _| positive(t, at.inputs[0]).map(Some),
        &["x : R[n]; relu(x)"],
    ),
    at_zero,
);
