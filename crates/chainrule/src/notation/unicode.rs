//! The language with its Unicode spellings.

use chainrule_syntax::lex::lex;
use chainrule_syntax::token::{Symbol, Token, TokenKind};

use super::name::greek;

/// The same text with the Unicode spellings of the language, which reads back as the same formula.
///
/// ```
/// use chainrule::notation::unicode;
///
/// assert_eq!(unicode("dJt/dW2 = E3 A2^T + 2 lambda W2"), "∂Jt/∂W2 = E3 A2ᵀ + 2 λ W2");
/// assert_eq!(unicode("sum[N] ||x||^2"), "∑[N] ‖x‖²");
/// ```
pub fn unicode(text: &str) -> String {
    let lexed = lex(text);
    let tokens = &lexed.tokens;
    let partial = derivatives(text, tokens);
    let mut out = String::new();
    let mut at = 0;
    let mut i = 0;
    while i < tokens.len() {
        let token = tokens[i];
        let start = token.span.start as usize;
        if start < at {
            i += 1;
            continue;
        }
        out.push_str(&text[at..start]);
        let (spelled, used) = spelled(text, tokens, i, partial.contains(&i));
        // `x .* y` has blanks already, `^ 2` has none.
        out.push_str(&spelled);
        i += used;
        at = tokens[i - 1].span.end as usize;
    }
    out.push_str(&text[at..]);
    out
}

/// The Unicode spelling at a token, and how many tokens it stands for.
fn spelled(text: &str, tokens: &[Token], i: usize, is_partial: bool) -> (String, usize) {
    let token = tokens[i];
    let own = token.span.text(text);
    let next = |k: usize| tokens.get(i + k).filter(|t| t.glued);
    match token.kind {
        TokenKind::Symbol(Symbol::Caret) => superscript(text, tokens, i).unwrap_or((own.into(), 1)),
        TokenKind::Symbol(symbol) => (alias(symbol).unwrap_or(own).into(), 1),
        TokenKind::Name if is_partial => (format!("∂{}", name(&own[1..])), 1),
        TokenKind::Name => match own {
            "sum" if next(1).is_some_and(|t| t.is(Symbol::OpenBracket)) => ("∑".into(), 1),
            "in" => ("∈".into(), 1),
            "forall" => ("∀".into(), 1),
            _ => (name(own), 1),
        },
        _ => (own.into(), 1),
    }
}

fn superscript(text: &str, tokens: &[Token], i: usize) -> Option<(String, usize)> {
    let glued = |k: usize| tokens.get(i + k).filter(|t| t.glued);
    let word = |k: usize| glued(k).map(|t| t.span.text(text));
    // `x^2` before a power would run together.
    let last = |k: usize| glued(k).is_none_or(|t| !t.is(Symbol::Caret));
    match (word(1)?, word(2)) {
        ("T", _) => Some(("ᵀ".into(), 2)),
        ("2", _) if last(2) => Some(("²".into(), 2)),
        ("3", _) if last(2) => Some(("³".into(), 2)),
        ("-", Some("1")) if last(3) => Some(("⁻¹".into(), 3)),
        ("-", Some("T")) if last(3) => Some(("⁻ᵀ".into(), 3)),
        _ => None,
    }
}

fn alias(symbol: Symbol) -> Option<&'static str> {
    Some(match symbol {
        Symbol::DotStar => "⊙",
        Symbol::DotSlash => "⊘",
        Symbol::Bars => "‖",
        Symbol::Star => "·",
        Symbol::LessEqual => "≤",
        Symbol::GreaterEqual => "≥",
        Symbol::NotEqual => "≠",
        _ => return None,
    })
}

/// `lambda1` is `λ1`; a name that only begins like a letter stays.
fn name(text: &str) -> String {
    let part = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        match greek(letters) {
            Some(letter) => format!("{letter}{}", &part[letters.len()..]),
            None => part.to_string(),
        }
    };
    text.split('_').map(part).collect::<Vec<_>>().join("_")
}

/// The tokens `dJ` and `dW` of derivatives: glued to the `/` between them.
fn derivatives(text: &str, tokens: &[Token]) -> Vec<usize> {
    let mut found = Vec::new();
    let is_d = |i: usize| {
        let token = tokens[i];
        let own = token.span.text(text);
        token.kind == TokenKind::Name && own.len() > 1 && own.starts_with('d')
    };
    for (i, token) in tokens.iter().enumerate() {
        let glued = |k: usize| tokens.get(k).is_some_and(|t| t.glued);
        if !token.is(Symbol::Slash) || !token.glued || !glued(i + 1) || i == 0 {
            continue;
        }
        let behind = tokens[i + 1].span.text(text);
        let braces = behind == "d" && tokens.get(i + 2).is_some_and(|t| t.is(Symbol::OpenBrace));
        let Some(head) = head(tokens, i - 1).filter(|h| is_d(*h)) else { continue };
        if braces || is_d(i + 1) {
            found.extend([head, i + 1]);
        }
    }
    found
}

/// The name that an entry begins with: of `dPsi[y[i],i]` at its last bracket the first token.
fn head(tokens: &[Token], end: usize) -> Option<usize> {
    if !tokens[end].is(Symbol::CloseBracket) {
        return Some(end);
    }
    let mut open = 0_usize;
    for i in (0..=end).rev() {
        match tokens[i].kind {
            TokenKind::Symbol(Symbol::CloseBracket) => open += 1,
            TokenKind::Symbol(Symbol::OpenBracket) => {
                open -= 1;
                if open == 0 {
                    return i.checked_sub(1);
                }
            }
            _ => {}
        }
    }
    None
}
