//! The sides of a claim at drawn points.

use chainrule_syntax::ast::{Comparison, Relation};

use super::super::point::{Draw, Manner, Point};
use super::super::verdict::Counterexample;
use super::super::{Settings, Stop, collect, counter, sizes};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::interpret::{Failure, Interpreter, Numbers, Tensor};
use crate::module::Module;
use crate::op::Op;
use crate::record::Reference;
use crate::scalar::{DoubleDouble, Scalar};

/// Sides whose relative gap is less agree.
pub(crate) const AGREE: f64 = 1e-10;
/// Sides whose relative gap is more differ; in between more digits decide.
const DIFFER: f64 = 1e-6;
/// How many sizes are drawn.
const DRAWS: u64 = 3;
/// How many points at each.
const POINTS: u64 = 4;
/// How often a point is drawn anew before it is given up.
const AGAIN: u64 = 48;

/// A chain, ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) condition: Option<NodeId>,
    pub(crate) replaced: Vec<(SymbolId, NodeId)>,
}

/// A link that does not hold.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) link: usize,
    pub(crate) counterexample: Option<Counterexample>,
}

/// What the draws say.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    /// The largest relative gap of an equation.
    pub(crate) gap: f64,
    pub(crate) points: u64,
    pub(crate) broken: Option<Broken>,
}

/// The sides at one point, and which entries count.
pub(crate) struct Seen<S> {
    pub(crate) values: Vec<Tensor<S>>,
    /// For each entry of the sides; empty for all.
    pub(crate) counts: Vec<bool>,
}

impl<S: Scalar> Seen<S> {
    pub(crate) fn counted(&self, at: usize) -> bool {
        self.counts.get(at).copied().unwrap_or(true)
    }

    fn finite(&self) -> bool {
        let good = |v: &Tensor<S>| {
            v.data.iter().enumerate().all(|(at, x)| x.is_finite() || !self.counted(at))
        };
        self.values.iter().all(good)
    }

    fn any(&self) -> bool {
        self.counts.is_empty() || self.counts.contains(&true)
    }
}

/// Whether the sides read sizes alone: then the numbers that the file fixes are meant.
pub(crate) fn of_sizes(module: &Module, sides: &Sides) -> bool {
    let nodes = sides.nodes.iter().chain(&sides.condition);
    nodes
        .flat_map(|n| collect::behind(module, *n))
        .all(|id| !matches!(module.graph.node(id).op, Op::Symbol { .. }))
}

/// The sizes of one draw.
pub(crate) fn numbers(
    module: &Module,
    sides: &Sides,
    seed: u64,
    draw: u64,
) -> Result<Numbers, Stop> {
    let used = collect::sizes(module, &sides.nodes);
    let mut numbers = sizes::draw(module, &used, seed, draw)?;
    if of_sizes(module, sides) {
        for (id, def) in module.sizes.base() {
            if let Some(own) = def.number {
                numbers.set(id, own);
            }
        }
    }
    Ok(numbers)
}

/// How many sizes a claim is tried at.
pub(crate) fn draws(module: &Module, settings: &Settings) -> u64 {
    let own = module.check.options.iter().find_map(|o| match o {
        chainrule_syntax::ast::CheckOption::Number(word, n) if word.text == "draws" => {
            Some(n.value as u64)
        }
        _ => None,
    });
    settings.draws.or(own).unwrap_or(DRAWS).clamp(1, 1000)
}

pub(crate) fn test(module: &Module, sides: &Sides, settings: &Settings) -> Result<Tested, Stop> {
    let mut tested = Tested { gap: 0.0, points: 0, broken: None };
    let still = of_sizes(module, sides);
    for draw in 0..draws(module, settings) {
        let numbers = numbers(module, sides, settings.seed, draw)?;
        for place in 0..if still { 1 } else { POINTS } {
            let found = admitted(module, sides, &numbers, settings.seed, draw * POINTS + place)?;
            let Some((point, seen)) = found else { continue };
            tested.points += 1;
            if let Some(link) = compared(module, sides, &point, &seen, &mut tested.gap)? {
                let counterexample = counter::of(module, sides, &point, &seen, link);
                tested.broken = Some(Broken { link, counterexample });
                return Ok(tested);
            }
        }
    }
    if tested.points == 0 {
        tested.broken = Some(Broken { link: 0, counterexample: None });
    }
    Ok(tested)
}

/// A point where the condition holds and every side has a value.
fn admitted(
    module: &Module,
    sides: &Sides,
    numbers: &Numbers,
    seed: u64,
    draw: u64,
) -> Result<Option<(Point, Seen<f64>)>, Stop> {
    let mut failed = None;
    for again in 0..AGAIN {
        // One-sided points too: a claim may hold on one side of a kink alone.
        let manner = match (draw % POINTS, again / 16) {
            (2, 0) | (_, 1) => Manner::Positive,
            (3, 0) | (_, 2) => Manner::Negative,
            _ => Manner::Normal,
        };
        let draw = draw * AGAIN + again;
        let how = Draw { seed, draw, manner, replaced: &sides.replaced, constants: false };
        let point = Point::draw(module, numbers, &how)?;
        match see::<f64>(module, sides, &point) {
            Ok(seen) if seen.any() && seen.finite() => return Ok(Some((point, seen))),
            Ok(_) => {}
            Err(failure) => failed = Some(failure),
        }
    }
    match failed {
        Some(failure) => Err(failure.into()),
        None => Ok(None),
    }
}

