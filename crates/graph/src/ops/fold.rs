//! Extrema and products over axes, and where the first extreme entry stands.

use chainrule_syntax::ast::BigOp;

use super::numbers;
use crate::index::{AxisId, NodeId};
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Over, Position};
use crate::record::{At, Differential, Eval, Lowering, Made, Reach, Whole, Wholes};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::{Kind, Type};

/// The dims that a reduction runs over.
pub(crate) fn dims_of(over: &Over, x: &Type) -> Vec<usize> {
    match over {
        Over::All => (0..x.dims.len()).collect(),
        Over::Axis(at) | Over::Batch(at) => vec![*at],
        Over::Dims(places) => places.clone(),
        Over::Named(_) => Vec::new(),
    }
}

fn over(op: &Op) -> &Over {
    match op {
        Op::Reduce { over, .. } | Op::First { over, .. } | Op::Others { over } => over,
        _ => &Over::All,
    }
}

pub(crate) fn reach(op: &Op, inputs: &[&Type], _: &Context<'_>) -> Reach {
    match over(op) {
        Over::Named(axes) => Reach { axes: axes.clone(), places: (0..axes.len()).collect() },
        other => Reach { axes: Vec::new(), places: dims_of(other, inputs[0]) },
    }
}

/// For every entry of an array: which group it belongs to (row-major over the kept dims).
fn groups(dims: &[usize], places: &[usize]) -> (usize, Vec<usize>) {
    let kept: Vec<usize> = (0..dims.len()).filter(|i| !places.contains(i)).collect();
    let count = kept.iter().map(|i| dims[*i]).product();
    let total: usize = dims.iter().product();
    let mut index = vec![0; dims.len()];
    let mut of = Vec::with_capacity(total);
    for _ in 0..total {
        of.push(kept.iter().fold(0, |at, i| at * dims[*i] + index[*i]));
        for i in (0..dims.len()).rev() {
            index[i] += 1;
            if index[i] < dims[i] {
                break;
            }
            index[i] = 0;
        }
    }
    (count, of)
}

/// The place of the first extreme entry of each group.
fn extremes<S: Scalar>(word: BigOp, x: &[S], groups: &(usize, Vec<usize>)) -> Vec<Option<usize>> {
    let mut best: Vec<Option<usize>> = vec![None; groups.0];
    for (at, group) in groups.1.iter().enumerate() {
        let better = match best[*group] {
            None => true,
            Some(old) if word == BigOp::Max => x[at].real() > x[old].real(),
            Some(old) => x[at].real() < x[old].real(),
        };
        if better {
            best[*group] = Some(at);
        }
    }
    best
}

pub(crate) fn reduce<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::Reduce { op, .. } = w.op else { return None };
    let (x, groups) = (inputs[0], groups(&w.inputs[0], w.places));
    Some(match op {
        BigOp::Max | BigOp::Min => {
            let best = extremes(*op, x, &groups);
            best.into_iter().collect::<Option<Vec<usize>>>()?.into_iter().map(|i| x[i]).collect()
        }
        _ => {
            let mut out = vec![S::from_f64(1.0); groups.0];
            x.iter().zip(&groups.1).for_each(|(v, group)| out[*group] = out[*group] * *v);
            out
        }
    })
}

fn first<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::First { op, .. } = w.op else { return None };
    let best = extremes(*op, inputs[0], &groups(&w.inputs[0], w.places));
    let mut out = vec![S::from_f64(0.0); inputs[0].len()];
    best.into_iter().flatten().for_each(|i| out[i] = S::from_f64(1.0));
    Some(out)
}

/// Products from the left and from the right, so that zeros do no harm.
fn others<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
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

fn infer_first(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a maximum")?;
    Ok(inputs[0].with_kind(Kind::Mask))
}

fn infer_others(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a product")?;
    Ok(inputs[0].with_kind(Kind::Real))
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
    let spread = super::reduce::spread(t, sum, &over, &own)?;
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

fn others_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a product that does not move"))?;
    others_of(t, at, tangent)
}

/// The derivative is symmetric.
fn others_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    others_of(t, at, cotangent)
}

const fn op(name: &'static str, infer: crate::op::Infer, eval: Wholes) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost: Cost::Input(1),
        eval: Eval::Whole(eval),
        spec: None,
        reach: Some(reach),
        differential: Differential::Zero,
        lowering: Lowering::Select,
        kink: None,
        samples: &[],
    }
}

/// Where the first extreme entry stands.
pub(crate) static FIRST: OpDef = op("first", infer_first, instances_of!(Wholes, first));
/// The product of all other entries.
pub(crate) static OTHERS: OpDef = OpDef {
    differential: Differential::Custom { jvp: others_jvp, vjp: others_vjp },
    lowering: Lowering::Opaque,
    ..op("others", infer_others, instances_of!(Wholes, others))
};
