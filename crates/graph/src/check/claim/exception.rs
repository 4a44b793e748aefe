//! Claims that hold at almost every point: what happens where a declared value sits on a kink.

use chainrule_syntax::ast::{BigOp, Comparison, Relation};

use super::super::point::{Draw, Manner, Point};
use super::super::verdict::Verdict;
use super::super::{Settings, Stop, collect};
use super::links::{self, Sides, Tested, see};
use super::special;
use super::{Finding, Work};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Failure, Interpreter, Tensor};
use crate::module::{Claim, Module, Role, Statement};
use crate::op::Op;

/// The step of one-sided differences.
const STEP: f64 = 1e-6;
/// One-sided slopes further apart than this differ.
const APART: f64 = 1e-3;
/// How many entries are stepped along.
const MOST_ENTRIES: usize = 24;

/// Where a declared value meets a kink.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Hit {
    /// At 0.
    Zero,
    /// Where it equals the value of a term.
    Equal(NodeId),
    /// Where its entries are all the same.
    Tie,
}

/// A derivative that is taken: of what, by which name, at which declared value.
struct Taken {
    of: NodeId,
    by: SymbolId,
    at: SymbolId,
}

/// A claim that holds at random points: verified, or true except at kinks.
pub(super) fn unless(
    work: &mut Work,
    claim: &Claim,
    sides: &Sides,
    tested: &Tested,
    settings: &Settings,
) -> Result<Finding, Stop> {
    let roots = written(claim);
    let mut hits = declared_kinks(&work.module, &roots);
    let compares = special::compares(&work.module, sides);
    if compares {
        let compared = |hit: &(SymbolId, Hit)| !hits.contains(hit);
        let more: Vec<_> =
            compared_values(&work.module, &roots).into_iter().filter(compared).collect();
        hits.extend(more);
    }
    if compares || sides.relations.iter().any(|r| special::is_order(*r)) {
        hits.extend(zeros(&work.module, &roots, &hits));
    }
    hits.retain(|(symbol, _)| !sides.replaced.iter().any(|(s, _)| s == symbol));
    let taken = derivatives(work, &roots)?;
    let mut found: Vec<(SymbolId, Hit, bool)> = Vec::new();
    for (symbol, hit) in hits {
        if let Some(missing) = exception(work, sides, symbol, hit, &taken, settings)? {
            found.push((symbol, hit, missing));
        }
    }
    let agrees = format!("{}{}", agreed(work, sides, tested), unmet(&work.module, &tested.unmet));
    if let Some(lopsided) = &tested.lopsided {
        let message = format!("it holds where both sides have a value; {lopsided}");
        let verdict = Verdict::TrueWhere { missing: false };
        return Ok(Finding { gap: Some(tested.gap), ..Finding::of(verdict, message) });
    }
    if found.is_empty() {
        return Ok(Finding { gap: Some(tested.gap), ..Finding::of(Verdict::Verified, agrees) });
    }
    let missing = found.iter().all(|(_, _, missing)| *missing);
    let conditions: Vec<String> =
        found.iter().map(|(symbol, hit, _)| condition(&work.module, *symbol, *hit)).collect();
    let why =
        if missing { "the derivative does not exist there" } else { "the sides differ there" };
    let message = format!("it holds where {}; {why}", conditions.join(" and "));
    let verdict = Verdict::TrueWhere { missing };
    Ok(Finding { gap: Some(tested.gap), ..Finding::of(verdict, message) })
}

/// At how many points a claim holds, in words.
fn agreed(work: &Work, sides: &Sides, tested: &Tested) -> String {
    let plural = if tested.points == 1 { "" } else { "s" };
    let at = format!("at {} point{plural}", tested.points);
    let equal = |r: &Relation| matches!(r, Relation::Equal | Relation::Compare(Comparison::Equal));
    if special::is_no_identity(&work.module, sides) {
        return format!("the sides differ {at}: they are no identity, but may be equal at others");
    }
    match sides.relations.iter().all(equal) {
        true => format!("both sides agree {at}"),
        false => format!("it holds {at}"),
    }
}

/// The declared values that a comparison reads, where it is an equation.
fn compared_values(module: &Module, roots: &[NodeId]) -> Vec<(SymbolId, Hit)> {
    let mut found = Vec::new();
    for id in roots.iter().flat_map(|r| collect::behind(module, *r)) {
        let node = module.graph.node(id);
        if !matches!(node.op, Op::Compare { .. }) {
            continue;
        }
        for (own, other) in [(0, 1), (1, 0)] {
            let Some(symbol) = declared(module, node.inputs[own]) else { continue };
            let zero = module.graph.node(node.inputs[other]).op == Op::number(0.0);
            let hit = if zero { Hit::Zero } else { Hit::Equal(node.inputs[other]) };
            let real = module.symbol(symbol).ty.kind == crate::types::Kind::Real;
            if real && !found.contains(&(symbol, hit)) {
                found.push((symbol, hit));
                break;
            }
        }
    }
    found
}

