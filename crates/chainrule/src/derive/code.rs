//! The line of NumPy beside a formula.

use chainrule_graph::module::{Binding, Role};
use chainrule_graph::{Module, NodeId, SymbolId};
use chainrule_syntax::Span;

use super::Derive;
use crate::export::numpy;

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
            Ok(code) => step.code = Some(code.join("\n")),
            Err(error) => missing.push(format!("{} has no NumPy line: {error}.", step.name)),
        }
    }
    out.notes.extend(missing);
}

/// A name for a formula that has none, so that code can assign to it.
pub(super) fn named(module: &mut Module, name: &str, value: NodeId) -> Option<SymbolId> {
    let word: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let ty = module.graph.ty(value).clone();
    module.declare(word.trim_matches('_'), Role::Derived, &ty).ok().map(|(symbol, _)| symbol)
}
