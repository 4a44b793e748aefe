//! Ops with forms of their own: copies, sums along an axis, entries put at their places.

use chainrule_syntax::ast::{BigOp, NormKind};

use crate::index::NodeId;
use crate::module::Module;
use crate::op::{Op, Over, Position};
use crate::record::Differential;
use crate::size::{Ratio, Size};
use crate::terms::Terms;
use crate::types::Type;

use super::Simplifier;
use super::term::{Body, Term, build, minus_one, same_type};

impl Simplifier {
    /// Ops with forms of their own.
    pub(super) fn special(
        &mut self,
        m: &mut Module,
        id: NodeId,
        written: NodeId,
    ) -> Option<NodeId> {
        let node = m.graph.node(id).clone();
        let inputs = &node.inputs;
        match &node.op {
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

    /// The product of all other entries, for entries that are not 0: `prod(x) ./ x`. For reading,
    /// that may be any entries but those that are 0 by their making.
    fn others(&mut self, m: &mut Module, over: &Over, x: NodeId) -> Option<NodeId> {
        let positive = super::rules::is_positive(m, x, 8);
        if *over != Over::All || !positive && (self.exact || has_zeros(m, x)) {
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
    pub(super) fn direction(&mut self, m: &mut Module, x: NodeId) -> Option<NodeId> {
        let matrix = m.graph.ty(x).dims.len() > 1;
        let kind = if matrix { NormKind::Frobenius } else { NormKind::Plain };
        let norm = Terms::of(m).op(Op::Norm { kind }, &[x]).ok()?;
        let norm = self.again(m, norm);
        let mut term = Term::of(m, x);
        super::term::push(&mut term.scalars, norm, minus_one());
        build(m, &term)
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
}

/// Whether entries are 0 by what they are made of: places that nothing is put at, one-hot vectors,
/// diagonal matrices, masks.
fn has_zeros(m: &Module, x: NodeId) -> bool {
    let (mut seen, mut open) = (std::collections::BTreeSet::new(), vec![x]);
    while let Some(id) = open.pop() {
        let node = m.graph.node(id);
        let zeros = match &node.op {
            Op::Scatter { .. } | Op::OneHot | Op::Diag | Op::Identity { .. } | Op::Zeros { .. } => {
                true
            }
            Op::Relu | Op::Indicator | Op::Compare { .. } | Op::Access { pad: true, .. } => true,
            _ => node.ty.kind == crate::types::Kind::Mask,
        };
        if zeros {
            return true;
        }
        if seen.insert(id) {
            open.extend(&node.inputs);
            if let Op::Symbol { id, .. } = node.op {
                open.extend(m.binding(id).map(|b| b.value));
            }
        }
    }
    false
}
