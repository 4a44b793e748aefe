//! Derivatives: `dJ/dW`, entries, `grad`, `jac`, `hess`, `hvp`; and the quotient they may be.

use std::collections::HashSet;

use chainrule_syntax::ast::{Arg, Entry, Expr, ExprKind};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning, Value};
use crate::index::{NodeId, SymbolId};
use crate::op::Op;

/// What a derivative costs: its two readings are weighed.
const DERIVATIVE_STEPS: usize = 8;

impl Elaborator<'_> {
    /// `dX/dY`: a derivative if X and Y are names and neither `dX` nor `dY` is; the quotient if
    /// `dX` and `dY` are and X or Y is not; an error if both readings exist.
    pub(crate) fn derivative(&mut self, of: &Entry, by: &[Entry], span: Span) -> Value {
        if self.exhausted() {
            return None;
        }
        self.spend(DERIVATIVE_STEPS);
        let [by] = by else {
            let message = "`d{..}` names several variables: only `derive` takes several";
            return self.error("several-variables", message, span, "");
        };
        let (x, y) = (&of.name.text, &by.name.text);
        let (dx, dy) = (format!("d{x}"), format!("d{y}"));
        let values = self.is_name(x) && self.is_name(y);
        let (is_dx, is_dy) = (self.is_name(&dx), self.is_name(&dy));
        match (values, is_dx, is_dy) {
            (true, false, false) => self.gradient(of, by, span),
            (false, true, true) => self.quotient_of_names(of, by, span),
            (true, _, _) => {
                let clash = if is_dx { &dx } else { &dy };
                let message =
                    format!("two readings: the derivative of `{x}` by `{y}`, or a quotient");
                let found = Diagnostic::error("two-readings", message, span, "")
                    .note(format!("`{clash}` is a name too: rename it, or write `{dx} / {dy}` for the quotient"))
                    .replace("the quotient", span, format!("{dx} / {dy}"));
                self.fail(found)
            }
            (false, _, _) => self.no_reading(of, by),
        }
    }

    fn no_reading(&mut self, of: &Entry, by: &Entry) -> Value {
        let (x, y) = (&of.name, &by.name);
        let missing = if self.is_name(&x.text) { y } else { x };
        let differential =
            if std::ptr::eq(missing, x) { format!("d{}", x.text) } else { format!("d{}", y.text) };
        let message = format!(
            "no derivative: `{}` is not defined; no quotient: `{differential}` is not defined",
            missing.text
        );
        let mut found = Diagnostic::error("undefined-name", message, missing.span, "");
        if let Some(near) = self.nearest_name(&missing.text) {
            let text = format!("d{near}");
            found = found.replace(format!("did you mean `{text}`?"), missing.span, text);
        }
        self.fail(found)
    }

    fn quotient_of_names(&mut self, of: &Entry, by: &Entry, span: Span) -> Value {
        let behind = self.text[span.end as usize..].chars().next();
        if of.indices.is_some() || by.indices.is_some() || matches!(behind, Some('^' | '[' | '.')) {
            let message = "a quotient with a suffix has two readings";
            let found = Diagnostic::error("two-readings", message, span, "")
                .note("put blanks around `/`, or parentheses");
            return self.fail(found);
        }
        let a = self.name_value(&format!("d{}", of.name.text), of.span, None);
        let b = self.name_value(&format!("d{}", by.name.text), by.span, None);
        self.add(Op::Quotient, &[a?, b?], &[of.span, by.span], span)
    }

    fn gradient(&mut self, of: &Entry, by: &Entry, span: Span) -> Value {
        if let Some(member) = self.member_entry(by) {
            let value = self.differential_value(of)?;
            return self.gradient_by(value, of.span, member?, by.span, span);
        }
        let mut value = self.differential_value(of)?;
        if let Some(indices) = of.indices.as_ref().filter(|_| !self.is_family(&of.name.text)) {
            let bracket = Span { start: of.name.span.end, end: of.span.end };
            value = self.entries(Some(value), of.name.span, indices, false, bracket)?;
        }
        let node = self.gradient_of(value, of.span, by, span)?;
        match &by.indices {
            None => Some(node),
            Some(indices) => {
                let bracket = Span { start: by.name.span.end, end: by.span.end };
                self.entries(Some(node), by.span, indices, false, bracket)
            }
        }
    }

    pub(crate) fn is_family(&self, name: &str) -> bool {
        matches!(self.scope.get(name), Some((Meaning::Family(_), _)))
    }

    /// `dJ/dW[2]` of a family `W`: the member, and no further indices.
    fn member_entry(&mut self, by: &Entry) -> Option<Value> {
        let indices = by.indices.as_ref().filter(|_| self.is_family(&by.name.text))?;
        let bracket = Span { start: by.name.span.end, end: by.span.end };
        Some(self.family_member(&by.name.text, indices, bracket, by.span))
    }

    fn gradient_by(
        &mut self,
        value: NodeId,
        of: Span,
        variable: NodeId,
        by: Span,
        span: Span,
    ) -> Value {
        let node = self.add(Op::Grad, &[value, variable], &[of, by], span)?;
        self.warn_zero(value, variable, of, by);
        Some(node)
    }

    /// The value behind the `d` of a differential; its place is the name without the `d`.
    fn differential_value(&mut self, entry: &Entry) -> Value {
        if let Some(indices) = entry.indices.as_ref().filter(|_| self.is_family(&entry.name.text)) {
            let bracket = Span { start: entry.name.span.end, end: entry.span.end };
            return self.family_member(&entry.name.text, indices, bracket, entry.span);
        }
        self.name_value(&entry.name.text, entry.name.span, None)
    }

    fn gradient_of(&mut self, value: NodeId, of: Span, by: &Entry, span: Span) -> Value {
        let variable = self.variable(&by.name.text, by.span)?;
        if !self.ty(value).is_scalar() {
            let is = self.shape(value);
            let text = self.source(of).trim_start_matches(['d', '∂']).to_string();
            let message = format!("`{text}` has shape {is}; a gradient is that of a number");
            let jac = format!("jac({text}, {})", by.name.text);
            let mut found = Diagnostic::error("gradient-of-array", message, of, is)
                .note("entries have derivatives too: `dZ[i,j]/dW[k,l]`");
            if by.indices.is_none() {
                found = found.replace(format!("the Jacobian `{jac}`"), span, &jac);
            }
            return self.fail(found);
        }
        let node = self.add(Op::Grad, &[value, variable], &[of, by.span], span)?;
        self.warn_zero(value, variable, of, by.span);
        Some(node)
    }

    /// What is differentiated by: a named value.
    fn variable(&mut self, name: &str, span: Span) -> Value {
        match self.scope.get(name) {
            Some((Meaning::Symbol(_), _)) => self.name_value(name, span, None),
            Some((Meaning::Unknown, _)) => None,
            Some((Meaning::Term(node), _)) if self.in_optimizer => Some(*node),
            Some((_, declared)) => {
                let message =
                    format!("a derivative is taken by a named value, and `{name}` is none");
                let found = Diagnostic::error("derivative-by", message, span, "")
                    .label(declared, "declared here");
                self.fail(found)
            }
            None => self.undefined(name, span),
        }
    }

    /// `grad(f, x)`, `jac(f, x)`, `hess(f, x)`: the second argument is a name.
    pub(crate) fn derivative_call(&mut self, op: Op, args: &[Arg], span: Span) -> Value {
        let value = self.expr(&args[0].value, None);
        let by = &args[1].value;
        let (variable, name) = match &strip(by).kind {
            ExprKind::Name(name) => (self.variable(name, by.span), name.as_str()),
            ExprKind::Access { base, .. } if matches!(&base.kind, ExprKind::Name(n) if self.is_family(n)) => {
                (self.expr(by, None), "x")
            }
            _ => {
                let message = "a derivative is taken by a named value, not by an expression";
                return self.error("derivative-by", message, by.span, "an expression");
            }
        };
        let (value, variable) = (value?, variable?);
        let mut inputs = vec![value, variable];
        let mut spans = vec![args[0].value.span, by.span];
        if let Some(third) = args.get(2) {
            inputs.push(self.expr(&third.value, None)?);
            spans.push(third.value.span);
        }
        let scalar_needed = !matches!(op, Op::Jac { .. });
        if scalar_needed && !self.ty(value).is_scalar() {
            let is = self.shape(value);
            let text = self.source(args[0].value.span).to_string();
            let message =
                format!("`{}` is that of a number; `{text}` has shape {is}", op.def().name);
            let mut found = Diagnostic::error("gradient-of-array", message, args[0].value.span, is);
            if matches!(op, Op::Grad) {
                let jac = format!("jac({text}, {name})");
                found = found.replace(format!("the Jacobian `{jac}`"), span, &jac);
            }
            return self.fail(found);
        }
        let turn = self.turned && matches!(op, Op::Jac { .. });
        let node = self.add(op, &inputs, &spans, span)?;
        self.warn_zero(value, variable, spans[0], by.span);
        if turn { self.add(Op::Transpose, &[node], &[span], span) } else { Some(node) }
    }

    fn warn_zero(&mut self, value: NodeId, variable: NodeId, of: Span, by: Span) {
        let Op::Symbol { id, .. } = self.out.graph.node(variable).op else { return };
        if self.in_claim || self.in_optimizer || self.may_depend(value, id) {
            return;
        }
        let name = self.out.symbol(id).name.clone();
        let text = self.source(of).trim_start_matches('d').to_string();
        let message = format!("{text} does not depend on {name}: the derivative is 0");
        self.report(Diagnostic::warning("zero-derivative", message, by, ""));
    }

    /// Whether a value depends on a symbol, through definitions; yes if that takes too long to find
    /// out.
    fn may_depend(&mut self, root: NodeId, on: SymbolId) -> bool {
        if self.dependencies.as_ref().is_none_or(|(of, _)| *of != root) {
            let Some(symbols) = self.symbols_behind(root) else { return true };
            self.dependencies = Some((root, symbols));
        }
        self.dependencies.as_ref().is_some_and(|(_, symbols)| symbols.contains(&on))
    }

    /// Every symbol that a value depends on.
    fn symbols_behind(&mut self, root: NodeId) -> Option<HashSet<SymbolId>> {
        let mut seen = HashSet::from([root]);
        let mut symbols = HashSet::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if !self.may_visit() {
                return None;
            }
            let node = self.out.graph.node(id);
            let mut inputs = node.inputs.clone();
            if let Op::Symbol { id: symbol, .. } = node.op {
                symbols.insert(symbol);
                inputs.extend(self.out.binding(symbol).map(|b| b.value));
            }
            open.extend(inputs.into_iter().filter(|input| seen.insert(*input)));
        }
        Some(symbols)
    }
}

fn strip(e: &Expr) -> &Expr {
    match &e.kind {
        ExprKind::Paren(inner) => strip(inner),
        _ => e,
    }
}
