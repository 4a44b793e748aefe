//! Sizes: polynomials with rational coefficients in size names.
//!
//! Equality of sizes is equality of polynomials, never of the numbers behind them, so that a
//! formula whose shapes fit fits at every size. Coefficients are rational because `P = S / 2` is a
//! size (that it is whole is checked where numbers are bound).
//!
//! Arithmetic is checked: what grows beyond [`MAX_TERMS`] terms, degree [`MAX_DEGREE`] or the
//! range of the coefficients gives [`TooLarge`].

mod divide;
mod print;
mod ratio;
mod table;
mod terms;

pub use print::grouped;
pub use ratio::Ratio;
pub use table::{SizeDef, Sizes};

use crate::index::SizeId;
use terms::Terms;

/// Most terms of one polynomial.
pub const MAX_TERMS: usize = 64;
/// Highest degree of one polynomial.
pub const MAX_DEGREE: u32 = 64;
/// Most terms on the way to a sign.
const MAX_SHIFTED: usize = 4096;

/// A size expression outgrew the bounds of this module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge;

/// A product of powers of size names, sorted by name.
pub(crate) type Monomial = Vec<(SizeId, u32)>;

/// A size: a polynomial in size names.
///
/// ```
/// use chainrule_graph::{Size, Sizes};
/// let mut sizes = Sizes::default();
/// let s = Size::name(sizes.fixed("S", 26));
/// let half = s.divide(&Size::number(2)).unwrap();
/// assert_eq!(half.value(&sizes).and_then(|v| v.whole()), Some(13));
/// assert_eq!(sizes.text(&half), "S / 2");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Size {
    terms: Terms,
}

impl Size {
    /// A number.
    pub fn number(value: i64) -> Size {
        Size::term(Vec::new(), Ratio::whole_number(i128::from(value)))
    }

    /// A size name.
    pub fn name(id: SizeId) -> Size {
        Size::term(vec![(id, 1)], Ratio::ONE)
    }

    pub(crate) fn term(monomial: Monomial, coefficient: Ratio) -> Size {
        if coefficient.is_zero() {
            return Size { terms: Terms::new(Vec::new()) };
        }
        Size { terms: Terms::new(vec![(monomial, coefficient)]) }
    }

    pub(crate) fn terms(&self) -> &[(Monomial, Ratio)] {
        &self.terms
    }

    /// The number this is, if no name occurs.
    pub fn constant(&self) -> Option<Ratio> {
        match &*self.terms {
            [] => Some(Ratio::ZERO),
            [(monomial, value)] if monomial.is_empty() => Some(*value),
            _ => None,
        }
    }

    /// Whether a coefficient is no whole number.
    pub(crate) fn has_fraction(&self) -> bool {
        self.terms.iter().any(|(_, value)| value.denominator() > 1)
    }

    /// Whether this is the literal 1.
    pub fn is_one(&self) -> bool {
        self.constant() == Some(Ratio::ONE)
    }

    /// The size name this is, alone.
    pub fn as_name(&self) -> Option<SizeId> {
        match &*self.terms {
            [(monomial, Ratio::ONE)] => match monomial.as_slice() {
                [(id, 1)] => Some(*id),
                _ => None,
            },
            _ => None,
        }
    }

