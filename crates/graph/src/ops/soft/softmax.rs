//! Probabilities: powers over their sum.

use super::Parts;
use super::axis::{along, axis};
use super::{call, lines, log_sum};
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
    numbers(inputs, c, "`softmax`")?;
    let over = axis(op, inputs[0], c)?;
    let prob = inputs[0].dims.len() == 1 && over.is_some();
    Ok(inputs[0].with_kind(if prob { Kind::Prob } else { Kind::Real }))
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let mut out = inputs[0].to_vec();
    for line in lines(&w.inputs[0], w.places) {
        let total = log_sum(inputs[0], &line);
        line.iter().for_each(|i| out[*i] = (inputs[0][*i] - total).exp());
    }
    Some(out)
}

/// `P .* (Y - sum(P .* Y))`: the map is symmetric, so this is both modes.
fn rule(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    let weighted = t.times(at.node, y)?;
    let mean = along(t, at, weighted)?;
    let rest = t.sub(y, mean)?;
    t.times(at.node, rest)
}

fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let parts = Parts::of(t, at)?;
    let ty = t.ty(at.inputs[0]);
    let total = fold::spread(t, parts.sum, &parts.over, &ty)?;
    t.divide(parts.powers, total)
}

/// `exp(z) / sum(exp(z))`
pub(crate) static SOFTMAX: OpDef = call(
    "softmax",
    infer,
    Cost::Input(5),
    instances_of!(Wholes, eval),
    Differential::Custom {
        jvp: |t, at, tangents| {
            let x = tangents[0].ok_or_else(|| Terms::bug("a softmax that does not move"))?;
            rule(t, at, x)
        },
        vjp: |t, at, y, _| rule(t, at, y),
    },
    expand,
    &["z : R[n]; softmax(z)", "Z : R[n, m]; softmax(Z, axis = 1)", "Z : R[n, N]; softmax(Z)"],
);
