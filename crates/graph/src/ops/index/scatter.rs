//! The transpose of an access: entries added up where the access reads them.

use super::kept_place;
use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Position};
use crate::ops::numbers;
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::spec::{self, Place, Spec};
use crate::terms::Terms;
use crate::types::{Kind, Type, union};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Scatter { positions, dims, over, .. } = op else {
        return Err(Misfit::new("bug", "scatter"));
    };
    numbers(&inputs[..1], c, "a sum of entries")?;
    let mut axes = inputs[0].axes.clone();
    for label in &inputs[1..] {
        axes = union(&axes, &label.axes);
    }
    for position in positions {
        if let Position::Affine(map) = position {
            let mut own: Vec<_> = map.terms.iter().map(|(a, _)| *a).collect();
            own.sort_unstable();
            axes = union(&axes, &own);
        }
    }
    axes.retain(|a| !over.contains(a));
    Ok(Type { axes, dims: dims.clone(), kind: Kind::Real })
}

/// The transpose of the access's spec.
fn scatter_spec(op: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Scatter { positions, pad, .. } = op else { return None };
    let mut space = Vec::new();
    let place = spec::accessed(positions, &output.dims, &mut space);
    let read = kept_place(positions, space.len(), inputs[0]);
    Some(Spec { pad: *pad, ..Spec::new(space, vec![read], Place::Dims(place)) })
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Scatter { positions, pad, .. } = &at.op else { return Err(Terms::bug("scatter")) };
    let mut inputs = vec![cotangent];
    inputs.extend(&at.inputs[1..]);
    t.op(Op::Access { positions: positions.clone(), pad: *pad }, &inputs)
}

/// `x[map(i)] += y[i]`
pub(crate) static SCATTER: OpDef = OpDef {
    name: "scatter",
    infer,
    notation: Notation::Own,
    cost: Cost::Input(1),
    eval: Eval::Multilinear,
    spec: Some(scatter_spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[],
};
