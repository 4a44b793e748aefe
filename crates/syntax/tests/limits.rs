//! Hostile texts: every bound has its own error, nothing panics, and every place lies in the text.
//!
//! `CHAINRULE_DEEP=1` reads the large texts at their full 10 MB.

#[path = "support/hostile.rs"]
mod hostile;
#[allow(dead_code)] // the tests of printing and formatting use the rest
mod support;

use chainrule_syntax::{Parsed, limits, parse};
use support::{Random, cases, files};

fn codes(parsed: &Parsed) -> Vec<&'static str> {
    parsed.diagnostics.iter().map(|d| d.code).collect()
}

/// Places lie in the text on the borders of letters, and repairs can be made.
#[track_caller]
fn check(text: &str, parsed: &Parsed) {
    assert!(parsed.diagnostics.len() <= limits::DIAGNOSTICS);
    for found in &parsed.diagnostics {
        for label in &found.labels {
            assert!(text.get(label.span.range()).is_some(), "{found:?}");
        }
        for repair in &found.repairs {
            assert!(repair.apply(text).is_some(), "{found:?}");
        }
    }
    for statement in parsed.file.blocks.iter().flat_map(|b| &b.statements) {
        assert!(text.get(statement.span.range()).is_some(), "{:?}", statement.span);
    }
}

/// `right` has no errors, one more of the same is refused with `code` alone.
#[track_caller]
fn bounded(code: &str, right: &str, wrong: &str) {
    let (fine, refused) = (parse(right), parse(wrong));
    assert!(fine.is_ok(), "{:?}", fine.diagnostics);
    assert_eq!(codes(&refused), [code]);
    check(wrong, &refused);
}

fn list(item: &str, times: usize) -> String {
    vec![item; times].join(", ")
}

#[test]
fn bounds_of_one_line() {
    let name = |n: usize| format!("net\n  {} = 1\n", "n".repeat(n));
    bounded("limit-name", &name(limits::NAME_BYTES), &name(limits::NAME_BYTES + 1));
    let access = |n: usize| format!("net\n  z = A[{}]\n", list("0", n));
    bounded("limit-axes", &access(limits::AXES), &access(limits::AXES + 1));
    let ty = |n: usize| format!("given A : R[{}]\n", list("n", n));
    bounded("limit-axes", &ty(limits::AXES), &ty(limits::AXES + 1));
    let sum = |n: usize| format!("net\n  z = sum[{}] a\n", list("i", n));
    bounded("limit-axes", &sum(limits::AXES), &sum(limits::AXES + 1));
    let function = |n: usize| format!("fn f({}) = 1\n", list("a", n));
    bounded("limit-parameters", &function(limits::PARAMETERS), &function(limits::PARAMETERS + 1));
    let primes = |n: u32| format!("net\n  z = exp{}(1)\n", "'".repeat(n as usize));
    bounded("limit-primes", &primes(limits::PRIMES), &primes(limits::PRIMES + 1));
    let suffixes = |n: u32| format!("net\n  z = A{}\n", "^T".repeat(n as usize));
    bounded("limit-nesting", &suffixes(limits::NESTING), &suffixes(limits::NESTING + 1));
}

#[test]
fn everything_that_nests_is_bounded() {
    let n = limits::NESTING as usize;
    let pairs = [
        ("(", ")"),
        ("exp(", ")"),
        ("a[", "]"),
        ("1[0 < ", "]"),
        ("sum[i] ", ""),
        ("sum(i in n: ", ")"),
        ("1^(", ")"),
        ("(||", "||)"),
        ("dx[", "]/dy"),
    ];
    for (open, close) in pairs {
        let nested =
            |times: usize| format!("net\n  z = {}a{}\n", open.repeat(times), close.repeat(times));
        let deep = parse(&nested(n / 8));
        assert!(deep.is_ok(), "{open}: {:?}", deep.diagnostics);
        assert_eq!(codes(&parse(&nested(n + 1))), ["limit-nesting"], "{open}");
    }
    let negations = format!("net\n  z = 1[{}a > 0]\n", "not ".repeat(n + 1));
    assert_eq!(codes(&parse(&negations)), ["limit-nesting"]);
    // Suffixes count on the way down, or a tree could be 256 x 256 deep.
    let mut tower = "a".to_string();
    for _ in 0..3 {
        tower = format!("({tower}){}", "^T".repeat(n / 2));
    }
    assert_eq!(codes(&parse(&format!("net\n  z = {tower}\n"))), ["limit-nesting"]);
    let beside = vec![format!("a{}", "^T".repeat(n - 1)); 5].join(" + ");
    assert!(parse(&format!("net\n  z = {beside}\n")).is_ok(), "beside each other they do not");
}

