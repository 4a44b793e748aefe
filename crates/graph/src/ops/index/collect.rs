//! Entries collected to an array.

use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::spec::{Ix, Map, Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Collect { axes, extents } = op else { return Err(Misfit::new("bug", "collect")) };
    let x = inputs[0];
    if !x.is_scalar() {
        let message = "the right side of an index definition is a number for each index";
        return Err(Misfit::new("index-entry", message).operand(0, c.shape(x)));
    }
    let rest = x.axes.iter().filter(|a| !axes.contains(a)).copied().collect();
    Ok(Type { axes: rest, kind: x.kind.clone(), ..Type::array(extents.clone()) })
}

fn spec(op: &Op, _: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Collect { axes, .. } = op else { return None };
    // `Y[i,j]` with one j is a column.
    let maps = axes.iter().take(output.dims.len()).map(|a| Map::index(Ix::Axis(*a))).collect();
    Some(Spec::new(Vec::new(), vec![Place::of(&[])], Place::maps(maps)))
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Collect { axes, extents } = &at.op else { return Err(Terms::bug("collect")) };
    let flat = t.reshape(cotangent, extents)?;
    let kept = t.ty(flat).dims.len();
    t.entry(flat, &axes[..kept])
}

/// `Y[i,j] = ..`
pub(crate) static COLLECT: OpDef = OpDef {
    name: "collect",
    infer,
    notation: Notation::Silent,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[],
};
