//! The inner product of two arrays.

use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::{numbers, same_shape};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`inner`")?;
    let both = same_shape(inputs, c, "inner-shapes", "`inner`")?;
    Ok(both.with_dims(Vec::new()))
}

fn spec(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let place = Place::locals(0, inputs[0].dims.len());
    let read = vec![place.clone(), place];
    Some(Spec::new(inputs[0].dims.clone(), read, Place::of(&[])))
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    t.scale(cotangent, at.inputs[1 - k])
}

/// `sum(A .* B)`
pub(crate) static INNER: OpDef = OpDef {
    name: "inner",
    infer,
    notation: Notation::Call,
    cost: Cost::Input(2),
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 2, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[
        "A, B : R[n, m]; inner(A, B)",
        "A : R[n, m]; B : R[n, m] per N; inner(A, B)",
        "a, b : R per N; inner(a, b)",
        "a, b : R[1, n] per N; inner(a, b)",
    ],
};
