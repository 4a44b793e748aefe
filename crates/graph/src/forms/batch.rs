//! From one sample to the whole batch.

use std::collections::{BTreeMap, BTreeSet};

use super::{Translation, fitted, translate};
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId, SizeId};
use crate::module::Module;
use crate::op::{Misfit, Op};
use crate::record::Differential;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// The pass over one batch axis.
pub(super) struct Batch<'m> {
    pub(super) module: &'m mut Module,
    /// The axis that is written.
    pub(super) axis: AxisId,
    /// Its length.
    pub(super) length: Size,
    /// An index over the samples, for what is said sample by sample.
    pub(super) index: AxisId,
    written: BTreeMap<NodeId, Result<NodeId, Refusal>>,
    /// With the index in place of the axis.
    pub(super) riding: BTreeMap<NodeId, NodeId>,
}

impl Translation for Batch<'_> {
    fn module(&mut self) -> &mut Module {
        self.module
    }

    fn ty(&self, ty: &Type) -> Type {
        if !ty.axes.contains(&self.axis) {
            return ty.clone();
        }
        let axes = ty.axes.iter().filter(|a| **a != self.axis).copied().collect();
        Type { axes, dims: self.layout(&ty.dims), kind: ty.kind.clone() }
    }

    fn term(&mut self, node: NodeId) -> Result<NodeId, Refusal> {
        self.written(node)
    }

    fn indexed(
        &mut self,
        nodes: &[NodeId],
        forall: &mut Vec<AxisId>,
    ) -> Result<Vec<NodeId>, Refusal> {
        if !nodes.iter().any(|n| self.has_index(*n)) {
            return nodes.iter().map(|n| self.written(*n)).collect();
        }
        if nodes.iter().any(|n| self.has(*n)) {
            forall.push(self.index);
        }
        nodes.iter().map(|n| self.ride(*n)).collect()
    }
}

