//! The logarithm of softmax.

use super::Parts;
use super::axis::{along, axis};
use super::{call, lines, log_sum, softmax_of};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::ops::fold;
use crate::ops::numbers;
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`logsoftmax`")?;
    axis(op, inputs[0], c)?;
    Ok(inputs[0].with_kind(Kind::Real))
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let mut out = inputs[0].to_vec();
    for line in lines(&w.inputs[0], w.places) {
        let total = log_sum(inputs[0], &line);
        line.iter().for_each(|i| out[*i] = inputs[0][*i] - total);
    }
    Some(out)
}

/// `X - sum(P .* X)`
fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let x = tangents[0].ok_or_else(|| Terms::bug("a softmax that does not move"))?;
    let p = softmax_of(t, at)?;
    let weighted = t.times(p, x)?;
    let mean = along(t, at, weighted)?;
    t.sub(x, mean)
}

/// `Y - P .* sum(Y)`
fn vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let p = softmax_of(t, at)?;
    let total = along(t, at, y)?;
    let product = t.times(p, total)?;
    t.sub(y, product)
}

fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let parts = Parts::of(t, at)?;
    let ty = t.ty(at.inputs[0]);
    let log = t.op(Op::Log, &[parts.sum])?;
    let log = fold::spread(t, log, &parts.over, &ty)?;
    t.sub(parts.shifted, log)
}

/// `z - logsumexp(z)`
pub(crate) static LOG_SOFTMAX: OpDef = call(
    "logsoftmax",
    infer,
    Cost::Input(5),
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    expand,
    &[
        "z : R[n]; logsoftmax(z)",
        "Z : R[n, m]; logsoftmax(Z, axis = 0)",
        "Z : R[N, n]; logsoftmax(Z)",
        "z : R[1, n] per N; logsoftmax(z)",
    ],
);
