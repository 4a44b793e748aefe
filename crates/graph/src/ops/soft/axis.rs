//! The axis that softmax runs over, and copies along it.

use crate::index::NodeId;
use crate::op::{Context, Misfit, Op, Over};
use crate::record::{At, Made};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// The axis that is written.
pub(super) fn given(op: &Op) -> Option<usize> {
    match op {
        Op::Softmax { axis } | Op::LogSoftmax { axis } | Op::LogSumExp { axis } => *axis,
        _ => None,
    }
}

/// The axis it runs over; `None` for a scalar.
pub(crate) fn axis(op: &Op, x: &Type, c: &Context<'_>) -> Result<Option<usize>, Misfit> {
    let name = op.def().name;
    if let Some(axis) = given(op) {
        if axis >= x.dims.len() {
            let message = format!("there is no axis {axis}: the value has {} axes", x.dims.len());
            return Err(Misfit::new("no-such-axis", message).operand(0, c.shape(x)));
        }
        return Ok(Some(axis));
    }
    let free = x.element_dims(c.sizes);
    // A row counts as its one long axis.
    let long: Vec<usize> = free.iter().copied().filter(|&i| !x.dims[i].is_one()).collect();
    match (free.as_slice(), long.as_slice()) {
        ([], _) => Ok(None),
        ([one], _) | (_, [one]) => Ok(Some(*one)),
        _ => Err(Misfit::new(
            "softmax-axis",
            format!("`{name}` of {}: which axis is meant?", c.shape(x)),
        )
        .operand(0, format!("{} axes and no batch axis among them", free.len()))
        .note(
            "`axis = 0` runs down the columns (each column sums to 1), `axis = 1` along the rows",
        )),
    }
}

/// The dims without `axis`: a row without its long axis is a number.
pub(super) fn without(x: &Type, axis: Option<usize>, keep: bool) -> Vec<Size> {
    let mut dims = x.dims.clone();
    match axis {
        Some(axis) if keep && dims.len() == 2 => dims[axis] = Size::number(1),
        Some(axis) => {
            dims.remove(axis);
        }
        None => {}
    }
    if !keep && x.dims.len() == 2 && dims.iter().all(Size::is_one) { Vec::new() } else { dims }
}

/// Sums along the axis of `at`, copied back along it.
pub(super) fn along(t: &mut Terms<'_>, at: &At, x: NodeId) -> Made {
    let ty = t.ty(at.inputs[0]);
    let Some(axis) = axis(&at.op, &ty, &t.context())? else { return Ok(x) };
    let sum = t.sum_dims(x, vec![axis])?;
    spread(t, at, sum)
}

/// Copies a value without the axis of `at` along it.
pub(crate) fn copied(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    spread(t, at, y)
}

/// The same.
pub(super) fn spread(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    let ty = t.ty(at.inputs[0]);
    let Some(axis) = axis(&at.op, &ty, &t.context())? else { return Ok(y) };
    crate::ops::fold::spread(t, y, &Over::Dims(vec![axis]), &ty)
}
