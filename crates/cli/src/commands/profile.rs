//! `chainrule profile`: where the time of a training step goes.

use std::path::{Path, PathBuf};

use chainrule::bench::{Options, Workload, profile, workload};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{bench_json, input, search};

const EXAMPLES: &str = "\
Examples:
  chainrule profile iris              the first training of an example
  chainrule profile iris nag          another one
  chainrule profile W6                a workload of `chainrule bench`
  chainrule profile net.eqn --rows 32 another batch
  chainrule profile net.eqn --all     every instruction

Data that the file names but that are not there are made up; the page says so. Steps are timed as a
whole and instruction by instruction in turn. The rest of a step is what is left: the order of the
rows, the numbers of the step, the loss.";

/// Show where the time of a training step goes
///
/// Trains some steps and prints the time of each group of instructions and of each instruction,
/// with operations and bytes a second, beside the line of the file that it comes from.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, a built-in example, or a workload of `bench`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The training; the first of the file if none is named
    #[arg(value_name = "TRAINING")]
    training: Option<String>,
    /// Time so many steps
    #[arg(long, value_name = "N", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    steps: u64,
    /// Rows a step [default: the batch of the training]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    rows: Option<u64>,
    /// Keep data that are made up as bytes, which the gather converts
    #[arg(long)]
    bytes: bool,
    /// Show all instructions, not the 20 longest
    #[arg(long)]
    all: bool,
    /// Look for data in this folder first; may be repeated
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
}

/// Trains some steps and says where the time went.
///
/// # Errors
///
/// The file cannot be read, has mistakes or no training, or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let known = args.file.to_str().and_then(workload);
    let known = known.filter(|_| !args.file.exists() && args.training.is_none());
    let mut options = Options {
        steps: Some(args.steps),
        threads: shell.options.threads.map_or(0, usize::from),
        batch: args.rows,
        bytes: args.bytes,
        seed: shell.options.seed.unwrap_or(1),
        ..Options::default()
    };
    let own;
    let workload = if let Some(workload) = known {
        options.set.clone_from(&shell.options.set);
        workload
    } else {
        let model = input::model(Path::new(&args.file), &shell.options.set)?;
        options.search = Some(search::search(&args.data, &[search::home(&args.file)]));
        own = Workload::of(&model, args.training.as_deref())?;
        &own
    };
    let profile = profile(workload, &options)?;
    if shell.is_json() {
        shell.value(&bench_json::profile(&profile))?;
    } else {
        shell.page(&profile.text(args.all))?;
    }
    Ok(Exit::Done)
}
