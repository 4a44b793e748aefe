//! Where the branches of a node meet: how far away that is, and which branch is taken.

use std::rc::Rc;

use chainrule_syntax::ast::{BigOp, Comparison, NormKind};

use super::{Failure, Interpreter, Tensor};
use crate::index::NodeId;
use crate::op::Op;
use crate::record::{Reference, Whole};
use crate::scalar::Scalar;
use crate::types::Kind;

/// What is asked of a node with branches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ask {
    /// How far each entry is from another branch.
    Distance,
    /// Which branch each entry takes, as a number.
    Branch,
}

impl<S: Reference> Interpreter<'_, S> {
    /// What is asked of a node, its inputs read by `part`; `None` if it has no branches.
    pub(crate) fn branches(
        &mut self,
        id: NodeId,
        ask: Ask,
        part: fn(S) -> f64,
    ) -> Result<Option<Tensor<f64>>, Failure> {
        let module = self.module;
        let node = module.graph.node(id);
        let known = node.inputs.iter().map(|i| Ok(Rc::new(self.value(*i)?.map(part))));
        let smooth = |i: &NodeId| {
            let ty = module.graph.ty(*i);
            !matches!(ty.kind, Kind::Label(_) | Kind::Integer | Kind::Truth | Kind::Mask)
        };
        let mut found = match &node.op {
            Op::Compare { op: Comparison::Equal | Comparison::NotEqual } => return Ok(None),
            op if op.def().kink.is_some() => {
                // A comparison with a count is settled by sizes; a maximum with one is a kink.
                let moves = match op {
                    Op::Compare { .. } => node.inputs.iter().all(smooth),
                    _ => node.inputs.iter().any(smooth),
                };
                if !moves {
                    return Ok(None);
                }
                let inputs: Vec<_> = known.collect::<Result<_, Failure>>()?;
                let Some(kink) = op.def().kink else { return Ok(None) };
                self.entrywise(op, kink, &inputs, &node.ty)?
            }
            Op::Reduce { op: BigOp::Max | BigOp::Min, .. } => {
                let inputs: Vec<_> = known.collect::<Result<_, Failure>>()?;
                let f = if ask == Ask::Distance { fold_gap } else { fold_place };
                return self.whole(id, f, &inputs).map(Some);
            }
            Op::Norm { kind: NormKind::One } => {
                Tensor::clone(&*self.value(node.inputs[0])?).map(part)
            }
            Op::Norm { kind: NormKind::Plain | NormKind::Two | NormKind::Frobenius }
                if ask == Ask::Distance =>
            {
                self.value(id)?.map(part)
            }
            _ => return Ok(None),
        };
        let turn = if ask == Ask::Distance { f64::abs } else { f64::signum };
        found.data.iter_mut().for_each(|x| *x = turn(*x));
        Ok(Some(found))
    }
}

