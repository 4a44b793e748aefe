//! All derivations of a file as one document.

use chainrule_graph::differentiate::Refusal;
use chainrule_graph::{Module, Op, forms, module};

use super::equations::Written;
use super::options::{DeriveOptions, Form};
use super::targets::{Target, What};
use super::{Derive, explained, html, latex, lines, operator, plain, targets, title_of, typst};
use crate::{Diagnostic, Error, Model};

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
    let formed = formed(model, module, target)?;
    let mut module = formed.module;
    let of = match &formed.what {
        What::Nodes(nodes) => {
            let of = module.graph.node(nodes[0]).inputs.first().copied();
            of.map_or(String::new(), |of| title_of(&module, of))
        }
        What::Part(of, _) => module.symbol(of.symbol).name.clone(),
        What::Dual(of, _) => module.symbol(*of).name.clone(),
    };
    let mut out = Derive::new(&module, &of, &target.chosen);
    out.notes.extend(target.note.clone());
    out.notes.extend(formed.note);
    match &formed.what {
        What::Nodes(nodes) if module.graph.node(nodes[0]).op == Op::Grad => {
            lines::gradients(&mut module, nodes, &target.chosen, &formed.written, &mut out)?;
        }
        What::Nodes(nodes) => {
            operator::operator(&mut module, nodes[0], &target.chosen, &mut out)?;
        }
        What::Part(of, wrt) => explained::part(&mut module, of, wrt, &mut out)?,
        What::Dual(of, wrt) => explained::dual(&module, *of, wrt, &mut out)?,
    }
    out.finish(&module);
    Ok(out)
}

/// What is worked out, in the form that is asked for.
struct Formed<'m> {
    module: Module,
    what: What,
    written: Written<'m>,
    note: Option<String>,
}

/// The module in the form that is asked for, and the target in it: the names are the same.
fn formed<'m>(model: &'m Model, module: &Module, target: &Target) -> Result<Formed<'m>, Refusal> {
    let own = |note| Formed {
        module: module.clone(),
        what: target.what.clone(),
        written: Written::of(model),
        note,
    };
    let Some(form) = target.chosen.form else { return Ok(own(None)) };
    let mut changed = module.clone();
    let targets = match &target.what {
        What::Nodes(nodes) => nodes.clone(),
        _ => Vec::new(),
    };
    let span = target.span.unwrap_or_default();
    let count = targets.len();
    changed.derivations = vec![module::Derivation { targets, options: Vec::new(), span }];
    changed.claims.clear();
    let formed = match form {
        Form::Batch => forms::batch_form(&changed)?,
        Form::Sample => forms::sample_form(&changed)?,
    };
    let line = formed.module.derivations.first();
    let targets = line.map_or(Vec::new(), |l| l.targets.clone());
    let what = match &target.what {
        What::Nodes(_) if targets.len() == count => What::Nodes(targets),
        // What has no such form is shown as the file has it.
        What::Nodes(nodes) => {
            let name = title_of(module, nodes[0]);
            let why = formed.left_out.join(" ");
            return Ok(own(Some(format!("{name} is shown in the form of the file: {why}."))));
        }
        // Of a batch a sample's number is one of many: no 1 can be fed in.
        What::Dual(of, _) if !formed.module.symbol(*of).ty.dims.is_empty() => {
            let name = &module.symbol(*of).name;
            let why = format!("{name} is a number for each sample");
            return Ok(own(Some(format!("{name} is shown in the form of the file: {why}."))));
        }
        other => other.clone(),
    };
    Ok(Formed { module: formed.module, what, written: Written::none(), note: None })
}
