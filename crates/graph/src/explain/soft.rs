//! The Jacobian of a softmax, and how it collapses behind a logarithm.

use super::full::Steps;
use super::{Detail, Fact, Step, call, formula, name, shapes, symbol_of};
use crate::differentiate::Refusal;
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::record::{At, Made};
use crate::terms::Terms;
use crate::types::Type;

/// Factors of a cotangent that are looked at, at most: shared ones are met more than once.
const LOOKS: usize = 256;

/// The Jacobian of `p = softmax(z)`, from its entries to its matrix: of the file's own equation, or of
/// any vector.
pub(super) fn jacobian(
    steps: &mut Steps,
    node: NodeId,
    named: Option<SymbolId>,
) -> Result<(), Refusal> {
    let at = Terms::of(&mut steps.module).at(node);
    let own = steps.module.graph.ty(at.inputs[0]).clone();
    let dims = own.element_dims(&steps.module.sizes);
    let axis = match (&at.op, dims.as_slice()) {
        (Op::Softmax { axis: Some(axis) }, _) => *axis,
        (_, [one]) => *one,
        _ => return Ok(()),
    };
    let file = match (named, symbol_of(&steps.module, at.inputs[0])) {
        (Some(p), Some(z)) if own.dims.len() == 1 => Some((p, z)),
        _ => None,
    };
    let (symbol, z, value) = match file {
        Some((p, z)) => (p, z, node),
        None => {
            let ty = Type::array(vec![own.dims[axis].clone()]);
            let (z, read) = steps.letter("z", &ty)?;
            let value = Terms::of(&mut steps.module).op(Op::Softmax { axis: None }, &[read])?;
            let text = super::free_name(&steps.module, &["p", "r", "s"]);
            let p = crate::differentiate::name(&mut steps.module, text, value)?;
            let Some(symbol) = symbol_of(&steps.module, p) else { return Ok(()) };
            steps.module.symbols[symbol.index()].role = crate::module::Role::Defined;
            (symbol, z, value)
        }
    };
    let text = steps.module.symbol(symbol).name.clone();
    let (p, read) = (steps.module.read(symbol)?, steps.module.read(z)?);
    let reason = format!("{text} = softmax({}): the quotient rule", steps.module.symbol(z).name);
    super::index::entries(steps, symbol, value, z, &reason)?;
    let jac = Terms::of(&mut steps.module).op(Op::Jac { row: false }, &[p, read])?;
    let jac = crate::differentiate::resolved(&mut steps.module, jac, &mut Default::default())?;
    let left = call("jac", 0, vec![name(&text), name(&steps.module.symbol(z).name)]);
    let detail = Detail {
        left: Some(left),
        right: formula(&steps.module, jac),
        reason: "both cases as a matrix".into(),
        shapes: shapes(&steps.module, jac),
    };
    let mut t = Terms::of(&mut steps.module);
    let ty = t.ty(value);
    let (rows, columns) = (t.axes_of(&ty, &["i"]), t.axes_of(&ty, &["j"]));
    let both: Vec<_> = rows.iter().chain(&columns).copied().collect();
    let entry = t.entry(jac, &both)?;
    let fact =
        Fact::Entries { of: value, wrt: z, rows, columns, formula: entry, differ: Vec::new() };
    steps.push(Step { detail, fact });
    Ok(())
}

/// The cotangent behind a softmax where the cotangent of its value is `w ./ p`: both parts of the
/// Jacobian lose the denominator, and `w` has a known sum. Nothing where it is not of that form.
pub(super) fn collapse(
    steps: &mut Steps,
    text: &str,
    (value, cotangent, before): (NodeId, NodeId, NodeId),
) -> Result<(), Refusal> {
    let mut looks = LOOKS;
    let Some(w) = cancelled(&mut steps.module, value, cotangent, &mut looks)? else {
        return Ok(());
    };
    let at = {
        let node = match symbol_of(&steps.module, value).and_then(|s| steps.module.binding(s)) {
            Some(binding) => binding.value,
            None => value,
        };
        Terms::of(&mut steps.module).at(node)
    };
    let product = Terms::of(&mut steps.module).times(value, cotangent)?;
    let p = crate::raise::equation(&steps.module, value).right;
    let p = chainrule_syntax::print::expr(&p);
    steps.equal(Some(formula(&steps.module, product)), product, w, &format!("`{p}` cancels"));
    let (sum, whole) = along(&mut steps.module, &at, w)?;
    if sum != whole {
        let whole_sum = super::flat::behind(&steps.module, whole)
            .iter()
            .all(|n| !matches!(steps.module.graph.node(*n).op, Op::Reduce { .. }));
        let reason = if whole_sum {
            "the entries of a one-hot vector or a distribution add up to 1"
        } else {
            "what all terms share stands in front"
        };
        let left = formula(&steps.module, sum);
        steps.equal(Some(left), sum, whole, reason);
    }
    let made = {
        let mut t = Terms::of(&mut steps.module);
        let wide = spread(&mut t, &at, whole)?;
        let weighted = t.times(value, wide)?;
        t.sub(w, weighted)?
    };
    let made = steps.tidy(made);
    if formula(&steps.module, before) != formula(&steps.module, made) {
        steps.equal(Some(name(text)), before, made, "both put in");
    }
    Ok(())
}

