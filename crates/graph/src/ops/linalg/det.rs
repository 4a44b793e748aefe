//! The determinant.

use super::{call, infer_number, inverse_transposed, moving, rows};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Cost, OpDef};
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::{Scalar, linalg};
use crate::terms::Terms;

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    Some(vec![linalg::det(rows(w), inputs[0])])
}

/// `det(X) (X^-1)^T`
fn gradient(t: &mut Terms<'_>, at: &At) -> Made {
    let turned = inverse_transposed(t, at)?;
    t.scale(at.node, turned)
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let gradient = gradient(t, at)?;
    t.inner(gradient, moving(tangents)?)
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let gradient = gradient(t, at)?;
    t.scale(cotangent, gradient)
}

/// The determinant.
pub(crate) static DET: OpDef = call(
    "det",
    infer_number,
    Cost::Cubic(1),
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    &["A : R[n, n]; det(A + 2 I)", "A : R[n, n] per N; det(A + 2 I)"],
);
