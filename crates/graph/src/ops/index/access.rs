//! Entries by affine maps of indices and by labels.

use super::columns::{chosen, unit_columns};
use super::kept_place;
use super::misfit::{check_label, count_misfit};
use crate::index::{AxisId, NodeId};
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Position};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::size::Size;
use crate::spec::{self, Place, Spec};
use crate::terms::Terms;
use crate::types::{Kind, Type, union};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

/// What is left of the dims: `A[:,i]` is a column, `A[i,:]` a row.
fn kept(base: &Type, positions: &[Position]) -> Vec<Size> {
    let all = |(dim, p): (&Size, &Position)| (*p == Position::All).then(|| dim.clone());
    let mut dims: Vec<Size> = base.dims.iter().zip(positions).filter_map(all).collect();
    if base.dims.len() == 2 && dims.len() == 1 && positions[1] == Position::All {
        dims.insert(0, Size::number(1));
    }
    dims
}

fn access_spec(op: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Access { positions, pad } = op else { return None };
    let mut space = Vec::new();
    let read = spec::accessed(positions, &inputs[0].dims, &mut space);
    let place = kept_place(positions, space.len(), output);
    Some(Spec { pad: *pad, ..Spec::new(space, vec![Place::Dims(read)], place) })
}

/// The transpose: entries are added up where the access read them. Axes that the base has ride
/// along; the sweep's own axes are in the cotangent and ride along too.
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
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

/// `A[i,j]`
pub(crate) static ACCESS: OpDef = OpDef {
    name: "access",
    infer,
    notation: Notation::Own,
    cost: Cost::Free,
    eval: Eval::Multilinear,
    spec: Some(access_spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 1, vjp },
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
