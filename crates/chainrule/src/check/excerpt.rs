//! The line of a source with carets under the places in question.

use chainrule_syntax::Diagnostic;

/// Longer lines are cut around the first place.
const WIDTH: usize = 70;
/// So much of a cut line stands before that place.
const BEFORE: usize = 24;

/// The line of the primary place, then a line of carets with its text for each place on it.
pub(super) fn of(text: &str, found: &Diagnostic) -> String {
    let place = found.span();
    let start =
        text.get(..place.start as usize).map_or(0, |t| t.rfind('\n').map_or(0, |at| at + 1));
    let Some(rest) = text.get(start..) else { return String::new() };
    let line = rest.lines().next().unwrap_or("");
    let indent = line.len() - line.trim_start().len();
    // Columns count letters, not bytes.
    let column = |at: u32| {
        let bytes = (at as usize).saturating_sub(start).min(line.len());
        line.get(indent.min(bytes)..bytes).map_or(0, |t| t.chars().count())
    };
    let letters: Vec<char> = line.trim().chars().collect();
    let first = column(place.start);
    let cut = if letters.len() > WIDTH { first.saturating_sub(BEFORE) } else { 0 };
    // Not within a word, if there is a space before the place.
    let space = (cut..first.min(letters.len())).find(|at| *at > 0 && letters[at - 1] == ' ');
    let cut = if cut > 0 { space.unwrap_or(cut) } else { 0 };
    let shown: String = letters.iter().skip(cut).take(WIDTH).collect();
    let mut labels: Vec<_> = found.labels.iter().collect();
    labels.sort_by_key(|l| (l.span.start, l.span.end));
    let mut out = shown;
    for label in labels {
        let (from, to) = (column(label.span.start), column(label.span.end));
        let outside = (label.span.start as usize) < start
            || label.span.start as usize > start + line.len()
            || from < cut
            || from > cut + WIDTH;
        if outside {
            continue;
        }
        let carets = "^".repeat((to.min(cut + WIDTH)).saturating_sub(from).max(1));
        let row = format!("{}{carets} {}", " ".repeat(from - cut), label.text);
        out.push('\n');
        out.push_str(row.trim_end());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use chainrule_syntax::Span;

    #[test]
    fn carets_stand_under_their_places() {
        let text = "given\n  λ : R\n  claim λ (a - b) c\n";
        let at = |words: &str| {
            let start = text.rfind(words).expect("it is there");
            Span::new(start, start + words.len())
        };
        let found =
            Diagnostic::error("inner-sizes", "", at("(a - b)"), "m x 1").label(at("c"), "n x 1");
        let expected = "claim λ (a - b) c\n        ^^^^^^^ m x 1\n                ^ n x 1";
        assert_eq!(of(text, &found), expected);
        assert_eq!(of("", &found), "");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{} here {}", "gradient ".repeat(9), "b ".repeat(60));
        let start = text.find("here").expect("it is there");
        let found = Diagnostic::error("x", "", Span::new(start, start + 4), "this");
        let shown = of(&text, &found);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0].chars().count(), WIDTH);
        assert!(lines[0].starts_with("gradient "), "{}", lines[0]);
        assert_eq!(lines[0].find("here"), lines[1].find('^'));
    }
}
