//! `swish(x) = x sigmoid(x)`, entry by entry.

use chainrule_graph::index::NodeId;
use chainrule_graph::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use chainrule_graph::record::{At, Differential, Eval, Lowering};
use chainrule_graph::scalar::Scalar;
use chainrule_graph::terms::Terms;
use chainrule_graph::{Kind, Type, instances_of};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    match inputs {
        [x] if x.is_number() => Ok(x.with_kind(Kind::Real)),
        [x] => Err(Misfit::new("not-a-number", "`swish` needs numbers").operand(0, c.shape(x))),
        _ => Err(Misfit::new("argument-count", "`swish` takes one argument")),
    }
}

fn swish<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0] * x[0].sigmoid()
}

/// `s + y (1 - s)`
fn partial(t: &mut Terms<'_>, at: &At, _: usize) -> Result<Option<NodeId>, Misfit> {
    let s = t.op(Op::Sigmoid, &[at.inputs[0]])?;
    let ty = t.ty(s);
    let one = t.ones(&ty)?;
    let rest = t.sub(one, s)?;
    let product = t.times(at.node, rest)?;
    t.add(s, product).map(Some)
}

/// The record.
pub(crate) static SWISH: OpDef = OpDef {
    name: "swish",
    infer,
    notation: Notation::Call,
    cost: Cost::Output(2),
    eval: Eval::Entrywise(instances_of!(Entrywise, swish)),
    spec: None,
    reach: None,
    differential: Differential::Pointwise(partial),
    lowering: Lowering::Expand(|t, at| {
        let s = t.op(Op::Sigmoid, &at.inputs)?;
        t.times(at.inputs[0], s)
    }),
    kink: None,
    samples: &[
        "x : R[n, m]; swish(x)",
        "A : R[n, m]; x : R[m] per N; swish(A x)",
        "x : R per N; swish(swish(x) - x)",
    ],
};
