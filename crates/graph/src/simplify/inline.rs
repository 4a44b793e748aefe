//! Cotangents that are used once and short need no line of their own.

use std::collections::BTreeMap;

use crate::differentiate::Derivation;
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::terms::Terms;

use super::Simplifier;

/// Longest formula put in the place of its name, in operators.
const OPERATORS: usize = 3;

/// The derivation without the lines that are used once and short: their formulas stand where their
/// names were. The lines of `keep` stay.
///
/// # Errors
///
/// The graph is full.
pub fn inlined(
    module: &mut Module,
    derivation: &Derivation,
    keep: &[SymbolId],
) -> Result<Derivation, crate::Misfit> {
    let mut uses: BTreeMap<SymbolId, usize> = BTreeMap::new();
    for line in &derivation.lines {
        for (symbol, weight) in symbols(module, line.value) {
            *uses.entry(symbol).or_default() += weight;
        }
    }
    let mut out = Derivation { lines: Vec::new(), ..derivation.clone() };
    let mut formulas: BTreeMap<SymbolId, NodeId> = BTreeMap::new();
    for line in &derivation.lines {
        let value = replaced(module, line.value, &formulas)?;
        let once = uses.get(&line.symbol) == Some(&1);
        // An equation for each entry has no place in a formula.
        let entries = matches!(module.graph.node(value).op, Op::Scatter { .. });
        if once && !entries && !keep.contains(&line.of) && operators(module, value) <= OPERATORS {
            formulas.insert(line.symbol, value);
        } else {
            let mut line = line.clone();
            line.value = value;
            out.lines.push(line);
        }
    }
    for gradient in &mut out.gradients {
        *gradient = replaced(module, *gradient, &formulas)?;
    }
    Ok(out)
}

/// `node` with these names replaced by their formulas, and the names in those too.
///
/// # Errors
///
/// The graph is full.
pub fn written_out(
    module: &mut Module,
    node: NodeId,
    names: &[SymbolId],
) -> Result<NodeId, crate::Misfit> {
    let mut formulas: BTreeMap<SymbolId, NodeId> = BTreeMap::new();
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    for symbol in sorted {
        let Some(value) = module.binding(symbol).map(|b| b.value) else { continue };
        let value = replaced(module, value, &formulas)?;
        formulas.insert(symbol, value);
    }
    replaced(module, node, &formulas)
}

/// The derivation with every formula simplified.
pub fn simplified_lines(
    simplifier: &mut Simplifier,
    module: &mut Module,
    derivation: &Derivation,
) -> Derivation {
    let mut out = derivation.clone();
    for line in &mut out.lines {
        line.value = simplifier.node(module, line.value);
    }
    for gradient in &mut out.gradients {
        *gradient = simplifier.node(module, *gradient);
    }
    out
}

/// The names that a term reads, each place once; where entries of a name are read counts twice.
fn symbols(module: &Module, root: NodeId) -> Vec<(SymbolId, usize)> {
    let mut seen = std::collections::BTreeSet::new();
    let (mut open, mut out) = (vec![(root, 1)], Vec::new());
    while let Some((id, weight)) = open.pop() {
        let node = module.graph.node(id);
        if let Op::Symbol { id, .. } = node.op {
            out.push((id, weight));
        } else if seen.insert(id) {
            let weight = if matches!(node.op, Op::Access { .. }) { 2 } else { 1 };
            open.extend(node.inputs.iter().map(|i| (*i, weight)));
        }
    }
    out
}

/// How many operators between arrays a term is written with, as far as it matters.
fn operators(module: &Module, root: NodeId) -> usize {
    let (mut open, mut count) = (vec![root], 0);
    while let Some(id) = open.pop() {
        let node = module.graph.node(id);
        if node.inputs.len() > 1 && !node.ty.is_scalar() {
            count += 1;
        }
        if count > OPERATORS {
            break;
        }
        open.extend(&node.inputs);
    }
    count
}

/// `root` with names replaced by formulas.
///
/// # Errors
///
/// The graph is full.
pub fn replaced(
    module: &mut Module,
    root: NodeId,
    formulas: &BTreeMap<SymbolId, NodeId>,
) -> Result<NodeId, crate::Misfit> {
    if formulas.is_empty() {
        return Ok(root);
    }
    let mut behind = std::collections::BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if behind.insert(id) {
            open.extend(&module.graph.node(id).inputs);
        }
    }
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in behind {
        let node = module.graph.node(id).clone();
        if let Op::Symbol { id: symbol, .. } = node.op {
            done.insert(id, formulas.get(&symbol).copied().unwrap_or(id));
            continue;
        }
        let inputs: Vec<NodeId> = node.inputs.iter().map(|i| done[i]).collect();
        let made =
            if inputs == node.inputs { id } else { Terms::of(module).op(node.op, &inputs)? };
        done.insert(id, made);
    }
    Ok(done[&root])
}
