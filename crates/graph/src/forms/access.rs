//! Sample by sample: an index in place of the batch axis.

use std::collections::BTreeSet;

use super::batch::{Batch, is_row};
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId};
use crate::op::{Affine, Op, Over, Position};
use crate::size::Size;

impl Batch<'_> {
    /// A term with the index in place of the axis: `z` of each sample is `Z[:,n]`.
    pub(super) fn ride(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        if self.has_index(id) { self.ride_through(id) } else { self.column(id) }
    }

    /// The part of one sample of a term without free indices.
    fn column(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        let whole = self.written(id)?;
        if !self.has(id) {
            return Ok(whole);
        }
        let dims = self.dims(id);
        let mut positions = vec![Position::All; dims.len()];
        self.put(&mut positions, &dims);
        let part = self.terms().op(Op::Access { positions, pad: false }, &[whole])?;
        Ok(self.terms().reshape(part, &dims)?)
    }

    /// Puts the index where the axis stands.
    fn put(&self, positions: &mut Vec<Position>, dims: &[Size]) {
        let index = crate::terms::positions(&[self.index]).remove(0);
        if is_row(dims) {
            positions[0] = index;
        } else {
            positions.push(index);
        }
    }

    /// The op applied to the parts of one sample, down to where no index is free.
    pub(super) fn ride_through(&mut self, root: NodeId) -> Result<NodeId, Refusal> {
        let mut inside = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let through = id == root || self.has_index(id) || self.by_entry(id);
            if !self.riding.contains_key(&id) && through && inside.insert(id) {
                open.extend(&self.module.graph.node(id).inputs);
            }
        }
        for id in inside {
            let now = self.ride_one(id)?;
            // The root may be read elsewhere as a part of what is written.
            if id == root && !self.has_index(id) && !self.by_entry(id) {
                return Ok(now);
            }
            self.riding.insert(id, now);
        }
        match self.riding.get(&root) {
            Some(now) => Ok(*now),
            None => self.column(root),
        }
    }

    /// What an input is inside: known, or a part of what is written.
    fn part(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        match self.riding.get(&id) {
            Some(now) => Ok(*now),
            None => self.column(id),
        }
    }

    fn ride_one(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        let node = self.module.graph.node(id).clone();
        if let Op::Symbol { .. } = node.op {
            return self.column(id);
        }
        if let Op::Access { positions, pad } = &node.op
            && let Some(made) = self.access(positions, *pad, &node.inputs)?
        {
            return Ok(made);
        }
        let axis = self.axis;
        let index = self.index;
        let named = |axes: &[AxisId]| -> Vec<AxisId> {
            let mut axes: Vec<AxisId> =
                axes.iter().map(|a| if *a == axis { index } else { *a }).collect();
            axes.sort_unstable();
            axes
        };
        let op = match &node.op {
            Op::Lift { axes, dims, from } => {
                Op::Lift { axes: named(axes), dims: dims.clone(), from: from.clone() }
            }
            Op::Reduce { op, over: Over::Named(axes) } => {
                Op::Reduce { op: *op, over: Over::Named(named(axes)) }
            }
            Op::First { op, over: Over::Named(axes) } => {
                Op::First { op: *op, over: Over::Named(named(axes)) }
            }
            Op::Others { over: Over::Named(axes) } => Op::Others { over: Over::Named(named(axes)) },
            Op::Scatter { positions, dims, over, pad } => {
                let (positions, dims) = (positions.clone(), dims.clone());
                Op::Scatter { positions, dims, over: named(over), pad: *pad }
            }
            op => op.clone(),
        };
        let inputs: Result<Vec<NodeId>, Refusal> =
            node.inputs.iter().map(|i| self.part(*i)).collect();
        Ok(self.terms().op(op, &inputs?)?)
    }

    /// An entry of an array that has a column for each sample: one index more.
    fn access(
        &mut self,
        positions: &[Position],
        pad: bool,
        inputs: &[NodeId],
    ) -> Result<Option<NodeId>, Refusal> {
        let base = inputs[0];
        if self.has_index(base) || !self.has(base) {
            return Ok(None);
        }
        let dims = self.dims(base);
        let first = Position::Affine(Affine { terms: Vec::new(), constant: Size::number(0) });
        let whole = |p: &Position| *p == Position::All;
        if is_row(&dims) && positions[0] != first || positions.iter().any(whole) {
            return Ok(None);
        }
        let mut positions = positions.to_vec();
        self.put(&mut positions, &dims);
        let mut now = vec![self.written(base)?];
        for label in &inputs[1..] {
            now.push(self.part(*label)?);
        }
        Ok(Some(self.terms().op(Op::Access { positions, pad }, &now)?))
    }
}
