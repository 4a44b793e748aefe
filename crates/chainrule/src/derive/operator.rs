//! A Jacobian, a Hessian, a Hessian times a vector, or any formula of them.

use std::collections::BTreeMap;

use chainrule_graph::differentiate::{self, Refusal};
use chainrule_graph::simplify;
use chainrule_graph::terms::Terms;
use chainrule_graph::{Module, NodeId, Op, raise};
use chainrule_syntax::ast::Layout;

use super::lines::step;
use super::options::Chosen;
use super::{Derive, Gradient, code, explained};
use crate::notation::Context;

/// Works it out as one line.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub(super) fn operator(
    module: &mut Module,
    target: NodeId,
    chosen: &Chosen,
    out: &mut Derive,
) -> Result<(), Refusal> {
    let node = module.graph.node(target).clone();
    let name = raise::text(module, target);
    let whole = module.clone();
    let mut value = differentiate::resolved(module, target, &mut BTreeMap::new())?;
    let turned = matches!(node.op, Op::Jac { .. }) && chosen.layout == Some(Layout::Denominator);
    if turned && module.graph.ty(value).dims.len() <= 2 {
        value = Terms::of(module).transpose(value)?;
    }
    value = simplify::simplified(module, value);
    let rule = match node.op {
        Op::Jac { .. } => "jacobian",
        Op::Hess => "hessian",
        Op::Hvp => "tangent of the gradient",
        _ => "gradient",
    };
    out.context = Context::of(module);
    let mut step =
        step(module, (&raise::Reader::new(module), &out.context), &name, value, rule.into());
    if !turned {
        step.details = explained::entries(&whole, target);
    }
    step.diagonal = explained::diagonal(&whole, target);
    out.gradients.push(Gradient {
        wrt: node.inputs.get(1).map_or(String::new(), |by| raise::text(module, *by)),
        shape: step.shape.clone(),
        text: step.text.clone(),
        latex: step.latex.clone(),
    });
    out.steps.push(step);
    if chosen.has_numpy
        && let Some(symbol) = code::named(module, &name, value)
    {
        code::numpy(module, &[(symbol, value)], out);
    }
    Ok(())
}
