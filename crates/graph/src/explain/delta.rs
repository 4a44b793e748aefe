//! Deltas: `1[i == k]`, and what a sum leaves of them.

use std::collections::BTreeMap;

use chainrule_syntax::ast::{BigOp, Comparison};

use super::flat::behind;
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId};
use crate::module::Module;
use crate::op::{Affine, Op, Over, Position};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// `a + factor b`, without terms that cancel.
pub(super) fn plus(a: &Affine, b: &Affine, factor: i64) -> Option<Affine> {
    let mut terms: Vec<(AxisId, i64)> = a.terms.clone();
    for (axis, k) in &b.terms {
        let k = k.checked_mul(factor)?;
        match terms.iter_mut().find(|(known, _)| known == axis) {
            Some(known) => known.1 = known.1.checked_add(k)?,
            None => terms.push((*axis, k)),
        }
    }
    terms.retain(|(_, k)| *k != 0);
    let scaled = b.constant.times(&Size::number(factor)).ok()?;
    Some(Affine { terms, constant: a.constant.plus(&scaled).ok()? })
}

/// An affine map as a number.
fn number(module: &mut Module, map: &Affine) -> Result<NodeId, Refusal> {
    let mut total = None;
    for (axis, k) in &map.terms {
        let mut t = Terms::of(module);
        let index = t.op(Op::IndexNumber { axis: *axis }, &[])?;
        let factor = t.number(k.unsigned_abs() as f64)?;
        let term = t.scale(factor, index)?;
        total = Some(match total {
            None if *k < 0 => t.neg(term)?,
            None => term,
            Some(total) => {
                let op = if *k < 0 { Op::Sub } else { Op::Add };
                joined(&mut t, op, total, term)?
            }
        });
    }
    let zero = map.constant == Size::number(0);
    let mut t = Terms::of(module);
    let constant = t.size(&map.constant)?;
    Ok(match total {
        None => constant,
        Some(total) if zero => total,
        Some(total) => joined(&mut t, Op::Add, total, constant)?,
    })
}

/// A sum of numbers with other indices.
pub(super) fn joined(t: &mut Terms<'_>, op: Op, a: NodeId, b: NodeId) -> Result<NodeId, Refusal> {
    let axes = t.ty(a).union(&t.ty(b));
    let ty = Type { axes, ..Type::scalar() };
    if op == Op::Add && a == b {
        let two = t.number(2.0)?;
        return Ok(t.scale(two, a)?);
    }
    let (a, b) = (t.lifted(a, &ty)?, t.lifted(b, &ty)?);
    if op == Op::Sub && t.is_zero(b) {
        return Ok(a);
    }
    if op == Op::Sub && t.is_zero(a) {
        return Ok(t.neg(b)?);
    }
    Ok(t.op(op, &[a, b])?)
}

/// `1[y == k]`, `y` a label.
pub(super) fn is_class(
    module: &mut Module,
    label: NodeId,
    place: &Affine,
) -> Result<Option<NodeId>, Refusal> {
    let number = number(module, place)?;
    let mut t = Terms::of(module);
    let axes = t.ty(label).union(&t.ty(number));
    let (x, y) = (t.ty(label), t.ty(number));
    let label = t.lifted(label, &Type { axes: axes.clone(), ..x })?;
    let number = t.lifted(number, &Type { axes, ..y })?;
    let Ok(truth) = t.op(Op::Compare { op: Comparison::Equal }, &[label, number]) else {
        return Ok(None);
    };
    Ok(Some(t.op(Op::Indicator, &[truth])?))
}

/// `1[a == b]`
pub(super) fn delta(module: &mut Module, a: &Affine, b: &Affine) -> Result<NodeId, Refusal> {
    if a == b {
        return Ok(Terms::of(module).number(1.0)?);
    }
    let (x, y) = (number(module, a)?, number(module, b)?);
    let mut t = Terms::of(module);
    let truth = t.op(Op::Compare { op: Comparison::Equal }, &[x, y])?;
    Ok(t.op(Op::Indicator, &[truth])?)
}

/// The two sides of a delta.
pub(super) fn sides(module: &Module, node: NodeId) -> Option<(Affine, Affine)> {
    let n = module.graph.node(node);
    let inner = module.graph.node(*n.inputs.first()?);
    if n.op != Op::Indicator || inner.op != (Op::Compare { op: Comparison::Equal }) {
        return None;
    }
    Some((affine(module, inner.inputs[0])?, affine(module, inner.inputs[1])?))
}

