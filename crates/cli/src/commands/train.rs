//! `chainrule train`: a file's trainings, as a first tracer.

use std::fmt::Write as _;
use std::path::PathBuf;

use chainrule::{Scores, TrainOptions, Trained};
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  chainrule train iris                  the built-in example, with its built-in data
  chainrule train iris --epochs 50      shorter
  chainrule train iris --seed 2 --json  other start values; the answer for a program";

/// Train a net (a first tracer: the built-in iris data, steepest descent)
///
/// Runs the file's `train` lines on the reference interpreter: slow, in double precision, always
/// on all rows. It knows the optimizer `gd` and the built-in data of `iris`; a training with
/// another optimizer is skipped with a warning, other data is an error. Progress goes to stderr,
/// the values at the end to stdout.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Train so many epochs, whatever the file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    epochs: Option<u64>,
}

/// Reads the file and trains.
///
/// # Errors
///
/// The file cannot be read or has mistakes, its data cannot be read yet, or stdout cannot be
/// written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let model = input::model(&args.file, &shell.options.set)?;
    let options = TrainOptions { epochs: args.epochs, seed: shell.options.seed };
    let (trained, warnings) = model.train(options, &mut |epoch| {
        shell.say(&format!("{}  epoch {}  J {:.6}", epoch.training, epoch.epoch, epoch.loss));
    })?;
    shell.warnings(model.source(), &warnings);
    if shell.is_json() {
        let skipped: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
        let trainings: Vec<Value> = trained.iter().map(training).collect();
        shell.value(&json!({ "trainings": trainings, "skipped": skipped }))?;
    } else if model.modules().iter().all(|m| m.trainings.is_empty()) {
        shell.say(
            "the file has no `train` lines; for example `train J by gd(step = 0.01) epochs 10`",
        );
    } else {
        let pages: Vec<String> = trained.iter().map(page).collect();
        shell.page(&pages.join("\n"))?;
    }
    Ok(Exit::Done)
}

fn page(trained: &Trained) -> String {
    let mut out = format!(
        "training {}: {} parameters, {} epochs, seed {}\n\n",
        trained.name, trained.parameters, trained.epochs, trained.seed
    );
    for scores in &trained.scores {
        let values = scores.values.iter().map(|(name, value)| format!("{name} {value:.6}"));
        let values: Vec<String> = values.collect();
        let rows = format!("{} rows", scores.rows);
        let _ = writeln!(out, "  {:10}  {rows:>9}  {}", scores.part, values.join("  "));
    }
    out
}

fn training(trained: &Trained) -> Value {
    let mut value = json!({
        "name": trained.name,
        "optimizer": trained.optimizer,
        "epochs": trained.epochs,
        "seed": trained.seed,
        "steps": trained.steps,
        "seconds": trained.seconds,
        "parameters": trained.parameters,
    });
    for scores in &trained.scores {
        value[scores.part] = part(scores);
    }
    value
}

fn part(scores: &Scores) -> Value {
    let values: Map<String, Value> =
        scores.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    Value::Object(values)
}
