//! The parser's place in a line, and its most common errors.

use std::collections::HashSet;

use crate::ast::{Expr, ExprKind, Name, Number, Text};
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::span::Span;
use crate::suggest::nearest;
use crate::token::{Symbol, Token, TokenKind};
use crate::vocabulary::{FunctionNames, is_reserved};

/// A piece of a tree, or the line's one mistake.
pub(super) type Read<T> = Result<T, Box<Diagnostic>>;

/// A position in the tokens of one logical line.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    functions: &'a FunctionNames,
    locals: &'a HashSet<String>,
    nodes: &'a mut usize,
    /// Names read outside of expressions.
    pub(super) names: usize,
    /// How many of them the file may still have.
    names_left: usize,
    depth: u32,
    /// Suffixes on the way down from the last factor read: they nest like brackets.
    pub(super) suffixes: u32,
    /// Open norms: inside one, `||` closes.
    pub(super) norms: u32,
    /// Whether `a'` is the next value of a state.
    pub(super) states: bool,
    /// Words that end an expression here, although they are names elsewhere.
    pub(super) stops: &'static [&'static str],
    /// Whether a limit of the whole file was reached.
    pub(super) limit: bool,
    /// For each opening bracket the index of the one that closes it.
    partners: Vec<u32>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(
        text: &'a str,
        tokens: &'a [Token],
        functions: &'a FunctionNames,
        locals: &'a HashSet<String>,
        nodes: &'a mut usize,
        names_left: usize,
    ) -> Cursor<'a> {
        Cursor {
            text,
            tokens,
            at: 0,
            functions,
            locals,
            nodes,
            names: 0,
            names_left,
            depth: 0,
            suffixes: 0,
            norms: 0,
            states: false,
            stops: &[],
            limit: false,
            partners: partners(tokens),
        }
    }

    // -- looking

    /// The token `ahead` places on; the end of the line is a token too.
    pub(super) fn peek(&self, ahead: usize) -> Token {
        self.tokens.get(self.at + ahead).copied().unwrap_or(Token {
            kind: TokenKind::End,
            glued: false,
            span: self.end(),
        })
    }

    /// The place just behind the last token.
    pub(super) fn end(&self) -> Span {
        self.tokens.last().map_or(Span::default(), |t| t.span.after())
    }

    /// The token before this one.
    pub(super) fn previous(&self) -> Option<Token> {
        self.at.checked_sub(1).map(|i| self.tokens[i])
    }

    /// From `start` to the last token read.
    pub(super) fn since(&self, start: Span) -> Span {
        self.previous().map_or(start, |t| start.to(t.span))
    }

    pub(super) fn at_symbol(&self, symbol: Symbol) -> bool {
        self.peek(0).is(symbol)
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.peek(0).is_word(self.text, word)
    }

    pub(super) fn word_of(&self, token: Token) -> String {
        token.text(self.text).into_owned()
    }

    /// Whether `name` is called here, not multiplied.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.is_function(name) && !self.is_local(name)
    }

    pub(super) fn functions(&self) -> &FunctionNames {
        self.functions
    }

    pub(super) fn is_local(&self, name: &str) -> bool {
        self.locals.contains(name)
    }

    /// The token behind the bracket that closes the one at `ahead`, counted from here.
    pub(super) fn behind_bracket(&self, ahead: usize) -> Option<usize> {
        let partner = *self.partners.get(self.at + ahead)? as usize;
        (partner > 0).then(|| partner + 1 - self.at)
    }

    // -- moving

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek(0);
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    pub(super) fn eat(&mut self, symbol: Symbol) -> bool {
        let here = self.at_symbol(symbol);
        if here {
            self.next();
        }
        here
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let here = self.at_word(word);
        if here {
            self.next();
        }
        here
    }

    pub(super) fn expect(&mut self, symbol: Symbol, why: &str) -> Read<Token> {
        if self.at_symbol(symbol) {
            return Ok(self.next());
        }
        let message = format!("expected `{}`{why}, found {}", symbol.text(), self.found());
        Err(self.error_here("expected-symbol", message))
    }

    pub(super) fn expect_word(&mut self, word: &str, why: &str) -> Read<Token> {
        if self.at_word(word) {
            return Ok(self.next());
        }
        let message = format!("expected `{word}`{why}, found {}", self.found());
        Err(self.error_here("expected-word", message))
    }

    /// The bracket that closes `open`.
    pub(super) fn close(&mut self, open: Token) -> Read<Token> {
        let TokenKind::Symbol(symbol) = open.kind else { return Ok(open) };
        let closing = symbol.closing().unwrap_or(symbol);
        if self.at_symbol(closing) {
            return Ok(self.next());
        }
        let token = self.peek(0);
        if token.kind == TokenKind::End {
            let message = format!("this `{}` is never closed", symbol.text());
            let end = self.end();
            return Err(Box::new(
                Diagnostic::error("unclosed", message, open.span, "opened here")
                    .label(end, "the line ends here")
                    .replace(format!("insert `{}`", closing.text()), end, closing.text()),
            ));
        }
        match token.kind {
            TokenKind::Symbol(Symbol::Equal) => return Err(self.equals_inside()),
            TokenKind::Symbol(Symbol::Dot) => return Err(self.dot()),
            TokenKind::Symbol(Symbol::Comma) => {
                if let Some(found) = self.unknown_function(open) {
                    return Err(found);
                }
            }
            TokenKind::Unknown => return Err(self.unknown_character()),
            TokenKind::OpenText => return Err(self.open_text()),
            _ => {}
        }
        let message = format!("expected `{}`, found {}", closing.text(), self.found());
        let mut found = Diagnostic::error("expected-symbol", message, token.span, "")
            .label(open.span, format!("this `{}` is open", symbol.text()));
        if let TokenKind::Symbol(s) = token.kind
            && s.is_closing()
        {
            found = found.replace(
                format!("close it with `{}`", closing.text()),
                token.span,
                closing.text(),
            );
        }
        Err(Box::new(found))
    }

    fn equals_inside(&self) -> Box<Diagnostic> {
        let token = self.peek(0);
        let message = "`=` inside an expression: a comparison is `==`";
        Box::new(
            Diagnostic::error("equals-in-expression", message, token.span, "")
                .replace("compare", token.span, "=="),
        )
    }

    // -- leaves

    /// A name that is not reserved, outside of an expression; `what` says what is named.
    pub(super) fn name(&mut self, what: &str) -> Read<Name> {
        let name = self.value_name(what)?;
        self.names += 1;
        if self.names > self.names_left {
            self.limit = true;
            return Err(Box::new(too_many_statements(name.span)));
        }
        Ok(name)
    }

    /// A name that is not reserved.
    pub(super) fn value_name(&mut self, what: &str) -> Read<Name> {
        let token = self.peek(0);
        if token.kind != TokenKind::Name {
            let message = format!("expected {what}, found {}", self.found());
            return Err(self.error_here("expected-name", message));
        }
        let text = self.word_of(token);
        if is_reserved(&text) {
            let message = format!("`{text}` is a reserved word, not {what}");
            return Err(self.error_here("reserved-word", message));
        }
        if text.len() > limits::NAME_BYTES {
            let message = format!(
                "a name of {} letters; at most {} are read",
                text.len(),
                limits::NAME_BYTES
            );
            return Err(self.error_here("limit-name", message));
        }
        self.next();
        Ok(Name { text, span: token.span })
    }

    /// A name that is about to be defined: no function may be.
    pub(super) fn new_name(&mut self, what: &str) -> Read<Name> {
        let name = self.name(what)?;
        if self.functions.is_hard(&name.text) && !self.is_local(&name.text) {
            return Err(self.function_defined(&name));
        }
        Ok(name)
    }

    fn function_defined(&self, name: &Name) -> Box<Diagnostic> {
        let message = format!("`{}` is a function; its name cannot be defined", name.text);
        let mut found = Diagnostic::error("function-name", message, name.span, "a function");
        let value = self.tokens.get(self.at + 1).is_some_and(|t| t.kind != TokenKind::End);
        if self.at_symbol(Symbol::Equal) && value {
            let first = self.tokens[self.at + 1].span;
            let value = first.to(self.end()).text(self.text).to_string();
            let short = name.text.chars().next().unwrap_or('v');
            let text = format!("{short} = {}({value})", name.text);
            let span = name.span.to(self.end());
            found = found.replace(format!("did you mean `{text}`?"), span, text);
        }
        Box::new(found)
    }

    pub(super) fn names(&mut self, what: &str) -> Read<Vec<Name>> {
        let mut names = vec![self.name(what)?];
        while self.eat(Symbol::Comma) {
            names.push(self.name(what)?);
        }
        Ok(names)
    }

    pub(super) fn string(&mut self, what: &str) -> Read<Text> {
        let token = self.peek(0);
        let text = token.span.text(self.text);
        match token.kind {
            TokenKind::Text => {
                self.next();
                Ok(Text { text: text[1..text.len() - 1].into(), span: token.span })
            }
            TokenKind::OpenText => Err(self.open_text()),
            _ => {
                let message = format!("expected {what} in quotes, found {}", self.found());
                Err(self.error_here("expected-text", message))
            }
        }
    }

    pub(super) fn number(&mut self, what: &str) -> Read<Number> {
        let token = self.peek(0);
        if token.kind == TokenKind::Number {
            self.next();
            return Ok(number(token, self.text));
        }
        let message = format!("expected {what}, found {}", self.found());
        Err(self.error_here("expected-number", message))
    }

    // -- nodes and bounds

    pub(super) fn node(&mut self, kind: ExprKind, span: Span) -> Read<Expr> {
        *self.nodes += 1;
        if *self.nodes > limits::NODES {
            self.limit = true;
            let message = format!("the file has more than {} terms", limits::NODES);
            return Err(Box::new(Diagnostic::error(
                "limit-nodes",
                message,
                span,
                "reading stops here",
            )));
        }
        Ok(Expr { kind, span })
    }

    /// One more than `so_far` must not exceed `limit`.
    pub(super) fn check_count(
        &self,
        so_far: usize,
        limit: usize,
        code: &'static str,
        what: &str,
    ) -> Read<()> {
        if so_far < limit {
            return Ok(());
        }
        Err(self.error_here(code, format!("more than {limit} {what}")))
    }

    /// Runs `read` one level deeper.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth += 1;
        if self.depth > limits::NESTING {
            let message = format!("nested deeper than {} levels", limits::NESTING);
            return Err(Box::new(
                Diagnostic::error("limit-nesting", message, self.peek(0).span, "too deep here")
                    .note("give an inner part a name of its own"),
            ));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// Inside brackets a norm of the outside cannot be closed.
    pub(super) fn bracketed<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let norms = std::mem::take(&mut self.norms);
        let value = self.deeper(read)?;
        self.norms = norms;
        Ok(value)
    }

    // -- errors

    /// What stands here, in words.
    pub(super) fn found(&self) -> String {
        let token = self.peek(0);
        match token.kind {
            TokenKind::End => "the end of the line".into(),
            _ => format!("`{}`", token.text(self.text)),
        }
    }

    pub(super) fn error_here(
        &self,
        code: &'static str,
        message: impl Into<String>,
    ) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(code, message, self.peek(0).span, ""))
    }

    /// Adds "did you mean" to an unknown word.
    pub(super) fn unknown_word(
        &self,
        code: &'static str,
        what: &str,
        known: &[&str],
    ) -> Box<Diagnostic> {
        let token = self.peek(0);
        let word = token.text(self.text).into_owned();
        let mut found = Diagnostic::error(code, format!("`{word}` is not {what}"), token.span, "");
        match nearest(&word, known.iter().copied()) {
            Some(near) => {
                found = found.replace(format!("did you mean `{near}`?"), token.span, near);
            }
            None => found = found.note(format!("known: {}", known.join(" "))),
        }
        Box::new(found)
    }
}

/// There are more than [`limits::STATEMENTS`].
pub(super) fn too_many_statements(span: Span) -> Diagnostic {
    let message =
        format!("the file has more than {} blocks, statements and names", limits::STATEMENTS);
    Diagnostic::error("limit-statements", message, span, "reading stops here")
}

/// The value of a number token.
pub(super) fn number(token: Token, source: &str) -> Number {
    let text = token.text(source).into_owned();
    let value = text.parse().unwrap_or(f64::NAN);
    Number { text, value, span: token.span }
}

/// For each opening bracket the index of its partner; 0 elsewhere.
fn partners(tokens: &[Token]) -> Vec<u32> {
    let mut partners = vec![0; tokens.len()];
    let mut open: Vec<(usize, Symbol)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let TokenKind::Symbol(symbol) = token.kind else { continue };
        if let Some(closing) = symbol.closing() {
            open.push((at, closing));
        } else if symbol.is_closing()
            && let Some(&(start, closing)) = open.last()
            && closing == symbol
        {
            open.pop();
            partners[start] = at as u32;
        }
    }
    partners
}
