//! From the leaves up: every node in its short form.

use std::collections::BTreeSet;

use crate::index::NodeId;
use crate::module::{Module, Role};
use crate::op::{Op, Over, Position};
use crate::record::Differential;
use crate::size::{Ratio, Size};
use crate::terms::Terms;
use crate::types::Type;
use chainrule_syntax::ast::{BigOp, NormKind};

use super::term::{Body, Term, build, minus_one, same_type};
use super::{Applied, Simplifier};

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
            if !adds(&node.op) {
                self.inner.retain(|i| !node.inputs.contains(i));
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
    fn arranged(&mut self, m: &mut Module, id: NodeId, written: NodeId) -> Option<NodeId> {
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
            Op::Lift { from, dims, .. } if from.is_empty() && !dims.is_empty() => {
                let term = Term::of(m, id);
                if term.coefficient.is_zero() && self.root == Some(written) {
                    return super::sum::node(m, &[], &node.ty);
                }
                build(m, &term)
            }
            Op::Lift { axes, dims, from } if axes.is_empty() && dims.len() == 2 => {
                self.copies(m, id, from)
            }
            Op::Reduce { op, over: Over::Dims(at) } => self.sum_of_dims(m, *op, at, inputs[0]),
            Op::Scatter { positions, dims, over, pad: false }
                if m.graph.ty(inputs[0]).is_scalar()
                    && inputs.len() == 1
                    && over.is_empty()
                    && Some(written) != self.root =>
            {
                self.placed(m, inputs[0], positions, dims)
            }
            Op::Norm { kind: NormKind::Frobenius | NormKind::Two }
                if m.graph.ty(inputs[0]).dims.len() < 2 =>
            {
                Terms::of(m).op(Op::Norm { kind: NormKind::Plain }, inputs).ok()
            }
            Op::Others { over } => self.others(m, over, inputs[0]),
            Op::Kron if inputs.iter().any(|i| m.graph.ty(*i).is_scalar()) => {
                let at = usize::from(!m.graph.ty(inputs[0]).is_scalar());
                let scaled = Terms::of(m).op(Op::Scale, &[inputs[at], inputs[1 - at]]).ok()?;
                let term = Term::of(m, scaled);
                self.finished(m, term)
            }
            Op::Reduce { op: BigOp::Sum, over: Over::All } => match self.total(m, inputs[0]) {
                Some(total) => Some(total),
                None => self.linear(m, id),
            },
            _ => self.linear(m, id),
        }
    }

    /// `x ones(m)^T` and `ones(n) x^T`: what no batch axis makes silent.
    fn copies(&mut self, m: &mut Module, id: NodeId, from: &[usize]) -> Option<NodeId> {
        let node = m.graph.node(id).clone();
        let [at] = from else { return self.linear(m, id) };
        let dim = &node.ty.dims[1 - at];
        if m.sizes.batch_of(dim).is_some() || m.graph.ty(node.inputs[0]).dims.len() != 1 {
            return self.linear(m, id);
        }
        let ones = Terms::of(m).op(Op::Ones { dims: vec![dim.clone()] }, &[]).ok()?;
        let (a, b) = match at {
            0 => (node.inputs[0], Terms::of(m).op(Op::Transpose, &[ones]).ok()?),
            _ => (ones, self.turned(m, node.inputs[0])?),
        };
        let made = Terms::of(m).op(Op::MatMul, &[a, b]).ok()?;
        self.arranged(m, made, made)
    }

    /// A sum over one of two dims as the author writes it: `sum(A, axis = 1)`.
    fn sum_of_dims(
        &mut self,
        m: &mut Module,
        op: BigOp,
        places: &[usize],
        x: NodeId,
    ) -> Option<NodeId> {
        let dims = m.graph.ty(x).dims.clone();
        let ([at], [_, _]) = (places, dims.as_slice()) else { return None };
        if m.sizes.batch_of(&dims[*at]).is_some() {
            return None;
        }
        let sum = Terms::of(m).op(Op::Reduce { op, over: Over::Axis(*at) }, &[x]).ok()?;
        let sum = self.again(m, sum);
        if *at == 0 { self.turned(m, sum) } else { Some(sum) }
    }

    /// An entry put at its place: a multiple of a unit vector, or of `e_i e_j^T`.
    fn placed(
        &mut self,
        m: &mut Module,
        value: NodeId,
        positions: &[Position],
        dims: &[Size],
    ) -> Option<NodeId> {
        let mut units = Vec::new();
        for (position, n) in positions.iter().zip(dims) {
            let Position::Affine(_) = position else { return None };
            let identity = Terms::of(m).op(Op::Identity { n: n.clone() }, &[]).ok()?;
            let at = vec![Position::All, position.clone()];
            let unit = Op::Access { positions: at, pad: false };
            units.push(Terms::of(m).op(unit, &[identity]).ok()?);
        }
        let mut t = Terms::of(m);
        let array = match units.as_slice() {
            [one] => *one,
            [row, column] => {
                let column = t.op(Op::Transpose, &[*column]).ok()?;
                t.op(Op::MatMul, &[*row, column]).ok()?
            }
            _ => return None,
        };
        let all = t.op(Op::Scale, &[value, array]).ok()?;
        Some(self.again(m, all))
    }

    /// The product of all other entries, for entries that are not 0: `prod(x) ./ x`.
    fn others(&mut self, m: &mut Module, over: &Over, x: NodeId) -> Option<NodeId> {
        if *over != Over::All {
            return None;
        }
        let mut t = Terms::of(m);
        let all = Op::Reduce { op: BigOp::Prod, over: over.clone() };
        let product = t.op(all, &[x]).ok()?;
        let ty = t.ty(x);
        let product = t.lifted(product, &ty).ok()?;
        let quotient = t.op(Op::HadamardQuotient, &[product, x]).ok()?;
        Some(self.again(m, quotient))
    }

    /// The sum of all entries, if every term has columns that add up to 1.
    fn total(&mut self, m: &mut Module, x: NodeId) -> Option<NodeId> {
        let mut list = Vec::new();
        for term in super::sum::terms(m, x) {
            let Body::Chain(factors) = &term.body else { return None };
            let [one] = factors.as_slice() else { return None };
            let columns = super::rules::columns(m, *one)?;
            let count = Terms::of(m).size(&columns).ok()?;
            let mut total = Term::of(m, count);
            total.scale(&Term { body: Body::Number, ..term })?;
            list.push(total);
        }
        let list = self.merged(list)?;
        super::sum::node(m, &list, &Type::scalar())
    }

    /// `x / ||x||`
    fn direction(&mut self, m: &mut Module, x: NodeId) -> Option<NodeId> {
        let matrix = m.graph.ty(x).dims.len() > 1;
        let kind = if matrix { NormKind::Frobenius } else { NormKind::Plain };
        let norm = Terms::of(m).op(Op::Norm { kind }, &[x]).ok()?;
        let norm = self.again(m, norm);
        let mut term = Term::of(m, x);
        super::term::push(&mut term.scalars, norm, minus_one());
        build(m, &term)
    }

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
            let mut numbers = Term { body: Body::Number, ..term.clone() };
            let list = self.chain(m, factors, &mut numbers)?;
            numbers.body = Body::Chain(list);
            term = numbers;
            let Body::Chain(list) = &term.body else { return None };
            if list.is_empty() {
                term.body = Body::Number;
            } else if list.len() > 1 {
                let node = super::term::chain(m, list)?;
                if m.graph.ty(node).is_scalar() {
                    let mut node = self.number_of(m, node);
                    while let Some((rule, next)) = self.rewritten(m, node) {
                        self.note(&rule, node, next);
                        node = next;
                    }
                    term.body = Body::Number;
                    let number = Term::of(m, node);
                    term.append(&number)?;
                    if term.coefficient.is_zero() {
                        return None;
                    }
                }
            } else {
                let inner = Term::of(m, list[0]);
                let numbers = Term { body: Body::Number, ..term.clone() };
                term = inner;
                term.scale(&numbers)?;
            }
        }
        if let Body::Entries(list) = &term.body {
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
        }
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

    /// Numbers come out of what is linear.
    fn linear(&mut self, m: &mut Module, id: NodeId) -> Option<NodeId> {
        let node = m.graph.node(id).clone();
        let count = match &node.op.def().differential {
            Differential::Multilinear { inputs, .. } => *inputs,
            _ if node.op.def().spec.is_some() => 1,
            _ => return Some(id),
        };
        let adds = |op: BigOp| matches!(op, BigOp::Sum | BigOp::Mean);
        if matches!(node.op, Op::Reduce { op, .. } if !adds(op)) {
            return Some(id);
        }
        let mut numbers = Term::number(Ratio::ONE);
        let mut inputs = node.inputs.clone();
        for input in inputs.iter_mut().take(count) {
            if m.graph.ty(*input).is_scalar() {
                continue;
            }
            let mut term = Term::of(m, *input);
            let mut out = Term::number(term.coefficient);
            out.decimal = term.decimal;
            let here =
                |base: NodeId| m.graph.ty(base).axes.iter().all(|a| node.ty.axes.contains(a));
            let open = matches!(node.op, Op::Reduce { over: Over::Named(_), .. });
            let size = |base: NodeId| matches!(m.graph.node(base).op, Op::SizeNumber { .. });
            let out_of = |(base, q): &(NodeId, Ratio)| {
                here(*base) && (!open || !q.is_negative() || size(*base))
            };
            let (outside, inside): (Vec<_>, Vec<_>) =
                term.scalars.iter().copied().partition(out_of);
            out.scalars = outside;
            term.scalars = inside;
            term.coefficient = Ratio::ONE;
            if out == Term::number(Ratio::ONE) {
                continue;
            }
            let rest = build(m, &term)?;
            if !same_type(m.graph.ty(rest), m.graph.ty(*input)) {
                continue;
            }
            *input = rest;
            numbers.scale(&out)?;
        }
        if inputs == node.inputs {
            return Some(id);
        }
        let inner = Terms::of(m).op(node.op.clone(), &inputs).ok()?;
        let inner = self.again(m, inner);
        let mut term = Term::of(m, inner);
        term.scale(&numbers)?;
        self.finished(m, term)
    }

    /// A node made by a rule, short.
    pub(super) fn again(&mut self, m: &mut Module, node: NodeId) -> NodeId {
        if self.left == 0 {
            return node;
        }
        self.left -= 1;
        self.walked(m, node)
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
