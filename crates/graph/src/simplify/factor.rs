//! What the terms of a sum share is pulled out where the sum gets shorter.

use crate::index::NodeId;
use crate::module::Module;
use crate::op::Op;
use crate::size::Ratio;
use crate::terms::Terms;
use crate::types::Type;

use super::Simplifier;
use super::sum::{node, terms};
use super::term::{Body, Term, build, minus_one, same_type};

/// Longest sums whose common factors are looked for.
const TERMS: usize = 24;

impl Simplifier {
    /// What all terms share is pulled out where the sum gets shorter.
    pub(super) fn factored(&mut self, m: &mut Module, list: &[Term], ty: &Type) -> Option<NodeId> {
        let plain = node(m, list, ty)?;
        if list.len() < 2 || list.len() > TERMS || self.left == 0 {
            return Some(plain);
        }
        self.left -= 1;
        if let Some(shorter) = self.common_matrix(m, list, ty) {
            return Some(shorter);
        }
        let mut best = plain;
        let candidates = [self.common_numbers(m, list, ty), self.as_transposed(m, list, ty)];
        for (at, found) in candidates.into_iter().enumerate() {
            let Some(found) = found else { continue };
            let slack = usize::from(at == 0);
            if self.length(m, found) < self.length(m, best) + slack {
                best = found;
            }
        }
        Some(best)
    }

    /// `s a + s b = s (a + b)`
    fn common_numbers(&mut self, m: &mut Module, list: &[Term], ty: &Type) -> Option<NodeId> {
        let first = list.first()?;
        let mut shared: Vec<(NodeId, Ratio)> = Vec::new();
        for (base, q) in &first.scalars {
            let of = |t: &Term| t.scalars.iter().find(|(b, _)| b == base).map(|(_, q)| *q);
            let all: Option<Vec<Ratio>> = list.iter().map(of).collect();
            let Some(all) = all else { continue };
            if all.iter().any(|e| e.is_negative() != q.is_negative()) {
                continue;
            }
            let least = if q.is_negative() { all.into_iter().max() } else { all.into_iter().min() };
            shared.push((*base, least?));
        }
        let size = |r: Ratio| if r.is_negative() { r.times(minus_one()) } else { Some(r) };
        let coefficient = size(first.coefficient)?;
        let mut same = true;
        for term in list {
            same &= size(term.coefficient)? == coefficient;
        }
        let all_negative = list.iter().all(|t| t.coefficient.is_negative());
        let mut number = match same {
            true => coefficient,
            false => divisor(list).unwrap_or(Ratio::ONE),
        };
        if all_negative {
            number = number.times(minus_one())?;
        }
        if shared.is_empty() && number == Ratio::ONE {
            return None;
        }
        let common = Term {
            decimal: list.iter().any(|t| t.decimal),
            scalars: shared,
            ..Term::number(number)
        };
        let mut rest = Vec::new();
        for term in list {
            let mut term = term.clone();
            term.divide(&common)?;
            rest.push(term);
        }
        let inner_ty = self.type_of_rest(m, &rest, ty)?;
        let before = rest.len();
        let rest = Simplifier::expanded(m, rest)?;
        let inner = if rest.len() == before {
            node(m, &rest, &inner_ty)?
        } else {
            let rest = self.merged(rest)?;
            self.factored(m, &rest, &inner_ty)?
        };
        let mut outer = Term::of(m, inner);
        outer.scale(&common)?;
        let made = build(m, &outer)?;
        same_type(m.graph.ty(made), ty).then_some(made)
    }

    /// The numbers that all terms of a factor share, and what is left: parentheses stand there
    /// already.
    pub(super) fn common(&mut self, m: &mut Module, factor: NodeId) -> Option<Term> {
        let node = m.graph.node(factor).clone();
        if !matches!(node.op, Op::Add | Op::Sub) || self.left == 0 {
            return None;
        }
        self.left -= 1;
        let list = terms(m, factor);
        if list.len() > TERMS {
            return None;
        }
        let made = self.common_numbers(m, &list, &node.ty)?;
        let term = Term::of(m, made);
        matches!(&term.body, Body::Chain(factors) if factors.len() == 1).then_some(term)
    }

    /// Sums among the terms, opened.
    fn expanded(m: &mut Module, list: Vec<Term>) -> Option<Vec<Term>> {
        let mut out = Vec::new();
        for term in list {
            let sum = match &term.body {
                Body::Chain(factors) if factors.len() == 1 && term.scalars.is_empty() => factors[0],
                _ => {
                    out.push(term);
                    continue;
                }
            };
            let one = term.coefficient == Ratio::ONE || term.coefficient == minus_one();
            if !one || !matches!(m.graph.node(sum).op, Op::Add | Op::Sub) {
                out.push(term);
                continue;
            }
            for mut inner in terms(m, sum) {
                inner.coefficient = inner.coefficient.times(term.coefficient)?;
                out.push(inner);
            }
        }
        Some(out)
    }

    fn type_of_rest(&mut self, m: &mut Module, rest: &[Term], ty: &Type) -> Option<Type> {
        let first = build(m, rest.first()?)?;
        let own = m.graph.ty(first).clone();
        Some(Type { axes: own.axes, ..ty.clone() })
    }

