//! Index equations: accesses `A[i,j]`, sums over indices, definitions entry by entry.

use std::panic::Location;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{self, BigForm, BigOp, BlockWord, ExprKind, Index, StatementKind};

use super::node::{self, Place};
use super::{Entry, Expr, List, Operand, Scope};

/// An index of a sum, with or without its range: `i` or `i in 2`.
///
/// A batch axis stands for itself: `sum_over(n, ..)`.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let n = net.free_size("n");
/// let (x, [i]) = (net.given("x", real([2 * n])), net.indices(["i"]));
/// let first: Binder = i.below(n);
/// assert_eq!(sum_over(first, x.at(i)).to_string(), "sum[i in n] x[i]");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Binder<'s> {
    index: Expr<'s>,
    range: Option<Operand<'s>>,
}

impl<'s> From<Expr<'s>> for Binder<'s> {
    fn from(index: Expr<'s>) -> Self {
        Binder { index, range: None }
    }
}

impl Binder<'_> {
    /// The syntax tree; `None`, reported, if the index is not just a name.
    pub(super) fn tree(self, scope: &Scope, at: Place) -> Option<ast::Binder> {
        let Some(name) = scope.name_of(self.index) else {
            if !scope.is_void(self.index) {
                let term = self.index.brief();
                let message = format!("`{term}` is not an index: take one of `indices`");
                scope.report("not-an-index", message, at);
            }
            return None;
        };
        let range = self.range.map(|range| scope.slot(range, at));
        Some(ast::Binder { name: node::name(name), range })
    }
}

impl Scope {
    /// Index letters, for accesses and sums.
    ///
    /// An index has no range of its own: it runs over the axis it is used on, or as far as every
    /// access stays inside, or over what [`Expr::below`] says. Indices count from 0. The same
    /// letter may be used in many equations.
    ///
    /// Errors: a letter is no name.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let (a, x) = (net.given("A", real([n, n])), net.given("x", real([n])));
    /// let [i, j] = net.indices(["i", "j"]);
    /// let y = net.define_at("y", [i], sum_over(j, a.at([i, j]) * x.at(j)));
    /// assert!(net.text().ends_with("net\n  y[i] = sum[j] A[i,j] * x[j]\n"));
    /// # let _ = y;
    /// # net.finish().unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn indices<const N: usize>(&self, letters: [&str; N]) -> [Expr<'_>; N] {
        let at = Location::caller();
        letters.map(|letter| match self.checked_name(letter, at) {
            Ok(text) => self.named(&node::name(text)),
            Err(stand_in) => self.named(&node::name(stand_in)),
        })
    }

    /// `name[indices] = value` for all indices; gives the name.
    ///
    /// Shapes: the axes of `name` are the ranges of `indices`, in order.
    ///
    /// Errors: an index that is not just a letter, or used twice; a range that does not follow.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (s, k) = (net.size("S", 28), net.size("k", 3));
    /// let (image, kernel) = (net.given("I", real([s, s])), net.given("C", real([k, k])));
    /// let [u, v, i, j] = net.indices(["u", "v", "i", "j"]);
    /// let y = sum_over([i, j], kernel.at([i, j]) * image.at([u + i, v + j]));
    /// net.define_at("Y", [u, v], y);
    /// let module = net.finish().unwrap().module;
    /// let y = module.symbol(module.find("Y").unwrap());
    /// assert_eq!(module.type_text(&y.ty), "R[S - k + 1, S - k + 1]");
    /// ```
    #[track_caller]
    pub fn define_at<'s>(
        &'s self,
        name: &str,
        indices: impl List<Expr<'s>>,
        value: impl Into<Operand<'s>>,
    ) -> Expr<'s> {
        let at = Location::caller();
        let binders = indices.list().into_iter().map(|index| Binder::from(index).tree(self, at));
        let plain: Option<Vec<ast::Binder>> = binders.collect();
        let indices = plain.map(|list| {
            let names = list.iter().map(|binder| self.named(&binder.name).slot());
            names.collect()
        });
        // An index that is none was reported; the name is then one of unknown type.
        let value = match indices {
            Some(_) => self.slot(value.into(), at),
            None => self.void(at).slot(),
        };
        let name = self.declare(name, at);
        let term = self.named(&name);
        let definition = ast::Definition {
            name,
            next: false,
            indices,
            bracket: None,
            ty: None,
            value,
            range: None,
        };
        self.push(BlockWord::Net, StatementKind::Definition(definition), at);
        term
    }
}

