//! A model: an equation file, read and shaped.

use std::path::Path;

use crate::{BUILTIN, Diagnostic, Error, Source, builtin};

/// An equation file that was read without an error.
#[derive(Debug)]
pub struct Model {
    source: Source,
    warnings: Vec<Diagnostic>,
}

impl Model {
    /// Reads the file at `path`; a bare name without a file is a built-in example.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no UTF-8, or has mistakes (all of them are in the error).
    pub fn read(path: impl AsRef<Path>) -> Result<Model, Error> {
        let (name, text) = read_text(path.as_ref())?;
        Model::parse(name, text)
    }

    /// Reads `text`; `name` is used in messages.
    ///
    /// # Errors
    ///
    /// The text has mistakes: all of them are in the error.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Model, Error> {
        let source = Source::new(name, text);
        let parsed = chainrule_syntax::parse(source.text());
        if parsed.is_ok() {
            Ok(Model { source, warnings: parsed.diagnostics })
        } else {
            Err(Error::equations(source, parsed.diagnostics))
        }
    }

    /// The text it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What is probably not as meant.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// Name and text of the file at `path`, or of the built-in example of that name.
///
/// # Errors
///
/// The file cannot be read, is larger than the language's limit, or is no UTF-8.
pub fn read_text(path: &Path) -> Result<(String, String), Error> {
    let name = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok((name, text)),
            Err(bad) => {
                let valid = bad.utf8_error().valid_up_to();
                let cause = format!("byte {valid} is no UTF-8");
                let cause = std::io::Error::new(std::io::ErrorKind::InvalidData, cause);
                Err(Error::io("reading", path, cause))
            }
        },
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => match builtin(&name) {
            Some(text) => Ok((name, text.into())),
            None => {
                let names: Vec<&str> = BUILTIN.iter().map(|(n, _)| *n).collect();
                let message = format!(
                    "there is no file `{name}`, and no built-in example of that name ({})",
                    names.join(", ")
                );
                Err(Error::not_found(message))
            }
        },
        Err(cause) => Err(Error::io("reading", path, cause)),
    }
}