    /// The names that occur.
    pub fn names(&self) -> impl Iterator<Item = SizeId> + '_ {
        self.terms.iter().flat_map(|(monomial, _)| monomial.iter().map(|(id, _)| *id))
    }

    /// How many terms there are once every name is replaced by `1 + name`.
    pub(crate) fn work(&self) -> usize {
        let shifted = |(monomial, _): &(Monomial, Ratio)| {
            let powers = monomial.iter().map(|(_, power)| *power as usize + 1);
            powers.fold(1, usize::saturating_mul)
        };
        self.terms.iter().map(shifted).fold(1, usize::saturating_add).min(MAX_SHIFTED)
    }

    fn from_terms(terms: Vec<(Monomial, Ratio)>) -> Result<Size, TooLarge> {
        let size = Size::merged(terms)?;
        let degree = size.terms.iter().map(|(m, _)| degree(m)).max().unwrap_or(0);
        if size.terms.len() > MAX_TERMS || degree > MAX_DEGREE {
            return Err(TooLarge);
        }
        Ok(size)
    }

    /// The terms with equal monomials added up, however many they are.
    fn merged(mut terms: Vec<(Monomial, Ratio)>) -> Result<Size, TooLarge> {
        terms.sort_by(|a, b| a.0.cmp(&b.0));
        let mut merged: Vec<(Monomial, Ratio)> = Vec::with_capacity(terms.len());
        for (monomial, value) in terms {
            match merged.last_mut() {
                Some(last) if last.0 == monomial => last.1 = last.1.plus(value).ok_or(TooLarge)?,
                _ => merged.push((monomial, value)),
            }
        }
        merged.retain(|(_, value)| !value.is_zero());
        Ok(Size { terms: Terms::new(merged) })
    }

    /// `self + other`
    ///
    /// # Errors
    ///
    /// The result outgrows the bounds.
    pub fn plus(&self, other: &Size) -> Result<Size, TooLarge> {
        Size::from_terms(self.terms.iter().chain(other.terms.iter()).cloned().collect())
    }

    /// The sum of many sizes: a total over a file may have more terms than one size expression.
    ///
    /// # Errors
    ///
    /// A coefficient or a power outgrows its range.
    pub fn total<'a>(sizes: impl IntoIterator<Item = &'a Size>) -> Result<Size, TooLarge> {
        let all = sizes.into_iter().flat_map(|s| s.terms.iter().cloned()).collect();
        Size::merged(all)
    }

    /// `self - other`
    ///
    /// # Errors
    ///
    /// The result outgrows the bounds.
    pub fn minus(&self, other: &Size) -> Result<Size, TooLarge> {
        self.plus(&other.scaled(Ratio::whole_number(-1))?)
    }

    /// `self other`
    ///
    /// # Errors
    ///
    /// The result outgrows the bounds.
    pub fn times(&self, other: &Size) -> Result<Size, TooLarge> {
        let products = self.terms.len().saturating_mul(other.terms.len());
        if products > MAX_TERMS * MAX_TERMS {
            return Err(TooLarge);
        }
        let mut terms = Vec::with_capacity(products);
        for (a, x) in self.terms.iter() {
            for (b, y) in other.terms.iter() {
                terms.push((multiply(a, b), x.times(*y).ok_or(TooLarge)?));
            }
        }
        Size::from_terms(terms)
    }

    /// `factor self`
    ///
    /// # Errors
    ///
    /// A coefficient outgrows its range.
    pub fn scaled(&self, factor: Ratio) -> Result<Size, TooLarge> {
        let scale = |(m, v): &(Monomial, Ratio)| Some((m.clone(), v.times(factor)?));
        let terms: Option<Vec<_>> = self.terms.iter().map(scale).collect();
        Size::merged(terms.ok_or(TooLarge)?)
    }

    /// The product of `factors`.
    ///
    /// # Errors
    ///
    /// The result outgrows the bounds.
    pub fn product<'a>(factors: impl IntoIterator<Item = &'a Size>) -> Result<Size, TooLarge> {
        factors.into_iter().try_fold(Size::number(1), |product, f| product.times(f))
    }

    /// The value with every name replaced by its number; `None` while one is free or on overflow.
    pub fn value(&self, sizes: &Sizes) -> Option<Ratio> {
        self.value_at(|id| sizes.number_of(id))
    }

    /// Whether every name has a number.
    pub fn is_fixed(&self, sizes: &Sizes) -> bool {
        self.names().all(|id| sizes.number_of(id).is_some())
    }

    /// The value at the numbers that `number` gives.
    pub fn value_at(&self, number: impl Fn(SizeId) -> Option<u64>) -> Option<Ratio> {
        let mut total = Ratio::ZERO;
        for (monomial, coefficient) in self.terms.iter() {
            let mut value = *coefficient;
            for (id, power) in monomial {
                let base = Ratio::whole_number(i128::from(number(*id)?));
                for _ in 0..*power {
                    value = value.times(base)?;
                }
            }
            total = total.plus(value)?;
        }
        Some(total)
    }

    /// Whether the polynomial is at least 0 for all sizes of at least 1: every name is written
    /// `1 + t` with `t >= 0`, and no coefficient in the `t` is negative. `false` is "not shown".
    pub fn is_never_negative(&self) -> bool {
        let positive = |size: &Size| size.terms.iter().all(|(_, v)| !v.is_negative());
        positive(self) || self.shifted().is_ok_and(|shifted| positive(&shifted))
    }

    /// Every name replaced by `1 + name`.
    fn shifted(&self) -> Result<Size, TooLarge> {
        let mut shifted: Vec<(Monomial, Ratio)> = Vec::new();
        for (monomial, value) in self.terms.iter() {
            let mut parts: Vec<(Monomial, Ratio)> = vec![(Vec::new(), *value)];
            for (id, power) in monomial {
                // Binomials: 1, p, p (p - 1) / 2, ..
                let mut times = Ratio::ONE;
                let before = std::mem::take(&mut parts);
                for k in 0..=*power {
                    for (m, v) in &before {
                        let mut m = m.clone();
                        if k > 0 {
                            m.push((*id, k));
                        }
                        parts.push((m, v.times(times).ok_or(TooLarge)?));
                    }
                    let next = Ratio::whole_number(i128::from(power - k));
                    let by = Ratio::whole_number(i128::from(k + 1));
                    times = times.times(next).and_then(|t| t.divide(by)).ok_or(TooLarge)?;
                }
                if parts.len() > MAX_SHIFTED {
                    return Err(TooLarge);
                }
            }
            shifted.extend(parts);
            if shifted.len() > MAX_SHIFTED {
                return Err(TooLarge);
            }
        }
        Size::merged(shifted)
    }

    /// The part that is linear in `id`, as its coefficient, and the part without `id`; `None` if
    /// `id` occurs in a higher power.
    pub fn split(&self, id: SizeId) -> Option<(Size, Size)> {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for (monomial, value) in self.terms.iter() {
            match monomial.iter().find(|(n, _)| *n == id) {
                None => without.push((monomial.clone(), *value)),
                Some((_, 1)) => {
                    let rest = monomial.iter().filter(|(n, _)| *n != id).copied().collect();
                    with.push((rest, *value));
                }
                Some(_) => return None,
            }
        }
        Some((Size::merged(with).ok()?, Size::merged(without).ok()?))
    }
}

fn degree(monomial: &Monomial) -> u32 {
    monomial.iter().map(|(_, power)| *power).fold(0, u32::saturating_add)
}

fn multiply(a: &Monomial, b: &Monomial) -> Monomial {
    let mut product = a.clone();
    for (id, power) in b {
        match product.binary_search_by_key(id, |(n, _)| *n) {
            Ok(at) => product[at].1 = product[at].1.saturating_add(*power),
            Err(at) => product.insert(at, (*id, *power)),
        }
    }
    product
}
