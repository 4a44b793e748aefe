//! The tree of a formula: children by number, building, tidying.

use crate::size::Ratio;
use chainrule_syntax::Span;
use chainrule_syntax::ast::{Arg, Expr, ExprKind, Factor, Index, Name, Number, ProductOp, Sign};

/// The formulas directly below one, in a fixed order.
pub(crate) fn children(e: &Expr) -> Vec<&Expr> {
    match &e.kind {
        ExprKind::Number(_)
        | ExprKind::Name(_)
        | ExprKind::Derivative { .. }
        | ExprKind::Next(_) => Vec::new(),
        ExprKind::Paren(x)
        | ExprKind::Negative(x)
        | ExprKind::Transpose(x)
        | ExprKind::InverseTranspose(x)
        | ExprKind::Indicator(x)
        | ExprKind::Norm(x, _)
        | ExprKind::Not(x)
        | ExprKind::Big { body: x, .. } => vec![&**x],
        ExprKind::Power(x, y) | ExprKind::DotPower(x, y) | ExprKind::Compare(_, x, y) => {
            vec![&**x, &**y]
        }
        ExprKind::Sum(terms) => terms.iter().map(|(_, t)| t).collect(),
        ExprKind::Product { first, rest } => {
            std::iter::once(&**first).chain(rest.iter().map(|f| &f.value)).collect()
        }
        ExprKind::Access { base, indices, .. } => {
            let at = indices.iter().filter_map(|i| match i {
                Index::At(e) => Some(e),
                Index::All(_) => None,
            });
            std::iter::once(&**base).chain(at).collect()
        }
        ExprKind::Call { args, .. } => args.iter().map(|a| &a.value).collect(),
        ExprKind::Logic { first, rest } => {
            std::iter::once(&**first).chain(rest.iter().map(|(_, t)| t)).collect()
        }
    }
}

/// How many symbols a formula has, about.
pub(crate) fn symbols(e: &Expr) -> usize {
    1 + children(e).into_iter().map(symbols).sum::<usize>()
}

/// Whether a part of a formula is of a kind.
pub(crate) fn holds(e: &Expr, kind: &dyn Fn(&Expr) -> bool) -> bool {
    kind(e) || children(e).into_iter().any(|part| holds(part, kind))
}

/// The same, to be changed.
fn child_mut(e: &mut Expr, at: usize) -> Option<&mut Expr> {
    match &mut e.kind {
        ExprKind::Number(_)
        | ExprKind::Name(_)
        | ExprKind::Derivative { .. }
        | ExprKind::Next(_) => None,
        ExprKind::Paren(x)
        | ExprKind::Negative(x)
        | ExprKind::Transpose(x)
        | ExprKind::InverseTranspose(x)
        | ExprKind::Indicator(x)
        | ExprKind::Norm(x, _)
        | ExprKind::Not(x)
        | ExprKind::Big { body: x, .. } => (at == 0).then_some(&mut **x),
        ExprKind::Power(x, y) | ExprKind::DotPower(x, y) | ExprKind::Compare(_, x, y) => match at {
            0 => Some(x),
            1 => Some(y),
            _ => None,
        },
        ExprKind::Sum(terms) => terms.get_mut(at).map(|(_, t)| t),
        ExprKind::Product { first, rest } => match at {
            0 => Some(first),
            _ => rest.get_mut(at - 1).map(|f| &mut f.value),
        },
        ExprKind::Access { base, indices, .. } => match at {
            0 => Some(base),
            _ => {
                let mut written = indices.iter_mut().filter_map(|i| match i {
                    Index::At(e) => Some(e),
                    Index::All(_) => None,
                });
                written.nth(at - 1)
            }
        },
        ExprKind::Call { args, .. } => args.get_mut(at).map(|a| &mut a.value),
        ExprKind::Logic { first, rest } => match at {
            0 => Some(first),
            _ => rest.get_mut(at - 1).map(|(_, t)| t),
        },
    }
}

/// The formula with the node at `path` changed.
pub(crate) fn changed(
    e: &Expr,
    path: &[usize],
    change: &dyn Fn(&Expr) -> Option<Expr>,
) -> Option<Expr> {
    let mut out = e.clone();
    let mut at = &mut out;
    for step in path {
        at = child_mut(at, *step)?;
    }
    *at = change(at)?;
    Some(out)
}

/// Without the author's parentheses: the printer adds those that are needed.
pub(crate) fn without_parentheses(e: &Expr) -> Expr {
    let mut inner = e;
    while let ExprKind::Paren(x) = &inner.kind {
        inner = x;
    }
    let mut out = inner.clone();
    let mut at = 0;
    while let Some(child) = child_mut(&mut out, at) {
        *child = without_parentheses(child);
        at += 1;
    }
    out
}

