//! `chainrule show`: what an equation file says.

use std::path::PathBuf;

use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{input, json};

const EXAMPLES: &str = "\
Examples:
  chainrule show iris                   a built-in example
  chainrule show net.eqn --json         for a program
  chainrule show - < net.eqn            from standard input";

/// Show what an equation file says
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Reads the file and shows it.
///
/// # Errors
///
/// The file cannot be read or has mistakes, or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let model = input::model(&args.file)?;
    shell.warnings(model.source(), model.warnings());
    if shell.is_json() {
        let warnings = json::diagnostics(model.source(), model.warnings());
        shell.value(&json!({ "file": model.source().name(), "warnings": warnings }))?;
    }
    Ok(Exit::Done)
}
