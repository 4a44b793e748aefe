//! The sides of a claim at drawn points.

use chainrule_syntax::ast::{Comparison, Relation};

use super::super::point::{Draw, Manner, Point};
use super::super::verdict::{Counterexample, worst};
use super::super::{Settings, Stop, collect, counter, kinks, sizes};
use super::entry::{Entry, Pair};
use super::special;
use crate::index::{AxisId, NodeId, SymbolId};
use crate::interpret::{Ask, Failure, Interpreter, Numbers, TOO_MUCH, Tensor};
use crate::module::Module;
use crate::op::Op;
use crate::record::Reference;
use crate::scalar::{DoubleDouble, Scalar};

/// Sides whose relative gap is less agree.
pub(crate) const AGREE: f64 = 1e-10;
/// How many sizes are drawn.
const DRAWS: u64 = 3;
/// How many points at each.
const POINTS: u64 = 4;
/// How often a point is drawn anew before it is given up.
const AGAIN: u64 = 48;
/// What values are multiplied by, from point to point: a claim may hold for small ones alone.
const SPREADS: [f64; 3] = [30.0, 1.0, 1.0 / 30.0];
/// Where a branch that was not met is looked for.
const WIDER: [f64; 7] = [3.0, 10.0, 100.0, 1e3, 0.1, 1e-2, 1e4];
/// Beyond these magnitudes numbers run out of exponents: nothing is decided there.
const RANGE: (f64, f64) = (1e-150, 1e150);

/// Sides that take more operations are evaluated at one point, of this many and more at none.
pub(crate) const HEAVY: f64 = 1e7;
const MOST_WORK: f64 = 1e8;

/// A chain, ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Sides {
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) condition: Option<NodeId>,
    pub(crate) replaced: Vec<(SymbolId, NodeId)>,
    /// Whether no derivative is taken in them.
    pub(crate) plain: bool,
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
    /// Why a point has no values.
    pub(crate) failed: Option<String>,
    /// Where one side has a value and the other has none.
    pub(crate) lopsided: Option<String>,
    /// Terms of which one branch alone was met.
    pub(crate) unmet: Vec<NodeId>,
}

impl Tested {
    /// Whether the chain was evaluated, and holds.
    pub(crate) fn holds(&self) -> bool {
        self.points > 0 && self.broken.is_none()
    }
}

/// The sides at one point, and which entries count.
pub(crate) struct Seen<S> {
    pub(crate) values: Vec<Tensor<S>>,
    /// For each entry of the sides; empty for all.
    pub(crate) counts: Vec<bool>,
    /// The largest value on the way.
    pub(crate) largest: f64,
    /// Whether every value on the way is far from the ends of the exponents.
    pub(crate) ranged: bool,
}

impl<S: Scalar> Seen<S> {
    pub(crate) fn counted(&self, at: usize) -> bool {
        self.counts.get(at).copied().unwrap_or(true)
    }

    pub(crate) fn finite(&self) -> bool {
        let good = |v: &Tensor<S>| {
            v.data.iter().enumerate().all(|(at, x)| x.is_finite() || !self.counted(at))
        };
        self.values.iter().all(good)
    }

