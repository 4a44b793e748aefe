//! Types of values: real arrays, labels, probabilities.

use std::fmt;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{Name, TypeExpr, TypeWord};

use super::node::{self, Place};
use super::{Expr, List, Operand, Scope};

/// The set a value lies in, `R[H, d]` say: what kind of entries, which sizes, and whether there is
/// one for each sample.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (d, n) = (net.size("d", 4), net.batch("N"));
/// let space: Space = real([d]).per(n);
/// assert_eq!(space.to_string(), "R[d] per N");
/// ```
#[derive(Clone, Debug)]
pub struct Space<'s> {
    word: TypeWord,
    brackets: Vec<Vec<Operand<'s>>>,
    per: Option<Expr<'s>>,
}

impl<'s> Space<'s> {
    fn new(word: TypeWord, sizes: Vec<Operand<'s>>) -> Space<'s> {
        let brackets = if sizes.is_empty() { Vec::new() } else { vec![sizes] };
        Space { word, brackets, per: None }
    }

    /// `per N`: one value for each sample; equations are then written for one sample.
    ///
    /// Errors: `axis` is not a [batch axis](Scope::batch).
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.batch("N");
    /// net.given("x", real([4]).per(n));
    /// assert!(net.text().ends_with("x : R[4] per N\n"));
    /// ```
    #[must_use]
    pub fn per(mut self, axis: Expr<'s>) -> Space<'s> {
        self.per = Some(axis);
        self
    }

    /// The syntax tree, and the axis behind `per`.
    pub(super) fn tree(self, scope: &Scope, at: Place) -> (TypeExpr, Option<Name>) {
        let slots =
            |sizes: Vec<Operand<'s>>| sizes.into_iter().map(|size| scope.slot(size, at)).collect();
        let brackets = self.brackets.into_iter().map(slots).collect();
        let per = self.per.and_then(|axis| {
            let name = scope.name_of(axis);
            if name.is_none() && !scope.is_void(axis) {
                scope.report("no-batch-axis", format!("`{}` is no batch axis", axis.brief()), at);
            }
            name.map(node::name)
        });
        (TypeExpr { word: self.word, brackets, span: Span::default() }, per)
    }
}

/// The text of an equation file.
impl fmt::Display for Space<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word.text())?;
        for sizes in &self.brackets {
            let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
            write!(f, "[{}]", sizes.join(", "))?;
        }
        self.per.map_or(Ok(()), |axis| write!(f, " per {axis}"))
    }
}

/// `R[n, m]`: real numbers.
///
/// `real([n])` is a column, `real((1, n))` a row, `real(())` a number.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (h, d) = (net.size("H", 16), net.size("d", 4));
/// assert_eq!(real([h, d]).to_string(), "R[H, d]");
/// ```
#[must_use]
pub fn real<'s>(sizes: impl List<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Real, sizes.list())
}

/// `R`: one real number.
///
/// ```
/// assert_eq!(chainrule_graph::builder::scalar().to_string(), "R");
/// ```
#[must_use]
pub fn scalar<'s>() -> Space<'s> {
    real(())
}

/// `R+[n]`: positive numbers; `positive(())` is one.
///
/// ```
/// assert_eq!(chainrule_graph::builder::positive([3]).to_string(), "R+[3]");
/// ```
#[must_use]
pub fn positive<'s>(sizes: impl List<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Positive, sizes.list())
}

/// `Z[n]`: whole numbers; `integer(())` is one.
///
/// ```
/// assert_eq!(chainrule_graph::builder::integer([3]).to_string(), "Z[3]");
/// ```
#[must_use]
pub fn integer<'s>(sizes: impl List<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Integer, sizes.list())
}

/// `label[K]`: a class, 0 to K - 1.
///
/// ```
/// assert_eq!(chainrule_graph::builder::label(3).to_string(), "label[3]");
/// ```
#[must_use]
pub fn label<'s>(classes: impl Into<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Label, vec![classes.into()])
}

/// `label[K][N]`: an array of classes, one for each sample of a written batch axis.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (k, n) = (net.size("K", 10), net.batch("N"));
/// assert_eq!(labels(k, n).to_string(), "label[K][N]");
/// ```
#[must_use]
pub fn labels<'s>(classes: impl Into<Operand<'s>>, sizes: impl List<Operand<'s>>) -> Space<'s> {
    let brackets = vec![vec![classes.into()], sizes.list()];
    Space { word: TypeWord::Label, brackets, per: None }
}

/// `prob[K]`: numbers that are not negative and have the sum 1.
///
/// ```
/// assert_eq!(chainrule_graph::builder::prob(3).to_string(), "prob[3]");
/// ```
#[must_use]
pub fn prob<'s>(sizes: impl List<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Prob, sizes.list())
}

/// `mask[H]`: zeros and ones.
///
/// ```
/// assert_eq!(chainrule_graph::builder::mask(512).to_string(), "mask[512]");
/// ```
#[must_use]
pub fn mask<'s>(sizes: impl List<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Mask, sizes.list())
}

/// `Sym[n]`: symmetric n x n matrices.
///
/// ```
/// assert_eq!(chainrule_graph::builder::sym(3).to_string(), "Sym[3]");
/// ```
#[must_use]
pub fn sym<'s>(size: impl Into<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Sym, vec![size.into()])
}

/// `SPD[n]`: symmetric positive definite n x n matrices.
///
/// ```
/// assert_eq!(chainrule_graph::builder::spd(3).to_string(), "SPD[3]");
/// ```
#[must_use]
pub fn spd<'s>(size: impl Into<Operand<'s>>) -> Space<'s> {
    Space::new(TypeWord::Spd, vec![size.into()])
}
