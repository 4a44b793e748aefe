//! Index equations: entries of arrays by affine maps, and entries collected to arrays.

use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Position};
use crate::size::Size;
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
    Ok(Type { axes, dims: kept(base, positions), kind })
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

/// `A[i,j]`
pub(crate) static ACCESS: OpDef =
    OpDef { name: "access", infer: infer_access, notation: Notation::Own, cost: Cost::Free };
/// `Y[i,j] = ..`
pub(crate) static COLLECT: OpDef =
    OpDef { name: "collect", infer: infer_collect, notation: Notation::Silent, cost: Cost::Free };
