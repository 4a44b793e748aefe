//! Claims that are no plain chain: of types, in the other layout, as a factor.

use std::collections::BTreeMap;

use chainrule_syntax::ast::Relation;

use super::super::nearest::Nearest;
use super::super::point::{Draw, Manner, Point};
use super::super::verdict::Verdict;
use super::super::{Settings, Stop, collect, sizes};
use super::{Finding, Work, links};
use crate::index::NodeId;
use crate::interpret::{Interpreter, Tensor};
use crate::module::{Claim, Module, Statement};
use crate::op::Op;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::{Kind, Type};

/// A determinant that is less, relative to the product of the diagonal, is 0.
const SINGULAR: f64 = 1e-12;
/// What values are multiplied by, from draw to draw.
const SPREADS: [f64; 9] = [1.0, 1.0, 1.0, 30.0, 30.0, 30.0, 1.0 / 30.0, 300.0, 300.0];

/// `b1 : R[H]`: sizes are equal as polynomials, or by the numbers that the file fixes.
pub(super) fn typed(
    work: &mut Work,
    claim: &Claim,
    node: NodeId,
    ty: &Type,
    settings: &Settings,
) -> Result<Finding, Stop> {
    let own = work.module.graph.ty(node).clone();
    let sizes = &work.module.sizes;
    let same = |a: &Size, b: &Size| {
        a == b || a.value(sizes).is_some_and(|value| b.value(sizes) == Some(value))
    };
    let dims =
        own.dims.len() == ty.dims.len() && own.dims.iter().zip(&ty.dims).all(|(a, b)| same(a, b));
    // The batch axis is silent; one that is written must be there.
    let axes = ty.axes.iter().all(|a| own.axes.contains(a) || claim.forall.contains(a));
    let label = |k: &Kind| matches!(k, Kind::Label(_) | Kind::Truth);
    let kinds = match (&own.kind, &ty.kind) {
        (Kind::Label(a), Kind::Label(b)) => same(a, b),
        (a, b) => !label(a) && !label(b),
    };
    let fits = dims && axes && kinds && of_kind(work, node, &own, ty, settings)?;
    let text = work.module.type_text(&own);
    if fits {
        // Sizes are equal as formulas; a narrower kind was looked for in numbers.
        let plain = own.kind == ty.kind || matches!(ty.kind, Kind::Real | Kind::Label(_));
        let verdict = if plain { Verdict::Proved } else { Verdict::Verified };
        return Ok(Finding::of(verdict, format!("its type is {text}")));
    }
    let mut found = Finding::of(Verdict::False, format!("its type is {text}"));
    if !(dims && axes && kinds) {
        found.nearest = Some(Nearest { text, edit: "the type".into() });
    }
    Ok(found)
}

/// Whether the values are of a narrower kind: positive, symmetric, of sum 1.
fn of_kind(
    work: &mut Work,
    node: NodeId,
    own: &Type,
    ty: &Type,
    settings: &Settings,
) -> Result<bool, Stop> {
    if own.kind == ty.kind || matches!(ty.kind, Kind::Real | Kind::Label(_)) {
        return Ok(true);
    }
    let node = work.resolved(node)?;
    let used = collect::sizes(&work.module, &[node]);
    let mut seen = false;
    for (draw, spread) in SPREADS.iter().enumerate() {
        let numbers = sizes::draw(&work.module, &used, settings.seed, draw as u64 / 4)?;
        let how = Draw {
            seed: settings.seed,
            draw: draw as u64,
            manner: [Manner::Normal, Manner::Positive, Manner::Negative][draw % 3],
            replaced: &[],
            constants: false,
            spread: *spread,
        };
        let point = Point::draw(&work.module, &numbers, &how)?;
        let mut it: Interpreter<'_, f64> = point.interpreter(&work.module)?;
        let value = it.value(node)?;
        // Far out a value may be lost: an overflow is no sign.
        if *spread != 1.0 && !value.data.iter().all(|x| x.is_finite()) {
            continue;
        }
        seen = true;
        if !fits(&value, &ty.kind, *spread != 1.0) {
            return Ok(false);
        }
    }
    Ok(seen)
}

/// Whether a value is of a kind; zeros of a wide point may be exponents that ran out.
fn fits(value: &Tensor<f64>, kind: &Kind, wide: bool) -> bool {
    let dims = value.dims().to_vec();
    let n = dims.first().copied().unwrap_or(1);
    let close = |a: f64, b: f64| (a - b).abs() <= links::AGREE * value.largest().max(1e-8);
    let entries: usize = dims.iter().product();
    let each = |good: &dyn Fn(f64) -> bool| value.data.iter().all(|x| good(*x));
    let symmetric = || {
        value
            .data
            .chunks(entries.max(1))
            .all(|part| (0..part.len()).all(|at| close(part[at], part[at % n * n + at / n])))
    };
    match *kind {
        Kind::Positive => each(&|x| x > 0.0 || wide && x == 0.0),
        Kind::Integer => each(&|x| x.fract() == 0.0),
        Kind::Mask => each(&|x| x == 0.0 || x == 1.0),
        Kind::Sym => symmetric(),
        Kind::Spd => {
            // Sylvester: every leading minor is positive.
            let minor = |part: &[f64], m: usize| {
                let corner: Vec<f64> = (0..m * m).map(|at| part[at / m * n + at % m]).collect();
                // Hadamard: no determinant is more; one that is 0 is found up to rounding.
                let most: f64 = (0..m).map(|i| part[i * n + i]).product();
                crate::scalar::linalg::det(m, &corner) > SINGULAR * most.abs()
            };
            let positive = |part: &[f64]| (1..=n).all(|m| minor(part, m));
            symmetric() && value.data.chunks(entries.max(1)).all(positive)
        }
        Kind::Prob => {
            let rest = (entries / n.max(1)).max(1);
            let sums = |part: &[f64]| {
                (0..rest).all(|at| close((0..n).map(|k| part[k * rest + at]).sum(), 1.0))
            };
            each(&|x| x >= 0.0) && value.data.chunks(entries.max(1)).all(sums)
        }
        _ => true,
    }
}

