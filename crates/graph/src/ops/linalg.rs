//! Inverse, powers, determinant, trace of square matrices; the pseudo-inverse.

use super::{numbers, square};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Eval, Lowering, Made, Sample, Whole, Wholes};
use crate::scalar::{Scalar, linalg};
use crate::size::Size;
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer_inverse(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let kind = inputs[0].kind.clone();
    let ty = square(inputs, c, "an inverse")?;
    Ok(ty.with_kind(if matches!(kind, Kind::Sym | Kind::Spd) { kind } else { Kind::Real }))
}

fn infer_power(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    square(inputs, c, "a matrix power")
}

fn infer_pinv(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`pinv`")?;
    let x = inputs[0];
    let Some((n, m)) = x.matrix() else {
        let message = "`pinv` needs a matrix";
        return Err(Misfit::new("matrix-axes", message).operand(0, c.shape(x)));
    };
    Ok(x.with_dims(if x.is_scalar() { Vec::new() } else { vec![m, n] }))
}

fn infer_number(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let ty = square(inputs, c, &format!("`{}`", op.def().name))?;
    Ok(ty.with_dims(Vec::new()))
}

fn rows(w: &Whole<'_>) -> usize {
    w.inputs[0].first().copied().unwrap_or(1)
}

fn inverse<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    linalg::inverse(rows(w), inputs[0])
}

fn multiply<S: Scalar>(n: usize, a: &[S], b: &[S]) -> Vec<S> {
    let entry = |at: usize| {
        let (i, j) = (at / n, at % n);
        (0..n).fold(S::from_f64(0.0), |sum, k| sum + a[i * n + k] * b[k * n + j])
    };
    (0..n * n).map(entry).collect()
}

fn matrix_power<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::MatrixPower { power } = w.op else { return None };
    let n = rows(w);
    let unit = |at: usize| S::from_f64(f64::from(u8::from(at / n == at % n)));
    let mut out: Vec<S> = (0..n * n).map(unit).collect();
    for _ in 0..*power {
        out = multiply(n, &out, inputs[0]);
    }
    Some(out)
}

fn pseudo_inverse<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    linalg::pseudo_inverse(rows(w), w.inputs[0].get(1).copied().unwrap_or(1), inputs[0])
}

fn det<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    Some(vec![linalg::det(rows(w), inputs[0])])
}

fn logdet<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    Some(vec![linalg::log_abs_det(rows(w), inputs[0])])
}

fn spec_trace(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let dims = &inputs[0].dims;
    let read = if dims.len() == 2 { Place::of(&[0, 0]) } else { Place::locals(0, dims.len()) };
    Some(Spec::new(dims.iter().take(1).cloned().collect(), vec![read], Place::of(&[])))
}

fn moving(tangents: &[Option<NodeId>]) -> Made {
    tangents[0].ok_or_else(|| Terms::bug("a matrix that does not move"))
}

/// `-Y dX Y`
fn inverse_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let left = t.matmul(at.node, moving(tangents)?)?;
    let product = t.matmul(left, at.node)?;
    t.neg(product)
}

/// `-Y^T C Y^T`
fn inverse_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let turned = t.transpose(at.node)?;
    let left = t.matmul(turned, cotangent)?;
    let product = t.matmul(left, turned)?;
    t.neg(product)
}

fn power_of(t: &mut Terms<'_>, x: NodeId, power: u32) -> Made {
    match power {
        0 => {
            let n = t.ty(x).dims.first().cloned().unwrap_or_else(|| Size::number(1));
            t.op(Op::Identity { n }, &[])
        }
        1 => Ok(x),
        _ => t.op(Op::MatrixPower { power }, &[x]),
    }
}

/// `sum of A^i M A^(k-1-i)`
fn powers(t: &mut Terms<'_>, a: NodeId, m: NodeId, k: u32) -> Made {
    let mut total = None;
    for i in 0..k {
        let (left, right) = (power_of(t, a, i)?, power_of(t, a, k - 1 - i)?);
        let product = t.matmul(left, m)?;
        let product = t.matmul(product, right)?;
        total = Some(match total {
            Some(sum) => t.add(sum, product)?,
            None => product,
        });
    }
    match total {
        Some(total) => Ok(total),
        None => {
            let ty = t.ty(m);
            t.zeros(&ty)
        }
    }
}

fn power_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let Op::MatrixPower { power } = at.op else { return Err(Terms::bug("power")) };
    powers(t, at.inputs[0], moving(tangents)?, power)
}

fn power_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::MatrixPower { power } = at.op else { return Err(Terms::bug("power")) };
    let turned = t.transpose(at.inputs[0])?;
    powers(t, turned, cotangent, power)
}

/// `-P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P` (Golub and Pereyra 1973), at constant
/// rank.
fn pinv_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let (a, p, d) = (at.inputs[0], at.node, moving(tangents)?);
    let (pt, dt) = (t.transpose(p)?, t.transpose(d)?);
    let left = t.matmul(p, d)?;
    let first = t.matmul(left, p)?;
    let pp = t.matmul(p, pt)?;
    let ppd = t.matmul(pp, dt)?;
    let ppda = t.matmul(ppd, a)?;
    let ppdap = t.matmul(ppda, p)?;
    let second = t.sub(ppd, ppdap)?;
    let q = t.matmul(pt, p)?;
    let dq = t.matmul(dt, q)?;
    let adq = t.matmul(a, dq)?;
    let padq = t.matmul(p, adq)?;
    let third = t.sub(dq, padq)?;
    let sum = t.add(second, third)?;
    t.sub(sum, first)
}

