//! The tangent.

use super::{call, constant};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Misfit, Op, OpDef};
use crate::record::At;
use crate::scalar::Scalar;
use crate::terms::Terms;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].tan()
}

/// `1 + y^2`
fn partial(t: &mut Terms<'_>, at: &At, _: usize) -> Result<Option<NodeId>, Misfit> {
    let one = constant(t, 1.0, at.node)?;
    let square = t.times(at.node, at.node)?;
    t.add(one, square).map(Some)
}

/// The tangent.
pub(crate) static TAN: OpDef = call(
    "tan",
    instances_of!(Entrywise, eval),
    |_| Machine::Tan,
    partial,
    &["x : R[n]; tan(0.5 tanh(x))"],
);
