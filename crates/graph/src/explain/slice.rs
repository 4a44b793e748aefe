//! Derivatives by rows, columns and entries: `dJ/dW[i,:]` is row `i` of `dJ/dW`.

use super::entry::{indices, plain};
use super::full::Steps;
use super::{Detail, Explained, Fact, Step, formula, index, name, shapes};
use std::collections::BTreeMap;

use crate::axis::Axis;
use crate::differentiate::{Refusal, gradients};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::op::{Affine, Misfit, Op, Over, Position};
use crate::size::Size;
use crate::terms::{Terms, positions};
use chainrule_syntax::Span;
use chainrule_syntax::ast::{Entry, Expr, ExprKind, Index, Name};

/// The gradient of `of` by a part of a name: each place is an index or all of a dim.
///
/// `varied(module, J, W, [Some("i"), None])` is `dJ/dW[i,:]`, first as a part of the gradient, then
/// with the part put into the formula.
///
/// # Errors
///
/// The places are not as many as the dims, or an op has no derivative.
pub fn varied(
    module: &Module,
    of: NodeId,
    wrt: SymbolId,
    places: &[Option<&str>],
) -> Result<Explained, Refusal> {
    let mut steps = Steps::new(module.clone());
    let ty = module.symbol(wrt).ty.clone();
    if ty.dims.len() != places.len() {
        let text = format!(
            "`{}` has {} axes, not {}",
            module.symbol(wrt).name,
            ty.dims.len(),
            places.len()
        );
        return Err(Refusal(text));
    }
    let gradient = gradients(&mut steps.module, of, &[wrt])?[0];
    let at = chosen(&mut steps.module, &ty.dims, places);
    let whole = {
        let op = Op::Access { positions: at.clone(), pad: false };
        Terms::of(&mut steps.module).op(op, &[gradient])?
    };
    let part = sliced(&mut steps.module, gradient, &at)?;
    let top = crate::raise::text(module, of);
    let variable = module.symbol(wrt).name.clone();
    let left = written(&steps.module, &top, &variable, &at);
    let base = name(&format!("d{top}/d{variable}"));
    let base = Expr { kind: ExprKind::Paren(Box::new(base)), span: Span::default() };
    let kind = ExprKind::Access {
        base: Box::new(base),
        indices: shown(&steps.module, &at),
        pad: false,
        bracket: Span::default(),
    };
    let right = Expr { kind, span: Span::default() };
    let reason = "a part of the gradient".into();
    let detail = Detail { left: Some(left), right, reason, shapes: shapes(&steps.module, whole) };
    steps.push(Step { detail, fact: Fact::Equal(whole, part) });
    steps.equal(None, whole, part, "the part of the formula");
    Ok(steps.done())
}

fn chosen(module: &mut Module, dims: &[Size], places: &[Option<&str>]) -> Vec<Position> {
    let mut out = Vec::new();
    for (dim, place) in dims.iter().zip(places) {
        out.push(match place {
            None => Position::All,
            Some(letter) => Position::Affine(plain(letter_axis(module, letter, dim))),
        });
    }
    out
}

/// The index with this letter: the one that is there, or a new one.
fn letter_axis(module: &mut Module, letter: &str, dim: &Size) -> AxisId {
    let (name, extent) = (letter.to_string(), Some(dim.clone()));
    module.axes.add(Axis { name, extent, batch: None, span: Span::default() })
}

fn shown(module: &Module, at: &[Position]) -> Vec<Index> {
    let one = |p: &Position| match p {
        Position::Affine(Affine { terms, .. }) => match terms.first() {
            Some((axis, _)) => Index::At(name(&module.axes.get(*axis).name)),
            None => Index::At(name("0")),
        },
        _ => Index::All(Span::default()),
    };
    at.iter().map(one).collect()
}

fn written(module: &Module, top: &str, variable: &str, at: &[Position]) -> Expr {
    let text = |text: &str| Name { text: text.into(), span: Span::default() };
    let of = Entry { name: text(top), indices: None, span: Span::default() };
    let by =
        Entry { name: text(variable), indices: Some(shown(module, at)), span: Span::default() };
    Expr { kind: ExprKind::Derivative { of, by: vec![by] }, span: Span::default() }
}

