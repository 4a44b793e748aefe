//! Numbers for the sizes of a check: pairwise different, small, obeying every size equation.
//!
//! What holds only for `n < m` is not true: the second draw turns the order of the first around,
//! the third brings the orders that are still missing; and what holds only for 2 is not true: few
//! sizes get larger from draw to draw. Fixed sizes keep their order.

use std::collections::BTreeSet;

use chainrule_syntax::ast::CheckOption;

use crate::index::SizeId;
use crate::interpret::Numbers;
use crate::module::Module;
use crate::random::Random;
use crate::size::{Ratio, Size};

/// How far beyond the fewest numbers the search goes.
const ROOM: u64 = 24;
/// How often the bound is doubled then.
const LARGE: u32 = 7;
/// How many assignments are tried at one bound.
const TRIES: usize = 50_000;
/// The same where an order is only wished for.
const FEW_TRIES: usize = 2_000;
/// Up to so many sizes are made larger from draw to draw.
const FEW_SIZES: usize = 3;
/// How many orders are tried one by one.
const MOST_ORDERS: usize = 40;

/// What must hold of the sizes: the polynomial is whole and at least so much.
struct Rule {
    size: Size,
    least: i128,
    /// The place in the order after which all its names have numbers.
    ready: usize,
}

struct Search<'m> {
    module: &'m Module,
    /// Base sizes: the fixed ones by their number, those that matter, the rest.
    order: Vec<SizeId>,
    rules: Vec<Rule>,
    ranges: Vec<(u64, u64)>,
    random: Random,
    numbers: Vec<Option<u64>>,
    tries: usize,
    most_tries: usize,
    /// Places of two sizes, the first of which is to be smaller.
    orders: Vec<(usize, usize)>,
}

/// Sizes that are `used` get the least numbers. Different draws give different numbers where the file
/// leaves freedom, and the first three both orders of any two sizes that are not both fixed.
///
/// # Errors
///
/// No small numbers obey the size equations.
pub(crate) fn draw(
    module: &Module,
    used: &BTreeSet<SizeId>,
    seed: u64,
    draw: u64,
) -> Result<Numbers, String> {
    let at = |draw: u64| Request { module, used, seed, draw };
    let found = match draw {
        0 => at(0).free(0),
        1 => at(0).free(0).and_then(|first| at(1).turned(&[first])),
        2 => at(0).free(0).and_then(|first| {
            let second = at(1).turned(std::slice::from_ref(&first))?;
            at(2).turned(&[first, second])
        }),
        // Later draws go in pairs, each the other way round.
        _ if draw.is_multiple_of(2) => {
            at(draw - 1).free(draw % 4).and_then(|f| at(draw).turned(&[f]))
        }
        _ => at(draw).free(draw % 4),
    };
    let found = found.ok_or("no small numbers for the sizes obey the size equations")?;
    let mut numbers = Numbers::of(module, 2, 2);
    found.into_iter().for_each(|(id, number)| numbers.set(id, number));
    Ok(numbers)
}

/// A number for each base size.
type Drawn = Vec<(SizeId, u64)>;

/// One draw.
struct Request<'m> {
    module: &'m Module,
    used: &'m BTreeSet<SizeId>,
    seed: u64,
    draw: u64,
}