#[test]
fn functions_without_parentheses_do_not_overflow_the_stack() {
    for word in ["exp ", "exp'", "sum ", "relu relu "] {
        let text = format!("net\n  z = {}\n", word.repeat(100_000));
        assert_eq!(codes(&parse(&text)), ["function-without-call"], "{word}");
    }
}

#[test]
fn bounds_of_the_whole_file() {
    let text = "#".repeat(limits::TEXT_BYTES + 1);
    bounded("limit-text", &text[1..], &text);
    let terms = |n: usize| format!("net\n  z ={}\n", " a".repeat(n - 1));
    bounded("limit-nodes", &terms(limits::NODES), &terms(limits::NODES + 1));
    let models = |n: usize| "model m\n".repeat(n);
    bounded("limit-models", &models(limits::MODELS), &models(limits::MODELS + 1));
    // A block counts as well as its statements.
    let lines = |n: usize| format!("net\n{}", "  z = 1\n".repeat(n - 1));
    bounded("limit-statements", &lines(limits::STATEMENTS), &lines(limits::STATEMENTS + 1));
    let names = |n: usize| format!("batch {}\n", list("n", n - 1));
    bounded("limit-statements", &names(limits::STATEMENTS), &names(limits::STATEMENTS + 1));
    // The last line is not read when it is cut.
    let tokens = |n: usize| format!("size n\nbatch {}N\n", "(".repeat(n - 4));
    assert_eq!(codes(&parse(&tokens(limits::TOKENS))), ["expected-name"]);
    assert_eq!(codes(&parse(&tokens(limits::TOKENS + 1))), ["limit-tokens"]);
}

#[test]
fn what_ends_the_reading_is_always_said() {
    let wrong = "  z = (\n".repeat(300);
    let models = "model m\n".repeat(limits::MODELS + 1);
    let parsed = parse(&format!("net\n{wrong}{models}"));
    assert_eq!(parsed.diagnostics.len(), limits::DIAGNOSTICS);
    assert_eq!(parsed.diagnostics.last().map(|d| d.code), Some("limit-models"));
    assert_eq!(parsed.omitted, 300 + 1 - limits::DIAGNOSTICS);
}

#[test]
fn warnings_do_not_crowd_out_errors() {
    let empty = "net\n".repeat(5000);
    let parsed = parse(&format!("{empty}net\n  z = (\n"));
    assert!(!parsed.is_ok());
    assert_eq!(parsed.diagnostics.last().map(|d| d.code), Some("missing-value"));
    assert_eq!(parsed.diagnostics.iter().filter(|d| !d.is_error()).count(), 199);
    assert_eq!(parsed.omitted, 5001 - limits::DIAGNOSTICS);
}

#[test]
fn hostile_texts_end() {
    for case in hostile::all() {
        let text = (case.text)(hostile::bytes());
        let parsed = parse(&text);
        assert!(parsed.diagnostics.len() <= limits::DIAGNOSTICS, "{}", case.name);
        let short = (case.text)(2_000);
        check(&short, &parse(&short));
    }
}

#[test]
fn cut_files_end() {
    for (_, text) in files() {
        for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
            check(&text[..at], &parse(&text[..at]));
        }
    }
}

#[test]
fn files_without_one_letter_end() {
    let (path, text) =
        files().into_iter().find(|(path, _)| path.ends_with("iris.eqn")).expect("iris.eqn");
    let letters: Vec<char> = text.chars().collect();
    for at in 0..letters.len() {
        let damaged: String = letters[..at].iter().chain(&letters[at + 1..]).collect();
        let parsed = parse(&damaged);
        check(&damaged, &parsed);
        assert!(parsed.diagnostics.len() < 12, "{path} without letter {at}");
    }
}

#[test]
fn files_with_other_bytes_end() {
    let mut random = Random::new(11);
    for (_, text) in files() {
        for _ in 0..cases(4) {
            let mut bytes = text.clone().into_bytes();
            for _ in 0..=random.below(6) {
                let at = random.below(bytes.len());
                bytes[at] = random.below(256) as u8;
            }
            let damaged = String::from_utf8_lossy(&bytes);
            check(&damaged, &parse(&damaged));
        }
    }
}
