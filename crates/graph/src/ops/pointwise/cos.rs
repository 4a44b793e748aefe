//! The cosine.

use super::call;
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Misfit, Op, OpDef};
use crate::record::At;
use crate::scalar::Scalar;
use crate::terms::Terms;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0].cos()
}

/// `-sin(x)`
fn partial(t: &mut Terms<'_>, at: &At, _: usize) -> Result<Option<NodeId>, Misfit> {
    let sine = t.op(Op::Sin, &[at.inputs[0]])?;
    t.neg(sine).map(Some)
}

/// The cosine.
pub(crate) static COS: OpDef =
    call("cos", instances_of!(Entrywise, eval), |_| Machine::Cos, partial, &["x : R[n]; cos(x)"]);