/// A number of indices as an affine map.
fn affine(module: &Module, node: NodeId) -> Option<Affine> {
    let n = module.graph.node(node);
    let zero = Affine { terms: Vec::new(), constant: Size::number(0) };
    match &n.op {
        Op::IndexNumber { axis } => Some(super::entry::plain(*axis)),
        Op::SizeNumber { size } => Some(Affine { constant: size.clone(), ..zero }),
        Op::Number { bits } => {
            let value = f64::from_bits(*bits);
            let whole = value.fract() == 0.0 && value.abs() < 1e9;
            whole.then(|| Affine { constant: Size::number(value as i64), ..zero })
        }
        Op::Lift { .. } => affine(module, n.inputs[0]),
        Op::Neg => plus(&zero, &affine(module, n.inputs[0])?, -1),
        Op::Add => plus(&affine(module, n.inputs[0])?, &affine(module, n.inputs[1])?, 1),
        Op::Sub => plus(&affine(module, n.inputs[0])?, &affine(module, n.inputs[1])?, -1),
        Op::Scale => {
            let factor = affine(module, n.inputs[0])?;
            let k = factor.constant.constant().and_then(crate::size::Ratio::whole)?;
            if !factor.terms.is_empty() {
                return None;
            }
            plus(&zero, &affine(module, n.inputs[1])?, i64::try_from(k).ok()?)
        }
        _ => None,
    }
}

/// A formula with other places for indices: `x[j]` with `j` at `s-i` is `x[s-i]`.
///
/// Nothing where an index that is summed or copied along would have to move.
pub(super) fn moved(
    module: &mut Module,
    root: NodeId,
    places: &BTreeMap<AxisId, Affine>,
) -> Result<Option<NodeId>, Refusal> {
    rewritten(module, root, places, false)
}

fn rewritten(
    module: &mut Module,
    root: NodeId,
    places: &BTreeMap<AxisId, Affine>,
    padded: bool,
) -> Result<Option<NodeId>, Refusal> {
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in behind(module, root) {
        let n = module.graph.node(id).clone();
        if !n.ty.axes.iter().any(|a| places.contains_key(a)) && !reads(module, &n.op, places) {
            let inputs: Vec<NodeId> = n.inputs.iter().map(|i| done[i]).collect();
            let now = if inputs == n.inputs { id } else { Terms::of(module).op(n.op, &inputs)? };
            done.insert(id, now);
            continue;
        }
        let inputs: Vec<NodeId> = n.inputs.iter().map(|i| done[i]).collect();
        let now = match &n.op {
            Op::IndexNumber { axis } => match places.get(axis) {
                Some(place) => number(module, place)?,
                None => id,
            },
            Op::Access { positions, pad } => {
                let mut hit = false;
                let mut positions = positions.clone();
                for position in &mut positions {
                    if let Position::Affine(map) = position {
                        let Some(now) = put(map, places) else { return Ok(None) };
                        hit |= now != *map;
                        *map = now;
                    }
                }
                Terms::of(module)
                    .op(Op::Access { positions, pad: *pad || hit && padded }, &inputs)?
            }
            Op::Lift { axes, .. } if axes.iter().any(|a| places.contains_key(a)) => {
                let mut t = Terms::of(module);
                let mut axes: Vec<AxisId> =
                    axes.iter().filter(|a| !places.contains_key(a)).copied().collect();
                for (axis, place) in places {
                    if n.ty.axes.contains(axis) {
                        axes.extend(place.terms.iter().map(|(a, _)| *a));
                    }
                }
                let axes = crate::types::union(&t.ty(inputs[0]).axes, &axes);
                let ty = Type { axes, ..(*n.ty).clone() };
                if n.ty.is_scalar() { t.lifted(inputs[0], &ty)? } else { return Ok(None) }
            }
            Op::Add | Op::Sub => {
                joined(&mut Terms::of(module), n.op.clone(), inputs[0], inputs[1])?
            }
            Op::Compare { .. } => Terms::of(module).op(n.op.clone(), &inputs)?,
            Op::Collect { .. } | Op::Scatter { .. } => return Ok(None),
            Op::Indicator => {
                let made = Terms::of(module).op(Op::Indicator, &inputs)?;
                match sides(module, made) {
                    Some((a, b)) => delta(module, &a, &b)?,
                    None => made,
                }
            }
            Op::Scale => Terms::of(module).scale(inputs[0], inputs[1])?,
            op => Terms::of(module).op(op.clone(), &inputs)?,
        };
        done.insert(id, now);
    }
    Ok(done.get(&root).copied())
}

