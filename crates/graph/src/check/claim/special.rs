//! Points that are not met by chance: equal values, small whole numbers, equal sizes. An order, an
//! inequality or a comparison within an equation may fail there alone.

use chainrule_syntax::ast::{Comparison, Relation};

use super::super::point::{Draw, Manner, Point};
use super::super::{Settings, Stop, collect, counter};
use super::exception::declared;
use super::links::{Broken, Sides, Tested, compared, numbers, of_sizes, see};
use crate::index::NodeId;
use crate::module::{Module, Role};
use crate::op::Op;
use crate::types::Kind;

/// What small whole numbers are multiplied by, and how many points there are.
const SCALES: [(f64, u64); 3] = [(1.0, 48), (60.0, 8), (1e-3, 8)];
/// What all entries are where an inequality may be an equation.
const EVERYWHERE: [f64; 2] = [0.0, 1.0];
/// What all sizes are that the file does not fix, where sizes alone are compared.
const SIZES: [u64; 3] = [1, 2, 50];

/// Whether a relation is an order: a value that is not met by chance may break it.
pub(super) fn is_order(relation: Relation) -> bool {
    matches!(relation, Relation::Compare(c) if !matches!(c, Comparison::Equal | Comparison::NotEqual))
}

/// Whether every value is meant by a `!=`: one side is a constant (`det(A) != 0`), or both sides are
/// declared values. Of two formulas (`A B != B A`) it says that they are no identity.
fn is_everywhere(module: &Module, sides: &Sides, link: usize) -> bool {
    let pair = [sides.nodes[link], sides.nodes[link + 1]];
    let unequal = sides.relations[link] == Relation::Compare(Comparison::NotEqual);
    unequal
        && (pair.iter().any(|node| !is_drawn(module, *node))
            || pair.iter().all(|node| declared(module, *node).is_some()))
}

fn unequal_everywhere(module: &Module, sides: &Sides) -> bool {
    (0..sides.relations.len()).any(|link| is_everywhere(module, sides, link))
}

/// Whether some link says of two formulas that they are no identity.
pub(super) fn is_no_identity(module: &Module, sides: &Sides) -> bool {
    let unequal = |r: &Relation| *r == Relation::Compare(Comparison::NotEqual);
    let links = sides.relations.iter().enumerate();
    links.filter(|(_, r)| unequal(r)).any(|(link, _)| !is_everywhere(module, sides, link))
}

/// Whether a term reads values that are drawn.
fn is_drawn(module: &Module, node: NodeId) -> bool {
    collect::names(module, node).iter().any(|symbol| {
        let role = &module.symbol(*symbol).role;
        matches!(role, Role::Given(_) | Role::Param(_) | Role::Data | Role::Noise(_))
    })
}

/// Whether an equation without derivatives compares real values: `1[x > y]`. Those of a claim with
/// derivatives stand for branches, and where branches meet is a null event.
pub(super) fn compares(module: &Module, sides: &Sides) -> bool {
    sides.plain && sides.nodes.iter().any(|root| is_comparison_below(module, *root))
}

fn is_comparison_below(module: &Module, root: NodeId) -> bool {
    collect::behind(module, root).into_iter().any(|id| {
        let node = module.graph.node(id);
        matches!(node.op, Op::Compare { .. })
            && node.inputs.iter().any(|i| is_real(&module.graph.ty(*i).kind))
            && node.inputs.iter().any(|i| is_drawn(module, *i))
    })
}

fn is_real(kind: &Kind) -> bool {
    matches!(kind, Kind::Real | Kind::Positive | Kind::Prob | Kind::Sym | Kind::Spd)
}

/// Whether the claim is looked at where nothing is met by chance.
pub(super) fn asked(module: &Module, sides: &Sides) -> bool {
    sides.relations.iter().any(|r| is_order(*r))
        || unequal_everywhere(module, sides)
        || compares(module, sides)
}

/// The sides at small whole numbers, where entries are equal, and at some that are larger or smaller.
/// 0 is left to the exceptions, but for a `!=` of every value.
pub(super) fn points(
    module: &Module,
    sides: &Sides,
    settings: &Settings,
    tested: &mut Tested,
) -> Result<(), Stop> {
    if of_sizes(module, sides) {
        return equal_sizes(module, sides, settings, tested);
    }
    let zeros = unequal_everywhere(module, sides);
    let numbers = numbers(module, sides, settings.seed, 0)?;
    let all = SCALES.iter().flat_map(|(scale, points)| (0..*points).map(move |_| *scale));
    for (draw, scale) in (0..).zip(all) {
        let how = Draw {
            seed: settings.seed,
            draw: 0x5bec + draw,
            manner: Manner::Whole,
            replaced: &sides.replaced,
            constants: false,
            spread: 1.0,
        };
        let mut point = Point::draw(module, &numbers, &how)?;
        match EVERYWHERE.get(draw as usize) {
            Some(value) if zeros => point.fill(module, *value),
            _ if zeros && scale == 1.0 => {}
            _ => point.multiply(module, scale),
        }
        at(module, sides, &point, scale != 1.0, tested)?;
        if tested.broken.is_some() {
            break;
        }
    }
    Ok(())
}

/// Sizes alone, where all that are free are the same.
fn equal_sizes(
    module: &Module,
    sides: &Sides,
    settings: &Settings,
    tested: &mut Tested,
) -> Result<(), Stop> {
    for size in SIZES {
        let mut numbers = numbers(module, sides, settings.seed, 0)?;
        for (id, def) in module.sizes.base() {
            if def.number.is_none() {
                numbers.set(id, size);
            }
        }
        if !counter::possible(module, &numbers) {
            continue;
        }
        let how = Draw {
            seed: settings.seed,
            draw: 0,
            manner: Manner::Normal,
            replaced: &sides.replaced,
            constants: false,
            spread: 1.0,
        };
        let point = Point::draw(module, &numbers, &how)?;
        at(module, sides, &point, false, tested)?;
        if tested.broken.is_some() {
            break;
        }
    }
    Ok(())
}

fn at(
    module: &Module,
    sides: &Sides,
    point: &Point,
    wide: bool,
    tested: &mut Tested,
) -> Result<(), Stop> {
    let Ok(seen) = see::<f64>(module, sides, point) else { return Ok(()) };
    if !seen.any() || !seen.finite() {
        return Ok(());
    }
    tested.points += 1;
    if let Some(link) = compared(module, sides, point, &seen, wide)?.broken {
        let counterexample = counter::of(module, sides, point, &seen, link);
        tested.broken = Some(Broken { link, counterexample });
    }
    Ok(())
}
