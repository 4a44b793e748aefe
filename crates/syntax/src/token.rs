//! Tokens.

use std::borrow::Cow;

use crate::span::Span;
use crate::vocabulary::ascii_name;

/// Operators and brackets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)] // each is its own spelling, see `text`
pub enum Symbol {
    DotDot,
    DotStar,
    DotSlash,
    DotCaret,
    Dot,
    EqualEqual,
    NotEqual,
    LessEqual,
    GreaterEqual,
    Bars,
    Bar,
    Minus,
    Plus,
    Star,
    Slash,
    At,
    Caret,
    OpenParen,
    CloseParen,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Comma,
    Colon,
    Semicolon,
    Equal,
    Less,
    Greater,
    Tilde,
    Prime,
}

impl Symbol {
    /// Spellings, longest first where one begins another.
    pub const ALL: [(Symbol, &'static str); 31] = [
        (Symbol::DotDot, ".."),
        (Symbol::DotStar, ".*"),
        (Symbol::DotSlash, "./"),
        (Symbol::DotCaret, ".^"),
        (Symbol::Dot, "."),
        (Symbol::EqualEqual, "=="),
        (Symbol::NotEqual, "!="),
        (Symbol::LessEqual, "<="),
        (Symbol::GreaterEqual, ">="),
        (Symbol::Bars, "||"),
        (Symbol::Bar, "|"),
        (Symbol::Minus, "-"),
        (Symbol::Plus, "+"),
        (Symbol::Star, "*"),
        (Symbol::Slash, "/"),
        (Symbol::At, "@"),
        (Symbol::Caret, "^"),
        (Symbol::OpenParen, "("),
        (Symbol::CloseParen, ")"),
        (Symbol::OpenBrace, "{"),
        (Symbol::CloseBrace, "}"),
        (Symbol::OpenBracket, "["),
        (Symbol::CloseBracket, "]"),
        (Symbol::Comma, ","),
        (Symbol::Colon, ":"),
        (Symbol::Semicolon, ";"),
        (Symbol::Equal, "="),
        (Symbol::Less, "<"),
        (Symbol::Greater, ">"),
        (Symbol::Tilde, "~"),
        (Symbol::Prime, "'"),
    ];

    /// The spelling.
    pub fn text(self) -> &'static str {
        Symbol::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, t)| t)
    }

    /// The bracket that closes this one.
    pub fn closing(self) -> Option<Symbol> {
        match self {
            Symbol::OpenParen => Some(Symbol::CloseParen),
            Symbol::OpenBracket => Some(Symbol::CloseBracket),
            Symbol::OpenBrace => Some(Symbol::CloseBrace),
            _ => None,
        }
    }

    /// Whether this closes a bracket.
    pub fn is_closing(self) -> bool {
        matches!(self, Symbol::CloseParen | Symbol::CloseBracket | Symbol::CloseBrace)
    }
}

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TokenKind {
    /// `0.8`
    Number,
    /// `W1`, also Greek.
    Name,
    /// `"iris.csv"`
    Text,
    /// `_F` behind a norm.
    Subscript,
    /// An operator or bracket.
    Symbol(Symbol),
    /// A character that means nothing.
    Unknown,
    /// A text without its closing quote.
    OpenText,
    /// The end of a logical line.
    End,
}

/// A token with its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Whether no blank stands before it.
    pub glued: bool,
    /// Where it stands. `ᵀ`, `²` and the like give several tokens at one place.
    pub span: Span,
}

impl Token {
    /// Whether this is `symbol`.
    pub fn is(self, symbol: Symbol) -> bool {
        self.kind == TokenKind::Symbol(symbol)
    }

    /// The text in ASCII, as the grammar spells it.
    pub fn text<'s>(&self, source: &'s str) -> Cow<'s, str> {
        let text = self.span.text(source);
        match self.kind {
            TokenKind::Symbol(symbol) => Cow::Borrowed(symbol.text()),
            TokenKind::Name if !text.is_ascii() => Cow::Owned(ascii_name(text)),
            TokenKind::Number => match text {
                "²" => Cow::Borrowed("2"),
                "³" => Cow::Borrowed("3"),
                "¹" => Cow::Borrowed("1"),
                _ => Cow::Borrowed(text),
            },
            TokenKind::End => Cow::Borrowed(""),
            _ => Cow::Borrowed(text),
        }
    }

    /// Whether this is the name `word`.
    pub fn is_word(&self, source: &str, word: &str) -> bool {
        self.kind == TokenKind::Name && self.text(source) == word
    }
}
