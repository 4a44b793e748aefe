//! Entry-wise ops and ops that take everything at once: axes ride along.

use std::rc::Rc;

use super::tensor::{advance, strides};
use super::{Failure, Interpreter, Tensor};
use crate::index::{AxisId, NodeId};
use crate::op::Op;
use crate::record::{EntryFn, Reach, Reference, Whole, WholeFn};
use crate::scalar::Scalar;
use crate::types::Type;

impl<S: Reference> Interpreter<'_, S> {
    /// One entry of the result from one entry of each input.
    pub(super) fn entrywise<T: Scalar>(
        &self,
        op: &Op,
        f: EntryFn<T>,
        inputs: &[Rc<Tensor<T>>],
        ty: &Type,
    ) -> Result<Tensor<T>, Failure> {
        let shape = self.shape(ty)?;
        let entries: usize = shape.iter().product();
        let steps: Vec<Vec<usize>> = inputs.iter().map(|x| steps(x, &ty.axes, &shape)).collect();
        let mut data = Vec::with_capacity(entries);
        let mut index = vec![0; shape.len()];
        let mut args = vec![T::from_f64(0.0); inputs.len()];
        for _ in 0..entries {
            for ((arg, x), steps) in args.iter_mut().zip(inputs).zip(&steps) {
                let at: usize = index.iter().zip(steps).map(|(i, s)| i * s).sum();
                *arg = x.data[at];
            }
            data.push(f(op, &args));
            advance(&mut index, &shape);
        }
        Ok(Tensor { axes: ty.axes.clone(), shape, data })
    }

    /// Everything at once, for each point of the axes that the op does not consume.
    pub(super) fn whole<T: Scalar>(
        &self,
        id: NodeId,
        f: WholeFn<T>,
        inputs: &[Rc<Tensor<T>>],
    ) -> Result<Tensor<T>, Failure> {
        let node = self.module.graph.node(id);
        let def = node.op.def();
        let types: Vec<&Type> = node.inputs.iter().map(|i| self.module.graph.ty(*i)).collect();
        let reach = match def.reach {
            Some(reach) => reach(&node.op, &types, &self.module.context()),
            None => Reach::default(),
        };
        let riding: Vec<AxisId> =
            node.ty.axes.iter().filter(|a| !reach.axes.contains(a)).copied().collect();
        let points: Vec<usize> =
            riding.iter().map(|a| self.extent(*a)).collect::<Result<_, _>>()?;
        let blocks: Vec<Block> =
            inputs.iter().map(|x| Block::of(x, &riding, &reach.axes)).collect();
        let shape = self.shape(&node.ty)?;
        let mut out = Tensor::filled(node.ty.axes.clone(), shape, T::from_f64(0.0));
        let written = Block::of(&out, &riding, &reach.axes);
        let dims: Vec<Vec<usize>> = blocks.iter().map(|b| b.dims.clone()).collect();
        let whole =
            Whole { op: &node.op, inputs: &dims, output: &written.dims, places: &reach.places };
        let mut point = vec![0; riding.len()];
        if points.contains(&0) {
            return Ok(out);
        }
        loop {
            let parts: Vec<Vec<T>> =
                blocks.iter().zip(inputs).map(|(b, x)| b.read(x, &point)).collect();
            let parts: Vec<&[T]> = parts.iter().map(Vec::as_slice).collect();
            let entries = f(&whole, &parts)
                .ok_or_else(|| Failure(format!("`{}` has no value here", def.name)))?;
            if entries.len() != written.dims.iter().product::<usize>() {
                let text = format!("`{}` made {} entries", def.name, entries.len());
                return Err(Failure(format!("{text}, its type says {:?}", written.dims)));
            }
            written.write(&mut out, &point, &entries);
            if !advance(&mut point, &points) {
                return Ok(out);
            }
        }
    }
}

/// For each axis and dim of the result the step in an input that rides along.
fn steps<S: Scalar>(x: &Tensor<S>, axes: &[AxisId], shape: &[usize]) -> Vec<usize> {
    let own = strides(&x.shape);
    let axis = |a: &AxisId| x.axes.iter().position(|b| b == a).map_or(0, |at| own[at]);
    let mut steps: Vec<usize> = axes.iter().map(axis).collect();
    let dims = shape.len() - axes.len();
    // A number goes with every entry of an array.
    let of_dims = &own[x.axes.len()..];
    steps.extend((0..dims).map(|i| of_dims.get(i).copied().unwrap_or(0)));
    steps
}

/// The part of a tensor at one point of the axes that ride along.
struct Block {
    /// Steps of the riding axes.
    outer: Vec<usize>,
    /// Extents of the consumed axes, then the dims.
    dims: Vec<usize>,
    /// Their steps.
    inner: Vec<usize>,
}

impl Block {
    fn of<S: Scalar>(x: &Tensor<S>, riding: &[AxisId], consumed: &[AxisId]) -> Block {
        let own = strides(&x.shape);
        let place = |a: &AxisId| x.axes.iter().position(|b| b == a);
        let outer = riding.iter().map(|a| place(a).map_or(0, |at| own[at])).collect();
        let inner: Vec<usize> =
            consumed.iter().filter_map(place).chain(x.axes.len()..x.shape.len()).collect();
        Block {
            outer,
            dims: inner.iter().map(|i| x.shape[*i]).collect(),
            inner: inner.iter().map(|i| own[*i]).collect(),
        }
    }

    fn places(&self, point: &[usize]) -> Vec<usize> {
        let base: usize = point.iter().zip(&self.outer).map(|(i, s)| i * s).sum();
        let mut index = vec![0; self.dims.len()];
        let mut places = Vec::new();
        if self.dims.contains(&0) {
            return places;
        }
        loop {
            places.push(base + index.iter().zip(&self.inner).map(|(i, s)| i * s).sum::<usize>());
            if !advance(&mut index, &self.dims) {
                return places;
            }
        }
    }

    fn read<S: Scalar>(&self, x: &Tensor<S>, point: &[usize]) -> Vec<S> {
        self.places(point).into_iter().map(|at| x.data[at]).collect()
    }

    fn write<S: Scalar>(&self, out: &mut Tensor<S>, point: &[usize], entries: &[S]) {
        for (at, value) in self.places(point).into_iter().zip(entries) {
            out.data[at] = *value;
        }
    }
}
