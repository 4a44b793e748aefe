//! How far a point is from where branches meet, and how large and well posed its values are.

use chainrule_graph::Op;
use chainrule_graph::index::NodeId;
use chainrule_graph::interpret::Tensor;
use chainrule_graph::op::Over;
use chainrule_graph::scalar::linalg;
use chainrule_graph::{Kind, Module, Node};
use chainrule_syntax::ast::{BigOp, NormKind};

const LARGEST: f64 = 1e4;
const CONDITION: f64 = 1e6;
const MARGIN: f64 = 1e-3;

/// Why a point is drawn again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Bad {
    /// An entry beyond `1e4`, or none at all.
    Large,
    /// A matrix of a condition beyond `1e6`.
    Condition,
    /// Branches meet within `1e-3`.
    Kink,
    /// The derivative all but vanishes, or loses more digits than the checks allow.
    Digits,
}

/// The first reason against a point, from the value of each node.
pub(crate) fn bad(
    module: &Module,
    nodes: &[NodeId],
    value: impl Fn(NodeId) -> std::rc::Rc<Tensor<f64>>,
) -> Option<Bad> {
    for id in nodes {
        let node = module.graph.node(*id);
        let own = value(*id);
        if !own.data.iter().all(|v| v.abs() <= LARGEST) {
            return Some(Bad::Large);
        }
        let inputs: Vec<_> = node.inputs.iter().map(|i| value(*i)).collect();
        let tensors: Vec<&Tensor<f64>> = inputs.iter().map(|x| &**x).collect();
        if matches!(node.op, Op::Inverse | Op::Det | Op::LogDet | Op::PseudoInverse)
            && condition(tensors[0], node.op == Op::PseudoInverse) > CONDITION
        {
            return Some(Bad::Condition);
        }
        if margin(module, node, &tensors) < MARGIN {
            return Some(Bad::Kink);
        }
    }
    None
}

/// The worst condition of the blocks, or of their Gram matrices: a pseudo-inverse is made of those.
fn condition(x: &Tensor<f64>, squared: bool) -> f64 {
    let dims = x.dims();
    let (n, m) = (dims.first().copied().unwrap_or(1), dims.get(1).copied().unwrap_or(1));
    let small = n.min(m);
    let of = |block: &[f64]| {
        let at = |i: usize, j: usize| block[i * m + j];
        let dot = |a: usize, b: usize| -> f64 {
            if n <= m {
                (0..m).map(|k| at(a, k) * at(b, k)).sum()
            } else {
                (0..n).map(|k| at(k, a) * at(k, b)).sum()
            }
        };
        if !squared {
            return linalg::condition(n, block);
        }
        let gram: Vec<f64> = (0..small * small).map(|p| dot(p / small, p % small)).collect();
        linalg::condition(small, &gram)
    };
    x.data.chunks(n * m).map(of).fold(0.0, f64::max)
}

/// The least distance from a meeting of branches.
fn margin(module: &Module, node: &Node, inputs: &[&Tensor<f64>]) -> f64 {
    let least = |x: &[f64]| x.iter().fold(f64::INFINITY, |a, b| a.min(b.abs()));
    match &node.op {
        Op::Reduce { op: BigOp::Max | BigOp::Min, over } | Op::First { over, .. } => {
            let lowest = matches!(
                node.op,
                Op::Reduce { op: BigOp::Min, .. } | Op::First { op: BigOp::Min, .. }
            );
            runner_up(inputs[0], over, if lowest { -1.0 } else { 1.0 })
        }
        Op::ArgMax => runner_up(inputs[0], &Over::Dims(vec![0]), 1.0),
        Op::Norm { kind: NormKind::One } => least(&inputs[0].data),
        Op::Norm { kind: NormKind::Infinity } => {
            let size = Tensor {
                data: inputs[0].data.iter().map(|v| v.abs()).collect(),
                ..inputs[0].clone()
            };
            runner_up(&size, &Over::All, 1.0).min(size.largest())
        }
        Op::Norm { .. } | Op::Direction => lengths(inputs[0]),
        _ => match node.op.def().kink {
            Some(kink) if !labels(module, node) => kinked(node, kink, inputs),
            _ => f64::INFINITY,
        },
    }
}

/// Labels and whole numbers do not move.
fn labels(module: &Module, node: &Node) -> bool {
    let still = |i: &NodeId| {
        matches!(module.graph.ty(*i).kind, Kind::Label(_) | Kind::Integer | Kind::Mask)
    };
    node.inputs.iter().all(still)
}

/// The least distance over all entries; inputs are paired from the end, as axes stand in front.
fn kinked(node: &Node, kink: chainrule_graph::record::KinkFn, inputs: &[&Tensor<f64>]) -> f64 {
    let count = inputs.iter().map(|x| x.data.len()).max().unwrap_or(0);
    let entry = |at: usize| {
        let args: Vec<f64> = inputs.iter().map(|x| x.data[at % x.data.len()]).collect();
        kink(&node.op, &args).abs()
    };
    (0..count).map(entry).fold(f64::INFINITY, f64::min)
}

/// The least Euclidean length of a block.
fn lengths(x: &Tensor<f64>) -> f64 {
    let block: usize = x.dims().iter().product();
    let length = |b: &[f64]| b.iter().map(|v| v * v).sum::<f64>().sqrt();
    x.data.chunks(block.max(1)).map(length).fold(f64::INFINITY, f64::min)
}

/// The least distance of a group's greatest entry from the next.
fn runner_up(x: &Tensor<f64>, over: &Over, sign: f64) -> f64 {
    let axes = x.axes.len();
    let reduced = |place: usize| match over {
        Over::All => place >= axes,
        Over::Axis(at) | Over::Batch(at) => place == axes + at,
        Over::Dims(places) => place >= axes && places.contains(&(place - axes)),
        Over::Named(named) => place < axes && named.contains(&x.axes[place]),
    };
    let group = |mut at: usize| {
        let mut key = 0;
        for (place, n) in x.shape.iter().enumerate().rev() {
            key = key * 16 + if reduced(place) { 0 } else { at % n };
            at /= n;
        }
        key
    };
    let mut best = std::collections::BTreeMap::new();
    for (at, v) in x.data.iter().enumerate() {
        let (first, second) =
            best.entry(group(at)).or_insert((f64::NEG_INFINITY, f64::NEG_INFINITY));
        let v = sign * v;
        if v > *first {
            *second = *first;
            *first = v;
        } else if v > *second {
            *second = v;
        }
    }
    best.values().map(|(first, second)| first - second).fold(f64::INFINITY, f64::min)
}
