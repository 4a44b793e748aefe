//! Claims.

use super::expr::{Binder, Comparison, Expr, Text, TypeExpr};
use super::stmt::NamedExpr;
use crate::span::Span;

/// The relation of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`, `<`, ..
    Compare(Comparison),
}

impl Relation {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Relation::Equal => "=",
            Relation::Compare(c) => c.text(),
        }
    }
}

/// What a claim says of its first expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Assertion {
    /// `: R[n, m]`
    Type(TypeExpr),
    /// `= b = c`
    Links(Vec<(Relation, Expr)>),
}

/// The layout of Jacobians.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layout {
    /// Rows are outputs.
    Numerator,
    /// Rows are inputs.
    Denominator,
}

impl Layout {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Layout::Numerator => "numerator",
            Layout::Denominator => "denominator",
        }
    }
}

/// What the judge must find.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expected {
    /// `true`
    True,
    /// `false`
    False,
    /// `ill-formed`
    IllFormed,
    /// `true-in-layout`
    TrueInLayout,
    /// `true-where`
    TrueWhere,
    /// `true-as-factor`
    TrueAsFactor,
    /// `proved`
    Proved,
    /// `verified`
    Verified,
}

impl Expected {
    /// Every verdict with its spelling.
    pub const ALL: [(Expected, &'static str); 8] = [
        (Expected::True, "true"),
        (Expected::False, "false"),
        (Expected::IllFormed, "ill-formed"),
        (Expected::TrueInLayout, "true-in-layout"),
        (Expected::TrueWhere, "true-where"),
        (Expected::TrueAsFactor, "true-as-factor"),
        (Expected::Proved, "proved"),
        (Expected::Verified, "verified"),
    ];

    /// As written.
    pub fn text(self) -> &'static str {
        Expected::ALL.iter().find(|(e, _)| *e == self).map_or("", |(_, w)| w)
    }
}

/// A statement to be judged.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// The name, in quotes.
    pub name: Text,
    /// `forall i in n, j in m:`
    pub forall: Option<Vec<Binder>>,
    /// The first side.
    pub first: Expr,
    /// What is said of it.
    pub assertion: Assertion,
    /// `if x != 0`
    pub condition: Option<Expr>,
    /// `where e = ..`
    pub locals: Vec<NamedExpr>,
    /// `for A = I`
    pub replaced: Vec<NamedExpr>,
    /// `layout denominator`
    pub layout: Option<(Layout, Span)>,
    /// `expect false`
    pub expect: Option<(Expected, Span)>,
}
