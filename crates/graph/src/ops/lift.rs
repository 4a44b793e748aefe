//! `lift`: copies along axes that a value lacks. `b` in `W X + b` is `b ones(N)^T`.

use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::{Type, union};

fn infer(op: &Op, inputs: &[&Type], _: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Lift { axes, dims, from } = op else {
        return Err(Misfit::new("bug", "lift without parameters"));
    };
    let x = inputs[0];
    let kept: Vec<_> = from.iter().map(|&i| dims[i].clone()).collect();
    if kept != x.dims {
        return Err(Misfit::new("lift", "the kept axes differ from the value's"));
    }
    Ok(Type { axes: union(&x.axes, axes), dims: dims.clone(), kind: x.kind.clone() })
}

fn spec(op: &Op, _: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Lift { from, .. } = op else { return None };
    let kept: Vec<u32> = from.iter().map(|i| *i as u32).collect();
    let all = Place::locals(0, output.dims.len());
    Some(Spec::new(output.dims.clone(), vec![Place::of(&kept)], all))
}

/// The sum over the dims that were missing; the sweep sums the axes.
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Lift { from, dims, .. } = &at.op else { return Err(Terms::bug("lift")) };
    let missing = (0..dims.len()).filter(|i| !from.contains(i)).collect();
    t.sum_dims(cotangent, missing)
}

/// `y[.., n] = x[..]` for each new axis.
pub(crate) static LIFT: OpDef = OpDef {
    name: "lift",
    infer,
    notation: Notation::Silent,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &["x : R[n]; W : R[n, m]; X : R[m, N]; W X + x", "x : R[n]; y : R per N; y x + x"],
};
