//! Which names a function reads, and which of its terms get variables.

use std::collections::{BTreeMap, BTreeSet};

use chainrule_graph::module::Role;
use chainrule_graph::op::{Cost, Op, Over};
use chainrule_graph::{NodeId, SymbolId};
use chainrule_syntax::ast::BigOp;

use super::program::Program;

/// Formulas of more nested operations are written in parts.
const TALLEST: u32 = 24;
/// Shared terms of fewer operations are written out each time.
const SMALLEST: u32 = 3;

/// Which names a function reads, and which terms it reads more than once.
pub(super) struct Needed<'p> {
    program: &'p Program,
    known: &'p BTreeMap<NodeId, SymbolId>,
    /// Definitions.
    pub symbols: BTreeSet<SymbolId>,
    /// Names without a formula.
    pub inputs: BTreeSet<SymbolId>,
    open: Vec<SymbolId>,
    uses: BTreeMap<NodeId, u32>,
    seen: BTreeSet<NodeId>,
}

impl<'p> Needed<'p> {
    /// Nothing is read yet.
    pub(super) fn new(program: &'p Program, known: &'p BTreeMap<NodeId, SymbolId>) -> Needed<'p> {
        Needed {
            program,
            known,
            symbols: BTreeSet::new(),
            inputs: BTreeSet::new(),
            open: Vec::new(),
            uses: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// A name is read.
    pub(super) fn name(&mut self, symbol: SymbolId) {
        let module = &self.program.module;
        match (module.binding(symbol), &module.symbol(symbol).role) {
            (_, Role::Derived) => {}
            (Some(_), _) => {
                if self.symbols.insert(symbol) {
                    self.open.push(symbol);
                }
            }
            (None, Role::Const(node)) if self.program.constant(*node).is_none() => {
                if self.symbols.insert(symbol) {
                    self.open.push(symbol);
                }
            }
            _ => {
                self.inputs.insert(symbol);
            }
        }
    }

    /// What the names that are read read themselves.
    pub(super) fn close(&mut self) {
        while let Some(symbol) = self.open.pop() {
            let module = &self.program.module;
            let node = match (module.binding(symbol), &module.symbol(symbol).role) {
                (Some(binding), _) => binding.stable,
                (None, Role::Const(node)) => *node,
                _ => continue,
            };
            self.root(node, Some(symbol));
        }
    }

    /// The terms of an equation; `own` is the name it defines: later names do not count for it.
    pub(super) fn root(&mut self, root: NodeId, own: Option<SymbolId>) {
        let graph = &self.program.module.graph;
        let mut open = vec![(root, true)];
        while let Some((id, first)) = open.pop() {
            let named = self.known.get(&id).filter(|s| !first && own.is_none_or(|o| **s < o));
            if let Some(symbol) = named {
                self.name(*symbol);
                continue;
            }
            if !first {
                *self.uses.entry(id).or_default() += 1;
            }
            let node = graph.node(id);
            if let Op::Symbol { id, .. } = node.op {
                self.name(id);
                continue;
            }
            if self.seen.insert(id) || first {
                open.extend(node.inputs.iter().map(|i| (*i, false)));
            }
        }
    }

    /// Terms that get a variable: read twice and worth it, or on top of too much.
    pub(super) fn shared(&self) -> BTreeSet<NodeId> {
        let graph = &self.program.module.graph;
        let mut weight: BTreeMap<NodeId, (u32, u32, bool)> = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for id in &self.seen {
            let node = graph.node(*id);
            let (mut ops, mut height, mut heavy) = (0_u32, 0, false);
            for input in &node.inputs {
                let (o, h, y) = weight.get(input).copied().unwrap_or_default();
                ops = ops.saturating_add(o);
                height = height.max(h);
                heavy |= y;
            }
            let view = matches!(
                node.op,
                Op::Transpose | Op::Lift { .. } | Op::Collect { .. } | Op::Access { .. } | Op::Neg
            );
            let entries = matches!(node.op, Op::Scale | Op::Hadamard);
            heavy |= is_heavy(&node.op);
            ops = ops.saturating_add(u32::from(!view && !node.inputs.is_empty()));
            height += 1;
            let indices = node.ty.axes.iter().any(|a| !self.program.module.axes.is_batch(*a));
            let twice = self.uses.get(id).is_some_and(|u| *u > 1);
            let leaf = node.inputs.is_empty();
            let worth = (ops >= SMALLEST || heavy) && !view && !(entries && indices);
            if !leaf && ((twice && worth) || (height >= TALLEST && !view)) {
                shared.insert(*id);
                (ops, height, heavy) = (0, 0, false);
            }
            weight.insert(*id, (ops, height, heavy));
        }
        shared
    }
}

/// Whether an op does more than one step an entry.
fn is_heavy(op: &Op) -> bool {
    !matches!(
        op,
        Op::Symbol { .. }
            | Op::Number { .. }
            | Op::SizeNumber { .. }
            | Op::Reshape { .. }
            | Op::Reduce { op: BigOp::Sum, over: Over::Named(_) }
    ) && !matches!(op.def().cost, Cost::Free | Cost::Output(_))
}
