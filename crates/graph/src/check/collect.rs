//! What there is to check: what a derivation, a claim or a training differentiates, and by what.

use std::collections::BTreeSet;

use crate::differentiate::resolved;
use crate::index::{NodeId, SizeId, SymbolId};
use crate::module::{Module, Role, Statement};
use crate::op::Op;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Kind;

/// A derivative to be checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// What is differentiated, with its derivative operators.
    pub of: NodeId,
    /// By what.
    pub wrt: SymbolId,
    /// Whether the gradient itself is what is differentiated: a Hessian.
    pub second: bool,
}

/// The derivatives that derivations, claims and trainings of a module speak of, in this order: the
/// parameters, then everything else.
pub fn targets(module: &Module) -> Vec<Target> {
    let mut found = asked(module);
    let mut all: Vec<Target> = Vec::new();
    for loss in losses(module, &found) {
        let read = names(module, loss);
        let params = module.params().filter(|(id, _)| read.contains(id));
        all.extend(params.map(|(wrt, _)| Target { of: loss, wrt, second: false }));
    }
    found.retain(|t| !all.contains(t));
    all.extend(found);
    // A name and the formula behind it are one value; so are two that read the same.
    let mut seen = BTreeSet::new();
    all.retain(|t| seen.insert((super::gradient::text(module, t.of), t.wrt, t.second)));
    all
}

/// Every pair that stands in a derivative operator of a derivation or a claim.
fn asked(module: &Module) -> Vec<Target> {
    let mut found = Vec::new();
    for derivation in &module.derivations {
        derivation.targets.iter().for_each(|t| operators(module, *t, &mut found));
    }
    // What the definitions differentiate is named by no derivation.
    for binding in &module.bindings {
        operators(module, binding.value, &mut found);
    }
    for claim in &module.claims {
        if let Some(Statement::Links(first, sides)) = &claim.statement {
            operators(module, *first, &mut found);
            sides.iter().for_each(|(_, side)| operators(module, *side, &mut found));
        }
    }
    found
}

/// The derivative operators in a term.
pub(super) fn operators(module: &Module, root: NodeId, out: &mut Vec<Target>) {
    for id in nodes(module, root) {
        let node = module.graph.node(id);
        let second = matches!(node.op, Op::Hess | Op::Hvp);
        if !second && !matches!(node.op, Op::Grad | Op::Jac { .. }) {
            continue;
        }
        let Op::Symbol { id: wrt, .. } = module.graph.node(node.inputs[1]).op else { continue };
        if module.symbol(wrt).role == Role::Local || reads_local(module, node.inputs[0]) {
            continue;
        }
        out.push(Target { of: node.inputs[0], wrt, second: false });
        if second {
            out.push(Target { of: node.inputs[0], wrt, second: true });
        }
    }
}

/// Names of an optimizer or of a function's derivative have no value here.
fn reads_local(module: &Module, root: NodeId) -> bool {
    names(module, root).iter().any(|s| module.symbol(*s).role == Role::Local)
}

/// The terms below one, itself counted, in order.
pub(super) fn nodes(module: &Module, root: NodeId) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(&module.graph.node(id).inputs);
        }
    }
    seen
}

/// The terms below one and behind its names.
pub(super) fn behind(module: &Module, root: NodeId) -> BTreeSet<NodeId> {
    behind_all(module, vec![root])
}

/// The same of several.
pub(super) fn behind_all(module: &Module, roots: Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut seen = BTreeSet::new();
    let mut open = roots;
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = module.graph.node(id);
        open.extend(&node.inputs);
        if let Op::Symbol { id, .. } = node.op
            && let Some(binding) = module.binding(id)
        {
            open.push(binding.stable);
        }
    }
    seen
}

/// The base sizes that terms and what is behind them speak of.
pub(super) fn sizes(module: &Module, roots: &[NodeId]) -> BTreeSet<SizeId> {
    let mut used = BTreeSet::new();
    for id in roots.iter().flat_map(|root| behind(module, *root)) {
        let node = module.graph.node(id);
        used.extend(node.ty.dims.iter().flat_map(Size::names));
        let extents = node.ty.axes.iter().filter_map(|a| module.axes.get(*a).extent.as_ref());
        used.extend(extents.flat_map(Size::names));
        if let Op::SizeNumber { size } = &node.op {
            used.extend(size.names());
        }
    }
    used
}

