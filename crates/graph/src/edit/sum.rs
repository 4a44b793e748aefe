//! Changes of a sum of terms and of a sum over indices.

use chainrule_syntax::ast::{BigOp, Expr, ExprKind, ProductOp, Sign};

use super::tree;
use super::{All, Kind, Place, short};

impl All<'_> {
    pub(super) fn sum(&mut self, terms: &[(Sign, Expr)], place: &Place) {
        for (at, (_, term)) in terms.iter().enumerate() {
            let what = format!("sign of the term {}", short(term));
            self.add(Kind::Sign, place, what, move |e| {
                of_terms(e, |mut terms| {
                    let (sign, _) = terms.get_mut(at)?;
                    *sign = if *sign == Sign::Plus { Sign::Minus } else { Sign::Plus };
                    Some(tree::sum(terms))
                })
            });
            let what = format!("drop the term {}", short(term));
            self.add(Kind::DropTerm, place, what, move |e| {
                of_terms(e, |mut terms| {
                    if terms.len() < 2 || at >= terms.len() {
                        return None;
                    }
                    terms.remove(at);
                    Some(tree::sum(terms))
                })
            });
            if self.vocabulary.rich {
                self.scaled(term, at, place);
            }
        }
        self.gathered(terms, place);
    }

    /// A factor 2 or 1/2 on one term.
    fn scaled(&mut self, term: &Expr, at: usize, place: &Place) {
        for (text, half) in [("2", false), ("1/2", true)] {
            let what = format!("factor {text} on the term {}", short(term));
            self.add(Kind::Number, place, what, move |e| {
                of_terms(e, |mut terms| {
                    let (_, term) = terms.get_mut(at)?;
                    *term = scaled(term.clone(), half);
                    Some(tree::sum(terms))
                })
            });
        }
    }

    /// `a b + c` for `a (b + c)`, `a b c + d` for `a (b c + d)`: the parentheses are missing.
    fn gathered(&mut self, terms: &[(Sign, Expr)], place: &Place) {
        for (at, (_, term)) in terms.iter().enumerate() {
            let ExprKind::Product { rest, .. } = &term.kind else { continue };
            if at + 1 >= terms.len() {
                continue;
            }
            for from in (1..=rest.len()).rev() {
                let next = short(&terms[at + 1].1);
                let what = format!("parentheses around a part of {} and {next}", short(term));
                self.add(Kind::Grouping, place, what, move |e| {
                    of_terms(e, |terms| gathered_at(terms, at, from))
                });
            }
        }
        if !self.vocabulary.rich {
            return;
        }
        // `sum[i] a[i] + b` for `sum[i] (a[i] + b)`.
        for (at, (_, term)) in terms.iter().enumerate() {
            let ExprKind::Big { .. } = &term.kind else { continue };
            for (other, (_, inside)) in terms.iter().enumerate().filter(|(other, _)| *other != at) {
                let what = format!("the term {} belongs inside the sum", short(inside));
                self.add(Kind::Grouping, place, what, move |e| {
                    of_terms(e, |mut terms| {
                        let (sign, moved) = terms.get(other)?.clone();
                        let outer = terms.get(at)?.0;
                        let sign = if outer == Sign::Plus { sign } else { flipped(sign) };
                        let ExprKind::Big { body, .. } = &mut terms.get_mut(at)?.1.kind else {
                            return None;
                        };
                        **body = tree::sum(vec![(Sign::Plus, (**body).clone()), (sign, moved)]);
                        terms.remove(other);
                        Some(tree::sum(terms))
                    })
                });
            }
        }
    }

    /// A term of the body that belongs outside; a sum for a mean; a sum too many.
    pub(super) fn big(&mut self, e: &Expr, place: &Place) {
        let ExprKind::Big { op, body, .. } = &e.kind else { return };
        if !self.vocabulary.rich {
            return;
        }
        if let ExprKind::Sum(terms) = &body.kind {
            for (at, (_, term)) in terms.iter().enumerate() {
                let what = format!("the term {} belongs outside the sum", short(term));
                self.add(Kind::Grouping, place, what, move |e| outside(e, at));
            }
        }
        if let ExprKind::Product { first, rest } = &body.kind {
            let all = tree::factors(first, rest);
            for (at, factor) in all.iter().enumerate() {
                let what = format!("the factor {} belongs outside the sum", short(&factor.value));
                self.add(Kind::Grouping, place, what, move |e| factor_outside(e, at));
            }
        }
        let what = format!("without the {}", op.text());
        self.add(Kind::Grouping, place, what, |e| match &e.kind {
            ExprKind::Big { body, .. } => Some((**body).clone()),
            _ => None,
        });
        let other = match op {
            BigOp::Sum => BigOp::Mean,
            BigOp::Mean => BigOp::Sum,
            BigOp::Max => BigOp::Min,
            BigOp::Min => BigOp::Max,
            BigOp::Prod => return,
        };
        let what = format!("{} instead of {}", other.text(), op.text());
        self.add(Kind::Function, place, what, move |e| {
            let mut out = e.clone();
            let ExprKind::Big { op, .. } = &mut out.kind else { return None };
            *op = other;
            Some(out)
        });
    }
}

