//! Where the first extreme entry of a reduction stands: the gradient of a maximum.

use super::groups::{extremes, groups};
use super::reach;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{Differential, Eval, Lowering, Whole};
use crate::scalar::Scalar;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a maximum")?;
    Ok(inputs[0].with_kind(Kind::Mask))
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::First { op, .. } = w.op else { return None };
    let best = extremes(*op, inputs[0], &groups(&w.inputs[0], w.places));
    let mut out = vec![S::from_f64(0.0); inputs[0].len()];
    best.into_iter().flatten().for_each(|i| out[i] = S::from_f64(1.0));
    Some(out)
}

/// Where the first extreme entry stands.
pub(crate) static FIRST: OpDef = OpDef {
    name: "first",
    infer,
    notation: Notation::Own,
    cost: Cost::Input(1),
    eval: Eval::Whole(instances_of!(Wholes, eval)),
    spec: None,
    reach: Some(reach),
    differential: Differential::Zero,
    lowering: Lowering::Select,
    kink: None,
    samples: &[],
};
