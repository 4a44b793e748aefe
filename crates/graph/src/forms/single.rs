//! What each kind of op is for one sample.

use chainrule_syntax::ast::BigOp;

use super::is_ones;
use super::sample::{Sample, plain};
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId};
use crate::op::{Misfit, Op, Over, Position};
use crate::record::Eval;
use crate::size::Size;
use crate::types::Type;

/// What a rule makes; nothing where samples are mixed.
pub(super) type Found = Result<Option<NodeId>, Refusal>;

impl Sample<'_> {
    /// The term of one sample.
    pub(super) fn rule(&mut self, id: NodeId, op: &Op, inputs: &[NodeId]) -> Found {
        match op {
            Op::Ones { .. } => self.filled(id, 1.0).map(Some),
            Op::Zeros { .. } => self.filled(id, 0.0).map(Some),
            Op::Lift { axes, dims, from } => self.lift(inputs[0], axes, dims, from).map(Some),
            Op::MatMul => self.product(inputs[0], inputs[1]),
            Op::Reduce { op, over } => self.reduced(*op, over, inputs[0]),
            Op::Norm { kind } => self.norm(*kind, inputs[0]),
            Op::Inner => self.inner(inputs),
            Op::Power => self.power(id, inputs),
            Op::Softmax { .. } | Op::LogSoftmax { .. } | Op::LogSumExp { .. } => {
                self.soft(op, inputs[0])
            }
            Op::Transpose | Op::OneHot | Op::ArgMax | Op::CrossEntropy | Op::Prime { .. } => {
                self.apply(op, inputs)
            }
            Op::Grad | Op::Hvp => self.apply(op, inputs),
            Op::Reshape { dims } => self.reshaped(dims, inputs[0]),
            Op::Access { positions, pad } => self.access(positions, *pad, inputs),
            Op::Collect { axes, .. } => self.collect(axes, inputs[0]),
            Op::Scale => {
                let (s, a) = (self.now(inputs[0])?, self.now(inputs[1])?);
                Ok(Some(self.scaled(s, a)?))
            }
            Op::Quotient => {
                let (a, s) = (self.now(inputs[0])?, self.now(inputs[1])?);
                Ok(Some(self.terms().quotient(a, s)?))
            }
            _ if matches!(op.def().eval, Eval::Entrywise(_)) => self.entrywise(op, inputs),
            // Nothing runs over the samples here: they ride along.
            _ if inputs.iter().all(|i| self.place(*i).is_none()) && self.place(id).is_none() => {
                self.apply(op, inputs)
            }
            _ => Ok(None),
        }
    }

    fn apply(&mut self, op: &Op, inputs: &[NodeId]) -> Found {
        let now: Result<Vec<NodeId>, Refusal> = inputs.iter().map(|i| self.now(*i)).collect();
        Ok(Some(self.terms().op(op.clone(), &now?)?))
    }

    /// One number everywhere.
    fn filled(&mut self, id: NodeId, value: f64) -> Result<NodeId, Refusal> {
        let own = self.module.graph.ty(id).clone();
        let dims = self.element(&own.dims);
        let axes = vec![self.axis];
        let mut t = self.terms();
        let number = t.number(value)?;
        Ok(t.lifted(number, &Type { axes, ..Type::array(dims) })?)
    }

    /// Functions go entry by entry; products and quotients of numbers are those of numbers.
    fn entrywise(&mut self, op: &Op, inputs: &[NodeId]) -> Found {
        let now: Result<Vec<NodeId>, Refusal> = inputs.iter().map(|i| self.now(*i)).collect();
        let now = now?;
        let mut t = self.terms();
        let number = now.iter().all(|i| t.graph.ty(*i).is_scalar());
        Ok(Some(match op {
            Op::Hadamard if number => t.op(Op::Scale, &now)?,
            Op::HadamardQuotient if number => t.op(Op::Quotient, &now)?,
            Op::DotPower if number => t.op(Op::Power, &now)?,
            Op::Hadamard => t.hadamard(now[0], now[1])?,
            op => t.op(op.clone(), &now)?,
        }))
    }

    /// `1/N sum[N] l` is the mean.
    pub(super) fn scaled(&mut self, s: NodeId, a: NodeId) -> Result<NodeId, Misfit> {
        let (axis, length) = (self.axis, self.length.clone());
        let mut t = self.terms();
        let (factor, value) = (t.graph.node(s).clone(), t.graph.node(a).clone());
        let total = Op::Reduce { op: BigOp::Sum, over: Over::Named(vec![axis]) };
        let share = factor.op == Op::Quotient
            && t.graph.node(factor.inputs[1]).op == Op::SizeNumber { size: length };
        if share && value.op == total {
            let mean = Op::Reduce { op: BigOp::Mean, over: Over::Named(vec![axis]) };
            let mean = t.op(mean, &value.inputs)?;
            return t.scale(factor.inputs[0], mean);
        }
        let signs = [(factor.op == Op::Neg).then(|| (factor.inputs[0], a))];
        let signs = signs.into_iter().chain([(value.op == Op::Neg).then(|| (s, value.inputs[0]))]);
        if let Some((s, a)) = signs.flatten().next() {
            let inner = self.scaled(s, a)?;
            return self.terms().neg(inner);
        }
        t.scale(s, a)
    }

    fn lift(
        &mut self,
        x: NodeId,
        axes: &[AxisId],
        dims: &[Size],
        from: &[usize],
    ) -> Result<NodeId, Refusal> {
        let mut axes = self.renamed(axes);
        let place = dims.iter().position(|d| *d == self.length);
        let element = self.element(dims);
        let kept: Vec<usize> = match place {
            Some(at) => {
                if !from.contains(&at) {
                    axes.push(self.axis);
                    axes.sort_unstable();
                    axes.dedup();
                }
                // A row stays a row: its first dim is that of the samples.
                let row = at == 0 && dims.len() == 2;
                let others = from.iter().filter(|i| **i != at);
                others.map(|i| if *i > at && !row { i - 1 } else { *i }).collect()
            }
            None => from.to_vec(),
        };
        let now = self.now(x)?;
        let kept: Vec<usize> = kept.into_iter().filter(|i| *i < element.len()).collect();
        let own: Vec<Size> = kept.iter().map(|i| element[*i].clone()).collect();
        let mut t = self.terms();
        let now = t.reshape(now, &own)?;
        let known = t.ty(now).axes;
        axes.retain(|a| !known.contains(a));
        if axes.is_empty() && own == element {
            return Ok(now);
        }
        Ok(t.op(Op::Lift { axes, dims: element, from: kept }, &[now])?)
    }

    /// A product over the samples is the sum of their products.
    fn product(&mut self, a: NodeId, b: NodeId) -> Found {
        let (first, second) = (self.dims(a), self.dims(b));
        let over = |dims: &[Size], at: usize| dims.get(at) == Some(&self.length);
        let inner_first = first.len() == 2 && over(&first, 1);
        if !(inner_first && over(&second, 0)) {
            return self.plain_product(a, b);
        }
        let (x, y) = (self.now(a)?, self.now(b)?);
        let axis = self.axis;
        let mut t = self.terms();
        let part = if is_ones(&t, y) {
            x
        } else if is_ones(&t, x) {
            y
        } else {
            let one = vec![Size::number(1)];
            let x = if t.ty(x).dims == one { t.reshape(x, &[])? } else { x };
            t.matmul(x, y)?
        };
        Ok(Some(t.sum_axes(part, vec![axis])?))
    }

    /// A product that keeps the samples apart; with `diag(s)` each is multiplied by a number.
    fn plain_product(&mut self, a: NodeId, b: NodeId) -> Found {
        let scaled = |s: &Self, d: NodeId| {
            let node = s.module.graph.node(d);
            (node.op == Op::Diag && s.place(node.inputs[0]).is_some()).then(|| node.inputs[0])
        };
        if let Some(s) = scaled(self, b) {
            let (s, x) = (self.now(s)?, self.now(a)?);
            return Ok(Some(self.terms().scale(s, x)?));
        }
        if let Some(s) = scaled(self, a) {
            let (s, x) = (self.now(s)?, self.now(b)?);
            return Ok(Some(self.terms().scale(s, x)?));
        }
        let (x, y) = (self.now(a)?, self.now(b)?);
        Ok(Some(self.terms().matmul(x, y)?))
    }

    fn reshaped(&mut self, dims: &[Size], x: NodeId) -> Found {
        let last = |dims: &[Size], s: &Self| dims.last() == Some(&s.length);
        let own = self.dims(x);
        if !last(&own, self) || !last(dims, self) {
            return Ok(None);
        }
        let element = self.element(dims);
        let now = self.now(x)?;
        Ok(Some(self.terms().reshape(now, &element)?))
    }

    /// The entry of a sample: its index is not written.
    fn access(&mut self, positions: &[Position], pad: bool, inputs: &[NodeId]) -> Found {
        let base = inputs[0];
        let place = self.place(base);
        let own = self.dims(base).len();
        let strange = |(at, p): (usize, &Position)| match p {
            _ if Some(at) == place => {
                *p != Position::All && plain(p).is_none_or(|a| !self.samples.contains(&a))
            }
            Position::Affine(map) => map.terms.iter().any(|(a, _)| self.samples.contains(a)),
            _ => false,
        };
        if positions.iter().enumerate().any(strange) {
            return Ok(None);
        }
        let mut left = positions.to_vec();
        if let Some(at) = place {
            left.remove(at);
        }
        let value = self.now(base)?;
        let labels: Result<Vec<NodeId>, Refusal> =
            inputs[1..].iter().map(|i| self.now(*i)).collect();
        let mut t = self.terms();
        if left.iter().all(|p| *p == Position::All) {
            return Ok(Some(value));
        }
        let base = if place == Some(0) && own == 2 { t.transpose(value)? } else { value };
        let mut now = vec![base];
        now.extend(labels?);
        Ok(Some(t.op(Op::Access { positions: left, pad }, &now)?))
    }

    /// An index equation has one index less.
    fn collect(&mut self, axes: &[AxisId], x: NodeId) -> Found {
        let value = self.now(x)?;
        let others: Vec<AxisId> =
            axes.iter().filter(|a| !self.samples.contains(a)).copied().collect();
        let first = axes.first().is_some_and(|a| self.samples.contains(a)) && axes.len() == 2;
        let mut t = self.terms();
        let all = t.collect(value, &others)?;
        Ok(Some(if first { t.transpose(all)? } else { all }))
    }
}
