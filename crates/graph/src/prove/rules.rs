//! Rules that look at several factors: a sum times a power of it, a matrix times its inverse.

use std::collections::BTreeMap;

use super::Prover;
use super::atoms::holes;
use super::canon::whole;
use super::close::{MINUS, Open};
use super::ix::{Ix, SLOT, Var};
use super::term::{Atom, Factor, Form, Kind, Mono, Poly};
use crate::size::Ratio;

/// Where a pattern was found.
#[derive(Clone)]
struct Match {
    /// How much of each factor of the product it takes.
    used: BTreeMap<usize, Ratio>,
    /// What its variables stand for.
    map: BTreeMap<Var, Ix>,
}

impl Prover<'_> {
    /// The first rule that applies to a product.
    pub(crate) fn reduced(
        &mut self,
        factor: Ratio,
        open: &Open,
    ) -> Option<Option<Vec<(Ratio, Open)>>> {
        for at in 0..open.factors.len() {
            let (atom, e) = open.factors[at].clone();
            let head = self.shared_head(atom.head);
            let found = match head.kind {
                Kind::Pow if e.is_negative() => self.times_power(at, open)?,
                Kind::Negative => self.times_indicator(at, open)?,
                Kind::Inverse if e == Ratio::ONE => {
                    let mut found = self.times_inverse(at, open, 0)?;
                    if found.is_none() {
                        found = self.times_inverse(at, open, 1)?;
                    }
                    found
                }
                _ => None,
            };
            if let Some(mut work) = found {
                for (value, _) in &mut work {
                    *value = value.times(factor)?;
                }
                return Some(Some(work));
            }
        }
        Some(None)
    }

    /// `lead P^q = P^(q + 1) - rest P^q`, for `q < 0`.
    fn times_power(&mut self, at: usize, open: &Open) -> Option<Option<Vec<(Ratio, Open)>>> {
        let (atom, e) = open.factors[at].clone();
        let head = self.shared_head(atom.head);
        let (Some((lead, c)), Some(form)) = (&head.lead, head.forms.first()) else {
            return Some(None);
        };
        let Some((found, bounds)) = self.met(lead, form, &atom, &BTreeMap::new(), open)? else {
            return Some(None);
        };
        if found.used.contains_key(&at) {
            return Some(None);
        }
        let rest = taken(open, &found, &bounds)?;
        let scale = Ratio::ONE.divide(*c)?;
        let mut up = rest.clone();
        let own = up.factors.iter_mut().find(|(a, _)| *a == atom)?;
        own.1 = own.1.plus(Ratio::ONE)?;
        let mut work = vec![(scale, up)];
        self.cancelled_power(&atom, e);
        let tail = tail(&form.poly, lead)?;
        if !tail.is_zero() {
            let tail = self.instance(&tail, form, &atom)?;
            work.extend(self.each(&rest, &tail, scale.times(MINUS)?)?);
        }
        self.note_power(&atom, e)?;
        Some(Some(work))
    }

    fn cancelled_power(&mut self, atom: &Atom, e: Ratio) {
        if whole(e).is_some() {
            self.cancelled(atom);
        }
    }

    /// Logs `P P^q = P^(q + 1)`.
    fn note_power(&mut self, atom: &Atom, e: Ratio) -> Option<()> {
        let head = self.shared_head(atom.head);
        let form = head.forms.first()?;
        let up = e.plus(Ratio::ONE)?;
        let to = if up.is_zero() { Poly::one() } else { Poly::of(vec![(atom.clone(), up)]) };
        let mut from = Poly::zero();
        for (mono, c) in &form.poly.terms {
            let mut own = mono.clone();
            let put = holes(form, atom);
            for (a, _) in &mut own.plain {
                *a = a.put(&put)?;
            }
            for (comp, _) in &mut own.sums {
                let mut changed = (**comp).clone();
                for (a, _) in &mut changed.factors {
                    *a = a.put(&put)?;
                }
                *comp = std::rc::Rc::new(changed);
            }
            own.plain.push((atom.clone(), e));
            from.add(own, *c)?;
        }
        self.record("a sum times its power", from, to, None);
        Some(())
    }

    /// `lead 1[P < 0] = P - P 1[P > 0] - rest 1[P < 0]`
    fn times_indicator(&mut self, at: usize, open: &Open) -> Option<Option<Vec<(Ratio, Open)>>> {
        let (atom, _) = open.factors[at].clone();
        let head = self.shared_head(atom.head);
        let (Some((lead, c)), Some(form)) = (&head.lead, head.forms.first()) else {
            return Some(None);
        };
        let Some((found, bounds)) = self.met(lead, form, &atom, &BTreeMap::new(), open)? else {
            return Some(None);
        };
        if found.used.contains_key(&at) {
            return Some(None);
        }
        let rest = taken(open, &found, &bounds)?;
        let scale = Ratio::ONE.divide(*c)?;
        let mut without = rest.clone();
        without.factors.retain(|(a, _)| *a != atom);
        let base = self.inside(&atom, 0)?;
        let up = self.of_form(
            Kind::Positive,
            form.clone(),
            atom.args.clone(),
            &head.symmetries,
            Vec::new(),
        )?;
        let mut work = self.each(&without, &base, scale)?;
        let mut above = without;
        above.factors.push((up, Ratio::ONE));
        work.extend(self.each(&above, &base, scale.times(MINUS)?)?);
        let tail = tail(&form.poly, lead)?;
        if !tail.is_zero() {
            let tail = self.instance(&tail, form, &atom)?;
            work.extend(self.each(&rest, &tail, scale.times(MINUS)?)?);
        }
        Some(Some(work))
    }

    /// `sum_j M[i,j] M^-1[j,k] = 1[i == k]`, and from the other side.
    fn times_inverse(
        &mut self,
        at: usize,
        open: &Open,
        side: usize,
    ) -> Option<Option<Vec<(Ratio, Open)>>> {
        let atom = open.factors[at].0.clone();
        let head = self.shared_head(atom.head);
        let (Some((lead, c)), Some(form)) = (&head.lead, head.forms.first()) else {
            return Some(None);
        };
        let Some(inner) = atom.args[side].as_var().filter(|v| open.bounds.contains(v)) else {
            return Some(None);
        };
        if atom.args.iter().enumerate().any(|(k, ix)| k != side && ix.has(inner)) {
            return Some(None);
        }
        // From the left the inner index is the column of M, from the right its row.
        let (bound, wild) = (SLOT + 1 - side as Var, SLOT + side as Var);
        let start = BTreeMap::from([(bound, Ix::var(inner))]);
        let Some((found, bounds)) = self.met(lead, form, &atom, &start, open)? else {
            return Some(None);
        };
        let Some(outer) = found.map.get(&wild).cloned() else { return Some(None) };
        let others = |(k, (a, e)): (usize, &Factor)| {
            let gone = found.used.get(&k).is_some_and(|u| u == e);
            k != at && !gone && a.has(inner)
        };
        if open.factors.iter().enumerate().any(others) || outer.has(inner) {
            return Some(None);
        }
        let rest = taken(open, &found, &bounds)?;
        let scale = Ratio::ONE.divide(*c)?;
        let mut unit = rest.clone();
        unit.factors.retain(|(a, _)| *a != atom);
        unit.bounds.retain(|v| *v != inner);
        let other = atom.args[1 - side].clone();
        let delta = self.simple(Kind::Delta, vec![outer.clone(), other]);
        unit.factors.push((delta, Ratio::ONE));
        let mut work = vec![(scale, unit)];
        let tail = tail(&form.poly, lead)?;
        for (by, mono) in tail.terms.iter().map(|(mono, by)| (by, mono)) {
            let put = holes(form, &atom);
            let mut own = self.opened(mono)?;
            for (a, _) in &mut own.factors {
                *a = a.put(&|v| match v {
                    v if v == bound => Some(Ix::var(inner)),
                    v if v == wild => Some(outer.clone()),
                    v => put(v),
                })?;
            }
            own.bounds.extend(&rest.bounds);
            own.factors.extend(rest.factors.iter().cloned());
            work.push((by.times(scale)?.times(MINUS)?, own));
        }
        self.note_inverse(&atom)?;
        Some(Some(work))
    }

    /// Logs `sum_j M[i,j] M^-1[j,k] = 1[i == k]`.
    fn note_inverse(&mut self, atom: &Atom) -> Option<()> {
        let head = self.shared_head(atom.head);
        let form = head.forms.first()?.clone();
        let n = form.slots.first()?.clone();
        let [i, j, k] = [(); 3].map(|()| self.fresh(n.clone()));
        let mut own = atom.clone();
        (own.args[0], own.args[1]) = (Ix::var(j), Ix::var(k));
        let put = holes(&form, atom);
        let mut from = Poly::zero();
        for (mono, factor) in &form.poly.terms {
            let mut open = self.opened(mono)?;
            for (a, _) in &mut open.factors {
                *a = a.put(&|v| match v {
                    v if v == SLOT => Some(Ix::var(i)),
                    v if v == SLOT + 1 => Some(Ix::var(j)),
                    v => put(v),
                })?;
            }
            open.bounds.push(j);
            open.factors.push((own.clone(), Ratio::ONE));
            let mono = self.parted(open)?;
            from.add(mono, *factor)?;
        }
        let delta = self.simple(Kind::Delta, vec![Ix::var(i), Ix::var(k)]);
        let to = Poly::of(vec![(delta, Ratio::ONE)]);
        self.record("a matrix times its inverse", from, to, None);
        Some(())
    }

    /// Looks for the term `lead` of an atom's form among the factors of a product. Its bound
    /// indices must be bound there and occur nowhere else; they come back.
    fn met(
        &mut self,
        lead: &Mono,
        form: &Form,
        atom: &Atom,
        start: &BTreeMap<Var, Ix>,
        open: &Open,
    ) -> Option<Option<(Match, Vec<Var>)>> {
        // Quick: every head of the pattern occurs.
        let occurs = |(a, _): &Factor| open.factors.iter().any(|(b, _)| a.head == b.head);
        if lead.is_one() || !lead.factors().all(occurs) {
            return Some(None);
        }
        let mut pattern = self.opened(lead)?;
        let put = holes(form, atom);
        for (a, _) in &mut pattern.factors {
            *a = a.put(&|v| {
                if let Some(ix) = start.get(&v) {
                    return Some(ix.clone());
                }
                // A slot that is not set stays open.
                let free = !start.is_empty() && (SLOT..super::ix::PARAM).contains(&v);
                if free { None } else { put(v) }
            })?;
        }
        let holes = pattern.bounds.clone();
        let mut found = Match { used: BTreeMap::new(), map: BTreeMap::new() };
        if !self.embedded(&pattern.factors, &holes, open, &mut found)? {
            return Some(None);
        }
        let mut bounds = Vec::new();
        for hole in &holes {
            let Some(var) = found.map.get(hole).and_then(Ix::as_var) else { return Some(None) };
            if !open.bounds.contains(&var) || bounds.contains(&var) {
                return Some(None);
            }
            if self.range(var) != self.range(*hole) {
                return Some(None);
            }
            bounds.push(var);
        }
        for (k, (a, e)) in open.factors.iter().enumerate() {
            let gone = found.used.get(&k).is_some_and(|u| u == e);
            if !gone && bounds.iter().any(|v| a.has(*v)) {
                return Some(None);
            }
        }
        Some(Some((found, bounds)))
    }

    /// Maps the factors of a pattern to those of a product, one after the other.
    fn embedded(
        &mut self,
        pattern: &[Factor],
        holes: &[Var],
        open: &Open,
        found: &mut Match,
    ) -> Option<bool> {
        let Some(((atom, e), rest)) = pattern.split_first() else { return Some(true) };
        self.spend(1)?;
        for at in 0..open.factors.len() {
            let (own, has) = &open.factors[at];
            if own.head != atom.head || e.is_negative() != has.is_negative() {
                continue;
            }
            let before = found.used.get(&at).copied().unwrap_or(Ratio::ZERO);
            let takes = before.plus(*e)?;
            if super::atoms::less(size_of(*has), size_of(takes)) {
                continue;
            }
            let head = self.shared_head(atom.head);
            for order in &head.symmetries {
                let mut next = found.clone();
                let fits = order
                    .iter()
                    .zip(&own.args)
                    .all(|(k, ix)| unified(&atom.args[*k], ix, holes, &mut next.map));
                if !fits {
                    continue;
                }
                next.used.insert(at, takes);
                if self.embedded(rest, holes, open, &mut next)? {
                    *found = next;
                    return Some(true);
                }
            }
        }
        Some(false)
    }
}

