//! The lines that one line of a derivation stands for.

use std::collections::{BTreeMap, BTreeSet};

use super::flat::{Flat, behind, flat};
use crate::differentiate::{Derivation, Line, Refusal, derivation};
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::terms::Terms;

/// The long way to one line.
pub(super) struct Walk {
    pub(super) flat: Flat,
    /// The lines of the long way, outermost first; the last is that of the variable.
    pub(super) lines: Vec<Line>,
    /// The line that is explained.
    pub(super) line: Line,
    /// From the cotangents of the long way to those of the derivation, as nodes.
    outer: BTreeMap<SymbolId, NodeId>,
    /// The cotangents that are put in, with their formulas.
    inner: BTreeMap<SymbolId, NodeId>,
    /// From a name to the name of its cotangent.
    cotangents: BTreeMap<SymbolId, SymbolId>,
}

/// Derives the equations as they are written, and finds what line `at` stands for.
pub(super) fn walk(
    module: &Module,
    short: &Derivation,
    at: usize,
    split: bool,
) -> Result<Walk, Refusal> {
    let missing = || Refusal("there is no such line".into());
    let line = short.lines.get(at).ok_or_else(missing)?.clone();
    let of = short.of.ok_or_else(missing)?;
    let leaves: BTreeSet<SymbolId> =
        short.lines.iter().map(|l| l.of).filter(|s| module.binding(*s).is_none()).collect();
    let mut moving = leaves.clone();
    moving.insert(line.of);
    let mut flat = flat(module, of, &moving, split)?;
    let mut wrt: Vec<SymbolId> = leaves.into_iter().collect();
    let target = flat.copies.get(&line.of).copied().unwrap_or(line.of);
    if !wrt.contains(&target) {
        wrt.push(target);
    }
    let long = derivation(&mut flat.module, flat.of, &wrt)?;
    let known: BTreeMap<SymbolId, &Line> =
        short.lines.iter().map(|l| (flat.copies.get(&l.of).copied().unwrap_or(l.of), l)).collect();
    let by_symbol: BTreeMap<SymbolId, usize> =
        long.lines.iter().enumerate().map(|(i, l)| (l.symbol, i)).collect();
    let last = long.lines.iter().position(|l| l.of == target).ok_or_else(missing)?;
    let (mut outer, mut inner) = (BTreeMap::new(), BTreeMap::new());
    let mut found = BTreeSet::from([last]);
    let mut open = vec![last];
    while let Some(at) = open.pop() {
        for symbol in read(&flat.module, long.lines[at].value) {
            let Some(&above) = by_symbol.get(&symbol) else { continue };
            match known.get(&long.lines[above].of) {
                Some(line) => {
                    outer.insert(symbol, flat.module.read(line.symbol)?);
                }
                None => {
                    inner.insert(symbol, long.lines[above].value);
                    if found.insert(above) {
                        open.push(above);
                    }
                }
            }
        }
    }
    let lines = found.into_iter().map(|i| long.lines[i].clone()).collect();
    let cotangents = long.lines.iter().map(|l| (l.of, l.symbol)).collect();
    Ok(Walk { flat, lines, line, outer, inner, cotangents })
}

/// The names that a formula reads.
pub(super) fn read(module: &Module, node: NodeId) -> Vec<SymbolId> {
    behind(module, node).into_iter().filter_map(|id| super::symbol_of(module, id)).collect()
}

impl Walk {
    /// The name of the cotangent of a name, if it has one.
    pub(super) fn cotangent(&self, of: SymbolId) -> Option<SymbolId> {
        self.cotangents.get(&of).copied()
    }

    /// A formula with the inner cotangents, and the inner values that have no name in the file, put
    /// in, over the names of the file.
    pub(super) fn put_in(&mut self, node: NodeId) -> Result<NodeId, Refusal> {
        let copies: BTreeSet<SymbolId> = self.flat.copies.values().copied().collect();
        let mut values: Vec<(SymbolId, NodeId)> =
            self.inner.iter().map(|(s, n)| (*s, *n)).collect();
        values.extend(self.flat.equations.iter().filter(|(s, _)| !copies.contains(s)));
        values.extend(self.outer.iter().map(|(s, n)| (*s, *n)));
        for (own, copy) in &self.flat.copies {
            values.push((*copy, self.flat.module.read(*own)?));
        }
        replaced(&mut self.flat.module, node, &values)
    }
}

/// A formula with names replaced, and names in what they are replaced by too.
pub(super) fn replaced(
    module: &mut Module,
    node: NodeId,
    values: &[(SymbolId, NodeId)],
) -> Result<NodeId, Refusal> {
    let values: BTreeMap<SymbolId, NodeId> = values.iter().copied().collect();
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut open = vec![node];
    while let Some(&id) = open.last() {
        if done.contains_key(&id) {
            open.pop();
            continue;
        }
        let inner = super::symbol_of(module, id).and_then(|s| values.get(&s).copied());
        let n = module.graph.node(id).clone();
        let needs: Vec<NodeId> = inner.into_iter().chain(n.inputs.iter().copied()).collect();
        let missing: Vec<NodeId> = needs.into_iter().filter(|n| !done.contains_key(n)).collect();
        if !missing.is_empty() {
            open.extend(missing);
            continue;
        }
        let now = match inner {
            Some(inner) => done[&inner],
            None => {
                let now: Vec<NodeId> = n.inputs.iter().map(|i| done[i]).collect();
                if now == n.inputs { id } else { Terms::of(module).op(n.op, &now)? }
            }
        };
        done.insert(id, now);
    }
    Ok(done[&node])
}
