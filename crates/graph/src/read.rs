//! Text to modules, with every mistake and the repairs that were tried.

use std::collections::BTreeMap;

use chainrule_syntax::ast::{File, StatementKind};
use chainrule_syntax::{Diagnostic, Span, diagnostic, limits};

use crate::elaborate;
use crate::module::Module;
use crate::op::OpDef;

/// A file's text, read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The tree.
    pub file: File,
    /// The models, in order; at least one.
    pub modules: Vec<Module>,
    /// All mistakes, in order of their place.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more were found than are kept.
    pub omitted: usize,
}

impl Reading {
    /// Whether the file has no errors (it may have warnings).
    pub fn is_ok(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads `text`. Never fails: what is wrong stands in the diagnostics, with repairs that were tried.
///
/// ```
/// let reading = chainrule_graph::read("size n, m\ngiven\n  A : R[m, n]\n  x : R[m]\nnet\n  y = A x\n");
/// let found = &reading.diagnostics[0];
/// assert_eq!(found.code, "inner-sizes");
/// assert_eq!(found.repairs[0].message, "this fits: `A^T x`");
/// ```
pub fn read(text: &str) -> Reading {
    read_with(text, &[])
}

/// The same with ops from outside: each is a function under its record's name, and its shape rule
/// says how many arguments it takes.
pub fn read_with(text: &str, ops: &[&'static OpDef]) -> Reading {
    let mut reading = read_untried(text, ops);
    crate::repair::keep_tried(text, ops, &mut reading);
    reading
}

/// Reads `text`; the repairs proposed have not been tried.
pub(crate) fn read_untried(text: &str, ops: &[&'static OpDef]) -> Reading {
    let names: Vec<&str> = ops.iter().map(|def| def.name).collect();
    let parsed = chainrule_syntax::parse_with(text, &names);
    let mut out = Reading { omitted: parsed.omitted, ..Reading::default() };
    let mut diagnostics = parsed.diagnostics;
    for blocks in elaborate::models(&parsed.file) {
        let (module, found) = elaborate::module(text, &blocks, &parsed.file.broken, ops);
        out.modules.push(module);
        for d in found {
            // Shared blocks are read once for each model.
            if !diagnostics.contains(&d) {
                diagnostics.push(d);
            }
        }
    }
    diagnostics.extend(models_of_one_name(&parsed.file));
    out.omitted += diagnostic::keep(&mut diagnostics, limits::DIAGNOSTICS);
    out.diagnostics = diagnostics;
    out.file = parsed.file;
    out
}

/// Two models of a file have different names.
fn models_of_one_name(file: &File) -> Vec<Diagnostic> {
    let names = file.blocks.iter().flat_map(|b| &b.statements).filter_map(|s| match &s.kind {
        StatementKind::Model(name) => Some(name),
        _ => None,
    });
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        match first.get(name.text.as_str()) {
            None => {
                first.insert(&name.text, name.span);
            }
            Some(earlier) => {
                let message = format!("two models are called `{}`", name.text);
                let twice = Diagnostic::error("defined-twice", message, name.span, "the second");
                found.push(twice.label(*earlier, "the first"));
            }
        }
    }
    found
}

/// The standard library's optimizers, typed, as one module; its diagnostics are empty unless this
/// crate has a bug.
///
/// ```
/// let (module, diagnostics) = chainrule_graph::standard_optimizers();
/// assert!(diagnostics.is_empty());
/// assert!(module.optimizers.iter().any(|o| o.name == "adadelta"));
/// ```
pub fn standard_optimizers() -> (Module, Vec<Diagnostic>) {
    elaborate::standard_optimizers()
}