/// The factors of a term from one on, with the next term, in parentheses.
fn gathered_at(mut terms: Vec<(Sign, Expr)>, at: usize, from: usize) -> Option<Expr> {
    let (next_sign, next) = terms.get(at + 1)?.clone();
    let (sign, term) = terms.get(at)?.clone();
    let ExprKind::Product { first, rest } = &term.kind else { return None };
    let mut all = tree::factors(first, rest);
    let inner = if from <= all.len() { all.split_off(from) } else { return None };
    let op = inner.first()?.op;
    if matches!(op, ProductOp::Slash | ProductOp::DotSlash) && inner.len() > 1 {
        return None;
    }
    // Under a minus the sum inside turns its sign.
    let inside = if sign == Sign::Plus { next_sign } else { flipped(next_sign) };
    let sum = tree::sum(vec![(Sign::Plus, tree::of_factors(inner)?), (inside, next)]);
    all.push(tree::by(op, sum));
    terms[at].1 = tree::of_factors(all)?;
    terms.remove(at + 1);
    Some(tree::sum(terms))
}

fn flipped(sign: Sign) -> Sign {
    if sign == Sign::Plus { Sign::Minus } else { Sign::Plus }
}

/// `2 e`, `1/2 e`
pub(super) fn scaled(e: Expr, half: bool) -> Expr {
    let (factor, op) = match half {
        true => (
            tree::product(tree::number(1), ProductOp::Slash, tree::number(2)),
            ProductOp::Juxtaposition,
        ),
        false => (tree::number(2), ProductOp::Juxtaposition),
    };
    tree::product(factor, op, e)
}

fn outside(e: &Expr, at: usize) -> Option<Expr> {
    let mut big = e.clone();
    let ExprKind::Big { body, .. } = &mut big.kind else { return None };
    let ExprKind::Sum(terms) = &mut body.kind else { return None };
    if at >= terms.len() || terms.len() < 2 {
        return None;
    }
    let moved = terms.remove(at);
    **body = tree::sum(std::mem::take(terms));
    Some(tree::sum(vec![(Sign::Plus, big), moved]))
}

fn factor_outside(e: &Expr, at: usize) -> Option<Expr> {
    let mut big = e.clone();
    let ExprKind::Big { body, .. } = &mut big.kind else { return None };
    let ExprKind::Product { first, rest } = &body.kind else { return None };
    let mut all = tree::factors(first, rest);
    let moved = if at < all.len() { all.remove(at) } else { return None };
    let divides = |op| matches!(op, ProductOp::Slash | ProductOp::DotSlash);
    if divides(all.first()?.op) {
        return None;
    }
    **body = tree::of_factors(all)?;
    let last = at > 0;
    Some(match (divides(moved.op), last) {
        (true, true) => tree::product(big, moved.op, moved.value),
        (_, true) => tree::product(big, ProductOp::Juxtaposition, moved.value),
        (_, false) => tree::product(moved.value, ProductOp::Juxtaposition, big),
    })
}

/// The change of a sum by its terms; nothing if the node is no sum.
fn of_terms(e: &Expr, change: impl Fn(Vec<(Sign, Expr)>) -> Option<Expr>) -> Option<Expr> {
    match &e.kind {
        ExprKind::Sum(terms) => change(terms.clone()),
        _ => None,
    }
}
