//! Ops with index maps: sums of products, views, scatters.

use super::build::{Build, Key, layout, plain, too_large, volume};
use super::ir::{Fold, Loop, Map, Program, Scatter, Step, View, Work};
use crate::differentiate::Refusal;
use crate::index::NodeId;
use crate::op::Op;
use crate::size::Size;
use crate::spec::{Ix, Place, Slot, Spec};
use crate::types::Type;

/// Indices as they are met.
struct Space {
    indices: Vec<Ix>,
    sizes: Vec<Size>,
}

impl Build<'_> {
    pub(super) fn multilinear(
        &mut self,
        name: String,
        spec: &Spec,
        inputs: &[NodeId],
        ty: &Type,
    ) -> Result<usize, Refusal> {
        if spec.inputs.iter().chain([&spec.output]).any(|p| matches!(p, Place::Flat(_))) {
            return self.reshape(name, inputs[0], ty);
        }
        let mut space = Space { indices: Vec::new(), sizes: Vec::new() };
        let out = layout(self.module, ty)?;
        let mut labels = Vec::new();
        let write = self.places(spec, &spec.output, ty, &mut space, &mut labels)?;
        let mut reads = Vec::new();
        for (place, input) in spec.inputs.iter().zip(inputs) {
            let own = self.module.graph.ty(*input).clone();
            let maps = self.places(spec, place, &own, &mut space, &mut labels)?;
            reads.push(View { of: self.known[input], maps, pad: spec.pad });
        }
        let factors = reads.len();
        for (input, at) in &labels {
            let own = self.module.graph.ty(inputs[*input]).clone();
            let maps = self.places(spec, &Place::of(&[]), &own, &mut space, &mut Vec::new())?;
            debug_assert_eq!(*at, *input);
            reads.push(View { of: self.known[&inputs[*input]], maps, pad: false });
        }
        // A label's number among the inputs becomes its number among the reads.
        let number = |input: usize| {
            labels.iter().position(|(i, _)| *i == input).map_or(input, |at| factors + at)
        };
        let mut write = write;
        for map in reads.iter_mut().flat_map(|v| &mut v.maps).chain(&mut write) {
            map.label = map.label.map(number);
        }
        for view in &mut reads {
            view.pad &= view.maps.iter().any(|m| m.as_index().is_none());
        }
        let l = assembled(&space.sizes, &reads, factors, &write, spec.pad, &out)?;
        let at = self.push(name.clone(), ty, Work::Loop(l))?;
        if spec.divide.is_empty() { Ok(at) } else { self.divided(name, at, spec, ty) }
    }

    /// A mean: the sum by the number of its terms.
    fn divided(
        &mut self,
        name: String,
        of: usize,
        spec: &Spec,
        ty: &Type,
    ) -> Result<usize, Refusal> {
        let space: Vec<Size> = layout(self.module, ty)?.into_iter().map(|(_, s)| s).collect();
        let maps = (0..space.len()).map(Map::index).collect();
        let read = View { of, maps, pad: false };
        let count = volume(&spec.divide)?;
        let steps = vec![Step::Read(0), Step::Size(count), Step::Apply(Op::Quotient, vec![0, 1])];
        self.push(name, ty, Work::Loop(plain(space, vec![read], Program { steps })))
    }

    /// The same entries in order: a view if no batch axis is among the dims.
    fn reshape(&mut self, name: String, input: NodeId, ty: &Type) -> Result<usize, Refusal> {
        let own = layout(self.module, self.module.graph.ty(input))?;
        let out = layout(self.module, ty)?;
        let sizes = |l: &[(Key, Size)]| -> Vec<Size> { l.iter().map(|(_, s)| s.clone()).collect() };
        let of = self.known[&input];
        // As they are written: `[k, N]` and `[N, k]` are laid out alike, but their entries are not.
        let written =
            |ty: &Type| -> Vec<Size> { ty.dims.iter().filter(|d| !d.is_one()).cloned().collect() };
        let same = written(ty) == written(self.module.graph.ty(input));
        if same && sizes(&own) == sizes(&out) {
            return Ok(of);
        }
        let batch_dims = |ty: &Type| !ty.written_batches(&self.module.sizes).is_empty();
        if batch_dims(ty) || batch_dims(self.module.graph.ty(input)) {
            let op = Op::Reshape { dims: ty.dims.clone() };
            let work = self.framed(op, &[input], ty, Vec::new())?;
            return self.push(name, ty, work);
        }
        self.push(name, ty, Work::Reshape(of))
    }

    /// The maps of a place in the order of the lowered array.
    fn places(
        &self,
        spec: &Spec,
        place: &Place,
        ty: &Type,
        space: &mut Space,
        labels: &mut Vec<(usize, usize)>,
    ) -> Result<Vec<Map>, Refusal> {
        let Place::Dims(slots) = place else { return Err(Refusal("a flat place".into())) };
        let mut maps = Vec::new();
        for (key, _) in layout(self.module, ty)? {
            maps.push(match key {
                Key::Axis(axis) => Map::index(self.index(Ix::Axis(axis), spec, space)?),
                Key::Dim(at) => match slots.get(at) {
                    Some(Slot::Map(map)) => self.map(map, spec, space)?,
                    Some(Slot::Label(input)) => {
                        if !labels.contains(&(*input, *input)) {
                            labels.push((*input, *input));
                        }
                        Map { label: Some(*input), ..Map::constant(Size::number(0)) }
                    }
                    None => Map::constant(Size::number(0)),
                },
            });
        }
        Ok(maps)
    }

    fn map(&self, map: &crate::spec::Map, spec: &Spec, space: &mut Space) -> Result<Map, Refusal> {
        let mut out = Map::constant(map.constant.clone());
        for (ix, k) in &map.terms {
            let extent = self.extent(*ix, spec)?;
            if extent.is_one() {
                continue;
            }
            let one = Map::index(self.index(*ix, spec, space)?);
            super::compose::add_scaled(&mut out, &one, k).map_err(too_large)?;
        }
        Ok(out)
    }

    fn extent(&self, ix: Ix, spec: &Spec) -> Result<Size, Refusal> {
        let known = match ix {
            Ix::Axis(axis) => self.module.axes.get(axis).extent.clone(),
            Ix::Local(at) => spec.space.get(at as usize).cloned(),
        };
        known.ok_or_else(|| Refusal("an index without range".into()))
    }

    fn index(&self, ix: Ix, spec: &Spec, space: &mut Space) -> Result<usize, Refusal> {
        if let Some(at) = space.indices.iter().position(|i| *i == ix) {
            return Ok(at);
        }
        space.indices.push(ix);
        space.sizes.push(self.extent(ix, spec)?);
        Ok(space.sizes.len() - 1)
    }
}

