//! Terms with other terms in the place of names, through definitions.

use std::collections::BTreeMap;

use super::Refusal;
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::terms::Terms;

/// `node` with each name replaced; a definition that reads a replaced name is written out.
///
/// # Errors
///
/// A limit is reached, or a replacement does not fit where its name stands.
pub fn substituted(
    module: &mut Module,
    node: NodeId,
    replaced: &[(SymbolId, NodeId)],
) -> Result<NodeId, Refusal> {
    let wrt: Vec<SymbolId> = replaced.iter().map(|(s, _)| *s).collect();
    let mut activity = super::Activity::reading(module, &wrt);
    let by: BTreeMap<SymbolId, NodeId> = replaced.iter().copied().collect();
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut open = vec![node];
    while let Some(&id) = open.last() {
        if done.contains_key(&id) {
            open.pop();
            continue;
        }
        if !activity.node(module, id) {
            done.insert(id, id);
            continue;
        }
        let at = Terms::of(module).at(id);
        let needs: Vec<NodeId> = match at.op {
            Op::Symbol { id: symbol, .. } => match by.get(&symbol) {
                Some(value) => {
                    done.insert(id, *value);
                    continue;
                }
                None => module.binding(symbol).map(|b| b.stable).into_iter().collect(),
            },
            _ => at.inputs.clone(),
        };
        let missing: Vec<NodeId> =
            needs.iter().filter(|i| !done.contains_key(i)).copied().collect();
        if !missing.is_empty() {
            open.extend(missing);
            continue;
        }
        let now = if matches!(at.op, Op::Symbol { .. }) {
            needs.first().map_or(id, |value| done[value])
        } else {
            let inputs: Vec<NodeId> = needs.iter().map(|i| done[i]).collect();
            Terms::of(module).op(at.op, &inputs)?
        };
        done.insert(id, now);
    }
    Ok(done[&node])
}
