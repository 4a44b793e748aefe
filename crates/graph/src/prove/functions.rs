//! Powers, exponentials, logarithms, indicators, sines of sums.

use super::Prover;
use super::canon::whole;
use super::close::MINUS;
use super::ix::Ix;
use super::term::{Atom, Factor, Kind, Mono, Poly, Sign};
use crate::size::Ratio;

/// Highest power that is multiplied out.
const MOST: i64 = 16;
/// Largest factor that is looked for in a number.
const PRIMES: u64 = 10_000;

impl Prover<'_> {
    /// `poly^q`
    pub(crate) fn power_of(&mut self, poly: &Poly, q: Ratio) -> Option<Poly> {
        if q == Ratio::ONE {
            return Some(poly.clone());
        }
        if poly.is_zero() {
            return if q.is_negative() || q.is_zero() { None } else { Some(Poly::zero()) };
        }
        if self.display && poly.terms.len() > 1 && !q.is_zero() {
            let atom = self.applied(Kind::Pow, poly, &[], Vec::new())?;
            return Some(Poly::of(vec![(atom, q)]));
        }
        match whole(q) {
            Some(0) => return Some(Poly::one()),
            Some(n) if n > 0 => return self.multiplied_out(poly, n),
            _ => {}
        }
        match poly.single() {
            Some((mono, factor)) => self.mono_power(&mono.clone(), factor, q),
            None => self.sum_power(poly, q),
        }
    }

    fn multiplied_out(&mut self, poly: &Poly, n: i64) -> Option<Poly> {
        if n > MOST {
            return None;
        }
        let mut out = poly.clone();
        for _ in 1..n {
            out = self.times(&out, poly)?;
        }
        if poly.terms.len() > 1 && out.terms.len() > 1 {
            let (form, args, _) = self.form(&out, &[])?;
            let vars: Option<Vec<_>> = args.iter().map(Ix::as_var).collect();
            if let Some(vars) = vars {
                self.powers.insert(form, (poly.clone(), vars, n as u32));
            }
        }
        Some(out)
    }

    /// The power of a number above 0.
    fn number_power(&mut self, value: Ratio, q: Ratio) -> Option<Poly> {
        let mut factors: Vec<Factor> = Vec::new();
        for (prime, e) in primes(value)? {
            let atom = self.simple(Kind::Prime(prime), Vec::new());
            factors.push((atom, Ratio::whole_number(i128::from(e)).times(q)?));
        }
        let open = super::close::Open { bounds: Vec::new(), factors };
        self.close(vec![(Ratio::ONE, open)])
    }

    fn mono_power(&mut self, mono: &Mono, factor: Ratio, q: Ratio) -> Option<Poly> {
        let n = whole(q);
        let mut out = match n {
            Some(n) if n.unsigned_abs() > 64 => return None,
            Some(n) => {
                let mut value = Ratio::ONE;
                for _ in 0..n.unsigned_abs() {
                    value = value.divide(factor)?;
                }
                Poly::number(value)
            }
            None if factor.is_negative() => self.number_power(factor.times(MINUS)?, q)?,
            None => self.number_power(factor, q)?,
        };
        let mut rest = Mono::default();
        let mut taken: Vec<Factor> = Vec::new();
        for (atom, e) in &mono.plain {
            let head = self.shared_head(atom.head);
            let root = head.kind == Kind::Pow && whole(*e).is_none();
            let eq = e.times(q)?;
            if head.bit {
                rest.plain.push((atom.clone(), *e));
            } else if n.is_some() || head.sign > Sign::Unknown || root {
                taken.push((atom.clone(), eq));
            } else if let (Some(0), Some(power)) = (whole(*e).map(|e| e % 2), whole(eq)) {
                if power % 2 == 0 {
                    taken.push((atom.clone(), eq));
                } else {
                    // |x|^odd = |x| x^even
                    let own = Poly::of(vec![(atom.clone(), Ratio::ONE)]);
                    let size = self.magnitude(&own)?;
                    out = self.times(&out, &size)?;
                    taken.push((atom.clone(), eq.plus(MINUS)?));
                }
            } else {
                rest.plain.push((atom.clone(), *e));
            }
        }
        for (comp, count) in &mono.sums {
            let own = Mono { plain: Vec::new(), sums: vec![(comp.clone(), 1)] };
            let own = Poly { terms: [(own, Ratio::ONE)].into() };
            let times = Ratio::whole_number(i128::from(*count));
            if n.is_some() || self.sign(&own) > Sign::Unknown {
                let atom = self.applied(Kind::Pow, &own, &[], Vec::new())?;
                taken.push((atom, times.times(q)?));
            } else {
                rest.sums.push((comp.clone(), *count));
            }
        }
        let sign = if n.is_none() && factor.is_negative() { MINUS } else { Ratio::ONE };
        if !rest.is_one() {
            let rest = Poly { terms: [(rest, sign)].into() };
            let atom = self.applied(Kind::Pow, &rest, &[], Vec::new())?;
            taken.push((atom, q));
        } else if sign.is_negative() {
            return None;
        }
        self.with(&out, taken)
    }

    /// `poly` times factors.
    pub(crate) fn with(&mut self, poly: &Poly, factors: Vec<Factor>) -> Option<Poly> {
        let open = super::close::Open { bounds: Vec::new(), factors };
        let work = self.each(&open, poly, Ratio::ONE)?;
        self.close(work)
    }

    fn sum_power(&mut self, poly: &Poly, q: Ratio) -> Option<Poly> {
        let (form, args, _) = self.form(poly, &[])?;
        if let Some((base, vars, n)) = self.powers.get(&form).cloned() {
            let even = n % 2 == 0 && whole(q).is_none();
            if !even || self.sign(&base) > Sign::Unknown {
                let map = vars.into_iter().zip(args).collect();
                let base = self.put(&base, &map)?;
                return self.power_of(&base, q.times(Ratio::whole_number(i128::from(n)))?);
            }
        }
        let n = whole(q);
        let common = self.common(poly, &|head| n.is_some() || head.sign > Sign::Unknown);
        if !common.is_empty() {
            let mut inverse = common.clone();
            for (_, e) in &mut inverse {
                *e = e.times(MINUS)?;
            }
            let rest = self.with(poly, inverse)?;
            let mut taken = common;
            for (_, e) in &mut taken {
                *e = e.times(q)?;
            }
            self.spend(20)?;
            let rest = if rest.single().is_some() {
                self.power_of(&rest, q)?
            } else {
                self.primitive_power(&rest, q)?
            };
            return self.with(&rest, taken);
        }
        self.primitive_power(poly, q)
    }

    fn primitive_power(&mut self, poly: &Poly, q: Ratio) -> Option<Poly> {
        let n = whole(q);
        let ((form, args, symmetries), content) = self.primitive(poly, n.is_some())?;
        let atom = self.of_form(Kind::Pow, form, args, &symmetries, Vec::new())?;
        let factor = self.power_of(&Poly::number(content), q)?;
        self.with(&factor, vec![(atom, q)])
    }

    /// `exp(poly)`
    pub(crate) fn exp_of(&mut self, poly: &Poly) -> Option<Poly> {
        if self.display {
            let atom = self.applied(Kind::Exp, poly, &[], Vec::new())?;
            return Some(Poly::of(vec![(atom, Ratio::ONE)]));
        }
        let mut out = Poly::one();
        let mut own: Vec<Factor> = Vec::new();
        for (mono, factor) in &poly.terms {
            let log = match mono.plain.as_slice() {
                [(atom, e)] if *e == Ratio::ONE && mono.sums.is_empty() => {
                    (self.head(atom.head).kind == Kind::Log).then(|| atom.clone())
                }
                _ => None,
            };
            if let Some(log) = log {
                let inner = self.inside(&log, 0)?;
                let power = self.power_of(&inner, *factor)?;
                out = self.times(&out, &power)?;
                continue;
            }
            let term = Poly { terms: [(mono.clone(), Ratio::ONE)].into() };
            own.push((self.applied(Kind::Exp, &term, &[], Vec::new())?, *factor));
        }
        let out = self.with(&out, own)?;
        if poly.terms.len() != 1 || out.factors().count() != 1 {
            let whole = self.applied(Kind::Exp, poly, &[], Vec::new())?;
            let from = Poly::of(vec![(whole, Ratio::ONE)]);
            if from != out {
                self.record("exp of a sum", from, out.clone(), None);
            }
        } else if poly.terms.values().any(|c| *c != Ratio::ONE) {
            let whole = self.applied(Kind::Exp, poly, &[], Vec::new())?;
            let from = Poly::of(vec![(whole, Ratio::ONE)]);
            self.record("exp of a multiple", from, out.clone(), None);
        }
        Some(out)
    }

    /// `log(poly)`
    pub(crate) fn log_of(&mut self, poly: &Poly) -> Option<Poly> {
        if poly.is_zero() {
            return None;
        }
        if self.display {
            let atom = self.applied(Kind::Log, poly, &[], Vec::new())?;
            return Some(Poly::of(vec![(atom, Ratio::ONE)]));
        }
        let out = match poly.single() {
            Some((mono, factor)) => self.mono_log(&mono.clone(), factor)?,
            None => self.sum_log(poly)?,
        };
        let whole = self.applied(Kind::Log, poly, &[], Vec::new())?;
        let from = Poly::of(vec![(whole, Ratio::ONE)]);
        if from != out {
            self.record("log of a product", from, out.clone(), None);
        }
        Some(out)
    }

    fn sum_log(&mut self, poly: &Poly) -> Option<Poly> {
        let common = self.common(poly, &|head| head.sign > Sign::Unknown);
        let mut inverse = common.clone();
        for (_, e) in &mut inverse {
            *e = e.times(MINUS)?;
        }
        let rest = self.with(poly, inverse)?;
        let mono = Mono { plain: common, sums: Vec::new() };
        if let Some((own, factor)) = rest.single() {
            let mut out = self.mono_log(&own.clone(), factor)?;
            let more = self.mono_log(&mono, Ratio::ONE)?;
            out.plus(&more, Ratio::ONE)?;
            return Some(out);
        }
        let (own, content) = self.primitive(&rest, false)?;
        let mut out = self.mono_log(&mono, content)?;
        let atom = self.of_form(Kind::Log, own.0, own.1, &own.2, Vec::new())?;
        out.plus(&Poly::of(vec![(atom, Ratio::ONE)]), Ratio::ONE)?;
        Some(out)
    }

    fn mono_log(&mut self, mono: &Mono, factor: Ratio) -> Option<Poly> {
        let mut out = Poly::zero();
        let positive = !factor.is_negative();
        for (prime, e) in primes(if positive { factor } else { factor.times(MINUS)? })? {
            let atom = self.simple(Kind::Prime(prime), Vec::new());
            let own = Poly::of(vec![(atom, Ratio::ONE)]);
            let log = self.applied(Kind::Log, &own, &[], Vec::new())?;
            out.plus(&Poly::of(vec![(log, Ratio::ONE)]), Ratio::whole_number(i128::from(e)))?;
        }
        let mut rest = Mono::default();
        for (atom, e) in &mono.plain {
            if self.head(atom.head).sign > Sign::Unknown {
                self.log_factor(atom, *e, &mut out)?;
            } else {
                rest.plain.push((atom.clone(), *e));
            }
        }
        for (comp, count) in &mono.sums {
            let own = Mono { plain: Vec::new(), sums: vec![(comp.clone(), 1)] };
            let own = Poly { terms: [(own, Ratio::ONE)].into() };
            if self.sign(&own) > Sign::Unknown {
                let log = self.applied(Kind::Log, &own, &[], Vec::new())?;
                let times = Ratio::whole_number(i128::from(*count));
                out.plus(&Poly::of(vec![(log, Ratio::ONE)]), times)?;
            } else {
                rest.sums.push((comp.clone(), *count));
            }
        }
        if rest.is_one() {
            return positive.then_some(out);
        }
        // The logarithm exists only where its argument is positive: so is the one factor left.
        if let ([(atom, e)], true, true) = (rest.plain.as_slice(), rest.sums.is_empty(), positive)
            && e.numerator() % 2 != 0
        {
            self.log_factor(&atom.clone(), *e, &mut out)?;
            return Some(out);
        }
        let sign = if positive { Ratio::ONE } else { MINUS };
        let rest = Poly { terms: [(rest, sign)].into() };
        let log = self.applied(Kind::Log, &rest, &[], Vec::new())?;
        out.plus(&Poly::of(vec![(log, Ratio::ONE)]), Ratio::ONE)?;
        Some(out)
    }

    /// Adds `e log(atom)`.
    fn log_factor(&mut self, atom: &Atom, e: Ratio, out: &mut Poly) -> Option<()> {
        let own = match self.head(atom.head).kind {
            Kind::Exp => {
                let inner = self.inside(atom, 0)?;
                return out.plus(&inner, e);
            }
            Kind::Pow => self.inside(atom, 0)?,
            _ => Poly::of(vec![(atom.clone(), Ratio::ONE)]),
        };
        let log = self.applied(Kind::Log, &own, &[], Vec::new())?;
        out.plus(&Poly::of(vec![(log, Ratio::ONE)]), e)
    }

    /// `1[poly > 0]`
    pub(crate) fn positive(&mut self, poly: &Poly) -> Option<Poly> {
        if let Some(value) = poly.constant() {
            let one = !value.is_negative() && !value.is_zero();
            return Some(if one { Poly::one() } else { Poly::zero() });
        }
        let sign = self.sign(poly);
        let below = self.sign(&poly.scaled(MINUS)?);
        if sign == Sign::Positive || below > Sign::Unknown {
            let whole = self.applied(Kind::Positive, poly, &[], Vec::new())?;
            let to = if sign == Sign::Positive { Poly::one() } else { Poly::zero() };
            let from = Poly::of(vec![(whole, Ratio::ONE)]);
            let rule = "indicator of a known sign";
            self.record(rule, from, to.clone(), Some("by the types of its names".into()));
            return Some(to);
        }
        let (mut out, mut rest) = (Poly::one(), poly.clone());
        if let Some((mono, factor)) = poly.single() {
            (out, rest) = self.positive_mono(&mono.clone(), factor)?;
        } else {
            let mut common = self.common(poly, &|head| head.sign == Sign::Positive);
            for (_, e) in &mut common {
                *e = e.times(MINUS)?;
            }
            if !common.is_empty() {
                rest = self.with(poly, common)?;
                if rest.single().is_some() {
                    return self.positive(&rest);
                }
            }
        }
        let value = match rest.constant() {
            Some(value) if value.is_negative() => Poly::zero(),
            Some(_) => out,
            None => {
                let own = self.signed(&rest, Kind::Positive)?;
                self.times(&out, &own)?
            }
        };
        if rest != *poly {
            let whole = self.applied(Kind::Positive, poly, &[], Vec::new())?;
            let from = Poly::of(vec![(whole, Ratio::ONE)]);
            self.record("indicator without positive factors", from, value.clone(), None);
        }
        Some(value)
    }

    /// The indicator of a product: what is known of it, and what must still be positive.
    fn positive_mono(&mut self, mono: &Mono, factor: Ratio) -> Option<(Poly, Poly)> {
        let (mut out, mut kept) = (Poly::one(), Mono::default());
        for (atom, e) in &mono.plain {
            let head = self.head(atom.head);
            let own = Poly::of(vec![(atom.clone(), Ratio::ONE)]);
            match whole(*e) {
                _ if head.sign == Sign::Positive => {}
                _ if head.bit => out = self.times(&out, &own)?,
                Some(e) if e % 2 == 0 => {
                    let up = self.signed(&own, Kind::Positive)?;
                    let down = self.signed(&own, Kind::Negative)?;
                    let mut either = up;
                    either.plus(&down, Ratio::ONE)?;
                    out = self.times(&out, &either)?;
                }
                Some(_) => kept.plain.push((atom.clone(), Ratio::ONE)),
                None => kept.plain.push((atom.clone(), *e)),
            }
        }
        for (comp, count) in &mono.sums {
            let own = Mono { plain: Vec::new(), sums: vec![(comp.clone(), 1)] };
            let own = Poly { terms: [(own, Ratio::ONE)].into() };
            if self.sign(&own) != Sign::Positive {
                kept.sums.push((comp.clone(), *count));
            }
        }
        let sign = if factor.is_negative() { MINUS } else { Ratio::ONE };
        Some((out, Poly { terms: [(kept, sign)].into() }))
    }

    /// An indicator of a sum without content, its sign normal.
    fn signed(&mut self, poly: &Poly, kind: Kind) -> Option<Poly> {
        let ((form, args, symmetries), content) = self.primitive(poly, true)?;
        let kind = match (content.is_negative(), kind) {
            (true, Kind::Positive) => Kind::Negative,
            (true, _) => Kind::Positive,
            (false, kind) => kind,
        };
        let atom = self.of_form(kind, form, args, &symmetries, Vec::new())?;
        Some(Poly::of(vec![(atom, Ratio::ONE)]))
    }

    /// `1[poly < 0]`
    pub(crate) fn below(&mut self, poly: &Poly) -> Option<Poly> {
        self.positive(&poly.scaled(MINUS)?)
    }

    /// `|poly|`
    pub(crate) fn magnitude(&mut self, poly: &Poly) -> Option<Poly> {
        let sign = self.sign_of(poly)?;
        self.times(poly, &sign)
    }

    /// -1, 0 or 1.
    pub(crate) fn sign_of(&mut self, poly: &Poly) -> Option<Poly> {
        let mut up = self.positive(poly)?;
        let down = self.below(poly)?;
        up.plus(&down, MINUS)?;
        Some(up)
    }

    /// `sin(poly)` or `cos(poly)`
    pub(crate) fn wave(&mut self, poly: &Poly, kind: Kind) -> Option<Poly> {
        if poly.is_zero() {
            return Some(if kind == Kind::Sin { Poly::zero() } else { Poly::one() });
        }
        let own = self.form(poly, &[])?;
        let turned = self.form(&poly.scaled(MINUS)?, &[])?;
        let flip = (&turned.0, &turned.1) < (&own.0, &own.1);
        let sign = if flip && kind == Kind::Sin { MINUS } else { Ratio::ONE };
        let (form, args, symmetries) = if flip { turned } else { own };
        let atom = self.of_form(kind, form, args, &symmetries, Vec::new())?;
        Poly::of(vec![(atom, Ratio::ONE)]).scaled(sign)
    }

    /// `sin^e = (1 - cos^2) sin^(e - 2)`
    pub(crate) fn sine(&mut self, atom: &Atom, e: Ratio) -> Option<Poly> {
        let inner = self.inside(atom, 0)?;
        let cos = self.wave(&inner, Kind::Cos)?;
        let mut square = self.times(&cos, &cos)?.scaled(MINUS)?;
        square.plus(&Poly::one(), Ratio::ONE)?;
        let two = Poly::of(vec![(atom.clone(), Ratio::whole_number(2))]);
        self.record("sin^2 + cos^2 = 1", two, square.clone(), None);
        let lower = e.plus(Ratio::whole_number(-2))?;
        if lower.is_zero() {
            return Some(square);
        }
        self.with(&square, vec![(atom.clone(), lower)])
    }

    /// An atom whose indices changed, made anew.
    pub(crate) fn rebuilt(&mut self, atom: &Atom, e: Ratio) -> Option<Poly> {
        let kind = self.head(atom.head).kind.clone();
        let own = Poly::of(vec![(atom.clone(), e)]);
        if matches!(kind, Kind::Inverse | Kind::Det | Kind::LogDet) {
            return Some(own);
        }
        let inner = self.inside(atom, 0)?;
        let value = match kind {
            Kind::Exp => self.exp_of(&inner)?,
            Kind::Log => self.log_of(&inner)?,
            Kind::Sin | Kind::Cos => self.wave(&inner, kind)?,
            Kind::Pow => return self.power_of(&inner, e),
            Kind::Positive => self.positive(&inner)?,
            Kind::Negative => self.below(&inner)?,
            _ => return Some(own),
        };
        self.power_of(&value, e)
    }
}

/// A positive number as primes with their exponents; what is too large counts as one.
fn primes(value: Ratio) -> Option<Vec<(u64, i64)>> {
    let mut out = Vec::new();
    for (number, sign) in [(value.numerator(), 1), (value.denominator(), -1)] {
        let mut rest = u64::try_from(number).ok()?;
        let mut p = 2;
        while p * p <= rest && p <= PRIMES {
            let mut e = 0;
            while rest % p == 0 {
                rest /= p;
                e += sign;
            }
            if e != 0 {
                out.push((p, e));
            }
            p += 1;
        }
        if rest > 1 {
            out.push((rest, sign));
        }
    }
    Some(out)
}
