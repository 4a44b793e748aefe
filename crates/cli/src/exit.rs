//! Exit codes: the part of the program that scripts read.

use std::process::ExitCode;

/// How the program ends.
///
/// Codes do not change between versions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Exit {
    /// Everything was done.
    Done = 0,
    /// It failed while running: a file cannot be read or written.
    Failed = 1,
    /// It was called in a way it does not understand.
    Usage = 2,
    /// A check did not pass, such as `fmt --check`.
    Check = 3,
    /// The equation file has mistakes.
    Equations = 4,
    /// It was interrupted and can go on.
    Interrupted = 130,
}

/// The codes as the help tells them.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    failed while running
  2    wrong usage
  3    a check did not pass
  4    mistakes in the equation file
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
