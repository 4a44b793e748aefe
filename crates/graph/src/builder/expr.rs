//! Terms: handles that are copied at will, and the operators `+ - * /`.

use std::fmt;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use std::panic::Location;

use chainrule_syntax::ast::{self, ExprKind, Factor, ProductOp, Sign};
use chainrule_syntax::{Span, print};

use super::node::{Id, Place, slot};
use super::scope::brief;
use super::{Operand, Scope};

/// A term of the model that a [`Scope`] collects: a name, a size, an index, or what operators and
/// functions make of them.
///
/// A term is a handle, free to copy; using it twice writes it twice, so a value that is used often
/// is better [defined](Scope::define). Operators are those of the language: `+` and `-` of equal
/// shapes, `*` and `/` with a scalar on one side (between two arrays they are errors that offer
/// [`matmul`](Expr::matmul) and [`hadamard`](Expr::hadamard)). `Display` is the text of an equation
/// file.
///
/// Errors of shape are found by [`Scope::finish`], at the line where the term was built. Nothing
/// here panics.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (n, lambda) = (net.free_size("n"), net.constant("lambda", 0.25));
/// let (a, x) = (net.given("A", real([n, n])), net.given("x", real([n])));
/// let f = 0.5 * x.t().matmul(a).matmul(x) + lambda * x.norm().pow(2);
/// assert_eq!(f.to_string(), "0.5 (x^T A x) + lambda * ||x||^2");
/// ```
#[derive(Clone, Copy)]
pub struct Expr<'s> {
    pub(super) scope: &'s Scope,
    pub(super) id: Id,
}

impl<'s> Expr<'s> {
    /// The slot for this term in a node of its own scope.
    pub(super) fn slot(self) -> ast::Expr {
        slot(self.id)
    }

    /// Its text in a message.
    pub(super) fn brief(self) -> String {
        brief(&self.to_string())
    }

    /// A term of the same scope.
    pub(super) fn make(self, kind: ExprKind, at: Place) -> Expr<'s> {
        self.scope.expr(kind, at)
    }

    /// `-self`
    pub(super) fn negative(self, at: Place) -> Expr<'s> {
        self.make(ExprKind::Negative(Box::new(self.slot())), at)
    }

    /// `x` and the place of the minus, if this is `-x`.
    fn negated(self) -> Option<(Expr<'s>, Place)> {
        let state = self.scope.state.borrow();
        let node = state.nodes.get(self.id);
        match (&node.kind, &node.parts[..]) {
            (ExprKind::Negative(_), [inner]) => Some((Expr { id: *inner, ..self }, node.at?)),
            _ => None,
        }
    }

    /// `self op right`
    pub(super) fn product(
        self,
        op: ProductOp,
        right: impl Into<Operand<'s>>,
        at: Place,
    ) -> Expr<'s> {
        product(self.scope, self.into(), op, right.into(), at)
    }
}

/// The text of an equation file.
impl fmt::Display for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print::expr(&self.scope.tree(self.id)))
    }
}

/// The same as `Display`.
impl fmt::Debug for Expr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn sum<'s>(
    scope: &'s Scope,
    left: Operand<'s>,
    sign: Sign,
    right: Operand<'s>,
    at: Place,
) -> Expr<'s> {
    let terms = vec![(Sign::Plus, scope.slot(left, at)), (sign, scope.slot(right, at))];
    scope.expr(ExprKind::Sum(terms), at)
}

fn product<'s>(
    scope: &'s Scope,
    left: Operand<'s>,
    op: ProductOp,
    right: Operand<'s>,
    at: Place,
) -> Expr<'s> {
    let first = Box::new(scope.slot(left, at));
    let rest = vec![Factor { op, op_span: Span::default(), value: scope.slot(right, at) }];
    scope.expr(ExprKind::Product { first, rest }, at)
}

fn plus<'s>(scope: &'s Scope, a: Operand<'s>, b: Operand<'s>, at: Place) -> Expr<'s> {
    sum(scope, a, Sign::Plus, b, at)
}

