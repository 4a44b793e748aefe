//! How good a point is: far from every kink, no relu dead or always on, no softmax saturated.

use std::collections::BTreeSet;

use super::collect;
use crate::index::NodeId;
use crate::interpret::{Ask, Failure, Interpreter};
use crate::module::Module;
use crate::op::Op;
use crate::scalar::Frozen;

/// A softmax with a larger entry than this is saturated.
const SATURATED: f64 = 0.999;

/// The terms with branches below some terms and behind their names.
pub(super) fn nodes(module: &Module, roots: &[NodeId]) -> Vec<NodeId> {
    let mut found = BTreeSet::new();
    for root in roots {
        found.extend(collect::behind(module, *root));
    }
    let branches = |id: &NodeId| {
        let op = &module.graph.node(*id).op;
        op.def().kink.is_some()
            || matches!(op, Op::Reduce { .. } | Op::Norm { .. } | Op::Softmax { .. })
    };
    found.into_iter().filter(branches).collect()
}

/// What is known of a point.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Quality {
    /// The least distance from a kink. A distance of exactly 0 is no chance: a mask or a tie of
    /// zeros that stays.
    pub(super) distance: f64,
    /// How many terms are all on, all off or saturated.
    pub(super) dull: usize,
}

pub(super) fn quality(
    module: &Module,
    it: &mut Interpreter<'_, f64>,
    nodes: &[NodeId],
) -> Result<Quality, Failure> {
    let mut quality = Quality { distance: f64::INFINITY, dull: 0 };
    for id in nodes {
        let op = &module.graph.node(*id).op;
        if matches!(op, Op::Softmax { .. }) {
            quality.dull += usize::from(it.value(*id)?.largest() > SATURATED);
            continue;
        }
        if let Some(gaps) = it.branches(*id, Ask::Distance, |x| x)? {
            let near = gaps.data.iter().filter(|x| **x > 0.0);
            quality.distance = near.fold(quality.distance, |least, x| least.min(*x));
        }
        if matches!(op, Op::Relu)
            && let Some(on) = it.branches(*id, Ask::Branch, |x| x)?
        {
            let all = on.data.iter().all(|x| *x == on.data[0]);
            quality.dull += usize::from(all && on.data.len() > 1);
        }
    }
    Ok(quality)
}

/// Whether some entry would take another branch than at the base point.
pub(super) fn crossed(it: &mut Interpreter<'_, Frozen>, nodes: &[NodeId]) -> Result<bool, Failure> {
    for id in nodes {
        let now = it.branches(*id, Ask::Branch, |x: Frozen| x.value)?;
        let then = it.branches(*id, Ask::Branch, |x: Frozen| x.base)?;
        if now != then {
            return Ok(true);
        }
    }
    Ok(false)
}
