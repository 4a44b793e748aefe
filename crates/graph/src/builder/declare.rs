//! Sizes, batch axes, constants, data, parameters, noise, given values.

use std::panic::Location;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{
    BlockWord, Declaration, Expr as Tree, ExprKind, Initial, NamedExpr, SizeDef, StatementKind,
};

use super::node::Place;
use super::{Distribution, Expr, List, Operand, Scope, Space, Start};

/// Sizes and numbers.
impl Scope {
    /// `size d = 4`: a size with its value, a number or a term of other sizes.
    ///
    /// Errors (here and in all declarations): `name` is no name, or taken. The value is not whole
    /// or below 1; a division is not exact.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (s, k) = (net.size("S", 28), net.size("k", 3));
    /// let s1 = net.size("S1", s - k + 1);
    /// net.size("P", s1 / 2);
    /// assert!(net.text().ends_with("size\n  S = 28, k = 3\n  S1 = S - k + 1\n  P = S1 / 2\n"));
    /// # net.finish().unwrap();
    /// ```
    #[track_caller]
    pub fn size<'s>(&'s self, name: &str, value: impl Into<Operand<'s>>) -> Expr<'s> {
        let at = Location::caller();
        self.add_size(name, Some(self.slot(value.into(), at)), at)
    }

    /// `size n`: a size without a value; it is drawn in checks, or comes from the data.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.free_size("n");
    /// assert!(net.text().ends_with("size n\n"));
    /// ```
    #[track_caller]
    pub fn free_size(&self, name: &str) -> Expr<'_> {
        self.add_size(name, None, Location::caller())
    }

    fn add_size(&self, name: &str, value: Option<Tree>, at: Place) -> Expr<'_> {
        let name = self.declare(name, at);
        let term = self.named(&name);
        let size = SizeDef { name, member: None, value, range: None };
        self.push(BlockWord::Size, StatementKind::Sizes(vec![size]), at);
        term
    }

    /// `batch N`: a sample axis. The name is also the axis' length, as in `1 / n`.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.batch("N");
    /// let l = net.given("l", scalar().per(n));
    /// assert_eq!(mean_over(n, l).to_string(), "mean[N] l");
    /// assert_eq!((1 / n * sum_over(n, l)).to_string(), "1/N * sum[N] l");
    /// ```
    #[track_caller]
    pub fn batch(&self, name: &str) -> Expr<'_> {
        let at = Location::caller();
        let name = self.declare(name, at);
        let term = self.named(&name);
        self.push(BlockWord::Batch, StatementKind::Batch(vec![name]), at);
        term
    }

    /// `const lambda = 0.25`: a number with a name.
    ///
    /// Errors: the value is not a constant number.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.constant("λ", 0.25);
    /// assert!(net.text().ends_with("const\n  lambda = 0.25\n"));
    /// ```
    #[track_caller]
    pub fn constant<'s>(&'s self, name: &str, value: impl Into<Operand<'s>>) -> Expr<'s> {
        let at = Location::caller();
        let (name, value) = (self.declare(name, at), self.slot(value.into(), at));
        let term = self.named(&name);
        self.push(BlockWord::Const, StatementKind::Consts(vec![NamedExpr { name, value }]), at);
        term
    }

    /// A number as a term, where something must be called on it: `number(1).hadamard_div(p)`.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let mut penalty = net.number(0);
    /// for name in ["U", "V"] {
    ///     penalty += net.param(name, real((2, 3)), he()).norm_f().pow(2);
    /// }
    /// assert_eq!(penalty.to_string(), "0 + ||U||_F^2 + ||V||_F^2");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn number<'s>(&'s self, value: impl Into<Operand<'s>>) -> Expr<'s> {
        let slot = self.slot(value.into(), Location::caller());
        Expr { scope: self, id: super::node::id(&slot) }
    }

    /// The circle number `pi` (a model that declares a value `pi` gets that value).
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// assert_eq!(Scope::new("example").pi().to_string(), "pi");
    /// ```
    #[must_use]
    pub fn pi(&self) -> Expr<'_> {
        self.leaf(ExprKind::Name("pi".into()))
    }

    /// `I(n)`: the identity matrix.
    ///
    /// Shapes: R\[n, n\].
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// assert_eq!(net.identity(3).to_string(), "I(3)");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn identity<'s>(&'s self, size: impl Into<Operand<'s>>) -> Expr<'s> {
        let at = Location::caller();
        self.call("I", vec![self.slot(size.into(), at)], at)
    }

    /// `ones(n)`, `ones(n, m)`: an array of ones.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// assert_eq!(net.ones((2, 3)).to_string(), "ones(2, 3)");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn ones<'s>(&'s self, sizes: impl List<Operand<'s>>) -> Expr<'s> {
        self.filled("ones", sizes.list(), Location::caller())
    }

    /// `zeros(n)`, `zeros(n, m)`: an array of zeros.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// assert_eq!(net.zeros((2, 3)).to_string(), "zeros(2, 3)");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn zeros<'s>(&'s self, sizes: impl List<Operand<'s>>) -> Expr<'s> {
        self.filled("zeros", sizes.list(), Location::caller())
    }

    fn filled<'s>(&'s self, function: &str, sizes: Vec<Operand<'s>>, at: Place) -> Expr<'s> {
        let slots = sizes.into_iter().map(|size| self.slot(size, at)).collect();
        self.call(function, slots, at)
    }

    /// `count(param)`: the number of trained values.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (d, h) = (net.size("d", 4), net.size("H", 16));
    /// net.param("W", real([h, d]), he());
    /// net.param("b", real([h]), zeros());
    /// net.claim("size", net.count_params(), h * d + h);
    /// # net.finish().unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn count_params(&self) -> Expr<'_> {
        let param = self.leaf(ExprKind::Name("param".into())).slot();
        self.call("count", vec![param], Location::caller())
    }
}

