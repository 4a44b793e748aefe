//! Primaries: numbers, names, parentheses, norms, calls, reductions, indicators, derivatives.

use super::cursor::{Cursor, Read, number};
use crate::ast::{Arg, BigForm, BigOp, Binder, Entry, Expr, ExprKind, Index, Name, NormKind};
use crate::diagnostic::{Diagnostic, Repair};
use crate::limits;
use crate::token::{Symbol, Token, TokenKind};
use crate::vocabulary::is_reserved;

impl Cursor<'_> {
    pub(super) fn primary(&mut self) -> Read<Expr> {
        if let Some(derivative) = self.derivative()? {
            return Ok(derivative);
        }
        let token = self.peek(0);
        match token.kind {
            TokenKind::Number => self.number_or_indicator(),
            TokenKind::Symbol(Symbol::OpenParen) => {
                self.next();
                let inner = self.bracketed(Self::condition)?;
                self.close(token)?;
                let span = self.since(token.span);
                self.node(ExprKind::Paren(Box::new(inner)), span)
            }
            TokenKind::Symbol(Symbol::Bars) => self.norm(),
            TokenKind::Symbol(Symbol::Bar) => Err(self.single_bar()),
            TokenKind::Symbol(Symbol::Dot) => Err(self.half_number()),
            TokenKind::Unknown => Err(self.unknown_character()),
            TokenKind::Name if !is_reserved(&token.text(self.text)) => self.name_or_call(),
            _ => Err(self.missing_value()),
        }
    }

    fn missing_value(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        let before = self.previous().filter(|t| matches!(t.kind, TokenKind::Symbol(_)));
        let message = match (before, token.kind) {
            (Some(op), TokenKind::End) => {
                format!("a value is missing after `{}`", op.text(self.text))
            }
            (_, TokenKind::Name) => {
                format!("`{}` is a reserved word, not a value", token.text(self.text))
            }
            _ => format!("expected a value, found {}", self.found()),
        };
        let text = if token.kind == TokenKind::End { "the line ends here" } else { "" };
        let mut found = Diagnostic::error("missing-value", message, token.span, text);
        if let Some(op) = before.filter(|_| token.kind == TokenKind::End) {
            let word = op.text(self.text);
            found = match op.kind {
                TokenKind::Symbol(s) if s.closing().is_some() => {
                    found.label(op.span, format!("this `{word}` is open"))
                }
                _ => found.replace(format!("remove the `{word}`"), op.span, ""),
            };
        }
        Box::new(found)
    }

    fn number_or_indicator(&mut self) -> Read<Expr> {
        let token = self.next();
        let open = self.peek(0);
        if !open.is(Symbol::OpenBracket) {
            if open.is(Symbol::Dot) && open.glued {
                return Err(self.half_number());
            }
            return self.node(ExprKind::Number(number(token, self.text)), token.span);
        }
        if token.text(self.text) != "1" {
            let message = "a number has no index; the indicator is `1[..]`";
            return Err(Box::new(Diagnostic::error("indexed-number", message, token.span, "")));
        }
        self.next();
        let test = self.bracketed(Self::condition)?;
        if self.at_symbol(Symbol::Equal) || !is_condition(&test) {
            return Err(self.indicator_without_test(&test));
        }
        self.close(open)?;
        let span = self.since(token.span);
        self.node(ExprKind::Indicator(Box::new(test)), span)
    }

    fn indicator_without_test(&self, test: &Expr) -> Box<Diagnostic> {
        let text = test.span.text(self.text);
        let token = self.peek(0);
        if token.is(Symbol::Equal) {
            return Box::new(
                Diagnostic::error("equals-in-expression", "a comparison is `==`", token.span, "")
                    .replace("compare", token.span, "=="),
            );
        }
        Box::new(
            Diagnostic::error(
                "indicator",
                format!("the indicator needs a comparison: `1[{text} > 0]`"),
                test.span,
                "no comparison",
            )
            .replace("compare with 0", test.span.after(), " > 0"),
        )
    }

    /// `'||' expr '||' [subscript]`
    fn norm(&mut self) -> Read<Expr> {
        let open = self.next();
        if self.norms > 0 {
            let message = "a norm inside a norm needs parentheses: `||(||x||) y||`";
            return Err(Box::new(Diagnostic::error("nested-norm", message, open.span, "")));
        }
        self.norms += 1;
        let body = self.deeper(Self::expr)?;
        self.norms -= 1;
        if !self.at_symbol(Symbol::Bars) {
            if self.peek(0).kind == TokenKind::End {
                let end = self.end();
                return Err(Box::new(
                    Diagnostic::error(
                        "unclosed",
                        "this `||` is never closed",
                        open.span,
                        "opened here",
                    )
                    .label(end, "the line ends here")
                    .replace("insert `||`", end, "||"),
                ));
            }
            let message = format!("expected `||` to close the norm, found {}", self.found());
            let found = Diagnostic::error("expected-symbol", message, self.peek(0).span, "")
                .label(open.span, "this norm is open");
            return Err(Box::new(found));
        }
        self.next();
        let subscript = self.peek(0);
        let mut kind = NormKind::Plain;
        if subscript.kind == TokenKind::Subscript && subscript.glued {
            kind = self.norm_kind(subscript)?;
            self.next();
        }
        let span = self.since(open.span);
        self.node(ExprKind::Norm(Box::new(body), kind), span)
    }

    fn norm_kind(&self, token: Token) -> Read<NormKind> {
        let kinds = [
            NormKind::Two,
            NormKind::One,
            NormKind::Infinity,
            NormKind::Frobenius,
            NormKind::Spectral,
        ];
        let text = token.text(self.text);
        kinds.into_iter().find(|k| k.suffix() == text).ok_or_else(|| {
            self.unknown_word("unknown-norm", "a norm", &["_F", "_1", "_2", "_inf", "_spec"])
        })
    }

    fn name_or_call(&mut self) -> Read<Expr> {
        let token = self.peek(0);
        let word = self.word_of(token);
        let after = self.peek(1);
        self.check_second_derivative(token)?;
        if !self.is_function(&word) {
            let name = self.value_name("a value")?;
            return self.node(ExprKind::Name(name.text), name.span);
        }
        self.next();
        if let Some(op) = BigOp::from_word(&word)
            && after.is(Symbol::OpenBracket)
        {
            return self.bracket_form(op, token);
        }
        let mut primes = 0;
        while self.at_symbol(Symbol::Prime) && self.peek(0).glued {
            self.check_count(primes as usize, limits::PRIMES as usize, "limit-primes", "primes")?;
            self.next();
            primes += 1;
        }
        let open = self.peek(0);
        if !open.is(Symbol::OpenParen) {
            if self.functions().is_constant(&word) && primes == 0 {
                return self.node(ExprKind::Name(word), token.span);
            }
            return Err(self.needs_parentheses(token, &word));
        }
        if let Some(op) = BigOp::from_word(&word)
            && self.peek(1).kind == TokenKind::Name
            && self.peek(2).is_word(self.text, "in")
        {
            return self.call_form(op, token);
        }
        let args = self.args()?;
        let span = self.since(token.span);
        let function = Name { text: word, span: token.span };
        self.node(ExprKind::Call { function, primes, args }, span)
    }

    fn needs_parentheses(&mut self, token: Token, word: &str) -> Box<Diagnostic> {
        let here = self.peek(0);
        let message = format!("a function needs parentheses: `{word}(..)`");
        let mut found =
            Diagnostic::error("function-without-call", message, token.span, "a function");
        if let Some(repair) = self.power_of_function(token, word) {
            found = found.repair(repair);
        } else if matches!(here.kind, TokenKind::Name | TokenKind::Number)
            && let Ok(argument) = self.deeper(Self::factor)
        {
            let text = argument.span.text(self.text);
            let span = token.span.to(argument.span);
            let call = format!("{word}({text})");
            found = found.replace(format!("call it: `{call}`"), span, &call);
        }
        Box::new(found)
    }

    /// `sin^2(x)` is `sin(x)^2`.
    fn power_of_function(&self, token: Token, word: &str) -> Option<Repair> {
        let (caret, power, open) = (self.peek(0), self.peek(1), self.peek(2));
        if !caret.is(Symbol::Caret)
            || power.kind != TokenKind::Number
            || !open.is(Symbol::OpenParen)
        {
            return None;
        }
        let close = self.peek(self.behind_bracket(2)? - 1);
        let call = open.span.to(close.span).text(self.text);
        let text = format!("{word}{call}^{}", power.text(self.text));
        Some(Repair::replace(format!("write `{text}`"), token.span.to(close.span), text))
    }

    /// `sum[i,j] term`, `mean[N] -log(p[y])`
    fn bracket_form(&mut self, op: BigOp, word: Token) -> Read<Expr> {
        let open = self.next();
        let binders = self.bracketed(Self::binders)?;
        self.close(open)?;
        let minus = self.peek(0);
        let negative = self.eat(Symbol::Minus);
        let mut body = self.deeper(Self::term)?;
        if negative {
            let span = minus.span.to(body.span);
            body = self.node(ExprKind::Negative(Box::new(body)), span)?;
        }
        let span = self.since(word.span);
        let body = Box::new(body);
        let kind = ExprKind::Big { op, form: BigForm::Bracket, binders, body, word: word.span };
        self.node(kind, span)
    }

    /// `sum(i in n: expr)`
    fn call_form(&mut self, op: BigOp, word: Token) -> Read<Expr> {
        let open = self.next();
        let binders = self.bracketed(Self::binders)?;
        self.expect(Symbol::Colon, " after the indices")?;
        let body = self.bracketed(Self::expr)?;
        self.close(open)?;
        let span = self.since(word.span);
        let body = Box::new(body);
        self.node(ExprKind::Big { op, form: BigForm::Call, binders, body, word: word.span }, span)
    }

    /// `NAME ['in' expr] {',' NAME ['in' expr]}`
    pub(super) fn binders(&mut self) -> Read<Vec<Binder>> {
        let mut binders = Vec::new();
        loop {
            let name = self.name("an index name")?;
            let range = if self.eat_word("in") { Some(self.expr()?) } else { None };
            binders.push(Binder { name, range });
            if !self.eat(Symbol::Comma) {
                return Ok(binders);
            }
            self.check_count(binders.len(), limits::AXES, "limit-axes", "indices")?;
        }
    }

    /// `'(' [arg {',' arg}] ')'`
    pub(super) fn args(&mut self) -> Read<Vec<Arg>> {
        let open = self.expect(Symbol::OpenParen, "")?;
        let args = self.bracketed(|cursor| {
            let mut args = Vec::new();
            if cursor.at_symbol(Symbol::CloseParen) {
                return Ok(args);
            }
            loop {
                let named =
                    cursor.peek(0).kind == TokenKind::Name && cursor.peek(1).is(Symbol::Equal);
                if named {
                    let name = cursor.name("an argument's name")?;
                    cursor.next();
                    args.push(Arg { name: Some(name), value: cursor.expr()? });
                } else {
                    args.push(Arg { name: None, value: cursor.condition()? });
                }
                if !cursor.eat(Symbol::Comma) {
                    return Ok(args);
                }
            }
        })?;
        self.close(open)?;
        Ok(args)
    }

    /// `dJ/dW`, `dJ/d{W, b}`, `dPsi[y[i],i]/dZ3[k,i]`: told by the letters and the missing blanks.
    fn derivative(&mut self) -> Read<Option<Expr>> {
        let start = self.peek(0);
        if !self.is_differential(0) {
            return Ok(None);
        }
        let slash = if self.peek(1).is(Symbol::OpenBracket) {
            match self.behind_bracket(1) {
                Some(behind) => behind,
                None => return Ok(None),
            }
        } else {
            1
        };
        let (op, below) = (self.peek(slash), self.peek(slash + 1));
        if !(op.is(Symbol::Slash) && op.glued && below.glued && below.kind == TokenKind::Name) {
            return Ok(None);
        }
        let braces = below.is_word(self.text, "d")
            && self.peek(slash + 2).is(Symbol::OpenBrace)
            && self.peek(slash + 2).glued;
        if !braces && !self.is_differential(slash + 1) {
            return Ok(None);
        }
        let of = self.entry(slash > 1)?;
        self.next(); // the slash
        let by = if braces {
            self.next();
            let open = self.next();
            let names = self.names("a value's name")?;
            self.close(open)?;
            names.into_iter().map(|name| Entry { span: name.span, name, indices: None }).collect()
        } else {
            // Behind `dJ/dW` an index is one of the gradient, a suffix like any other.
            let indexed = of.indices.is_some() && self.peek(1).is(Symbol::OpenBracket);
            vec![self.entry(indexed)?]
        };
        let span = self.since(start.span);
        self.node(ExprKind::Derivative { of, by }, span).map(Some)
    }

    /// A name of two letters or more that begins with `d`.
    fn is_differential(&self, ahead: usize) -> bool {
        let token = self.peek(ahead);
        if token.kind != TokenKind::Name {
            return false;
        }
        let text = token.text(self.text);
        text.len() > 1 && text.starts_with('d')
    }

    /// `dJ` or `dZ[i,j]`: the `d` is cut off.
    fn entry(&mut self, indexed: bool) -> Read<Entry> {
        let token = self.next();
        let word = self.word_of(token);
        let name = Name { text: word[1..].into(), span: token.span };
        let open = self.peek(0);
        let mut indices: Option<Vec<Index>> = None;
        if indexed {
            let (list, pad) = self.indices()?;
            if pad {
                let (message, place) = ("an entry lies inside its array", self.since(open.span));
                return Err(Box::new(Diagnostic::error("entry-pad", message, place, "no `pad`")));
            }
            indices = Some(list);
        }
        Ok(Entry { name, indices, span: self.since(token.span) })
    }

    /// `d^2 J/dx^2`
    fn check_second_derivative(&mut self, token: Token) -> Read<()> {
        let caret = self.peek(1);
        if !(token.is_word(self.text, "d") && caret.is(Symbol::Caret) && caret.glued) {
            return Ok(());
        }
        let (order, value, slash, below) = (self.peek(2), self.peek(3), self.peek(4), self.peek(5));
        let below_text = self.word_of(below);
        if order.kind != TokenKind::Number
            || value.kind != TokenKind::Name
            // `d^2 dJ/dx` is a product.
            || self.is_differential(3)
            || !(slash.is(Symbol::Slash) && slash.glued && below.glued)
            || !(below_text.starts_with('d') && below_text.len() > 1)
        {
            return Ok(());
        }
        let (of, by) = (self.word_of(value), below_text[1..].to_string());
        let end = if self.peek(6).is(Symbol::Caret) { self.peek(7).span } else { below.span };
        let text = format!("hess({of}, {by})");
        let place = token.span.to(order.span);
        let message = format!("the second derivative is written `{text}`");
        let mut found = Diagnostic::error("second-derivative", message, place, "");
        if order.text(self.text) == "2" {
            found = found.replace(format!("write `{text}`"), token.span.to(end), &text);
        }
        Err(Box::new(found))
    }
}

/// Whether an expression can be true or false.
fn is_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Compare(..) | ExprKind::Logic { .. } | ExprKind::Not(_) => true,
        ExprKind::Paren(inner) => is_condition(inner),
        _ => false,
    }
}
