//! From the leaves up: every node in its short form.

use std::collections::BTreeSet;

use crate::index::NodeId;
use crate::module::{Module, Role};
use crate::op::Op;
use crate::terms::Terms;

use super::term::{Body, Term, same_type};
use super::{Applied, Simplifier};

/// Rules used inside rules, at most.
const DEPTH: usize = 24;

/// The nodes of the author's equations.
pub(super) fn written(module: &Module) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut open = Vec::new();
    for binding in &module.bindings {
        if module.symbol(binding.symbol).role != Role::Derived {
            open.extend([binding.value, binding.stable]);
        }
    }
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(&module.graph.node(id).inputs);
        }
    }
    seen
}

impl Simplifier {
    /// The short form of a node and of all it reads.
    pub(super) fn walked(&mut self, m: &mut Module, root: NodeId) -> NodeId {
        let mut behind = BTreeSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if !self.done.contains_key(&id) && behind.insert(id) {
                open.extend(&m.graph.node(id).inputs);
            }
        }
        self.mark_inner(m, &behind);
        for id in behind {
            let short = self.rebuilt(m, id);
            self.done.insert(id, short);
            // What is short stays.
            self.done.entry(short).or_insert(short);
        }
        self.done[&root]
    }

    /// Sums that only sums read are parts of one longer sum.
    fn mark_inner(&mut self, m: &Module, behind: &BTreeSet<NodeId>) {
        let adds = |op: &Op| matches!(op, Op::Add | Op::Sub | Op::Neg);
        for id in behind {
            let node = m.graph.node(*id);
            if !adds(&node.op) {
                continue;
            }
            self.inner.extend(node.inputs.iter().filter(|i| adds(&m.graph.node(**i).op)));
        }
        for id in behind {
            let node = m.graph.node(*id);
            for input in node.inputs.iter().filter(|_| !adds(&node.op)) {
                self.inner.remove(input);
            }
        }
    }

    fn rebuilt(&mut self, m: &mut Module, id: NodeId) -> NodeId {
        let node = m.graph.node(id).clone();
        let inputs: Vec<NodeId> = node.inputs.iter().map(|i| self.done[i]).collect();
        if self.left == 0 {
            return id;
        }
        let fits = |m: &Module, made: NodeId| same_type(m.graph.ty(made), &node.ty);
        let plain = if inputs == node.inputs {
            id
        } else {
            let made = Terms::of(m).op(node.op.clone(), &inputs).ok();
            made.filter(|made| fits(m, *made)).unwrap_or(id)
        };
        let made = self.arranged(m, plain, id).filter(|made| fits(m, *made));
        if let Some(made) = made.filter(|made| *made != plain) {
            self.note(arrangement(&node.op), plain, made);
        }
        let mut out = made.unwrap_or(plain);
        while self.left > 0 {
            let Some((rule, next)) = self.rewritten(m, out) else { break };
            if next == out || !fits(m, next) {
                break;
            }
            self.left -= 1;
            self.note(&rule, out, next);
            out = next;
        }
        match self.names.value(out) {
            Some(name) if fits(m, name) => name,
            _ => out,
        }
    }

    pub(super) fn note(&mut self, rule: &str, before: NodeId, after: NodeId) {
        self.applied.push(Applied { rule: rule.into(), before, after });
    }

    /// One node whose inputs are short: `written` is what it was before.
    pub(super) fn arranged(
        &mut self,
        m: &mut Module,
        id: NodeId,
        written: NodeId,
    ) -> Option<NodeId> {
        if self.inner.contains(&written) {
            return Some(id);
        }
        let node = m.graph.node(id).clone();
        let inputs = &node.inputs;
        match &node.op {
            Op::Add => self.sum(m, written, inputs[0], inputs[1], false),
            Op::Sub => self.sum(m, written, inputs[0], inputs[1], true),
            Op::Transpose => self.turned(m, inputs[0]),
            Op::Inverse => {
                let one = self.one_power(m, id)?;
                self.inverse_turned(m, one)
            }
            Op::MatrixPower { .. } => self.one_power(m, id),
            Op::Direction if self.exact => Some(id),
            Op::Direction => self.direction(m, inputs[0]),
            Op::MatMul => {
                let (mut a, b) = (Term::of(m, inputs[0]), Term::of(m, inputs[1]));
                let (mut list, other) = (a.as_chain(m)?, b.as_chain(m)?);
                list.extend(other);
                a.append(&b)?;
                a.body = Body::Chain(list);
                if a.coefficient.is_zero() {
                    return super::sum::node(m, &[], &node.ty);
                }
                self.finished(m, a)
            }
            Op::Neg
            | Op::Scale
            | Op::Quotient
            | Op::Power
            | Op::Hadamard
            | Op::HadamardQuotient
            | Op::DotPower => {
                let term = Term::of(m, id);
                if term.coefficient.is_zero() {
                    return super::sum::node(m, &[], &node.ty);
                }
                self.finished(m, term)
            }
            _ => self.special(m, id, written),
        }
    }

    /// A node made by a rule, short.
    pub(super) fn again(&mut self, m: &mut Module, node: NodeId) -> NodeId {
        if self.left == 0 || self.depth == DEPTH {
            return node;
        }
        self.left -= 1;
        self.depth += 1;
        let short = self.walked(m, node);
        self.depth -= 1;
        short
    }
}

/// The name of what happens at an op that no identity says.
fn arrangement(op: &Op) -> &'static str {
    match op {
        Op::Add | Op::Sub => "terms of a sum",
        Op::Transpose => "transposes at the factors",
        Op::Inverse | Op::MatrixPower { .. } => "powers of one matrix",
        Op::Direction => "unit vector",
        Op::MatMul => "factors of a product",
        _ => "numbers to the left",
    }
}
