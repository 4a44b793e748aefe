//! The Kronecker product.

use super::call;
use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Made};
use crate::size::Size;
use crate::spec::{Map, Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`kron`")?;
    let (a, b) = (inputs[0], inputs[1]);
    let (Some((n, m)), Some((p, q))) = (a.matrix(), b.matrix()) else {
        let at = usize::from(a.matrix().is_some());
        let misfit = Misfit::new("matrix-axes", "`kron` needs matrices or vectors");
        return Err(misfit.operand(at, c.shape(inputs[at])));
    };
    let dims =
        if a.is_scalar() && b.is_scalar() { Vec::new() } else { vec![n.times(&p)?, m.times(&q)?] };
    Ok(Type { axes: a.union(b), ..Type::array(dims) })
}

fn spec(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let ((n, m), (p, q)) = (inputs[0].matrix()?, inputs[1].matrix()?);
    let read = vec![Place::matrix(inputs[0], 0, 1), Place::matrix(inputs[1], 2, 3)];
    let mut maps = vec![Map::pair(&p, 0, 2), Map::pair(&q, 1, 3)];
    maps.truncate(output.dims.len());
    Some(Spec::new(vec![n, m, p, q], read, Place::maps(maps)))
}

/// `dA[i,j] = sum_kl Y[p i + k, q j + l] B[k,l]`: the cotangent with four axes.
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, which: usize) -> Made {
    let one = || (Size::number(1), Size::number(1));
    let (a, b) = (t.ty(at.inputs[0]), t.ty(at.inputs[1]));
    let ((n, m), (p, q)) = (a.matrix().unwrap_or_else(one), b.matrix().unwrap_or_else(one));
    let dims = [n, p, m, q];
    let four = t.op(Op::Reshape { dims: dims.to_vec() }, &[cotangent])?;
    let [i, k, j, l] = ["i", "k", "j", "l"].map(String::from);
    let axes: Vec<_> =
        [i, k, j, l].iter().zip(dims).map(|(name, d)| t.fresh_axis(name, d)).collect();
    let y = t.entry(four, &axes)?;
    let (own, other, of) = match which {
        0 => ([axes[0], axes[2]], [axes[1], axes[3]], &b),
        _ => ([axes[1], axes[3]], [axes[0], axes[2]], &a),
    };
    let factor = t.entry(at.inputs[1 - which], &other[..of.dims.len()])?;
    let product = t.times(y, factor)?;
    let mut over = other.to_vec();
    over.sort_unstable();
    let sum = t.sum_axes(product, over)?;
    let all = t.collect(sum, &own)?;
    let dims = t.ty(at.inputs[which]).dims;
    t.reshape(all, &dims)
}

/// The Kronecker product.
pub(crate) static KRON: OpDef = OpDef {
    cost: Cost::Output(1),
    ..call(
        "kron",
        infer,
        spec,
        2,
        vjp,
        &[
            "A : R[n, m]; B : R[k, 2]; kron(A, B)",
            "a : R[n]; B : R[m, k]; kron(a^T, B)",
            "a : R[n]; b : R[m]; kron(a, b)",
            "a : R[n]; b : R[m]; kron(a^T, b)",
            "a : R[n]; b : R[m]; kron(a, b^T)",
            "a : R[n]; B : R[m, k]; kron(B, a)",
            "a : R; B : R[m, k]; kron(a, B)",
            "a : R per N; b : R[n]; kron(b, a)",
            "A : R[n, m] per N; B : R[k, 2]; kron(A, B)",
        ],
    )
};
