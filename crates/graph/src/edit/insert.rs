//! What may be missing: a sign, a factor of all, a delta, a value, an upstream gradient.

use chainrule_syntax::Span;
use chainrule_syntax::ast::{
    BigForm, BigOp, Binder, Comparison, Entry, Expr, ExprKind, Index, ProductOp,
};

use super::tree::{self, factors, name, node, of_factors, word};
use super::{All, Kind, Known, Place, short};

impl All<'_> {
    /// Changes of the whole formula.
    pub(super) fn root(&mut self, e: &Expr) {
        let place = Place { indices: self.vocabulary.indices.clone(), ..Place::default() };
        self.add(Kind::Sign, &place, "sign of all", |e| Some(tree::negative(e.clone())));
        if matches!(
            e.kind,
            ExprKind::Product { .. }
                | ExprKind::Sum(_)
                | ExprKind::Big { .. }
                | ExprKind::Negative(_)
        ) {
            self.add(Kind::Transpose, &place, "transpose of all", |e| Some(tree::transpose(e)));
        }
        if !self.vocabulary.rich {
            return;
        }
        self.scales(&place);
        self.sums(e, &place);
        self.deltas(&place);
        self.upstream(&place);
        self.lengths(e, &place);
        self.missing(e, &place);
    }

    /// 2, 1/2, N, 1/N.
    fn scales(&mut self, place: &Place) {
        let sizes = self.vocabulary.sizes.iter().map(|s| name(s));
        let all: Vec<Expr> = std::iter::once(tree::number(2)).chain(sizes).collect();
        for factor in all {
            let text = short(&factor);
            for divides in [false, true] {
                let what = format!("factor {}{text}", if divides { "1/" } else { "" });
                let factor = factor.clone();
                self.add(Kind::Scale, place, what, move |e| Some(times(e, &factor, divides)));
            }
        }
    }

    /// `sum[k] ..` over an index that nothing binds, `mean[N] ..` over a batch.
    fn sums(&mut self, e: &Expr, place: &Place) {
        let mut open = Vec::new();
        self.unbound(e, &mut open);
        for index in open {
            let what = format!("sum over {index} missing");
            self.add(Kind::Grouping, place, what, move |e| Some(big(BigOp::Sum, &index, e)));
        }
        for batch in self.vocabulary.batches.clone() {
            for op in [BigOp::Mean, BigOp::Sum] {
                let (what, batch) = (format!("{}[{batch}] missing", op.text()), batch.clone());
                self.add(Kind::Grouping, place, what, move |e| Some(big(op, &batch, e)));
            }
        }
    }

    /// Names in brackets that mean nothing.
    fn unbound(&self, e: &Expr, found: &mut Vec<String>) {
        if let ExprKind::Access { indices, .. } = &e.kind {
            for index in indices {
                let Index::At(Expr { kind: ExprKind::Name(text), .. }) = index else { continue };
                let vocabulary = self.vocabulary;
                let known = vocabulary.value(text).is_some()
                    || vocabulary.sizes.contains(text)
                    || vocabulary.indices.iter().any(|(index, _)| index == text);
                if !known && !found.contains(text) {
                    found.push(text.clone());
                }
            }
        }
        let mut below = Vec::new();
        tree::children(e).into_iter().for_each(|child| self.unbound(child, &mut below));
        if let ExprKind::Big { binders, .. } = &e.kind {
            below.retain(|name| !binders.iter().any(|b| b.name.text == *name));
        }
        below.retain(|name| !found.contains(name));
        found.extend(below);
    }

    /// `1[i == k]` for two indices, or for an index and a label.
    fn deltas(&mut self, place: &Place) {
        let indices: Vec<String> = place.indices.iter().map(|(i, _)| i.clone()).collect();
        let labels = self.vocabulary.values.iter().filter(|v| v.label && v.dims.is_empty());
        let labels: Vec<String> = labels.map(|v| v.name.clone()).collect();
        for (at, a) in indices.iter().enumerate() {
            for b in indices[at + 1..].iter().chain(&labels) {
                let delta = equal(a, b);
                let what = format!("Kronecker delta {} missing", short(&delta));
                self.add(Kind::Delta, place, what, move |e| {
                    Some(tree::product(delta.clone(), ProductOp::Juxtaposition, e.clone()))
                });
            }
        }
    }

    /// `dL/dv e`, or `dL/dv` alone.
    fn upstream(&mut self, place: &Place) {
        let Some(loss) = self.vocabulary.loss.clone() else { return };
        let values: Vec<Known> = self.vocabulary.values.clone();
        for value in values.iter().filter(|v| !v.label && v.name != loss) {
            let gradient = gradient(&loss, &value.name);
            let what = format!("factor {} missing", short(&gradient));
            for turned in [false, true] {
                let factor = if turned { tree::transpose(&gradient) } else { gradient.clone() };
                let (after, around) = (factor.clone(), factor.clone());
                self.add(Kind::Insert, place, what.clone(), move |e| {
                    Some(tree::product(factor.clone(), ProductOp::Juxtaposition, e.clone()))
                });
                self.add(Kind::Insert, place, what.clone(), move |e| {
                    Some(tree::product(e.clone(), ProductOp::Juxtaposition, after.clone()))
                });
                if !turned {
                    self.add(Kind::Insert, place, what.clone(), move |e| {
                        Some(tree::product(around.clone(), ProductOp::DotStar, e.clone()))
                    });
                }
            }
        }
    }

    /// A value as a further factor: of all, of a term, of what is summed.
    fn missing(&mut self, e: &Expr, place: &Place) {
        match &e.kind {
            ExprKind::Sum(terms) => {
                for (at, (_, term)) in terms.iter().enumerate() {
                    let mut below = place.clone();
                    below.path.push(at);
                    self.missing(term, &below);
                }
            }
            ExprKind::Negative(inner) => {
                let mut below = place.clone();
                below.path.push(0);
                self.missing(inner, &below);
            }
            ExprKind::Big { binders, body, .. } => {
                let mut below = place.clone();
                below.path.push(0);
                below.indices.extend(binders.iter().map(|b| {
                    (b.name.text.clone(), b.range.as_ref().map(chainrule_syntax::print::expr))
                }));
                self.missing(body, &below);
            }
            _ => {
                self.slopes_of_all(place);
                for (factor, scalar) in self.candidates(place) {
                    self.further(place, &factor, scalar);
                }
            }
        }
    }

    /// `x / ||x||` for `x`.
    fn lengths(&mut self, e: &Expr, place: &Place) {
        let array = |e: &Expr| match &e.kind {
            ExprKind::Name(text) => {
                self.vocabulary.value(text).is_some_and(|v| !v.dims.is_empty() && !v.label)
            }
            _ => false,
        };
        if !tree::holds(e, &array) {
            return;
        }
        self.add(Kind::Insert, place, "division by its length missing", |e| {
            let kind = chainrule_syntax::ast::NormKind::Plain;
            let length = node(ExprKind::Norm(Box::new(e.clone()), kind));
            Some(tree::product(e.clone(), ProductOp::Slash, length))
        });
    }

    /// One further factor at one place: behind, before, entry by entry.
    fn further(&mut self, place: &Place, factor: &Expr, scalar: bool) {
        let what = format!("factor {} missing", short(factor));
        if scalar {
            let factor = factor.clone();
            self.add(Kind::Insert, place, what, move |e| Some(in_front(e, &factor)));
            return;
        }
        let (behind, before, around) = (factor.clone(), factor.clone(), factor.clone());
        self.add(Kind::Insert, place, what.clone(), move |e| {
            Some(tree::product(e.clone(), ProductOp::Juxtaposition, behind.clone()))
        });
        self.add(Kind::Insert, place, what.clone(), move |e| Some(in_front(e, &before)));
        self.add(Kind::Insert, place, what, move |e| {
            Some(tree::product(e.clone(), ProductOp::DotStar, around.clone()))
        });
    }

    /// The values, their entries and columns at the indices that are bound; whether each is a number.
    fn candidates(&self, place: &Place) -> Vec<(Expr, bool)> {
        let mut found = Vec::new();
        for value in self.vocabulary.values.iter().filter(|v| !v.label) {
            let plain = name(&value.name);
            if value.dims.is_empty() {
                found.push((plain, true));
                continue;
            }
            let mut add = |e: Expr| {
                found.push((tree::transpose(&e), false));
                found.push((e, false));
            };
            let fitting = |dim: &String| -> Vec<Expr> {
                let fits = |range: &Option<String>| range.as_ref().is_none_or(|r| r == dim);
                place.indices.iter().filter(|(_, r)| fits(r)).map(|(i, _)| name(i)).collect()
            };
            match value.dims.as_slice() {
                [dim] => {
                    add(plain.clone());
                    let entries = fitting(dim).into_iter();
                    found.extend(entries.map(|i| (access(&plain, vec![Some(i)]), true)));
                }
                [rows, columns] => {
                    add(plain.clone());
                    for i in fitting(columns) {
                        add(access(&plain, vec![None, Some(i)]));
                    }
                    for i in fitting(rows) {
                        add(access(&plain, vec![Some(i), None]));
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// `sum[i] e`
fn big(op: BigOp, index: &str, e: &Expr) -> Expr {
    let binders = vec![Binder { name: word(index), range: None }];
    let (form, word) = (BigForm::Bracket, Span::default());
    node(ExprKind::Big { op, form, binders, body: Box::new(e.clone()), word })
}

/// `1[a == b]`
fn equal(a: &str, b: &str) -> Expr {
    let compare = ExprKind::Compare(Comparison::Equal, Box::new(name(a)), Box::new(name(b)));
    node(ExprKind::Indicator(Box::new(node(compare))))
}

/// `dL/dv`
fn gradient(loss: &str, by: &str) -> Expr {
    let entry = |text: &str| Entry { name: word(text), indices: None, span: Span::default() };
    node(ExprKind::Derivative { of: entry(loss), by: vec![entry(by)] })
}

/// `v[i]`, `A[:,i]`
pub(super) fn access(base: &Expr, indices: Vec<Option<Expr>>) -> Expr {
    let index = |at: Option<Expr>| at.map_or(Index::All(Span::default()), Index::At);
    node(ExprKind::Access {
        base: Box::new(base.clone()),
        indices: indices.into_iter().map(index).collect(),
        pad: false,
        bracket: Span::default(),
    })
}

/// `f e`, `1/f e`: a number joins one that stands in front.
pub(crate) fn times(e: &Expr, factor: &Expr, divides: bool) -> Expr {
    match &e.kind {
        ExprKind::Negative(inner) => tree::negative(times(inner, factor, divides)),
        _ if divides => {
            let unit = tree::product(tree::number(1), ProductOp::Slash, factor.clone());
            tree::product(unit, ProductOp::Juxtaposition, e.clone())
        }
        _ => tree::product(factor.clone(), ProductOp::Juxtaposition, e.clone()),
    }
}

/// A factor in front of a product, behind the numbers that lead it.
fn in_front(e: &Expr, factor: &Expr) -> Expr {
    let ExprKind::Product { first, rest } = &e.kind else {
        return tree::product(factor.clone(), ProductOp::Juxtaposition, e.clone());
    };
    let mut all = factors(first, rest);
    let number = |e: &Expr| matches!(e.kind, ExprKind::Number(_));
    let mut at = usize::from(number(&all[0].value));
    while all.get(at).is_some_and(|f| f.op == ProductOp::Slash) && at > 0 {
        at += 1;
    }
    // An element-wise product keeps its two sides.
    if all[1..].iter().any(|f| matches!(f.op, ProductOp::DotStar | ProductOp::DotSlash)) {
        return tree::product(factor.clone(), ProductOp::Juxtaposition, e.clone());
    }
    all.insert(at, tree::by(ProductOp::Juxtaposition, factor.clone()));
    of_factors(all).unwrap_or_else(|| e.clone())
}
