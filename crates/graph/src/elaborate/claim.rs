//! Claims: typed here, judged later. A claim whose shapes do not fit is ill-formed.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use chainrule_syntax::ast::{self, Assertion, Expr, ExprKind, Index, Layout, NamedExpr};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Claim, Role, Statement};

impl Elaborator<'_> {
    pub(crate) fn claim(&mut self, claim: &Arc<ast::Claim>, span: Span) {
        let claim = self.read_claim(claim, span, true);
        self.taken.claims.insert(claim.name.clone());
        self.out.claims.push(claim);
    }

    /// A claim, typed; `layouts`: one that is ill-formed is tried in the other layout too.
    pub(crate) fn read_claim(
        &mut self,
        claim: &Arc<ast::Claim>,
        span: Span,
        layouts: bool,
    ) -> Claim {
        let before = self.diagnostics.len();
        let mark = self.scope.mark();
        self.first_found = before;
        self.in_claim = true;
        self.turned = claim.layout.is_some_and(|(layout, _)| layout == Layout::Denominator);
        let forall = self.quantified(claim);
        let replaced = self.replacements(&claim.replaced);
        let locals = self.where_locals(&claim.locals);
        let condition = match &claim.condition {
            Some(e) => self.condition(e).map(Some),
            None => Some(None),
        };
        let preamble = self.diagnostics.len();
        let (sides, fits) = self.assertion(claim);
        let settled = if sides.is_some() { self.settle_ranges() } else { None };
        self.uses.clear();
        self.indices.clear();
        let own = self.diagnostics.len() > preamble;
        let again = layouts && own && preamble == before;
        let turned = if again { self.other_layout(claim) } else { None };
        let found: Vec<Diagnostic> = self.diagnostics.split_off(before);
        self.scope.leave(mark);
        self.first_found = 0;
        self.in_claim = false;
        self.turned = false;
        let mut ill_formed: Vec<Diagnostic> =
            found.into_iter().filter(Diagnostic::is_error).collect();
        self.shorten(&mut ill_formed);
        let fine = fits && ill_formed.is_empty() && settled.is_some() && locals.is_some();
        Claim {
            name: claim.name.text.clone(),
            written: claim.clone(),
            span,
            forall: forall.unwrap_or_default(),
            statement: sides.clone().filter(|_| fine),
            sides,
            turned,
            condition: condition.flatten(),
            replaced: replaced.unwrap_or_default(),
            layout: claim.layout.map(|(layout, _)| layout),
            expect: claim.expect.map(|(verdict, _)| verdict),
            ill_formed,
        }
    }

    /// The claim with every Jacobian transposed, if only so its shapes fit.
    fn other_layout(&mut self, claim: &ast::Claim) -> Option<Statement> {
        if claim.layout.is_some() {
            return None;
        }
        let before = self.diagnostics.len();
        self.turned = true;
        self.expanded = std::collections::HashMap::new();
        let (sides, fits) = self.assertion(claim);
        let settled = self.settle_ranges();
        let fits = fits && settled.is_some() && self.diagnostics.len() == before;
        self.diagnostics.truncate(before);
        sides.filter(|s| fits && self.has_jacobian(s))
    }

    fn has_jacobian(&self, statement: &Statement) -> bool {
        let mut open = match statement {
            Statement::Type(node, _) => vec![*node],
            Statement::Links(first, sides) => {
                std::iter::once(*first).chain(sides.iter().map(|(_, n)| *n)).collect()
            }
        };
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            let node = self.out.graph.node(id);
            if matches!(node.op, crate::op::Op::Jac { .. }) {
                return true;
            }
            if seen.insert(id) {
                open.extend(&node.inputs);
            }
        }
        false
    }

    /// The indices of `forall`; without it, unknown bare names in the brackets of the first side.
    fn quantified(&mut self, claim: &ast::Claim) -> Option<Vec<AxisId>> {
        if let Some(binders) = &claim.forall {
            let axes: Vec<Option<AxisId>> = binders.iter().map(|b| self.bind_index(b)).collect();
            return axes.into_iter().collect();
        }
        let mut names = Vec::new();
        bare_indices(&claim.first, &mut names);
        let mut axes = Vec::new();
        let mut seen: HashSet<String> = claim.locals.iter().map(|l| l.name.text.clone()).collect();
        for (name, span) in names {
            if seen.insert(name.clone()) && !self.is_name(&name) {
                axes.push(self.new_index(&name, None, span));
            }
        }
        Some(axes)
    }

    /// `for A = I`: values in place of `given`, `param` or `data` ones.
    fn replacements(&mut self, list: &[NamedExpr]) -> Option<Vec<(SymbolId, NodeId)>> {
        let mut out = Vec::new();
        for item in list {
            let (name, span) = (&item.name.text, item.name.span);
            let id = match self.scope.get(name) {
                Some((Meaning::Symbol(id), _)) => *id,
                Some((Meaning::Unknown, _)) => return None,
                Some((_, declared)) => {
                    let message = format!("`for` replaces a value, and `{name}` is none");
                    let found = Diagnostic::error("replaced-name", message, span, "")
                        .label(declared, "declared here");
                    return self.fail(found);
                }
                None => return self.undefined(name, span),
            };
            let symbol = self.out.symbol(id).clone();
            if !matches!(symbol.role, Role::Given(_) | Role::Param(_) | Role::Data) {
                let what = super::name::role_text(&symbol.role);
                let message =
                    format!("`for` replaces given, param or data values; `{name}` is {what}");
                let found = Diagnostic::error("replaced-name", message, span, "")
                    .label(symbol.span, "declared here");
                return self.fail(found);
            }
            let value = self.expr(&item.value, Some(&symbol.ty))?;
            self.check_start(value, &symbol.ty, item.value.span)?;
            out.push((id, value));
        }
        Some(out)
    }

    /// `where e = ..`: names of this claim alone.
    fn where_locals(&mut self, list: &[NamedExpr]) -> Option<()> {
        let mut fine = Some(());
        for item in list {
            let free = self.check_free(&item.name.text, item.name.span);
            let meaning = match self.expr(&item.value, None) {
                Some(node) => Meaning::Term(node),
                None => Meaning::Unknown,
            };
            if matches!(meaning, Meaning::Unknown) || !free {
                fine = None;
            }
            self.scope.push(&item.name.text, meaning, item.name.span);
        }
        fine
    }

    /// The typed sides, and whether their shapes fit together.
    fn assertion(&mut self, claim: &ast::Claim) -> (Option<Statement>, bool) {
        let bare = |e: &Expr| matches!(&e.kind, ExprKind::Name(n) if matches!(&**n, "I" | "ones" | "zeros"));
        match &claim.assertion {
            Assertion::Type(ty) => {
                let first = self.expr(&claim.first, None);
                let declared = self.declared_type(ty, None);
                let statement = first.zip(declared).map(|(n, ty)| Statement::Type(n, ty));
                let fits = statement.is_some();
                (statement, fits)
            }
            Assertion::Links(links) => {
                // A bare `I` on the left takes its size from the right.
                let hint = if bare(&claim.first) {
                    links.first().and_then(|(_, e)| self.expr(e, None)).map(|n| self.ty(n).clone())
                } else {
                    None
                };
                let mut first = self.expr(&claim.first, hint.as_ref());
                let mut sides = Vec::new();
                let mut fits = first.is_some();
                let mut left = first.map(|n| (n, claim.first.span));
                for (relation, e) in links {
                    let want = left.map(|(n, _)| self.ty(n).clone());
                    let mut side = self.expr(e, want.as_ref());
                    if let (Some((l, l_span)), Some(r)) = (left, side) {
                        match self.link(l, r, l_span, e.span) {
                            Some((lifted, right)) => {
                                side = Some(right);
                                match sides.last_mut() {
                                    Some((_, last)) => *last = lifted,
                                    None => first = Some(lifted),
                                }
                            }
                            None => fits = false,
                        }
                    }
                    sides.extend(side.map(|r| (*relation, r)));
                    left = side.map(|n| (n, e.span));
                }
                let all = first.is_some() && sides.len() == links.len();
                (first.filter(|_| all).map(|n| Statement::Links(n, sides)), fits && all)
            }
        }
    }

    /// Both sides of one link must have one shape; what lacks a batch axis is lifted.
    fn link(&mut self, l: NodeId, r: NodeId, left: Span, right: Span) -> Option<(NodeId, NodeId)> {
        let like = self.ty(l).clone();
        self.check_style_pair(&self.ty(r).clone(), &like, (right, left))?;
        let lifted = self.lift_like(r, &like, false, right)?;
        let other = self.ty(lifted).clone();
        let left_lifted = self.lift_like(l, &other, false, left)?;
        let (a, b) = (self.ty(left_lifted).clone(), self.ty(lifted).clone());
        if a.dims == b.dims && a.is_number() == b.is_number() {
            return Some((left_lifted, lifted));
        }
        let (x, y) = (self.context().shape(&a), self.context().shape(&b));
        let message = format!("the two sides have different shapes: {x} and {y}");
        let text = self.source(right).to_string();
        let mut found = Diagnostic::error("claim-shapes", message, right, y).label(left, x);
        if b.is_scalar() && !a.is_scalar() {
            let dims: Vec<String> = a.dims.iter().map(|d| self.size_text(d)).collect();
            let dims = dims.join(", ");
            let filled =
                if text == "0" { format!("zeros({dims})") } else { format!("{text} ones({dims})") };
            found = found.replace(format!("`{filled}`"), right, filled);
        } else {
            let flipped = match text.strip_suffix("^T") {
                Some(plain) => plain.to_string(),
                None if super::sum::is_plain(&text) => format!("{text}^T"),
                None => format!("({text})^T"),
            };
            found = found.replace(format!("the transpose: `{flipped}`"), right, flipped);
        }
        self.fail(found)
    }
}

