//! The facade: equation files read, shaped and explained.
#![forbid(unsafe_code)]

mod builtin;
mod error;
mod model;

pub use builtin::{BUILTIN, builtin};
pub use chainrule_syntax::{Diagnostic, Edit, Label, Repair, Severity, Source, Span};
pub use error::{Error, ErrorKind};
pub use model::{Model, read_text};
