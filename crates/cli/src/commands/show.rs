//! `chainrule show`: what an equation file says.

use std::path::PathBuf;

use chainrule::{LoweredPage, Model, PlannedPage, Show};
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
  chainrule show mlp --lowered          the matrix products of a training step
  chainrule show mlp --plan             its instructions with their places in memory
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
    /// Show the matrix products and convolutions of a training step: rows M, columns N, summed K
    #[arg(long)]
    lowered: bool,
    /// Show the program of a step of each training: instructions, operations, places in memory
    #[arg(long, conflicts_with_all = ["lowered", "dump"])]
    plan: bool,
    /// Samples a step in the numbers of `--lowered` and `--plan` [default: the batch of the file's
    /// training]
    #[arg(long, value_name = "N", conflicts_with = "dump", value_parser = clap::value_parser!(u64).range(1..=1 << 40))]
    rows: Option<u64>,
    /// Print the terms after a pass instead
    #[arg(long, value_name = "PASS", value_parser = Model::PASSES, conflicts_with = "lowered")]
    dump: Option<String>,
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
    if args.lowered {
        return lowered(args, &model, shell);
    }
    if args.plan {
        return plan(args, &model, shell);
    }
    if args.rows.is_some() {
        return Err(Failure::Usage("`--rows` goes with `--lowered` or `--plan`".into()));
    }
    if let Some(pass) = &args.dump {
        return dump(pass, &model, shell);
    }
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

/// The contractions of a training step. In JSON the first model's stand at the top.
fn lowered(args: &Args, model: &Model, shell: &Shell) -> Result<Exit, Failure> {
    let pages = model.lowered(args.rows)?;
    if !shell.is_json() {
        let texts: Vec<String> = pages.iter().map(LoweredPage::text).collect();
        shell.page(&texts.join("\n"))?;
        return Ok(Exit::Done);
    }
    let all: Vec<Value> = pages.iter().map(show_json::lowered).collect();
    let mut value = all.first().cloned().unwrap_or_default();
    if let Value::Object(map) = &mut value {
        map.insert("file".into(), json!(model.source().name()));
        map.insert("models".into(), json!(all));
    }
    shell.value(&value)?;
    Ok(Exit::Done)
}

/// The program of a step of each training.
fn plan(args: &Args, model: &Model, shell: &Shell) -> Result<Exit, Failure> {
    let pages = model.planned(args.rows, false)?;
    if !shell.is_json() {
        let mut texts: Vec<String> = pages.iter().map(PlannedPage::text).collect();
        if texts.is_empty() {
            texts.push("The file trains nothing: a program is made of a `train` line.\n".into());
        }
        shell.page(&texts.join("\n"))?;
        return Ok(Exit::Done);
    }
    let trainings: Vec<Value> = pages.iter().map(show_json::planned).collect();
    shell.value(&json!({ "file": model.source().name(), "trainings": trainings }))?;
    Ok(Exit::Done)
}

/// The terms after a pass, as text.
fn dump(pass: &str, model: &Model, shell: &Shell) -> Result<Exit, Failure> {
    let texts = model.dump(pass)?;
    if shell.is_json() {
        shell.value(&json!({ "file": model.source().name(), "pass": pass, "models": texts }))?;
    } else {
        shell.page(&texts.join("\n"))?;
    }
    Ok(Exit::Done)
}