/// The names that a term reads, through definitions too.
pub(super) fn names(module: &Module, root: NodeId) -> BTreeSet<SymbolId> {
    let symbol = |id: NodeId| match module.graph.node(id).op {
        Op::Symbol { id, .. } => Some(id),
        _ => None,
    };
    behind(module, root).into_iter().filter_map(symbol).collect()
}

/// The numbers that are trained or derived, and for every other parameter the last one that reads it.
fn losses(module: &Module, asked: &[Target]) -> Vec<NodeId> {
    let is_param = |s: SymbolId| matches!(module.symbol(s).role, Role::Param(_));
    let number = |n: NodeId| {
        let ty = module.graph.ty(n);
        ty.is_scalar() && ty.axes.is_empty() && ty.kind != Kind::Truth
    };
    let leaves = leaves(module);
    let symbol = |s: SymbolId| leaves[s.index()];
    let trained = module.trainings.iter().filter_map(|t| symbol(t.loss));
    let derived = asked.iter().filter(|t| is_param(t.wrt) && number(t.of)).map(|t| t.of);
    let mut found: Vec<NodeId> = Vec::new();
    for node in trained.chain(derived) {
        if !found.contains(&node) {
            found.push(node);
        }
    }
    let mut read: BTreeSet<SymbolId> = BTreeSet::new();
    found.iter().for_each(|loss| read.extend(names(module, *loss)));
    let readers = Readers::of(module);
    // A parameter that none of them reads: the last number that reads it.
    for (param, _) in module.params() {
        if read.contains(&param) {
            continue;
        }
        let depends = readers.of_name(param);
        let last = module.bindings.iter().rev().find(|b| {
            let defined = module.symbol(b.symbol).role == Role::Defined;
            defined && number(b.value) && depends[b.value.index()]
        });
        if let Some(last) = last {
            // Its name, if something reads that.
            let node = symbol(last.symbol).unwrap_or(last.value);
            read.extend(names(module, node));
            found.push(node);
        }
    }
    found
}

/// The node of a name.
pub(super) fn symbol_node(module: &mut Module, symbol: SymbolId) -> Result<NodeId, super::Stop> {
    let ty = module.symbol(symbol).ty.clone();
    Ok(Terms::of(module).op(Op::Symbol { id: symbol, ty }, &[])?)
}

/// A term without derivative operators.
pub(super) fn without_operators(module: &mut Module, node: NodeId) -> Result<NodeId, super::Stop> {
    Ok(resolved(module, node, &mut std::collections::BTreeMap::new())?)
}

/// The node of each name that has one.
fn leaves(module: &Module) -> Vec<Option<NodeId>> {
    let mut leaves = vec![None; module.symbols.len()];
    for node in module.graph.ids() {
        if let Op::Symbol { id, .. } = module.graph.node(node).op {
            leaves[id.index()] = leaves[id.index()].or(Some(node));
        }
    }
    leaves
}

/// Who reads what, through definitions too.
pub(super) struct Readers {
    /// The leaves of each name.
    leaves: Vec<Vec<NodeId>>,
    /// The nodes above each node: a definition's leaves are above its value.
    above: Vec<Vec<NodeId>>,
}

impl Readers {
    pub(super) fn of(module: &Module) -> Readers {
        let mut leaves = vec![Vec::new(); module.symbols.len()];
        let mut above = vec![Vec::new(); module.graph.len()];
        for id in module.graph.ids() {
            let node = module.graph.node(id);
            if let Op::Symbol { id: name, .. } = node.op {
                leaves[name.index()].push(id);
            }
            node.inputs.iter().for_each(|input| above[input.index()].push(id));
        }
        for binding in &module.bindings {
            above[binding.stable.index()].extend(&leaves[binding.symbol.index()]);
        }
        Readers { leaves, above }
    }

    /// Which nodes read a name.
    pub(super) fn of_name(&self, name: SymbolId) -> Vec<bool> {
        let mut depends = vec![false; self.above.len()];
        let mut open = self.leaves[name.index()].clone();
        while let Some(id) = open.pop() {
            if !std::mem::replace(&mut depends[id.index()], true) {
                open.extend(&self.above[id.index()]);
            }
        }
        depends
    }
}