impl<'s> Expr<'s> {
    /// `A[i,j]`: an entry, a row (`(i, ..)`), a column (`(.., j)`) or a part of an array.
    ///
    /// Shapes: one index for each axis; the result has the axes of the `..`, a column for one of
    /// them. An index is affine in indices with whole coefficients (`2 * p + i`), a number or a
    /// size, or a label (`p.at(y)`, the entry of the class).
    ///
    /// Errors: too many or too few indices; an index that leaves the array.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (n, k) = (net.free_size("n"), net.free_size("K"));
    /// let (a, p) = (net.given("A", real([n, n])), net.given("p", prob(k)));
    /// let y = net.given("y", label(k));
    /// let [i] = net.indices(["i"]);
    /// assert_eq!(a.at((i, ..)).to_string(), "A[i,:]");
    /// assert_eq!(a.at([2 * i, i + 1]).to_string(), "A[2i,i+1]");
    /// assert_eq!((-log(p.at(y))).to_string(), "-log(p[y])");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at(self, indices: impl List<Entry<'s>>) -> Expr<'s> {
        self.access(indices.list(), false, Location::caller())
    }

    /// `A[i-1,j; pad]`: an entry, or 0 outside of the array.
    ///
    /// Shapes and errors: as [`at`](Expr::at), but no index leaves the array.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real([net.free_size("n")]));
    /// let [i] = net.indices(["i"]);
    /// assert_eq!(x.at_padded(i - 1).to_string(), "x[i-1; pad]");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn at_padded(self, indices: impl List<Entry<'s>>) -> Expr<'s> {
        self.access(indices.list(), true, Location::caller())
    }

    fn access(self, indices: Vec<Entry<'s>>, pad: bool, at: Place) -> Expr<'s> {
        if indices.is_empty() {
            return self;
        }
        let index = |entry| match entry {
            Entry::All => Index::All(Span::default()),
            Entry::At(operand) => Index::At(self.scope.slot(operand, at)),
        };
        let indices = indices.into_iter().map(index).collect();
        let (base, bracket) = (Box::new(self.slot()), Span::default());
        self.make(ExprKind::Access { base, indices, pad, bracket }, at)
    }

    /// `i in n`: an index with its range, 0 to n - 1.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real([4]));
    /// let [i] = net.indices(["i"]);
    /// assert_eq!(max_over(i.below(2), x.at(2 * i)).to_string(), "max[i in 2] x[2i]");
    /// ```
    #[must_use]
    pub fn below(self, end: impl Into<Operand<'s>>) -> Binder<'s> {
        Binder { index: self, range: Some(end.into()) }
    }
}

/// A reduction over indices or a batch axis: its function, its word, what it is called.
macro_rules! reductions {
    ($($name:ident $op:ident $word:literal $what:literal)*) => {$(
        #[doc = concat!("`", $word, "[i,j] body`: the ", $what, " over indices or a batch axis.")]
        ///
        /// Shapes: those of `body`, without the indices or the batch axis.
        ///
        /// Errors: an index that is not just a letter; a body without the batch axis.
        ///
        /// ```
        /// # use chainrule_graph::builder::*;
        /// let net = Scope::new("example");
        /// let n = net.batch("N");
        /// let x = net.given("x", real([net.free_size("d")]).per(n));
        /// let [i] = net.indices(["i"]);
        #[doc = concat!("let f = ", stringify!($name), "(n, ", stringify!($name), "(i, x.at(i)));")]
        #[doc = concat!("assert_eq!(f.to_string(), \"", $word, "[N] ", $word, "[i] x[i]\");")]
        /// ```
        #[must_use]
        #[track_caller]
        pub fn $name<'s>(indices: impl List<Binder<'s>>, body: Expr<'s>) -> Expr<'s> {
            big(BigOp::$op, indices.list(), body, Location::caller())
        }
    )*};
}

reductions! {
    sum_over Sum "sum" "sum"
    mean_over Mean "mean" "mean"
    max_over Max "max" "largest value"
    min_over Min "min" "least value"
    prod_over Prod "prod" "product"
}

fn big<'s>(op: BigOp, binders: Vec<Binder<'s>>, body: Expr<'s>, at: Place) -> Expr<'s> {
    let trees = binders.into_iter().map(|binder| binder.tree(body.scope, at));
    let Some(binders) = trees.collect::<Option<Vec<_>>>() else {
        return body.scope.void(at);
    };
    if binders.is_empty() {
        return body;
    }
    let (form, body_slot) = (BigForm::Bracket, Box::new(body.slot()));
    body.make(ExprKind::Big { op, form, binders, body: body_slot, word: Span::default() }, at)
}
