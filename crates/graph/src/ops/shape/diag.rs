//! A vector as the diagonal of a matrix.

use super::call;
use crate::index::NodeId;
use crate::op::{Context, Misfit, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Made};
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`diag`")?;
    let x = inputs[0];
    let [n] = x.dims.as_slice() else {
        let misfit = Misfit::new("diag", "`diag` makes a matrix of a column");
        return Err(misfit.operand(0, c.shape(x)).note("the diagonal of a matrix is `diagv(M)`"));
    };
    Ok(x.with_dims(vec![n.clone(), n.clone()]).with_kind(Kind::Sym))
}

fn spec(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    Some(Spec::new(inputs[0].dims.clone(), vec![Place::of(&[0])], Place::of(&[0, 0])))
}

fn vjp(t: &mut Terms<'_>, _: &At, cotangent: NodeId, _: usize) -> Made {
    t.op(Op::DiagVector, &[cotangent])
}

/// A matrix with the vector on its diagonal.
pub(crate) static DIAG: OpDef =
    call("diag", infer, spec, 1, vjp, &["v : R[n]; diag(v)", "v : R[n] per N; diag(v)"]);
