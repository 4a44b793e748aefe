//! From the whole batch to one sample.

use std::collections::{BTreeMap, BTreeSet};

use super::{Translation, fitted, translate};
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId, SizeId};
use crate::module::Module;
use crate::op::{Affine, Misfit, Op, Position};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// The pass over one batch size.
pub(super) struct Sample<'m> {
    pub(super) module: &'m mut Module,
    /// The axis that is silent afterwards.
    pub(super) axis: AxisId,
    pub(super) length: Size,
    /// Indices that run over the samples: `i` of `X[:,i]`. They become the axis.
    pub(super) samples: BTreeSet<AxisId>,
    known: BTreeMap<NodeId, Result<NodeId, Refusal>>,
}

impl Translation for Sample<'_> {
    fn module(&mut self) -> &mut Module {
        self.module
    }

    fn ty(&self, ty: &Type) -> Type {
        let mut axes = self.renamed(&ty.axes);
        if ty.dims.contains(&self.length) {
            axes.push(self.axis);
            axes.sort_unstable();
            axes.dedup();
        }
        Type { axes, dims: self.element(&ty.dims), kind: ty.kind.clone() }
    }

    fn term(&mut self, node: NodeId) -> Result<NodeId, Refusal> {
        self.converted(node)
    }

    fn indexed(
        &mut self,
        nodes: &[NodeId],
        forall: &mut Vec<AxisId>,
    ) -> Result<Vec<NodeId>, Refusal> {
        let now: Result<Vec<NodeId>, Refusal> = nodes.iter().map(|n| self.converted(*n)).collect();
        forall.retain(|a| !self.samples.contains(a));
        now
    }
}

impl<'m> Sample<'m> {
    pub(super) fn new(module: &'m mut Module, axis: AxisId, length: SizeId) -> Sample<'m> {
        let (length, known) = (Size::name(length), BTreeMap::new());
        let samples = running(module, &length);
        Sample { module, axis, length, samples, known }
    }

    pub(super) fn run(&mut self, left_out: &mut Vec<String>) -> Result<(), Refusal> {
        translate(self, left_out)
    }

    /// The dims of one sample. A row of the batch is a row; a vector of numbers is a number.
    pub(super) fn element(&self, dims: &[Size]) -> Vec<Size> {
        let mut out = dims.to_vec();
        match dims.iter().position(|d| *d == self.length) {
            Some(0) if dims.len() == 2 => out[0] = Size::number(1),
            Some(at) => {
                out.remove(at);
            }
            None => {}
        }
        // One entry in one column is a vector.
        Type::array(out).dims
    }

    /// The axes, with the batch axis in place of what runs over the samples.
    pub(super) fn renamed(&self, axes: &[AxisId]) -> Vec<AxisId> {
        let one = |a: &AxisId| if self.samples.contains(a) { self.axis } else { *a };
        let mut axes: Vec<AxisId> = axes.iter().map(one).collect();
        axes.sort_unstable();
        axes.dedup();
        axes
    }

    /// Where the samples stand among the dims.
    pub(super) fn place(&self, node: NodeId) -> Option<usize> {
        self.module.graph.ty(node).dims.iter().position(|d| *d == self.length)
    }

    /// How often a type counts the samples.
    fn count(&self, ty: &Type) -> usize {
        let own = |a: &&AxisId| **a == self.axis || self.samples.contains(a);
        ty.dims.iter().filter(|d| **d == self.length).count() + ty.axes.iter().filter(own).count()
    }

    pub(super) fn terms(&mut self) -> Terms<'_> {
        Terms::of(self.module)
    }

    pub(super) fn dims(&self, node: NodeId) -> Vec<Size> {
        self.module.graph.ty(node).dims.clone()
    }

    /// What a term became.
    pub(super) fn now(&self, node: NodeId) -> Result<NodeId, Refusal> {
        match self.known.get(&node) {
            Some(known) => known.clone(),
            None => Err(self.mixing(node)),
        }
    }

    /// What a term becomes.
    fn converted(&mut self, root: NodeId) -> Result<NodeId, Refusal> {
        // Id order: inputs come first, and nothing recurses.
        let mut behind = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if !self.known.contains_key(&id) && behind.insert(id) {
                open.extend(&self.module.graph.node(id).inputs);
            }
        }
        for id in behind {
            let now = self.one(id);
            self.known.insert(id, now);
        }
        self.now(root)
    }

    /// That a term needs several samples at once.
    pub(super) fn mixing(&self, node: NodeId) -> Refusal {
        let axis = &self.module.axes.get(self.axis).name;
        let text = super::text(self.module, node);
        Refusal(format!("`{text}` mixes the samples of `{axis}`; it cannot be said of one of them"))
    }

    /// One term, its inputs known.
    fn one(&mut self, id: NodeId) -> Result<NodeId, Refusal> {
        let node = self.module.graph.node(id).clone();
        if self.count(&node.ty) > 1 {
            return Err(self.mixing(id));
        }
        if let Op::Symbol { id: symbol, .. } = node.op {
            return Ok(self.module.read(symbol)?);
        }
        let touched = |s: &Self, id: NodeId| s.count(s.module.graph.ty(id)) > 0;
        if !touched(self, id) && !node.inputs.iter().any(|i| touched(self, *i)) {
            let now: Result<Vec<NodeId>, Refusal> =
                node.inputs.iter().map(|i| self.now(*i)).collect();
            let now = now?;
            return Ok(match node.op {
                _ if now == node.inputs => id,
                Op::Scale => self.scaled(now[0], now[1])?,
                op => self.terms().op(op, &now)?,
            });
        }
        let Some(made) = self.rule(id, &node.op, &node.inputs)? else {
            return Err(self.mixing(id));
        };
        let wanted = self.ty(&node.ty);
        match self.settled(made, &wanted) {
            Ok(Some(made)) => Ok(made),
            Ok(None) => Err(self.mixing(id)),
            Err(misfit) => Err(misfit.into()),
        }
    }

    /// With the dims and axes that a term of one sample must have.
    fn settled(&mut self, made: NodeId, wanted: &Type) -> Result<Option<NodeId>, Misfit> {
        let mut t = self.terms();
        let Some(made) = fitted(&mut t, made, &wanted.dims)? else { return Ok(None) };
        let own = t.ty(made).axes;
        if own.iter().any(|a| !wanted.axes.contains(a)) {
            return Ok(None);
        }
        t.lifted(made, wanted).map(Some)
    }
}

/// The indices that run over the samples wherever they stand.
fn running(module: &Module, length: &Size) -> BTreeSet<AxisId> {
    let mut found = BTreeSet::new();
    for id in module.graph.ids() {
        let node = module.graph.node(id);
        let Op::Access { positions, .. } = &node.op else { continue };
        let dims = &module.graph.ty(node.inputs[0]).dims;
        for (position, dim) in positions.iter().zip(dims) {
            if let (Some(axis), true) = (plain(position), dim == length)
                && module.axes.get(axis).extent.as_ref() == Some(length)
                && !module.axes.is_batch(axis)
            {
                found.insert(axis);
            }
        }
    }
    found
}

/// An index alone.
pub(super) fn plain(position: &Position) -> Option<AxisId> {
    match position {
        Position::Affine(Affine { terms, constant }) => match terms.as_slice() {
            [(axis, 1)] if *constant == Size::number(0) => Some(*axis),
            _ => None,
        },
        _ => None,
    }
}