/// Nested lists joined, double transposes and signs resolved.
pub(crate) fn tidy(e: &Expr) -> Expr {
    let mut out = e.clone();
    let mut at = 0;
    while let Some(child) = child_mut(&mut out, at) {
        *child = tidy(child);
        at += 1;
    }
    match out.kind {
        ExprKind::Transpose(inner) => match inner.kind {
            ExprKind::Transpose(x) => *x,
            ExprKind::Negative(x) => negative(tidy(&transpose(&x))),
            ExprKind::Power(x, by) if is_minus_one(&by) => node(ExprKind::InverseTranspose(x)),
            ExprKind::InverseTranspose(x) => {
                node(ExprKind::Power(x, Box::new(node(ExprKind::Negative(Box::new(number(1)))))))
            }
            kind => node(ExprKind::Transpose(Box::new(Expr { kind, span: inner.span }))),
        },
        ExprKind::Negative(inner) => negative(*inner),
        ExprKind::Power(base, by) | ExprKind::DotPower(base, by) if is_number(&by, 1) => *base,
        ExprKind::Sum(terms) => sum(terms),
        ExprKind::Product { first, rest } => gathered(joined(*first, rest)),
        kind => node(kind),
    }
}

/// A product whose first factor is no product, as far as that changes nothing.
fn joined(first: Expr, rest: Vec<Factor>) -> Expr {
    if rest.is_empty() {
        return first;
    }
    let plain = |f: &Factor| {
        matches!(
            f.op,
            ProductOp::Juxtaposition | ProductOp::At | ProductOp::Slash | ProductOp::Star
        )
    };
    match first.kind {
        // `-a b` is `-(a b)`.
        ExprKind::Negative(inner) => negative(joined(*inner, rest)),
        ExprKind::Product { first: inner, rest: before }
            if before.iter().all(plain) && rest.iter().all(plain) =>
        {
            joined(*inner, before.into_iter().chain(rest).collect())
        }
        kind => {
            let rest = rest.into_iter().map(quotient).collect::<Vec<_>>().concat();
            node(ExprKind::Product { first: Box::new(node(kind)), rest })
        }
    }
}

fn is_number(e: &Expr, value: i64) -> bool {
    matches!(&e.kind, ExprKind::Number(n) if n.value == value as f64)
}

fn is_minus_one(e: &Expr) -> bool {
    matches!(&e.kind, ExprKind::Negative(inner) if is_number(inner, 1))
}

/// Numbers that lead a product, and how many factors they are.
fn leading(all: &[Factor]) -> Option<(Ratio, usize)> {
    let whole = |f: &Factor| match &f.value.kind {
        ExprKind::Number(n) => n.integer().map(i128::from),
        _ => None,
    };
    let mut value = Ratio::whole_number(whole(all.first()?)?);
    let mut count = 1;
    while let Some(factor) = all.get(count) {
        let Some(next) = whole(factor).map(Ratio::whole_number) else { break };
        let taken = match factor.op {
            ProductOp::Slash => value.divide(next),
            ProductOp::Juxtaposition | ProductOp::Star => value.times(next),
            _ => None,
        };
        let Some(taken) = taken else { break };
        (value, count) = (taken, count + 1);
    }
    Some((value, count))
}

/// `2 lambda x` for `2 (lambda x)`, `x` for `1/2 (2 x)`.
fn gathered(e: Expr) -> Expr {
    let ExprKind::Product { first, rest } = &e.kind else { return e };
    let all = factors(first, rest);
    let Some((outer, count)) = leading(&all) else { return e };
    let plain = |f: &Factor| matches!(f.op, ProductOp::Juxtaposition | ProductOp::Slash);
    if !rest.iter().all(plain) {
        return e;
    }
    let next = all.get(count).filter(|f| f.op == ProductOp::Juxtaposition).map(|f| &f.value.kind);
    let mut inner = match next {
        Some(ExprKind::Product { first, rest }) if rest.iter().all(plain) => factors(first, rest),
        // `1/2 2` is a number as well.
        _ if all[1..count].iter().any(|f| f.op != ProductOp::Slash) => {
            all.get(count).cloned().into_iter().collect()
        }
        _ => return e,
    };
    inner.extend(all.iter().skip(count + 1).cloned());
    // Numbers that meet are one.
    let (value, rest) = match leading(&inner) {
        Some((own, taken)) => match outer.times(own) {
            Some(value) => (value, inner.split_off(taken)),
            None => return e,
        },
        None => (outer, inner),
    };
    let whole = |n: i128| u32::try_from(n).ok().map(number);
    let (Some(up), Some(down)) = (whole(value.numerator()), whole(value.denominator())) else {
        return e;
    };
    let mut found = Vec::new();
    if value != Ratio::ONE || rest.first().is_none_or(|f| f.op != ProductOp::Juxtaposition) {
        found.push(by(ProductOp::Juxtaposition, up));
        if value.denominator() != 1 {
            found.push(by(ProductOp::Slash, down));
        }
    }
    found.extend(rest);
    of_factors(found).map_or(e, |e| tidy(&e))
}

/// `/ x` for the factor `(1 / x)`.
fn quotient(factor: Factor) -> Vec<Factor> {
    let juxtaposed = factor.op == ProductOp::Juxtaposition;
    match &factor.value.kind {
        ExprKind::Product { first, rest } if juxtaposed => match (&first.kind, rest.as_slice()) {
            (ExprKind::Number(n), [by]) if n.value == 1.0 && by.op == ProductOp::Slash => {
                vec![by.clone()]
            }
            _ => vec![factor],
        },
        _ => vec![factor],
    }
}