/// Whether an op names one of the indices itself.
fn reads(_: &Module, op: &Op, places: &BTreeMap<AxisId, Affine>) -> bool {
    match op {
        Op::IndexNumber { axis } => places.contains_key(axis),
        _ => false,
    }
}

fn put(map: &Affine, places: &BTreeMap<AxisId, Affine>) -> Option<Affine> {
    let mut out = Affine { terms: Vec::new(), constant: map.constant.clone() };
    for (axis, k) in &map.terms {
        let place = places.get(axis).cloned().unwrap_or_else(|| super::entry::plain(*axis));
        out = plus(&out, &place, *k)?;
    }
    Some(out)
}

/// A product of numbers.
pub(super) struct Product {
    pub(super) factors: Vec<NodeId>,
    /// Whether its sign is minus.
    minus: bool,
    /// What it is divided by; none of it depends on what is summed.
    divisors: Vec<NodeId>,
}

/// The factors of a product of numbers that is summed over some axes.
pub(super) fn factors(module: &Module, node: NodeId, axes: &[AxisId]) -> Product {
    let (mut out, mut minus, mut open) = (Vec::new(), false, vec![node]);
    let mut divisors = Vec::new();
    while let Some(id) = open.pop() {
        let n = module.graph.node(id);
        match n.op {
            Op::Scale => open.extend([n.inputs[1], n.inputs[0]]),
            Op::Neg => {
                minus = !minus;
                open.push(n.inputs[0]);
            }
            Op::Quotient if module.graph.ty(n.inputs[1]).axes.iter().all(|a| !axes.contains(a)) => {
                divisors.push(n.inputs[1]);
                open.push(n.inputs[0]);
            }
            // Copies of a number; the axes are put back afterwards.
            Op::Lift { .. } if n.ty.is_scalar() => open.push(n.inputs[0]),
            _ => out.push(id),
        }
    }
    Product { factors: out, minus, divisors }
}

/// Sums with deltas, evaluated: `sum[i] a[i] 1[i == k]` is `a[k]`. Everywhere in a formula.
pub(super) fn contracted(module: &mut Module, root: NodeId) -> Result<NodeId, Refusal> {
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in behind(module, root) {
        let n = module.graph.node(id).clone();
        let inputs: Vec<NodeId> = n.inputs.iter().map(|i| done[i]).collect();
        let mut now = if inputs == n.inputs {
            id
        } else {
            let mut t = Terms::of(module);
            match &n.op {
                Op::Scale => t.scale(inputs[0], inputs[1])?,
                Op::Neg => t.neg(inputs[0])?,
                Op::Lift { .. } => t.lifted(inputs[0], &n.ty)?,
                Op::Add | Op::Sub => joined(&mut t, n.op.clone(), inputs[0], inputs[1])?,
                op => t.op(op.clone(), &inputs)?,
            }
        };
        if let Op::Reduce { op: BigOp::Sum, over: Over::Named(axes) } = &n.op
            && let Some(left) = summed(module, inputs[0], axes, 0)?
        {
            now = Terms::of(module).lifted(left, &n.ty)?;
        }
        done.insert(id, now);
    }
    Ok(done[&root])
}

/// The sum of a product with deltas over some axes; nothing where no delta is met.
fn summed(
    module: &mut Module,
    body: NodeId,
    axes: &[AxisId],
    deep: usize,
) -> Result<Option<NodeId>, Refusal> {
    let Product { factors: mut parts, minus, divisors } = factors(module, body, axes);
    let all_parts = parts.clone();
    let mut axes = axes.to_vec();
    let mut met = false;
    while let Some((at, axis, place, padded)) = hit(module, &parts, &axes) {
        parts.remove(at);
        let places = BTreeMap::from([(axis, place)]);
        let mut now = Vec::new();
        for part in &parts {
            let Some(part) = rewritten(module, *part, &places, padded)? else { return Ok(None) };
            now.push(part);
        }
        parts = now;
        axes.retain(|a| *a != axis);
        met = true;
    }
    if !met {
        let Some(made) = distributed(module, &all_parts, &axes, deep)? else { return Ok(None) };
        return divided(module, made, minus, &divisors).map(Some);
    }
    let mut t = Terms::of(module);
    let mut product = t.number(1.0)?;
    for part in parts {
        product = t.scale(product, part)?;
    }
    let own = t.ty(product).axes;
    if !axes.is_empty() {
        let all = crate::types::union(&own, &axes);
        product = t.lifted(product, &Type { axes: all, ..Type::scalar() })?;
        product = t.sum_axes(product, axes)?;
    }
    divided(module, product, minus, &divisors).map(Some)
}

