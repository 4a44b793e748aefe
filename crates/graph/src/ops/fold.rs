//! Reductions and what their derivatives need: which axes they run over, and copies back.

pub(crate) mod first;
pub(crate) mod others;
pub(crate) mod reduce;

use chainrule_syntax::ast::BigOp;

use crate::index::NodeId;
use crate::op::{Context, Op, Over};
use crate::record::{Made, Reach};
use crate::scalar::Scalar;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// The dims that a reduction runs over.
fn dims_of(over: &Over, x: &Type) -> Vec<usize> {
    match over {
        Over::All => (0..x.dims.len()).collect(),
        Over::Axis(at) | Over::Batch(at) => vec![*at],
        Over::Dims(places) => places.clone(),
        Over::Named(_) => Vec::new(),
    }
}

fn over(op: &Op) -> &Over {
    match op {
        Op::Reduce { over, .. } | Op::First { over, .. } | Op::Others { over } => over,
        _ => &Over::All,
    }
}

fn reach(op: &Op, inputs: &[&Type], _: &Context<'_>) -> Reach {
    match over(op) {
        Over::Named(axes) => Reach { axes: axes.clone(), places: (0..axes.len()).collect() },
        other => Reach { axes: Vec::new(), places: dims_of(other, inputs[0]) },
    }
}

/// For every entry of an array: which group it belongs to (row-major over the kept dims).
fn groups(dims: &[usize], places: &[usize]) -> (usize, Vec<usize>) {
    let kept: Vec<usize> = (0..dims.len()).filter(|i| !places.contains(i)).collect();
    let count = kept.iter().map(|i| dims[*i]).product();
    let total: usize = dims.iter().product();
    let mut index = vec![0; dims.len()];
    let mut of = Vec::with_capacity(total);
    for _ in 0..total {
        of.push(kept.iter().fold(0, |at, i| at * dims[*i] + index[*i]));
        for i in (0..dims.len()).rev() {
            index[i] += 1;
            if index[i] < dims[i] {
                break;
            }
            index[i] = 0;
        }
    }
    (count, of)
}

/// The place of the first extreme entry of each group.
fn extremes<S: Scalar>(word: BigOp, x: &[S], groups: &(usize, Vec<usize>)) -> Vec<Option<usize>> {
    let mut best: Vec<Option<usize>> = vec![None; groups.0];
    for (at, group) in groups.1.iter().enumerate() {
        let better = match best[*group] {
            None => true,
            Some(old) if word == BigOp::Max => x[at].real() > x[old].real(),
            Some(old) => x[at].real() < x[old].real(),
        };
        if better {
            best[*group] = Some(at);
        }
    }
    best
}

/// The transpose of a sum: copies along what was summed.
pub(super) fn spread(t: &mut Terms<'_>, y: NodeId, over: &Over, x: &Type) -> Made {
    let from: Vec<usize> = match over {
        Over::Named(axes) => {
            let op = Op::Lift { axes: axes.clone(), dims: x.dims.clone(), from: all(x) };
            return t.op(op, &[y]);
        }
        _ => {
            let places = dims_of(over, x);
            (0..x.dims.len()).filter(|i| !places.contains(i)).collect()
        }
    };
    let kept: Vec<Size> = from.iter().map(|i| x.dims[*i].clone()).collect();
    // A sum of all dims leaves a number, and a number may be kept as one entry.
    let y = t.reshape(y, &kept)?;
    let node = t.graph.node(y).clone();
    if node.op == Op::Neg {
        let copies = spread(t, node.inputs[0], over, x)?;
        return t.neg(copies);
    }
    if let (Op::Lift { from, axes, .. }, false) = (&node.op, kept.is_empty())
        && from.is_empty()
        && axes.is_empty()
    {
        // Copies of copies of a number.
        let op = Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from: Vec::new() };
        return t.op(op, &node.inputs);
    }
    t.op(Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from }, &[y])
}

fn all(x: &Type) -> Vec<usize> {
    (0..x.dims.len()).collect()
}