pub(super) fn node(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

pub(crate) fn name(text: &str) -> Expr {
    node(ExprKind::Name(text.into()))
}

pub(super) fn word(text: &str) -> Name {
    Name { text: text.into(), span: Span::default() }
}

pub(crate) fn number(value: u32) -> Expr {
    let (text, value) = (value.to_string(), f64::from(value));
    node(ExprKind::Number(Number { text, value, span: Span::default() }))
}

/// A name, or a whole number.
pub(crate) fn name_or_number(text: &str) -> Expr {
    match text.parse() {
        Ok(value) => number(value),
        Err(_) => name(text),
    }
}

pub(crate) fn transpose(e: &Expr) -> Expr {
    match &e.kind {
        ExprKind::Transpose(x) => (**x).clone(),
        _ => node(ExprKind::Transpose(Box::new(e.clone()))),
    }
}

/// The transpose of a product as a product: scalars in front, the rest turned around; nothing for
/// what is no plain product.
pub(crate) fn turned(e: &Expr, is_scalar: &dyn Fn(&str) -> bool) -> Option<Expr> {
    let ExprKind::Product { first, rest } = &e.kind else { return None };
    let (mut scalars, mut arrays) = (Vec::new(), Vec::new());
    for factor in factors(first, rest) {
        let scalar = match &factor.value.kind {
            ExprKind::Number(_) => true,
            ExprKind::Name(name) => is_scalar(name),
            _ => false,
        };
        match factor.op {
            ProductOp::Slash => scalars.push(factor),
            ProductOp::Juxtaposition | ProductOp::At if scalar => scalars.push(factor),
            ProductOp::Juxtaposition | ProductOp::At => {
                arrays.push(by(ProductOp::Juxtaposition, transpose(&factor.value)));
            }
            _ => return None,
        }
    }
    arrays.reverse();
    // A division needs something before it.
    if scalars.first().is_some_and(|f| f.op == ProductOp::Slash) {
        scalars.insert(0, by(ProductOp::Juxtaposition, number(1)));
    }
    scalars.extend(arrays);
    of_factors(scalars)
}

pub(super) fn call(function: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|value| Arg { name: None, value }).collect();
    node(ExprKind::Call { function: word(function), primes: 0, args })
}

pub(super) fn by(op: ProductOp, value: Expr) -> Factor {
    Factor { op, op_span: Span::default(), value }
}

/// `a b`, `a .* b`
pub(crate) fn product(a: Expr, op: ProductOp, b: Expr) -> Expr {
    node(ExprKind::Product { first: Box::new(a), rest: vec![by(op, b)] })
}

/// A sum of signed terms, nested ones joined; the terms with a plus may come first.
pub(crate) fn sum(terms: Vec<(Sign, Expr)>) -> Expr {
    let mut flat: Vec<(Sign, Expr)> = Vec::with_capacity(terms.len());
    for (sign, term) in terms {
        match term.kind {
            ExprKind::Sum(inner) => {
                flat.extend(inner.into_iter().map(|(s, t)| (times(sign, s), t)));
            }
            ExprKind::Negative(inner) => flat.push((times(sign, Sign::Minus), *inner)),
            kind => flat.push((sign, node(kind))),
        }
    }
    match flat.len() {
        1 => match flat.remove(0) {
            (Sign::Plus, term) => term,
            (Sign::Minus, term) => node(ExprKind::Negative(Box::new(term))),
        },
        _ => node(ExprKind::Sum(flat)),
    }
}

fn times(a: Sign, b: Sign) -> Sign {
    if a == b { Sign::Plus } else { Sign::Minus }
}

/// `-e`, its signs resolved; a sum turns all its signs and begins with a term that has a plus.
pub(crate) fn negative(e: Expr) -> Expr {
    match e.kind {
        ExprKind::Negative(inner) => *inner,
        ExprKind::Sum(terms) => {
            let mut turned: Vec<(Sign, Expr)> =
                terms.into_iter().map(|(s, t)| (times(s, Sign::Minus), t)).collect();
            if let Some(at) = turned.iter().position(|(s, _)| *s == Sign::Plus) {
                let front = turned.remove(at);
                turned.insert(0, front);
            }
            sum(turned)
        }
        kind => node(ExprKind::Negative(Box::new(node(kind)))),
    }
}

/// All factors of a product with the operators before them.
pub(super) fn factors(first: &Expr, rest: &[Factor]) -> Vec<Factor> {
    let head = by(ProductOp::Juxtaposition, first.clone());
    std::iter::once(head).chain(rest.iter().cloned()).collect()
}

/// The product of factors; the operator of the first does not count.
pub(super) fn of_factors(mut all: Vec<Factor>) -> Option<Expr> {
    if all.is_empty() {
        return None;
    }
    let first = all.remove(0).value;
    if all.is_empty() {
        return Some(first);
    }
    Some(node(ExprKind::Product { first: Box::new(first), rest: all }))
}
