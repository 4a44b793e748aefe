//! Terms of an optimizer with names in the place of gradients and points.

use std::collections::{BTreeMap, BTreeSet};

use crate::differentiate::{Refusal, resolved};
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::record::Eval;
use crate::terms::Terms;

/// What lines ask of the loss.
pub(super) struct Asked {
    /// Each gradient with the point it is taken at, in an order in which a point reads earlier
    /// gradients only.
    pub(super) points: Vec<(NodeId, NodeId)>,
    /// Whether a line reads the loss itself.
    pub(super) reads_loss: bool,
}

/// The gradients of the loss in some lines.
pub(super) fn gradients(
    module: &Module,
    loss: SymbolId,
    roots: &[NodeId],
) -> Result<Asked, Refusal> {
    let graph = &module.graph;
    let is_loss = |id: NodeId| matches!(graph.node(id).op, Op::Symbol { id, .. } if id == loss);
    let mut asked = Asked { points: Vec::new(), reads_loss: false };
    let mut seen = BTreeSet::new();
    let mut open = roots.to_vec();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = graph.node(id);
        asked.reads_loss |= is_loss(id);
        if node.op == Op::Grad && is_loss(node.inputs[0]) {
            let point = node.inputs[1];
            if graph.ty(point).is_scalar() {
                let text = crate::raise::text(module, point);
                return Err(Refusal(format!(
                    "the gradient of the loss is taken at all parameters: `{text}` is one number"
                )));
            }
            asked.points.push((id, point));
            open.push(point);
        } else if matches!(node.op.def().eval, Eval::Resolved)
            && below(module, &node.inputs).into_iter().any(is_loss)
        {
            let text = crate::raise::text(module, id);
            return Err(Refusal(format!(
                "an optimizer reads the loss and its gradient, not `{text}`"
            )));
        } else {
            open.extend(&node.inputs);
        }
    }
    // A node comes after all that it is made of.
    asked.points.sort_unstable();
    Ok(asked)
}

/// The terms below some, themselves counted.
fn below(module: &Module, roots: &[NodeId]) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut open = roots.to_vec();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(&module.graph.node(id).inputs);
        }
    }
    seen
}

/// Terms with other terms in the place of some.
pub(super) struct Rewrite<'m> {
    pub(super) module: &'m mut Module,
    put: BTreeMap<NodeId, NodeId>,
    done: BTreeMap<NodeId, NodeId>,
}

impl<'m> Rewrite<'m> {
    pub(super) fn new(module: &'m mut Module) -> Rewrite<'m> {
        Rewrite { module, put: BTreeMap::new(), done: BTreeMap::new() }
    }

    /// From here on `other` stands for `node`.
    pub(super) fn put(&mut self, node: NodeId, other: NodeId) {
        self.put.insert(node, other);
        // What was made of it before is made anew.
        self.done = self.put.clone();
    }

    /// A term rewritten, its derivative operators replaced by what they come to.
    pub(super) fn node(&mut self, root: NodeId) -> Result<NodeId, Refusal> {
        let mut needed = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if !self.done.contains_key(&id) && needed.insert(id) {
                open.extend(&self.module.graph.node(id).inputs);
            }
        }
        for id in needed {
            let at = Terms::of(self.module).at(id);
            let inputs: Vec<NodeId> = at.inputs.iter().map(|i| self.done[i]).collect();
            let now =
                if inputs == at.inputs { id } else { Terms::of(self.module).op(at.op, &inputs)? };
            self.done.insert(id, now);
        }
        resolved(self.module, self.done[&root], &mut BTreeMap::new())
    }
}
