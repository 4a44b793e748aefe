//! Size expressions to polynomials.

use chainrule_syntax::ast::{Expr, ExprKind, Factor, Index, ProductOp, Sign};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning};
use crate::size::{Size, TooLarge};

impl Elaborator<'_> {
    /// A size: made of size names and whole numbers by `+ - *` and exact division.
    pub(crate) fn size(&mut self, e: &Expr) -> Option<Size> {
        if self.exhausted() {
            return None;
        }
        self.spend(1);
        match &e.kind {
            ExprKind::Number(number) => {
                match number.integer().and_then(|n| i64::try_from(n).ok()) {
                    Some(n) => Some(Size::number(n)),
                    None => {
                        let digits = number.text.bytes().all(|b| b.is_ascii_digit());
                        if digits {
                            let message = "a size is below 2^40";
                            return self.error("limit-elements", message, e.span, "too large");
                        }
                        let message = format!("a size is a whole number, not {}", number.text);
                        self.error("size-number", message, e.span, "")
                    }
                }
            }
            ExprKind::Name(name) => self.size_name(name, e.span),
            ExprKind::Paren(inner) => self.size(inner),
            ExprKind::Negative(inner) => {
                let inner = self.size(inner)?;
                self.sized(Size::number(0).minus(&inner), e.span)
            }
            ExprKind::Sum(terms) => {
                let mut total = Size::number(0);
                for (sign, term) in terms {
                    let term = self.size(term)?;
                    self.spend(total.terms().len());
                    let sum = match sign {
                        Sign::Plus => total.plus(&term),
                        Sign::Minus => total.minus(&term),
                    };
                    total = self.sized(sum, e.span)?;
                }
                Some(total)
            }
            ExprKind::Product { first, rest } => self.size_product(first, rest, e.span),
            ExprKind::Power(base, exponent) => self.size_power(base, exponent, e.span),
            ExprKind::Access { base, indices, .. } => self.size_member(base, indices, e.span),
            ExprKind::Call { function, args, .. }
                if matches!(&*function.text, "rows" | "cols" | "count" | "numel") =>
            {
                self.counted(function, args, e.span)
            }
            _ => {
                let message = "a size is made of size names and whole numbers";
                self.error("size-form", message, e.span, "not a size")
            }
        }
    }

    fn sized(&mut self, size: Result<Size, TooLarge>, span: Span) -> Option<Size> {
        match size {
            Ok(size) => Some(size),
            Err(TooLarge) => self.size_too_large(span),
        }
    }

    pub(crate) fn size_too_large<T>(&mut self, span: Span) -> Option<T> {
        self.error("limit-size", "the size expression is too large", span, "")
    }

    fn size_name(&mut self, name: &str, span: Span) -> Option<Size> {
        match self.scope.get(name) {
            Some((Meaning::Size(size), _)) => Some(size.clone()),
            Some((Meaning::Unknown, _)) => None,
            Some((_, declared)) => {
                let message = format!("`{name}` is no size");
                let found = Diagnostic::error("not-a-size", message, span, "a size is needed here")
                    .label(declared, "declared here");
                self.fail(found)
            }
            None => self.undefined(name, span),
        }
    }

    fn size_product(&mut self, first: &Expr, rest: &[Factor], span: Span) -> Option<Size> {
        let mut total = self.size(first)?;
        for factor in rest {
            let value = self.size(&factor.value)?;
            self.spend_product(&total, &value);
            total = match factor.op {
                ProductOp::Juxtaposition | ProductOp::Star => {
                    self.sized(total.times(&value), span)?
                }
                ProductOp::Slash => match total.divide(&value) {
                    Some(quotient) => quotient,
                    None => {
                        let sizes = &self.out.sizes;
                        let message = format!(
                            "the division {} / {} is not exact",
                            sizes.text(&total),
                            sizes.text(&value)
                        );
                        return self.error("size-division", message, span, "");
                    }
                },
                op => {
                    let message = format!("`{}` has no meaning for sizes", op.text());
                    return self.error("size-form", message, factor.op_span, "");
                }
            };
        }
        Some(total)
    }

    fn size_power(&mut self, base: &Expr, exponent: &Expr, span: Span) -> Option<Size> {
        let base = self.size(base)?;
        let exponent = self.size(exponent)?;
        let power = exponent.constant().and_then(crate::size::Ratio::whole);
        match power.and_then(|p| u32::try_from(p).ok()) {
            Some(power) => {
                let terms = base.terms().len();
                let each = if terms > 1 { terms * crate::size::MAX_TERMS } else { 1 };
                self.spend(each * power.min(crate::size::MAX_DEGREE) as usize);
                self.sized(base.power(power), span)
            }
            None => {
                let message = "the power of a size is a whole number";
                self.error("size-power", message, span, "")
            }
        }
    }

    /// `w[l-1]`
    fn size_member(&mut self, base: &Expr, indices: &[Index], span: Span) -> Option<Size> {
        let (ExprKind::Name(name), [Index::At(at)]) = (&base.kind, indices) else {
            return self.error(
                "size-form",
                "a size is made of size names and whole numbers",
                span,
                "",
            );
        };
        let member = self.member_number(at)?;
        match self.scope.get(name) {
            Some((Meaning::SizeFamily(members), _)) => match members.get(&member) {
                Some(size) => Some(size.clone()),
                None => {
                    let message = format!("`{name}[{member}]` is not defined");
                    self.error("no-such-member", message, span, "")
                }
            },
            Some((Meaning::Unknown, _)) => None,
            Some(_) => {
                self.error("not-a-size", format!("`{name}` is no family of sizes"), span, "")
            }
            None => self.undefined(name, base.span),
        }
    }

    /// The number of a family's member: a size expression that is a number here.
    pub(crate) fn member_number(&mut self, e: &Expr) -> Option<u64> {
        let size = self.size(e)?;
        let value = size.value(&self.out.sizes).and_then(crate::size::Ratio::whole);
        match value.and_then(|v| u64::try_from(v).ok()) {
            Some(number) => Some(number),
            None => {
                let message = format!(
                    "the member {} of a family must be a number of at least 0",
                    self.out.sizes.text(&size)
                );
                self.error("family-member", message, e.span, "")
            }
        }
    }

    /// Whether an expression is made of sizes and numbers alone, without reporting.
    pub(crate) fn is_size(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Number(number) => number.integer().is_some(),
            ExprKind::Name(name) => matches!(self.scope.get(name), Some((Meaning::Size(_), _))),
            ExprKind::Paren(inner) | ExprKind::Negative(inner) => self.is_size(inner),
            ExprKind::Sum(terms) => terms.iter().all(|(_, t)| self.is_size(t)),
            ExprKind::Product { first, rest } => {
                self.is_size(first) && rest.iter().all(|f| self.is_size(&f.value))
            }
            ExprKind::Access { base, .. } => match &base.kind {
                ExprKind::Name(name) => {
                    matches!(self.scope.get(name), Some((Meaning::SizeFamily(_), _)))
                }
                _ => false,
            },
            _ => false,
        }
    }
}
