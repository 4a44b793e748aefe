//! Values that the author named.

use std::collections::BTreeMap;

use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Role};
use crate::op::Op;
use crate::size::Ratio;

use super::Simplifier;
use super::term::{Body, Term};

/// What names stand for, in simplified form.
#[derive(Clone, Default, Debug)]
pub(super) struct Names {
    /// A whole value.
    values: BTreeMap<NodeId, NodeId>,
    /// A power of a number: `s = sqrt(v)`.
    powers: Vec<(NodeId, Ratio, NodeId)>,
    /// A chain with numbers in front: by its first factor.
    chains: BTreeMap<NodeId, Vec<(Term, NodeId)>>,
}

impl Names {
    /// The names of `module` besides some; each is looked for in what is defined after it.
    pub(super) fn of(s: &mut Simplifier, module: &mut Module, except: &[SymbolId]) -> Names {
        let bindings: Vec<(SymbolId, NodeId, NodeId)> =
            module.bindings.iter().map(|b| (b.symbol, b.value, b.stable)).collect();
        for (symbol, value, stable) in bindings {
            if module.symbol(symbol).role != Role::Defined || except.contains(&symbol) {
                continue;
            }
            let Ok(name) = module.read(symbol) else { continue };
            for node in [value, stable] {
                let node = super::written_out(module, node, except).unwrap_or(node);
                let short = s.node(module, node);
                s.names.add(module, short, name);
                s.add_turned(module, short, name);
            }
        }
        // What is defined later has names now that were not known before.
        s.done.clear();
        s.applied.clear();
        std::mem::take(&mut s.names)
    }

    fn add(&mut self, m: &mut Module, value: NodeId, name: NodeId) {
        let node = m.graph.node(value);
        let same = {
            let (a, b) = (m.graph.ty(value), m.graph.ty(name));
            a.dims == b.dims && a.axes == b.axes
        };
        if node.inputs.is_empty() || !same || matches!(node.op, Op::Lift { .. }) {
            return;
        }
        self.values.entry(value).or_insert(name);
        let term = Term::of(m, value);
        match &term.body {
            Body::Number => {
                if let ([(base, q)], Ratio::ONE) = (term.scalars.as_slice(), term.coefficient)
                    && *base != value
                {
                    self.powers.push((*base, *q, name));
                }
            }
            Body::Chain(factors) if factors.as_slice() != [value] => self.add_chain(term, name),
            _ => {}
        }
    }

    fn add_chain(&mut self, term: Term, name: NodeId) {
        if let Body::Chain(factors) = &term.body {
            self.chains.entry(factors[0]).or_default().push((term, name));
        }
    }

    /// The name of a value.
    pub(super) fn value(&self, node: NodeId) -> Option<NodeId> {
        self.values.get(&node).copied()
    }

    /// `v^(k/2)` as `s^k` for `s = sqrt(v)`.
    pub(super) fn numbers(&self, term: &mut Term) {
        for (base, q, name) in &self.powers {
            let Some(at) = term.scalars.iter().position(|(b, _)| b == base) else { continue };
            let Some(k) = term.scalars[at].1.divide(*q).filter(|k| k.whole().is_some()) else {
                continue;
            };
            term.scalars.remove(at);
            super::term::push(&mut term.scalars, *name, k);
        }
    }

    /// A chain with a run of factors that is a name.
    pub(super) fn run(&self, list: &[NodeId], numbers: &mut Term) -> Option<Vec<NodeId>> {
        for (at, factor) in list.iter().enumerate() {
            for (term, name) in self.chains.get(factor).into_iter().flatten() {
                let Body::Chain(factors) = &term.body else { continue };
                if !list[at..].starts_with(factors) || !divides(term, numbers) {
                    continue;
                }
                let mut rest = numbers.clone();
                if rest.divide(term).is_none() {
                    continue;
                }
                *numbers = rest;
                let mut out = list.to_vec();
                out.splice(at..at + factors.len(), [*name]);
                return Some(out);
            }
        }
        None
    }
}

impl Simplifier {
    /// `t^T A^T` is `z^T` for `z = A t`.
    fn add_turned(&mut self, m: &mut Module, value: NodeId, name: NodeId) {
        let term = Term::of(m, value);
        if !matches!(&term.body, Body::Chain(factors) if factors.as_slice() != [value]) {
            return;
        }
        let plain = m.graph.node(value).inputs.is_empty();
        let (Some(value), Some(name)) = (self.turned(m, value), self.turned(m, name)) else {
            return;
        };
        if !plain {
            let term = Term::of(m, value);
            self.names.add_chain(term, name);
        }
    }
}

/// Whether the numbers of a name are all there.
fn divides(name: &Term, numbers: &Term) -> bool {
    let has = |(base, q): &(NodeId, Ratio)| {
        let own = numbers.scalars.iter().find(|(b, _)| b == base).map(|(_, own)| *own);
        own.is_some_and(|own| if q.is_negative() { own <= *q } else { own >= *q })
    };
    name.coefficient == Ratio::ONE && name.scalars.iter().all(has)
}
