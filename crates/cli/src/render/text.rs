//! Widths on the screen, characters that are safe to show, and wrapping.

use unicode_width::UnicodeWidthChar;

/// Columns of a tab, as the snippet renderer draws it.
const TAB: usize = 4;

/// What is shown for `c`: itself, or a sign for a character that would steer the terminal.
pub(super) fn shown(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // Marks that change the direction of the text would show it in another order than it has.
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' => '\u{fffd}',
        '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => c,
    }
}

/// Columns that `c` takes; at least one, so that no text is long without being wide.
pub(super) fn columns_of(c: char) -> usize {
    match c {
        '\t' => TAB,
        _ => UnicodeWidthChar::width(c).unwrap_or(1).max(1),
    }
}

/// Columns that `text` takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// `text` on one line, without a character that would steer the terminal.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\t' | '\n') { ' ' } else { shown(c) }).collect()
}

/// `text` in lines of at most `width` columns, broken at blanks, preferably not inside backquotes.
pub(crate) fn wrap(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut used = 0;
    for line in text.lines() {
        if !out.is_empty() {
            out.push('\n');
            used = 0;
        }
        for word in words(&one_line(line), width) {
            let wide = columns(&word);
            if used > 0 && used + 1 + wide > width {
                out.push('\n');
                used = 0;
            } else if used > 0 {
                out.push(' ');
                used += 1;
            }
            used += wide;
            out.push_str(&word);
        }
    }
    out
}

/// The pieces of `line` that stay together: words, and short texts in backquotes.
fn words(line: &str, width: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in line.split(' ').filter(|w| !w.is_empty()) {
        match words.last_mut() {
            Some(last) if open && columns(last) + 1 + columns(word) <= width / 2 => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_stays_together() {
        let text = "the product `(os - oh) hs` does not fit";
        assert_eq!(wrap(text, 20), "the product\n`(os - oh) hs` does\nnot fit");
        assert_eq!(wrap(text, 34), "the product `(os - oh) hs` does\nnot fit");
    }

    #[test]
    fn a_word_wider_than_the_line_stands_alone() {
        assert_eq!(wrap("a bbbbbbbb c", 4), "a\nbbbbbbbb\nc");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31m\tb\u{9b}\u{202e}"), "a\u{241b}[31m b\u{fffd}\u{fffd}");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(columns("漢a\t"), 7);
        assert_eq!(columns("e\u{301}"), 2);
    }
}
