//! The quotient, element by element.

use super::{infer_elementwise, op, ratio, ratio_jvp};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Notation, OpDef};
use crate::record::{At, Differential, Made};
use crate::terms::Terms;

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
    |_| Machine::Div,
    Differential::Custom { jvp: ratio_jvp, vjp },
    &["x : R[n]; y : R+[n]; x ./ y", "x : R[n]; y : R+[n] per N; x ./ y"],
);