fn minus<'s>(scope: &'s Scope, a: Operand<'s>, b: Operand<'s>, at: Place) -> Expr<'s> {
    sum(scope, a, Sign::Minus, b, at)
}

/// `a * b`; behind a number `2 b`, as on paper.
fn times<'s>(scope: &'s Scope, a: Operand<'s>, b: Operand<'s>, at: Place) -> Expr<'s> {
    let op = match a {
        Operand::Expr(_) => ProductOp::Star,
        Operand::Number(_) | Operand::Whole(_) => ProductOp::Juxtaposition,
    };
    signed_product(scope, a, op, b, at)
}

fn divided<'s>(scope: &'s Scope, a: Operand<'s>, b: Operand<'s>, at: Place) -> Expr<'s> {
    signed_product(scope, a, ProductOp::Slash, b, at)
}

/// `-a * b` is `-(a * b)`: on paper a minus is weaker than a product, in Rust it is stronger.
fn signed_product<'s>(
    scope: &'s Scope,
    a: Operand<'s>,
    op: ProductOp,
    b: Operand<'s>,
    at: Place,
) -> Expr<'s> {
    let (amount, minus) = match a {
        Operand::Number(value) if value < 0.0 => (Operand::Number(-value), at),
        Operand::Whole(value) if value < 0 => (Operand::Whole(value.saturating_neg()), at),
        Operand::Expr(term) => match term.negated() {
            Some((inner, minus)) => (Operand::Expr(inner), minus),
            None => return product(scope, a, op, b, at),
        },
        _ => return product(scope, a, op, b, at),
    };
    product(scope, amount, op, b, at).negative(minus)
}

/// An operator for terms and numbers, owned and referenced, on both sides.
macro_rules! operators {
    ($($trait:ident $method:ident $assign:ident $assigning:ident => $build:ident;)*) => {$(
        operators!(@term $trait $method $build, Expr<'s>);
        operators!(@term $trait $method $build, &Expr<'s>);
        operators!(@number $trait $method $build, f64, Expr<'s>);
        operators!(@number $trait $method $build, f64, &Expr<'s>);
        operators!(@number $trait $method $build, i32, Expr<'s>);
        operators!(@number $trait $method $build, i32, &Expr<'s>);

        impl<'s, R: Into<Operand<'s>>> $assign<R> for Expr<'s> {
            #[track_caller]
            fn $assigning(&mut self, right: R) {
                *self = $build(self.scope, (*self).into(), right.into(), Location::caller());
            }
        }
    )*};
    (@term $trait:ident $method:ident $build:ident, $left:ty) => {
        impl<'s, R: Into<Operand<'s>>> $trait<R> for $left {
            type Output = Expr<'s>;

            #[track_caller]
            fn $method(self, right: R) -> Expr<'s> {
                $build(self.scope, self.into(), right.into(), Location::caller())
            }
        }
    };
    (@number $trait:ident $method:ident $build:ident, $left:ty, $right:ty) => {
        impl<'s> $trait<$right> for $left {
            type Output = Expr<'s>;

            #[track_caller]
            fn $method(self, right: $right) -> Expr<'s> {
                $build(right.scope, self.into(), right.into(), Location::caller())
            }
        }
    };
}

operators! {
    Add add AddAssign add_assign => plus;
    Sub sub SubAssign sub_assign => minus;
    Mul mul MulAssign mul_assign => times;
    Div div DivAssign div_assign => divided;
}

impl<'s> Neg for Expr<'s> {
    type Output = Expr<'s>;

    #[track_caller]
    fn neg(self) -> Expr<'s> {
        self.negative(Location::caller())
    }
}

impl<'s> Neg for &Expr<'s> {
    type Output = Expr<'s>;

    #[track_caller]
    fn neg(self) -> Expr<'s> {
        self.negative(Location::caller())
    }
}
