//! The product, element by element.

use super::{infer_elementwise, op, product};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Notation, OpDef};
use crate::record::{At, Differential, Made};
use crate::terms::Terms;

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    t.times(cotangent, at.inputs[1 - k])
}

/// `x .* y`
pub(crate) static HADAMARD: OpDef = op(
    ".*",
    infer_elementwise,
    Notation::DotStar,
    instances_of!(Entrywise, product),
    |_| Machine::Mul,
    Differential::Multilinear { inputs: 2, vjp },
    &["x, y : R[n, m]; x .* y", "x : R[n, m] per N; y : R[n, m]; x .* y"],
);
