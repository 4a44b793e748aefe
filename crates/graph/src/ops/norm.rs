//! Norms and what their gradients need. `||0||' = 0` is declared.

use chainrule_syntax::ast::{BigOp, NormKind};

use super::numbers;
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef, Over};
use crate::record::{At, Differential, Eval, Lowering, Made, Sample, Whole, Wholes};
use crate::scalar::{Scalar, linalg};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer_norm(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Norm { kind } = op else { return Err(Misfit::new("bug", "norm")) };
    numbers(inputs, c, "a norm")?;
    let x = inputs[0];
    let vector = match x.dims.as_slice() {
        [] | [_] => true,
        [n, _] => n.is_one(),
        _ => false,
    };
    match kind {
        NormKind::Plain | NormKind::Two if !vector => {
            let written = if *kind == NormKind::Two { "`||..||_2`" } else { "`||..||`" };
            Err(Misfit::new("matrix-norm", format!("{written} of a matrix has two readings"))
                .operand(0, c.shape(x))
                .note("`||W||_F` is the Frobenius norm, `||W||_spec` the largest singular value"))
        }
        NormKind::Spectral if x.matrix().is_none() => {
            Err(Misfit::new("matrix-axes", "the spectral norm needs a matrix")
                .operand(0, c.shape(x)))
        }
        _ => Ok(x.with_dims(Vec::new())),
    }
}

/// The square root of the sum of squares, scaled so that nothing overflows.
fn euclid<S: Scalar>(x: &[S]) -> S {
    let largest = x.iter().map(|v| v.real().abs()).fold(0.0, f64::max);
    if largest == 0.0 || !largest.is_finite() {
        return x.iter().fold(S::from_f64(0.0), |sum, v| sum + v.abs());
    }
    let scale = S::from_f64(largest);
    let sum = x.iter().fold(S::from_f64(0.0), |sum, v| sum + (*v / scale) * (*v / scale));
    sum.sqrt() * scale
}

fn matrix(dims: &[usize]) -> (usize, usize) {
    (dims.first().copied().unwrap_or(1), dims.get(1).copied().unwrap_or(1))
}

fn norm<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::Norm { kind } = w.op else { return None };
    let (x, zero) = (inputs[0], S::from_f64(0.0));
    Some(vec![match kind {
        NormKind::Plain | NormKind::Two | NormKind::Frobenius => euclid(x),
        NormKind::One => x.iter().fold(zero, |sum, v| sum + v.abs()),
        NormKind::Infinity => {
            x.iter().fold(zero, |best, v| if v.abs().real() > best.real() { v.abs() } else { best })
        }
        NormKind::Spectral => {
            // u and v of the leading part; `u^T A v` is right to second order in the rest.
            let (rows, columns) = matrix(&w.inputs[0]);
            let leading: Vec<f64> = x.iter().map(|v| v.real()).collect();
            let (u, _, v) = linalg::top_singular(rows, columns, &leading);
            let entry = |sum: S, at: usize| {
                sum + x[at] * S::from_f64(u[at / columns]) * S::from_f64(v[at % columns])
            };
            (0..x.len()).fold(zero, entry)
        }
    }])
}

fn direction<S: Scalar>(_: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let length = euclid(inputs[0]);
    if length.real() == 0.0 {
        return Some(vec![S::from_f64(0.0); inputs[0].len()]);
    }
    Some(inputs[0].iter().map(|x| *x / length).collect())
}

fn spectral_direction<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let (rows, columns) = matrix(&w.inputs[0]);
    let leading: Vec<f64> = inputs[0].iter().map(|v| v.real()).collect();
    let (u, _, v) = linalg::top_singular(rows, columns, &leading);
    let entry = |at: usize| S::from_f64(u[at / columns] * v[at % columns]);
    Some((0..inputs[0].len()).map(entry).collect())
}

/// The gradient by `x`.
fn gradient(t: &mut Terms<'_>, at: &At) -> Made {
    let Op::Norm { kind } = at.op else { return Err(Terms::bug("norm")) };
    let x = at.inputs[0];
    match kind {
        NormKind::Plain | NormKind::Two | NormKind::Frobenius => t.op(Op::Direction, &[x]),
        NormKind::One => t.op(Op::Sign, &[x]),
        NormKind::Spectral => t.op(Op::SpectralDirection, &[x]),
        NormKind::Infinity => {
            let size = t.op(Op::Abs, &[x])?;
            let chosen = t.op(Op::First { op: BigOp::Max, over: Over::All }, &[size])?;
            let sign = t.op(Op::Sign, &[x])?;
            t.times(chosen, sign)
        }
    }
}

