//! The product of all other entries: the gradient of a product.

use chainrule_syntax::ast::BigOp;

use super::groups::groups;
use super::{dims_of, over, reach, spread};
use crate::index::{AxisId, NodeId};
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Over, Position};
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

/// `dO_i = sum[j] dM_ij prod[k other than j] M_ik`, where `M_ij` is `x_j`, and 1 where `j` is `i`:
/// nothing is divided, so entries may be 0, and `O` of `M` has the derivatives that `O` has.
fn others_of(t: &mut Terms<'_>, at: &At, direction: NodeId) -> Made {
    let over = over(&at.op).clone();
    let x = at.inputs[0];
    let (own, moves) = (t.ty(x), t.ty(direction));
    let (new, at_entry) = itself(t, &over, &own)?;
    let ty = t.ty(at_entry);
    let one = t.ones(&ty)?;
    let elsewhere = t.sub(one, at_entry)?;
    let rest = t.times(elsewhere, x)?;
    let rows = t.add(rest, at_entry)?;
    let direction = if moves.dims == own.dims { direction } else { t.lifted(direction, &own)? };
    let moved = t.times(elsewhere, direction)?;
    let others = t.op(at.op.clone(), &[rows])?;
    let product = t.times(others, moved)?;
    let sum = t.op(Op::Reduce { op: BigOp::Sum, over: over.clone() }, &[product])?;
    let spread = spread(t, sum, &over, &own)?;
    let placed = t.times(at_entry, spread)?;
    t.sum_axes(placed, new)
}

/// New axes, one for each that is reduced, and an array of the dims of `x`: 1 at the entry that the
/// new axes name, 0 elsewhere.
fn itself(t: &mut Terms<'_>, over: &Over, x: &Type) -> Result<(Vec<AxisId>, NodeId), Misfit> {
    let mut new = Vec::new();
    let mut all = t.number(1.0)?;
    if let Over::Named(axes) = over {
        for axis in axes {
            let extent = t.axes.get(*axis).extent.clone();
            let extent = extent.ok_or_else(|| Terms::bug("an axis without extent"))?;
            // There is one entry only, which is itself.
            if extent.is_one() {
                continue;
            }
            let own = t.fresh_axis("k", extent.clone());
            let unit = t.op(Op::Identity { n: extent }, &[])?;
            let equal = t.entry(unit, &[own, *axis])?;
            all = t.times(all, equal)?;
            new.push(own);
        }
    } else {
        for place in dims_of(over, x).into_iter().filter(|at| !x.dims[*at].is_one()) {
            let own = t.fresh_axis("k", x.dims[place].clone());
            let unit = t.op(Op::Identity { n: x.dims[place].clone() }, &[])?;
            let mut positions = crate::terms::positions(&[own]);
            positions.insert(0, Position::All);
            let column = t.op(Op::Access { positions, pad: false }, &[unit])?;
            let lift = Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from: vec![place] };
            let equal = t.op(lift, &[column])?;
            all = t.times(all, equal)?;
            new.push(own);
        }
    }
    let dims = Type::array(x.dims.clone());
    let axes = t.ty(all).axes;
    let all = t.lifted(all, &Type { axes, ..dims })?;
    Ok((new, all))
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a product that does not move"))?;
    others_of(t, at, tangent)
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    others_of(t, at, cotangent)
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