/// Values.
impl Scope {
    /// `data x : R[d] per N`: an input.
    ///
    /// Where it is read from is said by whoever trains; or in [`lines`](Scope::lines).
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (d, n) = (net.size("d", 4), net.batch("N"));
    /// net.data("x", real([d]).per(n));
    /// assert!(net.text().ends_with("data\n  x : R[d] per N\n"));
    /// ```
    #[track_caller]
    pub fn data<'s>(&'s self, name: &str, space: Space<'s>) -> Expr<'s> {
        let at = Location::caller();
        self.add_value(BlockWord::Data, name, space, Initial::None, at)
    }

    /// `param W : R[H, d] ~ normal(0, 0.1)`: a trained value and where it starts.
    ///
    /// Errors: a type with a batch axis, or not of real numbers; a start of another shape.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (h, d) = (net.size("H", 16), net.size("d", 4));
    /// net.param("W", real([h, d]), normal(0.0, 0.1));
    /// net.param("b", real([h]), zeros());
    /// assert!(net.text().ends_with("W : R[H, d] ~ normal(0, 0.1)\n  b : R[H] = 0\n"));
    /// ```
    #[track_caller]
    pub fn param<'s>(
        &'s self,
        name: &str,
        space: Space<'s>,
        start: impl Into<Start<'s>>,
    ) -> Expr<'s> {
        let at = Location::caller();
        let initial = start.into().tree(self, at);
        self.add_value(BlockWord::Param, name, space, initial, at)
    }

    /// `noise m : mask[H] per N ~ bernoulli(0.8)`: a value drawn at every training step.
    ///
    /// Errors: a start for parameters (`he`) as the distribution.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (h, n) = (net.size("H", 16), net.batch("N"));
    /// net.noise("m", mask([h]).per(n), bernoulli(0.8));
    /// assert!(net.text().ends_with("noise\n  m : mask[H] per N ~ bernoulli(0.8)\n"));
    /// ```
    #[track_caller]
    pub fn noise<'s>(&'s self, name: &str, space: Space<'s>, drawn: Distribution<'s>) -> Expr<'s> {
        let at = Location::caller();
        let initial = drawn.tree(self, at);
        self.add_value(BlockWord::Noise, name, space, initial, at)
    }

    /// `given A : R[n, n]`: a free value of claims, drawn when they are checked.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// net.given("A", real([n, n]));
    /// assert!(net.text().ends_with("given\n  A : R[n, n]\n"));
    /// ```
    #[track_caller]
    pub fn given<'s>(&'s self, name: &str, space: Space<'s>) -> Expr<'s> {
        let at = Location::caller();
        self.add_value(BlockWord::Given, name, space, Initial::None, at)
    }

    /// `given A : R[n, n] = I`: a value of claims that is fixed.
    ///
    /// Errors: a value of another shape.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.given_as("A", real([3, 3]), identity());
    /// assert!(net.text().ends_with("given\n  A : R[3, 3] = I\n"));
    /// ```
    #[track_caller]
    pub fn given_as<'s>(
        &'s self,
        name: &str,
        space: Space<'s>,
        value: impl Into<Start<'s>>,
    ) -> Expr<'s> {
        let at = Location::caller();
        let initial = value.into().tree(self, at);
        self.add_value(BlockWord::Given, name, space, initial, at)
    }

    fn add_value<'s>(
        &'s self,
        word: BlockWord,
        name: &str,
        space: Space<'s>,
        initial: Initial,
        at: Place,
    ) -> Expr<'s> {
        let (mut ty, per) = space.tree(self, at);
        ty.span = Span::default();
        let name = self.declare(name, at);
        let term = self.named(&name);
        let names = vec![name];
        let declaration = Declaration { names, member: None, ty, per, initial, range: None };
        self.push(word, StatementKind::Declaration(declaration), at);
        term
    }
}