/// The transpose of the same: `-P^T Y P^T + (I - A P) ^T ..`, term by term.
fn pinv_vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let (a, p) = (at.inputs[0], at.node);
    let (pt, yt) = (t.transpose(p)?, t.transpose(y)?);
    let left = t.matmul(pt, y)?;
    let first = t.matmul(left, pt)?;
    // <Y, B dA^T C> = <C Y^T B, dA> with B = P P^T, C = I - A P.
    let pp = t.matmul(p, pt)?;
    let yp = t.matmul(yt, pp)?;
    let pyp = t.matmul(p, yp)?;
    let apyp = t.matmul(a, pyp)?;
    let second = t.sub(yp, apyp)?;
    // B = I - P A, C = P^T P.
    let q = t.matmul(pt, p)?;
    let qy = t.matmul(q, yt)?;
    let qyp = t.matmul(qy, p)?;
    let qypa = t.matmul(qyp, a)?;
    let third = t.sub(qy, qypa)?;
    let sum = t.add(second, third)?;
    t.sub(sum, first)
}

/// `(X^-1)^T`: the gradient of `log |det X|`.
fn inverse_transposed(t: &mut Terms<'_>, at: &At) -> Made {
    let inverse = t.op(Op::Inverse, &at.inputs)?;
    t.transpose(inverse)
}

fn det_gradient(t: &mut Terms<'_>, at: &At) -> Made {
    let gradient = inverse_transposed(t, at)?;
    match at.op {
        Op::Det => t.scale(at.node, gradient),
        _ => Ok(gradient),
    }
}

fn det_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let gradient = det_gradient(t, at)?;
    t.inner(gradient, moving(tangents)?)
}

fn det_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let gradient = det_gradient(t, at)?;
    t.scale(cotangent, gradient)
}

fn trace_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let n = match t.ty(at.inputs[0]).dims.first() {
        Some(n) => n.clone(),
        None => return Ok(cotangent),
    };
    let one = t.op(Op::Identity { n }, &[])?;
    t.scale(cotangent, one)
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

/// `A^-1`
pub(crate) static INVERSE: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "inverse",
        infer_inverse,
        Cost::Cubic(2),
        instances_of!(Wholes, inverse),
        Differential::Custom { jvp: inverse_jvp, vjp: inverse_vjp },
        &["A : R[n, n]; (A + 3 I)^-1", "A : R[n, n] per N; (A + 3 I)^-1", "S : SPD[n]; S^-1"],
    )
};
/// `A^k`
pub(crate) static MATRIX_POWER: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "power",
        infer_power,
        Cost::Cubic(2),
        instances_of!(Wholes, matrix_power),
        Differential::Custom { jvp: power_jvp, vjp: power_vjp },
        &["A : R[n, n]; A^3", "A : R[n, n] per N; A^2", "S : Sym[n]; S^3"],
    )
};
/// The Moore-Penrose inverse.
pub(crate) static PSEUDO_INVERSE: OpDef = call(
    "pinv",
    infer_pinv,
    Cost::Cubic(6),
    instances_of!(Wholes, pseudo_inverse),
    Differential::Custom { jvp: pinv_jvp, vjp: pinv_vjp },
    &[
        "A : R[n, m]; pinv(A)",
        "A : R[m, n]; pinv(A)",
        "A : R[n, m] per N; pinv(A)",
        "x : R[n]; pinv(x)",
        "x : R[1, n]; pinv(x)",
    ],
);
/// The determinant.
pub(crate) static DET: OpDef = call(
    "det",
    infer_number,
    Cost::Cubic(1),
    instances_of!(Wholes, det),
    Differential::Custom { jvp: det_jvp, vjp: det_vjp },
    &["A : R[n, n]; det(A + 2 I)", "A : R[n, n] per N; det(A + 2 I)"],
);
/// `log |det A|`
pub(crate) static LOGDET: OpDef = call(
    "logdet",
    infer_number,
    Cost::Cubic(1),
    instances_of!(Wholes, logdet),
    Differential::Custom { jvp: det_jvp, vjp: det_vjp },
    &[
        "A : R[n, n]; logdet(A + 2 I)",
        "A : R[n, n] per N; logdet(A + 2 I)",
        "S : SPD[n]; logdet(S)",
    ],
);
/// The sum of the diagonal.
pub(crate) static TRACE: OpDef = OpDef {
    eval: Eval::Multilinear,
    spec: Some(spec_trace),
    differential: Differential::Multilinear { inputs: 1, vjp: trace_vjp },
    lowering: Lowering::Multilinear,
    ..call(
        "tr",
        infer_number,
        Cost::Free,
        instances_of!(Wholes, det),
        Differential::Zero,
        &["A : R[n, n]; tr(A)", "A : R[n, n] per N; tr(A)", "a : R; tr(a)"],
    )
};
