use chainrule::{Edit, Span};

use super::*;

fn source(text: &str) -> Source {
    Source::new("net.eqn", text)
}

fn span(text: &str, what: &str) -> Span {
    let start = text.find(what).expect("the text is in the source");
    Span::new(start, start + what.len())
}

fn plain(text: &str, diagnostics: &[Diagnostic]) -> String {
    let out = render(&source(text), diagnostics, false, 80);
    for line in out.lines() {
        assert!(columns(line) <= 80, "wider than the screen: {line}");
    }
    out
}

#[test]
fn two_labels_a_note_and_a_repair() {
    let text = "net\n  dW2 = (os - oh) hs\n";
    let hs = span(text, "hs");
    let d = Diagnostic::error(
        "inner-sizes",
        "inner sizes 1 and dh differ",
        span(text, "(os - oh)"),
        "m x 1",
    )
    .label(hs, "dh x 1")
    .note(
        "a product `A B` needs as many columns in `A` as rows in `B`, and here there are 1 and dh",
    )
    .replace("the transpose of `hs` fits: m x dh", hs.after(), "^T");
    assert_eq!(
        plain(text, &[d]),
        "\
error[inner-sizes]: inner sizes 1 and dh differ
 --> net.eqn:2:9
  |
2 |   dW2 = (os - oh) hs
  |         ^^^^^^^^^ -- dh x 1
  |         |
  |         m x 1
  |
  = note: a product `A B` needs as many columns in `A` as rows in `B`, and here
          there are 1 and dh
help: the transpose of `hs` fits: m x dh
  |
2 |   dW2 = (os - oh) hs^T
  |                     ++

1 error in net.eqn
"
    );
}

#[test]
fn lines_apart_and_a_long_message() {
    let text = "size\n  a\n\n\n\n\n\n\n  b = 1\n  b = 2";
    let d = Diagnostic::warning(
        "defined-twice",
        "`b` is already defined, so that this line would hide what stands above it",
        Span::new(text.len() - 5, text.len() - 4),
        "",
    )
    .label(span(text, "b = 1"), "first")
    .label(span(text, "a"), "far above");
    assert_eq!(
        plain(text, &[d]),
        "\
warning[defined-twice]: `b` is already defined, so that this line would hide
                        what stands above it
  --> net.eqn:10:3
   |
 2 |   a
   |   - far above
...
 9 |   b = 1
   |   ----- first
10 |   b = 2
   |   ^

1 warning in net.eqn
"
    );
}

#[test]
fn a_line_longer_than_the_screen() {
    let text = format!("net\n  z = {}zz + {}\n", "W x + ".repeat(20), "b + ".repeat(20));
    let at = span(&text, "zz");
    let d = Diagnostic::error("undefined-name", "`zz` is not defined", at, "not defined").replace(
        "did you mean `z2`?",
        at,
        "z2",
    );
    assert_eq!(
        plain(&text, &[d]),
        "\
error[undefined-name]: `zz` is not defined
 --> net.eqn:2:127
  |
2 | ... x + W x + W x + W x + W x + W x + W x + W x + W x + W x + zz + b + b ...
  |                                                               ^^ not defined
  |
help: did you mean `z2`?
  |
2 - ...x + W x + W x + W x + W x + W x + W x + W x + W x + W x + zz + b + b...
2 + ...x + W x + W x + W x + W x + W x + W x + W x + W x + W x + z2 + b + b...
  |

1 error in net.eqn
"
    );
}

#[test]
fn labels_that_do_not_fit() {
    let text = "net\n  value = something_long(which, has, many, arguments)\n";
    let long = "this takes nearly the whole line of the screen, so it hangs";
    let longer = "this one is longer than the line has room for, wherever in it one were to put it";
    let d = |label| Diagnostic::error("x", "no", span(text, "something_long(which"), label);
    let out = plain(text, &[d(long), d(longer)]);
    assert_eq!(
        out,
        "\
error[x]: no
 --> net.eqn:2:11
  |
2 |   value = something_long(which, has, many, arguments)
  |           ^^^^^^^^^^^^^^^^^^^^
  |           |
  |           this takes nearly the whole line of the screen, so it hangs

error[x]: no
 --> net.eqn:2:11
  |
2 |   value = something_long(which, has, many, arguments)
  |           ^^^^^^^^^^^^^^^^^^^^
  |
  = note: `something_long(which`: this one is longer than the line has room
          for, wherever in it one were to put it

2 errors in net.eqn
"
    );
}

#[test]
fn empty_spans_tabs_and_wide_characters() {
    let text = "\tλ = 漢字 x +\n";
    let d = Diagnostic::error("missing-value", "a value is missing", Span::at(text.len() - 1), "")
        .label(span(text, "漢字"), "after\u{1b}this");
    assert_eq!(
        plain(text, &[d]),
        "\
error[missing-value]: a value is missing
 --> net.eqn:1:12
  |
1 |     λ = 漢字 x +
  |         ----    ^
  |         |
  |         after␛this

1 error in net.eqn
"
    );
    let end = Diagnostic::error("empty", "nothing", Span::at(0), "here");
    assert!(plain("", &[end]).contains("1 |\n  | ^ here\n"));
}

#[test]
fn at_most_three_repairs() {
    let text = "a b\n";
    let mut d = Diagnostic::error("x", "no", Span::at(1), "");
    for word in ["+", "-", ".*", "@"] {
        d = d.replace(format!("insert {word}"), Span::at(2), format!("{word} "));
    }
    let out = plain(text, &[d]);
    assert_eq!(out.matches("help: ").count(), 3);
    assert!(out.contains("1 | a .* b\n  |   ++\n"), "{out}");
}

#[test]
fn colours_change_nothing_else() {
    let text = "net\n  z = W x\n";
    let d = Diagnostic::error("x", "no", span(text, "W"), "here")
        .replace("that", span(text, "x"), "y")
        .note("why");
    let colored = render(&source(text), std::slice::from_ref(&d), true, 80);
    assert!(colored.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain(text, &[d]));
}

#[test]
fn no_place_makes_it_panic() {
    let texts = ["", "\n", "a", "a\n", "é\r\n漢\tb\n\n", " \n\u{301}x\n"];
    for text in texts {
        for start in 0..text.len() + 3 {
            for end in start..text.len() + 3 {
                let at = Span::new(start, end);
                let d = Diagnostic::error("x", "no", at, "here")
                    .label(Span::new(end, end + 1), "")
                    .label(Span::new(0, start), "this")
                    .replace("insert", at, "b\nc");
                let two = [(at.before(), ""), (at.after(), "漢")];
                let edits = two.map(|(span, text)| Edit { span, text: text.into() });
                plain(text, &[d.repair(Repair::edits("both", edits.into()))]);
            }
        }
    }
}

#[test]
fn huge_files_are_quick() {
    let text = "x + ".repeat(250_000) + "\n" + &"a\n".repeat(100_000);
    let diagnostics: Vec<Diagnostic> = (0..200)
        .map(|i| {
            Diagnostic::error("x", "no", Span::new(i * 5000, i * 5000 + 3), "here")
                .label(Span::at(text.len() - 9), "far")
                .label(Span::new(0, 1_000_000), "all of it")
                .replace("that", Span::at(i * 5000), "y")
        })
        .collect();
    let start = std::time::Instant::now();
    let out = plain(&text, &diagnostics);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert!(out.ends_with("200 errors in net.eqn\n"));
}
