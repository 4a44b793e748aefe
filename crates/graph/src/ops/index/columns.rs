//! The gradient of an access by the labels of a whole batch: unit vectors as columns.

use crate::index::{AxisId, NodeId};
use crate::op::{Op, Over, Position};
use crate::record::{At, Made};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// `P[y[i],i]` of a whole batch: the labels, the index, and whether samples are rows.
pub(super) fn chosen(t: &Terms<'_>, at: &At, base: &Type) -> Option<(NodeId, AxisId, bool)> {
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
pub(super) fn unit_columns(
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
    let over = Over::Dims(vec![usize::from(turned)]);
    let spread = crate::ops::fold::spread(t, numbers, &over, base)?;
    t.times(spread, unit)
}
