//! Jacobians and Hessians twice: as matrices with their structure, and entry by entry with deltas.

use chainrule_syntax::ast::Expr;

use super::entry::indices;
use super::full::Steps;
use super::{
    Detail, Explained, Fact, Step, derivative, entry_of, formula, index, shapes, symbol_of,
};
use crate::differentiate::{Refusal, gradients, resolved};
use crate::index::NodeId;
use crate::module::Module;
use crate::op::Op;

/// A Jacobian or Hessian that a file asks for: `jac(Z, W) = kron(A^T, I(n))`, then
/// `dZ[i,j]/dW[k,l] = 1[i == k] A[l,j]`.
///
/// # Errors
///
/// `target` is neither `jac(..)` nor `hess(..)`, or an op has no derivative.
pub fn jacobian(module: &Module, target: NodeId) -> Result<Explained, Refusal> {
    let mut steps = Steps::new(module.clone());
    let node = module.graph.node(target).clone();
    let hessian = node.op == Op::Hess;
    if !hessian && !matches!(node.op, Op::Jac { .. }) {
        return Err(Refusal("neither a Jacobian nor a Hessian".into()));
    }
    let written = crate::raise::expr(module, target);
    let made = resolved(&mut steps.module, target, &mut std::collections::BTreeMap::new())?;
    let Some(wrt) = symbol_of(module, node.inputs[1]) else {
        return Err(Refusal("a derivative is taken by a name".into()));
    };
    let of = resolved(&mut steps.module, node.inputs[0], &mut std::collections::BTreeMap::new())?;
    let of = if hessian { gradients(&mut steps.module, of, &[wrt])?[0] } else { of };
    let dims = steps.module.graph.ty(of).dims.clone();
    let rows = indices(&mut steps.module, &dims);
    let own = steps.module.symbol(wrt).ty.dims.clone();
    let columns = indices(&mut steps.module, &own);
    let entry = index::jacobian_entry(&mut steps.module, of, wrt, &rows, &columns)?;
    let detail = Detail {
        left: Some(written.clone()),
        right: formula(&steps.module, made),
        reason: "as a matrix: rows are outputs, columns inputs".into(),
        shapes: shapes(&steps.module, made),
    };
    let fact = Fact::Entries {
        of,
        wrt,
        rows: rows.clone(),
        columns: columns.clone(),
        formula: entry,
        differ: Vec::new(),
    };
    // The matrix is the table of the entries; that they are right is the fact of both.
    steps.push(Step { detail, fact: fact.clone() });
    let variable = steps.module.symbol(wrt).name.clone();
    let value = symbol_of(module, node.inputs[0]).map(|s| steps.module.symbol(s).name.clone());
    let left = match value {
        Some(text) if !hessian => derivative(&steps.module, &text, &rows, &variable, &columns),
        _ => {
            let both: Vec<_> = rows.iter().chain(&columns).copied().collect();
            entry_of(written, &steps.module, &both)
        }
    };
    let detail = Detail {
        left: Some(left),
        right: formula(&steps.module, entry),
        reason: "entry by entry".into(),
        shapes: String::new(),
    };
    steps.push(Step { detail, fact });
    Ok(steps.done())
}

/// `[O, .., A^T, .., O]`: what one row of the value is by the rows of the variable, one after the
/// other. Only the block at the row's own place is not zero.
#[derive(Clone, PartialEq, Debug)]
pub struct Blocks {
    /// How many blocks there are.
    pub count: Expr,
    /// The block at the place of the row.
    pub block: Expr,
}

/// The block form of a Jacobian by row-major vec, if it is the same block along a diagonal:
/// `I(n) ⊗ A^T`.
///
/// # Errors
///
/// An op has no derivative.
pub fn blocks(module: &Module, of: NodeId, wrt: NodeId) -> Result<Option<Blocks>, Refusal> {
    let mut module = module.clone();
    let jac = crate::terms::Terms::of(&mut module).op(Op::Jac { row: true }, &[of, wrt])?;
    let jac = resolved(&mut module, jac, &mut std::collections::BTreeMap::new())?;
    let node = module.graph.node(jac).clone();
    let [first, block] = node.inputs[..] else { return Ok(None) };
    let Op::Identity { n } = module.graph.node(first).op.clone() else { return Ok(None) };
    if node.op != Op::Kron {
        return Ok(None);
    }
    let count = crate::terms::Terms::of(&mut module).size(&n)?;
    Ok(Some(Blocks { count: formula(&module, count), block: formula(&module, block) }))
}
