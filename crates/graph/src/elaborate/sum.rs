//! Sums.

use chainrule_syntax::ast::{Expr, ExprKind, Sign};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning, Value};
use crate::index::NodeId;
use crate::op::Op;
use crate::types::Type;

impl Elaborator<'_> {
    pub(crate) fn sum(&mut self, terms: &[(Sign, Expr)], span: Span, want: Option<&Type>) -> Value {
        let mut nodes: Vec<(Sign, Value, &Expr)> = Vec::with_capacity(terms.len());
        for (sign, term) in terms {
            // `A + I`: the identity takes its size from its neighbours.
            let node = if is_bare_constant(term) { None } else { self.expr(term, None) };
            nodes.push((*sign, node, term));
        }
        let known = nodes.iter().find_map(|(_, node, _)| *node).map(|n| self.ty(n).clone());
        for (_, node, term) in &mut nodes {
            if is_bare_constant(term) {
                *node = self.expr(term, known.as_ref().or(want));
            }
        }
        let mut total: Value = None;
        let mut covered = terms.first().map_or(span, |(_, t)| t.span);
        for (i, (sign, node, term)) in nodes.into_iter().enumerate() {
            let node = node?;
            total = Some(match (total, sign) {
                (None, Sign::Plus) => node,
                (None, Sign::Minus) => self.add(Op::Neg, &[node], &[term.span], term.span)?,
                (Some(sum), sign) => {
                    let left = if i == 1 { terms[0].1.span } else { covered };
                    self.sum_step(sum, node, sign, left, term)?
                }
            });
            covered = covered.to(term.span);
        }
        total
    }

    fn sum_step(
        &mut self,
        sum: NodeId,
        node: NodeId,
        sign: Sign,
        left: Span,
        term: &Expr,
    ) -> Value {
        let op = if sign == Sign::Plus { Op::Add } else { Op::Sub };
        let place = left.to(term.span);
        let (a, b) = self.align(sum, node, (left, term.span))?;
        match self.try_add(op.clone(), &[a, b]) {
            Ok(node) => Some(node),
            Err(misfit) => {
                // The shapes shown are the author's, before lifting.
                let misfit = self.try_add(op, &[sum, node]).err().unwrap_or(misfit);
                let shapes = misfit.code == "sum-shapes";
                let mut found = super::report::diagnostic(misfit, &[left, term.span], place);
                if shapes && self.wants_repairs() {
                    found = self.sum_repairs(found, sum, node, left, term);
                }
                for (node, span) in [(sum, left), (node, term.span)] {
                    if matches!(self.ty(node).kind, crate::types::Kind::Label(_)) {
                        let text = format!("onehot({})", self.source(span));
                        found = found.replace(format!("`{text}`"), span, &text);
                    }
                }
                self.fail(found)
            }
        }
    }

    fn sum_repairs(
        &mut self,
        mut found: Diagnostic,
        sum: NodeId,
        node: NodeId,
        left: Span,
        term: &Expr,
    ) -> Diagnostic {
        if let Some((name, declared)) = self.declaration_of(term) {
            let line = self.line_of(declared);
            found = found.label(declared, format!("`{name}` is declared in line {line}"));
        }
        let (left_text, right_text) =
            (self.source(left).to_string(), self.source(term.span).to_string());
        let flip = |text: &str| match text.strip_suffix("^T") {
            Some(plain) => plain.to_string(),
            None if is_plain(text) => format!("{text}^T"),
            None => format!("({text})^T"),
        };
        let (left_flip, right_flip) = (flip(&left_text), flip(&right_text));
        let want = self.ty(sum).dims.clone();
        for other in self.other_names(term, &want) {
            found = found.repair(other);
        }
        for declared in self.declared_type_repairs(term, &want) {
            found = found.repair(declared);
        }
        for fixed in self.size_value_repairs(&self.ty(sum).dims, &self.ty(node).dims) {
            found = found.repair(fixed);
        }
        found.replace(format!("`{right_flip}`"), term.span, &right_flip).replace(
            format!("`{left_flip}`"),
            left,
            &left_flip,
        )
    }

    /// The name and declaration of an expression that is just a name.
    pub(crate) fn declaration_of(&self, e: &Expr) -> Option<(String, Span)> {
        let ExprKind::Name(name) = &e.kind else { return None };
        match self.scope.get(name) {
            Some((Meaning::Symbol(_), span)) if !span.is_empty() => Some((name.clone(), span)),
            _ => None,
        }
    }
}

/// `I`, `ones`, `zeros` without arguments, also times a number.
pub(crate) fn is_bare_constant(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Name(name) => matches!(&**name, "I" | "ones" | "zeros"),
        // `2 I`, `I / n`
        ExprKind::Product { first, rest } => {
            is_bare_constant(first) || rest.iter().any(|f| is_bare_constant(&f.value))
        }
        ExprKind::Paren(inner) | ExprKind::Negative(inner) => is_bare_constant(inner),
        _ => false,
    }
}

/// Whether a suffix can be put behind a text without parentheses.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_alphanumeric() || c == '_');
    plain || text.starts_with('(') && text.ends_with(')') && balanced(&text[1..text.len() - 1])
}

/// A text without the parentheses around all of it.
pub(crate) fn without_parentheses(text: &str) -> &str {
    match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) if balanced(inner) => without_parentheses(inner.trim()),
        _ => text,
    }
}

/// Whether the brackets inside a text close each other without going below their start.
fn balanced(text: &str) -> bool {
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
