//! What binds how strongly on paper.

use chainrule_syntax::ast::{BigForm, Expr, ExprKind, ProductOp};

use super::Context;

/// From the weakest to the strongest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    Logic,
    Test,
    Sum,
    /// A product with its own sign, such as the Kronecker product: never bare inside another.
    Apart,
    Product,
    /// A large operator: takes what follows in its term.
    Big,
    Value,
}

/// The expression without parentheses, which the rank decides.
pub(super) fn strip(mut expr: &Expr) -> &Expr {
    loop {
        expr = match &expr.kind {
            ExprKind::Paren(inner) => inner,
            ExprKind::Product { first, rest } if rest.is_empty() => first,
            _ => return expr,
        };
    }
}

pub(super) fn rank(expr: &Expr) -> Rank {
    match &strip(expr).kind {
        ExprKind::Logic { .. } => Rank::Logic,
        ExprKind::Compare(..) => Rank::Test,
        ExprKind::Not(_) | ExprKind::Negative(_) => Rank::Sum,
        ExprKind::Sum(terms) if !terms.is_empty() => Rank::Sum,
        ExprKind::Number(number) if number.text.starts_with('-') => Rank::Sum,
        ExprKind::Call { function, args, .. } if function.text == "kron" && args.len() == 2 => {
            Rank::Apart
        }
        ExprKind::Product { .. } => Rank::Product,
        ExprKind::Big { form: BigForm::Bracket | BigForm::Call, .. } => Rank::Big,
        _ => Rank::Value,
    }
}

/// Whether the value is one number, as far as the names tell.
pub(super) fn is_number(context: &Context, expr: &Expr) -> bool {
    match &strip(expr).kind {
        ExprKind::Number(_) | ExprKind::Norm(..) => true,
        ExprKind::Name(name) => context.rank(name) == Some(0) || context.is_size(name),
        ExprKind::Negative(inner) => is_number(context, inner),
        ExprKind::Power(base, _) => is_number(context, base),
        ExprKind::Sum(terms) => terms.iter().all(|(_, t)| is_number(context, t)),
        ExprKind::Product { first, rest } => {
            let plain =
                |op| matches!(op, ProductOp::Juxtaposition | ProductOp::Star | ProductOp::Slash);
            is_number(context, first)
                && rest.iter().all(|f| plain(f.op) && is_number(context, &f.value))
        }
        ExprKind::Call { function, args, .. } => {
            let plain = args.iter().all(|a| a.name.is_none());
            match function.text.as_str() {
                "tr" | "det" | "logdet" | "inner" | "cross_entropy" | "count" | "rows" | "cols" => {
                    true
                }
                "sum" | "mean" | "prod" | "logsumexp" => plain,
                "exp" | "log" | "sqrt" | "abs" | "sigmoid" | "tanh" | "softplus" | "relu" => {
                    args.iter().all(|a| is_number(context, &a.value))
                }
                "max" | "min" => plain && (args.len() == 1 || is_number(context, &args[0].value)),
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether the expression ends in the body of a large operator, which would take what follows.
pub(super) fn ends_open(expr: &Expr) -> bool {
    match &strip(expr).kind {
        ExprKind::Big { .. } => true,
        ExprKind::Negative(inner) => ends_open(inner),
        ExprKind::Product { rest, .. } => rest.last().is_some_and(|f| ends_open(&f.value)),
        _ => false,
    }
}
