//! Factors: a primary with its suffixes (`^T`, powers, indices, primes).

use super::cursor::{Cursor, Read, number};
use crate::ast::{Expr, ExprKind, Index, Name};
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::token::{Symbol, Token, TokenKind};
use crate::vocabulary::is_reserved;

impl Cursor<'_> {
    /// `factor = primary { '^' .. | '.^' .. | '[' .. ']' | "'" }`
    pub(super) fn factor(&mut self) -> Read<Expr> {
        let beside = std::mem::take(&mut self.suffixes);
        let value = self.primary()?;
        let value = self.suffixed(value)?;
        self.suffixes = self.suffixes.max(beside);
        Ok(value)
    }

    fn suffixed(&mut self, mut value: Expr) -> Read<Expr> {
        let mut powered: Option<Token> = None;
        loop {
            let token = self.peek(0);
            let TokenKind::Symbol(symbol) = token.kind else { return Ok(value) };
            if !matches!(
                symbol,
                Symbol::Caret | Symbol::DotCaret | Symbol::OpenBracket | Symbol::Prime
            ) {
                return Ok(value);
            }
            self.suffixes += 1;
            if self.suffixes > limits::NESTING {
                let message = format!("more than {} suffixes on one value", limits::NESTING);
                return Err(self.error_here("limit-nesting", message));
            }
            value = match symbol {
                Symbol::Caret => self.power(value, &mut powered)?,
                Symbol::DotCaret => {
                    if powered.is_some() {
                        return Err(self.power_of_power(&value));
                    }
                    self.next();
                    powered = Some(token);
                    let exponent = self.exponent()?;
                    let span = self.since(value.span);
                    self.node(ExprKind::DotPower(Box::new(value), Box::new(exponent)), span)?
                }
                Symbol::OpenBracket if powered.is_some() => {
                    return Err(self.index_after_power(&value));
                }
                Symbol::OpenBracket => self.access(value)?,
                _ => self.prime(&value)?,
            };
        }
    }

    /// `^T`, `^-T`, `^2`, `^-1`, `^(..)`.
    fn power(&mut self, base: Expr, powered: &mut Option<Token>) -> Read<Expr> {
        let caret = self.peek(0);
        if self.peek(1).is_word(self.text, "T") {
            self.next();
            self.next();
            let span = self.since(base.span);
            return self.node(ExprKind::Transpose(Box::new(base)), span);
        }
        if powered.is_some() {
            return Err(self.power_of_power(&base));
        }
        self.next();
        *powered = Some(caret);
        if self.at_symbol(Symbol::Minus) && self.peek(1).is_word(self.text, "T") {
            self.next();
            self.next();
            let span = self.since(base.span);
            return self.node(ExprKind::InverseTranspose(Box::new(base)), span);
        }
        let exponent = self.exponent()?;
        let span = self.since(base.span);
        self.node(ExprKind::Power(Box::new(base), Box::new(exponent)), span)
    }

    /// `['-'] (NUM | NAME | '(' expr ')')`
    fn exponent(&mut self) -> Read<Expr> {
        let minus = self.peek(0);
        if self.eat(Symbol::Minus) {
            let inner = self.exponent_atom()?;
            let span = minus.span.to(inner.span);
            return self.node(ExprKind::Negative(Box::new(inner)), span);
        }
        self.exponent_atom()
    }

    fn exponent_atom(&mut self) -> Read<Expr> {
        let token = self.peek(0);
        match token.kind {
            TokenKind::Number => {
                self.next();
                self.node(ExprKind::Number(number(token, self.text)), token.span)
            }
            TokenKind::Name if !is_reserved(&token.text(self.text)) => {
                self.next();
                self.node(ExprKind::Name(self.word_of(token)), token.span)
            }
            TokenKind::Symbol(Symbol::OpenParen) => {
                self.next();
                let inner = self.bracketed(Self::expr)?;
                self.close(token)?;
                let span = self.since(token.span);
                self.node(ExprKind::Paren(Box::new(inner)), span)
            }
            TokenKind::Symbol(Symbol::OpenBrace) => Err(self.braces(token)),
            _ => {
                let message = format!(
                    "expected an exponent (a number, a name, `T`, `-1`, or parentheses), found {}",
                    self.found()
                );
                Err(self.error_here("expected-exponent", message))
            }
        }
    }

    /// `A^{-1}` as in LaTeX.
    fn braces(&self, open: Token) -> Box<Diagnostic> {
        let message = "an exponent stands in parentheses, not in braces";
        let found = Diagnostic::error("braces", message, open.span, "");
        let Some(behind) = self.behind_bracket(0) else { return Box::new(found) };
        let close = self.peek(behind - 1).span;
        let inner = crate::span::Span { start: open.span.end, end: close.start };
        let text = inner.text(self.text);
        let plain = text == "T"
            || text.strip_prefix('-').unwrap_or(text).chars().all(|c| c.is_ascii_alphanumeric());
        let text = if plain { text.to_string() } else { format!("({text})") };
        Box::new(found.replace(format!("write `^{text}`"), open.span.to(close), text))
    }

    fn power_of_power(&mut self, base: &Expr) -> Box<Diagnostic> {
        let caret = self.next();
        let text = base.span.text(self.text);
        let mut found = Diagnostic::error(
            "power-of-power",
            "a power of a power needs parentheses",
            caret.span,
            "the second power",
        )
        .replace(format!("`({text})` first"), base.span, format!("({text})"));
        if let ExprKind::Power(_, inner) | ExprKind::DotPower(_, inner) = &base.kind
            && let Ok(outer) = self.exponent()
        {
            let span = inner.span.to(outer.span);
            let exponent = span.text(self.text);
            found = found.replace(format!("`^({exponent})` first"), span, format!("({exponent})"));
        }
        Box::new(found)
    }

    /// `x^2[i]`: is the entry squared, or an entry of the square taken?
    fn index_after_power(&mut self, base: &Expr) -> Box<Diagnostic> {
        let open = self.peek(0);
        let mut found =
            Diagnostic::error("index-after-power", "an index after a power", open.span, "")
                .label(base.span, "the power");
        if let (ExprKind::Power(x, _) | ExprKind::DotPower(x, _), Ok(_)) =
            (&base.kind, self.access(base.clone()))
        {
            let bracket = self.since(open.span);
            let (x_text, index) = (x.span.text(self.text), bracket.text(self.text));
            let power = crate::span::Span { start: x.span.end, end: base.span.end };
            let entry = format!("{x_text}{index}{}", power.text(self.text));
            let of_power = format!("({}){index}", base.span.text(self.text));
            let all = base.span.to(bracket);
            found = found
                .replace(format!("the power of the entry: `{entry}`"), all, &entry)
                .replace(format!("an entry of the power: `{of_power}`"), all, &of_power);
        }
        Box::new(found)
    }

    /// `A[i,j; pad]`
    fn access(&mut self, base: Expr) -> Read<Expr> {
        let open = self.peek(0);
        let (indices, pad) = self.indices()?;
        let bracket = self.since(open.span);
        let span = base.span.to(bracket);
        self.node(ExprKind::Access { base: Box::new(base), indices, pad, bracket }, span)
    }

    /// `'[' index {',' index} [';' 'pad'] ']'`
    pub(super) fn indices(&mut self) -> Read<(Vec<Index>, bool)> {
        let open = self.expect(Symbol::OpenBracket, "")?;
        let read = self.bracketed(|cursor| {
            let mut indices = vec![cursor.index()?];
            while cursor.at_symbol(Symbol::Comma) {
                cursor.check_count(indices.len(), limits::AXES, "limit-axes", "indices")?;
                cursor.next();
                indices.push(cursor.index()?);
            }
            let pad = cursor.eat(Symbol::Semicolon);
            if pad {
                cursor.expect_word("pad", " (zero outside) after `;`")?;
            }
            Ok((indices, pad))
        })?;
        self.close(open)?;
        Ok(read)
    }

    fn index(&mut self) -> Read<Index> {
        let token = self.peek(0);
        if self.eat(Symbol::Colon) {
            return Ok(Index::All(token.span));
        }
        Ok(Index::At(self.expr()?))
    }

    /// `a'`: the next value of a state, inside an optimizer only.
    fn prime(&mut self, value: &Expr) -> Read<Expr> {
        let prime = self.peek(0);
        if self.states
            && let ExprKind::Name(text) = &value.kind
        {
            self.next();
            let name = Name { text: text.clone(), span: value.span };
            let span = value.span.to(prime.span);
            return self.node(ExprKind::Next(name), span);
        }
        let text = value.span.text(self.text);
        Err(Box::new(
            Diagnostic::error(
                "prime",
                "`'` is for the derivative of a function, f'(x)",
                prime.span,
                "not a transpose",
            )
            .replace(format!("the transpose is `{text}^T`"), prime.span, "^T"),
        ))
    }
}
