//! How long a formula is in print: about as many tokens.

use crate::index::NodeId;
use crate::module::Module;
use crate::op::{Notation, Op, Over};

use super::Simplifier;

/// How strongly what is printed holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Sum,
    Product,
    Value,
}

fn rank(m: &Module, node: NodeId) -> Rank {
    let n = m.graph.node(node);
    match &n.op {
        Op::Add | Op::Sub | Op::Neg => Rank::Sum,
        Op::Scale | Op::Quotient | Op::MatMul | Op::Hadamard | Op::HadamardQuotient => {
            Rank::Product
        }
        Op::Lift { .. } | Op::Direction => Rank::Product,
        Op::Number { bits } if f64::from_bits(*bits) < 0.0 => Rank::Sum,
        _ => Rank::Value,
    }
}

impl Simplifier {
    /// The length of a node in print.
    pub(super) fn length(&mut self, m: &Module, root: NodeId) -> usize {
        let mut open = vec![root];
        while let Some(&id) = open.last() {
            if self.lengths.contains_key(&id) {
                open.pop();
                continue;
            }
            let inputs = m.graph.node(id).inputs.iter();
            let missing: Vec<NodeId> =
                inputs.filter(|i| !self.lengths.contains_key(i)).copied().collect();
            if missing.is_empty() {
                let length = self.own_length(m, id);
                self.lengths.insert(id, length);
                open.pop();
            } else {
                open.extend(missing);
            }
        }
        self.lengths[&root]
    }

    fn at_least(&self, m: &Module, node: NodeId, least: Rank) -> usize {
        self.lengths[&node] + if rank(m, node) < least { 2 } else { 0 }
    }

    fn own_length(&self, m: &Module, id: NodeId) -> usize {
        let n = m.graph.node(id);
        let part = |at: usize, least: Rank| self.at_least(m, n.inputs[at], least);
        let entries = |at: usize| matches!(m.graph.node(n.inputs[at]).op, Op::Hadamard);
        let all = || n.inputs.iter().map(|i| self.lengths[i]).fold(0, usize::saturating_add);
        let length = match &n.op {
            Op::Symbol { .. } | Op::SizeNumber { .. } | Op::Pi | Op::IndexNumber { .. } => 1,
            Op::Number { bits } => 1 + usize::from(f64::from_bits(*bits) < 0.0),
            Op::Identity { .. } => 4,
            Op::Ones { dims } | Op::Zeros { dims } => 2 + 2 * dims.len(),
            Op::Neg => 1 + part(0, Rank::Product),
            Op::Add => part(0, Rank::Sum) + 1 + part(1, Rank::Product),
            Op::Sub => part(0, Rank::Sum) + 1 + part(1, Rank::Product),
            Op::Scale => part(0, Rank::Product) + part(1, Rank::Product),
            Op::MatMul => {
                let extra = 2 * (usize::from(entries(0)) + usize::from(entries(1)));
                part(0, Rank::Product) + part(1, Rank::Product) + extra
            }
            Op::Quotient => part(0, Rank::Product) + 1 + part(1, Rank::Value),
            Op::Hadamard | Op::HadamardQuotient => {
                let chain =
                    |at: usize| 2 * usize::from(m.graph.node(n.inputs[at]).op == Op::MatMul);
                part(0, Rank::Product) + 1 + part(1, Rank::Product) + chain(0) + chain(1)
            }
            Op::Transpose if m.graph.node(n.inputs[0]).op == Op::Inverse => {
                self.lengths[&n.inputs[0]]
            }
            Op::Transpose => {
                let powered = matches!(m.graph.node(n.inputs[0]).op, Op::MatrixPower { .. });
                part(0, Rank::Value) + 2 + 2 * usize::from(powered)
            }
            Op::Inverse => part(0, Rank::Value) + 3,
            Op::MatrixPower { .. } => part(0, Rank::Value) + 2,
            Op::Power | Op::DotPower => part(0, Rank::Value) + 1 + part(1, Rank::Value),
            Op::Norm { .. } => part(0, Rank::Sum) + 2,
            Op::Direction => 2 * part(0, Rank::Sum) + 3,
            Op::Indicator => all() + 3,
            Op::Compare { .. } | Op::And | Op::Or => all() + 1,
            Op::Lift { from, dims, .. } if from.is_empty() && !dims.is_empty() => {
                part(0, Rank::Product) + 1
            }
            Op::Lift { .. } => all(),
            Op::Reduce { over: Over::Named(_) | Over::Batch(_), .. } => all() + 4,
            _ if n.op.def().notation == Notation::Silent => all(),
            _ => all() + 2 + n.inputs.len(),
        };
        length.min(1 << 40)
    }
}
