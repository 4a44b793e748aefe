//! Models built in Rust: what they mean, how they print, where their mistakes are.

mod mistakes;
mod models;
mod names;
mod places;
mod terms;

use chainrule_graph::builder::*;
use chainrule_graph::{Module, read};

/// Names and types of the values, in order.
fn types(module: &Module) -> Vec<(String, String)> {
    module.symbols.iter().map(|s| (s.name.clone(), module.type_text(&s.ty))).collect()
}

fn type_of(module: &Module, name: &str) -> String {
    module.type_text(&module.symbol(module.find(name).expect(name)).ty)
}

fn count(module: &Module) -> String {
    let value = module.parameter_count().value(&module.sizes);
    value.and_then(chainrule_graph::Ratio::whole).map_or("open".into(), |n| n.to_string())
}

/// The model, once it is shown that its text reads back to it.
#[track_caller]
fn built(net: &Scope) -> Built {
    let built = net.finish().unwrap();
    assert!(built.warnings().is_empty(), "{:?}", built.warnings());
    let again = read(&built.text);
    assert!(again.is_ok() && again.modules.len() == 1, "{:?}", again.diagnostics);
    let module = &again.modules[0];
    assert_eq!(module.name, built.module.name);
    assert_eq!(types(module), types(&built.module));
    assert_eq!(module.parameter_count(), built.module.parameter_count());
    assert_eq!(module.claims.len(), built.module.claims.len());
    assert_eq!(
        without_blanks(&chainrule_syntax::print::file(&again.file)),
        without_blanks(&built.text)
    );
    built.module.verify().unwrap();
    built
}

fn without_blanks(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty()).collect()
}

/// Code and line of every mistake.
fn found(net: &Scope) -> Vec<(&'static str, u32)> {
    let errors = net.finish().expect_err("a mistake");
    assert!(!errors.to_string().contains("`not_built`"), "{errors}");
    errors.problems().iter().map(|p| (p.code(), p.location().line())).collect()
}
