//! The transpose. Columns are `[n]`, rows `[1, n]`.

use super::matmul::rows_columns;
use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::size::Size;
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a transpose")?;
    let x = inputs[0];
    let dims = match x.dims.as_slice() {
        [] => Vec::new(),
        [n] => vec![Size::number(1), n.clone()],
        [n, m] => vec![m.clone(), n.clone()],
        more => {
            let message = format!("a transpose needs a matrix; this has {} axes", more.len());
            return Err(Misfit::new("matrix-axes", message).operand(0, c.shape(x)));
        }
    };
    let kind = match x.kind {
        Kind::Sym | Kind::Spd => x.kind.clone(),
        _ => Kind::Real,
    };
    Ok(x.with_dims(dims).with_kind(kind))
}

fn spec(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let (rows, columns) = rows_columns(inputs[0]);
    let read = vec![Place::matrix(inputs[0], 0, 1)];
    Some(Spec::new(vec![rows, columns], read, Place::matrix(output, 1, 0)))
}

fn vjp(t: &mut Terms<'_>, _: &At, cotangent: NodeId, _: usize) -> Made {
    t.transpose(cotangent)
}

/// `A^T`
pub(crate) static TRANSPOSE: OpDef = OpDef {
    name: "transpose",
    infer,
    notation: Notation::Own,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &["A : R[n, m]; A^T", "x : R[n]; x^T", "x : R[1, n] per N; x^T"],
};
