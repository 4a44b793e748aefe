//! Reductions: sums, means, extrema, the inner product, norms.

use chainrule_syntax::ast::NormKind;

use super::{numbers, same_shape};
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Over};
use crate::size::Size;
use crate::types::Type;

fn infer_reduce(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Reduce { op: word, over } = op else { return Err(Misfit::new("bug", "reduce")) };
    numbers(inputs, c, &format!("`{}`", word.text()))?;
    let x = inputs[0];
    let dims = match over {
        Over::All => Vec::new(),
        Over::Axis(axis) | Over::Batch(axis) if *axis >= x.dims.len() => {
            let message = format!("there is no axis {axis}: the value has {} axes", x.dims.len());
            return Err(Misfit::new("no-such-axis", message).operand(0, c.shape(x)));
        }
        Over::Axis(axis) => reduced(x, *axis, true),
        Over::Batch(axis) => reduced(x, *axis, false),
        Over::Named(axes) => {
            if axes.iter().any(|a| !x.axes.contains(a)) {
                let message = "a reduction over an axis that the value lacks";
                return Err(Misfit::new("no-such-axis", message).operand(0, c.shape(x)));
            }
            let rest = x.axes.iter().filter(|a| !axes.contains(a)).copied().collect();
            return Ok(Type { axes: rest, ..x.with_kind(crate::types::Kind::Real) });
        }
    };
    Ok(x.with_dims(dims))
}

/// Matrices keep the orientation: `sum(A, axis = 0)` is a row.
fn reduced(x: &Type, axis: usize, keep: bool) -> Vec<Size> {
    let mut dims = x.dims.clone();
    if dims.len() == 2 && (keep || axis == 0) {
        dims[axis] = Size::number(1);
        let scalar = dims.iter().all(Size::is_one);
        return if scalar { vec![Size::number(1)] } else { dims };
    }
    dims.remove(axis);
    dims
}

fn infer_inner(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`inner`")?;
    let both = same_shape(inputs, c, "inner-shapes", "`inner`")?;
    Ok(both.with_dims(Vec::new()))
}

fn infer_norm(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Norm { kind } = op else { return Err(Misfit::new("bug", "norm")) };
    numbers(inputs, c, "a norm")?;
    let x = inputs[0];
    let vector = match x.dims.as_slice() {
        [] | [_] => true,
        [n, _] => n.is_one(),
        _ => false,
    };
    match kind {
        NormKind::Plain | NormKind::Two if !vector => {
            let written = if *kind == NormKind::Two { "`||..||_2`" } else { "`||..||`" };
            Err(Misfit::new("matrix-norm", format!("{written} of a matrix has two readings"))
                .operand(0, c.shape(x))
                .note("`||W||_F` is the Frobenius norm, `||W||_spec` the largest singular value"))
        }
        NormKind::Spectral if x.matrix().is_none() => {
            Err(Misfit::new("matrix-axes", "the spectral norm needs a matrix")
                .operand(0, c.shape(x)))
        }
        _ => Ok(x.with_dims(Vec::new())),
    }
}

/// `sum`, `mean`, `max`, `min`, `prod`.
pub(crate) static REDUCE: OpDef =
    OpDef { name: "reduce", infer: infer_reduce, notation: Notation::Own, cost: Cost::Input(1) };
/// `sum(A .* B)`
pub(crate) static INNER: OpDef =
    OpDef { name: "inner", infer: infer_inner, notation: Notation::Call, cost: Cost::Input(2) };
/// Norms.
pub(crate) static NORM: OpDef =
    OpDef { name: "norm", infer: infer_norm, notation: Notation::Own, cost: Cost::Input(2) };
