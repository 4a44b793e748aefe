//! The inverse.

use super::{call, moving, rows};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::square;
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::{Scalar, linalg};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let kind = inputs[0].kind.clone();
    let ty = square(inputs, c, "an inverse")?;
    Ok(ty.with_kind(if matches!(kind, Kind::Sym | Kind::Spd) { kind } else { Kind::Real }))
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    linalg::inverse(rows(w), inputs[0])
}

/// `-Y dX Y`
fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let left = t.matmul(at.node, moving(tangents)?)?;
    let product = t.matmul(left, at.node)?;
    t.neg(product)
}

/// `-Y^T C Y^T`
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let turned = t.transpose(at.node)?;
    let left = t.matmul(turned, cotangent)?;
    let product = t.matmul(left, turned)?;
    t.neg(product)
}

/// `A^-1`
pub(crate) static INVERSE: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "inverse",
        infer,
        Cost::Cubic(2),
        instances_of!(Wholes, eval),
        Differential::Custom { jvp, vjp },
        &["A : R[n, n]; (A + 3 I)^-1", "A : R[n, n] per N; (A + 3 I)^-1", "S : SPD[n]; S^-1"],
    )
};