impl<S: Reference> Interpreter<'_, S> {
    /// Numbers that the file writes in decimal, with all digits of the type: `0.1` is a tenth.
    pub(crate) fn decimals(&mut self) {
        for id in self.module.graph.ids() {
            let node = self.module.graph.node(id);
            if let Op::Number { bits } = node.op
                && let Some(value) = decimal(f64::from_bits(bits))
                && let Ok(shape) = self.shape(&node.ty)
            {
                let filled = Tensor::filled(node.ty.axes.clone(), shape, value);
                self.memo[id.index()] = Some(Rc::new(filled));
            }
        }
    }

    /// The least and the largest magnitude of what was evaluated, zeros and infinities aside.
    pub(crate) fn magnitudes(&self) -> (f64, f64) {
        let entries = self.memo.iter().flatten().flat_map(|v| &v.data);
        let sizes = entries.map(|x| x.real().abs()).filter(|x| *x > 0.0 && x.is_finite());
        sizes.fold((f64::INFINITY, 0.0), |(low, high), x| (low.min(x), high.max(x)))
    }

    /// Whether a value that is never 0 (or 1) is: the digits or the exponents ended.
    pub(crate) fn saturated(&self) -> bool {
        let (zero, one) = (S::from_f64(0.0), S::from_f64(1.0));
        self.module.graph.ids().into_iter().any(|id| {
            let Some(value) = &self.memo[id.index()] else { return false };
            let ends: &[S] = match self.module.graph.node(id).op {
                Op::Exp | Op::Softplus => &[zero],
                Op::Sigmoid | Op::Softmax { .. } => &[zero, one],
                Op::Tanh => &[-one, one],
                _ => &[],
            };
            !ends.is_empty() && value.data.iter().any(|x| ends.contains(x))
        })
    }

    /// How much work a node is: the terms of its sums, or its entries.
    pub(crate) fn work(&self, id: NodeId) -> Result<usize, Failure> {
        let node = self.module.graph.node(id);
        let entries: usize = self.shape(&node.ty)?.iter().product();
        let mut most = entries;
        for input in &node.inputs {
            let ty = self.module.graph.ty(*input);
            let own: usize = self.shape(ty)?.iter().product();
            most = match node.op {
                Op::MatMul => most.max(own * entries / self.rows(ty)?.max(1)),
                // A sum of products over its own indices: counted as if nothing were shared.
                _ => most.max(own),
            };
        }
        Ok(most)
    }

    fn rows(&self, ty: &crate::types::Type) -> Result<usize, Failure> {
        let rows: usize = self.shape(ty)?.iter().take(ty.axes.len() + 1).product();
        Ok(rows)
    }
}

/// The shortest decimal of a number that has a fraction; `None` where that says no more.
fn decimal<S: Scalar>(value: f64) -> Option<S> {
    if value.fract() == 0.0 || !value.is_finite() {
        return None;
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e')?;
    let places = digits.split_once('.').map_or(0, |(_, rest)| rest.len());
    let whole: i128 = digits.replace('.', "").parse().ok()?;
    let exponent = exponent.parse::<i32>().ok()? - i32::try_from(places).ok()?;
    let power = u32::try_from(-exponent).ok().filter(|e| *e <= 36)?;
    Some(S::from_ratio(whole, 10_i128.pow(power)))
}

/// The entries of each group of a fold, and the sign under which the best is the greatest.
fn groups(w: &Whole<'_>, inputs: &[&[f64]]) -> (Vec<Vec<f64>>, f64) {
    let sign = if matches!(w.op, Op::Reduce { op: BigOp::Min, .. }) { -1.0 } else { 1.0 };
    let dims = &w.inputs[0];
    let kept: Vec<usize> = (0..dims.len()).filter(|i| !w.places.contains(i)).collect();
    let count = kept.iter().map(|i| dims[*i]).product();
    let mut groups = vec![Vec::new(); count];
    let mut index = vec![0; dims.len()];
    for x in inputs[0] {
        let at = kept.iter().fold(0, |at, i| at * dims[*i] + index[*i]);
        groups[at].push(sign * x);
        super::tensor::advance(&mut index, dims);
    }
    (groups, sign)
}

/// How far the second best entry of each group is behind the best.
fn fold_gap(w: &Whole<'_>, inputs: &[&[f64]]) -> Option<Vec<f64>> {
    let gap = |group: &Vec<f64>| {
        let best = group.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let at = group.iter().position(|x| *x == best);
        let rest = group.iter().enumerate().filter(|(i, _)| Some(*i) != at).map(|(_, x)| *x);
        best - rest.fold(f64::NEG_INFINITY, f64::max)
    };
    Some(groups(w, inputs).0.iter().map(gap).collect())
}

/// The place of the best entry of each group.
fn fold_place(w: &Whole<'_>, inputs: &[&[f64]]) -> Option<Vec<f64>> {
    let place = |group: &Vec<f64>| {
        let best = group.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        group.iter().position(|x| *x == best).unwrap_or(0) as f64
    };
    Some(groups(w, inputs).0.iter().map(place).collect())
}
