//! The size names of a file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chainrule_syntax::Span;

use super::Size;
use crate::index::SizeId;

/// How many names are tried as factors when a size is printed.
const MOST_FACTORS: usize = 16;

/// A base size: a name that no other sizes define.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SizeDef {
    /// Its name.
    pub name: String,
    /// Its number, where the file fixes it.
    pub number: Option<u64>,
    /// Whether it is the length of a batch axis.
    pub batch: bool,
    /// Where it is declared.
    pub span: Span,
}

/// All size names: base sizes, and names that stand for polynomials in them.
#[derive(Clone, Default, Debug)]
pub struct Sizes {
    base: Vec<SizeDef>,
    derived: Vec<(String, Size, Span)>,
    /// The first derived name of a polynomial. Looked up, never iterated.
    named: HashMap<Size, usize>,
    /// Derived names for sums, of which other sizes may be products.
    sums: Vec<usize>,
}

impl Sizes {
    /// Adds a base size.
    pub fn add(&mut self, def: SizeDef) -> SizeId {
        self.base.push(def);
        SizeId::new(self.base.len() - 1)
    }

    /// Adds a size fixed to `number`.
    pub fn fixed(&mut self, name: &str, number: u64) -> SizeId {
        let span = Span::default();
        self.add(SizeDef { name: name.into(), number: Some(number), batch: false, span })
    }

    /// Adds a free size.
    pub fn free(&mut self, name: &str) -> SizeId {
        let span = Span::default();
        self.add(SizeDef { name: name.into(), number: None, batch: false, span })
    }

    /// Adds a name for `size`.
    pub fn derive(&mut self, name: &str, size: Size, span: Span) {
        let at = self.derived.len();
        if let Entry::Vacant(free) = self.named.entry(size.clone()) {
            free.insert(at);
            // `P = S / 2` is worth a name in `C P P`; `V = C P` is not.
            if size.terms().len() > 1 || size.has_fraction() {
                self.sums.push(at);
            }
        }
        self.derived.push((name.into(), size, span));
    }

    /// The declared name that stands for exactly this polynomial.
    pub(crate) fn derived_name(&self, size: &Size) -> Option<&str> {
        self.named.get(size).map(|at| self.derived[*at].0.as_str())
    }

    /// Declared names for sums and fractions, the latest first; no more than are worth trying.
    pub(crate) fn derived_sums(&self) -> impl Iterator<Item = (&str, &Size)> {
        let latest = self.sums.iter().rev().take(MOST_FACTORS);
        latest.map(|at| (self.derived[*at].0.as_str(), &self.derived[*at].1))
    }

    /// Takes back the derived name `name` and those declared after it, for printing its formula.
    pub(crate) fn forget_from(&mut self, name: &str) {
        if let Some(at) = self.derived.iter().position(|(n, _, _)| n == name) {
            self.derived.truncate(at);
            self.named.retain(|_, place| *place < at);
            self.sums.retain(|place| *place < at);
        }
    }

    /// The base size behind `id`.
    pub fn get(&self, id: SizeId) -> &SizeDef {
        &self.base[id.index()]
    }

    /// Fixes the number of a base size, as a setting of a training does.
    pub fn set_number(&mut self, id: SizeId, number: u64) {
        self.base[id.index()].number = Some(number);
    }

    /// The number of a base size.
    pub fn number_of(&self, id: SizeId) -> Option<u64> {
        self.get(id).number
    }

    /// All base sizes.
    pub fn base(&self) -> impl Iterator<Item = (SizeId, &SizeDef)> {
        self.base.iter().enumerate().map(|(i, def)| (SizeId::new(i), def))
    }

    /// Names that stand for polynomials, in the order they were declared.
    pub fn derived(&self) -> &[(String, Size, Span)] {
        &self.derived
    }

    /// Whether `size` is the length of a batch axis, and of which.
    pub fn batch_of(&self, size: &Size) -> Option<SizeId> {
        size.as_name().filter(|id| self.get(*id).batch)
    }
}
