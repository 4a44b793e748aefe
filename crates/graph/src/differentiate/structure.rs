//! Jacobians with their structure: `kron(x^T, A)`, `diag(u)`, read off the tangent.
//!
//! The tangent of the value, for a symbol as the tangent of the variable, is linear in that symbol.
//! From the symbol up to the value each op changes the matrix of the map: products from the left
//! and right collect as `L X R`, whose matrix is `kron(R^T, L)`; everything else multiplies the
//! matrix itself. A map that is not of these forms has no structure here: the caller falls back.

mod linear;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chainrule_syntax::Span;

use super::{Refusal, forward};
use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Role, Symbol};
use crate::op::{Misfit, Op};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::{Kind, Type};
use linear::{Linear, Shape};

/// Most paths from the variable to the value.
const PATHS: usize = 24;

/// One path: `factor L X R`, or a matrix that is multiplied by `vec X`.
#[derive(Clone, Copy, Debug)]
enum Path {
    Product { left: Option<NodeId>, right: Option<NodeId>, turned: bool },
    Matrix(NodeId),
}

/// A path with the number in front of it.
#[derive(Clone, Copy, Debug)]
struct Part {
    factor: Option<NodeId>,
    path: Path,
}

/// The structured `jac(of, wrt)`; `None` if the map has none of the known forms.
pub(super) fn jacobian(
    module: &mut Module,
    of: NodeId,
    wrt: SymbolId,
    row: bool,
) -> Result<Option<NodeId>, Refusal> {
    let (value, variable) = (module.graph.ty(of).clone(), module.symbol(wrt).ty.clone());
    if variable.axes.iter().any(|a| !value.axes.contains(a)) {
        return Ok(None);
    }
    let ty = std::sync::Arc::new(Type { kind: Kind::Real, ..(*variable).clone() });
    let id = SymbolId::new(module.symbols.len());
    let (span, name) = (Span::default(), format!("d{}", module.symbol(wrt).name));
    let symbol = Symbol { name, role: Role::Local, ty: ty.clone(), span, type_span: None };
    module.symbols.push(symbol);
    let seed = Terms::of(module).op(Op::Symbol { id, ty }, &[])?;
    let Some(moved) = forward::tangent_apart(module, of, &[(wrt, seed)], &variable.axes)? else {
        return Ok(None);
    };
    let paths = paths(module, moved, seed, row)?;
    let Some(paths) = paths else { return Ok(None) };
    let shape = Shape::of(&variable);
    let mut t = Terms::of(module);
    let mut linear = Linear { t: &mut t, shape: &shape, row };
    let mut total: Option<NodeId> = None;
    for part in paths {
        let Some(matrix) = linear.matrix(&part, value.dims.len())? else { return Ok(None) };
        let matrix = match part.factor {
            Some(factor) => linear.t.scale(factor, matrix)?,
            None => matrix,
        };
        total = Some(match total {
            Some(sum) if linear.t.ty(sum).dims != linear.t.ty(matrix).dims => return Ok(None),
            Some(sum) => linear.t.add(sum, matrix)?,
            None => matrix,
        });
    }
    let Some(total) = total else { return Ok(None) };
    fitted(&mut t, total, &value, &variable)
}

/// The matrix, if it has the dims of a Jacobian.
fn fitted(
    t: &mut Terms<'_>,
    matrix: NodeId,
    value: &Type,
    variable: &Type,
) -> Result<Option<NodeId>, Refusal> {
    let large = |_| Refusal("a size expression is too large".into());
    let rows = Size::product(&value.dims).map_err(large)?;
    let columns = Size::product(&variable.dims).map_err(large)?;
    let scalar = value.is_scalar() && variable.is_scalar();
    let dims = if scalar { Vec::new() } else { vec![rows, columns] };
    let fits = t.ty(matrix).dims == Type::array(dims).dims;
    Ok(fits.then_some(matrix))
}

/// The paths from `seed` to `root`, node by node in the order of the arena.
fn paths(
    module: &mut Module,
    root: NodeId,
    seed: NodeId,
    row: bool,
) -> Result<Option<Vec<Part>>, Misfit> {
    let mut behind = std::collections::BTreeSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if behind.insert(id) {
            open.extend(&module.graph.node(id).inputs);
        }
    }
    let shape = Shape::of(module.graph.ty(seed));
    let own = Part { factor: None, path: Path::Product { left: None, right: None, turned: false } };
    let mut known: BTreeMap<NodeId, Vec<Part>> = BTreeMap::from([(seed, vec![own])]);
    for id in behind {
        let at = Terms::of(module).at(id);
        let active: Vec<usize> =
            (0..at.inputs.len()).filter(|k| known.contains_key(&at.inputs[*k])).collect();
        if active.is_empty() {
            continue;
        }
        let mut t = Terms::of(module);
        let mut linear = Linear { t: &mut t, shape: &shape, row };
        let mut all = Vec::new();
        for k in &active {
            // A product of two tangents would not be linear: at most sums have two.
            if active.len() > 1 && !matches!(at.op, Op::Add | Op::Sub) {
                return Ok(None);
            }
            for part in known[&at.inputs[*k]].clone() {
                let Some(next) = linear.through(&at, *k, part)? else { return Ok(None) };
                all.push(next);
            }
        }
        if all.len() > PATHS {
            return Ok(None);
        }
        known.insert(id, all);
    }
    Ok(known.remove(&root))
}
