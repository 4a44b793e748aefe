//! Where a false claim fails: at small sizes and whole numbers if it fails there too.

use super::claim::Sides;
use super::claim::links::{self, Seen, numbers, see};
use super::point::{Draw, Manner, Point};
use super::verdict::Counterexample;
use super::{Settings, collect, kinks};
use crate::index::SymbolId;
use crate::interpret::Numbers;
use crate::module::Module;
use crate::types::Kind;
use chainrule_syntax::ast::{Comparison, Relation};

/// How many small points are tried at each sizes.
const TRIES: u64 = 8;
/// At how many sizes.
const SIZES: u64 = 3;
/// Sizes are made smaller than this.
const MOST_SIZE: u64 = 8;
/// How many entries are tried at other values.
const MOST_TRIES: usize = 60;
/// Sides that are closer are not shown as different, if others are further apart.
const AGREE: f64 = 1e-10;
/// Sides that are further apart differ for certain.
const CERTAIN: f64 = 1e-6;

/// A counterexample in small whole numbers, if there is one: then at the least sizes, with as many
/// entries 0 or 1 as can be.
pub(super) fn shrunk(
    module: &Module,
    sides: &Sides,
    link: usize,
    settings: &Settings,
) -> Option<Counterexample> {
    if matches!(sides.relations[link], Relation::Compare(Comparison::NotEqual)) {
        return None;
    }
    let search = Shrink { module, sides, link, seed: settings.seed };
    let found =
        (0..SIZES).find_map(|sizes| search.at(&numbers(module, sides, settings.seed, sizes).ok()?));
    let point = search.plain(search.small(found?));
    let seen = see::<f64>(module, sides, &point).ok()?;
    let at = violated(&seen, link, sides.relations[link], CERTAIN)?;
    Some(at_entry(module, sides, &point, &seen, link, at))
}

/// A search for points where a link breaks. The first links hold everywhere, so it is still the
/// first that breaks.
struct Shrink<'a> {
    module: &'a Module,
    sides: &'a Sides,
    link: usize,
    seed: u64,
}

impl Shrink<'_> {
    fn breaks(&self, point: &Point) -> bool {
        let seen = see::<f64>(self.module, self.sides, point);
        let relation = self.sides.relations[self.link];
        seen.is_ok_and(|seen| violated(&seen, self.link, relation, CERTAIN).is_some())
    }

    /// A point of small whole numbers at these sizes.
    fn at(&self, numbers: &Numbers) -> Option<Point> {
        (0..TRIES).find_map(|draw| {
            let how = Draw {
                seed: self.seed,
                draw,
                manner: Manner::Whole,
                replaced: &self.sides.replaced,
                constants: false,
                spread: 1.0,
            };
            let point = Point::draw(self.module, numbers, &how).ok()?;
            self.breaks(&point).then_some(point)
        })
    }

    /// The same at the least sizes, one after the other; sizes that the file fixes stay.
    fn small(&self, point: Point) -> Point {
        let mut best = point;
        let sizes = &self.module.sizes;
        for id in collect::sizes(self.module, &self.sides.nodes) {
            let now = best.numbers.get(id).unwrap_or(1);
            if sizes.number_of(id).is_some() || links::of_sizes(self.module, self.sides) {
                continue;
            }
            for less in 1..now.min(MOST_SIZE) {
                let mut numbers = best.numbers.clone();
                numbers.set(id, less);
                if possible(self.module, &numbers)
                    && let Some(found) = self.at(&numbers)
                {
                    best = found;
                    break;
                }
            }
        }
        best
    }

    /// The same with entries that do not matter at 0, or else at 1. Where the sides have branches no
    /// entry goes to 0: that may be a kink.
    fn plain(&self, point: Point) -> Point {
        let mut best = point;
        let branches = !kinks::nodes(self.module, &self.sides.nodes).is_empty();
        let least: &[f64] = if branches { &[1.0] } else { &[0.0, 1.0] };
        let read = names(self.module, self.sides);
        let mut tries = MOST_TRIES;
        for id in read {
            let Some(value) = best.get(id).cloned() else { continue };
            if self.module.symbol(id).ty.kind != Kind::Real {
                continue;
            }
            for at in 0..value.data.len() {
                for &to in least {
                    let mut moved = best.get(id).cloned().unwrap_or_else(|| value.clone());
                    if tries == 0 || moved.data[at] == to || moved.data[at] == 0.0 {
                        break;
                    }
                    tries -= 1;
                    moved.data[at] = to;
                    let mut next = best.clone();
                    next.set(id, moved);
                    if self.breaks(&next) {
                        best = next;
                        break;
                    }
                }
            }
        }
        best
    }
}

/// Whether every size is a whole number, and every index stays inside.
pub(super) fn possible(module: &Module, numbers: &Numbers) -> bool {
    let value = |size: &crate::size::Size| size.value_at(|id| numbers.get(id));
    let whole = |size: &crate::size::Size| {
        value(size).and_then(crate::size::Ratio::whole).is_some_and(|n| n >= 1)
    };
    let inside = |size: &crate::size::Size| value(size).is_some_and(|v| !v.is_negative());
    module.sizes.derived().iter().all(|(_, size, _)| whole(size))
        && module.requirements.iter().all(|(size, _)| inside(size))
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

/// The names that the sides and the condition read.
fn names(module: &Module, sides: &Sides) -> std::collections::BTreeSet<SymbolId> {
    let nodes = sides.nodes.iter().chain(&sides.condition);
    nodes.flat_map(|node| collect::names(module, *node)).collect()
}

/// The sizes and the values that the sides and the condition read.
fn read(module: &Module, sides: &Sides, point: &Point) -> (Sizes, Values) {
    let nodes: Vec<_> = sides.nodes.iter().chain(&sides.condition).copied().collect();
    let names = names(module, sides);
    let used = collect::sizes(module, &nodes);
    let sizes = used
        .into_iter()
        .filter_map(|id| Some((module.sizes.get(id).name.clone(), point.numbers.get(id)?)))
        .collect();
    // What `for` puts in place of a name was not drawn.
    let own = |id: &SymbolId| !sides.replaced.iter().any(|(s, _)| s == id);
    let values = names.into_iter().filter(own).filter_map(|id| {
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
