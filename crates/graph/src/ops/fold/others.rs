//! The product of all other entries: the gradient of a product.

use chainrule_syntax::ast::BigOp;

use super::groups::groups;
use super::{over, reach, spread};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Eval, Lowering, Made, Whole};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a product")?;
    Ok(inputs[0].with_kind(Kind::Real))
}

/// Products from the left and from the right, so that zeros do no harm.
fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let (x, (count, of)) = (inputs[0], groups(&w.inputs[0], w.places));
    let one = S::from_f64(1.0);
    let mut out = vec![one; x.len()];
    let mut run = vec![one; count];
    for (i, group) in of.iter().enumerate() {
        out[i] = run[*group];
        run[*group] = run[*group] * x[i];
    }
    let mut run = vec![one; count];
    for (i, group) in of.iter().enumerate().rev() {
        out[i] = out[i] * run[*group];
        run[*group] = run[*group] * x[i];
    }
    Some(out)
}

/// `O_i = P / x_i`: `dO_i = (sum_j O_i dx_j / x_j) - O_i dx_i / x_i`, for entries that are not 0.
fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a product that does not move"))?;
    let relative = t.divide(tangent, at.inputs[0])?;
    let all = summed(t, at, relative)?;
    let rest = t.sub(all, relative)?;
    t.times(at.node, rest)
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let weighted = t.times(cotangent, at.node)?;
    let all = summed(t, at, weighted)?;
    let rest = t.sub(all, weighted)?;
    t.divide(rest, at.inputs[0])
}

/// The sum of each group, copied to its entries.
fn summed(t: &mut Terms<'_>, at: &At, x: NodeId) -> Made {
    let over = over(&at.op);
    let ty = t.ty(at.inputs[0]);
    let sum = t.op(Op::Reduce { op: BigOp::Sum, over: over.clone() }, &[x])?;
    spread(t, sum, over, &ty)
}

/// The product of all other entries.
pub(crate) static OTHERS: OpDef = OpDef {
    name: "others",
    infer,
    notation: Notation::Own,
    cost: Cost::Input(1),
    eval: Eval::Whole(instances_of!(Wholes, eval)),
    spec: None,
    reach: Some(reach),
    differential: Differential::Custom { jvp, vjp },
    lowering: Lowering::Opaque,
    kink: None,
    samples: &[],
};
