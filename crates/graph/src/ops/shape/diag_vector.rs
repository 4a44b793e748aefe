//! The diagonal of a matrix.

use super::{call, identity};
use crate::index::NodeId;
use crate::op::{Context, Misfit, Op, OpDef};
use crate::ops::square;
use crate::record::{At, Made};
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let x = square(inputs, c, "`diagv`")?;
    let dims = x.dims.first().cloned().into_iter().collect();
    Ok(x.with_dims(dims))
}

fn spec(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let read = if inputs[0].dims.len() == 2 { Place::of(&[0, 0]) } else { identity(inputs[0]) };
    Some(Spec::new(output.dims.clone(), vec![read], identity(output)))
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    if t.ty(at.inputs[0]).dims.len() < 2 {
        return Ok(cotangent);
    }
    t.op(Op::Diag, &[cotangent])
}

/// The diagonal as a vector.
pub(crate) static DIAG_VECTOR: OpDef =
    call("diagv", infer, spec, 1, vjp, &["A : R[n, n]; diagv(A)", "A : R[n, n] per N; diagv(A)"]);
