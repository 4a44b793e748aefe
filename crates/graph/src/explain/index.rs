//! Entry by entry, with sums and deltas.

use std::collections::BTreeSet;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{
    BigForm, BigOp, Binder, Expr, ExprKind, Factor, Name, ProductOp, Sign,
};

use super::entry::{entry, indices, plain};
use super::flat::behind;
use super::full::{Steps, reason};
use super::walk::{Walk, replaced, walk};
use super::{
    Detail, Explained, Fact, Step, delta, derivative, entry_of, formula, name, shapes, symbol_of,
};
use crate::differentiate::{self, Derivation, Line, Refusal};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Module, Role, Start};
use crate::op::{Affine, Op};
use crate::terms::{Terms, positions};
use crate::types::{Kind, Type};

/// The long way to line `at`, entry by entry.
pub(super) fn index(
    module: &Module,
    derivation: &Derivation,
    at: usize,
) -> Result<Explained, Refusal> {
    let mut walk = walk(module, derivation, at, false)?;
    let mut steps = Steps::new(std::mem::take(&mut walk.flat.module));
    for line in walk.lines.clone() {
        chain(&mut steps, &walk, &line)?;
    }
    let (last, short) = (walk.lines.last().map(|l| l.value), walk.line.value);
    walk.flat.module = std::mem::take(&mut steps.module);
    let whole = walk.put_in(last.unwrap_or(short))?;
    steps.module = std::mem::take(&mut walk.flat.module);
    let tidied = steps.tidy(last.unwrap_or(short));
    let short_tidied = steps.tidy(short);
    let (own, text) = (formula(&steps.module, tidied), formula(&steps.module, short));
    if own != text && own != formula(&steps.module, short_tidied) {
        steps.equal(None, whole, short, "the same, with what stands above put in");
    }
    Ok(steps.done())
}

/// How a value enters an equation, entry by entry.
struct Part {
    reader: SymbolId,
    rows: Vec<AxisId>,
    /// `dz[i]/dW[k,l]`
    formula: NodeId,
    /// `dJ/dz`
    cotangent: NodeId,
    /// The value that is differentiated reads the name itself, besides other ways.
    direct: bool,
}

/// One line: the equations that read its value, their derivatives, the chain rule, what is left.
fn chain(steps: &mut Steps, walk: &Walk, line: &Line) -> Result<(), Refusal> {
    let dims = steps.module.symbol(line.of).ty.dims.clone();
    let mut parts = Vec::new();
    let mut columns = None;
    let reads = |steps: &Steps, value: NodeId| {
        let nodes = behind(&steps.module, value);
        nodes.iter().any(|n| symbol_of(&steps.module, *n) == Some(line.of))
    };
    let readers: Vec<(SymbolId, NodeId)> =
        walk.flat.equations.iter().filter(|(_, v)| reads(steps, *v)).copied().collect();
    let top = symbol_of(&steps.module, walk.flat.of);
    for (reader, value) in &readers {
        let (reader, value) = (*reader, *value);
        let Some(cotangent) = cotangent(steps, walk, reader)? else { continue };
        let rows_ty = steps.module.graph.ty(value).dims.clone();
        let rows = indices(&mut steps.module, &rows_ty);
        read(steps, reader, value, &rows)?;
        let columns = columns.get_or_insert_with(|| indices(&mut steps.module, &dims)).clone();
        let text = steps.module.symbol(reader).name.clone();
        let variable = steps.module.symbol(line.of).name.clone();
        let reason = variable_reason(steps, walk, value, line.of);
        // Of the value itself this is a part of its derivative, if there are other ways.
        let direct = top == Some(reader) && readers.len() > 1;
        let said = if direct { None } else { Some(reason.as_str()) };
        let formula = partial(steps, (&text, value, &rows), (&variable, line.of, &columns), said)?;
        parts.push(Part { reader, rows, formula, cotangent, direct });
    }
    let Some(columns) = columns else { return Ok(()) };
    total(steps, walk, line, &parts, &columns)
}

