//! Ops that are neither entry by entry nor sums of products: each is a function of the library.

use chainrule_graph::op::{Op, Over};
use chainrule_graph::{NodeId, Size, Type};
use chainrule_syntax::ast::{BigOp, NormKind};

use super::build::{Builder, Ix, Label, Made, Value, over_labels};
use super::code::{Code, Fold, Form, Infix, Prim};
use super::contract::Product;

impl Builder<'_> {
    /// The value of an op with a function of its own.
    pub(super) fn special(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        match &node.op {
            Op::Softmax { .. } => self.soft(id, Prim::Softmax),
            Op::LogSoftmax { .. } => self.soft(id, Prim::LogSoftmax),
            Op::LogSumExp { .. } => self.soft(id, Prim::LogSumExp),
            Op::ArgMax => self.soft(id, Prim::ArgMax),
            Op::CrossEntropy => self.cross_entropy(id),
            Op::OneHot => self.one_hot(id),
            Op::First { op: BigOp::Max, over } => self.marked(id, Prim::FirstMax, over),
            Op::First { over, .. } => self.marked(id, Prim::FirstMin, over),
            Op::Others { over } => self.marked(id, Prim::Others, over),
            Op::Norm { kind } => self.norm(id, *kind),
            Op::Direction => self.on_dims(id, Prim::Direction),
            Op::SpectralDirection => self.on_matrix(id, Prim::SpectralDirection, None),
            Op::Inverse => self.on_matrix(id, Prim::Inverse, None),
            Op::PseudoInverse => self.on_matrix(id, Prim::PseudoInverse, None),
            Op::MatrixPower { power } => {
                self.on_matrix(id, Prim::MatrixPower, Some(*power as usize))
            }
            Op::Det => self.on_matrix(id, Prim::Det, None),
            Op::LogDet => self.on_matrix(id, Prim::LogDet, None),
            Op::Diag => self.diagonal(id),
            Op::Kron => self.kron(id),
            Op::Vec { row } => {
                let input = node.inputs[0];
                let code = self.full(input)?;
                let axes = self.ty(input).axes.len();
                let turned = (axes..code.rank).rev();
                let order: Vec<usize> = (0..axes).chain(turned).collect();
                let code = if *row { code } else { code.permuted(&order) };
                Ok(self.reshaped(code, &node.ty))
            }
            Op::Reshape { .. } => {
                let code = self.full(node.inputs[0])?;
                Ok(self.reshaped(code, &node.ty))
            }
            _ => Err(self.unsupported(id)),
        }
    }

    /// The place, among all axes of the array, of the one that the op runs over.
    fn along(&self, id: NodeId) -> Option<usize> {
        let node = self.module.graph.node(id);
        let ty = self.ty(node.inputs[0]);
        let types: Vec<&Type> = node.inputs.iter().map(|i| self.ty(*i)).collect();
        let reach = node.op.def().reach?;
        let places = reach(&node.op, &types, &self.module.context()).places;
        places.first().map(|at| ty.axes.len() + at)
    }

    fn soft(&mut self, id: NodeId, prim: Prim) -> Made<Value> {
        let node = self.module.graph.node(id);
        let input = node.inputs[0];
        let code = self.full(input)?;
        let ty = self.ty(input);
        let Some(at) = self.along(id) else {
            // One entry.
            return match prim {
                Prim::Softmax => Ok(Value { code: Code::number(1.0), labels: Vec::new() }),
                Prim::LogSumExp => Ok(Value { code, labels: self.labels(&node.ty) }),
                Prim::LogSoftmax => Ok(Value { code: Code::number(0.0), labels: Vec::new() }),
                _ => Err(self.unsupported(id)),
            };
        };
        let all = self.labels(ty);
        let rank = code.rank;
        if matches!(prim, Prim::Softmax | Prim::LogSoftmax) {
            return Ok(Value { code: Code::along(prim, vec![code], at, rank), labels: all });
        }
        let code = Code::along(prim, vec![code], at, rank - 1);
        Ok(self.without(code, ty, all[at], &node.ty))
    }

    /// A reduction over one axis, with the axes of the result.
    fn without(&self, code: Code, ty: &Type, gone: Label, out: &Type) -> Value {
        let kept: Vec<Label> = self.labels(ty).into_iter().filter(|l| *l != gone).collect();
        let labels = self.kept_dims(&kept, ty, &[gone], out);
        self.without_ones(code, labels)
    }

    /// `logsumexp(z) - z[y]`
    fn cross_entropy(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let (z, y) = (node.inputs[0], node.inputs[1]);
        let ty = self.ty(z);
        let Some(at) = self.along(id) else { return Err(self.unsupported(id)) };
        let code = self.full(z)?;
        let rank = code.rank;
        let all = self.labels(ty);
        let total = Code::along(Prim::LogSumExp, vec![code.clone()], at, rank - 1);
        let total = self.without(total, ty, all[at], &node.ty);
        let dims = self.indices(&ty.dims);
        let own = |l: &Label, dims: &[Ix]| match l {
            Label::Axis(axis) => Ix::Axis(*axis),
            Label::Dim(at) => dims[*at],
        };
        let class = at - ty.axes.len();
        let rest: Vec<Ix> = (0..dims.len()).filter(|i| *i != class).map(|i| dims[i]).collect();
        let label = self.array(y)?;
        let label_axes: Vec<Ix> = label.labels.iter().map(|l| own(l, &rest)).collect();
        let slots: Vec<Option<Ix>> =
            all.iter().enumerate().map(|(i, l)| (i != at).then(|| own(l, &dims))).collect();
        let factor = self.chosen(code, slots, &label.code, &label_axes)?;
        let mut product = Product::default();
        for one in rest.iter().skip(node.ty.dims.len()) {
            product.summed.push(*one);
        }
        product.factors.push(factor);
        let outs: Vec<(Label, Ix)> =
            self.labels(&node.ty).into_iter().map(|l| (l, own(&l, &rest))).collect();
        let entry = self.finished(product, &outs);
        let has = |l: &Label| entry.labels.contains(l) || total.labels.contains(l);
        let labels: Vec<Label> = self.labels(&node.ty).into_iter().filter(has).collect();
        let (a, b) = (Builder::aligned(total, &labels), Builder::aligned(entry, &labels));
        Ok(Value { code: Code { rank: labels.len(), ..Code::infix(Infix::Sub, a, b) }, labels })
    }

    /// The classes in a last axis, which is then put where the type has it.
    fn one_hot(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let label = self.array(node.inputs[0])?;
        let rank = label.labels.len() + 1;
        let classes = node.ty.dims.first().cloned().unwrap_or_else(|| Size::number(1));
        let code = Code::sized(Prim::OneHot, vec![label.code], vec![classes], rank);
        let mut own: Vec<Label> = label
            .labels
            .iter()
            .map(|l| if let Label::Dim(at) = l { Label::Dim(at + 1) } else { *l })
            .collect();
        own.push(Label::Dim(0));
        Ok(self.sorted(code, &own, &node.ty))
    }

    /// The axes in the order of the type.
    pub(super) fn sorted(&self, code: Code, own: &[Label], ty: &Type) -> Value {
        let labels: Vec<Label> = self.labels(ty).into_iter().filter(|l| own.contains(l)).collect();
        let order: Vec<usize> =
            labels.iter().filter_map(|l| own.iter().position(|o| o == l)).collect();
        Value { code: code.permuted(&order), labels }
    }

    /// A function of the last axes, with a result of the same shape.
    fn marked(&mut self, id: NodeId, prim: Prim, over: &Over) -> Made<Value> {
        let input = self.module.graph.node(id).inputs[0];
        let ty = self.ty(input);
        let code = self.full(input)?;
        let all = self.labels(ty);
        let gone = over_labels(over, ty);
        let mut own: Vec<Label> = all.iter().filter(|l| !gone.contains(l)).copied().collect();
        own.extend(&gone);
        let order: Vec<usize> =
            own.iter().filter_map(|l| all.iter().position(|a| a == l)).collect();
        let rank = code.rank;
        let code = Code::along(prim, vec![code.permuted(&order)], gone.len(), rank);
        Ok(self.sorted(code, &own, ty))
    }

    fn norm(&mut self, id: NodeId, kind: NormKind) -> Made<Value> {
        let node = self.module.graph.node(id);
        let ty = self.ty(node.inputs[0]);
        let code = self.full(node.inputs[0])?;
        let labels = self.labels(&node.ty);
        let (first, rank) = (ty.axes.len(), code.rank);
        let dims: Vec<usize> = (first..rank).collect();
        let code = match kind {
            NormKind::One => Code::call(Prim::Abs, vec![code], rank).folded(Fold::Sum, dims),
            NormKind::Infinity => Code::call(Prim::Abs, vec![code], rank).folded(Fold::Max, dims),
            NormKind::Spectral if ty.dims.len() == 2 => {
                Code::call(Prim::SpectralNorm, vec![code], first)
            }
            _ if rank == 0 => Code::call(Prim::Abs, vec![code], 0),
            _ if first == 0 => Code::call(Prim::Norm, vec![code], 0),
            _ => {
                let square = Code::infix(Infix::Mul, code.clone(), code);
                Code::call(Prim::Sqrt, vec![square.folded(Fold::Sum, dims)], first)
            }
        };
        Ok(Value { code, labels })
    }

    /// A function that runs over all dims and keeps them.
    fn on_dims(&mut self, id: NodeId, prim: Prim) -> Made<Value> {
        let node = self.module.graph.node(id);
        let code = self.full(node.inputs[0])?;
        let rank = code.rank;
        let dims = node.ty.dims.len();
        let code = Code::along(prim, vec![code], dims, rank);
        Ok(Value { code, labels: self.labels(&node.ty) })
    }

    /// A function of matrices, for each point of the axes.
    fn on_matrix(&mut self, id: NodeId, prim: Prim, power: Option<usize>) -> Made<Value> {
        let node = self.module.graph.node(id);
        let input = self.ty(node.inputs[0]);
        let code = self.full(node.inputs[0])?;
        let axes = input.axes.len();
        let matrix = match input.dims.len() {
            2 => code,
            1 => {
                let own: Vec<bool> = (0..=code.rank).map(|i| i < code.rank).collect();
                code.expanded(&own)
            }
            _ => {
                let dims = [Size::number(1), Size::number(1)].to_vec();
                let dims = self.with_axes(input, dims);
                fitted(code, dims)
            }
        };
        let number = matches!(prim, Prim::Det | Prim::LogDet);
        let rank = if number { axes } else { axes + 2 };
        let code = match power {
            Some(power) => Code::along(prim, vec![matrix], power, rank),
            None => Code::call(prim, vec![matrix], rank),
        };
        if number || node.ty.dims.len() == 2 {
            return Ok(Value { code, labels: self.labels(&node.ty) });
        }
        if node.ty.dims.is_empty() {
            let entry = (0..rank).map(|i| (i >= axes).then(|| Size::number(0))).collect();
            return Ok(Value { code: code.picked(entry), labels: self.labels(&node.ty) });
        }
        Ok(self.reshaped(code, &node.ty))
    }

    fn diagonal(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let code = self.full(node.inputs[0])?;
        let labels = self.labels(&node.ty);
        if code.rank == 1 && labels.len() == 2 {
            return Ok(Value { code: Code::call(Prim::Diag, vec![code], 2), labels });
        }
        let Some(n) = node.ty.dims.first().filter(|_| node.ty.dims.len() == 2) else {
            return Ok(Value { code, labels });
        };
        let eye = Code::sized(Prim::Eye, Vec::new(), vec![n.clone()], 2);
        let rank = code.rank + 1;
        let own: Vec<bool> = (0..rank).map(|i| i + 1 < rank).collect();
        let code = Code::infix(Infix::Mul, code.expanded(&own), eye);
        Ok(Value { code: Code { rank, ..code }, labels })
    }

    fn kron(&mut self, id: NodeId) -> Made<Value> {
        let node = self.module.graph.node(id);
        let mut args = Vec::new();
        let columns = node.inputs.iter().all(|i| self.ty(*i).dims.len() == 1);
        if node.ty.axes.is_empty() {
            for input in &node.inputs {
                let code = self.full(*input)?;
                let column = code.rank == 1 && !columns;
                args.push(if column { code.expanded(&[true, false]) } else { code });
            }
            let rank = args.iter().map(|a| a.rank).max().unwrap_or(0);
            let code = match (args[0].rank, args[1].rank) {
                (0, _) | (_, 0) => {
                    Code { rank, ..Code::infix(Infix::Mul, args.remove(0), args.remove(0)) }
                }
                _ => Code::call(Prim::Kron, args, rank),
            };
            return Ok(self.fit(code, &node.ty));
        }
        // `y[p i + k, q j + l] = a[i,j] b[k,l]`: four axes, then two.
        let mut product = Product::default();
        let mut four: Vec<[Option<Ix>; 2]> = Vec::new();
        for input in &node.inputs {
            let ty = self.ty(*input);
            let dims = self.indices(&ty.dims);
            let part = self.factors_of(*input, &dims, &Default::default())?;
            product.factors.extend(part.factors);
            product.scalars.extend(part.scalars);
            product.divisors.extend(part.divisors);
            product.summed.extend(part.summed);
            product.means.extend(part.means);
            product.negative ^= part.negative;
            four.push([dims.first().copied(), dims.get(1).copied()]);
        }
        let dims: Vec<Ix> = (0..2).flat_map(|i| [four[0][i], four[1][i]]).flatten().collect();
        let axes: Vec<(Label, Ix)> =
            node.ty.axes.iter().map(|a| (Label::Axis(*a), Ix::Axis(*a))).collect();
        let first = axes.len();
        let outs: Vec<(Label, Ix)> = axes
            .into_iter()
            .chain(dims.iter().enumerate().map(|(i, ix)| (Label::Dim(i), *ix)))
            .collect();
        let lengths: Vec<Size> = dims.iter().map(|ix| self.extent(*ix)).collect();
        let value = self.finished(product, &outs);
        debug_assert!(value.labels.len() <= first + lengths.len());
        let wide =
            Type { axes: node.ty.axes.clone(), dims: lengths, kind: chainrule_graph::Kind::Real };
        let code = self.whole(value, &wide);
        Ok(self.fit(code, &node.ty))
    }

    fn with_axes(&self, ty: &Type, dims: Vec<Size>) -> Vec<Size> {
        let axes = self.labels(ty).into_iter().filter(|l| matches!(l, Label::Axis(_)));
        axes.map(|l| self.length(ty, l)).chain(dims).collect()
    }

    /// The same entries with the axes of a type, if there are not as many.
    fn fit(&self, code: Code, ty: &Type) -> Value {
        let labels = self.labels(ty);
        if code.rank == labels.len() { Value { code, labels } } else { self.reshaped(code, ty) }
    }

    /// The same entries, row-major, with the dims of a type.
    fn reshaped(&self, code: Code, ty: &Type) -> Value {
        let dims = self.with_axes(ty, ty.dims.clone());
        Value { code: fitted(code, dims), labels: self.labels(ty) }
    }
}

fn fitted(code: Code, dims: Vec<Size>) -> Code {
    let rank = dims.len();
    if code.rank == 0 {
        return match code.form {
            Form::Number(1.0) => Code::sized(Prim::Ones, Vec::new(), dims, rank),
            _ => Code::sized(Prim::Full, vec![code], dims, rank),
        };
    }
    Code::sized(Prim::Reshape, vec![code], dims, rank)
}
