//! Sums of products, collected from the multilinear terms; `product.rs` writes them.

use std::collections::BTreeMap;

use chainrule_graph::op::{Op, Over};
use chainrule_graph::{AxisId, NodeId, Size, Type};
use chainrule_syntax::ast::BigOp;

use super::build::{Builder, Ix, Label, Made, Value};
use super::code::Code;

/// What named axes stand for here, where they are bound.
pub(super) type Bound = BTreeMap<AxisId, Ix>;

/// An array with the index of each axis.
pub(super) type Factor = (Code, Vec<Ix>);

/// `coefficient * factor * .. / divisor`, summed over what is not asked for.
#[derive(Default)]
pub(super) struct Product {
    pub negative: bool,
    pub scalars: Vec<Code>,
    pub divisors: Vec<Code>,
    pub factors: Vec<Factor>,
    /// Indices that are summed.
    pub summed: Vec<Ix>,
    /// Those of them over which a mean is taken.
    pub means: Vec<Ix>,
}

/// A node with indices for its dims and what its axes stand for.
struct At<'a> {
    id: NodeId,
    dims: &'a [Ix],
    bound: &'a Bound,
    /// Whether its sums may be joined with those around it.
    sums: bool,
}

impl Builder<'_> {
    /// A node that is a sum of products, or the same entries in other places.
    pub(super) fn contract(&mut self, id: NodeId) -> Made<Value> {
        let ty = self.ty(id);
        let dims = self.indices(&ty.dims);
        let mut product = Product::default();
        self.open(&At { id, dims: &dims, bound: &Bound::new(), sums: true }, &mut product)?;
        let outs: Vec<(Label, Ix)> =
            self.labels(ty).into_iter().map(|l| (l, at(l, &dims))).collect();
        Ok(self.finished(product, &outs))
    }

    /// A node's factors, whether it is a product or not.
    pub(super) fn factors_of(&mut self, id: NodeId, dims: &[Ix], bound: &Bound) -> Made<Product> {
        let mut product = Product::default();
        self.factor(&At { id, dims, bound, sums: true }, &mut product)?;
        Ok(product)
    }

    /// A factor: opened if that makes no sum within a sum.
    fn factor(&mut self, at: &At<'_>, product: &mut Product) -> Made<()> {
        if self.known(at.id).is_some() || self.shared.contains(&at.id) {
            return self.leaf(at, product);
        }
        self.open(at, product)
    }

    /// The node's array as it is.
    fn leaf(&mut self, at: &At<'_>, product: &mut Product) -> Made<()> {
        let value = self.array(at.id)?;
        if value.labels.is_empty() {
            product.scalars.push(value.code);
            return Ok(());
        }
        let index = |l: &Label| match l {
            Label::Axis(axis) => at.bound.get(axis).copied().unwrap_or(Ix::Axis(*axis)),
            Label::Dim(dim) => at.dims[*dim],
        };
        let indices = value.labels.iter().map(index).collect();
        product.factors.push((value.code, indices));
        Ok(())
    }

    fn open(&mut self, at: &At<'_>, product: &mut Product) -> Made<()> {
        let node = self.module.graph.node(at.id);
        let input = |i: usize| node.inputs[i];
        let on = |id, dims| At { id, dims, ..*at };
        match &node.op {
            Op::Neg => {
                product.negative = !product.negative;
                self.factor(&on(input(0), at.dims), product)
            }
            Op::Transpose => {
                let dims = self.turned(self.ty(input(0)), at.dims);
                self.factor(&on(input(0), &dims), product)
            }
            Op::Lift { from, .. } => {
                let dims: Vec<Ix> = from.iter().map(|i| at.dims[*i]).collect();
                self.factor(&on(input(0), &dims), product)
            }
            Op::Collect { axes, .. } => {
                let mut bound = at.bound.clone();
                for (i, axis) in axes.iter().enumerate() {
                    let ix = match at.dims.get(i) {
                        Some(ix) => *ix,
                        None => self.summed(&Size::number(1), "", product),
                    };
                    self.called(ix, *axis);
                    bound.insert(*axis, ix);
                }
                self.factor(&At { id: input(0), dims: &[], bound: &bound, ..*at }, product)
            }
            Op::Scale => {
                let (s, a) = (input(0), input(1));
                let single = self.ty(s).axes.is_empty();
                let one = At { id: s, dims: &[], sums: false, ..*at };
                self.factor(&one, product)?;
                self.factor(&At { sums: at.sums && single, ..on(a, at.dims) }, product)
            }
            Op::Quotient if self.ty(input(1)).axes.is_empty() => {
                let divisor = self.array(input(1))?;
                product.divisors.push(divisor.code);
                self.factor(&on(input(0), at.dims), product)
            }
            Op::Hadamard => {
                self.factor(&At { sums: false, ..on(input(0), at.dims) }, product)?;
                self.factor(&At { sums: false, ..on(input(1), at.dims) }, product)
            }
            Op::DiagVector => {
                let one = at.dims.first().copied();
                let dims = vec![one; self.ty(input(0)).dims.len()];
                let dims: Vec<Ix> = dims.into_iter().flatten().collect();
                self.factor(&on(input(0), &dims), product)
            }
            _ => self.open_sum(at, product),
        }
    }

    /// Ops that sum, and those that read or write entries one by one.
    fn open_sum(&mut self, at: &At<'_>, product: &mut Product) -> Made<()> {
        let node = self.module.graph.node(at.id);
        match &node.op {
            Op::MatMul => self.open_matmul(at, product),
            Op::Inner if at.sums => {
                let dims = self.sums(&self.ty(node.inputs[0]).dims, product);
                for id in &node.inputs {
                    self.factor(&At { id: *id, dims: &dims, sums: false, ..*at }, product)?;
                }
                Ok(())
            }
            Op::Trace if at.sums => {
                let ty = self.ty(node.inputs[0]);
                let one = self.sums(&ty.dims[..ty.dims.len().min(1)], product);
                let dims = [one.clone(), one].concat();
                let inner = At { id: node.inputs[0], dims: &dims[..ty.dims.len()], ..*at };
                self.factor(&inner, product)
            }
            Op::Reduce { op: op @ (BigOp::Sum | BigOp::Mean), over } if at.sums => {
                self.open_reduce(at, *op, over, product)
            }
            Op::Access { positions, .. } if self.is_plain(at.id, positions) => {
                let dims = self.read_at(at.id, positions, at.dims, at.bound, product);
                self.factor(&At { id: node.inputs[0], dims: &dims, ..*at }, product)
            }
            Op::Scatter { positions, over, .. } if self.is_plain_scatter(positions) => {
                let (dims, bound) = self.written_at(at.id, positions, at.dims, at.bound);
                let more = over.iter().any(|a| !bound.contains_key(a));
                if more && !at.sums {
                    return self.leaf(at, product);
                }
                let mut bound = bound;
                for axis in over {
                    if !bound.contains_key(axis) {
                        let name = self.module.axes.get(*axis).name.clone();
                        let ix = self.summed(&self.extent(Ix::Axis(*axis)), &name, product);
                        bound.insert(*axis, ix);
                    }
                }
                let inner = At { id: node.inputs[0], dims: &dims, bound: &bound, ..*at };
                self.factor(&inner, product)
            }
            Op::Access { .. } => {
                let factor = self.entries(at.id, at.dims, at.bound, product)?;
                product.factors.push(factor);
                Ok(())
            }
            _ => self.leaf(at, product),
        }
    }

    fn open_matmul(&mut self, at: &At<'_>, product: &mut Product) -> Made<()> {
        let node = self.module.graph.node(at.id);
        let (a, b) = (self.ty(node.inputs[0]), self.ty(node.inputs[1]));
        let one = Size::number(1);
        let inner = if a.dims.len() == 2 { a.dims[1].clone() } else { one.clone() };
        if !inner.is_one() && !at.sums {
            return self.leaf(at, product);
        }
        let hint = self.module.sizes.text(&inner);
        let k = self.summed(&inner, &hint, product);
        let mut outer = at.dims.to_vec();
        while outer.len() < 2 {
            let ix = self.summed(&one, "", product);
            outer.push(ix);
        }
        let left = [outer[0], k];
        let right = [k, outer[1]];
        let sums = false;
        self.factor(&At { id: node.inputs[0], dims: &left[..a.dims.len()], sums, ..*at }, product)?;
        self.factor(&At { id: node.inputs[1], dims: &right[..b.dims.len()], sums, ..*at }, product)
    }

    fn open_reduce(
        &mut self,
        at: &At<'_>,
        op: BigOp,
        over: &Over,
        product: &mut Product,
    ) -> Made<()> {
        let node = self.module.graph.node(at.id);
        let ty = self.ty(node.inputs[0]);
        let before = product.summed.len();
        let mut bound = at.bound.clone();
        let mut dims = Vec::new();
        if let Over::Named(axes) = over {
            for axis in axes {
                let name = self.module.axes.get(*axis).name.clone();
                let ix = self.summed(&self.extent(Ix::Axis(*axis)), &name, product);
                bound.insert(*axis, ix);
            }
            dims.extend_from_slice(at.dims);
        } else {
            let gone = super::build::over_labels(over, ty);
            let kept = ty.dims.len() - gone.len();
            let mut next = at.dims.iter();
            for (place, dim) in ty.dims.iter().enumerate() {
                let reduced = gone.contains(&Label::Dim(place));
                let ix = if reduced {
                    if kept < at.dims.len() {
                        // The axis is kept with the length 1.
                        next.next();
                    }
                    None
                } else {
                    next.next().copied()
                };
                dims.push(match ix {
                    Some(ix) => ix,
                    None => self.summed(dim, &self.module.sizes.text(dim), product),
                });
            }
        }
        if op == BigOp::Mean {
            let new = product.summed[before..].to_vec();
            product.means.extend(new);
        }
        self.factor(&At { id: node.inputs[0], dims: &dims, bound: &bound, ..*at }, product)
    }

    /// A new index that is summed over.
    pub(super) fn summed(&mut self, length: &Size, hint: &str, product: &mut Product) -> Ix {
        let ix = self.index(length, hint);
        product.summed.push(ix);
        ix
    }

    fn sums(&mut self, dims: &[Size], product: &mut Product) -> Vec<Ix> {
        dims.iter().map(|d| self.summed(d, &self.module.sizes.text(d), product)).collect()
    }

    /// The indices of the input of a transpose.
    fn turned(&mut self, input: &Type, dims: &[Ix]) -> Vec<Ix> {
        match (input.dims.len(), dims) {
            (0, _) => Vec::new(),
            (1, [.., last]) => vec![*last],
            (_, [row, column]) => vec![*column, *row],
            // A row: its result is a column, which has one dim.
            (_, [one]) => vec![self.index(&Size::number(1), ""), *one],
            _ => Vec::new(),
        }
    }
}

/// The index of an axis of the result.
fn at(label: Label, dims: &[Ix]) -> Ix {
    match label {
        Label::Axis(axis) => Ix::Axis(axis),
        Label::Dim(dim) => dims[dim],
    }
}
