//! Calls, reductions, norms, indicators, derivatives.

use super::out::Out;
use super::rank::Rank;
use crate::ast::{Arg, BigForm, BigOp, Binder, Expr, ExprKind};
use crate::span::Span;

impl Out {
    /// Writes what needs no look at its neighbours.
    pub(super) fn primary(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Derivative { of, by } => {
                let end = by.last().map_or(0, |entry| entry.span.end);
                let braces = by.len() != 1 || self.written && expr.span.end > end;
                self.derivative(of, by, braces);
            }
            ExprKind::Indicator(test) => self.bracketed("1[", "]", |o| o.expr(test)),
            // `||` would close the norm outside.
            ExprKind::Norm(..) if self.in_norm => self.bracketed("(", ")", |o| o.expr(expr)),
            ExprKind::Norm(inner, kind) => {
                self.push("||");
                self.in_norm = true;
                self.at_least(inner, Rank::Sum);
                self.in_norm = false;
                self.push("||");
                self.push(kind.suffix());
            }
            ExprKind::Call { function, primes, args } => {
                self.mark(&function.text, function.span);
                (0..*primes).for_each(|_| self.push("'"));
                self.args(args);
            }
            ExprKind::Big { op, form, binders, body, word } => {
                self.reduction(*op, *form, binders, body, *word);
            }
            ExprKind::Next(name) => {
                self.mark(&name.text, name.span);
                self.push("'");
            }
            // The others are written by `expr` itself.
            _ => {}
        }
    }

    fn reduction(&mut self, op: BigOp, form: BigForm, binders: &[Binder], body: &Expr, at: Span) {
        self.mark(op.text(), at);
        match form {
            BigForm::Bracket => {
                let ranges = binders.iter().any(|b| b.range.is_some());
                let separator = if ranges { ", " } else { "," };
                self.bracketed("[", "] ", |o| o.binders(separator, binders));
                let body = if let ExprKind::Negative(inner) = &body.kind {
                    self.push("-");
                    inner
                } else {
                    body
                };
                self.at_least(body, Rank::Product);
            }
            BigForm::Call => self.bracketed("(", ")", |o| {
                o.binders(", ", binders);
                o.push(": ");
                o.at_least(body, Rank::Sum);
            }),
        }
    }

    /// `i in n, j in m`
    pub(super) fn binders(&mut self, separator: &str, binders: &[Binder]) {
        self.list(separator, binders, |o, binder| {
            o.mark(&binder.name.text, binder.name.span);
            if let Some(range) = &binder.range {
                o.push(" in ");
                o.at_least(range, Rank::Sum);
            }
        });
    }

    /// `(z, axis = 0)`
    pub(super) fn args(&mut self, args: &[Arg]) {
        self.bracketed("(", ")", |o| {
            o.list(", ", args, |o, arg| match &arg.name {
                Some(name) => {
                    o.mark(&name.text, name.span);
                    o.push(" = ");
                    o.at_least(&arg.value, Rank::Sum);
                }
                None => o.expr(&arg.value),
            });
        });
    }
}
