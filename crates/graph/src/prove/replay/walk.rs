//! Where operands are read and written, from index maps.

use std::rc::Rc;

use super::field::{Got, Stop};
use super::graph::Terms;
use super::values::Tensor;
use crate::index::AxisId;
use crate::spec::{Ix, Map, Place, Slot};

/// Where an operand is read: steps of its axes, and its dims.
pub(super) struct Walk {
    steps: Vec<(usize, usize)>,
    slots: Vec<Step>,
}

/// One dim of an operand.
struct Step {
    terms: Vec<(usize, i64)>,
    constant: i64,
    /// The label that tells the place instead: which input, and the steps of its axes.
    label: Option<(usize, Vec<(usize, usize)>)>,
    extent: usize,
    stride: usize,
}

impl Walk {
    /// The place in the data; `None` outside.
    pub(super) fn at(&self, index: &[usize], inputs: &[Rc<Tensor>]) -> Option<usize> {
        let along = |steps: &[(usize, usize)]| -> usize {
            steps.iter().map(|(at, stride)| index[*at] * stride).sum()
        };
        let mut place = along(&self.steps);
        for slot in &self.slots {
            let at = match &slot.label {
                Some((k, steps)) => inputs[*k].data[along(steps)] as i64,
                None => {
                    let term = |(at, by): &(usize, i64)| index[*at] as i64 * by;
                    slot.constant + slot.terms.iter().map(term).sum::<i64>()
                }
            };
            if at < 0 || at >= slot.extent as i64 {
                return None;
            }
            place += at as usize * slot.stride;
        }
        Some(place)
    }
}

impl Terms<'_, '_> {
    /// Where an operand is read or written, from a point of the space.
    pub(super) fn walk(
        &self,
        place: &Place,
        x: &Tensor,
        axes: &[AxisId],
        inputs: &[Rc<Tensor>],
    ) -> Got<Walk> {
        let mut strides = vec![1; x.shape.len()];
        for k in (1..x.shape.len()).rev() {
            strides[k - 1] = strides[k] * x.shape[k];
        }
        let position = |axis: AxisId| axes.iter().position(|a| *a == axis).ok_or(Stop::Redraw);
        let mut walk = Walk { steps: Vec::new(), slots: Vec::new() };
        for (axis, stride) in x.axes.iter().zip(&strides) {
            walk.steps.push((position(*axis)?, *stride));
        }
        let linear = |map: &Map| -> Got<(Vec<(usize, i64)>, i64)> {
            let mut terms = Vec::new();
            for (ix, by) in &map.terms {
                let at = match ix {
                    Ix::Axis(axis) => position(*axis)?,
                    Ix::Local(at) => axes.len() + *at as usize,
                };
                terms.push((at, self.world.whole(by)?));
            }
            Ok((terms, self.world.whole(&map.constant)?))
        };
        match place {
            Place::Flat(map) => {
                let (terms, constant) = linear(map)?;
                let extent = x.dims().iter().product();
                walk.slots.push(Step { terms, constant, label: None, extent, stride: 1 });
            }
            Place::Dims(slots) => {
                let own = x.dims().iter().zip(&strides[x.axes.len()..]);
                for (slot, (extent, stride)) in slots.iter().zip(own) {
                    let ((terms, constant), label) = match slot {
                        Slot::Map(map) => (linear(map)?, None),
                        Slot::Label(k) => {
                            let nowhere = Place::Dims(Vec::new());
                            let label = self.walk(&nowhere, &inputs[*k], axes, inputs)?;
                            ((Vec::new(), 0), Some((*k, label.steps)))
                        }
                    };
                    let (extent, stride) = (*extent, *stride);
                    walk.slots.push(Step { terms, constant, label, extent, stride });
                }
            }
        }
        Ok(walk)
    }
}

/// The maps of a place.
pub(super) fn maps(place: &Place) -> Vec<&Map> {
    match place {
        Place::Flat(map) => vec![map],
        Place::Dims(slots) => slots
            .iter()
            .filter_map(|s| match s {
                Slot::Map(map) => Some(map),
                Slot::Label(_) => None,
            })
            .collect(),
    }
}
