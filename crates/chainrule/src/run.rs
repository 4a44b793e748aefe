//! A run on the disk: what was trained, from what, how it went, and what is needed to go on.
//!
//! ```text
//! runs/iris-1/
//!   run.json                     program, command, settings, data (SHA-256), split, machine; which
//!                                trainings diverged
//!   iris.eqn                     the equations, with the settings in place
//!   metrics.jsonl                one JSON object a line: the curves
//!   results.json                 what the trainings came to, as `train --json` says it
//!   checkpoint/nag/manifest.json names the newest state; renaming it is the commit
//!   checkpoint/nag/step-….safetensors
//!   models/nag.safetensors       weights, equations, preprocessing, label names
//! ```
//!
//! Everything is a plain file that a person can read, names inside are relative, and the folder may
//! be moved. Readers take every file as hostile: headers and sizes are bounded before memory is
//! taken.

mod atomic;
mod checkpoint;
mod chosen;
mod clock;
mod evaluate;
mod fields;
mod folder;
mod machine;
mod manifest;
mod metrics;
mod network;
mod peak;
mod record;
#[cfg(test)]
mod scratch;
mod session;
mod state;
mod summary;
mod tensors;

use serde_json::Value;

pub use chosen::Chosen;
pub use evaluate::evaluate;
pub use folder::{Folder, Place};
pub use machine::Machine;
pub use manifest::Manifest;
pub use record::{DataRecord, Record, Settings, TrainingRecord};
pub use session::{Outcome, Session, Watch};
pub use summary::scores_json;

use crate::train::Precision;

/// The version of the files; a program reads those up to its own.
pub const FORMAT: u64 = 1;
/// This program, as the files name it.
pub const PROGRAM: &str = concat!("chainrule ", env!("CARGO_PKG_VERSION"));

/// Whether a file is of a version that this program reads.
fn check_format(value: &Value) -> Result<(), String> {
    let format = fields::whole(value, "format")?;
    if format <= FORMAT {
        return Ok(());
    }
    let by = value.get("program").and_then(Value::as_str).unwrap_or("a newer program");
    Err(format!(
        "it was written by {by} in format {format}; {PROGRAM} reads up to format {FORMAT}: use a \
         newer program"
    ))
}

/// Whether a file is of this kind and of a version that this program reads.
fn check_kind(value: &Value, kind: &str) -> Result<(), String> {
    let found = fields::text(value, "kind")?;
    if found != kind {
        return Err(format!("it is a {found}, not a {kind}"));
    }
    check_format(value)
}

/// The number type of a word.
fn precision_of(word: &str) -> Result<Precision, String> {
    match word {
        "f32" => Ok(Precision::F32),
        "f64" => Ok(Precision::F64),
        _ => Err(format!("`{word}` is no number type: f32 or f64")),
    }
}
