//! The sum of the diagonal.

use super::infer_number;
use crate::index::NodeId;
use crate::op::{Context, Cost, Notation, Op, OpDef};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn spec(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let dims = &inputs[0].dims;
    let read = if dims.len() == 2 { Place::of(&[0, 0]) } else { Place::locals(0, dims.len()) };
    Some(Spec::new(dims.iter().take(1).cloned().collect(), vec![read], Place::of(&[])))
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let n = match t.ty(at.inputs[0]).dims.first() {
        Some(n) => n.clone(),
        None => return Ok(cotangent),
    };
    let one = t.op(Op::Identity { n }, &[])?;
    t.scale(cotangent, one)
}

/// The sum of the diagonal.
pub(crate) static TRACE: OpDef = OpDef {
    name: "tr",
    infer: infer_number,
    notation: Notation::Call,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &["A : R[n, n]; tr(A)", "A : R[n, n] per N; tr(A)", "a : R; tr(a)"],
};
