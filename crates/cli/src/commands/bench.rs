//! `chainrule bench`: how fast it is.

use chainrule::bench::{Inferred, Measured, Options, WORKLOADS, find, infer, measure, workload};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{bench_json, search};

const EXAMPLES: &str = "\
Workloads:
  W1 W1N  Iris 4-16-3 in f64, all 110 rows a step: gradient descent, Nesterov
  W2      circles 2-8-2, 10 rows a step, SGD with L1 and L2
  W3 W3D  3072-500-10, 300 rows a step, SGD with L2; with five layers of 500
  W4      softmax regression 784-10, 128 rows a step, Adadelta
  W5      784-512-512-10 with dropout, 128 rows a step, Adadelta
  W6      a convolutional net on 28x28 images, 128 rows a step, Adadelta
  W7      inference with the nets of W5 and W6: 1 and 1000 rows

Examples:
  chainrule bench W5 W6               milliseconds a step
  chainrule bench W5 --batch 1024     another batch
  chainrule bench W5 --bytes          data kept as bytes, converted in the gather
  chainrule bench --json > ours.jsonl one line of JSON for each measurement

Data are made up, in the shapes of the real ones; the training is the ordinary one, rows shuffled
every epoch. After a first step and some to warm up, a repeat times so many steps.";

/// Measure the speed of training and inference
///
/// Trains workloads of known size and prints the time of a step: the median of the repeats, the
/// least and the greatest.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The workloads; all if none is named
    #[arg(value_name = "WORKLOAD")]
    names: Vec<String>,
    /// Steps of a repeat [default: 350 of W1, 2000 of W2, 60 of W3, 469 of W4, 150 of W5, 25 of W6]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    steps: Option<u64>,
    /// How often so many steps are timed
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    repeats: u16,
    /// Rows a step; of W7 rows of a prediction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    batch: Option<u64>,
    /// Make up so many rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 32))]
    rows: Option<u64>,
    /// Keep the data of W3 to W6 as bytes, which the gather converts
    #[arg(long)]
    bytes: bool,
    /// Train W4 to W6 on MNIST, from a folder of CHAINRULE_DATA
    #[arg(long, conflicts_with_all = ["bytes", "rows"])]
    data: bool,
}

/// The name of what is no training.
const INFERENCE: &str = "W7";

/// Seconds that an inference is measured.
const BUDGET: f64 = 1.5;

/// What was measured.
pub(crate) enum Row {
    /// A training.
    Train(Measured),
    /// An inference.
    Infer(Inferred),
}

/// Measures each workload.
///
/// # Errors
///
/// A name is unknown, data are missing, or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let all = || WORKLOADS.iter().map(|w| w.name.to_string()).chain([INFERENCE.into()]);
    let names: Vec<String> =
        if args.names.is_empty() { all().collect() } else { args.names.clone() };
    // A misspelt name is told before anything takes time.
    for name in &names {
        if !name.eq_ignore_ascii_case(INFERENCE) {
            find(name)?;
        }
    }
    let mut table = bench_json::Head::default();
    for name in &names {
        for row in measured(name, args, shell)? {
            if shell.is_json() {
                shell.value(&bench_json::value(&row))?;
            } else {
                shell.answer(&table.row(&row))?;
            }
        }
    }
    Ok(Exit::Done)
}

fn measured(name: &str, args: &Args, shell: &Shell) -> Result<Vec<Row>, Failure> {
    let options = options(args, shell);
    if let Some(workload) = workload(name) {
        return Ok(vec![Row::Train(measure(workload, &options)?)]);
    }
    let sizes = match args.batch {
        Some(rows) => vec![rows as usize],
        None => vec![1, 1000],
    };
    let budget = if args.steps.is_some() { 0.0 } else { BUDGET };
    let mut rows = Vec::new();
    for net in ["W5", "W6"] {
        for size in &sizes {
            rows.push(Row::Infer(infer(find(net)?, *size, budget, &options)?));
        }
    }
    Ok(rows)
}

fn options(args: &Args, shell: &Shell) -> Options {
    Options {
        steps: args.steps,
        repeats: usize::from(args.repeats),
        threads: shell.options.threads.map_or(0, usize::from),
        batch: args.batch,
        rows: args.rows.map(|n| n as usize),
        bytes: args.bytes,
        search: args.data.then(|| search::search(&[], &[])),
        seed: shell.options.seed.unwrap_or(1),
        set: shell.options.set.clone(),
    }
}
