//! The square root.

use super::{call, one_over};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Misfit, Op, OpDef};
use crate::record::At;
use crate::scalar::Scalar;
use crate::terms::Terms;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].sqrt()
}

/// `1 / (2 y)`
fn partial(t: &mut Terms<'_>, at: &At, _: usize) -> Result<Option<NodeId>, Misfit> {
    let two = t.number(2.0)?;
    let twice = t.scale(two, at.node)?;
    one_over(t, twice).map(Some)
}

/// The square root.
pub(crate) static SQRT: OpDef = call(
    "sqrt",
    instances_of!(Entrywise, eval),
    |_| Machine::Sqrt,
    partial,
    &["x : R+[n]; sqrt(x)"],
);
