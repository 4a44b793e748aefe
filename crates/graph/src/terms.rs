//! Building terms: what differentiation and lowering write, with the small clean-up that every
//! textbook does on the way (no `+ 0`, no `1 x`, no double minus, no product with an identity).
//!
//! Nothing is distributed and nothing is reordered: that is the simplifier's.

mod arrange;
pub(crate) use arrange::positions;
mod product;

use crate::axis::{Axes, Axis};
use crate::graph::Graph;
use crate::index::{AxisId, NodeId};
use crate::module::{Binding, Module};
use crate::op::{Context, Misfit, Op, Over};
use crate::record::{At, Made};
use crate::size::{Size, Sizes};
use crate::types::Type;
use chainrule_syntax::Span;

/// A graph being added to.
#[derive(Debug)]
pub struct Terms<'m> {
    /// The arena.
    pub graph: &'m mut Graph,
    /// The size names.
    pub sizes: &'m Sizes,
    /// The named axes.
    pub axes: &'m mut Axes,
    /// What names stand for: a clean-up may look through one.
    pub bindings: &'m [Binding],
}

impl<'m> Terms<'m> {
    /// The terms of `module`.
    pub fn of(module: &'m mut Module) -> Terms<'m> {
        Terms {
            graph: &mut module.graph,
            sizes: &module.sizes,
            axes: &mut module.axes,
            bindings: &module.bindings,
        }
    }

    /// What shape rules look at.
    pub fn context(&self) -> Context<'_> {
        Context { sizes: self.sizes, axes: self.axes }
    }

    /// The type of a node.
    pub fn ty(&self, id: NodeId) -> Type {
        self.graph.ty(id).clone()
    }

    /// A node with its op and inputs.
    pub fn at(&self, id: NodeId) -> At {
        let node = self.graph.node(id);
        At { op: node.op.clone(), node: id, inputs: node.inputs.clone(), riding: Vec::new() }
    }

