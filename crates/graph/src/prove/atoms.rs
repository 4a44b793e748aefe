//! Functions of terms as atoms: closed forms, signs, the term that a rule replaces.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Prover;
use super::canon::{Closed, whole};
use super::close::MINUS;
use super::ix::{Ix, PARAM, SLOT, Var};
use super::term::{Atom, Factor, Form, Head, Kind, Mono, Poly, Sign};
use crate::size::Ratio;

impl Prover<'_> {
    /// `kind` applied to a term, at the indices `own` for its `slots`.
    pub(crate) fn applied(
        &mut self,
        kind: Kind,
        poly: &Poly,
        slots: &[Var],
        own: Vec<Ix>,
    ) -> Option<Atom> {
        let (form, holes, symmetries) = self.form(poly, slots)?;
        self.of_form(kind, form, holes, &symmetries, own)
    }

    pub(crate) fn of_form(
        &mut self,
        kind: Kind,
        form: Rc<Form>,
        holes: Vec<Ix>,
        symmetries: &[Vec<usize>],
        own: Vec<Ix>,
    ) -> Option<Atom> {
        let lead = match kind {
            Kind::Pow | Kind::Inverse | Kind::Negative => {
                self.lead(&form.poly).map(|(m, c)| (m.clone(), c))
            }
            _ => None,
        };
        let sign = match kind {
            Kind::Exp => Sign::Positive,
            Kind::Pow => self.sign(&form.poly),
            Kind::Positive | Kind::Negative => Sign::NotNegative,
            _ => Sign::Unknown,
        };
        let offset = own.len();
        let bit = matches!(kind, Kind::Positive | Kind::Negative);
        let longer = |order: &Vec<usize>| -> Vec<usize> {
            (0..offset).chain(order.iter().map(|at| at + offset)).collect()
        };
        let symmetries: Vec<Vec<usize>> = symmetries.iter().map(longer).collect();
        let head = self.intern(kind, vec![form], |kind, forms| Head {
            kind,
            forms,
            symmetries,
            sign,
            bit,
            prob: None,
            classes: None,
            lead,
        });
        let args = own.into_iter().chain(holes).collect();
        Some(self.ordered(Atom { head, args }))
    }

    /// What an atom is applied to, its indices put in.
    pub(crate) fn inside(&mut self, atom: &Atom, which: usize) -> Option<Poly> {
        let form = self.head(atom.head).forms.get(which)?.clone();
        self.instance(&form.poly, &form, atom)
    }

    /// A part of an atom's form, its indices put in.
    pub(crate) fn instance(&mut self, of: &Poly, form: &Form, atom: &Atom) -> Option<Poly> {
        let mut work = Vec::new();
        let put = holes(form, atom);
        for (mono, factor) in &of.terms {
            let mut open = self.opened(mono)?;
            for (atom, _) in &mut open.factors {
                *atom = atom.put(&put)?;
            }
            work.push((*factor, open));
        }
        self.close(work)
    }

    /// The term of a sum that rules replace: of highest degree.
    pub(crate) fn lead<'p>(&self, poly: &'p Poly) -> Option<(&'p Mono, Ratio)> {
        let weight = |mono: &Mono| {
            let mut degree = 0;
            for (atom, e) in mono.factors() {
                let counts = !matches!(
                    self.head(atom.head).kind,
                    Kind::Size(_) | Kind::Prime(_) | Kind::Pi | Kind::Delta
                );
                if counts {
                    degree += e.numerator().abs() * 64 / e.denominator();
                }
            }
            (degree, mono.sums.len())
        };
        let key = |(mono, _): &(&Mono, &Ratio)| (weight(mono), (*mono).clone());
        poly.terms.iter().max_by_key(key).map(|(m, c)| (m, *c))
    }

    /// What is known of the sign of a sum.
    pub(crate) fn sign(&self, poly: &Poly) -> Sign {
        let mut all = Sign::NotNegative;
        for (mono, factor) in &poly.terms {
            if factor.is_negative() {
                return Sign::Unknown;
            }
            match self.mono_sign(mono) {
                Sign::Unknown => return Sign::Unknown,
                own => all = all.max(own),
            }
        }
        all
    }

    fn mono_sign(&self, mono: &Mono) -> Sign {
        let plain = mono.plain.iter().map(|f| self.factor_sign(f)).min();
        let sum = |(comp, count): &(Rc<super::term::Comp>, u32)| {
            let own = comp.factors.iter().map(|f| self.factor_sign(f)).min();
            match own.unwrap_or(Sign::Positive) {
                Sign::Unknown if count % 2 == 0 => Sign::NotNegative,
                own => own,
            }
        };
        let sums = mono.sums.iter().map(sum).min();
        plain.into_iter().chain(sums).min().unwrap_or(Sign::Positive)
    }

    pub(crate) fn factor_sign(&self, (atom, e): &Factor) -> Sign {
        match self.head(atom.head).sign {
            Sign::Unknown if whole(*e).is_none_or(|e| e % 2 == 0) => Sign::NotNegative,
            sign => sign,
        }
    }

    /// A sum without its positive content: the form, its indices and symmetries, and what was taken
    /// out. With `signed` the sign may be taken out too.
    pub(crate) fn primitive(&mut self, poly: &Poly, signed: bool) -> Option<(Closed, Ratio)> {
        let mut own = self.form(poly, &[])?;
        let mut content = self.lead(&own.0.poly)?.1;
        if content.is_negative() {
            content = content.times(MINUS)?;
        }
        let mut poly = poly.clone();
        if content != Ratio::ONE {
            poly = poly.scaled(Ratio::ONE.divide(content)?)?;
            own = self.form(&poly, &[])?;
        }
        if signed {
            let minus = poly.scaled(MINUS)?;
            let turned = self.form(&minus, &[])?;
            // With few minus signs, then the lesser one.
            let signs = |p: &Poly| p.terms.values().filter(|c| c.is_negative()).count();
            let (here, there) = (signs(&poly), signs(&minus));
            let less = (&turned.0, &turned.1) < (&own.0, &own.1);
            if there < here || there == here && less {
                return Some((turned, content.times(MINUS)?));
            }
        }
        Some((own, content))
    }

    /// Factors that every term of a sum has, with their least exponents; `good` says which may be
    /// taken out.
    pub(crate) fn common(&self, poly: &Poly, good: &dyn Fn(&Head) -> bool) -> Vec<Factor> {
        let mut least: BTreeMap<&Atom, Ratio> = BTreeMap::new();
        for mono in poly.terms.keys() {
            for (atom, e) in &mono.plain {
                let old = least.entry(atom).or_insert(*e);
                if less(*e, *old) {
                    *old = *e;
                }
            }
        }
        for mono in poly.terms.keys() {
            for (atom, low) in &mut least {
                let missing = !mono.plain.iter().any(|(a, _)| a == *atom);
                if missing && less(Ratio::ZERO, *low) {
                    *low = Ratio::ZERO;
                }
            }
        }
        let taken = least.into_iter().filter(|(atom, e)| {
            let head = self.head(atom.head);
            !e.is_zero() && !head.bit && good(head)
        });
        taken.map(|(atom, e)| (atom.clone(), e)).collect()
    }

    /// That a base is not 0 was used.
    pub(crate) fn cancelled(&mut self, atom: &Atom) {
        if self.head(atom.head).sign == Sign::Positive {
            return;
        }
        let text = super::print::atom_text(self, atom);
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
        self.assumed.insert(format!("{} != 0", inner.unwrap_or(&text)));
    }
}

/// What goes into the holes and slots of an atom's form.
pub(crate) fn holes<'a>(form: &'a Form, atom: &'a Atom) -> impl Fn(Var) -> Option<Ix> + 'a {
    let offset = atom.args.len() - form.params.min(atom.args.len());
    move |var: Var| {
        if var >= PARAM {
            return atom.args.get(offset + (var - PARAM) as usize).cloned();
        }
        if var >= SLOT {
            return atom.args.get((var - SLOT) as usize).cloned();
        }
        None
    }
}

pub(crate) fn less(a: Ratio, b: Ratio) -> bool {
    b.plus(a.times(MINUS).unwrap_or(Ratio::ZERO)).is_some_and(|d| !d.is_negative() && !d.is_zero())
}
