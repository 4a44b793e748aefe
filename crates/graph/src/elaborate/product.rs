//! Products: one flat list of factors, left to right, scalars going with everything.

use std::collections::HashMap;

use chainrule_syntax::ast::{Expr, Factor, ProductOp};
use chainrule_syntax::{Diagnostic, Edit, Repair, Span};

use super::sum::is_plain;
use super::{Elaborator, Value};
use crate::index::NodeId;
use crate::op::Op;
use crate::types::Type;

/// Which kinds of array product a term has seen, with the operator's place.
#[derive(Default)]
struct Kinds {
    matrix: Option<Span>,
    elementwise: Option<Span>,
}

impl Elaborator<'_> {
    pub(crate) fn product(
        &mut self,
        first: &Expr,
        rest: &[Factor],
        span: Span,
        want: Option<&Type>,
    ) -> Value {
        // `2 I` takes its size from the context; a product of arrays has its own.
        let asks = |e: &Expr| super::sum::is_bare_constant(e).then_some(want).flatten();
        let head = self.expr(first, asks(first));
        let values: Vec<Value> = rest.iter().map(|f| self.expr(&f.value, asks(&f.value))).collect();
        let mut total = head?;
        let values: Option<Vec<NodeId>> = values.into_iter().collect();
        let mut kinds = Kinds::default();
        for (i, (factor, node)) in rest.iter().zip(values?).enumerate() {
            let left = first.span.to(if i == 0 { first.span } else { rest[i - 1].value.span });
            let arrays = !self.ty(total).is_scalar() && !self.ty(node).is_scalar();
            if arrays {
                let place = operator_place(factor);
                match factor.op {
                    ProductOp::Juxtaposition | ProductOp::At => kinds.matrix = Some(place),
                    ProductOp::DotStar | ProductOp::DotSlash => kinds.elementwise = Some(place),
                    _ => {}
                }
                if let (Some(matrix), Some(elementwise)) = (kinds.matrix, kinds.elementwise) {
                    return self.mixed(first, rest, span, matrix, elementwise);
                }
            }
            total = self.product_step(total, node, first, rest, i, left)?;
        }
        Some(total)
    }

    fn product_step(
        &mut self,
        a: NodeId,
        b: NodeId,
        first: &Expr,
        rest: &[Factor],
        i: usize,
        left: Span,
    ) -> Value {
        let factor = &rest[i];
        let right = factor.value.span;
        let place = left.to(right);
        let spans = [left, right];
        let (scalar_a, scalar_b) = (self.ty(a).is_scalar(), self.ty(b).is_scalar());
        match factor.op {
            ProductOp::Slash if scalar_b => self.add(Op::Quotient, &[a, b], &spans, place),
            ProductOp::DotSlash if scalar_b => self.add(Op::Quotient, &[a, b], &spans, place),
            ProductOp::Slash => self.array_division(a, b, factor, left),
            ProductOp::DotSlash | ProductOp::DotStar
                if !scalar_a && self.ty(a).dims != self.ty(b).dims && self.mixes(first, rest) =>
            {
                self.mixed_at_operators(first, rest)
            }
            ProductOp::DotSlash => self.elementwise(Op::HadamardQuotient, a, b, factor, left),
            _ if scalar_a => self.add(Op::Scale, &[a, b], &spans, place),
            _ if scalar_b => self.add(Op::Scale, &[b, a], &[right, left], place),
            ProductOp::Star => self.two_arrays(a, b, factor, left),
            ProductOp::DotStar => self.elementwise(Op::Hadamard, a, b, factor, left),
            ProductOp::Juxtaposition | ProductOp::At => match self.try_add(Op::MatMul, &[a, b]) {
                Ok(node) => Some(node),
                Err(misfit) => {
                    let inner = misfit.code == "inner-sizes";
                    if inner && self.mixes(first, rest) {
                        return self.mixed_at_operators(first, rest);
                    }
                    let found = super::report::diagnostic(misfit, &spans, place);
                    let types = (self.ty(a).clone(), self.ty(b).clone());
                    let found = if inner && self.wants_repairs() {
                        self.product_repairs(found, first, rest, i, &types)
                    } else {
                        found
                    };
                    self.fail(found)
                }
            },
        }
    }

    fn elementwise(&mut self, op: Op, a: NodeId, b: NodeId, factor: &Factor, left: Span) -> Value {
        let right = factor.value.span;
        let place = left.to(right);
        let (x, y) = self.align(a, b, (left, right))?;
        match self.try_add(op.clone(), &[x, y]) {
            Ok(node) => Some(node),
            Err(misfit) => {
                // The shapes shown are the author's, before lifting.
                let misfit = self.try_add(op, &[a, b]).err().unwrap_or(misfit);
                let found = super::report::diagnostic(misfit, &[left, right], place);
                if !self.wants_repairs() {
                    return self.fail(found);
                }
                let (l, r) = (self.flipped(left), self.flipped(right));
                let text = factor.op.text();
                let (lt, rt) = (self.source(left).to_string(), self.source(right).to_string());
                let mut found = found.replace(format!("`{lt} {text} {r}`"), right, &r).replace(
                    format!("`{l} {text} {rt}`"),
                    left,
                    &l,
                );
                let (p, q) = (self.ty(x).dims.clone(), self.ty(y).dims.clone());
                for repair in self.size_value_repairs(&p, &q) {
                    found = found.repair(repair);
                }
                for repair in self.declared_type_repairs(&factor.value, &p) {
                    found = found.repair(repair);
                }
                self.fail(found)
            }
        }
    }

    /// Whether a term has matrix products and element-wise ones, as written.
    fn mixes(&self, first: &Expr, rest: &[Factor]) -> bool {
        // The names of this term were read last.
        let names = self.out.uses.iter().rev().take_while(|(s, _)| s.start >= first.span.start);
        let scalars: HashMap<Span, bool> = names.map(|(s, ty)| (*s, ty.is_scalar())).collect();
        let array = |e: &Expr| scalars.get(&e.span) != Some(&true);
        let mut left = array(first);
        let (mut matrix, mut elementwise) = (false, false);
        for factor in rest {
            let right = array(&factor.value);
            if left && right {
                match factor.op {
                    ProductOp::Juxtaposition | ProductOp::At => matrix = true,
                    ProductOp::DotStar | ProductOp::DotSlash => elementwise = true,
                    _ => {}
                }
            }
            left |= right;
        }
        matrix && elementwise
    }

    fn mixed_at_operators(&mut self, first: &Expr, rest: &[Factor]) -> Value {
        let place = |matrix: bool| {
            let op = |f: &&Factor| match f.op {
                ProductOp::Juxtaposition | ProductOp::At => matrix,
                ProductOp::DotStar | ProductOp::DotSlash => !matrix,
                _ => false,
            };
            rest.iter().find(op).map_or(first.span, operator_place)
        };
        let span = first.span.to(rest.last().map_or(first.span, |f| f.value.span));
        self.mixed(first, rest, span, place(true), place(false))
    }

    /// A text with a transpose put on, or taken off.
    pub(crate) fn flipped(&self, span: Span) -> String {
        let text = self.source(span);
        match text.strip_suffix("^T") {
            Some(plain) => plain.to_string(),
            None if is_plain(text) || is_suffixed(text) => format!("{text}^T"),
            None => format!("({text})^T"),
        }
    }

    /// `A * B` of two arrays has two readings.
    fn two_arrays(&mut self, a: NodeId, b: NodeId, factor: &Factor, left: Span) -> Value {
        let (x, y) = (self.shape(a), self.shape(b));
        let message = format!("`*` between two arrays ({x} and {y}): which product is meant?");
        let found = Diagnostic::error("two-arrays", message, factor.op_span, "only with a number")
            .label(left, x)
            .label(factor.value.span, y)
            .replace("entry by entry: `.*`", factor.op_span, ".*")
            .replace(
                "the matrix product",
                Span { start: left.end, end: factor.value.span.start },
                " ",
            );
        self.fail(found)
    }

    fn array_division(&mut self, a: NodeId, b: NodeId, factor: &Factor, left: Span) -> Value {
        let (x, y) = (self.shape(a), self.shape(b));
        let message = format!("division by an array ({y})");
        let right = factor.value.span;
        let gap = Span { start: factor.op_span.start, end: right.end };
        let text = self.source(right).to_string();
        let found = Diagnostic::error("array-division", message, factor.op_span, "")
            .label(left, x)
            .label(right, y)
            .replace("entry by entry: `./`", factor.op_span, "./")
            .replace(format!("times the inverse: `{text}^-1`"), gap, format!("{text}^-1"));
        self.fail(found)
    }

    /// `A .* B C` with three arrays.
    fn mixed(
        &mut self,
        first: &Expr,
        rest: &[Factor],
        span: Span,
        matrix: Span,
        elementwise: Span,
    ) -> Value {
        let message = "a matrix product and an element-wise one in one term: which comes first?";
        let mut found = Diagnostic::error("mixed-products", message, elementwise, "entry by entry")
            .label(matrix, "a factor of a matrix product");
        let text = self.source(span).to_string();
        if text.len() == span.range().len() {
            for repair in groupings(&text, first, rest, span) {
                found = found.repair(repair);
            }
        }
        self.fail(found)
    }

    /// Changes of a product whose inner sizes differ; only those that fit are kept later.
    fn product_repairs(
        &mut self,
        mut found: Diagnostic,
        first: &Expr,
        rest: &[Factor],
        i: usize,
        types: &(crate::types::Type, crate::types::Type),
    ) -> Diagnostic {
        let before = if i == 0 { first } else { &rest[i - 1].value };
        let here = &rest[i].value;
        let (a, b) = (before.span, here.span);
        if let Some(next) = rest.get(i + 1)
            && matches!(next.op, ProductOp::Juxtaposition | ProductOp::At)
        {
            let both = b.to(next.value.span);
            let text = self.source(both).to_string();
            found = found.repair(parentheses(format!("`({text})` first"), both));
        }
        let (a_text, b_text) = (self.source(a).to_string(), self.source(b).to_string());
        let (a_flip, b_flip) = (self.flipped(a), self.flipped(b));
        let gap = Span { start: a.end, end: b.start };
        let entrywise =
            Repair::replace(format!("entry by entry: `{a_text} .* {b_text}`"), gap, " .* ");
        if types.0.dims == types.1.dims {
            found = found.repair(entrywise.clone());
        }
        found = found.replace(format!("`{a_text} {b_flip}`"), b, &b_flip).replace(
            format!("`{a_flip} {b_text}`"),
            a,
            &a_flip,
        );
        let swap =
            vec![Edit { span: a, text: b_text.clone() }, Edit { span: b, text: a_text.clone() }];
        found = found.repair(Repair::edits(format!("the other order, `{b_text} {a_text}`"), swap));
        let both =
            vec![Edit { span: a, text: a_flip.clone() }, Edit { span: b, text: b_flip.clone() }];
        found = found.repair(Repair::edits(format!("`{a_flip} {b_flip}`"), both));
        found = found.repair(entrywise);
        for factor in [before, here] {
            if let Some((name, declared)) = self.declaration_of(factor) {
                let line = self.line_of(declared);
                let text = format!("`{name}` is declared in line {line}");
                if !found.labels.iter().any(|l| l.span == declared) {
                    found = found.label(declared, text);
                }
            }
        }
        if let (Some((_, k)), Some((l, _))) = (types.0.matrix(), types.1.matrix()) {
            for repair in
                self.size_value_repairs(std::slice::from_ref(&k), std::slice::from_ref(&l))
            {
                found = found.repair(repair);
            }
            for repair in self.inner_type_repairs(before, here, &k, &l) {
                found = found.repair(repair);
            }
        }
        found
    }
}