fn size_of(x: Ratio) -> Ratio {
    if x.is_negative() { x.times(MINUS).unwrap_or(x) } else { x }
}

/// Whether a pattern's index can be an index of the product.
fn unified(pattern: &Ix, ix: &Ix, holes: &[Var], map: &mut BTreeMap<Var, Ix>) -> bool {
    if let Some(var) = pattern.as_var() {
        let open = holes.contains(&var) || var < super::ix::FRESH;
        if open {
            return match map.get(&var) {
                Some(known) => known == ix,
                None => {
                    map.insert(var, ix.clone());
                    true
                }
            };
        }
    }
    pattern.put(&|v| map.get(&v).cloned()).is_some_and(|p| p == *ix)
}

/// A product without what a pattern takes.
fn taken(open: &Open, found: &Match, bounds: &[Var]) -> Option<Open> {
    let kept = open.bounds.iter().filter(|v| !bounds.contains(v)).copied().collect();
    let mut rest = Open { bounds: kept, factors: Vec::new() };
    for (k, (atom, e)) in open.factors.iter().enumerate() {
        let left = match found.used.get(&k) {
            Some(used) => e.plus(used.times(MINUS)?)?,
            None => *e,
        };
        if !left.is_zero() {
            rest.factors.push((atom.clone(), left));
        }
    }
    Some(rest)
}

/// A sum without one of its terms.
fn tail(poly: &Poly, lead: &Mono) -> Option<Poly> {
    let mut tail = poly.clone();
    tail.terms.remove(lead)?;
    Some(tail)
}
