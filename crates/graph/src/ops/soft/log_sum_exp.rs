//! The logarithm of a sum of powers.

use super::Parts;
use super::axis::{axis, spread, without};
use super::{call, lines, log_sum, softmax_of, weighted_sum};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::Type;

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`logsumexp`")?;
    let x = inputs[0];
    let keep = matches!(op, Op::LogSumExp { axis: Some(_) });
    Ok(x.with_dims(without(x, axis(op, x, c)?, keep)))
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let lines = lines(&w.inputs[0], w.places);
    Some(lines.iter().map(|line| log_sum(inputs[0], line)).collect())
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let x = tangents[0].ok_or_else(|| Terms::bug("a softmax that does not move"))?;
    let p = softmax_of(t, at)?;
    weighted_sum(t, at, p, x)
}

fn vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let p = softmax_of(t, at)?;
    let spread = spread(t, at, y)?;
    t.times(p, spread)
}

/// `log(sum(exp(z - top))) + top`
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let parts = Parts::of(t, at)?;
    let log = t.op(Op::Log, &[parts.sum])?;
    let total = t.add(log, parts.top)?;
    let dims = t.ty(at.node).dims;
    t.reshape(total, &dims)
}

/// `log(sum(exp(z)))`
pub(crate) static LOG_SUM_EXP: OpDef = call(
    "logsumexp",
    infer,
    Cost::Input(4),
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    expand,
    &[
        "z : R[n] per N; logsumexp(z)",
        "Z : R[n, m]; logsumexp(Z, axis = 0)",
        "Z : R[n, m]; logsumexp(Z, axis = 1)",
        "Z : R[n, m] per N; logsumexp(Z, axis = 1)",
        "z : R[1, n]; logsumexp(z)",
        "z : R[1, n]; logsumexp(z, axis = 1)",
        "z : R[1, n]; logsumexp(z, axis = 0)",
        "z : R[n]; logsumexp(z, axis = 0)",
        "Z : R[n, N]; logsumexp(Z)",
        "Z : R[N, n]; logsumexp(Z)",
        "z : R; logsumexp(z)",
        "Z : R[n, N]; logsumexp(2 logsumexp(Z))",
        "Z : R[n, N]; logsoftmax(logsumexp(Z)) + logsumexp(Z)",
    ],
);
