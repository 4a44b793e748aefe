//! Exported code is run, and gives the interpreter's values and gradients.

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
