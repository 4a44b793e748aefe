//! Entries put elsewhere: accesses, their transposes, reshapes.

use super::Terms;
use crate::index::{AxisId, NodeId};
use crate::op::{Affine, Op, Position};
use crate::record::Made;
use crate::size::Size;
use crate::types::Type;

/// Named axes as positions.
pub(crate) fn positions(axes: &[AxisId]) -> Vec<Position> {
    let plain =
        |a: &AxisId| Position::Affine(Affine { terms: vec![(*a, 1)], constant: Size::number(0) });
    axes.iter().map(plain).collect()
}

impl Terms<'_> {
    /// The entry of `x` at named axes, one a dim.
    ///
    /// # Errors
    ///
    /// The graph is full; so everywhere below.
    pub fn entry(&mut self, x: NodeId, axes: &[AxisId]) -> Made {
        if axes.is_empty() {
            return Ok(x);
        }
        let node = self.graph.node(x);
        if matches!(&node.op, Op::Lift { from, axes, .. } if from.is_empty() && axes.is_empty()) {
            // Every entry is that number.
            let number = node.inputs[0];
            let mut all = axes.to_vec();
            all.sort_unstable();
            let axes = crate::types::union(&self.graph.ty(number).axes, &all);
            return self.lifted(number, &Type { axes, ..Type::scalar() });
        }
        if node.op == Op::Neg {
            let plain = node.inputs[0];
            let entry = self.entry(plain, axes)?;
            return self.neg(entry);
        }
        let positions = positions(axes);
        self.op(Op::Access { positions, pad: false }, &[x])
    }

    /// Named axes become dims, in this order.
    pub fn collect(&mut self, x: NodeId, axes: &[AxisId]) -> Made {
        if axes.is_empty() {
            return Ok(x);
        }
        let extents: Option<Vec<Size>> =
            axes.iter().map(|a| self.axes.get(*a).extent.clone()).collect();
        let extents = extents.ok_or_else(|| Terms::bug("an axis without extent"))?;
        if self.graph.node(x).op == Op::Neg {
            let plain = self.graph.node(x).inputs[0];
            let all = self.collect(plain, axes)?;
            return self.neg(all);
        }
        if let Some(number) = self.copies_along(x, axes) {
            let ty = Type { axes: self.ty(number).axes, ..Type::array(extents) };
            return self.lifted(number, &ty);
        }
        self.op(Op::Collect { axes: axes.to_vec(), extents }, &[x])
    }

    /// The number that `x` is copies of, along these axes.
    fn copies_along(&self, x: NodeId, axes: &[AxisId]) -> Option<NodeId> {
        let node = self.graph.node(x);
        let Op::Lift { axes: new, from, .. } = &node.op else { return None };
        let number = node.inputs[0];
        let free = new.iter().all(|a| axes.contains(a)) && new.len() == axes.len();
        (free && from.is_empty() && node.ty.is_scalar()).then_some(number)
    }

    /// The same entries, row-major, with other dims.
    pub fn reshape(&mut self, x: NodeId, dims: &[Size]) -> Made {
        let dims = Type::array(dims.to_vec()).dims;
        if self.graph.ty(x).dims == dims {
            return Ok(x);
        }
        self.op(Op::Reshape { dims }, &[x])
    }

    /// New axes, one for each dim of `ty`.
    pub fn axes_of(&mut self, ty: &Type, names: &[&str]) -> Vec<AxisId> {
        let dims: Vec<Size> = ty.dims.clone();
        let named =
            |(i, dim): (usize, Size)| self.fresh_axis(names.get(i).copied().unwrap_or("k"), dim);
        dims.into_iter().enumerate().map(named).collect()
    }
}
