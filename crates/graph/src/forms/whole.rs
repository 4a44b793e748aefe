//! Sums, norms and probabilities over a batch, for one sample.

use chainrule_syntax::ast::{BigOp, NormKind};

use super::sample::Sample;
use super::single::Found;
use crate::index::NodeId;
use crate::op::{Misfit, Op, Over};

impl Sample<'_> {
    /// Over the entries of a sample first, then over the samples.
    pub(super) fn reduced(&mut self, op: BigOp, over: &Over, x: NodeId) -> Found {
        let mut now = self.now(x)?;
        let place = self.place(x);
        let dims = self.dims(x);
        let row = place == Some(0) && dims.len() == 2;
        let mut samples = false;
        let own = match over {
            Over::All => {
                samples = place.is_some();
                (!self.module.graph.ty(now).is_scalar()).then_some(Over::All)
            }
            Over::Named(axes) => {
                let axes = self.renamed(axes);
                Some(Over::Named(axes))
            }
            Over::Axis(at) | Over::Batch(at) if Some(*at) == place => {
                samples = true;
                None
            }
            Over::Axis(at) => Some(Over::Axis(self.moved(*at, place, row))),
            Over::Batch(at) => Some(Over::Batch(self.moved(*at, place, row))),
            Over::Dims(places) => {
                samples = place.is_some_and(|at| places.contains(&at));
                let others = places.iter().filter(|at| Some(**at) != place);
                let rest: Vec<usize> = others.map(|at| self.moved(*at, place, row)).collect();
                let all = rest.len() == self.module.graph.ty(now).dims.len() && !row;
                match (rest.is_empty(), all) {
                    (true, _) => None,
                    (_, true) => Some(Over::All),
                    _ => Some(Over::Dims(rest)),
                }
            }
        };
        let axis = self.axis;
        let mut t = self.terms();
        if let Some(over) = own {
            now = t.op(Op::Reduce { op, over }, &[now])?;
        }
        if samples {
            now = t.op(Op::Reduce { op, over: Over::Named(vec![axis]) }, &[now])?;
        }
        Ok(Some(now))
    }

    /// A dim's place when that of the samples is gone; of a row it stays as a one.
    fn moved(&self, at: usize, place: Option<usize>, row: bool) -> usize {
        if !row && place.is_some_and(|gone| gone < at) { at - 1 } else { at }
    }

    fn total(&mut self, op: BigOp, x: NodeId) -> Result<NodeId, Misfit> {
        let over = Over::Named(vec![self.axis]);
        self.terms().op(Op::Reduce { op, over }, &[x])
    }

    /// `inner(A, B)` is the sum of the inner products of the samples.
    pub(super) fn inner(&mut self, inputs: &[NodeId]) -> Found {
        let (a, b) = (self.now(inputs[0])?, self.now(inputs[1])?);
        let product = self.terms().inner(a, b)?;
        if self.place(inputs[0]).is_none() {
            return Ok(Some(product));
        }
        Ok(Some(self.total(BigOp::Sum, product)?))
    }

    /// Norms of the whole, from those of the samples.
    pub(super) fn norm(&mut self, kind: NormKind, x: NodeId) -> Found {
        let now = self.now(x)?;
        if self.place(x).is_none() {
            return Ok(Some(self.terms().op(Op::Norm { kind }, &[now])?));
        }
        match kind {
            NormKind::One | NormKind::Infinity => {
                let own = self.terms().op(Op::Norm { kind }, &[now])?;
                let op = if kind == NormKind::One { BigOp::Sum } else { BigOp::Max };
                Ok(Some(self.total(op, own)?))
            }
            NormKind::Spectral => Ok(None),
            _ => {
                let squares = self.squares(now)?;
                Ok(Some(self.terms().op(Op::Sqrt, &[squares])?))
            }
        }
    }

    /// `sum[N] ||x||^2`
    fn squares(&mut self, x: NodeId) -> Result<NodeId, Misfit> {
        let mut t = self.terms();
        let dims = t.ty(x).dims;
        let kind = if dims.len() > 1 { NormKind::Frobenius } else { NormKind::Plain };
        let two = t.number(2.0)?;
        let two = t.lifted(
            two,
            &crate::types::Type { axes: t.ty(x).axes, ..crate::types::Type::scalar() },
        )?;
        let base = if dims.is_empty() { x } else { t.op(Op::Norm { kind }, &[x])? };
        let square = t.op(Op::Power, &[base, two])?;
        self.total(BigOp::Sum, square)
    }

    /// The square of a norm over the samples is a sum over them.
    pub(super) fn power(&mut self, id: NodeId, inputs: &[NodeId]) -> Found {
        let base = self.module.graph.node(inputs[0]).clone();
        if let Op::Norm { kind: NormKind::Plain | NormKind::Two | NormKind::Frobenius } = base.op
            && self.module.graph.node(inputs[1]).op == Op::number(2.0)
            && self.place(base.inputs[0]).is_some()
        {
            let x = self.now(base.inputs[0])?;
            return Ok(Some(self.squares(x)?));
        }
        let op = self.module.graph.node(id).op.clone();
        let now: Result<Vec<NodeId>, _> = inputs.iter().map(|i| self.now(*i)).collect();
        Ok(Some(self.terms().op(op, &now?)?))
    }

    /// Along the entries of a sample; along the samples it would mix them.
    pub(super) fn soft(&mut self, op: &Op, x: NodeId) -> Found {
        let (Op::Softmax { axis } | Op::LogSoftmax { axis } | Op::LogSumExp { axis }) = op else {
            return Ok(None);
        };
        let place = self.place(x);
        let row = place == Some(0) && self.dims(x).len() == 2;
        if axis.is_some() && *axis == place {
            return Ok(None);
        }
        let now = self.now(x)?;
        let long = self.module.graph.ty(now).dims.len() > 1 && !row;
        let axis = axis.filter(|_| long).map(|at| self.moved(at, place, row));
        let op = match op {
            Op::Softmax { .. } => Op::Softmax { axis },
            Op::LogSoftmax { .. } => Op::LogSoftmax { axis },
            _ => Op::LogSumExp { axis },
        };
        Ok(Some(self.terms().op(op, &[now])?))
    }
}
