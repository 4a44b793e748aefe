//! The line of NumPy beside a formula.

use chainrule_graph::module::{Binding, Role};
use chainrule_graph::{Module, NodeId, SymbolId};
use chainrule_syntax::Span;

use super::Derive;
use crate::export::{numpy, python};

/// Writes the code of each line, as it is printed: the formula that stands there, with its names.
pub(super) fn numpy(module: &Module, lines: &[(SymbolId, NodeId)], out: &mut Derive) {
    let mut module = module.clone();
    for (symbol, value) in lines {
        match module.bindings.iter_mut().find(|b| b.symbol == *symbol) {
            Some(binding) => (binding.value, binding.stable) = (*value, *value),
            None => {
                let span = Span::default();
                let (symbol, value) = (*symbol, *value);
                let (stable, through) = (value, Vec::new());
                let binding = Binding { symbol, value, stable, through, span, value_span: span };
                module.bindings.push(binding);
            }
        }
    }
    let mut missing = Vec::new();
    for ((symbol, _), step) in lines.iter().zip(&mut out.steps) {
        match numpy::line(&module, *symbol) {
            Ok(code) => {
                let lines: Vec<String> = code.iter().map(|l| python::folded_line(l)).collect();
                step.code = Some(lines.join("\n"));
            }
            Err(error) => missing.push(format!("{} has no NumPy line: {error}.", step.name)),
        }
    }
    out.notes.extend(missing);
    let code: Vec<&str> = out.steps.iter().filter_map(|s| s.code.as_deref()).collect();
    let helpers: Vec<&str> =
        numpy::helpers().filter(|name| code.iter().any(|c| calls(c, name))).collect();
    if let Some((last, rest)) = helpers.split_last() {
        let (list, verb) = match rest {
            [] => ((*last).to_owned(), "is a function"),
            rest => (format!("{} and {last}", rest.join(", ")), "are functions"),
        };
        out.notes
            .push(format!("{list} {verb} of the file that `chainrule export --numpy` writes."));
    }
}

/// Whether code calls a function.
fn calls(code: &str, function: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    code.match_indices(&format!("{function}(")).any(|(at, _)| !code[..at].ends_with(word))
}

/// A name for a formula that has none, so that code can assign to it.
pub(super) fn named(module: &mut Module, name: &str, value: NodeId) -> Option<SymbolId> {
    let word: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let ty = module.graph.ty(value).clone();
    module.declare(word.trim_matches('_'), Role::Derived, &ty).ok().map(|(symbol, _)| symbol)
}
