//! Exported code is run, and gives the interpreter's values and gradients.

mod common;

#[path = "export/case.rs"]
mod case;
#[path = "export/point.rs"]
mod point;
#[path = "export/run.rs"]
mod run;
#[path = "export/rustc.rs"]
mod rustc;

use case::{Case, examples, suite};
use chainrule::export::Language;

/// Runs all examples in one language; what differs is in the panic.
fn all_agree(language: Language) {
    agree(language, language.text(), &examples());
}

fn agree(language: Language, folder: &str, cases: &[Case]) {
    let Some(results) = run::all(language, folder, cases) else { return };
    let wrong: Vec<String> =
        cases.iter().zip(results).flat_map(|(case, result)| case.differences(&result)).collect();
    assert!(wrong.is_empty(), "{}:\n{}", language.text(), wrong.join("\n"));
}

#[test]
fn numpy_agrees() {
    all_agree(Language::NumPy);
}

#[test]
fn torch_agrees() {
    all_agree(Language::Torch);
}

#[test]
fn jax_agrees() {
    all_agree(Language::Jax);
}

#[test]
fn rust_agrees() {
    let cases = examples();
    let results = rustc::all(&cases);
    let wrong: Vec<String> =
        cases.iter().zip(results).flat_map(|(case, result)| case.differences(&result)).collect();
    assert!(wrong.is_empty(), "rust:\n{}", wrong.join("\n"));
}

#[test]
fn numpy_agrees_on_the_suite() {
    for (folder, least) in [("identities", 100), ("claims", 60)] {
        let cases = suite(folder);
        assert!(cases.len() >= least, "{folder}: {} cases", cases.len());
        agree(Language::NumPy, folder, &cases);
    }
}

/// The code of two examples, to be read.
#[test]
fn golden_code() {
    for name in ["iris", "cifar2"] {
        let model = chainrule::Model::read(name).expect("a built-in example");
        for language in Language::ALL {
            let end = if language == Language::Rust { "rs" } else { "py" };
            let code = model.export(language, &Default::default()).expect("it has code");
            let file = format!("{name}.{}.{end}", language.text());
            common::golden(&common::suite().join("export").join(file), &code.text);
        }
    }
}

/// What cannot be written is one error that names the equation.
#[test]
fn what_has_no_code_is_named() {
    let text = "size n\nbatch N\ngiven\n  A : SPD[n] per N\nnet\n  J = mean[N] logdet(A)\n";
    let model = chainrule::Model::parse("stack", text).expect("no mistakes");
    let wanted = chainrule::export::Wanted {
        of: Some("J".into()),
        wrt: vec!["A".into()],
        ..Default::default()
    };
    assert!(model.export(Language::NumPy, &wanted).is_ok());
    let error = model.export(Language::Rust, &wanted).expect_err("no stacks in Rust").to_string();
    assert!(error.contains("J = mean[N] logdet(A)") && error.contains("Rust"), "{error}");
    for (of, wrt, what) in [("K", "A", "`K`"), ("J", "B", "`B`"), ("A", "A", "number")] {
        let wanted = chainrule::export::Wanted {
            of: Some(of.into()),
            wrt: vec![wrt.into()],
            ..Default::default()
        };
        let error = model.export(Language::NumPy, &wanted).expect_err("a mistake").to_string();
        assert!(error.contains(what), "{error}");
    }
}
