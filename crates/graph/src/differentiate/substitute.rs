//! Terms with other terms in the place of names, through definitions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Activity, Refusal, name};
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::terms::Terms;

/// `node` with each name replaced. A definition that reads a replaced name is made anew, under the
/// same name, so that what is derived from it is derived in the same steps: the gradient at q is the
/// gradient at p with other names.
///
/// # Errors
///
/// A limit is reached, or a replacement does not fit where its name stands.
pub fn substituted(
    module: &mut Module,
    node: NodeId,
    replaced: &[(SymbolId, NodeId)],
) -> Result<NodeId, Refusal> {
    let wrt: Vec<SymbolId> = replaced.iter().map(|(s, _)| *s).collect();
    let activity = Activity::of(module, &wrt);
    let mut names: BTreeMap<SymbolId, NodeId> = replaced.iter().copied().collect();
    let mut substitute = Substitute { module, activity, done: BTreeMap::new() };
    let needed = substitute.needed(node, &names);
    for symbol in needed {
        let Some(value) = substitute.module.binding(symbol).map(|b| b.stable) else { continue };
        let value = substitute.rebuilt(value, &names)?;
        let text = substitute.module.symbol(symbol).name.clone();
        let named = name(substitute.module, text, value)?;
        names.insert(symbol, named);
    }
    substitute.rebuilt(node, &names)
}

struct Substitute<'m> {
    module: &'m mut Module,
    activity: Activity,
    done: BTreeMap<NodeId, NodeId>,
}

impl Substitute<'_> {
    /// The nodes of one formula that change, in their order.
    fn changing(&mut self, root: NodeId) -> BTreeSet<NodeId> {
        let mut nodes = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if self.activity.node(self.module, id) && nodes.insert(id) {
                open.extend(&self.module.graph.node(id).inputs);
            }
        }
        nodes
    }

    /// The definitions that change, in their order.
    fn needed(&mut self, root: NodeId, given: &BTreeMap<SymbolId, NodeId>) -> BTreeSet<SymbolId> {
        let mut needed = BTreeSet::new();
        let mut open = vec![root];
        while let Some(root) = open.pop() {
            for id in self.changing(root) {
                if let Op::Symbol { id: symbol, .. } = self.module.graph.node(id).op
                    && !given.contains_key(&symbol)
                    && let Some(binding) = self.module.binding(symbol)
                    && needed.insert(symbol)
                {
                    open.push(binding.stable);
                }
            }
        }
        needed
    }

    /// One formula with its names replaced.
    fn rebuilt(
        &mut self,
        root: NodeId,
        names: &BTreeMap<SymbolId, NodeId>,
    ) -> Result<NodeId, Refusal> {
        for id in self.changing(root) {
            let at = Terms::of(self.module).at(id);
            let now = match at.op {
                Op::Symbol { id: symbol, .. } => names.get(&symbol).copied().unwrap_or(id),
                op => {
                    let input = |i: &NodeId| self.done.get(i).copied().unwrap_or(*i);
                    let inputs: Vec<NodeId> = at.inputs.iter().map(input).collect();
                    Terms::of(self.module).op(op, &inputs)?
                }
            };
            self.done.insert(id, now);
        }
        Ok(self.done.get(&root).copied().unwrap_or(root))
    }
}
