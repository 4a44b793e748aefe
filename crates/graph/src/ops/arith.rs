//! Sums, products with numbers, element-wise products.

use super::{numbers, same_shape};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Entrywise, Eval, Lowering, Made, Sample};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

pub(crate) fn whole(inputs: &[&Type], ty: Type) -> Type {
    let whole = inputs.iter().all(|t| t.kind == Kind::Integer);
    if whole { ty.with_kind(Kind::Integer) } else { ty }
}

fn infer_neg(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`-`")?;
    Ok(whole(inputs, inputs[0].with_kind(Kind::Real)))
}

fn infer_sum(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a sum")?;
    Ok(whole(inputs, same_shape(inputs, c, "sum-shapes", "a sum")?))
}

pub(crate) fn infer_elementwise(
    op: &Op,
    inputs: &[&Type],
    c: &Context<'_>,
) -> Result<Type, Misfit> {
    let what = format!("`{}`", op.def().name);
    numbers(inputs, c, &what)?;
    same_shape(inputs, c, "elementwise-shapes", &what)
}

/// One input must be a number, not an array.
pub(crate) fn scalar(
    inputs: &[&Type],
    at: usize,
    c: &Context<'_>,
    what: &str,
) -> Result<(), Misfit> {
    if inputs[at].is_scalar() {
        return Ok(());
    }
    let misfit = Misfit::new("not-a-scalar", format!("{what} needs a number here"));
    Err(misfit.operand(at, c.shape(inputs[at])))
}

fn infer_scale(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a product")?;
    let (s, a) = (inputs[0], inputs[1]);
    scalar(inputs, 0, c, "a scaling")?;
    let ty = Type { axes: s.union(a), dims: a.dims.clone(), kind: Kind::Real };
    Ok(whole(inputs, ty))
}

fn infer_quotient(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a quotient")?;
    let (a, s) = (inputs[0], inputs[1]);
    scalar(inputs, 1, c, "a quotient")?;
    Ok(Type { axes: a.union(s), dims: a.dims.clone(), kind: Kind::Real })
}

fn neg<S: Scalar>(_: &Op, x: &[S]) -> S {
    -x[0]
}

fn add<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] + x[1]
}

fn sub<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] - x[1]
}

fn product<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] * x[1]
}

fn ratio<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] / x[1]
}

/// `d(s A)`: `inner(Y, A)` for the number, `s Y` for the array.
fn scale_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    if k == 1 { t.scale(at.inputs[0], cotangent) } else { t.inner(cotangent, at.inputs[1]) }
}

fn hadamard_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    t.times(cotangent, at.inputs[1 - k])
}

/// `d(A / s) = dA / s - (A / s) ds / s`
fn quotient_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let (value, s) = (at.node, at.inputs[1]);
    let first = tangents[0].map(|a| t.quotient(a, s)).transpose()?;
    let second = tangents[1].map(|ds| {
        let product = t.scale(ds, value)?;
        t.quotient(product, s)
    });
    match (first, second.transpose()?) {
        (Some(a), Some(b)) => t.sub(a, b),
        (Some(a), None) => Ok(a),
        (None, Some(b)) => t.neg(b),
        (None, None) => Err(Terms::bug("a quotient that does not move")),
    }
}

fn quotient_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    let s = at.inputs[1];
    if k == 0 {
        return t.quotient(cotangent, s);
    }
    let inner = t.inner(cotangent, at.node)?;
    let quotient = t.quotient(inner, s)?;
    t.neg(quotient)
}

fn elementwise_quotient_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let (value, b) = (at.node, at.inputs[1]);
    let first = tangents[0].map(|a| t.divide(a, b)).transpose()?;
    let second = tangents[1].map(|db| {
        let product = t.times(db, value)?;
        t.divide(product, b)
    });
    match (first, second.transpose()?) {
        (Some(a), Some(b)) => t.sub(a, b),
        (Some(a), None) => Ok(a),
        (None, Some(b)) => t.neg(b),
        (None, None) => Err(Terms::bug("a quotient that does not move")),
    }
}

fn elementwise_quotient_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    let b = at.inputs[1];
    if k == 0 {
        return t.divide(cotangent, b);
    }
    let product = t.times(cotangent, at.node)?;
    let quotient = t.divide(product, b)?;
    t.neg(quotient)
}

const fn op(
    name: &'static str,
    infer: Infer,
    notation: Notation,
    eval: Entrywise,
    differential: Differential,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation,
        cost: Cost::Output(1),
        eval: Eval::Entrywise(eval),
        spec: None,
        reach: None,
        differential,
        lowering: Lowering::Entrywise,
        kink: None,
        samples,
    }
}

/// `-x`
pub(crate) static NEG: OpDef = op(
    "-",
    infer_neg,
    Notation::Negative,
    instances_of!(Entrywise, neg),
    Differential::Additive(&[-1]),
    &["x : R[n]; -x"],
);
/// `x + y`
pub(crate) static ADD: OpDef = op(
    "+",
    infer_sum,
    Notation::Plus,
    instances_of!(Entrywise, add),
    Differential::Additive(&[1, 1]),
    &["x, y : R[n]; x + y", "x : R[n] per N; y : R[n]; x + y"],
);
/// `x - y`
pub(crate) static SUB: OpDef = op(
    "-",
    infer_sum,
    Notation::Minus,
    instances_of!(Entrywise, sub),
    Differential::Additive(&[1, -1]),
    &["x, y : R[n]; x - y"],
);
/// `x .* y`
pub(crate) static HADAMARD: OpDef = op(
    ".*",
    infer_elementwise,
    Notation::DotStar,
    instances_of!(Entrywise, product),
    Differential::Multilinear { inputs: 2, vjp: hadamard_vjp },
    &["x, y : R[n, m]; x .* y", "x : R[n, m] per N; y : R[n, m]; x .* y"],
);
/// `x ./ y`
pub(crate) static HADAMARD_QUOTIENT: OpDef = op(
    "./",
    infer_elementwise,
    Notation::DotSlash,
    instances_of!(Entrywise, ratio),
    Differential::Custom { jvp: elementwise_quotient_jvp, vjp: elementwise_quotient_vjp },
    &["x : R[n]; y : R+[n]; x ./ y", "x : R[n]; y : R+[n] per N; x ./ y"],
);
/// `s A`
pub(crate) static SCALE: OpDef = op(
    "scale",
    infer_scale,
    Notation::Product,
    instances_of!(Entrywise, product),
    Differential::Multilinear { inputs: 2, vjp: scale_vjp },
    &["s : R; A : R[n, m]; s A", "s : R per N; A : R[n]; s A", "s : R; A : R[n, m] per N; s A"],
);
/// `A / s`
pub(crate) static QUOTIENT: OpDef = op(
    "/",
    infer_quotient,
    Notation::Slash,
    instances_of!(Entrywise, ratio),
    Differential::Custom { jvp: quotient_jvp, vjp: quotient_vjp },
    &["A : R[n, m]; s : R+; A / s", "A : R[n, m]; s : R+ per N; A / s"],
);
