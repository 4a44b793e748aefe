//! Why there is no program.

use std::fmt;

use chainrule_graph::differentiate::Refusal;
use chainrule_graph::interpret::Failure;

/// Why something cannot be compiled, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        Refused(refusal.0)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        Refused(failure.0)
    }
}

pub(crate) fn refused<T>(text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(text.into()))
}