impl Request<'_> {
    /// Any order. Where there are few sizes all are at least `more` larger than they need be: what
    /// holds for 2 alone is not true.
    fn free(&self, more: u64) -> Option<Drawn> {
        let most = self.module.sizes.base().count() as u64 + 1;
        let more = if self.used.len() <= FEW_SIZES { more } else { 0 };
        let larger = || {
            let bounds: Vec<u64> = (most + more..=most + more + ROOM).collect();
            self.ordered(&[], &bounds, FEW_TRIES, 2 + more)
        };
        if let Some(found) = (more > 0).then(larger).flatten() {
            return Some(found);
        }
        // First step by step, then by doubling: `P = S / 128` needs a large one.
        let large = (0..LARGE).map(|k| (most + ROOM) << (k + 1));
        let bounds: Vec<u64> = (most..=most + ROOM).chain(large).collect();
        self.ordered(&[], &bounds, TRIES, 2)
    }

    /// As many of the orders as can be that the earlier draws lack.
    fn turned(&self, earlier: &[Drawn]) -> Option<Drawn> {
        let missing = self.missing(earlier);
        let most = self.module.sizes.base().count() as u64 + 1;
        let bounds: Vec<u64> = (most..=most + ROOM).step_by(4).collect();
        let all = |orders: &[(SizeId, SizeId)]| self.ordered(orders, &bounds, FEW_TRIES, 2);
        if let Some(found) = (!missing.is_empty()).then(|| all(&missing)).flatten() {
            return Some(found);
        }
        let (mut kept, mut best) = (Vec::new(), None);
        for order in missing.into_iter().take(MOST_ORDERS) {
            kept.push(order);
            match all(&kept) {
                Some(found) => best = Some(found),
                None => drop(kept.pop()),
            }
        }
        best.or_else(|| self.free(self.draw))
    }

    /// Pairs of which the first was never the smaller one, with at least one that is free.
    fn missing(&self, earlier: &[Drawn]) -> Vec<(SizeId, SizeId)> {
        let Some(first) = earlier.first() else { return Vec::new() };
        let most = first.len() as u64 + 1 + ROOM;
        let fixed = |id: SizeId| self.module.sizes.number_of(id).is_some();
        let small = first.iter().filter(|(id, n)| self.used.contains(id) && *n <= most);
        let small: Vec<SizeId> = small.map(|(id, _)| *id).collect();
        let less = |a: SizeId, b: SizeId| {
            let number = |of: &Drawn, id| of.iter().find(|(i, _)| *i == id).map(|(_, n)| *n);
            earlier.iter().any(|of| number(of, a) < number(of, b))
        };
        let pairs = small.iter().flat_map(|a| small.iter().map(move |b| (*a, *b)));
        pairs.filter(|(a, b)| a != b && !(fixed(*a) && fixed(*b)) && !less(*a, *b)).collect()
    }

    /// Numbers of at least `low` where the first of each pair is the smaller one.
    fn ordered(
        &self,
        orders: &[(SizeId, SizeId)],
        bounds: &[u64],
        tries: usize,
        low: u64,
    ) -> Option<Drawn> {
        for least in [2, 1] {
            for bound in bounds {
                let random = Random::new(self.seed, 0x512e + self.draw);
                let mut search = Search::of(self.module, self.used, random, least, *bound);
                search.most_tries = tries;
                search
                    .ranges
                    .iter_mut()
                    .filter(|r| r.0 < low && r.1 >= low)
                    .for_each(|r| r.0 = low);
                search.orders = orders.iter().filter_map(|(a, b)| search.places(*a, *b)).collect();
                if search.place(0, *bound) {
                    let numbers = search.numbers.iter().map(|n| n.unwrap_or(2));
                    return Some(search.order.iter().copied().zip(numbers).collect());
                }
            }
        }
        None
    }
}

