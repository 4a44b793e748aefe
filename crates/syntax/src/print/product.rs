//! Products: spacing of the operators, and the factors that cannot stand bare.

use super::out::Out;
use super::rank::{Rank, ends_open, is_short_quotient, joins, leftmost, rank, strip};
use crate::ast::{Expr, ExprKind, Factor, ProductOp};

impl Out {
    pub(super) fn product(&mut self, first: &Expr, rest: &[Factor]) {
        let Some(second) = rest.first() else { return self.expr(first) };
        let fits = match rank(first) {
            Rank::Value => !self.calls_next(first, rest),
            Rank::Product => joins(first, rest) && !self.calls_next(first, rest),
            _ => false,
        };
        self.wrapped(first, !fits);
        let short = is_short_quotient(first, second);
        for (at, factor) in rest.iter().enumerate() {
            self.factor(factor, &rest[at + 1..], short && at == 0);
        }
    }

    /// Writes an operator and its factor; `behind` are the factors that follow.
    fn factor(&mut self, factor: &Factor, behind: &[Factor], short: bool) {
        let fits = self.written || self.fits(factor, behind, self.ends_in_number());
        match factor.op {
            ProductOp::Juxtaposition => self.push(" "),
            ProductOp::Slash if short && fits => self.push("/"),
            op => self.push(&format!(" {} ", op.text())),
        }
        self.wrapped(&factor.value, !fits);
    }

    /// Whether a factor can stand without parentheses.
    fn fits(&self, factor: &Factor, behind: &[Factor], after_number: bool) -> bool {
        let value = strip(&factor.value);
        if !behind.is_empty() && ends_open(value) || self.calls_next(value, behind) {
            return false;
        }
        if factor.op != ProductOp::Juxtaposition {
            let inner = if let ExprKind::Negative(inner) = &value.kind { inner } else { value };
            return rank(inner) >= Rank::Reduction;
        }
        let begins = leftmost(value).map(|e| &e.kind);
        let two_numbers = after_number && matches!(begins, Some(ExprKind::Number(_)));
        rank(value) >= Rank::Reduction && !two_numbers
    }

    fn is_parenthesis(&self, value: &Expr) -> bool {
        match value.kind {
            ExprKind::Norm(..) => self.in_norm,
            _ => matches!(value.kind, ExprKind::Paren(_)),
        }
    }

    /// Whether `I`, say, would be read as a call of the parenthesis that follows.
    fn calls_next(&self, value: &Expr, behind: &[Factor]) -> bool {
        let (ExprKind::Name(name), Some(next)) = (&last(value).kind, behind.first()) else {
            return false;
        };
        ["I", "ones", "zeros"].contains(&name.as_str())
            && next.op == ProductOp::Juxtaposition
            && (leftmost(&next.value).is_none_or(|e| self.is_parenthesis(e))
                || !self.fits(next, &behind[1..], false))
    }
}

/// The value that is printed last, of a product or behind a sign.
fn last(mut expr: &Expr) -> &Expr {
    loop {
        expr = match &expr.kind {
            ExprKind::Product { first, rest } => rest.last().map_or(first, |f| &f.value),
            ExprKind::Negative(inner) => inner,
            _ => return expr,
        };
    }
}
