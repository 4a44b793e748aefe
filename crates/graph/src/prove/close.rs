//! Products brought to normal form: deltas contracted, powers merged, rules applied, indices named.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Prover;
use super::canon::whole;
use super::ix::{Base, Ix, Var};
use super::term::{Atom, Comp, Factor, Kind, Mono, Poly, Sign};
use crate::size::{Ratio, Size};

/// A product under a sum, its bound indices free variables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    pub(crate) bounds: Vec<Var>,
    pub(crate) factors: Vec<Factor>,
}

/// What becomes of a product.
pub(crate) enum Next {
    /// It is in normal form.
    Done(Mono, Ratio),
    /// It is a sum of these.
    Again(Vec<(Ratio, Open)>),
}

pub(crate) const MINUS: Ratio = Ratio::whole_number(-1);

impl Prover<'_> {
    /// A product with its sums opened.
    pub(crate) fn opened(&mut self, mono: &Mono) -> Option<Open> {
        let mut open = Open { bounds: Vec::new(), factors: mono.plain.clone() };
        for (comp, count) in &mono.sums {
            for _ in 0..*count {
                self.open_sum(comp, &mut open)?;
            }
        }
        Some(open)
    }

    fn open_sum(&mut self, comp: &Comp, open: &mut Open) -> Option<()> {
        let first = open.bounds.len();
        for size in &comp.bounds {
            let var = self.fresh(size.clone());
            open.bounds.push(var);
        }
        let own: Vec<Var> = open.bounds[first..].to_vec();
        let put = |v: Var| own.get(v as usize).map(|var| Ix::var(*var));
        for (atom, e) in &comp.factors {
            open.factors.push((atom.put(&put)?, *e));
        }
        Some(())
    }

    /// `open poly`, for each term of it.
    pub(crate) fn each(
        &mut self,
        open: &Open,
        poly: &Poly,
        factor: Ratio,
    ) -> Option<Vec<(Ratio, Open)>> {
        let mut all = Vec::with_capacity(poly.terms.len());
        for (mono, value) in &poly.terms {
            self.spend(1)?;
            let mut own = self.opened(mono)?;
            own.bounds.extend(&open.bounds);
            own.factors.extend(open.factors.iter().cloned());
            all.push((factor.times(*value)?, own));
        }
        Some(all)
    }

    /// The normal form of a sum of products.
    pub(crate) fn close(&mut self, mut work: Vec<(Ratio, Open)>) -> Option<Poly> {
        let mut out = Poly::zero();
        while let Some((factor, open)) = work.pop() {
            self.spend(1 + open.factors.len() as u64 / 4)?;
            match self.step(factor, open)? {
                Next::Done(mono, factor) => out.add(mono, factor)?,
                Next::Again(more) => work.extend(more),
            }
        }
        Some(out)
    }

    fn step(&mut self, factor: Ratio, mut open: Open) -> Option<Next> {
        if let Some(next) = self.merged(factor, &mut open)? {
            return Some(Next::Again(next));
        }
        if let Some(next) = self.contracted(factor, &mut open)? {
            return Some(Next::Again(next));
        }
        if let Some(next) = self.unused(factor, &mut open)? {
            return Some(Next::Again(next));
        }
        if let Some(next) = if self.display { None } else { self.reduced(factor, &open)? } {
            return Some(Next::Again(next));
        }
        let mono = self.parted(open)?;
        Some(Next::Done(mono, factor))
    }

    /// Equal atoms merge; rules of single atoms.
    fn merged(&mut self, factor: Ratio, open: &mut Open) -> Option<Option<Vec<(Ratio, Open)>>> {
        let mut sum: BTreeMap<Atom, Ratio> = BTreeMap::new();
        for (atom, e) in std::mem::take(&mut open.factors) {
            let atom = self.ordered(atom);
            let bit = self.head(atom.head).bit && !e.is_negative();
            let e = match sum.get(&atom) {
                Some(_) if bit => Ratio::ONE,
                Some(old) => {
                    // At 0 the gradient of a norm is declared: its roots cancel there too.
                    let root = whole(e).is_none() && self.head(atom.head).sign > Sign::Unknown;
                    if old.is_negative() != e.is_negative() && !root {
                        self.cancelled(&atom);
                    }
                    old.plus(e)?
                }
                None if bit && e != Ratio::ONE => Ratio::ONE,
                None => e,
            };
            sum.insert(atom, e);
        }
        open.factors = sum.into_iter().filter(|(_, e)| !e.is_zero()).collect();
        for at in 0..open.factors.len() {
            let (atom, e) = open.factors[at].clone();
            if let Some(poly) = self.single(&atom, e, open)? {
                open.factors.remove(at);
                return Some(Some(self.each(open, &poly, factor)?));
            }
        }
        Some(None)
    }

    /// What one atom is, if it is something simpler.
    fn single(&mut self, atom: &Atom, e: Ratio, open: &Open) -> Option<Option<Poly>> {
        let head = self.shared_head(atom.head);
        let power = whole(e);
        match &head.kind {
            Kind::Delta => return self.delta(atom),
            Kind::Index if power.is_some_and(|p| p > 0) => return self.index_number(atom, e),
            Kind::Prime(p) if at_least_one(e) || e.is_negative() => {
                return self.prime_power(atom, *p, e).map(Some);
            }
            Kind::Sin if power.is_some_and(|p| p >= 2) => return self.sine(atom, e).map(Some),
            Kind::Pow if at_least_one(e) && !self.display => {
                let base = self.inside(atom, 0)?;
                let lower = e.plus(MINUS)?;
                let rest = match lower.is_zero() {
                    true => Poly::one(),
                    false => Poly::of(vec![(atom.clone(), lower)]),
                };
                // Not `times`: the power may not be multiplied out before the base is.
                let mut work = Vec::new();
                for (mono, c) in &rest.terms {
                    let open = self.opened(mono)?;
                    work.extend(self.each(&open, &base, *c)?);
                }
                return self.close(work).map(Some);
            }
            Kind::Negative => {
                let other = |(a, _): &Factor| {
                    let h = self.head(a.head);
                    h.kind == Kind::Positive && h.forms == head.forms && a.args == atom.args
                };
                if open.factors.iter().any(other) {
                    return Some(Some(Poly::zero()));
                }
            }
            _ => {}
        }
        if self.is_stale(atom)? {
            let own = Poly::of(vec![(atom.clone(), e)]);
            return self.rebuilt(atom, e).map(|poly| (poly != own).then_some(poly));
        }
        Some(None)
    }

    /// A composite index as a number.
    fn index_number(&mut self, atom: &Atom, e: Ratio) -> Option<Option<Poly>> {
        let Ix::Affine(form) = &atom.args[0] else { return Some(None) };
        let mut total = self.size(&form.1)?;
        for (base, by) in &form.0 {
            let index = self.simple(Kind::Index, vec![Ix::One(base.clone())]);
            let by = self.size(by)?;
            let own = self.times(&Poly::of(vec![(index, Ratio::ONE)]), &by)?;
            total.plus(&own, Ratio::ONE)?;
        }
        self.power_of(&total, e).map(Some)
    }

    /// A power of a prime: the whole part is a number.
    fn prime_power(&mut self, atom: &Atom, p: u64, e: Ratio) -> Option<Poly> {
        let floor = e.numerator().div_euclid(e.denominator());
        let rest = e.plus(Ratio::whole_number(-floor))?;
        if floor.unsigned_abs() > 64 {
            return None;
        }
        let mut value = Ratio::ONE;
        let prime = Ratio::whole_number(i128::from(p));
        for _ in 0..floor.unsigned_abs() {
            value = if floor > 0 { value.times(prime)? } else { value.divide(prime)? };
        }
        match rest.is_zero() {
            true => Some(Poly::number(value)),
            false => Poly::of(vec![(atom.clone(), rest)]).scaled(value),
        }
    }

    /// Whether an atom's indices became so special that its form simplifies.
    fn is_stale(&mut self, atom: &Atom) -> Option<bool> {
        let head = self.shared_head(atom.head);
        let Some(form) = head.forms.first() else { return Some(false) };
        if matches!(head.kind, Kind::Opaque(_) | Kind::Inverse | Kind::Det | Kind::LogDet) {
            return Some(false);
        }
        let holes = &atom.args[atom.args.len() - form.params.min(atom.args.len())..];
        if (1..holes.len()).any(|at| holes[..at].contains(&holes[at])) {
            return Some(true);
        }
        let put = super::atoms::holes(form, atom);
        for (a, _) in form.poly.factors() {
            let open = a.args.iter().any(|ix| {
                let mut bound = false;
                ix.each_var(&mut |v| bound |= v < super::ix::PARAM);
                bound
            });
            if self.head(a.head).kind == Kind::Delta && !open {
                let own = a.put(&put)?;
                if self.delta(&own)?.is_some() {
                    return Some(true);
                }
            }
        }
        Some(false)
    }

    /// Sums over a delta, and equal indices.
    fn contracted(&mut self, factor: Ratio, open: &mut Open) -> Option<Option<Vec<(Ratio, Open)>>> {
        for at in 0..open.factors.len() {
            let atom = open.factors[at].0.clone();
            if self.head(atom.head).kind != Kind::Delta {
                continue;
            }
            let (a, b) = (&atom.args[0], &atom.args[1]);
            for var in open.bounds.clone() {
                if !(a.has(var) || b.has(var)) {
                    continue;
                }
                if let Some(to) = self.solved(a, b, var)? {
                    open.factors.remove(at);
                    open.bounds.retain(|v| *v != var);
                    self.put_in(open, var, &to)?;
                    return Some(Some(vec![(factor, open.clone())]));
                }
            }
            // Between two free indices the later one is written as the earlier one.
            let free = |ix: &Ix| ix.as_var().filter(|v| !open.bounds.contains(v));
            let (var, to) = match (free(a), free(b)) {
                (Some(x), Some(y)) => (x.max(y), Ix::var(x.min(y))),
                (Some(x), None) if matches!(b, Ix::One(Base::Label(_))) && !b.has(x) => {
                    (x, b.clone())
                }
                (None, Some(y)) if matches!(a, Ix::One(Base::Label(_))) && !a.has(y) => {
                    (y, a.clone())
                }
                (Some(x), None) if b.constant().is_some() => (x, b.clone()),
                (None, Some(y)) if a.constant().is_some() => (y, a.clone()),
                _ => continue,
            };
            let elsewhere = |(k, (f, _)): (usize, &Factor)| k != at && f.has(var);
            if open.factors.iter().enumerate().any(elsewhere) {
                let own = open.factors.remove(at);
                self.put_in(open, var, &to)?;
                open.factors.push(own);
                return Some(Some(vec![(factor, open.clone())]));
            }
        }
        Some(None)
    }

    fn put_in(&mut self, open: &mut Open, var: Var, to: &Ix) -> Option<()> {
        for (atom, _) in &mut open.factors {
            if atom.has(var) {
                *atom = atom.put(&|v| (v == var).then(|| to.clone()))?;
            }
        }
        Some(())
    }

    /// Bound indices that occur nowhere count; those of a distribution alone sum to 1.
    fn unused(&mut self, factor: Ratio, open: &mut Open) -> Option<Option<Vec<(Ratio, Open)>>> {
        for at in 0..open.bounds.len() {
            let var = open.bounds[at];
            let mut places =
                (0..open.factors.len()).filter(|k| open.factors[*k].0.has(var)).collect::<Vec<_>>();
            if places.is_empty() {
                open.bounds.remove(at);
                let size = self.size(&self.range(var))?;
                return Some(Some(self.each(open, &size, factor)?));
            }
            if let (Some(k), true) = (places.pop(), places.is_empty()) {
                let (atom, e) = &open.factors[k];
                let head = self.head(atom.head);
                let alone = |at: usize| {
                    atom.args.iter().enumerate().all(|(i, ix)| {
                        if i == at { ix.as_var() == Some(var) } else { !ix.has(var) }
                    })
                };
                if *e == Ratio::ONE && head.prob.is_some_and(alone) {
                    let from = Open { bounds: vec![var], factors: vec![open.factors[k].clone()] };
                    open.bounds.remove(at);
                    open.factors.remove(k);
                    let from = self.parted(from)?;
                    let from = Poly { terms: BTreeMap::from([(from, Ratio::ONE)]) };
                    self.record("sum of a distribution", from, Poly::one(), None);
                    return Some(Some(vec![(factor, open.clone())]));
                }
            }
        }
        Some(None)
    }

    /// The product with its sums apart and their indices named.
    pub(crate) fn parted(&mut self, open: Open) -> Option<Mono> {
        let mut mono = Mono::default();
        let mut groups: Vec<(Vec<Var>, Vec<Factor>)> = Vec::new();
        for factor in open.factors {
            let mut own: Vec<Var> =
                open.bounds.iter().filter(|v| factor.0.has(**v)).copied().collect();
            if own.is_empty() {
                mono.plain.push(factor);
                continue;
            }
            let mut factors = vec![factor];
            let mut apart = Vec::new();
            for (vars, more) in groups {
                if vars.iter().any(|v| own.contains(v)) {
                    own.extend(vars);
                    factors.extend(more);
                } else {
                    apart.push((vars, more));
                }
            }
            own.sort_unstable();
            own.dedup();
            apart.push((own, factors));
            groups = apart;
        }
        mono.plain.sort();
        let mut sums: BTreeMap<Rc<Comp>, u32> = BTreeMap::new();
        for (vars, factors) in groups {
            let bounds: Vec<(Var, Size)> = vars.into_iter().map(|v| (v, self.range(v))).collect();
            let comp = self.named(&bounds, &factors)?;
            *sums.entry(Rc::new(comp)).or_insert(0) += 1;
        }
        mono.sums = sums.into_iter().collect();
        Some(mono)
    }

    /// A product of sums.
    pub(crate) fn times(&mut self, a: &Poly, b: &Poly) -> Option<Poly> {
        if let Some(c) = a.constant() {
            return b.scaled(c);
        }
        if let Some(c) = b.constant() {
            return a.scaled(c);
        }
        if self.display {
            let (a, b) = (self.kept_whole(a)?, self.kept_whole(b)?);
            return self.distributed(&a, &b);
        }
        self.distributed(a, b)
    }

    fn distributed(&mut self, a: &Poly, b: &Poly) -> Option<Poly> {
        let mut work = Vec::new();
        for (mono, factor) in &a.terms {
            let open = self.opened(mono)?;
            work.extend(self.each(&open, b, *factor)?);
        }
        self.close(work)
    }

    /// A sum as one factor, for reading; one with deltas is multiplied out.
    pub(crate) fn kept_whole(&mut self, poly: &Poly) -> Option<Poly> {
        let delta = |(a, _): &Factor| self.head(a.head).kind == Kind::Delta;
        if poly.terms.len() < 2 || poly.factors().any(delta) {
            return Some(poly.clone());
        }
        let atom = self.applied(Kind::Pow, poly, &[], Vec::new())?;
        Some(Poly::of(vec![(atom, Ratio::ONE)]))
    }

    /// A sum over free variables.
    pub(crate) fn summed(&mut self, poly: &Poly, over: &[Var]) -> Option<Poly> {
        if over.is_empty() {
            return Some(poly.clone());
        }
        let whole = if self.display { self.kept_whole(poly)? } else { poly.clone() };
        let poly = &whole;
        let mut leaves = Vec::new();
        for var in over {
            self.leaves(*var, &mut leaves)?;
        }
        let mut work = Vec::new();
        for (mono, factor) in &poly.terms {
            let mut open = self.opened(mono)?;
            open.bounds.extend(&leaves);
            work.push((*factor, open));
        }
        // A bound variable is renamed: the same free one may be bound again.
        for (_, open) in &mut work {
            for var in &leaves {
                let own = self.fresh(self.range(*var));
                open.bounds.retain(|v| v != var);
                open.bounds.push(own);
                self.put_in(open, *var, &Ix::var(own))?;
            }
        }
        self.close(work)
    }

    /// With indices put in for free variables.
    pub(crate) fn put(&mut self, poly: &Poly, map: &BTreeMap<Var, Ix>) -> Option<Poly> {
        let mut touched = false;
        poly.each_var(&mut |v| touched |= map.contains_key(&v));
        if !touched {
            return Some(poly.clone());
        }
        let mut work = Vec::new();
        for (mono, factor) in &poly.terms {
            let mut open = self.opened(mono)?;
            for (atom, _) in &mut open.factors {
                *atom = atom.put(&|v| map.get(&v).cloned())?;
            }
            work.push((*factor, open));
        }
        self.close(work)
    }
}

/// Whether an exponent holds the base once more.
fn at_least_one(e: Ratio) -> bool {
    e.numerator() >= e.denominator()
}
