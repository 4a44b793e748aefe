//! The equations as they are written, with a name for every inner value that a rule passes.

use std::collections::{BTreeMap, BTreeSet};

use super::is_taken;
use crate::differentiate::{Refusal, name};
use crate::index::{NodeId, SymbolId};
use crate::module::{Module, NoteKind, Role};
use crate::op::Op;
use crate::record::Differential;
use crate::terms::Terms;

/// A copy of the equations behind a value. Copies have the names of what they are copies of.
pub(super) struct Flat {
    pub(super) module: Module,
    /// The value, over the copies.
    pub(super) of: NodeId,
    /// From a name to its copy.
    pub(super) copies: BTreeMap<SymbolId, SymbolId>,
    /// The equations, in order: copies and inner values.
    pub(super) equations: Vec<(SymbolId, NodeId)>,
}

/// The equations behind `of`; with `split` each inner value on a way from one of `moving` gets a name.
pub(super) fn flat(
    module: &Module,
    of: NodeId,
    moving: &BTreeSet<SymbolId>,
    split: bool,
) -> Result<Flat, Refusal> {
    let mut module = module.clone();
    let unfused: BTreeSet<_> = module
        .notes
        .iter()
        .filter(|n| n.kind == NoteKind::Stable)
        .map(|n| (n.span.start, n.span.end))
        .collect();
    let chosen = |module: &Module, at: usize| {
        let b = &module.bindings[at];
        let span = (b.value_span.start, b.value_span.end);
        if unfused.contains(&span) || !b.through.is_empty() { b.value } else { b.stable }
    };
    let needed = needed(&module, of, &chosen);
    let mut flat =
        Flat { of, copies: BTreeMap::new(), equations: Vec::new(), module: Module::default() };
    let mut active = moving.clone();
    let mut split_at = Split { done: BTreeMap::new(), active: BTreeSet::new(), split };
    for at in needed {
        let symbol = module.bindings[at].symbol;
        let value = chosen(&module, at);
        let moves = split_at.reads(&module, value, &active);
        let value = split_at.rebuilt(&mut module, value, &mut flat)?;
        if moves {
            active.insert(symbol);
        }
        let text = module.symbol(symbol).name.clone();
        let copy = name(&mut module, text, value)?;
        if let Op::Symbol { id, .. } = module.graph.node(copy).op {
            module.symbols[id.index()].role = Role::Defined;
            flat.copies.insert(symbol, id);
            flat.equations.push((id, value));
        }
        let own = module.read(symbol)?;
        split_at.done.insert(own, copy);
    }
    split_at.split = false;
    flat.of = split_at.rebuilt(&mut module, of, &mut flat)?;
    flat.module = module;
    Ok(flat)
}

/// The equations behind a value, in order.
fn needed(
    module: &Module,
    of: NodeId,
    chosen: &impl Fn(&Module, usize) -> NodeId,
) -> BTreeSet<usize> {
    let (mut found, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![of]);
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = module.graph.node(id);
        open.extend(&node.inputs);
        if let Op::Symbol { id, .. } = node.op
            && let Ok(at) = module.bindings.binary_search_by_key(&id, |b| b.symbol)
            && found.insert(at)
        {
            open.push(chosen(module, at));
        }
    }
    found
}

struct Split {
    done: BTreeMap<NodeId, NodeId>,
    /// Nodes that read what moves.
    active: BTreeSet<NodeId>,
    split: bool,
}

impl Split {
    /// Notes which nodes of a formula read what moves.
    fn reads(&mut self, module: &Module, root: NodeId, moving: &BTreeSet<SymbolId>) -> bool {
        let nodes = behind(module, root);
        for id in nodes {
            let node = module.graph.node(id);
            let own = matches!(node.op, Op::Symbol { id, .. } if moving.contains(&id));
            if own || node.inputs.iter().any(|i| self.active.contains(i)) {
                self.active.insert(id);
            }
        }
        self.active.contains(&root)
    }

    /// A formula over the copies; inner values get names.
    fn rebuilt(
        &mut self,
        module: &mut Module,
        root: NodeId,
        flat: &mut Flat,
    ) -> Result<NodeId, Refusal> {
        let nodes = behind(module, root);
        let named = self.to_name(module, root, &nodes);
        for id in nodes {
            if self.done.contains_key(&id) {
                continue;
            }
            let node = module.graph.node(id).clone();
            let inputs: Vec<NodeId> =
                node.inputs.iter().map(|i| self.done.get(i).copied().unwrap_or(*i)).collect();
            let mut now =
                if inputs == node.inputs { id } else { Terms::of(module).op(node.op, &inputs)? };
            if named.contains(&id) {
                let numbers = (1..).map(|n| format!("u{n}"));
                let text = numbers.into_iter().find(|t| !is_taken(module, t)).unwrap_or_default();
                let value = now;
                now = name(module, text, value)?;
                if let Op::Symbol { id, .. } = module.graph.node(now).op {
                    flat.equations.push((id, value));
                }
            }
            self.done.insert(id, now);
        }
        Ok(self.done.get(&root).copied().unwrap_or(root))
    }

    /// The inner values that get a name: what a rule takes as a whole.
    fn to_name(&self, module: &Module, root: NodeId, nodes: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
        let mut named = BTreeSet::new();
        if !self.split {
            return named;
        }
        for id in nodes {
            let node = module.graph.node(*id);
            if is_plain(module, *id) {
                continue;
            }
            for input in &node.inputs {
                let inner = module.graph.node(*input);
                let index = inner.ty.axes.iter().any(|a| !module.axes.is_batch(*a));
                let leaf = inner.inputs.is_empty();
                let turned = matches!(inner.op, Op::Transpose)
                    && module.graph.node(inner.inputs[0]).inputs.is_empty();
                let sum = matches!(inner.op, Op::Add | Op::Sub);
                let whole = sum || !is_plain(module, *input);
                if !leaf
                    && !turned
                    && !index
                    && whole
                    && self.active.contains(input)
                    && *input != root
                {
                    named.insert(*input);
                }
            }
        }
        named
    }
}

/// Sums, signs, copies and constant factors: a rule passes them without a word.
pub(super) fn is_plain(module: &Module, id: NodeId) -> bool {
    let node = module.graph.node(id);
    let constant = |id: NodeId| {
        behind(module, id)
            .into_iter()
            .all(|n| !matches!(module.graph.node(n).op, Op::Symbol { .. }))
    };
    match node.op {
        Op::Lift { .. } | Op::Collect { .. } | Op::Reshape { .. } => true,
        Op::Scale => constant(node.inputs[0]),
        Op::Quotient => constant(node.inputs[1]),
        _ => matches!(node.op.def().differential, Differential::Additive(_)),
    }
}

/// The nodes of one formula, in id order.
pub(super) fn behind(module: &Module, root: NodeId) -> BTreeSet<NodeId> {
    let (mut nodes, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(id) = open.pop() {
        if nodes.insert(id) {
            open.extend(&module.graph.node(id).inputs);
        }
    }
    nodes
}
