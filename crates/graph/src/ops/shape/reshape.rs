//! Other axes.

use super::call;
use crate::index::NodeId;
use crate::op::{Context, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Made};
use crate::size::Size;
use crate::spec::{Map, Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Reshape { dims } = op else { return Err(Misfit::new("bug", "reshape")) };
    numbers(inputs, c, "a reshape")?;
    let x = inputs[0];
    let (has, wants) = (Size::product(&x.dims)?, Size::product(dims)?);
    if has != wants {
        let (h, w) = (c.sizes.text(&has), c.sizes.text(&wants));
        let message = format!("{h} entries cannot be arranged as {}", c.sizes.shape(dims));
        return Err(Misfit::new("reshape-size", message)
            .operand(0, format!("{}: {h} entries, not {w}", c.shape(x))));
    }
    Ok(x.with_dims(dims.clone()))
}

fn spec(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let total = Size::product(&inputs[0].dims).ok()?;
    let flat = || Place::Flat(Map::local(0));
    Some(Spec::new(vec![total], vec![flat()], flat()))
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let dims = t.ty(at.inputs[0]).dims;
    t.reshape(cotangent, &dims)
}

/// The same entries, row-major, with other axes.
pub(crate) static RESHAPE: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "reshape",
        infer,
        spec,
        1,
        vjp,
        &[
            "A : R[n, m]; flatten(A)",
            "v : R[n m]; reshape(v, n, m)",
            "X : R[n, N]; reshape(X, N, n)",
            "A : R[n, m, k] per N; reshape(A, m, k n)",
        ],
    )
};
