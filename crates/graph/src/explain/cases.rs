//! Deltas by cases: equal indices, different indices.

use std::collections::BTreeMap;

use super::delta::{factors, joined, moved, sides};
use super::flat::behind;
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId};
use crate::module::Module;
use crate::op::{Affine, Op};
use crate::size::Size;
use crate::terms::Terms;

/// A formula in the case that a delta is 1 or 0, for two indices.
pub(super) fn case(
    module: &mut Module,
    node: NodeId,
    a: AxisId,
    b: AxisId,
    equal: bool,
) -> Result<Option<NodeId>, Refusal> {
    if equal {
        let places = BTreeMap::from([(b, super::entry::plain(a))]);
        let Some(made) = moved(module, node, &places)? else { return Ok(None) };
        return ones(module, made).map(Some);
    }
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in behind(module, node) {
        let n = module.graph.node(id).clone();
        let inputs: Vec<NodeId> = n.inputs.iter().map(|i| done[i]).collect();
        let own = sides(module, id).is_some_and(|(x, y)| {
            let (p, q) = (super::entry::plain(a), super::entry::plain(b));
            x == p && y == q || x == q && y == p
        });
        let mut t = Terms::of(module);
        let now = if own {
            t.zeros(&n.ty)?
        } else if inputs == n.inputs {
            id
        } else {
            match &n.op {
                Op::Scale => t.scale(inputs[0], inputs[1])?,
                Op::Neg => t.neg(inputs[0])?,
                Op::Add | Op::Sub => joined(&mut t, n.op.clone(), inputs[0], inputs[1])?,
                Op::Lift { .. } => t.lifted(inputs[0], &n.ty)?,
                op => t.op(op.clone(), &inputs)?,
            }
        };
        done.insert(id, now);
    }
    Ok(Some(done[&node]))
}

/// With every delta of equal places as 1.
pub(super) fn settled(module: &mut Module, node: NodeId) -> Result<NodeId, Refusal> {
    ones(module, node)
}

/// `1[i == i]` is 1; products with it are tidied.
fn ones(module: &mut Module, root: NodeId) -> Result<NodeId, Refusal> {
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in behind(module, root) {
        let n = module.graph.node(id).clone();
        let inputs: Vec<NodeId> = n.inputs.iter().map(|i| done[i]).collect();
        let same = sides(module, id).is_some_and(|(x, y)| x == y);
        let mut t = Terms::of(module);
        let now = if same {
            let one = t.number(1.0)?;
            t.lifted(one, &n.ty)?
        } else if inputs == n.inputs {
            id
        } else {
            match &n.op {
                Op::Scale => t.scale(inputs[0], inputs[1])?,
                op => t.op(op.clone(), &inputs)?,
            }
        };
        done.insert(id, now);
    }
    Ok(done[&root])
}

/// The pairs of indices that a formula has deltas of.
pub(super) fn pairs(module: &Module, node: NodeId) -> Vec<(AxisId, AxisId)> {
    let plain = |a: &Affine| match a.terms.as_slice() {
        [(axis, 1)] if a.constant == Size::number(0) => Some(*axis),
        _ => None,
    };
    let mut found = Vec::new();
    for id in behind(module, node) {
        if let Some((a, b)) = sides(module, id)
            && let (Some(a), Some(b)) = (plain(&a), plain(&b))
            && !found.contains(&(a, b))
        {
            found.push((a, b));
        }
    }
    found
}

/// Whether a formula is a product that has every one of its deltas as a factor.
pub(super) fn is_product(module: &Module, node: NodeId) -> bool {
    let product = factors(module, node, &[]);
    product.factors.iter().all(|p| sides(module, *p).is_some() || pairs(module, *p).is_empty())
}