impl<'m> Search<'m> {
    fn of(
        module: &'m Module,
        used: &BTreeSet<SizeId>,
        random: Random,
        least: i128,
        bound: u64,
    ) -> Search<'m> {
        let mut order: Vec<(Option<u64>, SizeId)> =
            module.sizes.base().map(|(id, def)| (def.number, id)).collect();
        order.sort_by_key(|(number, id)| (number.is_none(), *number, !used.contains(id), *id));
        let order: Vec<SizeId> = order.into_iter().map(|(_, id)| id).collect();
        let ready = |size: &Size| {
            let place = |id: SizeId| order.iter().position(|o| *o == id).map_or(0, |at| at + 1);
            size.names().map(place).max().unwrap_or(0)
        };
        let derived = module.sizes.derived().iter().map(|(_, size, _)| (size, least));
        let required = module.requirements.iter().map(|(size, _)| (size, 0));
        // Declared shapes that are no names by themselves: `x : R[n-3]`.
        let mut shapes: Vec<&Size> = Vec::new();
        for dim in module.symbols.iter().flat_map(|s| &s.ty.dims) {
            if dim.terms().len() > 1 && !shapes.contains(&dim) {
                shapes.push(dim);
            }
        }
        let shapes = shapes.into_iter().map(|size| (size, 1));
        let rules = derived
            .chain(required)
            .chain(shapes)
            .map(|(size, least)| Rule { size: size.clone(), least, ready: ready(size) })
            .collect();
        let ranges = order.iter().map(|id| range(module, *id, bound)).collect();
        Search {
            module,
            numbers: vec![None; order.len()],
            order,
            rules,
            ranges,
            random,
            tries: 0,
            most_tries: TRIES,
            orders: Vec::new(),
        }
    }

    fn places(&self, a: SizeId, b: SizeId) -> Option<(usize, usize)> {
        let place = |id: SizeId| self.order.iter().position(|o| *o == id);
        place(a).zip(place(b))
    }

    /// Whether the orders hold that the size at a place takes part in.
    fn ordered(&self, at: usize) -> bool {
        let known = self.orders.iter().filter(|(a, b)| *a.max(b) == at);
        known.into_iter().all(|(a, b)| self.numbers[*a] < self.numbers[*b])
    }

    /// Gives the sizes from place `at` on their numbers.
    fn place(&mut self, at: usize, bound: u64) -> bool {
        if at == self.order.len() {
            return true;
        }
        for number in self.candidates(at, bound) {
            self.tries += 1;
            if self.tries > self.most_tries {
                return false;
            }
            if self.numbers[..at].contains(&Some(number)) {
                continue;
            }
            self.numbers[at] = Some(number);
            if self.ordered(at) && self.obeys(at + 1) && self.place(at + 1, bound) {
                return true;
            }
            self.numbers[at] = None;
        }
        false
    }

    /// Small numbers first; fixed sizes keep their order, free ones change from draw to draw.
    fn candidates(&self, at: usize, bound: u64) -> Vec<u64> {
        let (mut low, high) = self.ranges[at];
        let fixed = |i: usize| self.module.sizes.number_of(self.order[i]);
        if let Some(own) = fixed(at) {
            let below = (0..at).filter(|i| fixed(*i).is_some_and(|n| n < own));
            low = below.filter_map(|i| self.numbers[i]).fold(low, |low, n| low.max(n + 1));
            return (low..=high.min(bound)).collect();
        }
        let mut all: Vec<u64> = (low..=high.min(bound)).collect();
        for i in (1..all.len().min(6)).rev() {
            let other = self.random.uniform((at * 8 + i) as u64) * (i + 1) as f64;
            all.swap(i, other as usize);
        }
        all
    }

    /// Whether the rules hold that can be decided after `known` numbers.
    fn obeys(&self, known: usize) -> bool {
        let number = |id: SizeId| {
            let at = self.order.iter().position(|o| *o == id)?;
            self.numbers[at]
        };
        self.rules.iter().filter(|r| r.ready == known).all(|rule| {
            let value = rule.size.value_at(number).and_then(Ratio::whole);
            value.is_some_and(|v| v >= rule.least)
        })
    }
}

/// `random n in 2..7` bounds a size.
fn range(module: &Module, id: SizeId, bound: u64) -> (u64, u64) {
    let name = &module.sizes.get(id).name;
    for option in &module.check.options {
        if let CheckOption::Random(of, low, high) = option
            && of.text == *name
        {
            let low = (low.value as u64).max(1);
            return (low, (high.value as u64).max(low));
        }
    }
    (2, bound.max(2))
}
