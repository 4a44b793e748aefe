//! Derivatives as expressions, replaced by what they come to.

use std::collections::BTreeMap;

use super::{Refusal, forward, gradients_of_resolved, jacobian, substituted};
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::record::{At, Eval};
use crate::terms::Terms;

/// `node` without derivative operators: each is replaced by its formula, innermost first. What was
/// resolved before is looked up in `done`.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub fn resolved(
    module: &mut Module,
    node: NodeId,
    done: &mut BTreeMap<NodeId, NodeId>,
) -> Result<NodeId, Refusal> {
    resolve_definitions(module, node, done)?;
    resolve(module, node, done)
}

/// Definitions behind `node` that hold derivatives.
fn resolve_definitions(
    module: &mut Module,
    node: NodeId,
    done: &mut BTreeMap<NodeId, NodeId>,
) -> Result<(), Refusal> {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![node];
    let mut behind = std::collections::BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let n = module.graph.node(id);
        open.extend(&n.inputs);
        if let Op::Symbol { id, .. } = n.op
            && let Ok(at) = module.bindings.binary_search_by_key(&id, |b| b.symbol)
            && behind.insert(at)
        {
            open.extend([module.bindings[at].value, module.bindings[at].stable]);
        }
    }
    for at in behind {
        let (value, stable) = (module.bindings[at].value, module.bindings[at].stable);
        let value = resolve(module, value, done)?;
        let stable = resolve(module, stable, done)?;
        module.bindings[at].value = value;
        module.bindings[at].stable = stable;
    }
    Ok(())
}

/// The same where the definitions behind `root` hold no derivatives.
pub(crate) fn resolve(
    module: &mut Module,
    root: NodeId,
    done: &mut BTreeMap<NodeId, NodeId>,
) -> Result<NodeId, Refusal> {
    let mut open = vec![root];
    while let Some(&id) = open.last() {
        if done.contains_key(&id) {
            open.pop();
            continue;
        }
        let at = Terms::of(module).at(id);
        let missing: Vec<NodeId> =
            at.inputs.iter().filter(|i| !done.contains_key(i)).copied().collect();
        if !missing.is_empty() {
            open.extend(missing);
            continue;
        }
        let inputs: Vec<NodeId> = at.inputs.iter().map(|i| done[i]).collect();
        let now = if matches!(at.op.def().eval, Eval::Resolved) {
            derivative(module, &at, &inputs)?
        } else if inputs == at.inputs {
            id
        } else {
            Terms::of(module).op(at.op, &inputs)?
        };
        done.insert(id, now);
    }
    Ok(done[&root])
}

fn variable(module: &Module, node: NodeId) -> Result<SymbolId, Refusal> {
    match module.graph.node(node).op {
        Op::Symbol { id, .. } => Ok(id),
        _ => Err(Refusal("a derivative is taken by a name".into())),
    }
}

/// One derivative operator, its inputs resolved.
fn derivative(module: &mut Module, at: &At, inputs: &[NodeId]) -> Result<NodeId, Refusal> {
    let made = match &at.op {
        Op::Prime { order, .. } => prime(module, inputs, *order)?,
        Op::Grad => {
            let wrt = variable(module, inputs[1])?;
            gradients_of_resolved(module, inputs[0], &[wrt])?[0]
        }
        Op::Jac { row } => {
            let wrt = variable(module, inputs[1])?;
            jacobian::jacobian(module, inputs[0], wrt, *row)?
        }
        Op::Hess => {
            let wrt = variable(module, inputs[1])?;
            let gradient = gradients_of_resolved(module, inputs[0], &[wrt])?[0];
            jacobian::jacobian(module, gradient, wrt, false)?
        }
        Op::Hvp => {
            let wrt = variable(module, inputs[1])?;
            let gradient = gradients_of_resolved(module, inputs[0], &[wrt])?[0];
            moved(module, gradient, wrt, inputs[2])?
        }
        other => return Err(Refusal(format!("`{}` is no derivative", other.def().name))),
    };
    // The operator's type counts axes that its formula may not need.
    let declared = module.graph.ty(at.node).clone();
    let mut t = Terms::of(module);
    let made = t.reshape(made, &declared.dims)?;
    Ok(t.lifted(made, &declared)?)
}

/// The tangent of `of` along `direction`.
fn moved(
    module: &mut Module,
    of: NodeId,
    wrt: SymbolId,
    direction: NodeId,
) -> Result<NodeId, Refusal> {
    let ty = module.graph.ty(of).clone();
    match forward::tangent(module, of, &[(wrt, direction)])? {
        Some(node) => Ok(node),
        None => Ok(Terms::of(module).zeros(&ty)?),
    }
}

/// `f'(x)`: the tangent of `f(t)` along ones, then `x` for `t`.
fn prime(module: &mut Module, inputs: &[NodeId], order: u32) -> Result<NodeId, Refusal> {
    let (argument, local, mut value) = (inputs[0], variable(module, inputs[1])?, inputs[2]);
    let ty = module.graph.ty(inputs[1]).clone();
    let ones = Terms::of(module).ones(&ty)?;
    for _ in 0..order {
        value = match forward::tangent(module, value, &[(local, ones)])? {
            Some(tangent) => tangent,
            None => Terms::of(module).zeros(&ty)?,
        };
    }
    substituted(module, value, &[(local, argument)])
}
