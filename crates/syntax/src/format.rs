//! The author's text, tidied: what `chainrule fmt` writes.
//!
//! Kept are the words as spelled (`λ` stays `λ`), the comments, the line breaks inside a statement
//! and the blank lines, of which several become one. Made uniform are the blanks inside a line,
//! which follow [`print`](crate::print) but are two before the clauses of a claim and the options
//! of `derive`; the indentation, 2 for the statements of a block and 4 for their further lines, 2
//! for the further lines of a claim and its like; and the columns:
//!
//! - declarations align `:`, `per`, `~` or `=`, and `for`; definitions align `=` and `for`
//! - claims align what follows their names, and `expect` if that is not too far right
//! - `derive` lines align their options, `train` lines what follows the optimizer
//! - `size` and `batch`, and `train`, `show`, `plot`, `check`, `export` align what follows the word
//! - comments behind the lines of a paragraph stand in one column, if that is not too far right
//!
//! Columns run through neighbouring lines: a blank line, a comment on a line of its own and a
//! statement of several lines end them, and so does a line that would need more than 24 blanks.
//! All depends on the tokens alone, never on the blanks that were there, so formatting twice is
//! formatting once.

mod align;
mod columns;
mod rows;
mod spacing;

use std::borrow::Cow;

use crate::lex::{Lexed, lex};
use crate::limits;
use crate::lines::group;
use crate::parse::{Parsed, parse, parse_lexed};
use rows::{Rows, rows};

/// Formats the text of a file; what it says stays the same.
///
/// # Errors
/// A file that cannot be read is not touched: the diagnostics come back, at least one of them an
/// error. A tab in the indentation is none here, it is replaced.
///
/// ```
/// let text = "param\n\tW1:R[H,d]~he   # weights\n\tb:R[H]=0 # offsets\nnet z=W1 x+b";
/// assert_eq!(
///     chainrule_syntax::format(text).unwrap(),
///     "param\n  W1 : R[H, d] ~ he  # weights\n  b  : R[H]    = 0   # offsets\nnet z = W1 x + b\n"
/// );
/// assert!(!chainrule_syntax::format("net\n  z = (a + b").unwrap_err().is_ok());
/// ```
pub fn format(text: &str) -> Result<String, Parsed> {
    if text.len() > limits::TEXT_BYTES {
        return Err(parse(text));
    }
    let lexed = lex(text);
    match without_tabs(text, &lexed) {
        Cow::Borrowed(text) => Ok(arranged(text, &lexed)?.join()),
        Cow::Owned(repaired) => match arranged(&repaired, &lex(&repaired)) {
            Ok(rows) => Ok(rows.join()),
            // The places must be those of the author's text.
            Err(_) => Err(parse(text)),
        },
    }
}

/// The rows of a text without tabs, aligned.
fn arranged<'a>(text: &'a str, lexed: &'a Lexed) -> Result<Rows<'a>, Parsed> {
    let parsed = parse_lexed(text, lexed);
    if !parsed.is_ok() {
        return Err(parsed);
    }
    let lines = group(text, lexed);
    let mut rows = rows(text, lexed, &lines.lines, &parsed.file);
    align::columns(&mut rows.rows);
    align::comments(&mut rows.rows);
    Ok(rows)
}

/// The text with two blanks for each tab in the indentation of a line, as the lexer counts them.
fn without_tabs<'a>(text: &'a str, lexed: &Lexed) -> Cow<'a, str> {
    if lexed.lines.iter().all(|line| line.tab.is_none()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + lexed.lines.len() * 2);
    let mut at = 0;
    for line in lexed.lines.iter().filter(|line| line.tab.is_some()) {
        let code = lexed.tokens[line.first].span.start as usize;
        let start = text[..code].rfind('\n').map_or(0, |end| end + 1);
        out.push_str(&text[at..start]);
        out.push_str(&text[start..code].replace('\t', "  "));
        at = code;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn unprinted(text: &str) -> usize {
        let lexed = lex(text);
        arranged(text, &lexed).map_or(0, |rows| rows.unprinted)
    }

    #[test]
    fn statements_of_the_repository_print_as_written() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = 0;
        for folder in ["crates/chainrule/models", "suite/claims", "suite/identities"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|e| e == "eqn") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert_eq!(unprinted(&text), 0, "{}", path.display());
                    files += 1;
                }
            }
        }
        assert!(files > 200, "{files} files");
    }

    #[test]
    fn what_the_tree_does_not_tell_is_told_by_the_places() {
        for text in [
            "claim \"c\" a = b expect false where b = 1 if n > 1 layout numerator for a = 1",
            "net\n  z = + a + b [+i]",
            "net\n  z = ∂J/∂{W} + dJ/dW[i] + dJ/d{λ, b}",
            "data x : R[d] = csv \"f\" / 255 columns 1..4 - mean column 5",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text).diagnostics);
            assert_eq!(unprinted(text), 0, "{text}");
        }
    }
}