/// Whether a chain that is false as written holds with every Jacobian transposed.
pub(super) fn transposed(
    work: &mut Work,
    claim: &Claim,
    first: NodeId,
    links: &[(Relation, NodeId)],
    settings: &Settings,
) -> Result<bool, Stop> {
    let has = |node: &NodeId| {
        let nodes = collect::nodes(&work.module, *node);
        nodes.iter().any(|n| matches!(work.module.graph.node(*n).op, Op::Jac { .. }))
    };
    let all = std::iter::once(first).chain(links.iter().map(|(_, n)| *n));
    if claim.layout.is_some() || !all.clone().any(|n| has(&n)) {
        return Ok(false);
    }
    let mut turned = BTreeMap::new();
    let Ok(first) = turn(&mut work.module, first, &mut turned) else { return Ok(false) };
    let mut other = Vec::new();
    for (relation, node) in links {
        let Ok(node) = turn(&mut work.module, *node, &mut turned) else { return Ok(false) };
        other.push((*relation, node));
    }
    let sides = work.sides(claim, first, &other)?;
    Ok(links::test(&work.module, &sides, settings)?.holds())
}

/// The term with each Jacobian transposed; an error if its shapes no longer fit.
fn turn(
    module: &mut Module,
    root: NodeId,
    done: &mut BTreeMap<NodeId, NodeId>,
) -> Result<NodeId, Stop> {
    for id in collect::nodes(module, root) {
        let at = Terms::of(module).at(id);
        let inputs: Vec<NodeId> = at.inputs.iter().map(|i| done[i]).collect();
        let jacobian = matches!(at.op, Op::Jac { .. });
        let mut t = Terms::of(module);
        // What is differentiated stays as it is.
        let mut now = if jacobian { id } else { t.op(at.op, &inputs)? };
        if jacobian && !t.ty(now).is_scalar() {
            now = t.op(Op::Transpose, &[now])?;
        }
        done.insert(id, now);
    }
    let (now, then) = (module.graph.ty(done[&root]), module.graph.ty(root));
    if now.dims != then.dims {
        return Err(Stop("the shapes do not fit in the other layout".into()));
    }
    Ok(done[&root])
}

/// A claim whose shapes do not fit: it may hold in the other layout, or as a factor.
pub(super) fn ill_formed(
    work: &mut Work,
    claim: &Claim,
    settings: &Settings,
) -> Result<Finding, Stop> {
    if let Some(Statement::Links(first, links)) = &claim.turned {
        let sides = work.sides(claim, *first, links)?;
        if links::test(&work.module, &sides, settings)?.holds() {
            let message = "it holds with every Jacobian transposed";
            return Ok(Finding::of(Verdict::TrueInLayout, message));
        }
    }
    if let Some(Statement::Links(first, links)) = &claim.sides
        && let [(Relation::Equal, second)] = links.as_slice()
    {
        let found = as_factor(work, claim, *first, *second, settings)?;
        let found = match found {
            None => as_factor(work, claim, *second, *first, settings)?,
            found => found,
        };
        if let Some(text) = found {
            let message = format!("it holds as a factor: the Jacobian is {text}");
            let mut found = Finding::of(Verdict::TrueAsFactor, message);
            found.nearest = Some(Nearest { text, edit: "a factor stands for the Jacobian".into() });
            return Ok(found);
        }
    }
    let why = claim.ill_formed.first().map_or_else(|| "its shapes do not fit".into(), reason);
    Ok(Finding::of(Verdict::IllFormed, why))
}

/// Why a claim has no meaning: `(m x 1)(dh x 1): inner sizes 1 and dh differ`.
fn reason(found: &chainrule_syntax::Diagnostic) -> String {
    match found.labels.as_slice() {
        [left, right, ..] if found.code == "inner-sizes" => {
            let (mut left, mut right) = (left, right);
            if left.span.start > right.span.start {
                std::mem::swap(&mut left, &mut right);
            }
            let message = found.message.trim_end_matches(" in this product");
            format!("({})({}): {message}", left.text, right.text)
        }
        _ => found.message.clone(),
    }
}

/// `jac(z, W) = a^T`, read as `kron(a^T, I)`: the factor of every upstream gradient.
fn as_factor(
    work: &mut Work,
    claim: &Claim,
    jacobian: NodeId,
    row: NodeId,
    settings: &Settings,
) -> Result<Option<String>, Stop> {
    let graph = &work.module.graph;
    let Op::Jac { row: by_rows } = graph.node(jacobian).op else { return Ok(None) };
    let (left, right) = (graph.ty(jacobian).dims.clone(), graph.ty(row).dims.clone());
    let ([outputs, entries], [one, length]) = (left.as_slice(), right.as_slice()) else {
        return Ok(None);
    };
    let fits = one.is_one() && outputs.times(length).is_ok_and(|product| product == *entries);
    if !fits {
        return Ok(None);
    }
    let outputs = outputs.clone();
    let mut t = Terms::of(&mut work.module);
    let unit = t.op(Op::Identity { n: outputs }, &[])?;
    let factors = if by_rows { [unit, row] } else { [row, unit] };
    let kron = t.op(Op::Kron, &factors)?;
    let sides = work.sides(claim, jacobian, &[(Relation::Equal, kron)])?;
    if !links::test(&work.module, &sides, settings)?.holds() {
        return Ok(None);
    }
    Ok(Some(crate::raise::text(&work.module, kron)))
}