/// Why an entry's derivative is what it is.
fn variable_reason(steps: &Steps, walk: &Walk, value: NodeId, wrt: SymbolId) -> String {
    let module = &steps.module;
    // Names that depend on the variable too.
    let mut moving = BTreeSet::from([wrt]);
    for (symbol, value) in &walk.flat.equations {
        let nodes = behind(module, *value);
        if nodes.iter().any(|n| symbol_of(module, *n).is_some_and(|s| moving.contains(&s))) {
            moving.insert(*symbol);
        }
    }
    let others = behind(module, value)
        .iter()
        .filter_map(|n| symbol_of(module, *n))
        .any(|s| s != wrt && moving.contains(&s));
    let node = module.graph.node(value);
    let linear =
        (super::flat::is_plain(module, value) || node.op == Op::MatMul) && !node.ty.is_scalar();
    let what = if linear {
        "only the terms with equal indices count".to_string()
    } else {
        "entry by entry".to_string()
    };
    if others { format!("{what}; the other names are held fixed") } else { what }
}

/// What the value of an equation sends back: a name, or a number.
fn cotangent(steps: &mut Steps, walk: &Walk, reader: SymbolId) -> Result<Option<NodeId>, Refusal> {
    if let Some(symbol) = walk.cotangent(reader) {
        return Ok(Some(steps.module.read(symbol)?));
    }
    if symbol_of(&steps.module, walk.flat.of) == Some(reader) {
        let ty = steps.module.graph.ty(walk.flat.of).clone();
        return Ok(Some(Terms::of(&mut steps.module).ones(&ty)?));
    }
    let found = differentiate::gradients(&mut steps.module, walk.flat.of, &[reader])?[0];
    let zero = Terms::of(&mut steps.module).is_zero(found);
    Ok((!zero).then_some(found))
}

/// `z[i] = sum[j] W[i,j] a[j] + b[i]`
fn read(
    steps: &mut Steps,
    reader: SymbolId,
    value: NodeId,
    rows: &[AxisId],
) -> Result<(), Refusal> {
    let text = steps.module.symbol(reader).name.clone();
    if !steps.first(format!("entry {text}")) {
        return Ok(());
    }
    let at: Vec<Affine> = rows.iter().map(|a| plain(*a)).collect();
    let made = entry(&mut steps.module, value, &at)?;
    let made = match softmax(&mut steps.module, value, rows)? {
        Some(written) => written,
        None => made,
    };
    let own = steps.module.read(reader)?;
    let own = access(&mut steps.module, own, rows)?;
    let left = entry_of(name(&text), &steps.module, rows);
    if formula(&steps.module, made) == left {
        return Ok(());
    }
    steps.equal(Some(left), own, made, &format!("an entry of `{text}`"));
    Ok(())
}

/// `exp(z[i]) / sum[k] exp(z[k])`
fn softmax(module: &mut Module, value: NodeId, rows: &[AxisId]) -> Result<Option<NodeId>, Refusal> {
    let at = Terms::of(module).at(value);
    if !matches!(at.op, Op::Softmax { .. }) {
        return Ok(None);
    }
    let ty = module.graph.ty(at.inputs[0]).clone();
    let axis = crate::ops::soft::axis::axis(&at.op, &ty, &module.context())?;
    let Some(axis) = axis else { return Ok(None) };
    let other = indices(module, std::slice::from_ref(&ty.dims[axis]))[0];
    let own: Vec<Affine> = rows.iter().map(|a| plain(*a)).collect();
    let mut all = own.clone();
    all[axis] = plain(other);
    let (own, all) = (entry(module, at.inputs[0], &own)?, entry(module, at.inputs[0], &all)?);
    let mut t = Terms::of(module);
    let (above, each) = (t.op(Op::Exp, &[own])?, t.op(Op::Exp, &[all])?);
    let below = t.sum_axes(each, vec![other])?;
    Ok(Some(t.quotient(above, below)?))
}

fn access(module: &mut Module, node: NodeId, axes: &[AxisId]) -> Result<NodeId, Refusal> {
    if axes.is_empty() {
        return Ok(node);
    }
    let op = Op::Access { positions: positions(axes), pad: false };
    Ok(Terms::of(module).op(op, &[node])?)
}

