//! Forward mode: tangents from the names to the value.

use std::collections::BTreeMap;

use super::{Activity, Refusal, no_mixing, value_of};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::op::{Misfit, Op};
use crate::record::{At, Differential};
use crate::terms::Terms;
use crate::types::Type;

/// The tangent of `of`; `None` if it does not move.
pub(super) fn tangent(
    module: &mut Module,
    of: NodeId,
    seeds: &[(SymbolId, NodeId)],
) -> Result<Option<NodeId>, Refusal> {
    tangent_apart(module, of, seeds, &[])
}

/// The same, where the points of some axes move apart: a sum over them of what moves is refused.
pub(super) fn tangent_apart(
    module: &mut Module,
    of: NodeId,
    seeds: &[(SymbolId, NodeId)],
    apart: &[AxisId],
) -> Result<Option<NodeId>, Refusal> {
    let wrt: Vec<SymbolId> = seeds.iter().map(|(s, _)| *s).collect();
    let mut push = Push {
        activity: Activity::of(module, &wrt, &wrt),
        names: seeds.iter().copied().collect(),
        nodes: BTreeMap::new(),
        apart: apart.to_vec(),
        module,
    };
    let last = push.module.bindings.len();
    let needed = push.needed(of, &wrt);
    for at in 0..last {
        let symbol = push.module.bindings[at].symbol;
        if wrt.contains(&symbol) || !needed.contains(&symbol) {
            continue;
        }
        let value = value_of(&push.module.bindings[at], &wrt);
        if let Some(tangent) = push.node(value)? {
            push.names.insert(symbol, tangent);
        }
    }
    push.node(of)
}

struct Push<'m> {
    module: &'m mut Module,
    activity: Activity,
    names: BTreeMap<SymbolId, NodeId>,
    nodes: BTreeMap<NodeId, Option<NodeId>>,
    apart: Vec<AxisId>,
}

impl Push<'_> {
    /// The active names behind a node.
    fn needed(&mut self, of: NodeId, wrt: &[SymbolId]) -> std::collections::BTreeSet<SymbolId> {
        let mut names = std::collections::BTreeSet::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![of];
        while let Some(id) = open.pop() {
            if !seen.insert(id) || !self.activity.node(self.module, id) {
                continue;
            }
            let node = self.module.graph.node(id);
            open.extend(&node.inputs);
            if let Op::Symbol { id, .. } = node.op
                && names.insert(id)
                && !wrt.contains(&id)
                && let Some(binding) = self.module.binding(id)
            {
                open.push(value_of(binding, wrt));
            }
        }
        names
    }

    /// Node by node, in id order: inputs come first.
    fn node(&mut self, root: NodeId) -> Result<Option<NodeId>, Refusal> {
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if self.nodes.contains_key(&id) {
                open.pop();
                continue;
            }
            if !self.activity.node(self.module, id) {
                self.nodes.insert(id, None);
                continue;
            }
            let at = Terms::of(self.module).at(id);
            if let Op::Symbol { id: symbol, .. } = at.op {
                self.nodes.insert(id, self.names.get(&symbol).copied());
                continue;
            }
            let missing: Vec<NodeId> =
                at.inputs.iter().filter(|i| !self.nodes.contains_key(i)).copied().collect();
            if missing.is_empty() {
                let tangents: Vec<Option<NodeId>> =
                    at.inputs.iter().map(|i| self.nodes[i]).collect();
                if tangents.iter().any(Option::is_some) {
                    no_mixing(self.module, &at, &self.apart)?;
                }
                let tangent = self.jvp(&at, &tangents)?;
                let tangent = tangent.map(|x| self.fit(x, id)).transpose()?;
                self.nodes.insert(id, tangent);
            } else {
                open.extend(missing);
            }
        }
        Ok(self.nodes.get(&root).copied().flatten())
    }

    /// A tangent has the axes of what it is the tangent of, though its formula may lack some.
    fn fit(&mut self, tangent: NodeId, of: NodeId) -> Result<NodeId, Misfit> {
        let ty = self.module.graph.ty(of).clone();
        let mut t = Terms::of(self.module);
        let axes = crate::types::union(&t.ty(tangent).axes, &ty.axes);
        let tangent = t.reshape(tangent, &ty.dims)?;
        t.lifted(tangent, &Type { axes, ..ty })
    }

    fn jvp(&mut self, at: &At, tangents: &[Option<NodeId>]) -> Result<Option<NodeId>, Refusal> {
        if tangents.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut t = Terms::of(self.module);
        match &at.op.def().differential {
            Differential::Zero => Ok(None),
            Differential::Refused(why) => Err(Refusal((*why).into())),
            Differential::Custom { jvp, .. } => Ok(Some(jvp(&mut t, at, tangents)?)),
            Differential::Additive(signs) => {
                let signed = |t: &mut Terms<'_>, k: usize, x: NodeId| match signs.get(k) {
                    Some(-1) => t.neg(x),
                    _ => Ok(x),
                };
                sum(&mut t, tangents, signed)
            }
            Differential::Multilinear { inputs, .. } => {
                let moved = |t: &mut Terms<'_>, k: usize, x: NodeId| {
                    let mut moved = at.inputs.clone();
                    moved[k] = x;
                    replaced(t, at, &moved)
                };
                sum(&mut t, &tangents[..*inputs], moved)
            }
            Differential::Pointwise(partial) => {
                let mut total = None;
                for (k, tangent) in tangents.iter().enumerate() {
                    let Some(tangent) = *tangent else { continue };
                    let Some(factor) = partial(&mut t, at, k)? else { continue };
                    let part = t.times(factor, tangent)?;
                    total = Some(match total {
                        Some(sum) => t.add(sum, part)?,
                        None => part,
                    });
                }
                Ok(total)
            }
        }
    }
}

/// A multilinear op with one input replaced, tidied where it is a product.
fn replaced(t: &mut Terms<'_>, at: &At, inputs: &[NodeId]) -> Result<NodeId, Misfit> {
    match at.op {
        Op::MatMul => t.matmul(inputs[0], inputs[1]),
        Op::Scale => t.scale(inputs[0], inputs[1]),
        Op::Hadamard => t.hadamard(inputs[0], inputs[1]),
        Op::Transpose => t.transpose(inputs[0]),
        _ => t.op(at.op.clone(), inputs),
    }
}

fn sum(
    t: &mut Terms<'_>,
    tangents: &[Option<NodeId>],
    part: impl Fn(&mut Terms<'_>, usize, NodeId) -> Result<NodeId, Misfit>,
) -> Result<Option<NodeId>, Refusal> {
    let mut total = None;
    for (k, tangent) in tangents.iter().enumerate() {
        let Some(tangent) = *tangent else { continue };
        let part = part(t, k, tangent)?;
        total = Some(match total {
            Some(sum) => t.add(sum, part)?,
            None => part,
        });
    }
    Ok(total)
}
