//! `chainrule show`: what an equation file says.

use std::path::PathBuf;

use chainrule::Show;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{input, json, show_json};

const EXAMPLES: &str = "\
Examples:
  chainrule show iris                   a built-in example
  chainrule show iris --set H=64        the same with another size
  chainrule show net.eqn --json         for a program
  chainrule show - < net.eqn            from standard input";

/// Show what an equation file says
///
/// Names with their types, the equations with the shape under each symbol, the number of
/// parameters, what one evaluation costs, and what was put in: lifts along the batch axis, and
/// stable forms of logarithms and exponentials.
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
    let model = input::model(&args.file, &shell.options.set)?;
    let warnings = model.warnings();
    shell.warnings(model.source(), &warnings);
    let shown = model.show();
    if shell.is_json() {
        let models: Vec<Value> = shown.iter().map(show_json::model).collect();
        shell.value(&json!({
            "file": model.source().name(),
            "models": models,
            "warnings": json::diagnostics(model.source(), &warnings),
            "skipped": [],
        }))?;
    } else {
        let pages: Vec<String> = shown.iter().map(Show::text).collect();
        shell.page(&pages.join("\n"))?;
    }
    Ok(Exit::Done)
}