impl<'m> Batch<'m> {
    pub(super) fn new(
        module: &'m mut Module,
        axis: AxisId,
        length: SizeId,
        index: AxisId,
    ) -> Batch<'m> {
        let (written, riding) = (BTreeMap::new(), BTreeMap::new());
        Batch { module, axis, length: Size::name(length), index, written, riding }
    }

    pub(super) fn run(&mut self, left_out: &mut Vec<String>) -> Result<(), Refusal> {
        translate(self, left_out)
    }

    /// Whether a term carries the axis.
    pub(super) fn has(&self, node: NodeId) -> bool {
        self.module.graph.ty(node).axes.contains(&self.axis)
    }

    /// Whether a term has free indices.
    pub(super) fn has_index(&self, node: NodeId) -> bool {
        self.module.graph.ty(node).axes.iter().any(|a| !self.module.axes.is_batch(*a))
    }

    /// Where the axis stands among the dims.
    pub(super) fn place(&self, dims: &[Size]) -> usize {
        if is_row(dims) { 0 } else { dims.len() }
    }

    /// The dims with the axis among them.
    pub(super) fn layout(&self, dims: &[Size]) -> Vec<Size> {
        let mut out = dims.to_vec();
        if is_row(dims) {
            out[0] = self.length.clone();
        } else {
            out.push(self.length.clone());
        }
        out
    }

    pub(super) fn terms(&mut self) -> Terms<'_> {
        Terms::of(self.module)
    }

    /// The dims of a term for one sample.
    pub(super) fn dims(&self, node: NodeId) -> Vec<Size> {
        self.module.graph.ty(node).dims.clone()
    }

    /// What a term without free indices becomes.
    pub(super) fn written(&mut self, root: NodeId) -> Result<NodeId, Refusal> {
        // Id order: inputs come first, and nothing recurses.
        let mut behind = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if !self.written.contains_key(&id) && behind.insert(id) {
                open.extend(&self.module.graph.node(id).inputs);
            }
        }
        for id in behind {
            if !self.has_index(id) {
                let now = self.one(id);
                self.written.insert(id, now);
            }
        }
        self.known(root)
    }

    /// What a term became.
    pub(super) fn known(&self, node: NodeId) -> Result<NodeId, Refusal> {
        match self.written.get(&node) {
            Some(known) => known.clone(),
            None => Err(Refusal("an index is free here".into())),
        }
    }

    /// One term, its inputs known.
    fn one(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        let node = self.module.graph.node(id).clone();
        if let Op::Symbol { id: symbol, .. } = node.op {
            return Ok(self.module.read(symbol)?);
        }
        let touched = self.has(id) || node.inputs.iter().any(|i| self.has(*i));
        if !touched {
            return self.rebuilt(id, &node.op, &node.inputs);
        }
        self.derivative(id, &node.op, &node.inputs)?;
        let dims = if self.has(id) { self.layout(&node.ty.dims) } else { node.ty.dims.clone() };
        if !self.by_entry(id)
            && let Ok(Some(made)) = self.rule(id, &node.op, &node.inputs)
            && let Ok(Some(made)) = fitted(&mut self.terms(), made, &dims)
            && !self.has(made)
        {
            return Ok(made);
        }
        let made = self.entries(id)?;
        match fitted(&mut self.terms(), made, &dims)? {
            Some(made) => Ok(made),
            None => Err(Refusal(format!(
                "`{}` has no form for the whole batch",
                super::text(self.module, id)
            ))),
        }
    }

    /// What does not carry the axis: the same op, applied to what its inputs became.
    fn rebuilt(&mut self, id: NodeId, op: &Op, inputs: &[NodeId]) -> Result<NodeId, Refusal> {
        if inputs.iter().any(|i| self.has_index(*i)) {
            // A sum over an index inside of which the samples may be summed.
            return self.ride_through(id);
        }
        let now: Result<Vec<NodeId>, Refusal> = inputs.iter().map(|i| self.known(*i)).collect();
        let now = now?;
        if now == inputs {
            return Ok(id);
        }
        Ok(self.terms().op(op.clone(), &now)?)
    }

    /// A derivative within one sample by what all samples share is an array for each sample.
    fn derivative(&mut self, id: NodeId, op: &Op, inputs: &[NodeId]) -> Result<(), Refusal> {
        let own = matches!(op.def().eval, crate::record::Eval::Resolved)
            && !matches!(op, Op::Prime { .. });
        if !own || !self.has(inputs[0]) && matches!(op, Op::Grad | Op::Hvp) {
            return Ok(());
        }
        let by_sample = *op == Op::Grad && self.has(inputs[1]);
        if by_sample || !inputs.iter().any(|i| self.has(*i)) {
            return Ok(());
        }
        let text = super::text(self.module, id);
        let axis = &self.module.axes.get(self.axis).name;
        Err(Refusal(format!(
            "`{text}` is a matrix for each sample of `{axis}`, not one of the batch"
        )))
    }

    /// Whether this is best said entry by entry: the logarithm of the entry of a label.
    pub(super) fn by_entry(&self, id: NodeId) -> bool {
        let mut at = id;
        loop {
            let node = self.module.graph.node(at);
            if matches!(node.op, Op::Access { .. }) {
                return self.has(at);
            }
            let pointwise = matches!(node.op.def().differential, Differential::Pointwise(_));
            match node.inputs.as_slice() {
                [input] if pointwise && node.ty.is_scalar() => at = *input,
                _ => return false,
            }
        }
    }

    /// Entry by entry: `Y[i,n] = (..)[i]`.
    fn entries(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        let dims = self.dims(id);
        let value = self.ride_through(id)?;
        if !self.module.graph.ty(value).axes.contains(&self.index) {
            return Ok(value);
        }
        let index = self.index;
        let mut t = self.terms();
        let ty = t.ty(value);
        let rows = t.axes_of(&ty, &["r", "s", "t", "u"]);
        let entry = t.entry(value, &rows)?;
        let mut axes = rows;
        if is_row(&dims) {
            axes[0] = index;
            let entry = row_entry(&mut t, value, &axes)?;
            return Ok(t.collect(entry, &axes)?);
        }
        axes.push(index);
        Ok(t.collect(entry, &axes)?)
    }
}

/// The entry of a row at its long axis; the first of `axes` is not read.
fn row_entry(t: &mut Terms<'_>, row: NodeId, axes: &[AxisId]) -> Result<NodeId, Misfit> {
    let mut positions = crate::terms::positions(axes);
    let constant = Size::number(0);
    positions[0] = crate::op::Position::Affine(crate::op::Affine { terms: Vec::new(), constant });
    t.op(Op::Access { positions, pad: false }, &[row])
}

/// `[1, n]`: a row.
pub(super) fn is_row(dims: &[Size]) -> bool {
    matches!(dims, [one, n] if one.is_one() && !n.is_one())
}
