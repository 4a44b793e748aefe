//! Indexed families: `h[0] = x`, `h[l] = relu(W[l] h[l-1] + b[l]) for l in 1..L`.

use std::collections::BTreeMap;

use chainrule_syntax::ast::{Expr, ExprKind, Index, MemberRange, Name};
use chainrule_syntax::{Diagnostic, Span, limits};

use super::{Elaborator, Meaning, Value};
use crate::index::SymbolId;
use crate::op::Op;
use crate::size::Size;

/// What a member costs besides its expression: it has a name and a type of its own.
const MEMBER_STEPS: usize = 8;

impl Elaborator<'_> {
    /// `h[l-1]`, possibly followed by indices of the member: `h[1][i]` is two accesses.
    pub(crate) fn family_member(
        &mut self,
        name: &str,
        indices: &[Index],
        bracket: Span,
        span: Span,
    ) -> Value {
        let [Index::At(at)] = indices else {
            let message =
                format!("`{name}` is a family: one index names the member, as in `{name}[1]`");
            return self.error("family-member", message, bracket, "");
        };
        if self.mentions_broken(at) {
            return None;
        }
        if !self.is_size(at) {
            let message =
                format!("the member of the family `{name}` is a number or the layer index");
            return self.error("family-member", message, at.span, "");
        }
        let number = self.member_number(at)?;
        let Some((Meaning::Family(members), declared)) = self.scope.get(name) else { return None };
        let Some(id) = members.get(&number).copied() else {
            if self.broken_families.contains(name) {
                return None;
            }
            let known: Vec<String> =
                members.keys().take(8).map(|m| format!("{name}[{m}]")).collect();
            let message = format!("`{name}[{number}]` is not defined");
            let found = Diagnostic::error("no-such-member", message, span, "")
                .label(declared, "the family begins here")
                .note(format!("members: {}", known.join(", ")));
            return self.fail(found);
        };
        let ty = self.out.symbol(id).ty.clone();
        let node = self.leaf(Op::Symbol { id, ty }, span)?;
        self.note_use(node, span);
        // Under the name alone, for the page that shows shapes.
        self.note_use(node, Span { end: bracket.start, ..span });
        Some(node)
    }

    /// Whether an expression reads a name whose definition is broken.
    fn mentions_broken(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Name(name) => matches!(self.scope.get(name), Some((Meaning::Unknown, _))),
            ExprKind::Paren(inner) | ExprKind::Negative(inner) => self.mentions_broken(inner),
            ExprKind::Sum(terms) => terms.iter().any(|(_, t)| self.mentions_broken(t)),
            ExprKind::Product { first, rest } => {
                self.mentions_broken(first) || rest.iter().any(|f| self.mentions_broken(&f.value))
            }
            _ => false,
        }
    }

    /// The members a statement defines: one number, or those of `for l in a..b`.
    pub(crate) fn member_list(
        &mut self,
        member: &Expr,
        range: Option<&MemberRange>,
    ) -> Option<Vec<u64>> {
        let Some(range) = range else {
            return Some(vec![self.member_number(member)?]);
        };
        match &member.kind {
            ExprKind::Name(name) if *name == range.name.text => {}
            _ => {
                let message =
                    format!("`for {0} in ..` defines the members `[{0}]`", range.name.text);
                return self.error("family-member", message, member.span, "");
            }
        }
        if !self.check_free(&range.name.text, range.name.span) {
            return None;
        }
        let (first, last) = (self.layer_number(&range.first)?, self.layer_number(&range.last)?);
        let span = range.first.span.to(range.last.span);
        if first > last {
            let message = format!("there is no member between {first} and {last}");
            let text =
                format!("{}..{}", self.source(range.last.span), self.source(range.first.span));
            let found = Diagnostic::error("empty-family", message, span, "").replace(
                format!("the other way round: `{text}`"),
                span,
                &text,
            );
            return self.fail(found);
        }
        if last - first >= limits::MEMBERS {
            let message = format!("more than {} members", limits::MEMBERS);
            return self.error("limit-members", message, span, "");
        }
        Some((first..=last).collect())
    }

    /// The number of layers must be fixed.
    fn layer_number(&mut self, e: &Expr) -> Option<u64> {
        let size = self.size(e)?;
        if size.value(&self.out.sizes).is_none() {
            let text = self.size_text(&size);
            let message = format!("the number of layers {text} must be fixed: `size {text} = 3`");
            return self.error("free-layers", message, e.span, "a free size");
        }
        self.member_number(e)
    }

    /// Runs `define` with the layer index standing for each member, until one fails.
    pub(crate) fn for_members(
        &mut self,
        members: &[u64],
        range: Option<&MemberRange>,
        mut define: impl FnMut(&mut Self, u64) -> Option<()>,
    ) -> Option<()> {
        for (i, &member) in members.iter().enumerate() {
            self.spend(MEMBER_STEPS);
            let mark = self.scope.mark();
            if let Some(range) = range {
                let number = Size::number(i64::try_from(member).ok()?);
                self.scope.push(&range.name.text, Meaning::Size(number), range.name.span);
            }
            self.member = Some(i > 0);
            let done = define(self, member);
            self.member = None;
            self.scope.leave(mark);
            done?;
            if self.exhausted() {
                return None;
            }
        }
        Some(())
    }

    /// Adds `symbol` as member `number` of the family `name`.
    pub(crate) fn add_member(&mut self, name: &Name, number: u64, symbol: SymbolId) -> Option<()> {
        match self.scope.global_mut(&name.text) {
            None => {
                let members = BTreeMap::from([(number, symbol)]);
                self.scope.declare(&name.text, Meaning::Family(Box::new(members)), name.span);
                Some(())
            }
            Some(Meaning::Family(members)) => {
                if let Some(&earlier) = members.get(&number) {
                    let place = self.out.symbol(earlier).span;
                    let message = format!("`{}[{number}]` is defined twice", name.text);
                    let found =
                        Diagnostic::error("defined-twice", message, name.span, "defined again")
                            .label(place, "first defined here");
                    return self.fail(found);
                }
                members.insert(number, symbol);
                Some(())
            }
            Some(Meaning::Unknown) => None,
            Some(_) => {
                self.check_free(&name.text, name.span);
                None
            }
        }
    }
}