/// The operator, or the factor that stands without one.
fn operator_place(factor: &Factor) -> Span {
    if factor.op_span.is_empty() { factor.value.span } else { factor.op_span }
}

/// Whether a text ends in a bracket that belongs to it, so that `^T` binds to all of it.
fn is_suffixed(text: &str) -> bool {
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    word > 0 && (text.ends_with(')') || text.ends_with(']')) && !text[word..].contains(' ')
}

fn parentheses(message: String, span: Span) -> Repair {
    Repair::edits(
        message,
        vec![
            Edit { span: span.before(), text: "(".into() },
            Edit { span: span.after(), text: ")".into() },
        ],
    )
}

/// The two ways to group a mixed term, `text` at `span`: matrix products first, or element-wise ones first.
fn groupings(text: &str, first: &Expr, rest: &[Factor], span: Span) -> Vec<Repair> {
    let factors: Vec<&Expr> = std::iter::once(first).chain(rest.iter().map(|f| &f.value)).collect();
    let matrix = |op: ProductOp| matches!(op, ProductOp::Juxtaposition | ProductOp::At);
    let mut out = Vec::new();
    for matrix_first in [true, false] {
        let mut edits = Vec::new();
        let mut start = 0;
        for i in 0..factors.len() {
            let joined =
                rest.get(i).is_some_and(|f| matrix(f.op) == matrix_first && i + 1 < factors.len());
            if joined {
                continue;
            }
            let whole = start == 0 && i + 1 == factors.len();
            if i > start && !whole {
                edits.push(Edit { span: factors[start].span.before(), text: "(".into() });
                edits.push(Edit { span: factors[i].span.after(), text: ")".into() });
            }
            start = i + 1;
        }
        if edits.is_empty() {
            continue;
        }
        let repair = Repair::edits("", edits);
        let within = |s: Span| Span { start: s.start - span.start, end: s.end - span.start };
        let moved = |e: &Edit| Edit { span: within(e.span), ..e.clone() };
        let local = Repair { edits: repair.edits.iter().map(moved).collect(), ..repair.clone() };
        let Some(shown) = local.apply(text) else { continue };
        out.push(Repair { message: format!("`{shown}`"), ..repair });
    }
    out
}
