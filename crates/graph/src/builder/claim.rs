//! Claims and derivations.

use std::panic::Location;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{
    Assertion, BlockWord, Comparison, Derive, DeriveOption, Expected, ExprKind, Layout, NamedExpr,
    Relation, StatementKind, Text,
};

use super::node::{self, Place};
use super::{Binder, Condition, Expr, List, Operand, Scope, Space};

/// A claim that was made; its methods say under which conditions it is meant.
///
/// A claim whose shapes do not fit is ill-formed: that is its verdict, not an error of the model.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let x = net.given("x", scalar());
/// let claim: Claim = net.claim("sign", sign(x), 2 * indicator(x.gt(0)) - 1);
/// claim.when(x.ne(0)).expect(Expected::True);
/// let line = "claim \"sign\" sign(x) = 2 1[x > 0] - 1 if x != 0 expect true\n";
/// assert!(net.text().ends_with(line));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Claim<'s> {
    scope: &'s Scope,
    entry: usize,
    at: Place,
}

/// A derivation that was asked for; its methods say how it is shown.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let w = net.param("W", real(3), normal(0, 1));
/// let j = net.define("J", w.norm().pow(2));
/// let derivation: Derivation = net.derive(grad(j, w));
/// derivation.with(DeriveOption::Steps);
/// assert!(net.text().ends_with("derive dJ/dW steps\n"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Derivation<'s> {
    scope: &'s Scope,
    entry: usize,
}

impl Scope {
    /// `claim "name" left = right`.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let (a, b) = (net.given("A", real([n, n])), net.given("B", real([n, n])));
    /// net.claim("transpose", a.matmul(b).t(), b.t().matmul(a.t()));
    /// assert!(net.text().ends_with("claim \"transpose\" (A B)^T = B^T A^T\n"));
    /// # net.finish().unwrap();
    /// ```
    #[track_caller]
    pub fn claim<'s>(
        &'s self,
        name: &str,
        left: Expr<'s>,
        right: impl Into<Operand<'s>>,
    ) -> Claim<'s> {
        let at = Location::caller();
        let links = vec![(Relation::Equal, self.slot(right.into(), at))];
        self.add_claim(name, self.slot(left.into(), at), Assertion::Links(links), at)
    }

    /// `claim "name" left < right`, and the other comparisons.
    ///
    /// Errors: the condition is not one comparison.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real(net.free_size("n")));
    /// net.claim_that("norms", x.norm_inf().le(x.norm()));
    /// assert!(net.text().ends_with("claim \"norms\" ||x||_inf <= ||x||\n"));
    /// # net.finish().unwrap();
    /// ```
    #[track_caller]
    pub fn claim_that<'s>(&'s self, name: &str, condition: Condition<'s>) -> Claim<'s> {
        let at = Location::caller();
        let compared = match &condition.0.scope.state.borrow().nodes.get(condition.0.id).kind {
            ExprKind::Compare(op, left, right) => Some((*op, left.clone(), right.clone())),
            _ => None,
        };
        let Some((op, left, right)) = compared.filter(|_| std::ptr::eq(condition.0.scope, self))
        else {
            let void = self.void(at);
            self.report("claim-without-relation", "a claim is one comparison", at);
            return self.claim(name, void, void);
        };
        let relation = match op {
            Comparison::Equal => Relation::Equal,
            op => Relation::Compare(op),
        };
        self.add_claim(name, *left, Assertion::Links(vec![(relation, *right)]), at)
    }

    /// `claim "name" value : type`.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real(4));
    /// net.claim_type("outer", x.matmul(x.t()), real((4, 4)));
    /// assert!(net.text().ends_with("claim \"outer\" x x^T : R[4, 4]\n"));
    /// # net.finish().unwrap();
    /// ```
    #[track_caller]
    pub fn claim_type<'s>(&'s self, name: &str, value: Expr<'s>, space: Space<'s>) -> Claim<'s> {
        let at = Location::caller();
        let (ty, _) = space.tree(self, at);
        self.add_claim(name, self.slot(value.into(), at), Assertion::Type(ty), at)
    }

    fn add_claim(
        &self,
        name: &str,
        first: chainrule_syntax::ast::Expr,
        assertion: Assertion,
        at: Place,
    ) -> Claim<'_> {
        let claim = chainrule_syntax::ast::Claim {
            name: Text { text: name.into(), span: Span::default() },
            forall: None,
            first,
            assertion,
            condition: None,
            locals: Vec::new(),
            replaced: Vec::new(),
            layout: None,
            expect: None,
        };
        let entry = self.push(BlockWord::Claim, StatementKind::Claim(Box::new(claim)), at);
        Claim { scope: self, entry, at }
    }

    /// `derive dJ/dW, dJ/db`: derivatives to work out.
    ///
    /// Errors: a target that is no derivative.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let w = net.param("W", real(3), normal(0, 1));
    /// let b = net.param("b", scalar(), zeros());
    /// let j = net.define("J", w.norm().pow(2) + b);
    /// net.derive([grad(j, w), grad(j, b)]);
    /// assert!(net.text().ends_with("derive dJ/dW, dJ/db\n"));
    /// # net.finish().unwrap();
    /// ```
    #[track_caller]
    pub fn derive<'s>(&'s self, targets: impl List<Expr<'s>>) -> Derivation<'s> {
        let at = Location::caller();
        let mut targets: Vec<_> =
            targets.list().into_iter().map(|target| self.slot(target.into(), at)).collect();
        if targets.is_empty() {
            let message = "nothing to derive: name at least one derivative";
            targets.push(self.nothing("not-a-derivative", message, at).slot());
        }
        let derive = StatementKind::Derive(Derive { targets, options: Vec::new() });
        let entry = self.push(BlockWord::Derive, derive, at);
        Derivation { scope: self, entry }
    }
}

