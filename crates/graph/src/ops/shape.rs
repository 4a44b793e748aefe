//! Entries put elsewhere: diagonals, Kronecker products, vec, reshape.

use super::numbers;
use crate::index::NodeId;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Eval, Lowering, Made, Sample, SpecFn, VjpFn};
use crate::size::Size;
use crate::spec::{Ix, Map, Place, Spec};
use crate::terms::Terms;
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

fn spec_diag(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    Some(Spec::new(inputs[0].dims.clone(), vec![Place::of(&[0])], Place::of(&[0, 0])))
}

fn spec_diag_vector(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let read = if inputs[0].dims.len() == 2 { Place::of(&[0, 0]) } else { identity(inputs[0]) };
    Some(Spec::new(output.dims.clone(), vec![read], identity(output)))
}

fn identity(ty: &Type) -> Place {
    Place::locals(0, ty.dims.len())
}

fn spec_kron(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let ((n, m), (p, q)) = (inputs[0].matrix()?, inputs[1].matrix()?);
    let read = vec![Place::matrix(inputs[0], 0, 1), Place::matrix(inputs[1], 2, 3)];
    let mut maps = vec![Map::pair(&p, 0, 2), Map::pair(&q, 1, 3)];
    maps.truncate(output.dims.len());
    Some(Spec::new(vec![n, m, p, q], read, Place::maps(maps)))
}

/// The first index runs fastest: `i + n (j + m k)`.
fn spec_vec(op: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Vec { row } = op else { return None };
    let dims = &inputs[0].dims;
    let mut map = Map::number(0);
    let mut stride = Size::number(1);
    let order: Vec<usize> =
        if *row { (0..dims.len()).rev().collect() } else { (0..dims.len()).collect() };
    for i in order {
        map.terms.push((Ix::Local(i as u32), stride.clone()));
        stride = stride.times(&dims[i]).ok()?;
    }
    Some(Spec::new(dims.clone(), vec![identity(inputs[0])], Place::maps(vec![map])))
}

fn spec_reshape(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let total = Size::product(&inputs[0].dims).ok()?;
    let flat = || Place::Flat(Map::local(0));
    Some(Spec::new(vec![total], vec![flat()], flat()))
}

fn diag_vjp(t: &mut Terms<'_>, _: &At, cotangent: NodeId, _: usize) -> Made {
    t.op(Op::DiagVector, &[cotangent])
}

fn diag_vector_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    if t.ty(at.inputs[0]).dims.len() < 2 {
        return Ok(cotangent);
    }
    t.op(Op::Diag, &[cotangent])
}

/// `dA[i,j] = sum_kl Y[p i + k, q j + l] B[k,l]`: the cotangent with four axes.
fn kron_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, which: usize) -> Made {
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

fn vec_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Vec { row } = at.op else { return Err(Terms::bug("vec")) };
    let dims = t.ty(at.inputs[0]).dims;
    if row || dims.len() < 2 {
        return t.reshape(cotangent, &dims);
    }
    let turned: Vec<Size> = dims.iter().rev().cloned().collect();
    let turned = t.op(Op::Reshape { dims: turned }, &[cotangent])?;
    if dims.len() == 2 {
        return if t.ty(turned).dims.len() == 2 {
            t.transpose(turned)
        } else {
            t.reshape(turned, &dims)
        };
    }
    let letters = ["i", "j", "k", "l"].into_iter().cycle();
    let turned_dims = dims.iter().rev().zip(letters);
    let names: Vec<_> = turned_dims.map(|(d, name)| t.fresh_axis(name, d.clone())).collect();
    let entry = t.entry(turned, &names)?;
    let back: Vec<_> = names.into_iter().rev().collect();
    t.collect(entry, &back)
}

fn reshape_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let dims = t.ty(at.inputs[0]).dims;
    t.reshape(cotangent, &dims)
}

const fn call(
    name: &'static str,
    infer: Infer,
    spec: SpecFn,
    inputs: usize,
    vjp: VjpFn,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost: Cost::Free,
        eval: Eval::Multilinear,
        spec: Some(spec),
        reach: None,
        differential: Differential::Multilinear { inputs, vjp },
        lowering: Lowering::Multilinear,
        kink: None,
        samples,
    }
}

/// A matrix with the vector on its diagonal.
pub(crate) static DIAG: OpDef = call(
    "diag",
    infer_diag,
    spec_diag,
    1,
    diag_vjp,
    &["v : R[n]; diag(v)", "v : R[n] per N; diag(v)"],
);
/// The diagonal as a vector.
pub(crate) static DIAG_VECTOR: OpDef = call(
    "diagv",
    infer_diag_vector,
    spec_diag_vector,
    1,
    diag_vector_vjp,
    &["A : R[n, n]; diagv(A)", "A : R[n, n] per N; diagv(A)"],
);
/// The Kronecker product.
pub(crate) static KRON: OpDef = OpDef {
    cost: Cost::Output(1),
    ..call(
        "kron",
        infer_kron,
        spec_kron,
        2,
        kron_vjp,
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
/// All entries as one column.
pub(crate) static VEC: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "vec",
        infer_vec,
        spec_vec,
        1,
        vec_vjp,
        &[
            "A : R[n, m]; vec(A)",
            "A : R[n, m]; vec(A, order = row)",
            "A : R[n, m, k]; vec(A)",
            "A : R[n, m, k]; vec(A, order = row)",
            "A : R[n, m, k] per N; vec(A)",
            "A : R[1, n]; vec(A)",
            "a : R; vec(a)",
        ],
    )
};
/// The same entries, row-major, with other axes.
pub(crate) static RESHAPE: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "reshape",
        infer_reshape,
        spec_reshape,
        1,
        reshape_vjp,
        &[
            "A : R[n, m]; flatten(A)",
            "v : R[n m]; reshape(v, n, m)",
            "A : R[n, m, k] per N; reshape(A, m, k n)",
            "X : R[n, N]; reshape(X, N, n)",
        ],
    )
};

/// The number of entries, for counts and Jacobians.
pub(crate) fn entries(ty: &Type) -> Result<Size, Misfit> {
    Ok(Size::product(&ty.dims)?)
}
