//! Why a command failed.

use std::fmt;
use std::path::Path;

use chainrule::ErrorKind;

use crate::exit::Exit;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for something that does not exist or makes no sense.
    Usage(String),
    /// Something could not be read or written.
    Io(String),
    /// Something is not as it was.
    Changed(String),
    /// There is no such file.
    NotFound(String),
    /// Somebody asked for the end before there was anything to keep.
    Interrupted(String),
    /// The facade says why.
    Facade(Box<chainrule::Error>),
    /// Whoever read our output has stopped reading: not worth a word.
    Pipe,
}

impl Failure {
    /// An action on a file failed.
    pub(crate) fn io(action: &str, path: &Path, cause: &std::io::Error) -> Failure {
        Failure::Io(format!("{action} `{}` failed: {cause}", path.display()))
    }

    /// Writing the answer to stdout failed.
    pub(crate) fn stdout(cause: &std::io::Error) -> Failure {
        match cause.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Pipe,
            _ => Failure::Io(format!("writing to stdout failed: {cause}")),
        }
    }

    /// The code with which the program ends.
    pub(crate) fn exit(&self) -> Exit {
        match self.kind() {
            Some("usage") => Exit::Usage,
            Some("equations") => Exit::Equations,
            Some("interrupted") => Exit::Interrupted,
            Some(_) => Exit::Failed,
            None => Exit::Done,
        }
    }

    /// The name of the kind in JSON; `None` if there is nothing to say.
    pub(crate) fn kind(&self) -> Option<&'static str> {
        match self {
            Failure::Usage(_) => Some("usage"),
            Failure::Io(_) => Some("io"),
            Failure::Changed(_) => Some("failed"),
            Failure::NotFound(_) => Some("not-found"),
            Failure::Interrupted(_) => Some("interrupted"),
            Failure::Facade(error) => Some(match error.kind() {
                ErrorKind::Io => "io",
                ErrorKind::Equations => "equations",
                ErrorKind::NotFound => "not-found",
                ErrorKind::Setting => "usage",
                ErrorKind::Derivative => "derivative",
                ErrorKind::NotYet => "not-yet",
                ErrorKind::Failed => "failed",
                ErrorKind::NotFinite => "not-finite",
            }),
            Failure::Pipe => None,
        }
    }
}

impl From<chainrule::Error> for Failure {
    fn from(error: chainrule::Error) -> Failure {
        Failure::Facade(Box::new(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(text)
            | Failure::Io(text)
            | Failure::Changed(text)
            | Failure::NotFound(text)
            | Failure::Interrupted(text) => f.write_str(text),
            Failure::Facade(error) => error.fmt(f),
            Failure::Pipe => f.write_str("nobody reads the output"),
        }
    }
}
