//! Inverse, powers, determinant, trace of square matrices; the pseudo-inverse.

pub(crate) mod det;
pub(crate) mod inverse;
pub(crate) mod log_det;
pub(crate) mod matrix_power;
pub(crate) mod pseudo_inverse;
pub(crate) mod trace;

use crate::index::NodeId;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::ops::square;
use crate::record::{At, Differential, Eval, Lowering, Made, Sample, Whole, Wholes};
use crate::terms::Terms;
use crate::types::Type;

/// A number of a square matrix.
fn infer_number(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let ty = square(inputs, c, &format!("`{}`", op.def().name))?;
    Ok(ty.with_dims(Vec::new()))
}

fn rows(w: &Whole<'_>) -> usize {
    w.inputs[0].first().copied().unwrap_or(1)
}

/// The tangent of the matrix.
fn moving(tangents: &[Option<NodeId>]) -> Made {
    tangents[0].ok_or_else(|| Terms::bug("a matrix that does not move"))
}

/// `(X^-1)^T`: the gradient of `log |det X|`.
fn inverse_transposed(t: &mut Terms<'_>, at: &At) -> Made {
    let inverse = t.op(Op::Inverse, &at.inputs)?;
    t.transpose(inverse)
}

const fn call(
    name: &'static str,
    infer: Infer,
    cost: Cost,
    eval: Wholes,
    differential: Differential,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost,
        eval: Eval::Whole(eval),
        spec: None,
        reach: None,
        differential,
        lowering: Lowering::Opaque,
        kink: None,
        samples,
    }
}
