//! Index equations: entries of arrays by affine maps, and entries collected to arrays.

use crate::index::{AxisId, NodeId};
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Position};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::size::Size;
use crate::spec::{self, Ix, Map, Place, Spec};
use crate::terms::Terms;
use crate::types::{Kind, Type, union};

fn infer_access(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Access { positions, .. } = op else { return Err(Misfit::new("bug", "access")) };
    let base = inputs[0];
    if positions.len() != base.dims.len() {
        return Err(count_misfit(base, positions.len(), c));
    }
    let mut axes = base.axes.clone();
    let mut labels = inputs[1..].iter().enumerate();
    for (dim, position) in base.dims.iter().zip(positions) {
        match position {
            Position::All => {}
            Position::Affine(map) => {
                let mut own: Vec<_> = map.terms.iter().map(|(axis, _)| *axis).collect();
                own.sort_unstable();
                axes = union(&axes, &own);
            }
            Position::Label => {
                let Some((at, label)) = labels.next() else {
                    return Err(Misfit::new("bug", "a label is missing"));
                };
                check_label(dim, at + 1, label, base, c)?;
                axes = union(&axes, &label.axes);
            }
        }
    }
    let whole = positions.iter().all(|p| *p == Position::All);
    let kind = match &base.kind {
        // A part of a distribution is none, and a part of a symmetric matrix need not be.
        Kind::Prob | Kind::Sym | Kind::Spd if !whole => Kind::Real,
        kind => kind.clone(),
    };
    // Of three axes `n`, `m`, 1 without the second a column is left.
    Ok(Type { axes, kind, ..Type::array(kept(base, positions)) })
}

fn count_misfit(base: &Type, given: usize, c: &Context<'_>) -> Misfit {
    let axes: Vec<String> = base.dims.iter().map(|d| c.sizes.text(d)).collect();
    let message = match axes.len() {
        0 => "no axes: it is a number".to_string(),
        n => format!(
            "{n} ax{} ({}), {given} ind{} given",
            if n == 1 { "is" } else { "es" },
            axes.join(", "),
            if given == 1 { "ex" } else { "ices" }
        ),
    };
    Misfit::new("index-count", message).operand(0, c.shape(base))
}

fn check_label(
    dim: &Size,
    at: usize,
    label: &Type,
    base: &Type,
    c: &Context<'_>,
) -> Result<(), Misfit> {
    let Kind::Label(classes) = &label.kind else {
        let message = "an index is affine in indices, or a label";
        return Err(Misfit::new("index-form", message).operand(at, c.shape(label)));
    };
    if !label.dims.is_empty() {
        let message = "the label of an access is one label, not an array of labels";
        return Err(Misfit::new("label-array", message)
            .operand(at, c.shape(label))
            .note("give it an index: `Psi[y[i],i]`"));
    }
    if classes != dim {
        let (k, n) = (c.sizes.text(classes), c.sizes.text(dim));
        let message = format!("labels run to {k}-1, the axis has size {n}");
        return Err(Misfit::new("label-size", message)
            .operand(0, c.shape(base))
            .operand(at, c.shape(label)));
    }
    Ok(())
}

/// What is left of the dims: `A[:,i]` is a column, `A[i,:]` a row.
fn kept(base: &Type, positions: &[Position]) -> Vec<Size> {
    let all = |(dim, p): (&Size, &Position)| (*p == Position::All).then(|| dim.clone());
    let mut dims: Vec<Size> = base.dims.iter().zip(positions).filter_map(all).collect();
    if base.dims.len() == 2 && dims.len() == 1 && positions[1] == Position::All {
        dims.insert(0, Size::number(1));
    }
    dims
}

fn infer_collect(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Collect { axes, extents } = op else { return Err(Misfit::new("bug", "collect")) };
    let x = inputs[0];
    if !x.is_scalar() {
        let message = "the right side of an index definition is a number for each index";
        return Err(Misfit::new("index-entry", message).operand(0, c.shape(x)));
    }
    let rest = x.axes.iter().filter(|a| !axes.contains(a)).copied().collect();
    Ok(Type { axes: rest, kind: x.kind.clone(), ..Type::array(extents.clone()) })
}

/// The transpose: entries are added up where the access read them. Axes that the base has ride
/// along; the sweep's own axes are in the cotangent and ride along too.
fn access_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Access { positions, pad } = &at.op else { return Err(Terms::bug("access")) };
    let (base, here) = (t.ty(at.inputs[0]), t.ty(at.node));
    let rides = |a: &AxisId| base.axes.contains(a) || at.riding.contains(a);
    let over: Vec<AxisId> = here.axes.iter().filter(|a| !rides(a)).copied().collect();
    if let Some((labels, axis, turned)) = chosen(t, at, &base)
        && over == [axis]
    {
        return unit_columns(t, &base, cotangent, labels, axis, turned);
    }
    if *positions == [Position::Label] {
        // `p[y]`: the textbook's unit vector.
        let unit = t.op(Op::OneHot, &at.inputs[1..])?;
        let product = t.scale(cotangent, unit)?;
        return t.sum_axes(product, over);
    }
    let op = Op::Scatter { positions: positions.clone(), dims: base.dims, over, pad: *pad };
    let mut inputs = vec![cotangent];
    inputs.extend(&at.inputs[1..]);
    t.op(op, &inputs)
}

