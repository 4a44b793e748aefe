//! The quotient, element by element.

use super::{infer_elementwise, op, ratio};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Notation, OpDef};
use crate::record::{At, Differential, Made};
use crate::terms::Terms;

/// `d(A ./ B) = dA ./ B - (A ./ B) .* dB ./ B`
fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let (value, b) = (at.node, at.inputs[1]);
    let first = tangents[0].map(|a| t.divide(a, b)).transpose()?;
    let second = tangents[1].map(|db| {
        let product = t.times(db, value)?;
        t.divide(product, b)
    });
    match (first, second.transpose()?) {
        (Some(a), Some(b)) => t.sub(a, b),
        (Some(a), None) => Ok(a),
        (None, Some(b)) => t.neg(b),
        (None, None) => Err(Terms::bug("a quotient that does not move")),
    }
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    let b = at.inputs[1];
    if k == 0 {
        return t.divide(cotangent, b);
    }
    let product = t.times(cotangent, at.node)?;
    let quotient = t.divide(product, b)?;
    t.neg(quotient)
}

/// `x ./ y`
pub(crate) static HADAMARD_QUOTIENT: OpDef = op(
    "./",
    infer_elementwise,
    Notation::DotSlash,
    instances_of!(Entrywise, ratio),
    Differential::Custom { jvp, vjp },
    &["x : R[n]; y : R+[n]; x ./ y", "x : R[n]; y : R+[n] per N; x ./ y"],
);
