//! A number times anything.

use super::{op, product, scalar, whole};
use crate::index::NodeId;
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Context, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Made};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a product")?;
    let (s, a) = (inputs[0], inputs[1]);
    scalar(inputs, 0, c, "a scaling")?;
    let ty = Type { axes: s.union(a), dims: a.dims.clone(), kind: Kind::Real };
    Ok(whole(inputs, ty))
}

/// `d(s A)`: `inner(Y, A)` for the number, `s Y` for the array.
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    if k == 1 { t.scale(at.inputs[0], cotangent) } else { t.inner(cotangent, at.inputs[1]) }
}

/// `s A`
pub(crate) static SCALE: OpDef = op(
    "scale",
    infer,
    Notation::Product,
    instances_of!(Entrywise, product),
    |_| Machine::Mul,
    Differential::Multilinear { inputs: 2, vjp },
    &["s : R; A : R[n, m]; s A", "s : R per N; A : R[n]; s A", "s : R; A : R[n, m] per N; s A"],
);
