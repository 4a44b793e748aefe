//! What stands where a line should end, or where no token can be read.

use super::cursor::{Cursor, Read};
use crate::diagnostic::{Diagnostic, Edit, Repair};
use crate::span::Span;
use crate::token::{Symbol, TokenKind};

impl Cursor<'_> {
    /// The line must end here.
    pub(super) fn finish(&self, claim: bool) -> Read<()> {
        let token = self.peek(0);
        let text = token.text(self.text);
        let message = match token.kind {
            TokenKind::End => return Ok(()),
            TokenKind::Symbol(Symbol::EqualEqual) if claim => return Err(self.claim_equality()),
            TokenKind::Symbol(Symbol::Equal) => return Err(self.second_equals()),
            TokenKind::Symbol(Symbol::Bar) => return Err(self.single_bar()),
            TokenKind::Symbol(Symbol::Dot) => return Err(self.dot()),
            TokenKind::Symbol(symbol) if symbol.is_closing() => return Err(self.unopened(symbol)),
            TokenKind::Symbol(Symbol::Semicolon) => {
                let message = "a line needs no `;` at its end";
                return Err(self.superfluous("semicolon", message));
            }
            TokenKind::Unknown => return Err(self.unknown_character()),
            TokenKind::OpenText => return Err(self.open_text()),
            TokenKind::Symbol(_) if self.comparison().is_some() => {
                format!("a comparison `{text}` stands in parentheses, in `1[..]` or after `if`")
            }
            TokenKind::Subscript => {
                format!("`{text}` is no subscript: it is an index in brackets or part of the name")
            }
            _ => format!("`{text}` does not continue the line"),
        };
        Err(self.error_here("trailing", message))
    }

    fn superfluous(&self, code: &'static str, message: &str) -> Box<Diagnostic> {
        let span = self.peek(0).span;
        Box::new(Diagnostic::error(code, message, span, "").replace("remove it", span, ""))
    }

    fn unopened(&self, closing: Symbol) -> Box<Diagnostic> {
        let open = Symbol::ALL.iter().find(|(o, _)| o.closing() == Some(closing));
        let message = format!("no `{}` is open", open.map_or("", |(_, t)| t));
        self.superfluous("unopened", &message)
    }

    /// A text that lacks its second quote.
    pub(super) fn open_text(&self) -> Box<Diagnostic> {
        let span = self.peek(0).span;
        Box::new(Diagnostic::error("unclosed-text", "this text is never closed", span, "").replace(
            "insert `\"`",
            span.after(),
            "\"",
        ))
    }

    /// `1.`, `W.T`
    pub(super) fn dot(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        if self.previous().is_some_and(|t| t.kind == TokenKind::Number) {
            return self.half_number();
        }
        if !self.peek(1).is_word(self.text, "T") {
            return self.error_here("trailing", "`.` does not continue the line");
        }
        let attribute = token.span.to(self.peek(1).span);
        Box::new(Diagnostic::error("prime", "a value has no attributes", attribute, "").replace(
            "the transpose is `^T`",
            attribute,
            "^T",
        ))
    }

    pub(super) fn claim_equality(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        Box::new(
            Diagnostic::error("claim-equality", "a claim states equality with `=`", token.span, "")
                .replace("state it", token.span, "="),
        )
    }

    pub(super) fn single_bar(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        let mut found =
            Diagnostic::error("single-bar", "a single bar has no meaning", token.span, "")
                .note("`abs(x)` is the absolute value, `||x||` a norm");
        let rest = &self.tokens[(self.at + 1).min(self.tokens.len())..];
        if let Some(close) = rest.iter().find(|t| t.is(Symbol::Bar)) {
            let inner = Span { start: token.span.end, end: close.span.start }.text(self.text);
            let span = token.span.to(close.span);
            found = found.replace("the absolute value", span, format!("abs({inner})"));
        }
        Box::new(found)
    }

    /// A character that is in no token, by its code where it cannot be seen.
    pub(super) fn unknown_character(&self) -> Box<Diagnostic> {
        let span = self.peek(0).span;
        let c = span.text(self.text).chars().next().unwrap_or(' ');
        let code = format!("U+{:04X}", c as u32);
        let unseen = c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        let shown = match (unseen, c.is_ascii()) {
            (true, _) => code,
            (false, true) => format!("`{c}`"),
            (false, false) => format!("`{c}` ({code})"),
        };
        let message = format!("the character {shown} has no meaning here");
        let found = Diagnostic::error("unknown-character", message, span, "");
        Box::new(match c {
            '\u{201c}' | '\u{201d}' | '\u{201e}' => found.replace("a plain quote", span, "\""),
            '\u{d7}' => found.replace("entry by entry: `.*`", span, ".*"),
            _ if unseen => found.replace("remove it", span, ""),
            _ => found,
        })
    }

    /// `iner(a, b)`: a name before a list in parentheses is a function that is not known.
    pub(super) fn unknown_function(&self, open: crate::token::Token) -> Option<Box<Diagnostic>> {
        let at = self.tokens.iter().position(|t| t.span == open.span)?;
        let name = self.tokens.get(at.checked_sub(1)?)?;
        if name.kind != TokenKind::Name || !open.glued {
            return None;
        }
        let word = name.text(self.text).into_owned();
        let message = format!("`{word}` is no function");
        let mut found = Diagnostic::error("unknown-function", message, name.span, "");
        let own = self.functions().own();
        let known = crate::vocabulary::FUNCTIONS
            .iter()
            .chain(&crate::vocabulary::STANDARD_FUNCTIONS)
            .copied()
            .chain(own);
        if let Some(near) = crate::suggest::nearest(&word, known) {
            found = found.replace(format!("did you mean `{near}`?"), name.span, near);
        }
        let close = self.tokens.iter().skip(at).find(|t| t.is(Symbol::CloseParen));
        if let Some(close) = close {
            let brackets = vec![
                Edit { span: open.span, text: "[".into() },
                Edit { span: close.span, text: "]".into() },
            ];
            found = found.repair(Repair::edits("an entry has square brackets", brackets));
        }
        Some(Box::new(found))
    }

    /// `.5` and `1.`: a digit on both sides of the point.
    pub(super) fn half_number(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        let found = Diagnostic::error(
            "half-number",
            "a number has a digit on both sides of the point",
            token.span,
            "",
        );
        let behind = self.peek(1);
        if behind.kind == TokenKind::Number && behind.glued {
            let text = format!("0.{}", behind.text(self.text));
            return Box::new(found.replace(
                format!("write `{text}`"),
                token.span.to(behind.span),
                text,
            ));
        }
        match self.previous() {
            Some(before) if before.kind == TokenKind::Number => {
                let text = format!("{}.0", before.text(self.text));
                Box::new(found.replace(format!("write `{text}`"), before.span.to(token.span), text))
            }
            _ => Box::new(found),
        }
    }

    /// `size d = 4 H = 3`, `z = a = b`.
    fn second_equals(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        let before = self.previous().filter(|t| t.kind == TokenKind::Name && self.at > 2);
        match before {
            Some(name) if !self.tokens[self.at - 2].is(Symbol::Equal) => {
                let earlier = self.tokens[self.at - 2].span;
                Box::new(
                    Diagnostic::error(
                        "missing-comma",
                        "definitions on one line are separated by commas",
                        name.span,
                        "a second definition begins here",
                    )
                    .replace("insert a comma", earlier.after(), ","),
                )
            }
            _ => Box::new(Diagnostic::error(
                "second-equals",
                "a second `=` in one line",
                token.span,
                "",
            )),
        }
    }
}
