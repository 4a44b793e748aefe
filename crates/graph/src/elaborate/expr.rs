//! Expressions to nodes.

use chainrule_syntax::ast::{Arg, Expr, ExprKind, NormKind};
use chainrule_syntax::{Diagnostic, Edit, Repair, Span, limits};

use super::{Elaborator, Value};
use crate::op::Op;
use crate::size::Ratio;
use crate::types::{Kind, Type};

impl Elaborator<'_> {
    /// The node of an expression. `want` is the type the context asks for, for `I`, `zeros`,
    /// `ones` and `unflatten`, which take their size from it.
    pub(crate) fn expr(&mut self, e: &Expr, want: Option<&Type>) -> Value {
        if self.exhausted() {
            return None;
        }
        self.spend(1);
        self.depth += 1;
        if self.depth > 2 * limits::NESTING {
            self.depth -= 1;
            let message = format!("expanded deeper than {} levels", 2 * limits::NESTING);
            return self.error("limit-nesting", message, e.span, "");
        }
        let value = self.expr_inner(e, want);
        self.depth -= 1;
        value
    }

    fn expr_inner(&mut self, e: &Expr, want: Option<&Type>) -> Value {
        match &e.kind {
            ExprKind::Number(number) => {
                if !number.value.is_finite() {
                    let message = format!("the number {} is too large", short(&number.text));
                    return self.error("number-range", message, e.span, "beyond 1.8e308");
                }
                self.warn_number(&number.text, e.span);
                self.leaf(Op::number(number.value), e.span)
            }
            ExprKind::Name(name) => self.name_value(name, e.span, want),
            ExprKind::Paren(inner) => {
                let node = self.expr(inner, want)?;
                self.no_condition(node, e.span)
            }
            ExprKind::Negative(inner) => {
                let node = self.expr(inner, want)?;
                self.add(Op::Neg, &[node], &[inner.span], e.span)
            }
            ExprKind::Sum(terms) => self.sum(terms, e.span, want),
            ExprKind::Product { first, rest } => self.product(first, rest, e.span, want),
            ExprKind::Transpose(inner) => {
                let node = self.expr(inner, None)?;
                self.add(Op::Transpose, &[node], &[inner.span], e.span)
            }
            ExprKind::InverseTranspose(inner) => {
                let node = self.expr(inner, None)?;
                let inverse = self.add(Op::Inverse, &[node], &[inner.span], e.span)?;
                self.add(Op::Transpose, &[inverse], &[inner.span], e.span)
            }
            ExprKind::Power(base, exponent) => self.power(base, exponent, e.span),
            ExprKind::DotPower(base, exponent) => self.dot_power(base, exponent, e.span),
            ExprKind::Access { base, indices, pad, bracket } => {
                self.access(base, indices, *pad, *bracket, e.span)
            }
            ExprKind::Derivative { of, by } => self.derivative(of, by, e.span),
            ExprKind::Indicator(test) => {
                let truth = self.condition(test)?;
                self.add(Op::Indicator, &[truth], &[test.span], e.span)
            }
            ExprKind::Norm(inner, kind) => self.norm(inner, *kind, e.span),
            ExprKind::Call { function, primes, args } => {
                self.call(function, *primes, args, e.span, want)
            }
            ExprKind::Big { op, binders, body, word, .. } => {
                self.big(*op, binders, body, *word, e.span)
            }
            ExprKind::Next(name) => self.next_value(name, e.span),
            ExprKind::Compare(..) | ExprKind::Logic { .. } | ExprKind::Not(_) => {
                let truth = self.condition(e)?;
                self.no_condition(truth, e.span)
            }
        }
    }

    /// A condition is no number: `1[..]` makes it one.
    fn no_condition(&mut self, node: crate::index::NodeId, span: Span) -> Value {
        if self.ty(node).kind != Kind::Truth {
            return Some(node);
        }
        let inner = super::sum::without_parentheses(self.source(span)).to_string();
        let found = Diagnostic::error(
            "condition-as-number",
            "a condition is not a number",
            span,
            "a condition",
        )
        .replace("0 or 1", span, format!("1[{inner}]"));
        self.fail(found)
    }

    /// `a < b`, `a and b`, `not a`
    pub(crate) fn condition(&mut self, e: &Expr) -> Value {
        match &e.kind {
            ExprKind::Paren(inner) => self.condition(inner),
            ExprKind::Compare(op, left, right) => {
                let (a, b) = (self.expr(left, None), self.expr(right, None));
                let (a, b) = self.align(a?, b?, (left.span, right.span))?;
                self.add(Op::Compare { op: *op }, &[a, b], &[left.span, right.span], e.span)
            }
            ExprKind::Logic { first, rest } => {
                let mut value = self.condition(first)?;
                for (and, part) in rest {
                    let right = self.condition(part)?;
                    let (a, b) = self.align(value, right, (e.span, part.span))?;
                    let op = if *and { Op::And } else { Op::Or };
                    value = self.add(op, &[a, b], &[first.span, part.span], e.span)?;
                }
                Some(value)
            }
            ExprKind::Not(inner) => {
                let value = self.condition(inner)?;
                self.add(Op::Not, &[value], &[inner.span], e.span)
            }
            _ => {
                let node = self.expr(e, None)?;
                let is = self.shape(node);
                let message = "a condition compares: `n > 1`, `k != y[i]`";
                self.error("not-a-condition", message, e.span, is)
            }
        }
    }

    fn power(&mut self, base: &Expr, exponent: &Expr, span: Span) -> Value {
        self.check_glued_transpose(exponent)?;
        let a = self.expr(base, None);
        let whole = self.whole_exponent(exponent);
        if !self.ty(a?).is_scalar() {
            return self.matrix_power(a?, whole, base, exponent, span);
        }
        let b = self.expr(exponent, None)?;
        if !self.ty(b).is_scalar() {
            let is = self.shape(b);
            return self.error("power-exponent", "an exponent is a number", exponent.span, is);
        }
        self.add(Op::Power, &[a?, b], &[base.span, exponent.span], span)
    }

    /// `X^TX`: a blank is missing after the transpose. `X^t`: the transpose is a capital T.
    fn check_glued_transpose(&mut self, exponent: &Expr) -> Option<()> {
        let ExprKind::Name(name) = &exponent.kind else { return Some(()) };
        if self.scope.get(name).is_some() {
            return Some(());
        }
        let span = exponent.span;
        let (message, repair) = match name.strip_prefix('T') {
            Some(rest) if self.scope.get(rest).is_some() => {
                let at = Span::at(span.start as usize + 1);
                let repair = Repair::replace(format!("`^T {rest}`"), at, " ");
                (format!("a blank is missing: `^T {rest}`"), repair)
            }
            _ if name == "t" => {
                let repair = Repair::replace("the transpose is `^T`", span, "T");
                ("`t` is not defined; the transpose is `^T`".to_string(), repair)
            }
            _ => return Some(()),
        };
        self.fail(Diagnostic::error("glued-transpose", message, span, "").repair(repair))
    }

    /// The whole number an exponent is, if it is one: `2`, `-1`, `(k)`.
    fn whole_exponent(&self, e: &Expr) -> Option<i64> {
        match &e.kind {
            ExprKind::Number(n) => n.integer().and_then(|n| i64::try_from(n).ok()),
            ExprKind::Negative(inner) => self.whole_exponent(inner).map(|n| -n),
            ExprKind::Paren(inner) => self.whole_exponent(inner),
            ExprKind::Name(name) => match self.scope.get(name) {
                Some((super::Meaning::Size(size), _)) => {
                    let value = size.value(&self.out.sizes).and_then(Ratio::whole)?;
                    i64::try_from(value).ok()
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn matrix_power(
        &mut self,
        a: crate::index::NodeId,
        whole: Option<i64>,
        base: &Expr,
        exponent: &Expr,
        span: Span,
    ) -> Value {
        let square = self.ty(a).matrix().is_some_and(|(n, m)| n == m);
        if !square {
            let is = self.shape(a);
            let what = if whole == Some(-1) { "an inverse" } else { "a power" };
            let text = format!("{} .^ {}", self.source(base.span), self.source(exponent.span));
            let mut found = Diagnostic::error(
                "not-square",
                format!("{what} `^` of an array needs a square matrix"),
                base.span,
                is,
            );
            if whole == Some(-1) {
                let text = format!("pinv({})", self.source(base.span));
                found = found.replace(format!("the pseudo-inverse: `{text}`"), span, text);
            } else {
                found = found.replace(format!("entry by entry: `{text}`"), span, &text);
            }
            return self.fail(found);
        }
        let spans = [base.span];
        match whole {
            Some(-1) => self.add(Op::Inverse, &[a], &spans, span),
            Some(k) if (0..=64).contains(&k) => {
                self.add(Op::MatrixPower { power: k as u32 }, &[a], &spans, span)
            }
            Some(k) if (-64..0).contains(&k) => {
                let inverse = self.add(Op::Inverse, &[a], &spans, span)?;
                self.add(
                    Op::MatrixPower { power: k.unsigned_abs() as u32 },
                    &[inverse],
                    &spans,
                    span,
                )
            }
            _ => {
                let message = "the power of a matrix is a whole number of at most 64";
                self.error("matrix-exponent", message, exponent.span, "")
            }
        }
    }

    fn dot_power(&mut self, base: &Expr, exponent: &Expr, span: Span) -> Value {
        let (a, b) = (self.expr(base, None), self.expr(exponent, None));
        let (a, b) = (a?, b?);
        if self.ty(a).is_scalar() && self.ty(b).is_scalar() {
            return self.add(Op::Power, &[a, b], &[base.span, exponent.span], span);
        }
        let (a, b) = self.align(a, b, (base.span, exponent.span))?;
        self.add(Op::DotPower, &[a, b], &[base.span, exponent.span], span)
    }

    fn norm(&mut self, inner: &Expr, kind: NormKind, span: Span) -> Value {
        let node = self.expr(inner, None)?;
        match self.try_add(Op::Norm { kind }, &[node]) {
            Ok(norm) => Some(norm),
            Err(misfit) => {
                let text = self.source(inner.span).to_string();
                let mut found = super::report::diagnostic(misfit, &[inner.span], span);
                if found.code == "matrix-norm" {
                    found = found
                        .replace("the Frobenius norm", span, format!("||{text}||_F"))
                        .replace("the spectral norm", span, format!("||{text}||_spec"));
                }
                self.fail(found)
            }
        }
    }

    /// `2e3` where `e3` is a name.
    fn warn_number(&mut self, text: &str, span: Span) {
        let Some(at) = text.find(['e', 'E']) else { return };
        let name = &text[at..];
        if self.scope.get(name).is_none() {
            return;
        }
        let message =
            format!("`{text}` is the number {text}; the product is `{} {name}`", &text[..at]);
        let found = Diagnostic::warning("number-or-product", message, span, "a number").repair(
            Repair::edits(
                "the product",
                vec![Edit { span: Span::at(span.start as usize + at), text: " ".into() }],
            ),
        );
        self.report(found);
    }

    /// The numbers of a distribution's arguments.
    pub(crate) fn number_args(&mut self, args: Option<&[Arg]>) -> Option<Vec<f64>> {
        let args = args.unwrap_or_default();
        if let Some(name) = args.iter().find_map(|a| a.name.as_ref()) {
            let message =
                format!("numbers are given by their place here, without `{} =`", name.text);
            return self.error("unknown-argument", message, name.span, "");
        }
        let numbers: Vec<Option<f64>> = args.iter().map(|a| self.number(&a.value)).collect();
        numbers.into_iter().collect()
    }

    /// The value of an expression of numbers, constants and fixed sizes.
    pub(crate) fn number(&mut self, e: &Expr) -> Option<f64> {
        let node = self.expr(e, None)?;
        match self.constant(node) {
            Some(value) => Some(value),
            None => self.error("not-constant", "a number is needed here", e.span, "not a constant"),
        }
    }
}

/// The head of a long number.
fn short(text: &str) -> String {
    if text.len() <= 24 { text.into() } else { format!("{}..", &text[..20]) }
}
