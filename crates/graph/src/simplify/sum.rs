//! Sums: equal terms are merged, common factors pulled out, terms put in order.

use crate::index::NodeId;
use crate::module::{Module, Role};
use crate::op::Op;
use crate::record::Differential;
use crate::size::Ratio;
use crate::terms::Terms;
use crate::types::Type;

use super::Simplifier;
use super::term::{Body, Term, build, minus_one};

/// The terms of a simplified sum, with signs.
pub(super) fn terms(m: &mut Module, node: NodeId) -> Vec<Term> {
    let mut out = Vec::new();
    let mut open = vec![(node, false)];
    while let Some((id, negative)) = open.pop() {
        let n = m.graph.node(id).clone();
        match n.op {
            Op::Add => open.extend([(n.inputs[1], negative), (n.inputs[0], negative)]),
            Op::Sub => open.extend([(n.inputs[1], !negative), (n.inputs[0], negative)]),
            Op::Neg => open.push((n.inputs[0], !negative)),
            _ => {
                let mut term = Term::of(m, id);
                if negative {
                    term.coefficient = term.coefficient.times(minus_one()).unwrap_or(Ratio::ONE);
                }
                out.push(term);
            }
        }
    }
    out
}

/// The node of a sum of terms, of a type.
pub(super) fn node(m: &mut Module, terms: &[Term], ty: &Type) -> Option<NodeId> {
    let mut total: Option<NodeId> = None;
    for term in terms {
        let negative = term.coefficient.is_negative() && total.is_some();
        let mut term = term.clone();
        if negative {
            term.coefficient = term.coefficient.times(minus_one())?;
        }
        let part = build(m, &term)?;
        total = Some(match total {
            None => part,
            Some(sum) => {
                let op = if negative { Op::Sub } else { Op::Add };
                Terms::of(m).op(op, &[sum, part]).ok()?
            }
        });
    }
    match total {
        Some(total) => Some(total),
        None if ty.axes.is_empty() && !ty.dims.is_empty() => {
            Terms::of(m).op(Op::Zeros { dims: ty.dims.clone() }, &[]).ok()
        }
        None => Terms::of(m).zeros(ty).ok(),
    }
}

impl Simplifier {
    /// `a + b` or `a - b` of simplified nodes.
    pub(super) fn sum(
        &mut self,
        m: &mut Module,
        id: NodeId,
        a: NodeId,
        b: NodeId,
        minus: bool,
    ) -> Option<NodeId> {
        let ty = m.graph.ty(id).clone();
        let mut list = terms(m, a);
        let mut behind = terms(m, b);
        if minus {
            for term in &mut behind {
                term.coefficient = term.coefficient.times(minus_one())?;
            }
        }
        list.extend(behind);
        let list = self.merged(list)?;
        let list = if self.written.contains(&id) { list } else { self.ordered(m, list) };
        self.factored(m, &list, &ty)
    }

    /// Equal terms become one.
    pub(super) fn merged(&mut self, list: Vec<Term>) -> Option<Vec<Term>> {
        let mut out: Vec<Term> = Vec::new();
        let mut places = std::collections::BTreeMap::new();
        for term in list {
            let at = *places.entry(term.key()).or_insert(out.len());
            match out.get_mut(at) {
                Some(known) => {
                    known.coefficient = known.coefficient.plus(term.coefficient)?;
                    known.decimal |= term.decimal;
                }
                None => out.push(term),
            }
        }
        out.retain(|t| !t.coefficient.is_zero());
        Some(out)
    }

    /// Data before penalty, a value before its transpose, a positive term in front.
    pub(super) fn ordered(&mut self, m: &mut Module, list: Vec<Term>) -> Vec<Term> {
        let (mut data, mut penalty): (Vec<Term>, Vec<Term>) =
            list.into_iter().partition(|t| !is_penalty(m, t));
        // In the order in which their weights are declared.
        penalty.sort_by_key(|t| (is_identity(m, t), t.scalars.iter().map(|(b, _)| *b).max()));
        data.extend(penalty);
        for at in 1..data.len() {
            let (Body::Chain(a), Body::Chain(b)) = (&data[at - 1].body, &data[at].body) else {
                continue;
            };
            let (a, b) = (a.clone(), b.clone());
            if transposes(m, &a) > transposes(m, &b) && data[at - 1].scalars == data[at].scalars {
                let reversed: Option<Vec<NodeId>> =
                    b.iter().rev().map(|f| self.turned(m, *f)).collect();
                let same_ends = a.len() == b.len()
                    && a.iter().zip(&b).filter(|(x, y)| x != y).all(|(x, y)| {
                        let x = *x;
                        self.turned(m, *y) == Some(x)
                    });
                if reversed.as_ref() == Some(&a) || same_ends {
                    data.swap(at - 1, at);
                }
            }
        }
        if data.first().is_some_and(|t| t.coefficient.is_negative())
            && let Some(at) = data.iter().position(|t| !t.coefficient.is_negative())
        {
            let first = data.remove(at);
            data.insert(0, first);
        }
        data
    }
}

fn transposes(m: &Module, factors: &[NodeId]) -> usize {
    factors.iter().filter(|f| m.graph.node(**f).op == Op::Transpose).count()
}

/// A multiple of a name, or of a function of one entry by entry: a penalty's gradient.
fn is_penalty(m: &Module, term: &Term) -> bool {
    let Body::Chain(factors) = &term.body else { return false };
    let [one] = factors.as_slice() else { return false };
    let node = m.graph.node(*one);
    if is_identity(m, term) {
        return true;
    }
    let name = |id: NodeId| match m.graph.node(id).op {
        Op::Symbol { id, .. } => {
            !matches!(m.symbol(id).role, Role::Derived | Role::Defined | Role::Local)
        }
        _ => false,
    };
    let entrywise =
        matches!(node.op.def().differential, Differential::Pointwise(_) | Differential::Zero)
            && node.inputs.len() == 1;
    name(*one) || entrywise && name(node.inputs[0])
}

/// A multiple of the identity matrix.
fn is_identity(m: &Module, term: &Term) -> bool {
    let identity = |id: &NodeId| matches!(m.graph.node(*id).op, Op::Identity { .. });
    matches!(&term.body, Body::Chain(factors) if factors.len() == 1 && identity(&factors[0]))
}