/// A part of a term, with the places put as far inside as they go: `(e a^T)[i,:]` is `e[i] a^T`.
///
/// # Errors
///
/// The places do not fit, or a limit is reached.
pub fn sliced(module: &mut Module, node: NodeId, at: &[Position]) -> Result<NodeId, Refusal> {
    if at.iter().all(|p| *p == Position::All) {
        return Ok(node);
    }
    let n = module.graph.node(node).clone();
    let all = Position::All;
    let made = match &n.op {
        Op::MatMul if at.len() == 2 => {
            let first = part(module, n.inputs[0], &at[0], &all)?;
            let second = part(module, n.inputs[1], &all, &at[1])?;
            Terms::of(module).matmul(first, second)?
        }
        Op::MatMul if at.len() == 1 => {
            let first = part(module, n.inputs[0], &at[0], &all)?;
            Terms::of(module).matmul(first, n.inputs[1])?
        }
        Op::Scale => {
            let inner = sliced(module, n.inputs[1], at)?;
            Terms::of(module).scale(n.inputs[0], inner)?
        }
        Op::Quotient => {
            let inner = sliced(module, n.inputs[0], at)?;
            Terms::of(module).quotient(inner, n.inputs[1])?
        }
        Op::Neg => {
            let inner = sliced(module, n.inputs[0], at)?;
            Terms::of(module).neg(inner)?
        }
        Op::Add | Op::Sub | Op::Hadamard => {
            let (a, b) = (sliced(module, n.inputs[0], at)?, sliced(module, n.inputs[1], at)?);
            let mut t = Terms::of(module);
            match n.op {
                Op::Add => t.add(a, b)?,
                Op::Sub => t.sub(a, b)?,
                _ => t.times(a, b)?,
            }
        }
        Op::Transpose if at.len() == 2 && module.graph.ty(n.inputs[0]).dims.len() == 2 => {
            let inner = sliced(module, n.inputs[0], &[at[1].clone(), at[0].clone()])?;
            Terms::of(module).transpose(inner)?
        }
        Op::Reduce { op: chainrule_syntax::ast::BigOp::Sum, over: Over::Named(axes) } => {
            let inner = sliced(module, n.inputs[0], at)?;
            Terms::of(module).sum_axes(inner, axes.clone())?
        }
        op if matches!(op.def().eval, crate::record::Eval::Entrywise(_)) && n.inputs.len() == 1 => {
            let inner = sliced(module, n.inputs[0], at)?;
            Terms::of(module).op(op.clone(), &[inner])?
        }
        _ => access(module, node, at)?,
    };
    // An outer factor of size 1 may have lost its orientation.
    let direct = access(module, node, at)?;
    let dims = module.graph.ty(direct).dims.clone();
    let own = module.graph.ty(made).clone();
    if own.dims == dims && own.axes == module.graph.ty(direct).axes { Ok(made) } else { Ok(direct) }
}

fn access(module: &mut Module, node: NodeId, at: &[Position]) -> Result<NodeId, Misfit> {
    Terms::of(module).op(Op::Access { positions: at.to_vec(), pad: false }, &[node])
}

/// A row or a column of a factor: a vector has entries, a row its entries behind a 1.
fn part(
    module: &mut Module,
    node: NodeId,
    row: &Position,
    column: &Position,
) -> Result<NodeId, Refusal> {
    let dims = module.graph.ty(node).dims.clone();
    let n = module.graph.node(node).clone();
    match dims.len() {
        1 if *row != Position::All => Ok(access(module, node, std::slice::from_ref(row))?),
        1 => Ok(node),
        2 if dims[0].is_one() && n.op == Op::Transpose && *column != Position::All => {
            Ok(access(module, n.inputs[0], std::slice::from_ref(column))?)
        }
        _ => sliced(module, node, &[row.clone(), column.clone()]),
    }
}

/// The derivative of an entry by a part of a name: `dZ[i,j]/dW[i,:] = A[:,j]^T`. Letters that occur on
/// both sides are the same index.
///
/// # Errors
///
/// The places are not as many as the dims, or an op has no derivative.
pub fn varied_entry(
    module: &Module,
    (of, rows): (SymbolId, &[&str]),
    (wrt, columns): (SymbolId, &[Option<&str>]),
) -> Result<Explained, Refusal> {
    let mut steps = Steps::new(module.clone());
    let value = steps.module.read(of)?;
    let (value_dims, dims) =
        (module.symbol(of).ty.dims.clone(), module.symbol(wrt).ty.dims.clone());
    if value_dims.len() != rows.len() || dims.len() != columns.len() {
        return Err(Refusal("the indices are not as many as the axes".into()));
    }
    let m = &mut steps.module;
    let left: Vec<AxisId> =
        rows.iter().zip(&value_dims).map(|(letter, d)| letter_axis(m, letter, d)).collect();
    let plain_columns = indices(m, &dims);
    let formula_ = index::jacobian_entry(m, value, wrt, &left, &plain_columns)?;
    let (places, shown_at, facts) = fitted(m, (&left, rows), (&plain_columns, columns), &dims);
    let moved = super::delta::moved(m, formula_, &places)?;
    let Some(moved) = moved else { return Err(Refusal("an index is bound here".into())) };
    let moved = super::cases::settled(m, moved)?;
    let all: Vec<AxisId> = plain_columns
        .iter()
        .zip(columns)
        .filter(|(_, letter)| letter.is_none())
        .map(|(axis, _)| *axis)
        .collect();
    let row = dims.len() == 2 && columns[0].is_some();
    let whole = gathered(m, moved, &all, row)?;
    let names = (module.symbol(of).name.as_str(), module.symbol(wrt).name.as_str());
    let written = entry_written(m, names, &left, &shown_at);
    let detail = Detail {
        left: Some(written),
        right: formula(&steps.module, whole),
        reason: "entry by entry".into(),
        shapes: shapes(&steps.module, whole),
    };
    let fact = Fact::Entries {
        of: value,
        wrt,
        rows: left,
        columns: facts,
        formula: moved,
        differ: Vec::new(),
    };
    steps.push(Step { detail, fact });
    Ok(steps.done())
}

