//! Text to tokens, physical lines and comments. Never fails: what it cannot read becomes a token
//! that the parser reports.

use crate::limits;
use crate::span::Span;
use crate::token::{Symbol, Token, TokenKind};
use crate::vocabulary::greek;

/// A line of the text that holds at least one token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhysicalLine {
    /// Index of its first token.
    pub first: usize,
    /// One past its last token.
    pub end: usize,
    /// Columns of indentation; a tab counts two.
    pub indent: usize,
    /// A tab in the indentation, if there is one.
    pub tab: Option<Span>,
}

/// A comment, from `#` to the end of its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Where.
    pub span: Span,
    /// Whether nothing else stands on its line.
    pub alone: bool,
}

/// The lexed text.
#[derive(Clone, Debug, Default)]
pub struct Lexed {
    /// All tokens.
    pub tokens: Vec<Token>,
    /// Lines with tokens, in order.
    pub lines: Vec<PhysicalLine>,
    /// All comments, in order.
    pub comments: Vec<Comment>,
    /// Where reading stopped, if there were more than [`limits::TOKENS`].
    pub truncated: Option<Span>,
}

/// Cuts `text` into tokens.
pub fn lex(text: &str) -> Lexed {
    let mut out = Lexed::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        lex_line(text, at, line.trim_end_matches(['\n', '\r']), &mut out);
        at += line.len();
        if out.truncated.is_some() {
            break;
        }
    }
    out
}

fn lex_line(source: &str, start: usize, line: &str, out: &mut Lexed) {
    let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
    let tabs = line[..blanks].bytes().filter(|b| *b == b'\t').count();
    let tab = line[..blanks].find('\t').map(|i| Span::new(start + i, start + i + 1));
    let first = out.tokens.len();
    let (mut at, end) = (start + blanks, start + line.len());
    let mut glued = false;
    while at < end {
        let rest = &source[at..end];
        let Some(c) = rest.chars().next() else { break };
        if c == '#' {
            let alone = out.tokens.len() == first;
            out.comments.push(Comment { span: Span::new(at, end), alone });
            break;
        }
        if c.is_whitespace() || c == '\u{feff}' && at == 0 {
            glued = false;
            at += c.len_utf8();
            continue;
        }
        let before = out.tokens.len();
        if before >= limits::TOKENS {
            // The line that is cut is not read at all.
            out.tokens.truncate(first);
            out.truncated = Some(Span::at(at));
            break;
        }
        let length = lex_token(rest, c, at, out);
        if let Some(token) = out.tokens.get_mut(before) {
            token.glued = glued;
        }
        glued = true;
        at += length;
    }
    if out.tokens.len() > first {
        let indent = blanks + tabs;
        out.lines.push(PhysicalLine { first, end: out.tokens.len(), indent, tab });
    }
}

/// Pushes the token (or tokens) at the head of `rest`; returns its length in bytes.
fn lex_token(rest: &str, c: char, at: usize, out: &mut Lexed) -> usize {
    let mut push = |kind, length: usize| {
        out.tokens.push(Token { kind, glued: true, span: Span::new(at, at + length) });
        length
    };
    match c {
        '0'..='9' => push(TokenKind::Number, number_length(rest)),
        '"' => match rest[1..].find('"') {
            Some(length) => push(TokenKind::Text, length + 2),
            None => push(TokenKind::OpenText, rest.len()),
        },
        '_' => push(TokenKind::Subscript, 1 + name_length(&rest[1..])),
        '∑' | '∀' | '∈' | 'ℝ' => push(TokenKind::Name, c.len_utf8()),
        '²' | '³' | '¹' | 'ᵀ' | '⁻' => superscript(c, at, out),
        _ if is_letter(c) => push(TokenKind::Name, name_length(rest)),
        _ => match alias(c).or_else(|| symbol(rest)) {
            Some((symbol, length)) => push(TokenKind::Symbol(symbol), length),
            None => push(TokenKind::Unknown, c.len_utf8()),
        },
    }
}

