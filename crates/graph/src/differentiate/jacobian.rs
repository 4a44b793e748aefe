//! Jacobians: with their structure where they have one, else entry by entry.
//!
//! The dense form is forward mode along every entry of the variable at once. The variable moves along unit arrays that carry one new axis a dim; the tangent of the value then
//! has these axes, and rows and columns are put in the order of `vec`.

use super::{Refusal, forward, structure};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::record::Made;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// `jac(of, wrt)`: rows are the entries of the value, columns those of the variable.
pub(super) fn jacobian(
    module: &mut Module,
    of: NodeId,
    wrt: SymbolId,
    row: bool,
) -> Result<NodeId, Refusal> {
    match structure::jacobian(module, of, wrt, row)? {
        Some(matrix) => Ok(matrix),
        None => dense(module, of, wrt, row),
    }
}

/// The same, entry by entry.
pub(super) fn dense(
    module: &mut Module,
    of: NodeId,
    wrt: SymbolId,
    row: bool,
) -> Result<NodeId, Refusal> {
    let (value, variable) = (module.graph.ty(of).clone(), module.symbol(wrt).ty.clone());
    let (seed, columns) = unit(&mut Terms::of(module), &variable)?;
    let (shared, alone): (Vec<AxisId>, Vec<AxisId>) =
        variable.axes.iter().partition(|a| value.axes.contains(a));
    let (seed, samples) = one_sample(&mut Terms::of(module), seed, &alone)?;
    let moved = forward::tangent_apart(module, of, &[(wrt, seed)], &shared)?;
    let mut t = Terms::of(module);
    let Some(moved) = moved else { return Ok(zero(&mut t, &value, &variable)?) };
    let moved = of_each(&mut t, moved, &samples)?;
    let mut columns = columns;
    let mut rows = t.axes_of(&value, &["r", "s", "t", "u"]);
    let entry = t.entry(moved, &rows)?;
    let ty = Type { axes: columns.clone(), ..Type::scalar() };
    let entry = if t.ty(entry).axes.iter().filter(|a| columns.contains(a)).count() < columns.len() {
        t.lifted(entry, &Type { axes: crate::types::union(&t.ty(entry).axes, &ty.axes), ..ty })?
    } else {
        entry
    };
    if !row {
        rows.reverse();
        columns.reverse();
    }
    let both: Vec<AxisId> = rows.iter().chain(&columns).copied().collect();
    let all = t.collect(entry, &both)?;
    let dims = dims(&value, &variable)?;
    Ok(t.reshape(all, &dims)?)
}

/// The dims of a Jacobian: none for numbers.
fn dims(value: &Type, variable: &Type) -> Result<Vec<Size>, Refusal> {
    if value.is_scalar() && variable.is_scalar() {
        return Ok(Vec::new());
    }
    let entries = |ty: &Type| Size::product(&ty.dims);
    let large = |_| Refusal("a size expression is too large".into());
    Ok(vec![entries(value).map_err(large)?, entries(variable).map_err(large)?])
}

fn zero(t: &mut Terms<'_>, value: &Type, variable: &Type) -> Made {
    let dims = dims(value, variable).map_err(|_| Terms::bug("a size is too large"))?;
    let axes = crate::types::union(&value.axes, &variable.axes);
    let ty = Type { axes, ..Type::array(dims) };
    t.zeros(&ty)
}

/// A variable of each sample moves in one sample at a time, where the value is none of each sample:
/// the sample is an axis of its own.
fn one_sample(
    t: &mut Terms<'_>,
    seed: NodeId,
    axes: &[AxisId],
) -> Result<(NodeId, Vec<(AxisId, AxisId)>), Refusal> {
    let mut seed = seed;
    let mut samples = Vec::new();
    for axis in axes {
        let (name, extent) = (t.axes.get(*axis).name.clone(), t.axes.get(*axis).extent.clone());
        let extent = extent.ok_or_else(|| Refusal("an index without range".into()))?;
        let own = t.fresh_axis(&name, extent);
        let all = t.op(Op::IndexNumber { axis: *axis }, &[])?;
        let one = t.op(Op::IndexNumber { axis: own }, &[])?;
        let equal = Op::Compare { op: chainrule_syntax::ast::Comparison::Equal };
        let same = t.op(equal, &[all, one])?;
        let same = t.op(Op::Indicator, &[same])?;
        seed = t.scale(same, seed)?;
        samples.push((own, *axis));
    }
    Ok((seed, samples))
}

/// The samples' own axes become the batch axes again.
fn of_each(t: &mut Terms<'_>, x: NodeId, samples: &[(AxisId, AxisId)]) -> Made {
    let mut x = x;
    for (own, axis) in samples {
        if !t.ty(x).axes.contains(own) {
            continue;
        }
        let ty = t.ty(x);
        let rows = t.axes_of(&ty, &["r", "s", "t", "u"]);
        let entry = t.entry(x, &rows)?;
        let all = t.collect(entry, &[*own])?;
        let entry = t.entry(all, &[*axis])?;
        let back = t.collect(entry, &rows)?;
        x = t.reshape(back, &ty.dims)?;
    }
    Ok(x)
}

/// `U_pq[i,j] = 1[i == p] 1[j == q]`: the unit arrays of a type, with their axes.
fn unit(t: &mut Terms<'_>, ty: &Type) -> Result<(NodeId, Vec<AxisId>), Refusal> {
    let axes = t.axes_of(ty, &["p", "q", "v", "w"]);
    let one = t.number(1.0)?;
    if axes.is_empty() {
        return Ok((one, axes));
    }
    let over = Type { axes: axes.clone(), ..Type::scalar() };
    let one = t.lifted(one, &over)?;
    let op = Op::Scatter {
        positions: crate::terms::positions(&axes),
        dims: ty.dims.clone(),
        over: Vec::new(),
        pad: false,
    };
    Ok((t.op(op, &[one])?, axes))
}
