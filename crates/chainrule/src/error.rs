//! The facade's one error type.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{Diagnostic, Source, Span};

/// What kind of failure it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// A file could not be read or written.
    Io,
    /// The text is no equation file: see [`Error::diagnostics`].
    Equations,
    /// The name of a built-in example is not known, and no such file exists.
    NotFound,
    /// A setting names nothing of the file, or is no number.
    Setting,
    /// Something has no derivative, or no loops.
    Derivative,
    /// The program cannot do this yet.
    NotYet,
    /// A value does not exist, or a data file is not what it should be: [`Error::path`] has the file.
    Failed,
    /// A training met a value that is no number: [`Error::diagnostics`] says where.
    NotFinite,
}

/// Why something failed.
///
/// The message is one sentence; [`Error::diagnostics`] has the mistakes of an equation file with
/// their places and repairs.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    path: Option<PathBuf>,
    equations: Option<Box<(Source, Vec<Diagnostic>)>>,
    cause: Option<std::io::Error>,
}

impl Error {
    pub(crate) fn io(action: &str, path: &Path, cause: std::io::Error) -> Error {
        Error {
            kind: ErrorKind::Io,
            message: format!("{action} `{}` failed: {cause}", path.display()),
            path: Some(path.into()),
            equations: None,
            cause: Some(cause),
        }
    }

    pub(crate) fn not_found(message: String) -> Error {
        Error { kind: ErrorKind::NotFound, message, path: None, equations: None, cause: None }
    }

    pub(crate) fn setting(message: String) -> Error {
        Error { kind: ErrorKind::Setting, message, path: None, equations: None, cause: None }
    }

    pub(crate) fn refused(message: String) -> Error {
        Error { kind: ErrorKind::Derivative, message, path: None, equations: None, cause: None }
    }

    pub(crate) fn not_yet(message: String) -> Error {
        Error { kind: ErrorKind::NotYet, message, path: None, equations: None, cause: None }
    }

    pub(crate) fn failed(message: String) -> Error {
        Error { kind: ErrorKind::Failed, message, path: None, equations: None, cause: None }
    }

    pub(crate) fn not_finite(source: Source, found: Diagnostic) -> Error {
        Error {
            kind: ErrorKind::NotFinite,
            message: found.message.clone(),
            path: None,
            equations: Some(Box::new((source, vec![found]))),
            cause: None,
        }
    }

    /// The file at `path` is not what it should be.
    pub(crate) fn data(path: &Path, message: &str) -> Error {
        Error {
            kind: ErrorKind::Failed,
            message: format!("`{}`: {message}", path.display()),
            path: Some(path.into()),
            equations: None,
            cause: None,
        }
    }

    pub(crate) fn equations(
        source: Source,
        mut diagnostics: Vec<Diagnostic>,
        omitted: usize,
    ) -> Error {
        if omitted > 0 {
            let message = format!("{omitted} more mistakes are not shown");
            let end = Span::at(source.text().len());
            diagnostics.push(Diagnostic::error("limit-diagnostics", message, end, ""));
        }
        let errors =
            diagnostics.iter().filter(|d| d.is_error()).count() + omitted.saturating_sub(1);
        let message =
            format!("{} has {errors} error{}", source.name(), if errors == 1 { "" } else { "s" });
        Error {
            kind: ErrorKind::Equations,
            message,
            path: None,
            equations: Some(Box::new((source, diagnostics))),
            cause: None,
        }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file that could not be read or written.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The equation file's text and everything wrong with it, in order.
    pub fn diagnostics(&self) -> Option<(&Source, &[Diagnostic])> {
        self.equations.as_ref().map(|e| (&e.0, e.1.as_slice()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|c| c as _)
    }
}
