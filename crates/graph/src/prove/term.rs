//! What a normal form is made of: sums of products of atoms over indices.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ix::{Ix, Var};
use crate::index::{NodeId, SizeId, SymbolId};
use crate::op::Op;
use crate::size::{Ratio, Size};

/// What an atom is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Kind {
    /// An entry of a name.
    Symbol(SymbolId),
    /// A size as a number.
    Size(SizeId),
    /// A prime number under a root.
    Prime(u64),
    /// The circle number.
    Pi,
    /// An index as a number.
    Index,
    /// 1 where its two indices are equal, else 0.
    Delta,
    Exp,
    Log,
    Sin,
    Cos,
    /// A power of a sum: the exponent is the factor's.
    Pow,
    /// `1[f > 0]`
    Positive,
    /// `1[f < 0]`
    Negative,
    /// An entry of an inverse matrix.
    Inverse,
    Det,
    LogDet,
    /// An entry of a term that is written as it is.
    Node(NodeId),
    /// An entry of what nothing is known of.
    Opaque(OpKey),
}

/// An op without rules, by the text of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct OpKey(pub(crate) String, pub(crate) Op);

impl PartialEq for OpKey {
    fn eq(&self, other: &OpKey) -> bool {
        self.0 == other.0 && self.1 == other.1
    }
}

impl Eq for OpKey {}

impl PartialOrd for OpKey {
    fn partial_cmp(&self, other: &OpKey) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OpKey {
    fn cmp(&self, other: &OpKey) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl std::hash::Hash for OpKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// What is known of the sign of an atom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Sign {
    Unknown,
    NotNegative,
    Positive,
}

/// A term with holes: what an atom applies a function to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Form {
    /// How far the op's own indices run.
    pub(crate) slots: Vec<Size>,
    /// How many holes there are.
    pub(crate) params: usize,
    pub(crate) poly: Poly,
}

/// An atom without its indices.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) forms: Vec<Rc<Form>>,
    /// Orders of the indices that leave the value as it is, the identity first.
    pub(crate) symmetries: Vec<Vec<usize>>,
    pub(crate) sign: Sign,
    /// Whether the value is 0 or 1.
    pub(crate) bit: bool,
    /// The first of its indices sums to 1.
    pub(crate) prob: Option<usize>,
    /// How far the value runs, if it is a label.
    pub(crate) classes: Option<Size>,
    /// For a power or an inverse: the term that is replaced.
    pub(crate) lead: Option<(Mono, Ratio)>,
}

/// A function of indices.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Atom {
    pub(crate) head: u32,
    pub(crate) args: Vec<Ix>,
}

impl Atom {
    /// With indices put in for variables.
    pub(crate) fn put(&self, map: &dyn Fn(Var) -> Option<Ix>) -> Option<Atom> {
        let args = self.args.iter().map(|ix| ix.put(map)).collect::<Option<_>>()?;
        Some(Atom { head: self.head, args })
    }

    /// Whether a variable occurs.
    pub(crate) fn has(&self, var: Var) -> bool {
        self.args.iter().any(|ix| ix.has(var))
    }
}

/// An atom with its exponent.
pub(crate) type Factor = (Atom, Ratio);

/// A sum of products that hang together by bound indices.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Comp {
    /// How far the bound indices run.
    pub(crate) bounds: Vec<Size>,
    pub(crate) factors: Vec<Factor>,
}

/// A product.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Mono {
    /// Factors without bound indices, sorted.
    pub(crate) plain: Vec<Factor>,
    /// Sums with how often each occurs, sorted.
    pub(crate) sums: Vec<(Rc<Comp>, u32)>,
}

impl Mono {
    pub(crate) fn is_one(&self) -> bool {
        self.plain.is_empty() && self.sums.is_empty()
    }

    /// All atoms with their exponents.
    pub(crate) fn factors(&self) -> impl Iterator<Item = &Factor> {
        self.plain.iter().chain(self.sums.iter().flat_map(|(c, _)| &c.factors))
    }
}

/// A sum of products.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Poly {
    pub(crate) terms: BTreeMap<Mono, Ratio>,
}

impl Poly {
    pub(crate) fn zero() -> Poly {
        Poly::default()
    }

    pub(crate) fn number(value: Ratio) -> Poly {
        let mut poly = Poly::default();
        if !value.is_zero() {
            poly.terms.insert(Mono::default(), value);
        }
        poly
    }

    pub(crate) fn one() -> Poly {
        Poly::number(Ratio::ONE)
    }

    pub(crate) fn of(factors: Vec<Factor>) -> Poly {
        let mono = Mono { plain: factors, sums: Vec::new() };
        Poly { terms: BTreeMap::from([(mono, Ratio::ONE)]) }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// The number this is.
    pub(crate) fn constant(&self) -> Option<Ratio> {
        match self.terms.len() {
            0 => Some(Ratio::ZERO),
            1 => self.terms.iter().next().filter(|(m, _)| m.is_one()).map(|(_, c)| *c),
            _ => None,
        }
    }

    /// The only term.
    pub(crate) fn single(&self) -> Option<(&Mono, Ratio)> {
        (self.terms.len() == 1).then(|| self.terms.iter().next().map(|(m, c)| (m, *c)))?
    }

    /// Adds `factor mono`.
    pub(crate) fn add(&mut self, mono: Mono, factor: Ratio) -> Option<()> {
        match self.terms.entry(mono) {
            std::collections::btree_map::Entry::Vacant(free) => {
                if !factor.is_zero() {
                    free.insert(factor);
                }
            }
            std::collections::btree_map::Entry::Occupied(mut known) => {
                let sum = known.get().plus(factor)?;
                if sum.is_zero() {
                    known.remove();
                } else {
                    known.insert(sum);
                }
            }
        }
        Some(())
    }

    /// Adds `factor other`.
    pub(crate) fn plus(&mut self, other: &Poly, factor: Ratio) -> Option<()> {
        for (mono, value) in &other.terms {
            self.add(mono.clone(), value.times(factor)?)?;
        }
        Some(())
    }

    pub(crate) fn scaled(&self, factor: Ratio) -> Option<Poly> {
        let mut out = Poly::zero();
        out.plus(self, factor)?;
        Some(out)
    }

    /// All atoms.
    pub(crate) fn factors(&self) -> impl Iterator<Item = &Factor> {
        self.terms.keys().flat_map(Mono::factors)
    }

    /// Every free variable.
    pub(crate) fn each_var(&self, f: &mut dyn FnMut(Var)) {
        for (atom, _) in self.factors() {
            for ix in &atom.args {
                ix.each_var(f);
            }
        }
    }
}
