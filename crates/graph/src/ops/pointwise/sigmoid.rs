//! The logistic function.

use super::{call, constant};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Misfit, Op, OpDef};
use crate::record::At;
use crate::scalar::Scalar;
use crate::terms::Terms;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].sigmoid()
}

/// `y (1 - y)`
fn partial(t: &mut Terms<'_>, at: &At, _: usize) -> Result<Option<NodeId>, Misfit> {
    let one = constant(t, 1.0, at.node)?;
    let rest = t.sub(one, at.node)?;
    t.times(at.node, rest).map(Some)
}

/// `1 / (1 + e^-x)`
pub(crate) static SIGMOID: OpDef = call(
    "sigmoid",
    instances_of!(Entrywise, eval),
    |_| Machine::Sigmoid,
    partial,
    &["x : R[n]; sigmoid(x)"],
);