/// `²` is `^2`, `⁻¹` is `^-1`: one caret for a run of superscripts.
fn superscript(c: char, at: usize, out: &mut Lexed) -> usize {
    let span = Span::new(at, at + c.len_utf8());
    // `⁻` gives a caret and a minus at one place; a minus alone is `−`, on the line.
    let in_run = matches!(&out.tokens[..], [.., caret, minus] if caret.span == minus.span
        && minus.span.end as usize == at && minus.is(Symbol::Minus));
    let mut push = |kind| out.tokens.push(Token { kind, glued: true, span });
    if !in_run {
        push(TokenKind::Symbol(Symbol::Caret));
    }
    match c {
        '⁻' => push(TokenKind::Symbol(Symbol::Minus)),
        'ᵀ' => push(TokenKind::Name),
        _ => push(TokenKind::Number),
    }
    c.len_utf8()
}

fn alias(c: char) -> Option<(Symbol, usize)> {
    let symbol = match c {
        '⊙' => Symbol::DotStar,
        '⊘' => Symbol::DotSlash,
        '‖' => Symbol::Bars,
        '·' => Symbol::Star,
        '−' => Symbol::Minus,
        '≤' => Symbol::LessEqual,
        '≥' => Symbol::GreaterEqual,
        '≠' => Symbol::NotEqual,
        _ => return None,
    };
    Some((symbol, c.len_utf8()))
}

fn symbol(rest: &str) -> Option<(Symbol, usize)> {
    Symbol::ALL.iter().find(|(_, t)| rest.starts_with(t)).map(|(s, t)| (*s, t.len()))
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii() && greek(c).is_some()
}

fn name_length(text: &str) -> usize {
    text.char_indices()
        .find(|&(_, c)| !(is_letter(c) || c.is_ascii_digit() || c == '_'))
        .map_or(text.len(), |(i, _)| i)
}

/// `3`, `0.8`, `1e-4`: a digit on both sides of the point.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut at = digits(0);
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction > 0 {
            at += 1 + fraction;
        }
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = if at + 1 + sign <= bytes.len() { digits(at + 1 + sign) } else { 0 };
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        lex(source).tokens.iter().map(|t| t.text(source).into_owned()).collect()
    }

    #[test]
    fn a_point_belongs_to_a_number_only_between_digits() {
        assert_eq!(
            texts("1./p 1..4 0.5 1.e .5"),
            ["1", "./", "p", "1", "..", "4", "0.5", "1", ".", "e", ".", "5"]
        );
        assert_eq!(texts("1e-4 2e3 2e 3E+ x"), ["1e-4", "2e3", "2", "e", "3", "E", "+", "x"]);
    }

    #[test]
    fn unicode_is_an_alias() {
        assert_eq!(
            texts("∂J/∂λ1 ⊙ Aᵀ x² A⁻¹ ‖x‖"),
            [
                "dJ", "/", "dlambda1", ".*", "A", "^", "T", "x", "^", "2", "A", "^", "-", "1",
                "||", "x", "||"
            ]
        );
        assert_eq!(texts("A⁻ᵀ ∀ i ∈ n"), ["A", "^", "-", "T", "forall", "i", "in", "n"]);
    }

    #[test]
    fn comments_and_texts() {
        let lexed = lex("a = \"x # y\" # note\n# alone\n");
        assert_eq!(lexed.comments.len(), 2);
        assert!(!lexed.comments[0].alone && lexed.comments[1].alone);
        assert_eq!(lexed.lines.len(), 1);
        assert_eq!(lex("p \"abc").tokens[1].kind, TokenKind::OpenText);
    }

    #[test]
    fn blanks_show_in_glued() {
        let glued: Vec<bool> = lex("f (x)^T").tokens.iter().map(|t| t.glued).collect();
        assert_eq!(glued, [false, false, true, true, true, true]);
    }
}
