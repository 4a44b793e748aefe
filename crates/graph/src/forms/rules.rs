//! What each kind of op becomes when the samples stand side by side.

use chainrule_syntax::ast::BigOp;

use super::batch::{Batch, is_row};
use super::is_ones;
use crate::index::NodeId;
use crate::op::{Misfit, Op, Over};
use crate::record::Eval;
use crate::size::Size;

/// What a rule makes; nothing where it does not apply.
type Found = Result<Option<NodeId>, Misfit>;

impl Batch<'_> {
    /// The term over the batch; its dims are checked by the caller.
    pub(super) fn rule(&mut self, id: NodeId, op: &Op, inputs: &[NodeId]) -> Found {
        if inputs.iter().any(|i| self.has_index(*i)) {
            return self.collected(op, inputs);
        }
        match op {
            Op::Lift { dims, from, .. } => self.spread(inputs[0], dims, from).map(Some),
            Op::MatMul => self.product(inputs[0], inputs[1]),
            Op::Transpose => self.turned(inputs[0]),
            Op::Inner => self.inner(inputs[0], inputs[1]),
            Op::Reduce { op, over } => self.reduced(*op, over, inputs[0]),
            Op::First { op, over } => match self.places(over, inputs[0]) {
                Some(over) => self.apply(Op::First { op: *op, over }, inputs),
                None => Ok(None),
            },
            Op::Others { over } => match self.places(over, inputs[0]) {
                Some(over) => self.apply(Op::Others { over }, inputs),
                None => Ok(None),
            },
            Op::Softmax { .. } | Op::LogSoftmax { .. } | Op::LogSumExp { .. } => {
                self.apply(self.plain(op, inputs[0]), inputs)
            }
            Op::Reshape { .. } => self.reshaped(id, inputs[0]),
            Op::CrossEntropy => {
                let dims = self.dims(inputs[0]);
                let scores = self.filled(inputs[0], &dims)?;
                let labels = self.filled(inputs[1], &[])?;
                self.terms().op(Op::CrossEntropy, &[scores, labels]).map(Some)
            }
            Op::Grad => self.gradient(inputs),
            Op::Scale => self.scaled(inputs[0], inputs[1]),
            Op::Quotient => self.divided(inputs[0], inputs[1]),
            Op::Power => {
                let (a, b) = (self.filled(inputs[0], &[])?, self.filled(inputs[1], &[])?);
                self.terms().op(Op::DotPower, &[a, b]).map(Some)
            }
            _ if matches!(op.def().eval, Eval::Entrywise(_)) => {
                let dims = self.dims(id);
                let filled: Result<Vec<NodeId>, Misfit> =
                    inputs.iter().map(|i| self.filled(*i, &dims)).collect();
                self.terms().op(op.clone(), &filled?).map(Some)
            }
            Op::OneHot | Op::ArgMax | Op::Hvp | Op::Prime { .. } => self.apply(op.clone(), inputs),
            _ => Ok(None),
        }
    }

    /// What an input became.
    fn known_as(&self, id: NodeId) -> Result<NodeId, Misfit> {
        self.known(id).map_err(|refusal| Misfit::new("form", refusal.0))
    }

    /// The same op over the batch.
    fn apply(&mut self, op: Op, inputs: &[NodeId]) -> Found {
        let now: Result<Vec<NodeId>, Misfit> = inputs.iter().map(|i| self.known_as(*i)).collect();
        self.terms().op(op, &now?).map(Some)
    }

    /// An index equation has one index more.
    fn collected(&mut self, op: &Op, inputs: &[NodeId]) -> Found {
        let (Op::Collect { axes, .. }, true) = (op, self.has(inputs[0])) else { return Ok(None) };
        let value = self.ride(inputs[0]).map_err(|refusal| Misfit::new("form", refusal.0))?;
        let mut axes = axes.clone();
        axes.push(self.index);
        self.terms().collect(value, &axes).map(Some)
    }

    /// `x` with the dims and the axis of a result, copied along what it lacks.
    fn filled(&mut self, x: NodeId, dims: &[Size]) -> Result<NodeId, Misfit> {
        let own = self.dims(x);
        if self.has(x) && own == dims {
            return self.known_as(x);
        }
        let from: Vec<usize> = if own == dims { (0..dims.len()).collect() } else { Vec::new() };
        self.spread(x, dims, &from)
    }

    /// Copies along the batch, and along dims that are not among `from`.
    fn spread(&mut self, x: NodeId, dims: &[Size], from: &[usize]) -> Result<NodeId, Misfit> {
        let (all, place, row) = (self.layout(dims), self.place(dims), is_row(dims));
        let mut now = self.known_as(x)?;
        let mut kept: Vec<usize> = from.iter().filter(|i| !row || **i != 0).copied().collect();
        if self.has(x) {
            kept.push(place);
            kept.sort_unstable();
        }
        let own: Vec<Size> = kept.iter().map(|i| all[*i].clone()).collect();
        let mut t = self.terms();
        if let [a, b] = t.ty(now).dims.as_slice()
            && own == [b.clone(), a.clone()]
            && a != b
        {
            now = t.transpose(now)?;
        }
        now = t.reshape(now, &own)?;
        if kept.len() == all.len() {
            return Ok(now);
        }
        t.op(Op::Lift { axes: Vec::new(), dims: all, from: kept }, &[now])
    }

    fn product(&mut self, a: NodeId, b: NodeId) -> Found {
        let (x, y) = (self.known_as(a)?, self.known_as(b)?);
        let (rows, columns) = (self.dims(a), self.dims(b));
        let made = match (self.has(a), self.has(b)) {
            (false, true) if is_row(&rows) && columns.len() == 1 => {
                let mut t = self.terms();
                let (left, right) = (t.transpose(y)?, t.transpose(x)?);
                t.op(Op::MatMul, &[left, right])?
            }
            (false, true) if columns.len() == 1 => self.terms().op(Op::MatMul, &[x, y])?,
            (true, false) if is_row(&rows) => self.terms().op(Op::MatMul, &[x, y])?,
            (true, true) if is_row(&rows) && columns.len() == 1 => {
                let mut t = self.terms();
                let left = t.transpose(x)?;
                let entries = t.hadamard(left, y)?;
                t.op(Op::Reduce { op: BigOp::Sum, over: Over::Dims(vec![0]) }, &[entries])?
            }
            _ => return Ok(None),
        };
        Ok(Some(made))
    }

    /// A column of each sample is a row of each sample: the whole is turned.
    fn turned(&mut self, x: NodeId) -> Found {
        let dims = self.dims(x);
        let now = self.known_as(x)?;
        match dims.as_slice() {
            [] => Ok(Some(now)),
            [_] => self.terms().op(Op::Transpose, &[now]).map(Some),
            dims if is_row(dims) => self.terms().op(Op::Transpose, &[now]).map(Some),
            _ => Ok(None),
        }
    }

    fn inner(&mut self, a: NodeId, b: NodeId) -> Found {
        let dims = self.dims(a);
        let (x, y) = (self.filled(a, &dims)?, self.filled(b, &dims)?);
        let place = self.place(&dims);
        let mut t = self.terms();
        let product = t.hadamard(x, y)?;
        let over: Vec<usize> = (0..t.ty(product).dims.len()).filter(|i| *i != place).collect();
        if over.is_empty() {
            return Ok(Some(product));
        }
        t.op(Op::Reduce { op: BigOp::Sum, over: Over::Dims(over) }, &[product]).map(Some)
    }

    /// A number of each sample times an array: entry by entry, or an outer product.
    fn scaled(&mut self, s: NodeId, a: NodeId) -> Found {
        let dims = self.dims(a);
        let (number, array) = (self.known_as(s)?, self.known_as(a)?);
        if !self.has(s) {
            return self.terms().op(Op::Scale, &[number, array]).map(Some);
        }
        if self.has(a) {
            let spread = self.filled(s, &dims)?;
            return self.terms().op(Op::Hadamard, &[spread, array]).map(Some);
        }
        let mut t = self.terms();
        match dims.len() {
            0 => t.op(Op::Scale, &[array, number]).map(Some),
            1 => {
                let row = t.transpose(number)?;
                t.op(Op::MatMul, &[array, row]).map(Some)
            }
            _ if is_row(&dims) => t.op(Op::MatMul, &[number, array]).map(Some),
            _ => Ok(None),
        }
    }

    fn divided(&mut self, a: NodeId, s: NodeId) -> Found {
        if !self.has(s) {
            return self.apply(Op::Quotient, &[a, s]);
        }
        let dims = self.dims(a);
        let (x, y) = (self.filled(a, &dims)?, self.filled(s, &dims)?);
        self.terms().op(Op::HadamardQuotient, &[x, y]).map(Some)
    }

    /// `axis = 0` of a column is no choice any more.
    fn plain(&self, op: &Op, x: NodeId) -> Op {
        let column = self.dims(x).len() == 1;
        match op {
            Op::Softmax { .. } if column => Op::Softmax { axis: None },
            Op::LogSoftmax { .. } if column => Op::LogSoftmax { axis: None },
            Op::LogSumExp { .. } if column => Op::LogSumExp { axis: None },
            op => op.clone(),
        }
    }

    /// What a reduction runs over, as dims of the whole.
    fn places(&self, over: &Over, x: NodeId) -> Option<Over> {
        let dims = self.dims(x);
        let place = self.place(&dims);
        match over {
            Over::Named(axes) if *axes == [self.axis] => Some(Over::Batch(place)),
            Over::Named(_) => None,
            Over::All => {
                let entries = self.layout(&dims).len();
                Some(Over::Dims((0..entries).filter(|i| *i != place).collect()))
            }
            over if is_row(&dims) && matches!(over, Over::Axis(0) | Over::Batch(0)) => None,
            over => Some(over.clone()),
        }
    }

    fn reduced(&mut self, op: BigOp, over: &Over, x: NodeId) -> Found {
        let samples = matches!(over, Over::Named(axes) if *axes == [self.axis]);
        if samples
            && matches!(op, BigOp::Sum | BigOp::Mean)
            && let Some(total) = self.summed(x)?
        {
            return match op {
                BigOp::Sum => Ok(Some(total)),
                _ => self.mean(total).map(Some),
            };
        }
        let Some(over) = self.places(over, x) else { return Ok(None) };
        let now = self.known_as(x)?;
        if over == Over::Dims(Vec::new()) {
            return Ok(Some(now));
        }
        self.terms().op(Op::Reduce { op, over }, &[now]).map(Some)
    }

    fn mean(&mut self, total: NodeId) -> Result<NodeId, Misfit> {
        let length = self.length.clone();
        let mut t = self.terms();
        let (one, length) = (t.number(1.0)?, t.size(&length)?);
        let share = t.op(Op::Quotient, &[one, length])?;
        t.scale(share, total)
    }

    /// The sum over the samples as a product: `E A^T`, `E ones(N)`. Numbers have the plain sum.
    fn summed(&mut self, x: NodeId) -> Found {
        let node = self.module.graph.node(x).clone();
        match node.op {
            Op::Neg => {
                let Some(inner) = self.summed_part(node.inputs[0])? else { return Ok(None) };
                self.terms().neg(inner).map(Some)
            }
            Op::Scale if !self.has(node.inputs[0]) => {
                let Some(inner) = self.summed_part(node.inputs[1])? else { return Ok(None) };
                let factor = self.known_as(node.inputs[0])?;
                self.terms().scale(factor, inner).map(Some)
            }
            Op::Quotient if !self.has(node.inputs[1]) => {
                let Some(inner) = self.summed_part(node.inputs[0])? else { return Ok(None) };
                let factor = self.known_as(node.inputs[1])?;
                self.terms().quotient(inner, factor).map(Some)
            }
            _ => self.summed_part(x),
        }
    }

    fn summed_part(&mut self, x: NodeId) -> Found {
        let node = self.module.graph.node(x).clone();
        let (dims, length) = (self.dims(x), self.length.clone());
        if node.op == Op::MatMul {
            let (a, b) = (node.inputs[0], node.inputs[1]);
            let outer = |s: &Self| s.dims(a).len() == 1 && is_row(&s.dims(b));
            if outer(self) && self.has(a) && self.has(b) {
                let (left, right) = (self.known_as(a)?, self.known_as(b)?);
                return self.terms().op(Op::MatMul, &[left, right]).map(Some);
            }
        }
        if !self.has(x) || self.module.graph.ty(x).axes.len() > 1 {
            return Ok(None);
        }
        let Ok(now) = self.known(x) else { return Ok(None) };
        let mut t = self.terms();
        if is_ones(&t, now) {
            return Ok(None);
        }
        let ones = t.op(Op::Ones { dims: vec![length] }, &[])?;
        match dims.len() {
            1 => t.op(Op::MatMul, &[now, ones]).map(Some),
            2 if is_row(&dims) => {
                let ones = t.transpose(ones)?;
                t.op(Op::MatMul, &[ones, now]).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn reshaped(&mut self, id: NodeId, x: NodeId) -> Found {
        let (from, to) = (self.dims(x), self.dims(id));
        let now = self.known_as(x)?;
        if is_row(&from) != is_row(&to) {
            return match (from.len(), to.len()) {
                (1, _) | (_, 1) => self.terms().op(Op::Transpose, &[now]).map(Some),
                _ => Ok(None),
            };
        }
        // The axis stands last: the samples stay where they are.
        let dims = self.layout(&to);
        self.terms().reshape(now, &dims).map(Some)
    }

    /// The derivative of a number of each sample is that of their sum.
    fn gradient(&mut self, inputs: &[NodeId]) -> Found {
        let (of, by) = (self.known_as(inputs[0])?, self.known_as(inputs[1])?);
        let mut t = self.terms();
        let of = if t.ty(of).is_scalar() {
            of
        } else {
            t.op(Op::Reduce { op: BigOp::Sum, over: Over::All }, &[of])?
        };
        t.op(Op::Grad, &[of, by]).map(Some)
    }
}
