//! A snippet cut into its items.

use chainrule_syntax::ast::BlockWord;

/// Words that go on with the line before.
const CLAUSES: [&str; 5] = ["where", "for", "if", "layout", "expect"];

/// What an item is, by its first signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `x, y : R[n]`, also with `~`.
    Declaration,
    /// `y = A x`, `y : R[n] = A x`, `y[i] = ..`.
    Definition,
    /// A statement with its block word.
    Block(BlockWord),
    /// Anything else: a claim or a formula.
    Other,
}

/// A piece of the snippet that says one thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Item {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The snippet on one line an item: comments and line ends inside are blanks. No byte moves.
pub(super) fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut comment, mut quoted) = (false, false);
    for c in text.chars() {
        match c {
            '\n' => (comment, quoted) = (false, false),
            '"' if !comment => quoted = !quoted,
            '#' if !quoted => comment = true,
            _ => {}
        }
        let blank = comment || matches!(c, '\r' | '\t');
        match blank {
            true => out.extend(std::iter::repeat_n(' ', c.len_utf8())),
            false => out.push(c),
        }
    }
    out
}

/// The items of a blanked snippet: cut at `;` and line ends outside brackets and quotes.
pub(super) fn items(text: &str) -> Vec<Item> {
    let mut found = Vec::new();
    let (mut depth, mut quoted, mut start) = (0_i64, false, 0);
    let mut cut = |start: usize, end: usize| {
        let body = &text[start..end];
        let trimmed = body.trim_start();
        let start = end - trimmed.len();
        let end = start + trimmed.trim_end().len();
        if start < end {
            found.push(Item { start, end });
        }
    };
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted && c != '\n' => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            // Inside brackets `;` has one meaning: `C[u-1; pad]`.
            ';' if word(text[at + 1..].trim_start()) != "pad" => {
                cut(start, at);
                (start, depth) = (at + 1, 0);
            }
            '\n' if depth <= 0 => {
                if !goes_on(&text[at + 1..]) {
                    cut(start, at);
                    start = at + 1;
                }
                (depth, quoted) = (0, false);
            }
            _ => {}
        }
    }
    cut(start, text.len());
    found
}

/// Whether what follows a line end belongs to the line before.
fn goes_on(rest: &str) -> bool {
    let line = rest.trim_start();
    let operator = line.starts_with(['=', '<', '>', '!', '+', '*', '/', '@', '.', ')', ']', '}']);
    operator || CLAUSES.contains(&word(line))
}

/// The name that a text begins with.
pub(super) fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// What an item is.
pub(super) fn kind(text: &str) -> Kind {
    let first = word(text);
    let rest = text[first.len()..].trim_start();
    // A name may be spelled like a block word: `data = ..`.
    let named = rest.is_empty() || rest.starts_with(['=', ':', ',', '\'']);
    if let (Some(block), false) = (BlockWord::from_word(first), named) {
        return Kind::Block(block);
    }
    if first.is_empty() || first.starts_with(char::is_numeric) {
        return Kind::Other;
    }
    let (colon, equal) = (outside(text, ':'), outside(text, '='));
    let names = |end: usize| text[..end].split(',').all(|name| is_name(name.trim()));
    match (colon, equal) {
        (Some(colon), None) if names(colon) => Kind::Declaration,
        (Some(colon), Some(equal)) if colon < equal && is_target(text[..colon].trim()) => {
            Kind::Definition
        }
        (_, Some(equal)) if is_target(text[..equal].trim()) => Kind::Definition,
        _ => Kind::Other,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && word(text) == text && !text.starts_with(char::is_numeric)
}

/// `y`, `y[i, j]`
fn is_target(text: &str) -> bool {
    match text.split_once('[') {
        None => is_name(text),
        Some((name, indices)) => {
            let indices = indices.strip_suffix(']').unwrap_or("[");
            is_name(name.trim_end()) && indices.split(',').all(|i| is_name(i.trim()))
        }
    }
}

/// The first place of a sign outside brackets; `=` not as a part of `==`, `<=`.
fn outside(text: &str, sign: char) -> Option<usize> {
    let mut depth = 0_i64;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if c == sign && depth == 0 => {
                let double = sign == '=' && text[at + 1..].starts_with('=');
                if !double && !matches!(before, '=' | '<' | '>' | '!') {
                    return Some(at);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let text = blanked(text);
        items(&text).iter().map(|i| text[i.start..i.end].to_owned()).collect()
    }

    #[test]
    fn items_end_at_semicolons_and_lines() {
        assert_eq!(cut("a : R; b : R\n a = b;"), ["a : R", "b : R", "a = b"]);
        assert_eq!(cut("y = C[u-1; pad]\n\nx"), ["y = C[u-1; pad]", "x"]);
        assert_eq!(cut("a = b # as; above\n  where b = 1"), ["a = b            \n  where b = 1"]);
        assert_eq!(cut("f = (a\n+ b)\n= c"), ["f = (a\n+ b)\n= c"]);
        assert_eq!(cut(" ;; \n"), Vec::<String>::new());
    }

    #[test]
    fn kinds() {
        let block = |word| Kind::Block(BlockWord::from_word(word).expect("a block word"));
        for (text, expected) in [
            ("x, y : R[n]", Kind::Declaration),
            ("x : R[d] per N", Kind::Declaration),
            ("W : R[n] ~ normal(0, sd = 1)", Kind::Declaration),
            ("y = A x", Kind::Definition),
            ("y : R[n] = A x", Kind::Definition),
            ("y[i, j] = A[i, j]", Kind::Definition),
            ("data = x", Kind::Definition),
            ("λ : R+", Kind::Declaration),
            ("batch N", block("batch")),
            ("size n = 3", block("size")),
            ("dL/dW = x", Kind::Other),
            ("y[0] = x", Kind::Other),
            ("forall i in n: y[i] = x[i]", Kind::Other),
            ("sum(i in n: x[i]) = 1", Kind::Other),
            ("x <= y", Kind::Other),
            ("||A x||^2", Kind::Other),
            ("1/N x", Kind::Other),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
