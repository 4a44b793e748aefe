//! Softmax and its relatives: they run over the axes that are no batch axes.

pub(crate) mod axis;
pub(crate) mod cross_entropy;
pub(crate) mod log_softmax;
pub(crate) mod log_sum_exp;
pub(crate) mod softmax;

use chainrule_syntax::ast::BigOp;

use crate::index::NodeId;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef, Over};
use crate::ops::fold;
use crate::record::{At, Differential, Eval, Lowering, Made, Reach, Sample, Wholes};
use crate::scalar::Scalar;
use crate::terms::Terms;
use crate::types::Type;
use axis::{axis, given};

fn reach(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Reach {
    let places = axis(op, inputs[0], c).ok().flatten().into_iter().collect();
    Reach { axes: Vec::new(), places }
}

/// For each line along the axis: the places of its entries.
fn lines(dims: &[usize], places: &[usize]) -> Vec<Vec<usize>> {
    // Without an axis (a number for each sample) every entry is a line.
    let Some(&axis) = places.first() else {
        return (0..dims.iter().product()).map(|i| vec![i]).collect();
    };
    let inner: usize = dims[axis + 1..].iter().product();
    let outer: usize = dims[..axis].iter().product();
    let n = dims[axis];
    let line = |o: usize, i: usize| (0..n).map(|k| (o * n + k) * inner + i).collect();
    let all = (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i)));
    all.map(|(o, i)| line(o, i)).collect()
}

/// `log(sum(exp(x)))` of one line, about its greatest entry.
fn log_sum<S: Scalar>(x: &[S], line: &[usize]) -> S {
    let top = line.iter().map(|i| x[*i].real()).fold(f64::NEG_INFINITY, f64::max);
    let top = S::from_f64(top);
    let sum = line.iter().fold(S::from_f64(0.0), |sum, i| sum + (x[*i] - top).exp());
    sum.ln() + top
}

/// The same op family along the same axis.
fn softmax_of(t: &mut Terms<'_>, at: &At) -> Made {
    t.op(Op::Softmax { axis: given(&at.op) }, &at.inputs[..1])
}

/// `sum(W .* X)` along the axis, in the shape of the result.
fn weighted_sum(t: &mut Terms<'_>, at: &At, w: NodeId, x: NodeId) -> Made {
    let product = t.times(w, x)?;
    let (ty, dims) = (t.ty(at.inputs[0]), t.ty(at.node).dims);
    let sum = match axis(&at.op, &ty, &t.context())? {
        Some(axis) => t.sum_dims(product, vec![axis])?,
        None => product,
    };
    t.reshape(sum, &dims)
}

/// The parts of all of them, in exponentials, sums and extrema.
struct Parts {
    over: Over,
    top: NodeId,
    /// `z - top`
    shifted: NodeId,
    /// `exp(z - top)`
    powers: NodeId,
    sum: NodeId,
}

impl Parts {
    fn of(t: &mut Terms<'_>, at: &At) -> Result<Parts, Misfit> {
        let z = at.inputs[0];
        let ty = t.ty(z);
        let over = match axis(&at.op, &ty, &t.context())? {
            Some(axis) => Over::Dims(vec![axis]),
            None if ty.is_scalar() => Over::All,
            None => Over::Dims(Vec::new()),
        };
        let top = t.op(Op::Reduce { op: BigOp::Max, over: over.clone() }, &[z])?;
        let copies = fold::spread(t, top, &over, &ty)?;
        let shifted = t.sub(z, copies)?;
        let powers = t.op(Op::Exp, &[shifted])?;
        let sum = t.op(Op::Reduce { op: BigOp::Sum, over: over.clone() }, &[powers])?;
        Ok(Parts { over, top, shifted, powers, sum })
    }
}

const fn call(
    name: &'static str,
    infer: Infer,
    cost: Cost,
    eval: Wholes,
    differential: Differential,
    expand: fn(&mut Terms<'_>, &At) -> Made,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost,
        eval: Eval::Whole(eval),
        spec: None,
        reach: Some(reach),
        differential,
        lowering: Lowering::Expand(expand),
        kink: None,
        samples,
    }
}