fn norm_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a norm that does not move"))?;
    let gradient = gradient(t, at)?;
    t.inner(gradient, tangent)
}

fn norm_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let gradient = gradient(t, at)?;
    t.scale(cotangent, gradient)
}

/// `d(x / ||x||) = (dx - d <d, dx>) / ||x||`; the map is symmetric, so this is both modes.
fn direction_rule(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    let along = t.inner(at.node, y)?;
    let part = t.scale(along, at.node)?;
    let rest = t.sub(y, part)?;
    let length = t.op(Op::Norm { kind: NormKind::Frobenius }, &at.inputs)?;
    t.quotient(rest, length)
}

const fn op(
    name: &'static str,
    infer: Infer,
    eval: Wholes,
    differential: Differential,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost: Cost::Input(2),
        eval: Eval::Whole(eval),
        spec: None,
        reach: None,
        differential,
        lowering: Lowering::Expand(expand),
        kink: None,
        samples,
    }
}

/// In terms of sums, roots and extrema; the spectral norm is a kernel of its own.
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let x = at.inputs[0];
    match at.op {
        Op::Norm { kind: NormKind::One } => {
            let size = t.op(Op::Abs, &[x])?;
            t.op(Op::Reduce { op: BigOp::Sum, over: Over::All }, &[size])
        }
        Op::Norm { kind: NormKind::Infinity } => {
            let size = t.op(Op::Abs, &[x])?;
            t.op(Op::Reduce { op: BigOp::Max, over: Over::All }, &[size])
        }
        Op::Norm { kind: NormKind::Spectral } => Ok(at.node),
        Op::Norm { .. } => {
            let square = t.inner(x, x)?;
            t.op(Op::Sqrt, &[square])
        }
        _ => {
            // 0 / 0 is declared to be 0.
            let length = t.op(Op::Norm { kind: NormKind::Frobenius }, &[x])?;
            let zero = t.number(0.0)?;
            let ty = t.ty(length);
            let zero = t.lifted(zero, &ty)?;
            let equal = Op::Compare { op: chainrule_syntax::ast::Comparison::Equal };
            let truth = t.op(equal, &[length, zero])?;
            let hit = t.op(Op::Indicator, &[truth])?;
            let safe = t.op(Op::Add, &[length, hit])?;
            t.quotient(x, safe)
        }
    }
}

fn same(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a norm")?;
    Ok(inputs[0].with_kind(Kind::Real))
}

/// Norms.
pub(crate) static NORM: OpDef = op(
    "norm",
    infer_norm,
    instances_of!(Wholes, norm),
    Differential::Custom { jvp: norm_jvp, vjp: norm_vjp },
    &[
        "x : R[n]; ||x||",
        "x : R[n]; ||x||_1",
        "x : R[n]; ||x||_inf",
        "A : R[n, m]; ||A||_F",
        "x : R[n] per N; ||x||",
        "x : R[1, n] per N; ||x||_2",
        "A : R[n, m] per N; ||A||_inf",
        "A : R[n, m]; ||A||_1 ||A||_spec",
    ],
);
/// `x / ||x||`
pub(crate) static DIRECTION: OpDef = op(
    "direction",
    same,
    instances_of!(Wholes, direction),
    Differential::Custom {
        jvp: |t, at, tangents| {
            let tangent = tangents[0].ok_or_else(|| Terms::bug("no tangent"))?;
            direction_rule(t, at, tangent)
        },
        vjp: |t, at, cotangent, _| direction_rule(t, at, cotangent),
    },
    &[],
);
/// `u v^T`
pub(crate) static SPECTRAL_DIRECTION: OpDef = OpDef {
    lowering: Lowering::Opaque,
    ..op(
        "spectral_direction",
        same,
        instances_of!(Wholes, spectral_direction),
        Differential::Refused(
            "the spectral norm has no second derivative here: `||W||_F` has one of any order",
        ),
        &[],
    )
};