/// With its divisors and its sign.
fn divided(
    module: &mut Module,
    node: NodeId,
    minus: bool,
    divisors: &[NodeId],
) -> Result<NodeId, Refusal> {
    let mut t = Terms::of(module);
    let mut out = node;
    for divisor in divisors.iter().rev() {
        out = t.quotient(out, *divisor)?;
    }
    Ok(if minus { t.neg(out)? } else { out })
}

/// A sum over a product with a sum that has deltas in it, term by term.
fn distributed(
    module: &mut Module,
    parts: &[NodeId],
    axes: &[AxisId],
    deep: usize,
) -> Result<Option<NodeId>, Refusal> {
    let sum = |m: &Module, p: &NodeId| {
        matches!(m.graph.node(*p).op, Op::Add | Op::Sub) && !super::cases::pairs(m, *p).is_empty()
    };
    let Some(at) = parts.iter().position(|p| sum(module, p)).filter(|_| deep < 4) else {
        return Ok(None);
    };
    let node = module.graph.node(parts[at]).clone();
    let mut terms = Vec::new();
    for term in &node.inputs {
        let mut t = Terms::of(module);
        let mut product = t.number(1.0)?;
        for (i, part) in parts.iter().enumerate() {
            product = t.scale(product, if i == at { *term } else { *part })?;
        }
        let own = t.ty(product).axes;
        let all = crate::types::union(&own, axes);
        let product = t.lifted(product, &Type { axes: all, ..Type::scalar() })?;
        terms.push(match summed(module, product, axes, deep + 1)? {
            Some(made) => made,
            None => Terms::of(module).sum_axes(product, axes.to_vec())?,
        });
    }
    joined(&mut Terms::of(module), node.op, terms[0], terms[1]).map(Some)
}

/// A delta that fixes one of the axes: its place among the factors, the axis, where it stands, and
/// whether it may stand outside.
fn hit(
    module: &Module,
    parts: &[NodeId],
    axes: &[AxisId],
) -> Option<(usize, AxisId, Affine, bool)> {
    for (at, part) in parts.iter().enumerate() {
        let Some((a, b)) = sides(module, *part) else { continue };
        // a - b = 0
        let whole = plus(&a, &b, -1)?;
        for axis in axes {
            let Some((_, k)) = whole.terms.iter().find(|(x, _)| x == axis) else { continue };
            if k.abs() != 1 {
                continue;
            }
            let zero = Affine { terms: Vec::new(), constant: Size::number(0) };
            let rest = Affine {
                terms: whole.terms.iter().filter(|(x, _)| x != axis).copied().collect(),
                constant: whole.constant.clone(),
            };
            let place = plus(&zero, &rest, -k)?;
            if stays(module, *axis, &place) {
                return Some((at, *axis, place, false));
            }
            let others = parts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, p)| *p);
            let covered = others.into_iter().any(|p| covers(module, p, *axis));
            if covered {
                return Some((at, *axis, place, true));
            }
        }
    }
    None
}

/// Whether a place is always within the range of an index.
fn stays(module: &Module, axis: AxisId, place: &Affine) -> bool {
    match place.terms.as_slice() {
        [(other, 1)] if place.constant == Size::number(0) => {
            module.axes.get(*other).extent == module.axes.get(axis).extent
        }
        [] => place.constant == Size::number(0),
        _ => false,
    }
}

/// Whether a factor reads an array along an index from end to end: outside it reads zeros.
fn covers(module: &Module, part: NodeId, axis: AxisId) -> bool {
    let n = module.graph.node(part);
    let Op::Access { positions, .. } = &n.op else { return false };
    let dims = &module.graph.ty(n.inputs[0]).dims;
    let own = super::entry::plain(axis);
    let extent = module.axes.get(axis).extent.as_ref();
    positions
        .iter()
        .zip(dims)
        .any(|(p, d)| *p == Position::Affine(own.clone()) && Some(d) == extent)
}