    pub(crate) fn any(&self) -> bool {
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

/// How many operations the sides take at the first sizes.
///
/// # Errors
///
/// They are too many.
pub(crate) fn work(module: &Module, sides: &Sides, settings: &Settings) -> Result<f64, Stop> {
    let numbers = numbers(module, sides, settings.seed, 0)?;
    let nodes = collect::behind_all(module, sides.nodes.clone());
    let flops = nodes.into_iter().filter_map(|id| {
        let size = crate::cost::node_flops(module, id).ok()?;
        let value = size.value_at(|id| numbers.get(id))?;
        Some(value.numerator() as f64 / value.denominator() as f64)
    });
    let flops = flops.sum();
    if flops > MOST_WORK {
        return Err(Stop(TOO_MUCH.into()));
    }
    Ok(flops)
}

pub(crate) fn test(module: &Module, sides: &Sides, settings: &Settings) -> Result<Tested, Stop> {
    let mut tested = Tested {
        gap: 0.0,
        points: 0,
        broken: None,
        failed: None,
        lopsided: None,
        unmet: Vec::new(),
    };
    let still = of_sizes(module, sides);
    let mut branches = Branches::of(module, sides);
    let flops = work(module, sides, settings)?;
    // A link that was never decided is broken at the first point.
    let (mut decided, mut unsure) = (false, None);
    for draw in 0..draws(module, settings) {
        let numbers = numbers(module, sides, settings.seed, draw)?;
        for place in 0..if still { 1 } else { POINTS } {
            if flops > HEAVY && tested.points > 0 {
                break;
            }
            let mut search = Search { module, sides, numbers: &numbers, tested: &mut tested };
            let found = search.admitted(settings.seed, draw * POINTS + place)?;
            let Some((point, seen, wide)) = found else { continue };
            tested.points += 1;
            branches.met(module, &point)?;
            let found = compared(module, sides, &point, &seen, wide)?;
            tested.gap = worst(tested.gap, found.gap);
            if let Some(link) = found.broken {
                let counterexample = counter::of(module, sides, &point, &seen, link);
                tested.broken = Some(Broken { link, counterexample });
                return Ok(tested);
            }
            decided |= found.unsure.is_none();
            if let (Some(link), None) = (found.unsure, &unsure) {
                unsure = Some((link, counter::of(module, sides, &point, &seen, link)));
            }
        }
    }
    if let (false, Some((link, counterexample))) = (decided, unsure) {
        tested.broken = Some(Broken { link, counterexample });
        return Ok(tested);
    }
    if tested.points > 0 && special::asked(module, sides) {
        special::points(module, sides, settings, &mut tested)?;
        if tested.broken.is_some() {
            return Ok(tested);
        }
    }
    if tested.points > 0 && !branches.open.is_empty() {
        flipped(module, sides, settings, &mut branches, &mut tested)?;
        tested.unmet = branches.unmet();
    }
    Ok(tested)
}

/// The terms with two branches, and which of them were met.
struct Branches {
    open: Vec<(NodeId, bool, bool)>,
}

impl Branches {
    fn of(module: &Module, sides: &Sides) -> Branches {
        let drawn = |id: &NodeId| {
            collect::names(module, *id).iter().any(|s| {
                use crate::module::Role;
                let role = &module.symbol(*s).role;
                matches!(role, Role::Given(_) | Role::Param(_) | Role::Data)
            })
        };
        let mut open = kinks::nodes(module, &sides.nodes);
        open.retain(|id| module.graph.node(*id).op.def().kink.is_some() && drawn(id));
        Branches { open: open.into_iter().map(|id| (id, false, false)).collect() }
    }

    /// Looks at a point; true if a branch is new.
    fn met(&mut self, module: &Module, point: &Point) -> Result<bool, Stop> {
        if self.open.is_empty() {
            return Ok(false);
        }
        let mut it: Interpreter<'_, f64> = point.interpreter(module)?;
        let mut new = false;
        for (id, up, down) in &mut self.open {
            let Some(found) = it.branches(*id, Ask::Branch, |x| x)? else {
                (*up, *down) = (true, true);
                continue;
            };
            let before = (*up, *down);
            *up |= found.data.iter().any(|x| *x > 0.0);
            *down |= found.data.iter().any(|x| *x < 0.0);
            new |= before != (*up, *down);
        }
        self.open.retain(|(_, up, down)| !(*up && *down));
        Ok(new)
    }

    fn unmet(&self) -> Vec<NodeId> {
        self.open.iter().map(|(id, ..)| *id).collect()
    }
}

/// Looks for points on the other side of a kink, and compares the sides there.
fn flipped(
    module: &Module,
    sides: &Sides,
    settings: &Settings,
    branches: &mut Branches,
    tested: &mut Tested,
) -> Result<(), Stop> {
    let numbers = numbers(module, sides, settings.seed, 0)?;
    for (at, spread) in WIDER.iter().enumerate() {
        for (place, manner) in
            [Manner::Normal, Manner::Positive, Manner::Negative].iter().enumerate()
        {
            if branches.open.is_empty() {
                return Ok(());
            }
            let draw = 0xf11b + (at * 3 + place) as u64;
            let (manner, spread) = (*manner, *spread);
            let how = Draw {
                seed: settings.seed,
                draw,
                manner,
                replaced: &sides.replaced,
                constants: false,
                spread,
            };
            let point = Point::draw(module, &numbers, &how)?;
            let Ok(seen) = see::<f64>(module, sides, &point) else { continue };
            if !seen.any() || !seen.finite() || !branches.met(module, &point)? {
                continue;
            }
            tested.points += 1;
            let found = compared(module, sides, &point, &seen, true)?;
            if let Some(link) = found.broken {
                let counterexample = counter::of(module, sides, &point, &seen, link);
                tested.broken = Some(Broken { link, counterexample });
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A search for points.
struct Search<'a> {
    module: &'a Module,
    sides: &'a Sides,
    numbers: &'a Numbers,
    tested: &'a mut Tested,
}

impl Search<'_> {
    /// A point where the condition holds and every side has a value, and whether it is a wide one.
    fn admitted(&mut self, seed: u64, draw: u64) -> Result<Option<(Point, Seen<f64>, bool)>, Stop> {
        let (round, place) = ((draw / POINTS) as usize, draw % POINTS);
        for again in 0..AGAIN {
            // One-sided points too: a claim may hold on one side of a kink alone.
            let manner = match (place, again / 16) {
                (2, 0) | (_, 1) => Manner::Positive,
                (3, 0) | (_, 2) => Manner::Negative,
                _ => Manner::Normal,
            };
            let spread = match place {
                _ if again % 16 >= 8 => 1.0,
                0 => 1.0,
                1 => SPREADS[round % 2 * 2],
                place => SPREADS[(round + place as usize + 2) % 3],
            };
            let draw = draw * AGAIN + again;
            let replaced = &self.sides.replaced;
            let how = Draw { seed, draw, manner, replaced, constants: false, spread };
            let point = Point::draw(self.module, self.numbers, &how)?;
            match see::<f64>(self.module, self.sides, &point) {
                Ok(seen) if seen.any() && seen.finite() => {
                    return Ok(Some((point, seen, spread != 1.0)));
                }
                Ok(seen) if seen.any() && spread == 1.0 && self.tested.lopsided.is_none() => {
                    self.tested.lopsided =
                        counter::lopsided(self.module, self.sides, &point, &seen);
                }
                Ok(_) => {}
                Err(failure) => self.tested.failed = Some(failure.0),
            }
        }
        Ok(None)
    }
}

/// The sides at a point.
pub(crate) fn see<S: Reference>(
    module: &Module,
    sides: &Sides,
    point: &Point,
) -> Result<Seen<S>, Failure> {
    let mut it: Interpreter<'_, S> = point.interpreter(module)?;
    it.decimals();
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
    let (least, largest) = it.magnitudes();
    let ranged = least >= RANGE.0 && largest <= RANGE.1 && !it.saturated();
    Ok(Seen { values, counts, largest, ranged })
}

/// Which entries of a side a condition leaves: it restricts index tuples; over the entries of an
/// array all must hold; an index that the side lacks may be any.
pub(crate) fn mask<S: Scalar>(condition: &Tensor<S>, side: &Tensor<S>) -> Vec<bool> {
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

/// What is found at a point.
pub(crate) struct Compared {
    /// The largest relative gap of an equation.
    pub(crate) gap: f64,
    /// The first link that does not hold.
    pub(crate) broken: Option<usize>,
    /// The first that cannot be decided here.
    pub(crate) unsure: Option<usize>,
}

/// Compares the sides; a `wide` point is far out, where strict inequalities and the ends of the
/// exponents prove nothing.
pub(crate) fn compared(
    module: &Module,
    sides: &Sides,
    point: &Point,
    seen: &Seen<f64>,
    wide: bool,
) -> Result<Compared, Stop> {
    // Without more digits `f64` must do.
    let exact: Option<Seen<DoubleDouble>> = see(module, sides, point).ok();
    let ranged = exact.as_ref().map_or(seen.ranged, |e| e.ranged);
    let mut found = Compared { gap: 0.0, broken: None, unsure: None };
    for (link, relation) in sides.relations.iter().enumerate() {
        let pair = Pair::of(seen, exact.as_ref(), link);
        if *relation == Relation::Equal {
            found.gap = worst(found.gap, pair.gap);
        }
        match judged(*relation, seen, exact.as_ref(), link, &pair, wide) {
            Entry::Same => {}
            Entry::Apart if wide && !ranged => found.unsure = found.unsure.or(Some(link)),
            Entry::Unsure => found.unsure = found.unsure.or(Some(link)),
            Entry::Apart => {
                found.broken = Some(link);
                break;
            }
        }
    }
    Ok(found)
}

/// Whether a link holds: `Same`.
fn judged(
    relation: Relation,
    seen: &Seen<f64>,
    exact: Option<&Seen<DoubleDouble>>,
    link: usize,
    pair: &Pair,
    wide: bool,
) -> Entry {
    let worst_of = |of: &dyn Fn(usize) -> Entry| {
        let counted = (0..pair.entries.len()).filter(|at| seen.counted(*at)).map(of);
        counted.fold(Entry::Same, |worst, e| match (worst, e) {
            (Entry::Apart, _) | (_, Entry::Apart) => Entry::Apart,
            (Entry::Unsure, _) | (_, Entry::Unsure) => Entry::Unsure,
            _ => Entry::Same,
        })
    };
    // The sign of the difference, with all digits where they are known.
    let above = |at: usize| {
        let (x, y) = (seen.values[link].data[at], seen.values[link + 1].data[at]);
        let both = exact.map(|e| (e.values[link].data[at], e.values[link + 1].data[at]));
        let gap = both.map_or(x - y, |(x, y)| (x - y).real());
        if gap.is_nan() { x - y } else { gap }
    };
    let strict = |at: usize, sign: f64| match pair.entries[at] {
        Entry::Apart if sign * above(at) > 0.0 => Entry::Same,
        Entry::Apart => Entry::Apart,
        Entry::Same if !wide => Entry::Apart,
        _ => Entry::Unsure,
    };
    let loose = |at: usize, sign: f64| match pair.entries[at] {
        Entry::Apart if sign * above(at) > 0.0 => Entry::Same,
        other => other,
    };
    match relation {
        Relation::Equal | Relation::Compare(Comparison::Equal) => worst_of(&|at| pair.entries[at]),
        Relation::Compare(Comparison::NotEqual) if pair.has(Entry::Apart) => Entry::Same,
        Relation::Compare(Comparison::NotEqual) if wide || pair.has(Entry::Unsure) => Entry::Unsure,
        Relation::Compare(Comparison::NotEqual) => Entry::Apart,
        Relation::Compare(Comparison::Less) => worst_of(&|at| strict(at, -1.0)),
        Relation::Compare(Comparison::Greater) => worst_of(&|at| strict(at, 1.0)),
        Relation::Compare(Comparison::LessEqual) => worst_of(&|at| loose(at, -1.0)),
        Relation::Compare(Comparison::GreaterEqual) => worst_of(&|at| loose(at, 1.0)),
    }
}
