//! What binds how strongly: where a built tree needs parentheses.

use crate::ast::{BigForm, Expr, ExprKind, Factor, ProductOp, Sign};

/// From the weakest to the strongest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    /// `a and b`
    Logic,
    /// `a < b`, `not a`
    Test,
    /// `a + b`, `-a`
    Sum,
    /// `a b`
    Product,
    /// `sum[i] a`: takes what follows in its term.
    Reduction,
    /// Everything that can have a suffix.
    Value,
}

/// The expression behind products of one factor, which nothing shows.
pub(super) fn strip(mut expr: &Expr) -> &Expr {
    while let ExprKind::Product { first, rest } = &expr.kind
        && rest.is_empty()
    {
        expr = first;
    }
    expr
}

/// `x` for `+x`, of which a sum that begins with it would keep no sign.
pub(super) fn without_plus(mut expr: &Expr) -> &Expr {
    while let ExprKind::Sum(terms) = &strip(expr).kind
        && let [(Sign::Plus, inner)] = &terms[..]
    {
        expr = inner;
    }
    expr
}

pub(super) fn rank(expr: &Expr) -> Rank {
    match &strip(expr).kind {
        ExprKind::Logic { .. } => Rank::Logic,
        ExprKind::Compare(..) | ExprKind::Not(_) => Rank::Test,
        ExprKind::Negative(_) => Rank::Sum,
        ExprKind::Sum(terms) if !terms.is_empty() => Rank::Sum,
        // No parsed number has a sign, but a program may write -1 so.
        ExprKind::Number(number) if number.text.starts_with('-') => Rank::Sum,
        ExprKind::Product { .. } => Rank::Product,
        ExprKind::Big { form: BigForm::Bracket, .. } => Rank::Reduction,
        _ => Rank::Value,
    }
}

/// Whether a power or an index may follow: there is none before, except inside parentheses.
pub(super) fn is_unpowered(expr: &Expr) -> bool {
    let mut expr = strip(expr);
    while let ExprKind::Transpose(base) = &expr.kind
        && rank(base) == Rank::Value
    {
        expr = strip(base);
    }
    let powered = matches!(
        expr.kind,
        ExprKind::Power(..) | ExprKind::DotPower(..) | ExprKind::InverseTranspose(_)
    );
    rank(expr) == Rank::Value && !powered
}

/// Whether an index may follow. `1[..]` is the indicator, and the bracket behind
/// `dZ[i,j]/dW` belongs to `W`.
pub(super) fn is_indexable(expr: &Expr) -> bool {
    let takes_bracket = match &strip(expr).kind {
        ExprKind::Number(_) => true,
        ExprKind::Derivative { of, by } => {
            of.indices.is_some() && by.len() == 1 && by[0].indices.is_none()
        }
        _ => false,
    };
    is_unpowered(expr) && !takes_bracket
}

/// The primary that is printed first; `None` if an added parenthesis is.
pub(super) fn leftmost(expr: &Expr) -> Option<&Expr> {
    let mut expr = strip(expr);
    loop {
        let (base, fits) = match &expr.kind {
            ExprKind::Transpose(base) => (base, rank(base) == Rank::Value),
            ExprKind::InverseTranspose(base)
            | ExprKind::Power(base, _)
            | ExprKind::DotPower(base, _) => (base, is_unpowered(base)),
            ExprKind::Access { base, .. } => (base, is_indexable(base)),
            _ => return Some(expr),
        };
        if !fits {
            return None;
        }
        expr = strip(base);
    }
}

/// Whether the expression ends in the body of a reduction, which would take what follows.
pub(super) fn ends_open(expr: &Expr) -> bool {
    match &strip(expr).kind {
        ExprKind::Big { form: BigForm::Bracket, .. } => true,
        ExprKind::Negative(inner) => ends_open(inner),
        ExprKind::Product { rest, .. } => rest.last().is_some_and(|f| ends_open(&f.value)),
        _ => false,
    }
}

/// Whether an exponent stands without parentheses.
pub(super) fn is_exponent(expr: &Expr, transposes: bool) -> bool {
    match &strip(expr).kind {
        ExprKind::Number(_) | ExprKind::Paren(_) => true,
        // `^T` is the transpose, also when T is a value.
        ExprKind::Name(name) => !(transposes && name == "T"),
        _ => false,
    }
}

/// Whether a product has matrix products, and whether it has products entry by entry.
#[derive(Clone, Copy, Default)]
struct Mix {
    matrix: bool,
    entries: bool,
    /// Whether the value so far may be an array.
    array: bool,
}

impl Mix {
    fn of(expr: &Expr) -> Mix {
        match &strip(expr).kind {
            ExprKind::Product { first, rest } => Mix::of(first).with(rest),
            ExprKind::Number(_) => Mix::default(),
            _ => Mix { array: true, ..Mix::default() },
        }
    }

    fn with(mut self, rest: &[Factor]) -> Mix {
        for factor in rest {
            let array = !matches!(strip(&factor.value).kind, ExprKind::Number(_));
            match factor.op {
                ProductOp::Juxtaposition | ProductOp::At => self.matrix |= self.array && array,
                ProductOp::DotStar | ProductOp::DotSlash => self.entries |= self.array && array,
                ProductOp::Star | ProductOp::Slash => {}
            }
            self.array |= array;
        }
        self
    }
}

/// Whether `first`, a product itself, can go without parentheses in front of `rest`: read from the
/// left it comes to the same, but mixing matrix products with those entry by entry is refused.
pub(super) fn joins(first: &Expr, rest: &[Factor]) -> bool {
    let inner = Mix::of(first);
    let whole = inner.with(rest);
    !(ends_open(first) || whole.matrix && whole.entries)
}

/// Whether an index prints without blanks: `i`, `2p+i`, `u+i-1`.
pub(super) fn is_affine(expr: &Expr) -> bool {
    match &strip(expr).kind {
        ExprKind::Negative(inner) => is_affine_term(inner),
        ExprKind::Sum(terms) => match &terms[..] {
            // A sum in front of a sum is one sum.
            [(Sign::Plus, first), rest @ ..] if !rest.is_empty() => {
                is_affine(without_plus(first)) && rest.iter().all(|(_, t)| is_affine_term(t))
            }
            _ => terms.iter().all(|(_, t)| is_affine_term(t)),
        },
        _ => is_affine_term(expr),
    }
}

fn is_affine_term(expr: &Expr) -> bool {
    match &strip(expr).kind {
        ExprKind::Number(_) => rank(expr) == Rank::Value,
        ExprKind::Name(_) => true,
        ExprKind::Product { .. } => is_multiple(expr),
        _ => false,
    }
}

/// `2p`, which glues: not `2 e3`, where the number would go on.
pub(super) fn is_multiple(expr: &Expr) -> bool {
    let ExprKind::Product { first, rest } = &strip(expr).kind else { return false };
    let [factor] = &rest[..] else { return false };
    let ExprKind::Name(name) = &strip(&factor.value).kind else { return false };
    matches!(strip(first).kind, ExprKind::Number(_))
        && rank(first) == Rank::Value
        && factor.op == ProductOp::Juxtaposition
        && !name.starts_with(['e', 'E'])
}

/// `1/N`: a number divided by one symbol, where a term begins.
pub(super) fn is_short_quotient(first: &Expr, factor: &Factor) -> bool {
    let value = strip(&factor.value);
    matches!(strip(first).kind, ExprKind::Number(_))
        && factor.op == ProductOp::Slash
        && matches!(value.kind, ExprKind::Number(_) | ExprKind::Name(_))
        && rank(value) == Rank::Value
}