/// The declared values that an inequality reads, at 0: `x^2 > 0` fails nowhere else.
fn zeros(module: &Module, roots: &[NodeId], known: &[(SymbolId, Hit)]) -> Vec<(SymbolId, Hit)> {
    let behind = roots.iter().flat_map(|r| collect::behind(module, *r));
    let mut found: Vec<(SymbolId, Hit)> = Vec::new();
    for symbol in behind.filter_map(|id| match module.graph.node(id).op {
        Op::Symbol { .. } => declared(module, id),
        _ => None,
    }) {
        let hit = (symbol, Hit::Zero);
        let real = module.symbol(symbol).ty.kind == crate::types::Kind::Real;
        if real && !known.contains(&hit) && !found.contains(&hit) {
            found.push(hit);
        }
    }
    found
}

/// The branches that no point took, in words.
fn unmet(module: &Module, nodes: &[NodeId]) -> String {
    let mut texts: Vec<String> = nodes.iter().map(|n| crate::raise::text(module, *n)).collect();
    texts.sort();
    texts.dedup();
    if texts.is_empty() {
        return String::new();
    }
    let more = if texts.len() > 3 { ", .." } else { "" };
    texts.truncate(3);
    format!("; only one branch of {}{more} was met", texts.join(", "))
}

fn condition(module: &Module, symbol: SymbolId, hit: Hit) -> String {
    let name = &module.symbol(symbol).name;
    match hit {
        Hit::Zero => format!("{name} != 0"),
        Hit::Equal(node) => format!("{name} != {}", crate::raise::text(module, node)),
        Hit::Tie => format!("the entries of {name} differ"),
    }
}

fn written(claim: &Claim) -> Vec<NodeId> {
    match &claim.statement {
        Some(Statement::Links(first, links)) => {
            std::iter::once(*first).chain(links.iter().map(|(_, n)| *n)).collect()
        }
        _ => Vec::new(),
    }
}

/// The declared value that a term is, or is an entry of.
pub(super) fn declared(module: &Module, node: NodeId) -> Option<SymbolId> {
    let mut at = node;
    loop {
        let node = module.graph.node(at);
        match node.op {
            Op::Symbol { id, .. } => {
                let role = &module.symbol(id).role;
                let free = matches!(role, Role::Given(_) | Role::Param(_) | Role::Data);
                return free.then_some(id);
            }
            Op::Access { .. } | Op::Transpose | Op::Lift { .. } | Op::Reshape { .. } => {
                at = node.inputs[0];
            }
            _ => return None,
        }
    }
}

/// Kinks whose argument is a declared value itself: those of computed values are null events.
fn declared_kinks(module: &Module, roots: &[NodeId]) -> Vec<(SymbolId, Hit)> {
    let mut found = Vec::new();
    let mut add = |hit: Option<SymbolId>, at: Hit| {
        if let Some(symbol) = hit
            && !found.contains(&(symbol, at))
        {
            found.push((symbol, at));
        }
    };
    for id in roots.iter().flat_map(|r| collect::behind(module, *r)) {
        let node = module.graph.node(id);
        let input = |i: usize| declared(module, node.inputs[i]);
        match &node.op {
            Op::Relu | Op::Abs | Op::Sign | Op::Norm { .. } => add(input(0), Hit::Zero),
            Op::Maximum | Op::Minimum => {
                add(input(0), Hit::Equal(node.inputs[1]));
                if input(0).is_none() {
                    add(input(1), Hit::Equal(node.inputs[0]));
                }
            }
            Op::Reduce { op: BigOp::Max | BigOp::Min, .. } => add(input(0), Hit::Tie),
            // `abs'(x)`: the kink is that of the function at its argument.
            Op::Prime { .. } if kinked(module, node.inputs[2], node.inputs[1]) => {
                add(input(0), Hit::Zero);
            }
            _ => {}
        }
    }
    found
}

/// Whether a function of a local name has a kink at 0 of that name.
fn kinked(module: &Module, function: NodeId, local: NodeId) -> bool {
    collect::nodes(module, function).into_iter().any(|id| {
        let node = module.graph.node(id);
        let kink = matches!(node.op, Op::Relu | Op::Abs | Op::Sign | Op::Norm { .. })
            || matches!(node.op, Op::Maximum | Op::Minimum);
        kink && node.inputs.contains(&local)
    })
}

/// The derivatives that a claim takes, what they are of resolved.
fn derivatives(work: &mut Work, roots: &[NodeId]) -> Result<Vec<Taken>, Stop> {
    let mut found = Vec::new();
    let mut nodes = std::collections::BTreeSet::new();
    for root in roots {
        nodes.extend(collect::behind(&work.module, *root));
    }
    for id in nodes {
        let node = work.module.graph.node(id).clone();
        let symbol = |n: NodeId| match work.module.graph.node(n).op {
            Op::Symbol { id, .. } => Some(id),
            _ => None,
        };
        let taken = match node.op {
            Op::Grad | Op::Jac { .. } | Op::Hess | Op::Hvp => {
                symbol(node.inputs[1]).map(|by| (node.inputs[0], by, by))
            }
            Op::Prime { .. } => {
                let at = declared(&work.module, node.inputs[0]);
                at.zip(symbol(node.inputs[1])).map(|(at, by)| (node.inputs[2], by, at))
            }
            _ => None,
        };
        if let Some((of, by, at)) = taken {
            found.push(Taken { of: work.resolved(of)?, by, at });
        }
    }
    Ok(found)
}