/// The sides at a point.
pub(crate) fn see<S: Reference>(
    module: &Module,
    sides: &Sides,
    point: &Point,
) -> Result<Seen<S>, Failure> {
    let mut it: Interpreter<'_, S> = point.interpreter(module)?;
    let mut values = Vec::new();
    for node in &sides.nodes {
        values.push(Tensor::clone(&*it.value(*node)?));
    }
    let counts = match sides.condition {
        None => Vec::new(),
        Some(condition) => {
            let condition = it.value(condition)?;
            mask(&condition, &values[0])
        }
    };
    Ok(Seen { values, counts })
}

/// Which entries of a side a condition leaves: it restricts index tuples; over the entries of an
/// array all must hold; an index that the side lacks may be any.
fn mask<S: Scalar>(condition: &Tensor<S>, side: &Tensor<S>) -> Vec<bool> {
    let inner: usize = condition.dims().iter().product();
    let axes = condition.axes.len();
    let tuples: Vec<bool> =
        condition.data.chunks(inner.max(1)).map(|c| c.iter().all(|x| x.real() != 0.0)).collect();
    let shared: Vec<AxisId> =
        condition.axes.iter().filter(|a| side.axes.contains(a)).copied().collect();
    let key = |index: &[usize], of: &[AxisId]| -> Vec<usize> {
        shared.iter().filter_map(|a| of.iter().position(|b| a == b)).map(|i| index[i]).collect()
    };
    let mut allowed = std::collections::BTreeSet::new();
    let mut index = vec![0; axes];
    for holds in &tuples {
        if *holds {
            allowed.insert(key(&index, &condition.axes));
        }
        crate::interpret::advance(&mut index, &condition.shape[..axes]);
    }
    let mut index = vec![0; side.shape.len()];
    let mut counts = Vec::with_capacity(side.data.len());
    for _ in 0..side.data.len() {
        counts.push(allowed.contains(&key(&index, &side.axes)));
        crate::interpret::advance(&mut index, &side.shape);
    }
    counts
}

/// The first link that does not hold.
pub(crate) fn compared(
    module: &Module,
    sides: &Sides,
    point: &Point,
    seen: &Seen<f64>,
    largest: &mut f64,
) -> Result<Option<usize>, Stop> {
    let mut precise: Option<Seen<DoubleDouble>> = None;
    for (link, relation) in sides.relations.iter().enumerate() {
        let mut gap = gap(seen, link);
        // Two values near 0 may be rounding alone.
        let small = seen.values[link].largest().max(seen.values[link + 1].largest()) < DIFFER;
        if gap > AGREE && (gap < DIFFER || small) {
            let exact = match precise.take() {
                Some(exact) => exact,
                None => see(module, sides, point)?,
            };
            gap = self::gap(&exact, link);
            precise = Some(exact);
        }
        if *relation == Relation::Equal {
            *largest = if gap.is_nan() { f64::NAN } else { largest.max(gap) };
        }
        if !holds(*relation, seen, link, gap) {
            return Ok(Some(link));
        }
    }
    Ok(None)
}

/// The largest difference of two sides, relative to their largest entry.
pub(crate) fn gap<S: Scalar>(seen: &Seen<S>, link: usize) -> f64 {
    let (a, b) = (&seen.values[link], &seen.values[link + 1]);
    if a.data.len() != b.data.len() {
        return f64::NAN;
    }
    let (mut gap, mut scale) = (0.0_f64, 1e-8_f64);
    for (at, (x, y)) in a.data.iter().zip(&b.data).enumerate() {
        if !seen.counted(at) {
            continue;
        }
        let apart = (*x - *y).real().abs();
        // Infinities that agree differ by nothing.
        let apart = if x.real() == y.real() && !x.is_finite() { 0.0 } else { apart };
        if apart.is_nan() {
            return f64::NAN;
        }
        gap = gap.max(apart);
        scale = scale.max(x.real().abs()).max(y.real().abs());
    }
    gap / scale
}

fn holds(relation: Relation, seen: &Seen<f64>, link: usize, gap: f64) -> bool {
    let (a, b) = (&seen.values[link], &seen.values[link + 1]);
    let scale = a.largest().max(b.largest()).max(1e-8);
    let every = |good: &dyn Fn(f64, f64) -> bool| {
        let mut pairs = a.data.iter().zip(&b.data).enumerate();
        pairs.all(|(at, (x, y))| !seen.counted(at) || good(*x, *y))
    };
    match relation {
        Relation::Equal | Relation::Compare(Comparison::Equal) => gap <= AGREE,
        Relation::Compare(Comparison::NotEqual) => gap > AGREE,
        Relation::Compare(Comparison::Less) => every(&|x, y| x < y),
        Relation::Compare(Comparison::Greater) => every(&|x, y| x > y),
        Relation::Compare(Comparison::LessEqual) => every(&|x, y| x <= y + AGREE * scale),
        Relation::Compare(Comparison::GreaterEqual) => every(&|x, y| x >= y - AGREE * scale),
    }
}
