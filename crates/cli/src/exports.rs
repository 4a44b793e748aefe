//! The `export` lines of a file: code that they name is written.

use std::path::Path;

use chainrule::export::{Language, Wanted};
use chainrule::syntax::ast::{BlockWord, StatementKind};
use chainrule::{Model, Span};

use crate::failure::Failure;

/// What a file's `export` lines came to.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Language and file, as the line names it.
    pub(crate) files: Vec<(&'static str, String)>,
    /// Formats that are not there yet, with their places.
    pub(crate) skipped: Vec<(String, Span)>,
}

/// Writes the code that the `export` lines name into `folder`.
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
                let Some(language) = Language::named(&format.text) else {
                    written.skipped.push((format.text.clone(), format.span));
                    continue;
                };
                let code = model.export(language, &own)?;
                text(&folder.join(&file.text), &code.text)?;
                written.files.push((language.text(), file.text.clone()));
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
