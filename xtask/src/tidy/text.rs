//! Wording and white space: no unfinished work, no skipped tests, no tabs, no trailing blanks.
//!
//! A word between back-ticks is a mention, not a use, so documents may speak of these rules.

use super::finding::Finding;
use super::tree::{Tree, has_extension};

/// Marks of unfinished work, in any text. Put together here so that this file has none.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
/// The same as Rust code, and tests that do not run.
const CODE: [&str; 3] =
    [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("#[ig", "nore")];
/// Files whose white space is checked.
const NEAT: [&str; 3] = ["rs", "eqn", "md"];
/// Inputs that are wrong on purpose: tabs and carriage returns are wanted here.
const MISTAKES: &str = "suite/mistakes/";

/// Checks every line of every text file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        for (index, line) in text.split('\n').enumerate() {
            let blanks = white_space(path, line).into_iter().map(String::from);
            let messages = wording(path, line).into_iter().chain(blanks);
            findings.extend(messages.map(|message| Finding::error(path, index + 1, message)));
        }
    }
    findings
}

fn wording(path: &str, line: &str) -> Option<String> {
    let line = without_code_spans(line);
    let is_rust = has_extension(path, &["rs"]);
    let code = CODE.iter().filter(|_| is_rust);
    if let Some(word) = MARKS.iter().chain(code).find(|word| has_word(&line, word)) {
        return Some(format!("`{word}`: finish it, or write an issue and take it out"));
    }
    let skips = is_rust && line.contains(concat!("cfg_", "attr(")) && has_word(&line, "ignore");
    skips.then(|| "a test that is skipped: run it, or delete it".to_string())
}

/// Whether `word` is in `line` and not a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let joins = |a: Option<char>, b: Option<char>| a.is_some_and(is_part) && b.is_some_and(is_part);
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !joins(before.chars().next_back(), word.chars().next())
            && !joins(word.chars().next_back(), after.chars().next())
    })
}

fn white_space(path: &str, line: &str) -> Vec<&'static str> {
    let mut messages = Vec::new();
    if !has_extension(path, &NEAT) {
        return messages;
    }
    let mistakes = path.starts_with(MISTAKES);
    if line.contains('\t') && !mistakes {
        messages.push("a tab: use spaces");
    }
    let trailing = if mistakes { line.ends_with(' ') } else { line.ends_with(char::is_whitespace) };
    if trailing {
        messages.push("white space at the end of the line");
    }
    messages
}

/// `line` with everything between matching runs of back-ticks blanked, the ticks included.
pub(crate) fn without_code_spans(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let (before, ticked) = rest.split_at(start);
        let inside = ticked.trim_start_matches('`');
        let ticks = &ticked[..ticked.len() - inside.len()];
        kept.push_str(before);
        match closing(inside, ticks.len()) {
            Some(end) => {
                kept.push(' ');
                rest = &inside[end + ticks.len()..];
            }
            None => {
                kept.push_str(ticks);
                rest = inside;
            }
        }
    }
    kept + rest
}

/// The offset of a run of exactly `count` back-ticks.
fn closing(text: &str, count: usize) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find('`')?;
        let run = text[at..].len() - text[at..].trim_start_matches('`').len();
        if run == count {
            return Some(at);
        }
        at += run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn unfinished_work_is_found() {
        for mark in MARKS {
            for path in ["a.rs", "a.eqn", "docs/a.md", "Cargo.toml", ".ci/run", "web/a.js"] {
                let found = found(path, &format!("x\n# {mark}: later\n"));
                assert_eq!(found.len(), 1, "{path}");
                assert!(found[0].starts_with(&format!("{path}:2: `{mark}`")), "{found:?}");
            }
            assert_eq!(
                found("a.rs", &format!("// `{mark}` is a word, A{mark}S is not\n")),
                [""; 0]
            );
        }
    }

    #[test]
    fn unfinished_code_is_found() {
        for code in CODE {
            let text = format!("    {code} x\n");
            assert_eq!(found("a.rs", &text).len(), 1, "{code}");
            assert_eq!(found("a.md", &text), [""; 0]);
        }
        assert_eq!(found("a.rs", &format!("{} = \"slow\"]\n", CODE[2])).len(), 1);
        assert_eq!(found("a.rs", concat!("#[cfg_", "attr(debug_assertions, ignore)]\n")).len(), 1);
        assert_eq!(found("a.rs", "my_todo!(1); #[cfg_attr(x, doc = \"ignored\")]\n"), [""; 0]);
    }

    #[test]
    fn white_space_is_found() {
        assert_eq!(found("a.rs", "a\tb\n"), ["a.rs:1: a tab: use spaces"]);
        assert_eq!(found("a.eqn", "a\nb \n"), ["a.eqn:2: white space at the end of the line"]);
        assert_eq!(found("a.md", "a\r\n"), ["a.md:1: white space at the end of the line"]);
        assert_eq!(found("a.css", "\ta \n"), [""; 0]);
    }

    #[test]
    fn mistakes_may_hold_tabs() {
        assert_eq!(found("suite/mistakes/tab.eqn", "a\tb\t\r\n"), [""; 0]);
        assert_eq!(found("suite/mistakes/tab.eqn", "a \n").len(), 1);
    }

    #[test]
    fn code_spans_are_blank() {
        assert_eq!(without_code_spans("a `b` c"), "a   c");
        assert_eq!(without_code_spans("a ``b ` c`` d"), "a   d");
        assert_eq!(without_code_spans("a ` b"), "a ` b");
        assert_eq!(without_code_spans("```rust"), "```rust");
    }
}
