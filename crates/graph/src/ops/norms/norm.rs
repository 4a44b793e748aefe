//! Norms of vectors and matrices.

use chainrule_syntax::ast::{BigOp, NormKind};

use super::{euclid, leading, op};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Misfit, Op, OpDef, Over};
use crate::ops::numbers;
use crate::record::{At, Differential, Lowering, Made, Whole};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::Type;

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::Norm { kind } = w.op else { return None };
    let (x, zero) = (inputs[0], S::from_f64(0.0));
    Some(vec![match kind {
        NormKind::Plain | NormKind::Two | NormKind::Frobenius => euclid(x),
        NormKind::One => x.iter().fold(zero, |sum, v| sum + v.abs()),
        NormKind::Infinity => {
            x.iter().fold(zero, |best, v| if v.abs().real() > best.real() { v.abs() } else { best })
        }
        NormKind::Spectral => {
            // `u^T A v` is right to second order in what is not the leading part.
            let (u, v, columns) = leading(&w.inputs[0], x);
            let entry = |sum: S, at: usize| {
                sum + x[at] * S::from_f64(u[at / columns]) * S::from_f64(v[at % columns])
            };
            (0..x.len()).fold(zero, entry)
        }
    }])
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

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a norm that does not move"))?;
    let gradient = gradient(t, at)?;
    t.inner(gradient, tangent)
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let gradient = gradient(t, at)?;
    t.scale(cotangent, gradient)
}

/// In terms of sums, roots and extrema; the spectral norm is a kernel of its own.
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let Op::Norm { kind } = at.op else { return Err(Terms::bug("norm")) };
    let x = at.inputs[0];
    let word = match kind {
        NormKind::Spectral => return Ok(at.node),
        NormKind::Plain | NormKind::Two | NormKind::Frobenius => {
            let square = t.inner(x, x)?;
            return t.op(Op::Sqrt, &[square]);
        }
        NormKind::One => BigOp::Sum,
        NormKind::Infinity => BigOp::Max,
    };
    let size = t.op(Op::Abs, &[x])?;
    t.op(Op::Reduce { op: word, over: Over::All }, &[size])
}

/// Norms.
pub(crate) static NORM: OpDef = op(
    "norm",
    infer,
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    Lowering::Expand(expand),
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
