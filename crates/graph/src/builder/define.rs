//! Definitions, metrics, names, and lines in the language itself.

use std::panic::Location;

use chainrule_syntax::ast::{self, BlockWord, ExprKind, StatementKind};

use super::node::Place;
use super::scope::Entry;
use super::{Expr, Operand, Scope, Space};

impl Scope {
    /// `name = value`; gives the name.
    ///
    /// Shapes: that of `value`.
    ///
    /// Errors: `name` is no name, or taken; whatever is wrong with the value, each mistake at the
    /// line where that part of it was built.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (h, d) = (net.size("H", 16), net.size("d", 4));
    /// let (w, x) = (net.param("W", real([h, d]), he()), net.given("x", real([d])));
    /// let z = net.define("z", w.matmul(x));
    /// assert_eq!(softplus(z).to_string(), "softplus(z)");
    /// assert!(net.text().ends_with("net\n  z = W x\n"));
    /// ```
    #[track_caller]
    pub fn define<'s>(&'s self, name: &str, value: impl Into<Operand<'s>>) -> Expr<'s> {
        self.add_definition(name, None, value.into(), Location::caller())
    }

    /// `name : type = value`; gives the name.
    ///
    /// Errors: as [`define`](Scope::define); the value has another shape.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let (a, x) = (net.given("A", real([n, n])), net.given("x", real([n])));
    /// net.define_as("y", real([n]), a.matmul(x));
    /// assert!(net.text().ends_with("y : R[n] = A x\n"));
    /// ```
    #[track_caller]
    pub fn define_as<'s>(
        &'s self,
        name: &str,
        space: Space<'s>,
        value: impl Into<Operand<'s>>,
    ) -> Expr<'s> {
        let at = Location::caller();
        let (ty, per) = space.tree(self, at);
        if per.is_some() {
            let message = "the type of a definition has no `per`: the batch axis follows";
            self.report("definition-per", message, at);
        }
        self.add_definition(name, Some(ty), value.into(), at)
    }

    fn add_definition<'s>(
        &'s self,
        name: &str,
        ty: Option<ast::TypeExpr>,
        value: Operand<'s>,
        at: Place,
    ) -> Expr<'s> {
        let (name, value) = (self.declare(name, at), self.slot(value, at));
        let term = self.named(&name);
        let definition = ast::Definition {
            name,
            next: false,
            indices: None,
            bracket: None,
            ty,
            value,
            range: None,
        };
        self.push(BlockWord::Net, StatementKind::Definition(definition), at);
        term
    }

    /// `show name = value`: a number that training records; gives the name.
    ///
    /// Errors: the value is not one number.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (k, n) = (net.size("K", 3), net.batch("N"));
    /// let p = net.given("p", prob(k).per(n));
    /// let y = net.given("y", label(k).per(n));
    /// net.show("accuracy", mean_over(n, indicator(argmax(p).eq(y))));
    /// assert!(net.text().ends_with("show accuracy = mean[N] 1[argmax(p) == y]\n"));
    /// # net.finish().unwrap();
    /// ```
    #[track_caller]
    pub fn show<'s>(&'s self, name: &str, value: impl Into<Operand<'s>>) -> Expr<'s> {
        let at = Location::caller();
        let (name, value) = (self.declare(name, at), self.slot(value.into(), at));
        let term = self.named(&name);
        self.push(BlockWord::Show, StatementKind::Show(vec![(name, Some(value))]), at);
        term
    }

    /// The value called `name`, wherever it is declared.
    ///
    /// Errors: there is none.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.lines("given x : R[3]");
    /// net.define("f", net.name("x").norm());
    /// net.finish().unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn name(&self, name: &str) -> Expr<'_> {
        let at = Location::caller();
        match self.checked_name(name, at) {
            Ok(text) => self.expr(ExprKind::Name(text), at),
            Err(_) => self.void(at),
        }
    }

    /// Lines in the language itself: data sources, functions, optimizers, trainings, plots.
    ///
    /// They stand between the statements before and behind them; their mistakes are reported at
    /// this call.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let w = net.param("w", real(3), normal(0, 1));
    /// net.define("J", w.norm().pow(2));
    /// net.lines("train J by gd(step = 0.1) steps 10");
    /// assert_eq!(net.finish().unwrap().module.trainings.len(), 1);
    /// ```
    #[track_caller]
    pub fn lines(&self, text: &str) {
        let (text, at) = (text.trim_end().to_string(), Location::caller());
        self.state.borrow_mut().entries.push(Entry::Lines { text, at });
    }
}
