//! A term with the rules of its array.

use chainrule_syntax::ast::BigOp;

use crate::index::NodeId;
use crate::module::Module;
use crate::op::{Op, Over};
use crate::size::Ratio;
use crate::terms::Terms;

use super::Simplifier;
use super::term::{Body, Term, build, minus_one};

impl Simplifier {
    /// A term with the rules of its array.
    pub(super) fn finished(&mut self, m: &mut Module, term: Term) -> Option<NodeId> {
        let mut term = term;
        if term.coefficient.is_zero() {
            return None;
        }
        if let Body::Chain(factors) = &term.body
            && (factors.len() > 1 || m.graph.ty(factors[0]).is_scalar())
        {
            let factors = factors.clone();
            term = self.finished_chain(m, &term, factors)?;
        }
        self.common_of_factors(m, &mut term)?;
        self.names.numbers(&mut term);
        self.as_mean(m, &mut term);
        if let Body::Chain(list) = &term.body
            && let Some(shorter) = self.names.run(&list.clone(), &mut term)
        {
            term.body = Body::Chain(shorter);
            return self.finished(m, term);
        }
        let made = build(m, &term)?;
        Some(self.spread(m, &term, made).unwrap_or(made))
    }

    /// `1/N sum[N] x = mean[N] x`
    fn as_mean(&mut self, m: &mut Module, term: &mut Term) -> Option<()> {
        let sum = match (&term.body, term.scalars.as_slice()) {
            (Body::Chain(factors), _) if factors.len() == 1 => factors[0],
            _ => return None,
        };
        let node = m.graph.node(sum).clone();
        let Op::Reduce { op: BigOp::Sum, over } = &node.op else { return None };
        let extent = match over {
            Over::Named(axes) if axes.len() == 1 => m.axes.get(axes[0]).extent.clone()?,
            Over::Batch(at) => m.graph.ty(node.inputs[0]).dims.get(*at)?.clone(),
            _ => return None,
        };
        let count = Terms::of(m).size(&extent).ok()?;
        let at = term.scalars.iter().position(|(b, q)| *b == count && *q == minus_one())?;
        let mean = Op::Reduce { op: BigOp::Mean, over: over.clone() };
        let mean = Terms::of(m).op(mean, &node.inputs).ok()?;
        term.scalars.remove(at);
        term.body = Body::Chain(vec![mean]);
        Some(())
    }

    /// `s (a + b)` as `s a + s b` where that is shorter: numbers that cancel in a term.
    fn spread(&mut self, m: &mut Module, term: &Term, made: NodeId) -> Option<NodeId> {
        let Body::Chain(factors) = &term.body else { return None };
        let [sum] = factors.as_slice() else { return None };
        if term.scalars.is_empty() || !matches!(m.graph.node(*sum).op, Op::Add | Op::Sub) {
            return None;
        }
        let numbers = Term { body: Body::Number, ..term.clone() };
        let mut list = super::sum::terms(m, *sum);
        let meets =
            |t: &Term| t.scalars.iter().any(|(b, _)| term.scalars.iter().any(|s| s.0 == *b));
        if !list.iter().any(meets) {
            return None;
        }
        for term in &mut list {
            term.scale(&numbers)?;
        }
        let ty = m.graph.ty(made).clone();
        let apart = super::sum::node(m, &list, &ty)?;
        (self.length(m, apart) < self.length(m, made)).then_some(apart)
    }

    /// A chain in its shortest form: it may be a number then.
    fn finished_chain(
        &mut self,
        m: &mut Module,
        term: &Term,
        factors: Vec<NodeId>,
    ) -> Option<Term> {
        let mut numbers = Term { body: Body::Number, ..term.clone() };
        let list = self.chain(m, factors, &mut numbers)?;
        if let [one] = list.as_slice() {
            let mut inner = Term::of(m, *one);
            inner.scale(&numbers)?;
            return Some(inner);
        }
        if list.is_empty() {
            return Some(numbers);
        }
        let node = super::term::chain(m, &list)?;
        if !m.graph.ty(node).is_scalar() {
            numbers.body = Body::Chain(list);
            return Some(numbers);
        }
        let mut node = self.number_of(m, node);
        while self.left > 0
            && let Some((rule, next)) = self.rewritten(m, node)
        {
            self.left -= 1;
            self.note(&rule, node, next);
            node = next;
        }
        let number = Term::of(m, node);
        numbers.append(&number)?;
        (!numbers.coefficient.is_zero()).then_some(numbers)
    }

    /// Numbers that all terms of a factor share go in front.
    fn common_of_factors(&mut self, m: &mut Module, term: &mut Term) -> Option<()> {
        if let Body::Chain(factors) = &term.body
            && factors.len() == 1
            && !term.scalars.is_empty()
            && let Some(mut inner) = self.common(m, factors[0])
        {
            inner.scale(&Term { body: Body::Number, ..term.clone() })?;
            *term = inner;
        }
        let Body::Entries(list) = &term.body else { return Some(()) };
        for (at, (base, q)) in list.clone().into_iter().enumerate() {
            let Some(inner) = self.common(m, base).filter(|_| q == Ratio::ONE) else {
                continue;
            };
            let node = build(m, &Term { body: inner.body.clone(), ..Term::number(q) })?;
            term.append(&Term { body: Body::Number, ..inner })?;
            if let Body::Entries(list) = &mut term.body {
                list[at].0 = node;
            }
        }
        Some(())
    }
}
