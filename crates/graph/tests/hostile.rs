//! Hostile texts, elaborated: floods, lists, thousands of statements, definitions that grow.
//!
//! The texts are shared with the tests of the parser. `CHAINRULE_DEEP=1` reads all of them at their
//! full 10 MB.

#[path = "../../syntax/tests/support/hostile.rs"]
mod hostile;

use std::path::Path;

use chainrule_graph::{Reading, read};
use chainrule_syntax::limits;

/// Places lie in the text, repairs can be made, and what has no errors is whole.
#[track_caller]
fn check(name: &str, text: &str, reading: &Reading) {
    assert!(reading.diagnostics.len() <= limits::DIAGNOSTICS, "{name}");
    let claims = reading.modules.iter().flat_map(|m| &m.claims).flat_map(|c| &c.ill_formed);
    for found in reading.diagnostics.iter().chain(claims) {
        for label in &found.labels {
            assert!(text.get(label.span.range()).is_some(), "{name}: {found:?}");
        }
        for repair in &found.repairs {
            assert!(repair.apply(text).is_some(), "{name}: {found:?}");
        }
    }
    if reading.is_ok() {
        for module in &reading.modules {
            module.verify().unwrap_or_else(|broken| panic!("{name}: {broken}"));
        }
    }
}

#[track_caller]
fn refused(code: &str, text: &str) {
    let reading = read(text);
    let codes: Vec<&str> = reading.diagnostics.iter().map(|d| d.code).collect();
    assert!(codes.contains(&code), "no {code} in {codes:?}");
    check(code, text, &reading);
}

#[test]
fn bounds_of_elaboration() {
    let axes: String = (0..=limits::AXES).map(|i| format!("batch N{i}\n")).collect();
    let given: String = (0..=limits::AXES).map(|i| format!("given x{i} : R per N{i}\n")).collect();
    let sum: Vec<String> = (0..=limits::AXES).map(|i| format!("x{i}")).collect();
    refused("limit-axes", &format!("{axes}{given}net z = {}\n", sum.join(" ")));
    let burst: String =
        (1..60).map(|i| format!("fn f{i}(x) = f{0}(x + 1) + f{0}(x + 2)\n", i - 1)).collect();
    refused("limit-steps", &format!("fn f0(x) = x\n{burst}net z = f59(1)\n"));
    let wide: String =
        (0..200).map(|i| format!("  h{i}[l] = l + {i} for l in 1..10000\n")).collect();
    refused("limit-steps", &format!("net\n{wide}"));
    let settings: String = (0..=limits::SETTINGS).map(|i| format!("c{i} = 1, ")).collect();
    let consts: String = (0..=limits::SETTINGS).map(|i| format!("const c{i} = 1\n")).collect();
    let train = format!("train J by gd(1) with {} c = 1\n", settings.trim_end());
    let head = format!("const c = 1\n{consts}param w : R = 1\nnet J = w^2\n");
    refused("limit-settings", &format!("{head}{train}"));
    let trainings = "train J by gd(1)\n".repeat(limits::TRAININGS + 1);
    refused("limit-trainings", &format!("param w : R = 1\nnet J = w^2\n{trainings}"));
    refused("limit-elements", "size a = 10, b = a^30\ngiven x : R[b]\n");
    refused("limit-size", "size n, m\nsize k = (n + m)^60\nsize l = k k\n");
    let chain: String = (1..600).map(|i| format!("fn f{i}(x) = f{}(x)\n", i - 1)).collect();
    refused("limit-nesting", &format!("fn f0(x) = x\n{chain}given a : R\nnet z = f599(a)\n"));
}

#[test]
fn shared_models_are_bounded() {
    let shared: String = (0..20_000).map(|i| format!("size n{i}\n")).collect();
    let models: String = (0..90).map(|i| format!("model m{i}\n")).collect();
    refused("limit-models", &format!("{shared}{models}"));
}

#[test]
fn hostile_texts_end() {
    let deep = hostile::bytes() > 1_000_000;
    for case in hostile::all() {
        let flood = case.name.starts_with("flood/");
        if flood && !deep && !case.name.starts_with("flood/net/") {
            continue;
        }
        let text = (case.text)(if flood { hostile::bytes() / 10 } else { hostile::bytes() });
        check(&case.name, &text, &read(&text));
    }
}

#[test]
fn overflows_are_errors_not_silence() {
    // Found by fuzzing: arithmetic at the edge of its range.
    for text in [
        "size n\ngiven A : R[n]\nnet z[i] = A[4611686018427387904 (-2) i + n]\n",
        "size a = 1099511627775, b = a a, c = b b\ngiven x : R[c]\n",
        "size n = 9223372036854775807\ngiven x : R[n - 9223372036854775806]\n",
        "size n\ngiven A : R[n]\nnet z = A[9223372036854775807] + A[-9223372036854775807]\n",
    ] {
        let reading = read(text);
        check(text, text, &reading);
        assert!(!reading.is_ok(), "{text} has no error");
    }
}

fn models() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../chainrule/models");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the models")
        .map(|e| e.expect("an entry").path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let read = |p: &std::path::PathBuf| {
        (p.display().to_string(), std::fs::read_to_string(p).expect("text"))
    };
    paths.iter().map(read).collect()
}

#[test]
fn cut_files_end() {
    for (path, text) in models() {
        for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
            check(&path, &text[..at], &read(&text[..at]));
        }
    }
}

#[test]
fn files_without_one_letter_end() {
    let (path, text) =
        models().into_iter().find(|(path, _)| path.ends_with("iris.eqn")).expect("iris.eqn");
    let letters: Vec<char> = text.chars().collect();
    for at in 0..letters.len() {
        let damaged: String = letters[..at].iter().chain(&letters[at + 1..]).collect();
        check(&path, &damaged, &read(&damaged));
    }
}
