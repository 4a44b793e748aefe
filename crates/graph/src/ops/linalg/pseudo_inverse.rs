//! The Moore-Penrose inverse.

use super::{call, moving, rows};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::{Scalar, linalg};
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`pinv`")?;
    let x = inputs[0];
    let Some((n, m)) = x.matrix() else {
        let message = "`pinv` needs a matrix";
        return Err(Misfit::new("matrix-axes", message).operand(0, c.shape(x)));
    };
    Ok(x.with_dims(if x.is_scalar() { Vec::new() } else { vec![m, n] }))
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    linalg::pseudo_inverse(rows(w), w.inputs[0].get(1).copied().unwrap_or(1), inputs[0])
}

/// `-P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P` (Golub and Pereyra 1973), at constant
/// rank.
fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let (a, p, d) = (at.inputs[0], at.node, moving(tangents)?);
    let (pt, dt) = (t.transpose(p)?, t.transpose(d)?);
    let left = t.matmul(p, d)?;
    let first = t.matmul(left, p)?;
    let pp = t.matmul(p, pt)?;
    let ppd = t.matmul(pp, dt)?;
    let ppda = t.matmul(ppd, a)?;
    let ppdap = t.matmul(ppda, p)?;
    let second = t.sub(ppd, ppdap)?;
    let q = t.matmul(pt, p)?;
    let dq = t.matmul(dt, q)?;
    let adq = t.matmul(a, dq)?;
    let padq = t.matmul(p, adq)?;
    let third = t.sub(dq, padq)?;
    let sum = t.add(second, third)?;
    t.sub(sum, first)
}

/// The transpose of the same: `-P^T Y P^T + (I - A P) ^T ..`, term by term.
fn vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let (a, p) = (at.inputs[0], at.node);
    let (pt, yt) = (t.transpose(p)?, t.transpose(y)?);
    let left = t.matmul(pt, y)?;
    let first = t.matmul(left, pt)?;
    // <Y, B dA^T C> = <C Y^T B, dA> with B = P P^T, C = I - A P.
    let pp = t.matmul(p, pt)?;
    let yp = t.matmul(yt, pp)?;
    let pyp = t.matmul(p, yp)?;
    let apyp = t.matmul(a, pyp)?;
    let second = t.sub(yp, apyp)?;
    // B = I - P A, C = P^T P.
    let q = t.matmul(pt, p)?;
    let qy = t.matmul(q, yt)?;
    let qyp = t.matmul(qy, p)?;
    let qypa = t.matmul(qyp, a)?;
    let third = t.sub(qy, qypa)?;
    let sum = t.add(second, third)?;
    t.sub(sum, first)
}

/// The Moore-Penrose inverse.
pub(crate) static PSEUDO_INVERSE: OpDef = call(
    "pinv",
    infer,
    Cost::Cubic(6),
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    &[
        "A : R[n, m]; pinv(A)",
        "A : R[m, n]; pinv(A)",
        "A : R[n, m] per N; pinv(A)",
        "x : R[n]; pinv(x)",
        "x : R[1, n]; pinv(x)",
    ],
);