/// Bare names in brackets, in the order they stand.
fn bare_indices(e: &Expr, out: &mut Vec<(String, Span)>) {
    let from = |indices: &[Index], out: &mut Vec<(String, Span)>| {
        for index in indices {
            if let Index::At(at) = index
                && let ExprKind::Name(name) = &at.kind
            {
                out.push((name.clone(), at.span));
            }
        }
    };
    match &e.kind {
        ExprKind::Access { base, indices, .. } => {
            bare_indices(base, out);
            from(indices, out);
        }
        ExprKind::Derivative { of, by } => {
            for entry in std::iter::once(of).chain(by) {
                from(entry.indices.as_deref().unwrap_or_default(), out);
            }
        }
        ExprKind::Paren(x)
        | ExprKind::Negative(x)
        | ExprKind::Transpose(x)
        | ExprKind::InverseTranspose(x)
        | ExprKind::Indicator(x)
        | ExprKind::Not(x)
        | ExprKind::Norm(x, _) => bare_indices(x, out),
        ExprKind::Power(x, y) | ExprKind::DotPower(x, y) | ExprKind::Compare(_, x, y) => {
            bare_indices(x, out);
            bare_indices(y, out);
        }
        ExprKind::Sum(terms) => terms.iter().for_each(|(_, t)| bare_indices(t, out)),
        ExprKind::Product { first, rest } => {
            bare_indices(first, out);
            rest.iter().for_each(|f| bare_indices(&f.value, out));
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|a| bare_indices(&a.value, out)),
        ExprKind::Logic { first, rest } => {
            bare_indices(first, out);
            rest.iter().for_each(|(_, t)| bare_indices(t, out));
        }
        // The operator's own indices are bound by it.
        ExprKind::Big { binders, body, .. } => {
            let mut inner = Vec::new();
            bare_indices(body, &mut inner);
            inner.retain(|(name, _)| !binders.iter().any(|b| b.name.text == *name));
            out.extend(inner);
        }
        _ => {}
    }
}
