//! Places: where entries are read and written, with names for the indices they are computed from.

use chainrule_graph::Size;

use super::access::At;
use super::build::{Builder, Ix};
use super::code::{Place, Slot, Statement};

impl Builder<'_> {
    /// Slots as a place. Those that are computed stand together, and no index is read twice: other
    /// slots become computed ones for that.
    pub(super) fn place(&mut self, mut slots: Vec<At>, scatter: bool) -> (Option<Place>, Vec<Ix>) {
        let computed = |s: &At| !matches!(s, At::Index(_));
        let every = scatter && self.all_indexed;
        loop {
            let twice = |i: usize| {
                let At::Index(ix) = &slots[i] else { return false };
                let other = |j: usize| j != i && slots[j].indices().contains(ix);
                (0..slots.len()).any(|j| other(j) && (scatter || computed(&slots[j]) || j < i))
            };
            let first = (0..slots.len()).find(|i| computed(&slots[*i]));
            let last = (0..slots.len()).rev().find(|i| computed(&slots[*i]));
            let between = |i: usize| first.is_some_and(|f| f < i) && last.is_some_and(|l| i < l);
            let hit = (0..slots.len())
                .find(|i| !computed(&slots[*i]) && (every || twice(*i) || between(*i)));
            let Some(hit) = hit else { break };
            let ix = slots[hit].indices()[0];
            slots[hit] = At::Map(vec![(ix, 1)], Size::number(0));
        }
        let Some(start) = (0..slots.len()).find(|i| computed(&slots[*i])) else {
            return (None, slots.iter().flat_map(At::indices).collect());
        };
        let mut grid: Vec<Ix> = Vec::new();
        for ix in slots.iter().filter(|s| computed(s)).flat_map(At::indices) {
            if !grid.contains(&ix) {
                grid.push(ix);
            }
        }
        grid.sort_unstable();
        let mut all: Vec<Ix> = Vec::new();
        let plain = |s: &At| !computed(s);
        all.extend(slots[..start].iter().flat_map(At::indices));
        all.extend(&grid);
        let rest: Vec<Ix> =
            slots[start..].iter().filter(|s| plain(s)).flat_map(At::indices).collect();
        all.extend(rest);
        let names = self.grid(&grid);
        let spot = |ix: &Ix, list: &[Ix]| list.iter().position(|i| i == ix).unwrap_or(0);
        let slot = |s: &At| match s {
            At::Index(ix) => Slot::All(spot(ix, &all)),
            At::Map(terms, constant) => {
                let terms = terms.iter().map(|(ix, k)| (spot(ix, &grid), *k)).collect();
                Slot::Map(terms, constant.clone())
            }
            At::Label(code, own) => {
                Slot::Label(code.clone(), own.iter().map(|ix| spot(ix, &grid)).collect())
            }
        };
        let slots = slots.iter().map(slot).collect();
        let lengths = all.iter().map(|ix| self.extent(*ix)).collect();
        let axes = self.axis_names(&all, start, &names);
        (Some(Place { slots, grid: names, lengths, start, axes }), all)
    }

    /// A letter for each axis of a gathered array that is no index of the grid.
    fn axis_names(&self, all: &[Ix], start: usize, grid: &[(String, Size)]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (at, ix) in all.iter().enumerate() {
            if let Some((name, _)) = at.checked_sub(start).and_then(|i| grid.get(i)) {
                names.push(name.clone());
                continue;
            }
            let own = self.index_name(*ix).to_lowercase();
            let letter = own.chars().filter(char::is_ascii_alphabetic).take(1).chain('a'..='z');
            let free = |c: &char| {
                let word = c.to_string();
                !names.contains(&word)
                    && !grid.iter().any(|(n, _)| *n == word)
                    && !self.taken.contains(&word)
            };
            let found = letter.into_iter().find(free).map(String::from);
            names.push(found.unwrap_or_else(|| format!("x{at}")));
        }
        names
    }

    /// Names for the indices of a place; more than one are written as a statement of their own.
    fn grid(&mut self, grid: &[Ix]) -> Vec<(String, Size)> {
        let mut names: Vec<(String, Size)> = Vec::new();
        for ix in grid {
            let hint = match ix {
                Ix::Axis(axis) => self.module.axes.get(*axis).name.clone(),
                Ix::Local(at) => self.locals[*at].1.clone(),
            };
            let stem: String = hint.chars().filter(char::is_ascii_alphanumeric).collect();
            let stem = match stem.chars().next() {
                Some(c) if c.is_ascii_alphabetic() => stem,
                _ => "i".into(),
            };
            let mut name = stem.to_lowercase();
            let mut number = 2;
            while self.taken.contains(&name) || names.iter().any(|(n, _)| *n == name) {
                name = format!("{}{number}", stem.to_lowercase());
                number += 1;
            }
            names.push((name, self.extent(*ix)));
        }
        if names.len() > 1 && !self.grids.contains(&names) {
            // Names that another grid of the same line uses stay what they are.
            let clash =
                |g: &Vec<(String, Size)>| g.iter().any(|(n, _)| names.iter().any(|(m, _)| m == n));
            if self.grids.iter().any(clash) {
                for (name, _) in &mut names {
                    let stem = name.clone();
                    let mut number = 2;
                    let used = |grids: &[Vec<(String, Size)>], n: &str| {
                        grids.iter().flatten().any(|(m, _)| m == n)
                    };
                    while self.taken.contains(name.as_str()) || used(&self.grids, name) {
                        *name = format!("{stem}{number}");
                        number += 1;
                    }
                }
            }
            self.grids.push(names.clone());
            self.statements.push(Statement::Grid(names.clone()));
        }
        names
    }
}