/// The derivative of the entries of `value` by those of a name, said for all and by cases. Other
/// names do not move, whatever they stand for.
fn partial(
    steps: &mut Steps,
    (text, value, rows): (&str, NodeId, &[AxisId]),
    (variable, wrt, columns): (&str, SymbolId, &[AxisId]),
    reason: Option<&str>,
) -> Result<NodeId, Refusal> {
    let ty = steps.module.symbol(wrt).ty.with_kind(Kind::Real);
    let (own, read) = steps.module.declare(variable, Role::Given(Start::None), &ty)?;
    let moved = replaced(&mut steps.module, value, &[(wrt, read)])?;
    // The formula reads the copy; it is printed and used with the name itself.
    let back = steps.module.read(wrt)?;
    let inside = |m: &Module| ty.axes.iter().all(|a| m.graph.ty(moved).axes.contains(a));
    if !inside(&steps.module) {
        return across(steps, (text, moved, rows), (variable, own, columns), reason, back);
    }
    let made = jacobian_entry(&mut steps.module, moved, own, rows, columns)?;
    let shown = replaced(&mut steps.module, made, &[(own, back)])?;
    let Some(reason) = reason.filter(|_| !is_hidden(&steps.module, made)) else {
        return Ok(shown);
    };
    let left = derivative(&steps.module, text, rows, variable, columns);
    let right = formula(&steps.module, shown);
    let detail = Detail { left: Some(left), right, reason: reason.into(), shapes: String::new() };
    let entries = |rows: &[AxisId], columns: &[AxisId], formula, differ| Fact::Entries {
        of: moved,
        wrt: own,
        rows: rows.to_vec(),
        columns: columns.to_vec(),
        formula,
        differ,
    };
    steps.push(Step { detail, fact: entries(rows, columns, made, Vec::new()) });
    let summed = behind(&steps.module, made).into_iter().any(|n| {
        let reduce = matches!(steps.module.graph.node(n).op, Op::Reduce { .. });
        reduce && !super::cases::pairs(&steps.module, n).is_empty()
    });
    let pairs = if summed { Vec::new() } else { super::cases::pairs(&steps.module, made) };
    for (a, b) in pairs.iter().copied().filter(|_| pairs.len() == 1) {
        if super::cases::is_product(&steps.module, made)
            || !rows.contains(&a)
            || !columns.contains(&b)
        {
            continue;
        }
        for equal in [true, false] {
            let Some(said) = super::cases::case(&mut steps.module, made, a, b, equal)? else {
                continue;
            };
            let said = steps.tidy(said);
            let columns: Vec<AxisId> =
                columns.iter().map(|c| if equal && *c == b { a } else { *c }).collect();
            let left = derivative(&steps.module, text, rows, variable, &columns);
            let (x, y) =
                (steps.module.axes.get(a).name.clone(), steps.module.axes.get(b).name.clone());
            let reason = format!("{x} {} {y}", if equal { "=" } else { "!=" });
            let shown = replaced(&mut steps.module, said, &[(own, back)])?;
            let right = formula(&steps.module, shown);
            let detail = Detail { left: Some(left), right, reason, shapes: String::new() };
            let differ = if equal { Vec::new() } else { vec![(a, b)] };
            steps.push(Step { detail, fact: entries(rows, &columns, said, differ) });
        }
    }
    Ok(shown)
}

/// Whether entries were put elsewhere in a way that has no form with indices.
fn is_hidden(module: &Module, node: NodeId) -> bool {
    behind(module, node).into_iter().any(|n| matches!(module.graph.node(n).op, Op::Scatter { .. }))
}

/// The same where each sample of the variable moves on its own and the value is of all samples.
fn across(
    steps: &mut Steps,
    (text, value, rows): (&str, NodeId, &[AxisId]),
    (variable, own, columns): (&str, SymbolId, &[AxisId]),
    reason: Option<&str>,
    back: NodeId,
) -> Result<NodeId, Refusal> {
    let at: Vec<Affine> = rows.iter().map(|a| plain(*a)).collect();
    let one = if rows.is_empty() { value } else { entry(&mut steps.module, value, &at)? };
    let gradient = differentiate::gradients(&mut steps.module, one, &[own])?[0];
    let at: Vec<Affine> = columns.iter().map(|a| plain(*a)).collect();
    let made = entry(&mut steps.module, gradient, &at)?;
    let made = delta::contracted(&mut steps.module, made)?;
    let shown = replaced(&mut steps.module, made, &[(own, back)])?;
    if let Some(reason) = reason.filter(|_| !is_hidden(&steps.module, shown)) {
        let left = derivative(&steps.module, text, rows, variable, columns);
        let right = formula(&steps.module, shown);
        let detail =
            Detail { left: Some(left), right, reason: reason.into(), shapes: String::new() };
        let fact = Fact::Gradient { of: one, wrt: own, formula: gradient };
        steps.push(Step { detail, fact });
    }
    Ok(shown)
}

