//! Where a false claim fails: at small sizes and whole numbers if it fails there too.

use super::claim::Sides;
use super::claim::links::{Seen, numbers, see};
use super::point::{Draw, Manner, Point};
use super::verdict::Counterexample;
use super::{Settings, collect};
use crate::index::SymbolId;
use crate::module::Module;
use chainrule_syntax::ast::{Comparison, Relation};

/// How many small points are tried at each sizes.
const TRIES: u64 = 8;
/// At how many sizes.
const SIZES: u64 = 3;
/// Sides that are closer are not shown as different, if others are further apart.
const AGREE: f64 = 1e-10;
/// Sides that are further apart differ for certain.
const CERTAIN: f64 = 1e-6;

/// A counterexample in small whole numbers, if there is one.
pub(super) fn shrunk(
    module: &Module,
    sides: &Sides,
    link: usize,
    settings: &Settings,
) -> Option<Counterexample> {
    if matches!(sides.relations[link], Relation::Compare(Comparison::NotEqual)) {
        return None;
    }
    for sizes in 0..SIZES {
        let numbers = numbers(module, sides, settings.seed, sizes).ok()?;
        for draw in 0..TRIES {
            let how = Draw {
                seed: settings.seed,
                draw,
                manner: Manner::Whole,
                replaced: &sides.replaced,
                constants: false,
                spread: 1.0,
            };
            let point = Point::draw(module, &numbers, &how).ok()?;
            let Ok(seen) = see::<f64>(module, sides, &point) else { continue };
            // The first links hold everywhere, so this is still the first that breaks.
            if let Some(at) = violated(&seen, link, sides.relations[link], CERTAIN) {
                return Some(at_entry(module, sides, &point, &seen, link, at));
            }
        }
    }
    None
}

/// The first entry that does not stand in the relation.
pub(super) fn of(
    module: &Module,
    sides: &Sides,
    point: &Point,
    seen: &Seen<f64>,
    link: usize,
) -> Option<Counterexample> {
    let relation = sides.relations[link];
    let (a, b) = (&seen.values[link], &seen.values[link + 1]);
    let different = |at: &usize| {
        let apart = wrong_by(relation, a.data[*at], b.data[*at]);
        seen.counted(*at) && (apart.is_nan() || apart >= 0.0)
    };
    let at = violated(seen, link, relation, AGREE)
        .or_else(|| (0..a.data.len().min(b.data.len())).find(different))?;
    Some(at_entry(module, sides, point, seen, link, at))
}

/// How far two numbers are from standing in a relation; negative if they do.
fn wrong_by(relation: Relation, left: f64, right: f64) -> f64 {
    match relation {
        Relation::Equal | Relation::Compare(Comparison::Equal) => (left - right).abs(),
        Relation::Compare(Comparison::NotEqual) => 0.0,
        Relation::Compare(Comparison::Less | Comparison::LessEqual) => left - right,
        Relation::Compare(Comparison::Greater | Comparison::GreaterEqual) => right - left,
    }
}

/// The first entry that counts where the sides are further from the relation than `least`, relative
/// to the largest entry; for a strict inequality also where they are equal.
fn violated(seen: &Seen<f64>, link: usize, relation: Relation, least: f64) -> Option<usize> {
    let (a, b) = (&seen.values[link], &seen.values[link + 1]);
    let counts = |at: &usize| seen.counted(*at);
    let all = || (0..a.data.len().min(b.data.len())).filter(counts);
    let size = |at: usize| a.data[at].abs().max(b.data[at].abs());
    let scale = all().map(size).fold(1e-8, f64::max);
    let strict = matches!(relation, Relation::Compare(Comparison::Less | Comparison::Greater));
    all().find(|at| {
        let (x, y) = (a.data[*at], b.data[*at]);
        let apart = wrong_by(relation, x, y);
        x.is_finite() && y.is_finite() && (apart > least * scale || strict && x == y)
    })
}

fn at_entry(
    module: &Module,
    sides: &Sides,
    point: &Point,
    seen: &Seen<f64>,
    link: usize,
    at: usize,
) -> Counterexample {
    let (a, b) = (&seen.values[link], &seen.values[link + 1]);
    let mut rest = at;
    let mut entry = vec![0; a.shape.len()];
    for (place, n) in entry.iter_mut().zip(&a.shape).rev() {
        (*place, rest) = (rest % n, rest / n);
    }
    let name = |i: usize| a.axes.get(i).map(|axis| module.axes.get(*axis).name.clone());
    let (sizes, values) = read(module, sides, point);
    let (left, right) = (a.data[at], b.data[at]);
    Counterexample {
        sizes,
        values,
        link,
        entry: entry.into_iter().enumerate().map(|(i, at)| (name(i), at)).collect(),
        left,
        right,
        wrong_by: wrong_by(sides.relations[link], left, right),
    }
}

type Sizes = Vec<(String, u64)>;
type Values = Vec<(String, Vec<usize>, Vec<f64>)>;

/// The sizes and the values that the sides and the condition read.
fn read(module: &Module, sides: &Sides, point: &Point) -> (Sizes, Values) {
    let nodes: Vec<_> = sides.nodes.iter().chain(&sides.condition).copied().collect();
    let names: std::collections::BTreeSet<SymbolId> =
        nodes.iter().flat_map(|node| collect::names(module, *node)).collect();
    let used = collect::sizes(module, &nodes);
    let sizes = used
        .into_iter()
        .filter_map(|id| Some((module.sizes.get(id).name.clone(), point.numbers.get(id)?)))
        .collect();
    let values = names.into_iter().filter_map(|id| {
        let value = point.get(id)?;
        Some((module.symbol(id).name.clone(), value.shape.clone(), value.data.clone()))
    });
    (sizes, values.collect())
}

/// Where one side has a value and another has none, in words.
pub(super) fn lopsided(
    module: &Module,
    sides: &Sides,
    point: &Point,
    seen: &Seen<f64>,
) -> Option<String> {
    let entries = seen.values.iter().map(|v| v.data.len()).min()?;
    for at in (0..entries).filter(|at| seen.counted(*at)) {
        let finite: Vec<bool> = seen.values.iter().map(|v| v.data[at].is_finite()).collect();
        let without = finite.iter().position(|f| !f);
        if let Some(side) = without
            && finite.contains(&true)
        {
            let (_, values) = read(module, sides, point);
            let one = values.iter().find(|(_, _, data)| data.len() == 1);
            let place = one.map_or_else(String::new, |(name, _, data)| {
                format!(" at {name} = {}", super::verdict::short(data[0]))
            });
            let side = match side {
                0 => "left",
                1 => "right",
                _ => "last",
            };
            return Some(format!("the {side} side has no value{place}"));
        }
    }
    None
}
