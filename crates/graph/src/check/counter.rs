//! Where a false claim fails: at small sizes and whole numbers if it fails there too.

use super::claim::links::{Seen, gap, numbers, see};
use super::claim::{AGREE, Sides};
use super::point::{Draw, Manner, Point};
use super::verdict::Counterexample;
use super::{Settings, collect};
use crate::index::SymbolId;
use crate::module::Module;
use chainrule_syntax::ast::Relation;

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
        };
        let point = Point::draw(module, &numbers, &how).ok()?;
        let Ok(seen) = see::<f64>(module, sides, &point) else { continue };
        // The first links hold everywhere, so this is still the first that breaks.
        if gap(&seen, link) > 1e-6 {
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
    let scale = a.largest().max(b.largest()).max(1e-8);
    let equal = sides.relations[link] == Relation::Equal;
    let differ = |at: &usize| {
        let apart = (a.data[*at] - b.data[*at]).abs();
        seen.counted(*at) && (!equal || apart.is_nan() || apart > AGREE * scale)
    };
    let at = (0..a.data.len().min(b.data.len())).find(differ)?;
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
