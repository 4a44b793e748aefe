//! `chainrule export`: the equations as code of another language.

use std::path::{Path, PathBuf};

use chainrule::export::{Language, Wanted};
use chainrule::{Diagnostic, Label, Model, Severity};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{exports, input};

const EXAMPLES: &str = "\
Examples:
  chainrule export iris --numpy                  the loss and its gradients, to stdout
  chainrule export cifar2 --rust -o cifar2.rs    into a file
  chainrule export graph002 --jax --wrt A,x      by these variables
  chainrule export net.eqn                       what the file's `export` lines name";

/// Write a net as NumPy, PyTorch, JAX or Rust
///
/// One file with two functions: `loss`, the value, and `gradients`, the value and all gradients,
/// each line one line of the derivation under the author's names. Without --of and --wrt it is the
/// loss of the first training, by all parameters.
///
/// Without a language the file's `export` lines are done.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Python with NumPy
    #[arg(long, group = "language")]
    numpy: bool,
    /// Python with PyTorch
    #[arg(long, group = "language")]
    torch: bool,
    /// Python with JAX
    #[arg(long, group = "language")]
    jax: bool,
    /// Rust, without any library
    #[arg(long, group = "language")]
    rust: bool,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "OUT", requires = "language")]
    out: Option<PathBuf>,
    /// The value: a number, or a number a sample
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// The variables, with commas between
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    wrt: Vec<String>,
    /// Which model, if the file has several
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
}

/// Reads the file and writes the code.
///
/// # Errors
///
/// The file cannot be read or has mistakes, a name is not known, an equation has no derivative or no
/// form in code, or a file or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let model = input::model(&args.file, &shell.options.set)?;
    let wanted = Wanted { model: args.model.clone(), of: args.of.clone(), wrt: args.wrt.clone() };
    let flags = [args.numpy, args.torch, args.jax, args.rust];
    let chosen = Language::ALL.into_iter().zip(flags).find(|(_, on)| *on);
    let Some((language, _)) = chosen else { return lines(&model, &wanted, shell) };
    let code = model.export(language, &wanted)?.text;
    match &args.out {
        Some(path) => exports::text(path, &code)?,
        None if shell.is_json() => {}
        None => shell.answer(&code)?,
    }
    if shell.is_json() {
        let path = args.out.as_ref().map(|p| p.display().to_string());
        let text = args.out.is_none().then_some(code);
        shell.value(&json!({ "language": language.text(), "path": path, "code": text }))?;
    }
    Ok(Exit::Done)
}

/// Does the file's `export` lines; what is not there yet is one warning.
fn lines(model: &Model, wanted: &Wanted, shell: &Shell) -> Result<Exit, Failure> {
    let done = exports::write(model, wanted, Path::new(""))?;
    let warnings = warning(&done.skipped);
    shell.warnings(model.source(), &warnings);
    if shell.is_json() {
        let row = |(language, path): &(&str, String)| json!({ "language": language, "path": path });
        let rows: Vec<_> = done.files.iter().map(row).collect();
        let words: Vec<&str> = done.skipped.iter().map(|(word, _)| word.as_str()).collect();
        shell.value(&json!({ "files": rows, "skipped": words }))?;
    } else if done.files.is_empty() && done.skipped.is_empty() {
        shell.say("the file has no `export` lines; for example `chainrule export FILE --numpy`");
    } else {
        let rows: String = done.files.iter().map(|(_, file)| format!("{file}\n")).collect();
        shell.answer(&rows)?;
    }
    Ok(Exit::Done)
}

/// One warning for all formats that are not there yet.
fn warning(skipped: &[(String, chainrule::Span)]) -> Vec<Diagnostic> {
    let Some(((_, first), others)) = skipped.split_first() else { return Vec::new() };
    let mut words: Vec<String> = Vec::new();
    for (word, _) in skipped {
        let word = format!("`{word}`");
        if !words.contains(&word) {
            words.push(word);
        }
    }
    let (are, kind) = if words.len() == 1 { ("is", "that kind") } else { ("are", "these kinds") };
    let message = format!("{} {are} skipped: files of {kind} are not there yet", words.join(", "));
    let mut found = Diagnostic::error("not-yet", message, *first, "");
    found.severity = Severity::Warning;
    for (_, span) in others {
        found.labels.push(Label { span: *span, text: String::new(), primary: false });
    }
    vec![found]
}
