//! The logarithm of the absolute value of the determinant.

use super::{call, infer_number, inverse_transposed, moving, rows};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Cost, OpDef};
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::{Scalar, linalg};
use crate::terms::Terms;

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    Some(vec![linalg::log_abs_det(rows(w), inputs[0])])
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let gradient = inverse_transposed(t, at)?;
    t.inner(gradient, moving(tangents)?)
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let gradient = inverse_transposed(t, at)?;
    t.scale(cotangent, gradient)
}

/// `log |det A|`
pub(crate) static LOG_DET: OpDef = call(
    "logdet",
    infer_number,
    Cost::Cubic(1),
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    &[
        "A : R[n, n]; logdet(A + 2 I)",
        "A : R[n, n] per N; logdet(A + 2 I)",
        "S : SPD[n]; logdet(S)",
    ],
);
