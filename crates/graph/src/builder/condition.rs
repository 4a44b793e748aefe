//! Comparisons, and the indicator that makes a number of one.

use std::ops::{BitAnd, BitOr, Not};
use std::panic::Location;

use chainrule_syntax::ast::{Comparison, ExprKind};

use super::node::Place;
use super::{Expr, Operand};

/// A comparison, or several with `&`, `|` and `!`: neither number nor array. [`indicator`] makes
/// it a number.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let z = net.given("z", scalar());
/// let inside: Condition = z.gt(0) & !z.ge(1);
/// assert_eq!(indicator(inside).to_string(), "1[z > 0 and not z >= 1]");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Condition<'s>(pub(super) Expr<'s>);

/// Comparisons: method and operator.
macro_rules! comparisons {
    ($($name:ident $op:ident $text:literal)*) => {
        /// Comparisons, entry by entry.
        impl<'s> Expr<'s> {$(
            #[doc = concat!("`a ", $text, " b`, entry by entry.")]
            ///
            /// Shapes: two of the same, or one number.
            ///
            /// ```
            /// # use chainrule_graph::builder::*;
            /// let net = Scope::new("example");
            /// let z = net.given("z", real(net.free_size("n")));
            #[doc = concat!("let positive = indicator(z.", stringify!($name), "(0));")]
            #[doc = concat!("assert_eq!(positive.to_string(), \"1[z ", $text, " 0]\");")]
            /// ```
            #[must_use]
            #[track_caller]
            pub fn $name(self, right: impl Into<Operand<'s>>) -> Condition<'s> {
                self.compared(Comparison::$op, right.into(), Location::caller())
            }
        )*}
    };
}

comparisons! {
    eq Equal "=="
    ne NotEqual "!="
    lt Less "<"
    le LessEqual "<="
    gt Greater ">"
    ge GreaterEqual ">="
}

impl<'s> Expr<'s> {
    fn compared(self, op: Comparison, right: Operand<'s>, at: Place) -> Condition<'s> {
        let (left, right) = (Box::new(self.slot()), Box::new(self.scope.slot(right, at)));
        Condition(self.make(ExprKind::Compare(op, left, right), at))
    }
}

/// `1[test]`: 1 where the test holds, else 0.
///
/// Shapes: that of the test.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (p, y) = (net.given("p", prob(3)), net.given("y", label(3)));
/// assert_eq!(indicator(argmax(p).eq(y)).to_string(), "1[argmax(p) == y]");
/// ```
#[must_use]
#[track_caller]
pub fn indicator(test: Condition<'_>) -> Expr<'_> {
    let Condition(test) = test;
    if test.scope.is_void(test) {
        return test;
    }
    test.make(ExprKind::Indicator(Box::new(test.slot())), Location::caller())
}

/// `a and b`, or `a or b`.
fn joined<'s>(left: Condition<'s>, and: bool, right: Condition<'s>, at: Place) -> Condition<'s> {
    let scope = left.0.scope;
    let rest = vec![(and, scope.slot(right.0.into(), at))];
    Condition(left.0.make(ExprKind::Logic { first: Box::new(left.0.slot()), rest }, at))
}

impl<'s> BitAnd for Condition<'s> {
    type Output = Condition<'s>;

    #[track_caller]
    fn bitand(self, right: Condition<'s>) -> Condition<'s> {
        joined(self, true, right, Location::caller())
    }
}

impl<'s> BitOr for Condition<'s> {
    type Output = Condition<'s>;

    #[track_caller]
    fn bitor(self, right: Condition<'s>) -> Condition<'s> {
        joined(self, false, right, Location::caller())
    }
}

impl<'s> Not for Condition<'s> {
    type Output = Condition<'s>;

    #[track_caller]
    fn not(self) -> Condition<'s> {
        let test = ExprKind::Not(Box::new(self.0.slot()));
        Condition(self.0.make(test, Location::caller()))
    }
}
