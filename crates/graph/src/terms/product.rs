//! Products of terms.

use chainrule_syntax::ast::BigOp;

use super::Terms;
use crate::index::NodeId;
use crate::op::{Op, Over};
use crate::record::Made;

/// Products of more factors are transposed as a whole.
const MOST_FACTORS: usize = 6;

impl Terms<'_> {
    /// A number times anything.
    ///
    /// # Errors
    ///
    /// The graph is full; so everywhere below.
    pub fn scale(&mut self, s: NodeId, a: NodeId) -> Made {
        let covered = |t: &Self, x: NodeId, by: NodeId| {
            let by = t.graph.ty(by);
            t.graph.ty(x).axes.iter().all(|axis| by.axes.contains(axis))
        };
        let scalar = self.graph.ty(a).is_scalar();
        match (self.constant(s), self.constant(a)) {
            (Some(x), Some(y)) if scalar && covered(self, s, a) => {
                let ty = self.ty(a);
                let product = self.number(x * y)?;
                return self.lifted(product, &ty);
            }
            (Some(1.0), _) if covered(self, s, a) => return Ok(a),
            (_, Some(1.0)) if scalar && covered(self, a, s) => return Ok(s),
            (Some(0.0), _) if covered(self, s, a) => {
                let ty = self.ty(a);
                return self.zeros(&ty);
            }
            (_, Some(0.0)) if covered(self, s, a) => return Ok(a),
            (Some(-1.0), _) if covered(self, s, a) => return self.neg(a),
            _ => {}
        }
        self.scale_terms(s, a)
    }

    /// Signs and numbers to the front.
    fn scale_terms(&mut self, s: NodeId, a: NodeId) -> Made {
        let (x, y) = (self.graph.node(s).clone(), self.graph.node(a).clone());
        match (&x.op, &y.op) {
            (Op::Neg, _) => {
                let product = self.scale(x.inputs[0], a)?;
                self.neg(product)
            }
            (_, Op::Neg) => {
                let product = self.scale(s, y.inputs[0])?;
                self.neg(product)
            }
            (Op::Scale, _) if self.constant(x.inputs[0]) == Some(-1.0) => {
                let product = self.scale(x.inputs[1], a)?;
                self.neg(product)
            }
            (Op::Quotient, _) if self.constant(x.inputs[0]).is_some_and(|c| c < 0.0) => {
                let numerator = self.neg(x.inputs[0])?;
                let share = self.op(Op::Quotient, &[numerator, x.inputs[1]])?;
                let product = self.scale(share, a)?;
                self.neg(product)
            }
            // A number times copies of a number.
            (_, Op::Lift { from, .. }) if from.is_empty() && x.ty.axes.is_empty() => {
                let product = self.scale(s, y.inputs[0])?;
                self.lifted(product, &y.ty)
            }
            (_, Op::Number { .. }) => self.op(Op::Scale, &[a, s]),
            // Numbers are multiplied first: `2 lambda W`.
            (_, Op::Scale) if !self.graph.ty(y.inputs[1]).is_scalar() => {
                let product = self.scale(s, y.inputs[0])?;
                self.scale(product, y.inputs[1])
            }
            (Op::Number { .. }, Op::Scale) if self.constant(y.inputs[0]).is_some() => {
                let product = self.scale(s, y.inputs[0])?;
                self.scale(product, y.inputs[1])
            }
            (_, Op::Scale)
                if self.constant(y.inputs[0]).is_some()
                    && self.constant(s).is_none()
                    && x.op != Op::Scale =>
            {
                let product = self.op(Op::Scale, &[s, y.inputs[1]])?;
                self.scale(y.inputs[0], product)
            }
            _ => self.op(Op::Scale, &[s, a]),
        }
    }

    /// The product of two values of which one may be a number: a scaling, or element by element.
    pub fn times(&mut self, a: NodeId, b: NodeId) -> Made {
        if self.graph.ty(a).is_scalar() {
            return self.scale(a, b);
        }
        if self.graph.ty(b).is_scalar() {
            return self.scale(b, a);
        }
        self.hadamard(a, b)
    }

    /// `a .* b`, same dims.
    pub fn hadamard(&mut self, a: NodeId, b: NodeId) -> Made {
        if self.graph.ty(a).is_scalar() {
            return self.scale(a, b);
        }
        if let Some(s) = self.lifted_number(a) {
            return self.scale(s, b);
        }
        if let Some(s) = self.lifted_number(b) {
            return self.scale(s, a);
        }
        let (x, y) = (self.graph.node(a).clone(), self.graph.node(b).clone());
        match (&x.op, &y.op) {
            (Op::Neg, _) => {
                let product = self.hadamard(x.inputs[0], b)?;
                self.neg(product)
            }
            (_, Op::Neg) => {
                let product = self.hadamard(a, y.inputs[0])?;
                self.neg(product)
            }
            (Op::Scale, _) => {
                let product = self.hadamard(x.inputs[1], b)?;
                self.scale(x.inputs[0], product)
            }
            (_, Op::Scale) => {
                let product = self.hadamard(a, y.inputs[1])?;
                self.scale(y.inputs[0], product)
            }
            _ => self.op(Op::Hadamard, &[a, b]),
        }
    }

    /// The number behind an array of equal entries.
    fn lifted_number(&mut self, id: NodeId) -> Option<NodeId> {
        let node = self.graph.node(id);
        let (op, inputs) = (node.op.clone(), node.inputs.clone());
        match op {
            Op::Lift { from, axes, .. } if from.is_empty() && axes.is_empty() => {
                inputs.first().copied()
            }
            Op::Ones { .. } => self.number(1.0).ok(),
            _ => None,
        }
    }

    /// `a b`, matrices, vectors or numbers.
    pub fn matmul(&mut self, a: NodeId, b: NodeId) -> Made {
        if self.graph.ty(a).is_scalar() || self.graph.ty(b).is_scalar() {
            return self.times(a, b);
        }
        let (x, y) = (self.graph.node(a).clone(), self.graph.node(b).clone());
        match (&x.op, &y.op) {
            (Op::Identity { .. }, _) if x.ty.dims.len() == 2 => Ok(b),
            (_, Op::Identity { .. }) if y.ty.dims.len() == 2 => Ok(a),
            (Op::Scale, _) => {
                let product = self.matmul(x.inputs[1], b)?;
                self.scale(x.inputs[0], product)
            }
            (_, Op::Scale) => {
                let product = self.matmul(a, y.inputs[1])?;
                self.scale(y.inputs[0], product)
            }
            (Op::Neg, _) => {
                let product = self.matmul(x.inputs[0], b)?;
                self.neg(product)
            }
            (_, Op::Neg) => {
                let product = self.matmul(a, y.inputs[0])?;
                self.neg(product)
            }
            _ => self.op(Op::MatMul, &[a, b]),
        }
    }

    /// `a^T`
    pub fn transpose(&mut self, a: NodeId) -> Made {
        let node = self.graph.node(a).clone();
        match node.op {
            // Not even of a symmetric name: derivatives by it run over all matrices.
            _ if node.ty.is_scalar() => Ok(a),
            Op::Transpose => Ok(node.inputs[0]),
            Op::Scale => {
                let inner = self.transpose(node.inputs[1])?;
                self.scale(node.inputs[0], inner)
            }
            Op::Neg => {
                let inner = self.transpose(node.inputs[0])?;
                self.neg(inner)
            }
            // Transposes belong to the factors of a short product.
            Op::MatMul if self.factors(a) <= MOST_FACTORS => {
                let (left, right) =
                    (self.transpose(node.inputs[1])?, self.transpose(node.inputs[0])?);
                self.matmul(left, right)
            }
            Op::Quotient => {
                let inner = self.transpose(node.inputs[0])?;
                self.quotient(inner, node.inputs[1])
            }
            Op::Reduce { op: BigOp::Sum, over: Over::Named(axes) } => {
                let inner = self.transpose(node.inputs[0])?;
                self.sum_axes(inner, axes)
            }
            _ => self.op(Op::Transpose, &[a]),
        }
    }

    /// How many factors a product has, as far as it matters.
    fn factors(&self, a: NodeId) -> usize {
        let (mut open, mut count) = (vec![a], 0);
        while let Some(id) = open.pop() {
            let node = self.graph.node(id);
            match node.op {
                Op::MatMul if count + open.len() <= MOST_FACTORS => open.extend(&node.inputs),
                _ => count += 1,
            }
        }
        count
    }

    /// `sum(a .* b)`
    pub fn inner(&mut self, a: NodeId, b: NodeId) -> Made {
        if self.graph.ty(a).is_scalar() {
            return self.scale(a, b);
        }
        let (x, y) = (self.graph.node(a).clone(), self.graph.node(b).clone());
        match (&x.op, &y.op) {
            (Op::Scale, _) if !self.graph.ty(x.inputs[1]).is_scalar() => {
                let inner = self.inner(x.inputs[1], b)?;
                return self.scale(x.inputs[0], inner);
            }
            (_, Op::Scale) if !self.graph.ty(y.inputs[1]).is_scalar() => {
                let inner = self.inner(a, y.inputs[1])?;
                return self.scale(y.inputs[0], inner);
            }
            _ => {}
        }
        self.op(Op::Inner, &[a, b])
    }

    /// `a / s`, `s` a number.
    pub fn quotient(&mut self, a: NodeId, s: NodeId) -> Made {
        match self.constant(s) {
            Some(1.0) if self.graph.ty(s).axes.is_empty() => Ok(a),
            _ if self.is_zero(a) && self.graph.ty(s).axes.is_empty() => Ok(a),
            _ => match self.graph.node(a).op {
                Op::Neg => {
                    let plain = self.graph.node(a).inputs[0];
                    let quotient = self.quotient(plain, s)?;
                    self.neg(quotient)
                }
                Op::Number { bits } if f64::from_bits(bits) < 0.0 => {
                    let plain = self.number(-f64::from_bits(bits))?;
                    let quotient = self.quotient(plain, s)?;
                    self.neg(quotient)
                }
                _ => self.op(Op::Quotient, &[a, s]),
            },
        }
    }

    /// `a ./ b`
    pub fn divide(&mut self, a: NodeId, b: NodeId) -> Made {
        if self.graph.ty(b).is_scalar() {
            return self.quotient(a, b);
        }
        self.op(Op::HadamardQuotient, &[a, b])
    }
}
