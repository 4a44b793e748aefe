//! Conditions, sums, suffixes.

use super::out::Out;
use super::rank::{Rank, is_exponent, is_indexable, is_unpowered, rank, strip, without_plus};
use crate::ast::{Expr, ExprKind, Sign};
use crate::span::Span;

impl Out {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Number(number) => self.mark(&number.text, number.span),
            ExprKind::Name(name) => self.mark(name, expr.span),
            ExprKind::Paren(inner) => self.bracketed("(", ")", |o| o.expr(inner)),
            ExprKind::Negative(inner) => {
                self.push("-");
                self.at_least(inner, Rank::Product);
            }
            ExprKind::Sum(terms) => self.sum(terms, expr.span, false),
            ExprKind::Product { first, rest } => self.product(first, rest),
            ExprKind::Transpose(base) => {
                self.at_least(base, Rank::Value);
                self.push("^T");
            }
            ExprKind::InverseTranspose(base) => {
                self.wrapped(base, !is_unpowered(base));
                self.push("^-T");
            }
            ExprKind::Power(base, exponent) => {
                self.wrapped(base, !is_unpowered(base));
                self.push("^");
                self.exponent(exponent, true);
            }
            ExprKind::DotPower(base, exponent) => {
                self.wrapped(base, !is_unpowered(base));
                self.push(" .^ ");
                self.exponent(exponent, false);
            }
            ExprKind::Access { base, indices, pad, .. } => {
                self.wrapped(base, !is_indexable(base));
                self.indices(indices, *pad);
            }
            ExprKind::Compare(op, left, right) => {
                self.at_least(left, Rank::Sum);
                self.push(&format!(" {} ", op.text()));
                self.at_least(right, Rank::Sum);
            }
            ExprKind::Logic { first, rest } => self.logic(first, rest),
            ExprKind::Not(inner) => {
                self.push("not ");
                self.at_least(inner, Rank::Test);
            }
            _ => self.primary(expr),
        }
    }

    /// Writes an expression where only `least` and stronger may stand bare.
    pub(super) fn at_least(&mut self, expr: &Expr, least: Rank) {
        self.wrapped(expr, rank(expr) < least);
    }

    /// Writes an expression, in parentheses if `wrap`. The author's text never needs more.
    pub(super) fn wrapped(&mut self, expr: &Expr, wrap: bool) {
        if wrap && !self.written {
            self.bracketed("(", ")", |o| o.expr(expr));
        } else {
            self.expr(expr);
        }
    }

    fn logic(&mut self, first: &Expr, rest: &[(bool, Expr)]) {
        self.at_least(first, Rank::Test);
        for (and, test) in rest {
            self.push(if *and { " and " } else { " or " });
            self.at_least(test, Rank::Test);
        }
    }

    /// `a + b - c`, or `a+b-c` if `tight`.
    pub(super) fn sum(&mut self, terms: &[(Sign, Expr)], span: Span, tight: bool) {
        let Some((sign, first)) = terms.first() else { return self.push("0") };
        let plus = terms.len() == 1 || self.written && span.start < first.span.start;
        match sign {
            // Read from the left, a sum in front of a sum is one sum.
            Sign::Plus if !plus => self.term(without_plus(first), Rank::Sum, tight),
            _ => {
                self.push(if *sign == Sign::Plus { "+" } else { "-" });
                self.term(first, Rank::Product, tight);
            }
        }
        for (sign, term) in &terms[1..] {
            self.push(match (sign, tight) {
                (Sign::Plus, true) => "+",
                (Sign::Minus, true) => "-",
                (Sign::Plus, false) => " + ",
                (Sign::Minus, false) => " - ",
            });
            self.term(term, Rank::Product, tight);
        }
    }

    fn term(&mut self, term: &Expr, least: Rank, tight: bool) {
        if tight { self.affine(term) } else { self.at_least(term, least) }
    }

    fn exponent(&mut self, exponent: &Expr, transposes: bool) {
        let atom = match &strip(exponent).kind {
            ExprKind::Negative(inner) => inner,
            _ => exponent,
        };
        if self.written || is_exponent(atom, transposes) {
            self.expr(exponent);
        } else {
            self.bracketed("(", ")", |o| o.at_least(exponent, Rank::Sum));
        }
    }
}
