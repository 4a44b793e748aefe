//! All derivations of a file as one document.

use chainrule_graph::differentiate::Refusal;
use chainrule_graph::{Module, NodeId, Op, forms, module};

use super::equations::Written;
use super::options::{Depth, DeriveOptions, Form};
use super::targets::Target;
use super::{Derive, html, latex, lines, operator, plain, targets, title_of, typst};
use crate::{Diagnostic, Error, Model, Severity};

/// The derivations of a file, to be printed in one format or another.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file's name, or the model's.
    pub title: String,
    /// The derivations.
    pub derivations: Vec<Derive>,
    /// What was asked for and is not there.
    pub warnings: Vec<Diagnostic>,
}

impl Document {
    /// For a terminal: at most 80 columns, with the Unicode spellings of the language.
    pub fn text(&self) -> String {
        let pages: Vec<String> =
            self.derivations.iter().map(|d| plain::page(d, plain::Style::Unicode)).collect();
        pages.join("\n")
    }

    /// The same in ASCII.
    pub fn ascii(&self) -> String {
        let pages: Vec<String> =
            self.derivations.iter().map(|d| plain::page(d, plain::Style::Ascii)).collect();
        pages.join("\n")
    }

    /// A LaTeX document that needs `amsmath` and `amssymb`, nothing else.
    pub fn latex(&self) -> String {
        latex::page(self)
    }

    /// One page of HTML with MathML: no scripts, nothing from elsewhere.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// A Typst document.
    pub fn typst(&self) -> String {
        typst::page(self)
    }
}

impl Derive {
    /// The page in Unicode text.
    pub fn text(&self) -> String {
        plain::page(self, plain::Style::Unicode)
    }

    /// The page in ASCII.
    pub fn ascii(&self) -> String {
        plain::page(self, plain::Style::Ascii)
    }
}

/// Works out what is asked for.
///
/// # Errors
///
/// A name is not known, or something has no derivative.
pub(super) fn document(model: &Model, options: &DeriveOptions) -> Result<Document, Error> {
    let mut modules: Vec<Module> = model.modules().to_vec();
    let targets = targets::targets(model, &mut modules, options)?;
    let title = modules.first().map(|m| m.name.clone()).filter(|n| !n.is_empty());
    let mut out = Document {
        title: title.unwrap_or_else(|| model.source().name().into()),
        derivations: Vec::new(),
        warnings: Vec::new(),
    };
    for (module, targets) in modules.iter().zip(targets) {
        for target in targets {
            out.warnings.extend(missing(&target));
            out.derivations.push(derivation(model, module, &target)?);
        }
    }
    Ok(out)
}

fn derivation(model: &Model, module: &Module, target: &Target) -> Result<Derive, Error> {
    made(model, module, target).map_err(|refusal| match target.span {
        Some(span) => {
            let found = Diagnostic::error("no-derivative", refusal.0, span, "asked for here");
            Error::equations(model.source().clone(), vec![found], 0)
        }
        None => Error::refused(refusal.0),
    })
}

fn made(model: &Model, module: &Module, target: &Target) -> Result<Derive, Refusal> {
    let (mut module, nodes, written, kept) = formed(model, module, target)?;
    let node = module.graph.node(nodes[0]).clone();
    let of = node.inputs.first().map_or(String::new(), |of| title_of(&module, *of));
    let mut out = Derive::new(&module, &of, &target.chosen);
    out.notes.extend(target.note.clone());
    out.notes.extend(kept);
    if node.op == Op::Grad {
        lines::gradients(&mut module, &nodes, &target.chosen, &written, &mut out)?;
    } else {
        operator::operator(&mut module, nodes[0], &target.chosen, &mut out)?;
    }
    out.finish(&module);
    Ok(out)
}

/// The module in the form that is asked for, and the targets in it.
fn formed<'m>(
    model: &'m Model,
    module: &Module,
    target: &Target,
) -> Result<(Module, Vec<NodeId>, Written<'m>, Option<String>), Refusal> {
    let own = || (module.clone(), target.nodes.clone(), Written::of(model));
    let Some(form) = target.chosen.form else {
        let (module, nodes, written) = own();
        return Ok((module, nodes, written, None));
    };
    let mut changed = module.clone();
    let line = module::Derivation {
        targets: target.nodes.clone(),
        options: Vec::new(),
        span: target.span.unwrap_or_default(),
    };
    changed.derivations = vec![line];
    changed.claims.clear();
    let formed = match form {
        Form::Batch => forms::batch_form(&changed)?,
        Form::Sample => forms::sample_form(&changed)?,
    };
    match formed.module.derivations.first() {
        Some(line) if line.targets.len() == target.nodes.len() => {
            let targets = line.targets.clone();
            Ok((formed.module, targets, Written::none(), None))
        }
        // What has no such form is shown as the file has it.
        _ => {
            let name = title_of(module, target.nodes[0]);
            let why = formed.left_out.join(" ");
            let note = format!("{name} is shown in the form of the file: {why}");
            let (module, nodes, written) = own();
            Ok((module, nodes, written, Some(note)))
        }
    }
}

/// Options that do nothing yet.
fn missing(target: &Target) -> Option<Diagnostic> {
    let word = match target.chosen.depth {
        Depth::Full => "full",
        Depth::Index => "index",
        Depth::Brief => return None,
    };
    let message = format!("`{word}` of a derivation is not there yet: the brief form is shown");
    let span = target.span.unwrap_or_default();
    let mut found = Diagnostic::error("not-yet", message, span, "");
    found.severity = Severity::Warning;
    Some(found)
}
