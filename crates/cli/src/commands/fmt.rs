//! `chainrule fmt`: equation files in their one form.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{file, input, json};

const EXAMPLES: &str = "\
Examples:
  chainrule fmt net.eqn                 format a file in place
  chainrule fmt --check nets/*.eqn      list the files that are not formatted; exit code 3
  chainrule fmt --stdout iris           show a formatted text, change nothing
  chainrule fmt - < net.eqn             format standard input";

/// Format equation files
///
/// Files are replaced in one step: whatever happens, either the old or the new text is there. A
/// file that is formatted already is not touched, and one with mistakes neither.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation files; `-` reads standard input and writes to standard output
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// List the files that would change and change none; exit code 3 if there are any
    #[arg(long, conflicts_with = "stdout")]
    check: bool,
    /// Write the formatted text to standard output instead of the file
    #[arg(long)]
    stdout: bool,
}

/// What became of a file.
struct Formatted {
    /// Whether the text is not formatted as it stands.
    changed: bool,
    /// The formatted text, where it is the answer.
    text: Option<String>,
}

/// Formats each file; one that fails does not stop the others.
///
/// # Errors
///
/// stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut rows = Vec::new();
    let mut first = None;
    for path in &args.files {
        match one(args, path, shell) {
            Ok(done) => {
                if args.check && done.changed {
                    exit = worse(exit, Exit::Check);
                }
                rows.push(row(path, &done));
            }
            Err(Failure::Pipe) => return Err(Failure::Pipe),
            Err(failure) => {
                exit = worse(exit, failure.exit());
                if !shell.is_json() {
                    shell.explain(&failure);
                }
                let error = json::error(&failure);
                rows.push(json!({ "path": path.to_string_lossy(), "error": error }));
                first.get_or_insert(error);
            }
        }
    }
    if shell.is_json() {
        shell.value(&match first {
            Some(error) => json!({ "error": error, "files": rows }),
            None => json!({ "files": rows }),
        })?;
    }
    Ok(exit)
}

/// Formats one file.
fn one(args: &Args, path: &Path, shell: &Shell) -> Result<Formatted, Failure> {
    let to_stdout = args.stdout || input::is_stdin(path);
    // The bare name of a built-in example is no file that could be changed.
    if !to_stdout && matches!(path.try_exists(), Ok(false)) {
        return Err(Failure::NotFound(format!("there is no file `{}`", path.display())));
    }
    let (name, old) = input::text(path)?;
    let new = chainrule::format(&name, &old)?;
    let changed = new != old;
    if args.check {
        if changed && !shell.is_json() {
            shell.answer(&format!("{}\n", path.display()))?;
        }
    } else if to_stdout {
        if !shell.is_json() {
            shell.answer(&new)?;
        }
        return Ok(Formatted { changed, text: Some(new) });
    } else if changed {
        file::replace(path, &new).map_err(|cause| Failure::io("writing", path, &cause))?;
        shell.say(&format!("formatted {}", path.display()));
    }
    Ok(Formatted { changed, text: None })
}

/// What JSON says about a file.
fn row(path: &Path, done: &Formatted) -> Value {
    let mut row = json!({ "path": path.to_string_lossy(), "changed": done.changed });
    if let Some(text) = &done.text {
        row["text"] = json!(text);
    }
    row
}

/// The code that matters more: a failure, then a mistake, then a check.
fn worse(a: Exit, b: Exit) -> Exit {
    let order = [Exit::Done, Exit::Check, Exit::Equations, Exit::Failed];
    let rank = |exit| order.iter().position(|&o| o == exit).unwrap_or(order.len());
    if rank(b) > rank(a) { b } else { a }
}
