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
        self.op(Op::Collect { axes: axes.to_vec(), extents }, &[x])
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
