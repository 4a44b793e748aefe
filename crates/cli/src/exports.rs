//! The `export` lines of a file: the code and the pages of derivations that they name are written.

use std::path::Path;

use chainrule::export::{Language, Wanted};
use chainrule::syntax::ast::{BlockWord, StatementKind};
use chainrule::{DeriveOptions, Document, Model, Span};

use crate::failure::Failure;

/// A format of an `export` line that is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// A net as code.
    Code(Language),
    /// The derivations as a page: what it is called, and how it is printed.
    Page(&'static str, fn(&Document) -> String),
}

impl Format {
    /// The format that a file names, if it is written.
    pub(crate) fn named(word: &str) -> Option<Format> {
        Some(match word {
            "latex" => Format::Page("LaTeX", Document::latex),
            "html" => Format::Page("HTML", Document::html),
            "typst" => Format::Page("Typst", Document::typst),
            _ => Format::Code(Language::named(word)?),
        })
    }

    fn text(self) -> &'static str {
        match self {
            Format::Code(language) => language.text(),
            Format::Page(name, _) => name,
        }
    }
}

/// What a file's `export` lines came to.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Format and file, as the line names it.
    pub(crate) files: Vec<(&'static str, String)>,
    /// Formats that are not there yet, with their places.
    pub(crate) skipped: Vec<(String, Span)>,
}

/// Writes what the `export` lines name into `folder`.
///
/// # Errors
///
/// An equation has no derivative or no form in code, or a file cannot be written.
pub(crate) fn write(model: &Model, wanted: &Wanted, folder: &Path) -> Result<Written, Failure> {
    let mut written = Written::default();
    for module in model.modules() {
        let own = Wanted { model: Some(module.name.clone()), ..wanted.clone() };
        for kept in module.kept.iter().filter(|k| k.word == BlockWord::Export) {
            let StatementKind::Export(list) = &kept.statement.kind else { continue };
            for (format, file) in list {
                let Some(known) = Format::named(&format.text) else {
                    written.skipped.push((format.text.clone(), format.span));
                    continue;
                };
                let content = match known {
                    Format::Code(language) => model.export(language, &own)?.text,
                    Format::Page(_, print) => print(&model.document(&DeriveOptions::default())?),
                };
                text(&folder.join(&file.text), &content)?;
                written.files.push((known.text(), file.text.clone()));
            }
        }
    }
    Ok(written)
}

/// Writes a file.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn text(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|cause| Failure::io("writing", path, &cause))
}
