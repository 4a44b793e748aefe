//! Indices: affine forms over index variables and labels.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::term::Atom;
use crate::size::{Ratio, Size};

/// An index variable. Bound variables of a sum count from 0; see [`SLOT`], [`PARAM`], [`FRESH`].
pub(crate) type Var = u32;

/// From here on: what an operation runs over, inside the form it is applied to.
pub(crate) const SLOT: Var = 1 << 20;
/// From here on: what the indices of an atom are put in for, inside its form.
pub(crate) const PARAM: Var = 2 << 20;
/// From here on: free variables.
pub(crate) const FRESH: Var = 3 << 20;

/// What an affine form is made of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Base {
    /// A variable.
    Var(Var),
    /// A label: `y[n]`.
    Label(Rc<Atom>),
}

/// An index.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Ix {
    /// One variable or label.
    One(Base),
    /// A sum of several with coefficients, sorted, none zero, and a constant.
    Affine(Rc<(Vec<(Base, Size)>, Size)>),
}

impl Ix {
    /// A variable.
    pub(crate) fn var(var: Var) -> Ix {
        Ix::One(Base::Var(var))
    }

    /// A number.
    pub(crate) fn number(value: i64) -> Ix {
        Ix::Affine(Rc::new((Vec::new(), Size::number(value))))
    }

    /// The sum of terms and a constant; `None` where a size outgrows its bounds.
    pub(crate) fn affine(terms: Vec<(Base, Size)>, constant: Size) -> Option<Ix> {
        let mut sum: BTreeMap<Base, Size> = BTreeMap::new();
        for (base, by) in terms {
            let by = match sum.get(&base) {
                Some(old) => old.plus(&by).ok()?,
                None => by,
            };
            sum.insert(base, by);
        }
        let zero = Size::number(0);
        let mut terms: Vec<(Base, Size)> = sum.into_iter().filter(|(_, by)| *by != zero).collect();
        if terms.len() == 1 && terms[0].1.is_one() && constant == zero {
            return terms.pop().map(|(base, _)| Ix::One(base));
        }
        Some(Ix::Affine(Rc::new((terms, constant))))
    }

    /// The terms and the constant.
    pub(crate) fn parts(&self) -> (Vec<(Base, Size)>, Size) {
        match self {
            Ix::One(base) => (vec![(base.clone(), Size::number(1))], Size::number(0)),
            Ix::Affine(form) => (form.0.clone(), form.1.clone()),
        }
    }

    /// The variable this is, alone.
    pub(crate) fn as_var(&self) -> Option<Var> {
        match self {
            Ix::One(Base::Var(var)) => Some(*var),
            _ => None,
        }
    }

    /// The constant this is.
    pub(crate) fn constant(&self) -> Option<&Size> {
        match self {
            Ix::Affine(form) if form.0.is_empty() => Some(&form.1),
            _ => None,
        }
    }

    /// `self - other`
    pub(crate) fn minus(&self, other: &Ix) -> Option<Ix> {
        let (mut terms, constant) = self.parts();
        let (others, by) = other.parts();
        for (base, size) in others {
            terms.push((base, size.scaled(Ratio::whole_number(-1)).ok()?));
        }
        Ix::affine(terms, constant.minus(&by).ok()?)
    }

    /// Every variable in it, also those inside labels.
    pub(crate) fn each_var(&self, f: &mut dyn FnMut(Var)) {
        let mut base = |base: &Base| match base {
            Base::Var(var) => f(*var),
            Base::Label(atom) => atom.args.iter().for_each(|ix| ix.each_var(f)),
        };
        match self {
            Ix::One(one) => base(one),
            Ix::Affine(form) => form.0.iter().for_each(|(b, _)| base(b)),
        }
    }

    /// Whether a variable occurs.
    pub(crate) fn has(&self, var: Var) -> bool {
        let mut found = false;
        self.each_var(&mut |v| found |= v == var);
        found
    }

    /// With indices put in for variables.
    pub(crate) fn put(&self, map: &dyn Fn(Var) -> Option<Ix>) -> Option<Ix> {
        let own = |base: &Base| -> Option<Ix> {
            match base {
                Base::Var(var) => Some(map(*var).unwrap_or_else(|| Ix::var(*var))),
                Base::Label(atom) => Some(Ix::One(Base::Label(Rc::new(atom.put(map)?)))),
            }
        };
        match self {
            Ix::One(base) => own(base),
            Ix::Affine(form) => {
                let (mut terms, mut constant) = (Vec::new(), form.1.clone());
                for (base, by) in &form.0 {
                    let (more, plus) = own(base)?.parts();
                    for (base, size) in more {
                        terms.push((base, size.times(by).ok()?));
                    }
                    constant = constant.plus(&plus.times(by).ok()?).ok()?;
                }
                Ix::affine(terms, constant)
            }
        }
    }
}