/// A sum of products; the indices of the result come first, if each dim of it is one.
fn assembled(
    space: &[Size],
    reads: &[View],
    factors: usize,
    write: &[Map],
    pad: bool,
    out: &[(Key, Size)],
) -> Result<Loop, Refusal> {
    let mut order: Vec<usize> = Vec::new();
    let plain = write.iter().zip(out).all(|(map, (_, size))| match map.as_index() {
        Some(at) if !order.contains(&at) && space[at] == *size => {
            order.push(at);
            true
        }
        _ => false,
    });
    if !plain {
        order.clear();
    }
    let rank = order.len();
    order.extend((0..space.len()).filter(|i| !order.contains(i)).collect::<Vec<_>>());
    let mut place = vec![0; space.len()];
    order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
    let moved = |map: &Map| {
        let mut terms: Vec<_> = map.terms.iter().map(|(i, k)| (place[*i], k.clone())).collect();
        terms.sort_by_key(|(i, _)| *i);
        Map { terms, ..map.clone() }
    };
    let reads: Vec<View> = reads
        .iter()
        .map(|v| View { maps: v.maps.iter().map(moved).collect(), ..v.clone() })
        .collect();
    let sizes: Vec<Size> = order.iter().map(|i| space[*i].clone()).collect();
    let useful = volume(&sizes)?;
    let scatter = (!plain).then(|| Scatter { maps: write.iter().map(moved).collect(), pad });
    let sums = scatter.is_some() || sizes.len() > rank;
    Ok(Loop {
        space: sizes,
        rank,
        reads,
        body: Program::product(factors),
        fold: sums.then_some(Fold::Sum),
        write: scatter,
        useful,
    })
}