/// What each index of the variable is: one of the value's, a new one, or all.
fn fitted(
    module: &mut Module,
    (left, rows): (&[AxisId], &[&str]),
    (plain_columns, columns): (&[AxisId], &[Option<&str>]),
    dims: &[Size],
) -> (BTreeMap<AxisId, Affine>, Vec<Position>, Vec<AxisId>) {
    let mut places = BTreeMap::new();
    let (mut shown, mut facts) = (Vec::new(), Vec::new());
    for ((column, letter), dim) in plain_columns.iter().zip(columns).zip(dims) {
        let Some(letter) = letter else {
            shown.push(Position::All);
            facts.push(*column);
            continue;
        };
        let axis = match rows.iter().position(|r| r == letter) {
            Some(at) => left[at],
            None => letter_axis(module, letter, dim),
        };
        places.insert(*column, plain(axis));
        shown.push(Position::Affine(plain(axis)));
        facts.push(axis);
    }
    (places, shown, facts)
}

/// `dZ[i,j]/dW[i,:]`
fn entry_written(
    module: &Module,
    (of, wrt): (&str, &str),
    rows: &[AxisId],
    at: &[Position],
) -> Expr {
    let entry = |text: &str, indices: Vec<Index>| Entry {
        name: Name { text: text.into(), span: Span::default() },
        indices: Some(indices),
        span: Span::default(),
    };
    let of = entry(of, super::indices(module, rows));
    let by = vec![entry(wrt, shown(module, at))];
    Expr { kind: ExprKind::Derivative { of, by }, span: Span::default() }
}

/// Entries as a part of an array: `A[l,j]` for all `l` is `A[:,j]`, as a row `A[:,j]^T`.
fn gathered(
    module: &mut Module,
    node: NodeId,
    axes: &[AxisId],
    row: bool,
) -> Result<NodeId, Refusal> {
    let [axis] = axes else {
        let mut t = Terms::of(module);
        return Ok(t.collect(node, axes)?);
    };
    let n = module.graph.node(node).clone();
    let made = match &n.op {
        Op::Access { positions: at, pad: false } => {
            let own = positions(&[*axis]).remove(0);
            let mut at = at.clone();
            let hits = at.iter().filter(|p| **p == own).count();
            let other = |p: &Position| matches!(p, Position::Affine(m) if *p != own && m.terms.iter().any(|(a, _)| a == axis));
            if hits != 1 || at.iter().any(other) {
                None
            } else {
                at.iter_mut().filter(|p| **p == own).for_each(|p| *p = Position::All);
                Some(Terms::of(module).op(Op::Access { positions: at, pad: false }, &n.inputs)?)
            }
        }
        Op::Scale => {
            let has = |m: &Module, id: NodeId| m.graph.ty(id).axes.contains(axis);
            match (has(module, n.inputs[0]), has(module, n.inputs[1])) {
                (false, true) => {
                    let inner = gathered(module, n.inputs[1], axes, row)?;
                    return Ok(Terms::of(module).scale(n.inputs[0], inner)?);
                }
                (true, false) => {
                    let inner = gathered(module, n.inputs[0], axes, row)?;
                    return Ok(Terms::of(module).scale(n.inputs[1], inner)?);
                }
                _ => None,
            }
        }
        _ => None,
    };
    let mut t = Terms::of(module);
    let column = match made {
        Some(part) => part,
        None => t.collect(node, axes)?,
    };
    let is_row = t.ty(column).dims.len() == 2;
    Ok(if is_row == row { column } else { t.transpose(column)? })
}