/// `P[y[i],i]` of a whole batch: the labels, the index, and whether samples are rows.
fn chosen(t: &Terms<'_>, at: &At, base: &Type) -> Option<(NodeId, AxisId, bool)> {
    let Op::Access { positions, .. } = &at.op else { return None };
    let (map, turned) = match positions.as_slice() {
        [Position::Label, Position::Affine(map)] => (map, false),
        [Position::Affine(map), Position::Label] => (map, true),
        _ => return None,
    };
    let label = t.graph.node(*at.inputs.get(1)?);
    let Op::Access { positions: own, pad: false } = &label.op else { return None };
    let [(axis, 1)] = map.terms.as_slice() else { return None };
    let plain = map.constant == Size::number(0) && *own == [Position::Affine(map.clone())];
    let labels = t.graph.ty(label.inputs[0]);
    let samples = base.dims.get(usize::from(!turned))?;
    let whole = t.axes.get(*axis).extent.as_ref() == Some(samples);
    let fits = plain && whole && labels.dims == [samples.clone()] && base.axes.is_empty();
    fits.then_some((label.inputs[0], *axis, turned))
}

/// Each number in the row of its label: `onehot(y)`, its columns scaled.
fn unit_columns(
    t: &mut Terms<'_>,
    base: &Type,
    cotangent: NodeId,
    labels: NodeId,
    axis: AxisId,
    turned: bool,
) -> Made {
    let unit = t.op(Op::OneHot, &[labels])?;
    let unit = if turned { t.transpose(unit)? } else { unit };
    let numbers = t.collect(cotangent, &[axis])?;
    let over = crate::op::Over::Dims(vec![usize::from(turned)]);
    let spread = super::reduce::spread(t, numbers, &over, base)?;
    t.times(spread, unit)
}

fn access_spec(op: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Access { positions, pad } = op else { return None };
    let mut space = Vec::new();
    let read = spec::accessed(positions, &inputs[0].dims, &mut space);
    let place = kept_place(positions, space.len(), output);
    Some(Spec { pad: *pad, ..Spec::new(space, vec![Place::Dims(read)], place) })
}

/// Where what is left of the dims stands: `A[i,:]` is a row.
pub(crate) fn kept_place(positions: &[Position], count: usize, kept: &Type) -> Place {
    let mut maps: Vec<Map> = (0..count as u32).map(Map::local).collect();
    if positions.len() == 2 && count == 1 && positions[1] == Position::All && kept.dims.len() == 2 {
        maps.insert(0, Map::number(0));
    }
    maps.truncate(kept.dims.len());
    Place::maps(maps)
}

fn collect_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Collect { axes, extents } = &at.op else { return Err(Terms::bug("collect")) };
    let flat = t.reshape(cotangent, extents)?;
    let kept = t.ty(flat).dims.len();
    t.entry(flat, &axes[..kept])
}

fn collect_spec(op: &Op, _: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Collect { axes, .. } = op else { return None };
    // `Y[i,j]` with one j is a column.
    let maps = axes.iter().take(output.dims.len()).map(|a| Map::index(Ix::Axis(*a))).collect();
    Some(Spec::new(Vec::new(), vec![Place::of(&[])], Place::maps(maps)))
}

/// `A[i,j]`
pub(crate) static ACCESS: OpDef = OpDef {
    name: "access",
    infer: infer_access,
    notation: Notation::Own,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(access_spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp: access_vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[
        "A : R[n, m]; sum[i in n] A[i,:]",
        "A : R[n, m]; sum[j] A[:,j]",
        "p : R[n] per N; y : label[n] per N; p[y]",
        "p : R[n, m] per N; y : label[n] per N; p[y,:]",
        "p : R[n, m, k]; y : label[m]; sum[i in n] p[i,y,:]",
        "A : R[n, n]; sum[i] A[i,i]",
        "A : R[n, n] per N; sum[i,j] A[i,j] A[j,i]",
        "x : R[n]; y : label[m] per N; A : R[n, m]; sum[i] x[i] A[i,y]",
        "A : R[n, m]; K : R[2, 2]; sum(u in n, v in m: sum[i,j] K[i,j] A[u+i-1,v+j; pad])",
    ],
};
/// `Y[i,j] = ..`
pub(crate) static COLLECT: OpDef = OpDef {
    name: "collect",
    infer: infer_collect,
    notation: Notation::Silent,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(collect_spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp: collect_vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[],
};
