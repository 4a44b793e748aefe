//! Entries put elsewhere: diagonals, Kronecker products, vec, reshape.

use super::numbers;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::size::Size;
use crate::types::{Kind, Type};

fn infer_diag(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`diag`")?;
    let x = inputs[0];
    let [n] = x.dims.as_slice() else {
        let misfit = Misfit::new("diag", "`diag` makes a matrix of a column");
        return Err(misfit.operand(0, c.shape(x)).note("the diagonal of a matrix is `diagv(M)`"));
    };
    Ok(x.with_dims(vec![n.clone(), n.clone()]).with_kind(Kind::Sym))
}

fn infer_diag_vector(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let x = super::square(inputs, c, "`diagv`")?;
    let dims = x.dims.first().cloned().into_iter().collect();
    Ok(x.with_dims(dims))
}

fn infer_kron(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn infer_vec(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`vec`")?;
    let x = inputs[0];
    Ok(x.with_dims(vec![Size::product(&x.dims)?]))
}

fn infer_reshape(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

const fn call(name: &'static str, infer: crate::op::Infer, cost: Cost) -> OpDef {
    OpDef { name, infer, notation: Notation::Call, cost }
}

/// A matrix with the vector on its diagonal.
pub(crate) static DIAG: OpDef = call("diag", infer_diag, Cost::Free);
/// The diagonal as a vector.
pub(crate) static DIAG_VECTOR: OpDef = call("diagv", infer_diag_vector, Cost::Free);
/// The Kronecker product.
pub(crate) static KRON: OpDef = call("kron", infer_kron, Cost::Output(1));
/// All entries as one column.
pub(crate) static VEC: OpDef =
    OpDef { name: "vec", infer: infer_vec, notation: Notation::Own, cost: Cost::Free };
/// The same entries, row-major, with other axes.
pub(crate) static RESHAPE: OpDef =
    OpDef { name: "reshape", infer: infer_reshape, notation: Notation::Own, cost: Cost::Free };

/// The number of entries, for counts and Jacobians.
pub(crate) fn entries(ty: &Type) -> Result<Size, Misfit> {
    Ok(Size::product(&ty.dims)?)
}
