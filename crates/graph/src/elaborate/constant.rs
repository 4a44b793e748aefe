//! The numbers that nodes come to.
//!
//! Node by node, never by recursion: a constant may be a sum of a million terms, or each constant
//! twice the one before.

use std::collections::HashMap;

use super::Elaborator;
use crate::index::NodeId;
use crate::module::Role;
use crate::op::Op;
use crate::record::Eval;

impl Elaborator<'_> {
    /// The number a node comes to, if it is made of constants.
    pub(crate) fn constant(&mut self, node: NodeId) -> Option<f64> {
        for at in self.constants.len()..=node.index() {
            let id = NodeId::new(at);
            let known = |input: NodeId| self.constants.get(input.index()).copied().flatten();
            let value = self.evaluated(id, &[], known);
            self.constants.push(value);
        }
        self.constants[node.index()]
    }

    /// The same, with some constants and sizes set to other numbers.
    pub(crate) fn constant_with(&mut self, node: NodeId, set: &[(String, f64)]) -> Option<f64> {
        if set.is_empty() {
            return self.constant(node);
        }
        let mut known: HashMap<NodeId, Option<f64>> = HashMap::new();
        let mut open = vec![node];
        while let Some(&id) = open.last() {
            if self.exhausted() {
                return None;
            }
            self.spend(1);
            let missing: Vec<NodeId> =
                self.made_of(id).filter(|input| !known.contains_key(input)).collect();
            if missing.is_empty() {
                let value = self.evaluated(id, set, |input| known.get(&input).copied().flatten());
                known.insert(id, value);
                open.pop();
            }
            open.extend(missing);
        }
        known.get(&node).copied().flatten()
    }

    /// What the number of a node is made of: its inputs, or the value behind its name.
    fn made_of(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        let n = self.out.graph.node(node);
        let behind = match n.op {
            Op::Symbol { id, .. } => match self.out.symbols.get(id.index()).map(|s| &s.role) {
                Some(Role::Const(value)) => Some(*value),
                _ => None,
            },
            _ => None,
        };
        n.inputs.iter().copied().chain(behind)
    }

    /// The number of one node from those it is made of.
    fn evaluated(
        &self,
        node: NodeId,
        set: &[(String, f64)],
        number: impl Fn(NodeId) -> Option<f64>,
    ) -> Option<f64> {
        let n = self.out.graph.node(node);
        let given = |name: &str| set.iter().rev().find(|(n, _)| n == name).map(|(_, v)| *v);
        match &n.op {
            Op::Number { bits } => Some(f64::from_bits(*bits)),
            Op::Pi => Some(std::f64::consts::PI),
            Op::SizeNumber { size } => {
                let number = |id| {
                    let def = self.out.sizes.get(id);
                    given(&def.name).map_or(def.number, |v| Some(v as u64))
                };
                size.value_at(number).map(|v| v.numerator() as f64 / v.denominator() as f64)
            }
            Op::Symbol { id, .. } => {
                let symbol = self.out.symbols.get(id.index())?;
                match (given(&symbol.name), &symbol.role) {
                    (Some(value), _) => Some(value),
                    (None, Role::Const(value)) => number(*value),
                    _ => None,
                }
            }
            op => {
                let inputs: Option<Vec<f64>> = n.inputs.iter().map(|i| number(*i)).collect();
                applied(op, &inputs?)
            }
        }
    }
}

/// An op applied to numbers: its record's evaluation.
fn applied(op: &Op, inputs: &[f64]) -> Option<f64> {
    match &op.def().eval {
        Eval::Entrywise(f) => Some((f.real)(op, inputs)),
        _ => None,
    }
}
