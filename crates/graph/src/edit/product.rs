//! Changes of a product: order, operators, factors too many, grouping.

use chainrule_syntax::ast::{Expr, ExprKind, Factor, ProductOp, Sign};

use super::tree::{self, factors, of_factors};
use super::{All, Kind, Place, short};

impl All<'_> {
    pub(super) fn product(&mut self, first: &Expr, rest: &[Factor], place: &Place) {
        let all = factors(first, rest);
        for at in 0..rest.len() {
            self.order(&all, at, place);
            self.operator(&all, at, place);
        }
        for at in 0..all.len() {
            self.fewer(&all, at, place);
        }
        self.opened(&all, place);
    }

    /// Two neighbours, or everything on the two sides of an operator, in the other order.
    fn order(&mut self, all: &[Factor], at: usize, place: &Place) {
        let (left, right) = (&all[at], &all[at + 1]);
        if !matches!(right.op, ProductOp::Juxtaposition | ProductOp::At) {
            return;
        }
        // Numbers may stand anywhere.
        let number = |f: &Factor| matches!(f.value.kind, ExprKind::Number(_));
        if number(left) || number(right) {
            return;
        }
        let what = format!("swap the factors {} and {}", short(&left.value), short(&right.value));
        self.add(Kind::Swap, place, what, move |e| {
            of_parts(e, |mut all| {
                let (a, b) = (all.get(at)?.value.clone(), all.get(at + 1)?.value.clone());
                (all[at].value, all[at + 1].value) = (b, a);
                of_factors(all)
            })
        });
        if all.len() > 2 {
            let (before, after) = (grouped(all, 0, at + 1), grouped(all, at + 1, all.len()));
            let (Some(before), Some(after)) = (before, after) else { return };
            let what = format!("swap {} and {}", short(&before), short(&after));
            self.add(Kind::Swap, place, what, move |e| {
                of_parts(e, |all| {
                    let (a, b) = (grouped(&all, 0, at + 1)?, grouped(&all, at + 1, all.len())?);
                    Some(tree::product(b, ProductOp::Juxtaposition, a))
                })
            });
        }
    }

    /// Another operator between two factors, or between the two sides of it.
    fn operator(&mut self, all: &[Factor], at: usize, place: &Place) {
        let (left, right) = (&all[at], &all[at + 1]);
        let (a, b) = (short(&left.value), short(&right.value));
        let wanted: &[(ProductOp, &str)] = match right.op {
            ProductOp::Juxtaposition | ProductOp::At => {
                &[(ProductOp::DotStar, "element-wise product instead of matrix product")]
            }
            ProductOp::DotStar => &[
                (ProductOp::Juxtaposition, "matrix product instead of element-wise product"),
                (ProductOp::DotSlash, "division instead of product"),
            ],
            ProductOp::DotSlash => &[(ProductOp::DotStar, "product instead of division")],
            ProductOp::Slash => &[(ProductOp::Juxtaposition, "product instead of division")],
            ProductOp::Star => &[],
        };
        for (op, what) in wanted {
            let op = *op;
            let what = format!("{what}: {a} {} {b}", op.text()).replace("  ", " ");
            // The whole of both sides: `(a b) .* (c d)`.
            self.add(Kind::Product, place, what.clone(), move |e| {
                of_parts(e, |all| {
                    let (a, b) = (grouped(&all, 0, at + 1)?, grouped(&all, at + 1, all.len())?);
                    Some(tree::product(a, op, b))
                })
            });
            if all.len() == 2 {
                continue;
            }
            // The two neighbours alone: `a (b .* c) d`.
            self.add(Kind::Product, place, what, move |e| {
                of_parts(e, |mut all| {
                    let right = all.get(at + 1)?.value.clone();
                    all.remove(at + 1);
                    let left = all[at].value.clone();
                    all[at].value = tree::product(left, op, right);
                    of_factors(all)
                })
            });
        }
    }

    /// One factor too many.
    fn fewer(&mut self, all: &[Factor], at: usize, place: &Place) {
        let factor = &all[at];
        let divides = matches!(factor.op, ProductOp::Slash | ProductOp::DotSlash);
        let numeric = matches!(factor.value.kind, ExprKind::Number(_));
        let kind = if divides || numeric { Kind::Number } else { Kind::DropFactor };
        let what = match divides && at > 0 {
            true => format!("drop the division by {}", short(&factor.value)),
            false => format!("drop the factor {}", short(&factor.value)),
        };
        self.add(kind, place, what, move |e| {
            of_parts(e, |mut all| {
                if at >= all.len() {
                    return None;
                }
                all.remove(at);
                // `1 / N` without the 1 is no formula: the division stays.
                if at == 0 && matches!(all.first()?.op, ProductOp::Slash | ProductOp::DotSlash) {
                    all.insert(0, tree::by(ProductOp::Juxtaposition, tree::number(1)));
                }
                of_factors(all)
            })
        });
    }

    /// `a (b + c)` for `a b + c`, written without the parentheses.
    fn opened(&mut self, all: &[Factor], place: &Place) {
        let Some(ExprKind::Sum(terms)) = all.last().map(|f| &f.value.kind) else { return };
        if terms.len() < 2 {
            return;
        }
        let what = format!("the product without {}", short(&terms[terms.len() - 1].1));
        self.add(Kind::Grouping, place, what, move |e| {
            of_parts(e, |mut all| {
                let last = all.pop()?;
                let ExprKind::Sum(mut terms) = last.value.kind else { return None };
                let (sign, outside) = terms.pop()?;
                all.push(tree::by(last.op, tree::sum(terms)));
                Some(tree::sum(vec![(Sign::Plus, of_factors(all)?), (sign, outside)]))
            })
        });
    }
}

/// The change of a product by its factors; nothing if the node is no product.
fn of_parts(e: &Expr, change: impl Fn(Vec<Factor>) -> Option<Expr>) -> Option<Expr> {
    match &e.kind {
        ExprKind::Product { first, rest } => change(factors(first, rest)),
        _ => None,
    }
}

/// Some neighbours as one product.
fn grouped(all: &[Factor], from: usize, to: usize) -> Option<Expr> {
    let part = all.get(from..to)?.to_vec();
    // What is divided by cannot stand first.
    let divides = |f: &Factor| matches!(f.op, ProductOp::Slash | ProductOp::DotSlash);
    if from > 0 && part.first().is_some_and(divides) && part.len() > 1 {
        return None;
    }
    of_factors(part)
}