impl<'s> Claim<'s> {
    fn change(self, change: impl FnOnce(&mut chainrule_syntax::ast::Claim)) -> Claim<'s> {
        self.scope.amend(self.entry, |kind| {
            if let StatementKind::Claim(claim) = kind {
                change(claim);
            }
        });
        self
    }

    /// `= next`: one more link of a chain; each is judged.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real(3));
    /// net.claim("square", x.t().matmul(x), x.norm().pow(2)).equals(inner(x, x));
    /// assert!(net.text().ends_with("x^T x = ||x||^2 = inner(x, x)\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn equals(self, next: impl Into<Operand<'s>>) -> Claim<'s> {
        let side = self.scope.slot(next.into(), self.at);
        self.change(|claim| {
            if let Assertion::Links(links) = &mut claim.assertion {
                links.push((Relation::Equal, side));
            }
        })
    }

    /// `forall i in n: ..`: the indices it holds for.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let (x, [i]) = (net.given("x", real(n)), net.indices(["i"]));
    /// net.claim("entry", (2 * x).at(i), 2 * x.at(i)).forall(i.below(n));
    /// assert!(net.text().ends_with("claim \"entry\" forall i in n: (2 x)[i] = 2 x[i]\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn forall(self, indices: impl List<Binder<'s>>) -> Claim<'s> {
        let trees = indices.list().into_iter().map(|binder| binder.tree(self.scope, self.at));
        let binders: Option<Vec<_>> = trees.collect();
        self.change(|claim| claim.forall = binders.filter(|list| !list.is_empty()))
    }

    /// `if test`: the index tuples or points it is restricted to.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", scalar());
    /// net.claim("kink", abs(x), x).when(x.gt(0));
    /// assert!(net.text().ends_with("claim \"kink\" abs(x) = x if x > 0\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn when(self, test: Condition<'s>) -> Claim<'s> {
        let test = self.scope.slot(test.0.into(), self.at);
        self.change(|claim| claim.condition = Some(test))
    }

    /// `for A = value`: a value that replaces a declared one.
    ///
    /// Errors: `name` is not just a name.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let (a, x) = (net.given("A", real([n, n])), net.given("x", real(n)));
    /// net.claim("identity", a.matmul(x), x).with(a, net.identity(n));
    /// assert!(net.text().ends_with("claim \"identity\" A x = x for A = I(n)\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn with(self, name: Expr<'s>, value: impl Into<Operand<'s>>) -> Claim<'s> {
        let value = self.scope.slot(value.into(), self.at);
        let Some(text) = self.scope.name_of(name) else {
            if !self.scope.is_void(name) {
                let message = format!("`{}` is not just a name: `for` wants one", name.brief());
                self.scope.report("not-just-a-name", message, self.at);
            }
            return self;
        };
        self.change(|claim| claim.replaced.push(NamedExpr { name: node::name(text), value }))
    }

    /// `layout denominator`: whether Jacobians have their outputs in rows or in columns.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let n = net.free_size("n");
    /// let (a, x) = (net.given("A", real([n, n])), net.given("x", real(n)));
    /// net.claim("linear", jac(a.matmul(x), x), a.t()).layout(Layout::Denominator);
    /// assert!(net.text().ends_with("jac(A x, x) = A^T layout denominator\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn layout(self, layout: Layout) -> Claim<'s> {
        self.change(|claim| claim.layout = Some((layout, Span::default())))
    }

    /// `expect verdict`: what the judge must find.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", scalar());
    /// net.claim("wrong", exp(2 * x), 2 * exp(x)).expect(Expected::False);
    /// assert!(net.text().ends_with("claim \"wrong\" exp(2 x) = 2 exp(x) expect false\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn expect(self, verdict: Expected) -> Claim<'s> {
        self.change(|claim| claim.expect = Some((verdict, Span::default())))
    }
}

impl<'s> Derivation<'s> {
    /// How it is shown: steps, depth, layout, form.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real(3));
    /// let f = net.define("f", x.norm().pow(2));
    /// net.derive(hess(f, x)).with(DeriveOption::Full).with(DeriveOption::FormSample);
    /// assert!(net.text().ends_with("derive hess(f, x) full form sample\n"));
    /// # net.finish().unwrap();
    /// ```
    pub fn with(self, option: DeriveOption) -> Derivation<'s> {
        self.scope.amend(self.entry, |kind| {
            if let StatementKind::Derive(derive) = kind {
                derive.options.push(option);
            }
        });
        self
    }
}