    /// `a x + b x = (a + b) x`, and from the left: for the terms where that saves most.
    fn common_matrix(&mut self, m: &mut Module, list: &[Term], ty: &Type) -> Option<NodeId> {
        let plain = node(m, list, ty)?;
        let mut best: Option<(usize, NodeId)> = None;
        for left in [false, true] {
            let mut tried: Vec<NodeId> = Vec::new();
            for term in list {
                let Some(end) = end_of(term, left) else { continue };
                if tried.contains(&end) {
                    continue;
                }
                tried.push(end);
                let members: Vec<usize> =
                    (0..list.len()).filter(|at| end_of(&list[*at], left) == Some(end)).collect();
                if members.len() < 2 {
                    continue;
                }
                let Some(made) = self.grouped(m, list, &members, left, ty) else { continue };
                let length = self.length(m, made);
                if best.is_none_or(|(known, _)| length < known) {
                    best = Some((length, made));
                }
            }
        }
        let (length, made) = best?;
        (length < self.length(m, plain)).then_some(made)
    }

    fn grouped(
        &mut self,
        m: &mut Module,
        list: &[Term],
        members: &[usize],
        left: bool,
        ty: &Type,
    ) -> Option<NodeId> {
        let terms: Vec<&Term> = members.iter().map(|at| &list[*at]).collect();
        let (common, rest) = without_common(&terms, left)?;
        let first = build(m, &rest[0])?;
        let inner_ty = m.graph.ty(first).clone();
        if inner_ty.is_scalar() {
            return None;
        }
        let rest = Simplifier::expanded(m, rest)?;
        let rest = self.merged(rest)?;
        let mut rest = self.ordered(m, rest);
        if rest.is_empty() {
            return None;
        }
        let negative = rest.iter().all(|t| t.coefficient.is_negative());
        if negative {
            for term in &mut rest {
                term.coefficient = term.coefficient.times(minus_one())?;
            }
        }
        let inner = self.factored(m, &rest, &inner_ty)?;
        let mut outer = match self.common(m, inner) {
            Some(term) => term,
            None => Term::of(m, inner),
        };
        if negative {
            outer.coefficient = outer.coefficient.times(minus_one())?;
        }
        let mut factors = outer.as_chain(m)?;
        match left {
            true => drop(factors.splice(0..0, common)),
            false => factors.extend(common.into_iter().rev()),
        }
        outer.body = Body::Chain(factors);
        let mut out: Vec<Term> = Vec::new();
        for (at, term) in list.iter().enumerate() {
            if at == members[0] {
                out.push(outer.clone());
            } else if !members.contains(&at) {
                out.push(term.clone());
            }
        }
        let made = if out.len() == 1 { build(m, &out[0])? } else { self.factored(m, &out, ty)? };
        same_type(m.graph.ty(made), ty).then_some(made)
    }

    /// `B^T X^T + X^T B^T = (X B + B X)^T`
    fn as_transposed(&mut self, m: &mut Module, list: &[Term], ty: &Type) -> Option<NodeId> {
        if ty.dims.len() != 2 {
            return None;
        }
        let mut turned = Vec::new();
        for term in list {
            let made = build(m, term)?;
            let back = self.turned(m, made)?;
            turned.push(Term::of(m, back));
        }
        let inner_ty = ty.with_dims(vec![ty.dims[1].clone(), ty.dims[0].clone()]);
        let inner = node(m, &turned, &inner_ty)?;
        let made = Terms::of(m).op(Op::Transpose, &[inner]).ok()?;
        same_type(m.graph.ty(made), ty).then_some(made)
    }
}

fn chain_of(term: &Term) -> Option<&Vec<NodeId>> {
    match &term.body {
        Body::Chain(factors) => Some(factors),
        _ => None,
    }
}

/// The first or last factor of a chain of at least two.
fn end_of(term: &Term, left: bool) -> Option<NodeId> {
    let factors = chain_of(term)?;
    if factors.len() < 2 {
        return None;
    }
    if left { factors.first() } else { factors.last() }.copied()
}

/// The factors that all chains begin (or end) with, and the terms without them; none loses its last
/// factor.
fn without_common(terms: &[&Term], left: bool) -> Option<(Vec<NodeId>, Vec<Term>)> {
    let chains: Vec<&Vec<NodeId>> = terms.iter().filter_map(|t| chain_of(t)).collect();
    let shared = |at: usize| {
        let entry =
            |c: &&Vec<NodeId>| if left { c.get(at) } else { c.iter().rev().nth(at) }.copied();
        let first = chains.first().and_then(entry)?;
        chains.iter().all(|c| entry(c) == Some(first) && c.len() > at + 1).then_some(first)
    };
    let mut common = Vec::new();
    while let Some(next) = shared(common.len()) {
        common.push(next);
    }
    if common.is_empty() {
        return None;
    }
    let mut rest = Vec::new();
    for term in terms {
        let mut term = (*term).clone();
        let Body::Chain(factors) = &mut term.body else { return None };
        match left {
            true => drop(factors.drain(..common.len())),
            false => factors.truncate(factors.len() - common.len()),
        }
        rest.push(term);
    }
    Some((common, rest))
}

/// The greatest whole number that divides all coefficients.
fn divisor(list: &[Term]) -> Option<Ratio> {
    let mut all: i128 = 0;
    for term in list {
        let (mut a, mut b) = (all, term.coefficient.whole()?.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        all = a;
    }
    (all > 1).then(|| Ratio::whole_number(all))
}
