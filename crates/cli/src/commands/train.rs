//! `chainrule train`: a file's trainings.

use std::path::{Path, PathBuf};

use chainrule::run::{Chosen, Folder, Place, Record, Settings};
use chainrule::train::Precision;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::shell::Shell;
use crate::{input, search, training};

const EXAMPLES: &str = "\
Examples:
  chainrule train iris                    all trainings of an example, into runs/iris-1
  chainrule train iris --only nag         one of them
  chainrule train iris --epochs 50        shorter
  chainrule train iris --set H=8          another size; also constants and training options:
  chainrule train iris --set step=0.1 --set batch=10 --set split.seed=3
  chainrule train iris --seed 2 --json    other start values; the answer for a program
  CHAINRULE_DATA=~/data chainrule train mlp

Ctrl-C ends after the step and keeps everything; `chainrule resume` goes on to the same bits.
While the data are read it ends at once, with nothing written.";

/// Train a net
///
/// Runs the `train` lines of a file one after the other. The equations, what they were trained
/// from, the curves, checkpoints and the trained models are kept in a folder, `runs/NAME-1` unless
/// --out says otherwise; what is there already is never written over.
///
/// Progress goes to stderr: a bar on a terminal, otherwise some lines. The values at the end go to
/// stdout.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Run only the training of this name (or of this first word, or those of the model of this
    /// name); may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Train so many epochs, whatever the file says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    epochs: Option<u64>,
    /// Compute in single or in double precision
    #[arg(long, value_name = "TYPE", default_value = "f32", value_parser = ["f32", "f64"])]
    precision: String,
    /// Compute every convolution as the sum it is; else 3x3 windows take fewer multiplications
    #[arg(long)]
    exact_conv: bool,
    /// Keep the run in this folder, which must not exist
    #[arg(long, value_name = "DIR", conflicts_with = "no_run")]
    out: Option<PathBuf>,
    /// Keep nothing: no folder, no checkpoints, no models
    #[arg(long)]
    no_run: bool,
    /// Write a checkpoint at least that often, besides those at the ends of epochs
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(0..=86_400))]
    checkpoint: u64,
    /// Look for data in this folder first; may be repeated
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
}

/// Reads the file and trains.
///
/// # Errors
///
/// The file cannot be read or has mistakes, its data cannot be read, a training fails, or the
/// folder of the run or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let model = input::model(&args.file, &[])?;
    let settings = settings(args, shell);
    let chosen = Chosen::new(&model, &settings, &args.only)?;
    if chosen.trainings.is_empty() {
        let text = "the file has no `train` lines; for example \
                    `train J by gd(step = 0.01) epochs 10`";
        if shell.is_json() {
            shell.value(&json!({ "run": null, "trainings": [], "skipped": [] }))?;
        }
        shell.say(text);
        return Ok(Exit::Done);
    }
    let home = search::home(&args.file);
    let roots = search::search(&args.data, std::slice::from_ref(&home));
    let interrupt = Interrupt::listen(shell, "nothing was trained, nothing was written");
    let data = search::read(&chosen, &roots, shell)?;
    interrupt.orderly();
    let mut folder = None;
    if !args.no_run {
        let name = args.file.display().to_string();
        let command = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
        let record = Record::new(&name, &home, command.collect(), settings, &chosen, &data)?;
        let mut made = Folder::create(&place(args, &chosen), record, &chosen.model)?;
        made.lock()?;
        shell.detail(&format!("run folder {}", made.path().display()));
        folder = Some(made);
    }
    training::run(&chosen, data, args.checkpoint, folder.as_ref(), interrupt, shell)
}

fn settings(args: &Args, shell: &Shell) -> Settings {
    Settings {
        seed: shell.options.seed,
        epochs: args.epochs,
        set: shell.options.set.clone(),
        precision: if args.precision == "f64" { Precision::F64 } else { Precision::F32 },
        exact: args.exact_conv,
        threads: shell.options.threads.map_or(0, usize::from),
        checkpoint: args.checkpoint,
    }
}

/// Where the run goes: named after the model if there is one, else after the file.
fn place(args: &Args, chosen: &Chosen) -> Place {
    if let Some(out) = &args.out {
        return Place::At(out.clone());
    }
    let name = &chosen.model.modules()[chosen.trainings[0].model].name;
    let stem = || args.file.file_stem().and_then(|stem| stem.to_str());
    let stem = || stem().filter(|_| !input::is_stdin(Path::new(&args.file)));
    let one = chosen.model.modules().len() == 1;
    let name = Some(name.as_str()).filter(|name| one && !name.is_empty()).or_else(stem);
    Place::Numbered(training::runs(), name.unwrap_or("net").to_string())
}