/// Whether a claim fails where `symbol` sits on its kink; `Some(true)` if all that fails is that a
/// derivative is missing.
fn exception(
    work: &Work,
    sides: &Sides,
    symbol: SymbolId,
    hit: Hit,
    taken: &[Taken],
    settings: &Settings,
) -> Result<Option<bool>, Stop> {
    let module = &work.module;
    let numbers = links::numbers(module, sides, settings.seed, 0)?;
    let mut differs = false;
    for draw in 0..2 {
        let how = Draw {
            seed: settings.seed,
            draw: 0xe0 + draw,
            manner: Manner::Normal,
            replaced: &sides.replaced,
            constants: false,
            spread: 1.0,
        };
        let random = Point::draw(module, &numbers, &how)?;
        for whole in [false, true] {
            let mut point = random.clone();
            let Some(value) = placed(module, &random, symbol, hit, whole)? else { continue };
            point.set(symbol, value);
            let Ok(seen) = see::<f64>(module, sides, &point) else { continue };
            let admitted = seen.counts.is_empty() || seen.counts.contains(&true);
            if !admitted {
                continue;
            }
            for taken in taken.iter().filter(|t| t.at == symbol) {
                if one_sided(module, &point, taken)? {
                    return Ok(Some(true));
                }
            }
            // Where neither side has a value nothing is claimed.
            let nothing = seen.values.iter().all(|v| v.data.iter().all(|x| !x.is_finite()));
            let found = links::compared(module, sides, &point, &seen, false)?;
            differs |= !nothing && found.broken.is_some();
        }
    }
    Ok(differs.then_some(false))
}

/// The value of a name on its kink: one entry, or all of them.
fn placed(
    module: &Module,
    point: &Point,
    symbol: SymbolId,
    hit: Hit,
    whole: bool,
) -> Result<Option<Tensor<f64>>, Stop> {
    let Some(mut value) = point.get(symbol).cloned() else { return Ok(None) };
    let entries = value.data.len();
    let targets = match hit {
        Hit::Zero => vec![0.0; entries],
        Hit::Tie => vec![value.data.iter().copied().fold(f64::NEG_INFINITY, f64::max); entries],
        Hit::Equal(node) => {
            let mut it: Interpreter<'_, f64> = point.interpreter(module)?;
            let other = match it.value(node) {
                Ok(other) => other,
                Err(_) => return Ok(None),
            };
            (0..entries).map(|i| other.data[i % other.data.len().max(1)]).collect()
        }
    };
    for (at, (x, target)) in value.data.iter_mut().zip(targets).enumerate() {
        if whole || at == 0 || hit == Hit::Tie {
            *x = target;
        }
    }
    Ok(Some(value))
}

/// Whether the slopes of what is differentiated differ on the two sides of the point.
fn one_sided(module: &Module, point: &Point, taken: &Taken) -> Result<bool, Failure> {
    // A function's own name stands at the declared value.
    let start = match point.get(taken.at) {
        Some(value) if taken.by == taken.at => value.clone(),
        Some(value) => {
            let it: Interpreter<'_, f64> = point.interpreter(module)?;
            let ty = &module.symbol(taken.by).ty;
            let shape = it.shape(ty)?;
            let entries: usize = shape.iter().product();
            let data = (0..entries).map(|i| value.data[i % value.data.len()]).collect();
            Tensor { axes: ty.axes.clone(), shape, data }
        }
        None => return Ok(false),
    };
    let at = |entry: usize, step: f64| -> Result<Vec<f64>, Failure> {
        let mut moved = start.clone();
        moved.data[entry] += step;
        let mut it: Interpreter<'_, f64> = point.interpreter(module)?;
        it.set(taken.by, moved);
        Ok(it.value(taken.of)?.data.clone())
    };
    for entry in 0..start.data.len().min(MOST_ENTRIES) {
        let jumps = |step: f64| -> Result<Vec<f64>, Failure> {
            let (up, here, down) = (at(entry, step)?, at(entry, 0.0)?, at(entry, -step)?);
            let all = up.iter().zip(&here).zip(&down).map(|((up, here), down)| {
                let (right, left) = ((up - here) / step, (here - down) / step);
                (right - left).abs() / right.abs().max(left.abs()).max(1.0)
            });
            Ok(all.collect())
        };
        // Between slopes of a bend the gap shrinks with the step, at a kink it stays.
        let (far, near) = (jumps(STEP)?, jumps(STEP / 16.0)?);
        if far.iter().zip(&near).any(|(far, near)| *near > APART && *near > 0.5 * far) {
            return Ok(true);
        }
    }
    Ok(false)
}
