//! Sums of products by index maps.

use std::rc::Rc;

use super::tensor::{advance, strides};
use super::{Failure, Interpreter, Tensor};
use crate::index::AxisId;
use crate::record::Reference;
use crate::spec::{Ix, Map, Place, Slot, Spec};
use crate::types::Type;

/// Where an operand is read or written, for points of the iteration space.
struct Access {
    /// Steps of the operand's own axes and, without bounds to check, of everything.
    steps: Vec<i64>,
    start: i64,
    /// Dims that must be looked at for each point: their map, extent and step.
    checked: Vec<Checked>,
}

struct Checked {
    terms: Vec<(usize, i64)>,
    constant: i64,
    extent: i64,
    step: i64,
    /// The label that tells the place instead.
    label: Option<Box<(Access, usize)>>,
}

/// The iteration space: indices and extents, in the order they are counted.
struct Points {
    indices: Vec<Ix>,
    extents: Vec<usize>,
}

impl<S: Reference> Interpreter<'_, S> {
    /// What index maps come to: `y[out] += x1[in1] * .. * xk[ink]` over the iteration space, for a
    /// result of type `ty`. Inputs behind the factors are labels.
    ///
    /// # Errors
    ///
    /// An index runs outside its array at these sizes.
    pub fn contraction(
        &self,
        spec: &Spec,
        inputs: &[Rc<Tensor<S>>],
        ty: &Type,
    ) -> Result<Tensor<S>, Failure> {
        let shape = self.shape(ty)?;
        let mut out = Tensor::filled(ty.axes.clone(), shape, S::from_f64(0.0));
        let points = self.points(spec, inputs, &out)?;
        let reads = spec.inputs.iter().zip(inputs);
        let reads: Vec<Access> = reads
            .map(|(place, x)| self.access(place, x, inputs, &points, spec.pad))
            .collect::<Result<_, _>>()?;
        let write = self.access(&spec.output, &out, inputs, &points, spec.pad)?;
        if points.extents.contains(&0) {
            return Ok(out);
        }
        let mut index = vec![0; points.extents.len()];
        loop {
            if let Some(to) = write.at(&index, inputs) {
                let mut product: Option<S> = None;
                let mut inside = true;
                for (read, x) in reads.iter().zip(inputs) {
                    let Some(from) = read.at(&index, inputs) else {
                        inside = false;
                        break;
                    };
                    let value = x.data[from];
                    product = Some(product.map_or(value, |p| p * value));
                }
                if let Some(value) = product.filter(|_| inside) {
                    out.data[to] += value;
                }
            }
            if !advance(&mut index, &points.extents) {
                break;
            }
        }
        for size in &spec.divide {
            let by = S::from_f64(self.numbers.size(size)? as f64);
            out.data.iter_mut().for_each(|v| *v = *v / by);
        }
        Ok(out)
    }

    fn points(
        &self,
        spec: &Spec,
        inputs: &[Rc<Tensor<S>>],
        out: &Tensor<S>,
    ) -> Result<Points, Failure> {
        let mut axes: Vec<AxisId> = out.axes.clone();
        let add = |axis: AxisId, axes: &mut Vec<AxisId>| {
            if !axes.contains(&axis) {
                axes.push(axis);
            }
        };
        inputs.iter().for_each(|x| x.axes.iter().for_each(|a| add(*a, &mut axes)));
        for place in spec.inputs.iter().chain([&spec.output]) {
            for map in maps(place) {
                for (ix, _) in &map.terms {
                    if let Ix::Axis(axis) = ix {
                        add(*axis, &mut axes);
                    }
                }
            }
        }
        let mut points = Points { indices: Vec::new(), extents: Vec::new() };
        for axis in axes {
            points.indices.push(Ix::Axis(axis));
            points.extents.push(self.extent(axis)?);
        }
        for (at, size) in spec.space.iter().enumerate() {
            points.indices.push(Ix::Local(at as u32));
            points.extents.push(self.numbers.size(size)?);
        }
        Ok(points)
    }

    fn access(
        &self,
        place: &Place,
        x: &Tensor<S>,
        inputs: &[Rc<Tensor<S>>],
        points: &Points,
        pad: bool,
    ) -> Result<Access, Failure> {
        let own = strides(&x.shape);
        let mut access =
            Access { steps: vec![0; points.indices.len()], start: 0, checked: Vec::new() };
        for (axis, step) in x.axes.iter().zip(&own) {
            if let Some(at) = points.indices.iter().position(|i| *i == Ix::Axis(*axis)) {
                access.steps[at] += *step as i64;
            }
        }
        let slots: Vec<(Slot, usize, usize)> = match place {
            Place::Flat(map) => {
                vec![(Slot::Map(map.clone()), x.dims().iter().product(), 1)]
            }
            Place::Dims(slots) => {
                let dims = x.dims().iter().zip(&own[x.axes.len()..]);
                slots.iter().zip(dims).map(|(s, (n, step))| (s.clone(), *n, *step)).collect()
            }
        };
        for (slot, extent, step) in slots {
            self.slot(&mut access, &slot, (extent, step), inputs, points, pad)?;
        }
        Ok(access)
    }

    fn slot(
        &self,
        access: &mut Access,
        slot: &Slot,
        (extent, step): (usize, usize),
        inputs: &[Rc<Tensor<S>>],
        points: &Points,
        pad: bool,
    ) -> Result<(), Failure> {
        let map = match slot {
            Slot::Map(map) => map,
            Slot::Label(input) => {
                let class = |y: &S| y.real() >= 0.0 && y.real() < extent as f64;
                if !inputs[*input].data.iter().all(class) {
                    return Err(Failure(format!("a label is not one of 0..{}", extent.max(1) - 1)));
                }
                let label =
                    self.access(&Place::Dims(Vec::new()), &inputs[*input], inputs, points, false)?;
                access.checked.push(Checked {
                    terms: Vec::new(),
                    constant: 0,
                    extent: extent as i64,
                    step: step as i64,
                    label: Some(Box::new((label, *input))),
                });
                return Ok(());
            }
        };
        let (terms, constant) = self.numbered(map, points)?;
        let reach = |sign: i64| {
            let far = |(at, k): &(usize, i64)| {
                let last = points.extents[*at] as i64 - 1;
                if (*k > 0) == (sign > 0) { k * last } else { 0 }
            };
            constant + terms.iter().map(far).sum::<i64>()
        };
        let inside = reach(-1) >= 0 && reach(1) < extent as i64;
        if inside || points.extents.contains(&0) {
            access.start += constant * step as i64;
            terms.iter().for_each(|(at, k)| access.steps[*at] += k * step as i64);
        } else if pad {
            let (extent, step) = (extent as i64, step as i64);
            access.checked.push(Checked { terms, constant, extent, step, label: None });
        } else {
            return Err(Failure::new("an index runs outside its array at these sizes"));
        }
        Ok(())
    }

    fn numbered(&self, map: &Map, points: &Points) -> Result<(Vec<(usize, i64)>, i64), Failure> {
        let whole = |size: &crate::size::Size| {
            let value = size.value_at(|id| self.numbers.get(id));
            value
                .and_then(crate::size::Ratio::whole)
                .and_then(|v| i64::try_from(v).ok())
                .ok_or_else(|| Failure::new("an index map is not whole at these sizes"))
        };
        let mut terms = Vec::with_capacity(map.terms.len());
        for (ix, coefficient) in &map.terms {
            let at = points.indices.iter().position(|i| i == ix);
            let at = at.ok_or_else(|| Failure::new("an index outside the iteration space"))?;
            terms.push((at, whole(coefficient)?));
        }
        Ok((terms, whole(&map.constant)?))
    }
}

impl Access {
    /// The place in the data, `None` outside.
    fn at<S: Reference>(&self, index: &[usize], inputs: &[Rc<Tensor<S>>]) -> Option<usize> {
        let mut at = self.start;
        for (i, step) in index.iter().zip(&self.steps) {
            at += *i as i64 * step;
        }
        for dim in &self.checked {
            let value = match &dim.label {
                Some(label) => {
                    let value = inputs[label.1].data[label.0.at(index, inputs)?].real();
                    value as i64
                }
                None => {
                    let term = |(i, k): &(usize, i64)| index[*i] as i64 * k;
                    dim.constant + dim.terms.iter().map(term).sum::<i64>()
                }
            };
            if value < 0 || value >= dim.extent {
                return None;
            }
            at += value * dim.step;
        }
        usize::try_from(at).ok()
    }
}

fn maps(place: &Place) -> Vec<&Map> {
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