/// `d value[rows] / d wrt[columns]` as a formula with deltas; sums over them are evaluated.
pub(super) fn jacobian_entry(
    module: &mut Module,
    value: NodeId,
    wrt: SymbolId,
    rows: &[AxisId],
    columns: &[AxisId],
) -> Result<NodeId, Refusal> {
    let ty = module.symbol(wrt).ty.clone();
    let mut t = Terms::of(module);
    let one = t.number(1.0)?;
    let seed = if columns.is_empty() {
        one
    } else {
        let mut axes = columns.to_vec();
        axes.sort_unstable();
        let over = t.lifted(one, &Type { axes, ..Type::scalar() })?;
        let op = Op::Scatter {
            positions: positions(columns),
            dims: ty.dims.clone(),
            over: Vec::new(),
            pad: false,
        };
        t.op(op, &[over])?
    };
    let moved = differentiate::tangent(module, value, &[(wrt, seed)])?;
    let at: Vec<Affine> = rows.iter().map(|a| plain(*a)).collect();
    let made = entry(module, moved, &at)?;
    delta::contracted(module, made)
}

/// The entries of `value`, which `symbol` names, by those of `wrt`: for all, and by cases.
pub(super) fn entries(
    steps: &mut Steps,
    symbol: SymbolId,
    value: NodeId,
    wrt: SymbolId,
    reason: &str,
) -> Result<(), Refusal> {
    let dims = steps.module.graph.ty(value).dims.clone();
    let rows = indices(&mut steps.module, &dims);
    let own = steps.module.symbol(wrt).ty.dims.clone();
    let columns = indices(&mut steps.module, &own);
    let text = steps.module.symbol(symbol).name.clone();
    let variable = steps.module.symbol(wrt).name.clone();
    partial(steps, (&text, value, &rows), (&variable, wrt, &columns), Some(reason)).map(|_| ())
}

/// `dJ/dW[k,l] = sum[i] dJ/dz[i] dz[i]/dW[k,l] = .. = dJ/dz[k] a[l]`, and all entries at once.
fn total(
    steps: &mut Steps,
    walk: &Walk,
    line: &Line,
    parts: &[Part],
    columns: &[AxisId],
) -> Result<(), Refusal> {
    let text = steps.module.symbol(line.symbol).name.clone();
    let riding: BTreeSet<AxisId> =
        steps.module.graph.ty(walk.flat.of).axes.iter().copied().collect();
    let own: BTreeSet<AxisId> = steps.module.symbol(line.of).ty.axes.iter().copied().collect();
    let (mut sum, mut left): (Option<NodeId>, Option<NodeId>) = (None, None);
    let mut terms = Vec::new();
    for part in parts {
        let cotangent = access(&mut steps.module, part.cotangent, &part.rows)?;
        let mut t = Terms::of(&mut steps.module);
        let product = t.scale(cotangent, part.formula)?;
        let mut over: Vec<AxisId> = t.ty(product).axes;
        over.retain(|a| !columns.contains(a) && !own.contains(a) && !riding.contains(a));
        let missing: Vec<AxisId> =
            part.rows.iter().filter(|a| !over.contains(a)).copied().collect();
        over.extend(missing);
        over.sort_unstable();
        let axes = crate::types::union(&t.ty(product).axes, &over);
        let product = t.lifted(product, &Type { axes, ..Type::scalar() })?;
        let summed = t.sum_axes(product, over.clone())?;
        terms.push(link(steps, walk, part, line, columns, &over));
        let short = delta::contracted(&mut steps.module, summed)?;
        sum = Some(added(&mut steps.module, sum, summed)?);
        left = Some(added(&mut steps.module, left, short)?);
    }
    let (Some(sum), Some(left)) = (sum, left) else { return Ok(()) };
    let symbol = steps.module.read(line.symbol)?;
    let whole = access(&mut steps.module, symbol, columns)?;
    let (sum, left) =
        (lifted(&mut steps.module, sum, whole)?, lifted(&mut steps.module, left, whole)?);
    let mut terms = terms.into_iter();
    let right = match (terms.next(), terms.len()) {
        (Some(one), 0) => one,
        (Some(one), _) => {
            let all = std::iter::once(one).chain(terms).map(|t| (Sign::Plus, t)).collect();
            Expr { kind: ExprKind::Sum(all), span: Span::default() }
        }
        (None, _) => return Ok(()),
    };
    let top = symbol_of(&steps.module, walk.flat.of);
    let shown = parts.iter().all(|p| !is_hidden(&steps.module, p.formula));
    if shown && parts.iter().any(|p| Some(p.reader) != top || p.direct) {
        let detail = Detail {
            left: Some(entry_of(name(&text), &steps.module, columns)),
            right,
            reason: "the chain rule".into(),
            shapes: String::new(),
        };
        steps.push(Step { detail, fact: Fact::Equal(whole, sum) });
        steps.chain(whole, sum, "the derivatives put in");
    }
    if shown {
        steps.chain(sum, left, "a delta leaves the terms with equal indices");
    }
    whole_line(steps, walk, line);
    Ok(())
}

