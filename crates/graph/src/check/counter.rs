//! Where a false claim fails: at small sizes and whole numbers if it fails there too.

use super::claim::Sides;
use super::claim::entry::{Entry, Pair};
use super::claim::links::{Seen, compared, numbers, see};
use super::point::{Draw, Manner, Point};
use super::verdict::Counterexample;
use super::{Settings, collect};
use crate::index::SymbolId;
use crate::module::Module;
use crate::scalar::DoubleDouble;
use chainrule_syntax::ast::{Comparison, Relation};

/// More entries than this are not listed.
const MOST_ENTRIES: usize = 12;
/// How many small points are tried.
const TRIES: u64 = 8;

/// A counterexample in small whole numbers, if there is one.
pub(super) fn shrunk(
    module: &Module,
    sides: &Sides,
    link: usize,
    settings: &Settings,
) -> Option<Counterexample> {
    if sides.relations[link] != Relation::Equal {
        return None;
    }
    let numbers = numbers(module, sides, settings.seed, 0).ok()?;
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
        if !seen.any() || !seen.finite() {
            continue;
        }
        if compared(module, sides, &point, &seen, true).ok()?.broken == Some(link) {
            return of(module, sides, &point, &seen, link);
        }
    }
    None
}

/// The first entry where two sides differ.
pub(super) fn of(
    module: &Module,
    sides: &Sides,
    point: &Point,
    seen: &Seen<f64>,
    link: usize,
) -> Option<Counterexample> {
    let (a, b) = (&seen.values[link], &seen.values[link + 1]);
    let wrong = |x: f64, y: f64| match sides.relations[link] {
        Relation::Compare(Comparison::Less) => x >= y,
        Relation::Compare(Comparison::Greater) => x <= y,
        Relation::Compare(Comparison::LessEqual) => x > y,
        Relation::Compare(Comparison::GreaterEqual) => x < y,
        _ => true,
    };
    let exact: Option<Seen<DoubleDouble>> = see(module, sides, point).ok();
    let pair = Pair::of(seen, exact.as_ref(), link);
    let equal = sides.relations[link] == Relation::Equal;
    let differ = |at: &usize| {
        let apart = !equal || pair.entries.get(*at) == Some(&Entry::Apart);
        seen.counted(*at) && apart && wrong(a.data[*at], b.data[*at])
    };
    let entries = a.data.len().min(b.data.len());
    let at = (0..entries).find(differ).or_else(|| (0..entries).find(|at| seen.counted(*at)))?;
    let mut rest = at;
    let mut entry = vec![0; a.shape.len()];
    for (place, n) in entry.iter_mut().zip(&a.shape).rev() {
        (*place, rest) = (rest % n, rest / n);
    }
    let name = |i: usize| a.axes.get(i).map(|axis| module.axes.get(*axis).name.clone());
    let (sizes, values) = read(module, sides, point);
    Some(Counterexample {
        sizes,
        values,
        link,
        entry: entry.into_iter().enumerate().map(|(i, at)| (name(i), at)).collect(),
        left: a.data[at],
        right: b.data[at],
    })
}

type Sizes = Vec<(String, u64)>;
type Values = Vec<(String, Vec<usize>, Vec<f64>)>;

/// The sizes and the small values that the sides read.
fn read(module: &Module, sides: &Sides, point: &Point) -> (Sizes, Values) {
    let names: std::collections::BTreeSet<SymbolId> =
        sides.nodes.iter().flat_map(|node| collect::names(module, *node)).collect();
    let used = collect::sizes(module, &sides.nodes);
    let sizes = used
        .into_iter()
        .filter_map(|id| Some((module.sizes.get(id).name.clone(), point.numbers.get(id)?)))
        .collect();
    let small = names.into_iter().filter_map(|id| {
        let value = point.get(id).filter(|v| v.data.len() <= MOST_ENTRIES)?;
        Some((module.symbol(id).name.clone(), value.shape.clone(), value.data.clone()))
    });
    (sizes, small.collect())
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