    /// `op` applied to `inputs`, exactly so.
    ///
    /// # Errors
    ///
    /// The inputs do not fit (a bug of the caller), or the graph is full.
    pub fn op(&mut self, op: Op, inputs: &[NodeId]) -> Made {
        let context = Context { sizes: self.sizes, axes: self.axes };
        self.graph.add(op, inputs, &context)
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// The graph is full; so everywhere below.
    pub fn number(&mut self, value: f64) -> Made {
        self.op(Op::number(value), &[])
    }

    /// A size as a number.
    pub fn size(&mut self, size: &Size) -> Made {
        match size.constant().filter(|v| v.denominator() == 1) {
            Some(value) => self.number(value.numerator() as f64),
            None => self.op(Op::SizeNumber { size: size.clone() }, &[]),
        }
    }

    /// Zeros of a type's dims and axes.
    pub fn zeros(&mut self, ty: &Type) -> Made {
        self.filled(0.0, ty)
    }

    /// Ones of a type's dims and axes.
    pub fn ones(&mut self, ty: &Type) -> Made {
        self.filled(1.0, ty)
    }

    fn filled(&mut self, value: f64, ty: &Type) -> Made {
        let number = self.number(value)?;
        self.lifted(number, ty)
    }

    /// The number that a node is in every entry, if it is a constant.
    pub fn constant(&self, id: NodeId) -> Option<f64> {
        let node = self.graph.node(id);
        match &node.op {
            Op::Number { bits } => Some(f64::from_bits(*bits)),
            Op::Ones { .. } => Some(1.0),
            Op::Zeros { .. } => Some(0.0),
            Op::Lift { .. } => self.constant(node.inputs[0]),
            Op::Neg => self.constant(node.inputs[0]).map(|c| -c),
            _ => None,
        }
    }

    /// Whether every entry is 0, as it is written.
    pub fn is_zero(&self, id: NodeId) -> bool {
        self.constant(id) == Some(0.0)
    }

    /// `a + b`
    pub fn add(&mut self, a: NodeId, b: NodeId) -> Made {
        let whole = |s: &Self, x: NodeId, other: NodeId| {
            let (x, other) = (s.ty(x), s.ty(other));
            other.axes.iter().all(|axis| x.axes.contains(axis))
        };
        if self.is_zero(b) && whole(self, a, b) {
            return Ok(a);
        }
        if self.is_zero(a) && whole(self, b, a) {
            return Ok(b);
        }
        if a == b {
            let two = self.number(2.0)?;
            return self.scale(two, a);
        }
        let (x, y) = (self.graph.node(a), self.graph.node(b));
        match (&x.op, &y.op) {
            (_, Op::Neg) => {
                let plain = y.inputs[0];
                self.factored(Op::Sub, a, plain)
            }
            (Op::Neg, _) => {
                let plain = x.inputs[0];
                self.factored(Op::Sub, b, plain)
            }
            _ => self.factored(Op::Add, a, b),
        }
    }

    /// `s a + s b` as `s (a + b)`: what two terms were multiplied by stays one factor.
    fn factored(&mut self, op: Op, a: NodeId, b: NodeId) -> Made {
        let (x, y) = (self.graph.node(a), self.graph.node(b));
        if x.op != Op::Scale || y.op != Op::Scale || x.inputs[0] != y.inputs[0] {
            return self.op(op, &[a, b]);
        }
        let (s, a, b) = (x.inputs[0], x.inputs[1], y.inputs[1]);
        let sum = self.op(op, &[a, b])?;
        self.scale(s, sum)
    }

    /// `a - b`
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> Made {
        let minus = self.neg(b)?;
        self.add(a, minus)
    }

    /// `-a`
    pub fn neg(&mut self, a: NodeId) -> Made {
        let node = self.graph.node(a);
        match node.op {
            Op::Neg => Ok(node.inputs[0]),
            Op::Number { bits } => self.number(-f64::from_bits(bits)),
            Op::Sub => {
                let (x, y) = (node.inputs[0], node.inputs[1]);
                self.op(Op::Sub, &[y, x])
            }
            _ if self.is_zero(a) => Ok(a),
            _ => self.op(Op::Neg, &[a]),
        }
    }

    /// A new axis that is no batch axis.
    pub fn fresh_axis(&mut self, name: &str, extent: Size) -> AxisId {
        let span = Span::default();
        self.axes.add(Axis { name: name.into(), extent: Some(extent), batch: None, span })
    }

    /// The sum over named axes.
    pub fn sum_axes(&mut self, x: NodeId, axes: Vec<AxisId>) -> Made {
        if axes.is_empty() {
            return Ok(x);
        }
        let op = chainrule_syntax::ast::BigOp::Sum;
        self.op(Op::Reduce { op, over: Over::Named(axes) }, &[x])
    }

    /// The sum over some dims, which disappear.
    pub fn sum_dims(&mut self, x: NodeId, dims: Vec<usize>) -> Made {
        if dims.is_empty() {
            return Ok(x);
        }
        let node = self.graph.node(x).clone();
        match node.op {
            // What all terms share is no part of the sum.
            Op::Scale if !self.graph.ty(node.inputs[1]).is_scalar() => {
                let sum = self.sum_dims(node.inputs[1], dims)?;
                return self.scale(node.inputs[0], sum);
            }
            Op::Neg => {
                let sum = self.sum_dims(node.inputs[0], dims)?;
                return self.neg(sum);
            }
            Op::Hadamard => {
                let copies = |x: NodeId| self.copied_along(x, &dims);
                let shared = copies(node.inputs[0]).map(|s| (s, node.inputs[1]));
                let shared = shared.or(copies(node.inputs[1]).map(|s| (s, node.inputs[0])));
                if let Some((s, rest)) = shared {
                    let sum = self.sum_dims(rest, dims)?;
                    return self.times(s, sum);
                }
            }
            _ => {}
        }
        let ones = self.sums_to_one(x, &dims);
        let over =
            if dims.len() == self.graph.ty(x).dims.len() { Over::All } else { Over::Dims(dims) };
        let sum = self.op(Op::Reduce { op: chainrule_syntax::ast::BigOp::Sum, over }, &[x])?;
        if ones { self.ones(&self.ty(sum)) } else { Ok(sum) }
    }

    /// What `x` is copies of, if it is copied along exactly these dims.
    fn copied_along(&self, x: NodeId, dims: &[usize]) -> Option<NodeId> {
        let node = self.graph.node(x);
        let Op::Lift { axes, dims: all, from } = &node.op else { return None };
        let missing: Vec<usize> = (0..all.len()).filter(|i| !from.contains(i)).collect();
        (axes.is_empty() && missing == dims).then_some(node.inputs[0])
    }

    /// Whether the sums over `dims` are 1 by definition: a one-hot vector, a softmax.
    fn sums_to_one(&self, x: NodeId, dims: &[usize]) -> bool {
        let mut node = self.graph.node(x);
        let mut named = false;
        while let Op::Symbol { id, .. } = node.op {
            let Ok(at) = self.bindings.binary_search_by_key(&id, |b| b.symbol) else {
                return false;
            };
            named = true;
            node = self.graph.node(self.bindings[at].value);
        }
        match node.op {
            Op::OneHot => dims == [0],
            // A name may be differentiated by later; then its entries are free.
            Op::Softmax { axis } if !named => {
                let batch = |at: usize| self.sizes.batch_of(&node.ty.dims[at]).is_some();
                match axis {
                    Some(axis) => dims == [axis],
                    None => dims == [0] && node.ty.dims.len() == 1 && !batch(0),
                }
            }
            _ => false,
        }
    }

    /// Copies `x`, which lacks axes (and, if it is a number, dims) of `ty`, along them.
    pub fn lifted(&mut self, x: NodeId, ty: &Type) -> Made {
        let own = self.graph.ty(x);
        let axes: Vec<AxisId> = ty.axes.iter().filter(|a| !own.axes.contains(a)).copied().collect();
        if axes.is_empty() && own.dims == ty.dims {
            return Ok(x);
        }
        let from = if own.dims == ty.dims { (0..ty.dims.len()).collect() } else { Vec::new() };
        self.op(Op::Lift { axes, dims: ty.dims.clone(), from }, &[x])
    }

    /// A limit or a bug, in words.
    pub fn bug(text: &'static str) -> Misfit {
        Misfit::new("bug", text)
    }
}