/// All entries at once.
fn whole_line(steps: &mut Steps, walk: &Walk, line: &Line) {
    let text = steps.module.symbol(line.symbol).name.clone();
    let value = steps.tidy(line.value);
    let equation = crate::raise::equation(&steps.module, value);
    let detail = Detail {
        left: Some(equation.left(name(&text))),
        right: equation.right,
        reason: format!("all entries at once; {}", reason(line)),
        shapes: shapes(&steps.module, value),
    };
    let fact = Fact::Gradient { of: walk.flat.of, wrt: line.of, formula: value };
    steps.push(Step { detail, fact });
}

fn added(module: &mut Module, sum: Option<NodeId>, part: NodeId) -> Result<NodeId, Refusal> {
    let Some(sum) = sum else { return Ok(part) };
    let mut t = Terms::of(module);
    let axes = t.ty(sum).union(&t.ty(part));
    let ty = Type { axes, ..Type::scalar() };
    let (a, b) = (t.lifted(sum, &ty)?, t.lifted(part, &ty)?);
    Ok(t.op(Op::Add, &[a, b])?)
}

/// With the axes of what it is equal to.
fn lifted(module: &mut Module, x: NodeId, of: NodeId) -> Result<NodeId, Refusal> {
    let mut t = Terms::of(module);
    let axes = t.ty(of).axes;
    Ok(t.lifted(x, &Type { axes, ..Type::scalar() })?)
}

/// `sum[i] dJ/dz[i] dz[i]/dW[k,l]` as it is printed.
fn link(
    steps: &Steps,
    walk: &Walk,
    part: &Part,
    line: &Line,
    columns: &[AxisId],
    over: &[AxisId],
) -> Expr {
    let module = &steps.module;
    if part.direct {
        return formula(module, part.formula);
    }
    let text = &module.symbol(part.reader).name;
    let inner = derivative(module, text, &part.rows, &module.symbol(line.of).name, columns);
    let top = symbol_of(module, walk.flat.of);
    let product = if top == Some(part.reader) {
        inner
    } else {
        let top = top.map_or_else(|| "J".into(), |s| module.symbol(s).name.clone());
        let first = Box::new(entry_of(name(&format!("d{top}/d{text}")), module, &part.rows));
        let rest =
            vec![Factor { op: ProductOp::Juxtaposition, op_span: Span::default(), value: inner }];
        Expr { kind: ExprKind::Product { first, rest }, span: Span::default() }
    };
    if over.is_empty() {
        return product;
    }
    let binder = |a: &AxisId| Binder {
        name: Name { text: module.axes.get(*a).name.clone(), span: Span::default() },
        range: None,
    };
    let kind = ExprKind::Big {
        op: BigOp::Sum,
        form: BigForm::Bracket,
        binders: over.iter().map(binder).collect(),
        body: Box::new(product),
        word: Span::default(),
    };
    Expr { kind, span: Span::default() }
}