/// Copies of the sums along the entries of each distribution.
fn spread(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    crate::ops::soft::axis::copied(t, at, y)
}

/// The sums of `w` along the entries of each distribution: as a term, and what it comes to.
fn along(module: &mut Module, at: &At, w: NodeId) -> Result<(NodeId, NodeId), Refusal> {
    let ty = module.graph.ty(w).clone();
    let mut t = Terms::of(module);
    let axis = crate::ops::soft::axis::axis(&at.op, &ty, &t.context())?;
    let Some(axis) = axis else { return Ok((w, w)) };
    let over =
        if ty.dims.len() == 1 { crate::op::Over::All } else { crate::op::Over::Dims(vec![axis]) };
    let sum = t.op(Op::Reduce { op: chainrule_syntax::ast::BigOp::Sum, over }, &[w])?;
    let whole = t.sum_dims(w, vec![axis])?;
    Ok((sum, whole))
}

/// `p .* g` where `g` is `c (w ./ p)`, or `(c / p[y]) onehot(y)`.
fn cancelled(
    module: &mut Module,
    p: NodeId,
    g: NodeId,
    left: &mut usize,
) -> Result<Option<NodeId>, Refusal> {
    let Some(rest) = left.checked_sub(1) else { return Ok(None) };
    *left = rest;
    let node = module.graph.node(g).clone();
    let made = match &node.op {
        Op::Neg => {
            let Some(w) = cancelled(module, p, node.inputs[0], left)? else { return Ok(None) };
            Terms::of(module).neg(w)?
        }
        Op::HadamardQuotient if node.inputs[1] == p => node.inputs[0],
        Op::Hadamard => {
            let mut found = None;
            for k in 0..2 {
                if let Some(w) = cancelled(module, p, node.inputs[k], left)? {
                    found = Some(Terms::of(module).times(w, node.inputs[1 - k])?);
                    break;
                }
            }
            let Some(found) = found else { return Ok(None) };
            found
        }
        Op::Scale => {
            let (s, a) = (node.inputs[0], node.inputs[1]);
            if let Some(w) = cancelled(module, p, a, left)? {
                Terms::of(module).scale(s, w)?
            } else {
                let unit = module.graph.node(a).op == Op::OneHot;
                let over = if unit { over_entry(module, p, s, a, left)? } else { None };
                let Some(c) = over else { return Ok(None) };
                Terms::of(module).scale(c, a)?
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// `c` where `s` is `c / p[y]` and `one` is `onehot(y)`.
fn over_entry(
    module: &mut Module,
    p: NodeId,
    s: NodeId,
    one: NodeId,
    left: &mut usize,
) -> Result<Option<NodeId>, Refusal> {
    let Some(rest) = left.checked_sub(1) else { return Ok(None) };
    *left = rest;
    let label = module.graph.node(one).inputs[0];
    let node = module.graph.node(s).clone();
    Ok(match node.op {
        Op::Neg => match over_entry(module, p, node.inputs[0], one, left)? {
            Some(c) => Some(Terms::of(module).neg(c)?),
            None => None,
        },
        Op::Quotient => {
            let below = module.graph.node(node.inputs[1]).clone();
            let entry = matches!(below.op, Op::Access { .. }) && below.inputs == [p, label];
            entry.then_some(node.inputs[0])
        }
        Op::Scale => match over_entry(module, p, node.inputs[1], one, left)? {
            Some(c) => Some(Terms::of(module).scale(node.inputs[0], c)?),
            None => match over_entry(module, p, node.inputs[0], one, left)? {
                Some(c) => Some(Terms::of(module).scale(c, node.inputs[1])?),
                None => None,
            },
        },
        _ => None,
    })
}
