//! `chainrule bench`: how fast it is.

use std::path::Path;

use chainrule::Model;
use chainrule::bench::{
    Feed, Inferred, Isa, KERNELS, Kernel, Measured, Options, WORKLOADS, Workload, find, infer,
    measure, peak, triads, workload,
};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{bench_json, bench_text, search};

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
  chainrule bench net.eqn             the first training of a file
  chainrule bench --kernels           GFLOP/s of single kernels beside the machine's peak
  chainrule bench --limit             that peak, and the bandwidth of caches and memory
  chainrule bench --json > ours.jsonl one line of JSON for each measurement

Data of W3 to W6 are made up, in the shapes of the real ones; the training is the ordinary one, rows
shuffled every epoch. After a first step and some to warm up, a repeat times so many steps.";

/// Measure the speed of training and inference
///
/// Trains workloads of known size and prints the time of a step: the median of the repeats, the
/// least and the greatest.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The workloads, or equation files with a training; all workloads if none is named
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
    /// Measure single kernels instead: products, convolutions, functions
    #[arg(long, conflicts_with_all = ["names", "limit"])]
    kernels: bool,
    /// Measure the machine instead: multiply-adds and bandwidth
    #[arg(long, conflicts_with = "names")]
    limit: bool,
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
    if args.limit {
        return limit(shell);
    }
    if args.kernels {
        return kernels(args, shell);
    }
    let all = || WORKLOADS.iter().map(|w| w.name.to_string()).chain([INFERENCE.into()]);
    let names: Vec<String> =
        if args.names.is_empty() { all().collect() } else { args.names.clone() };
    // A misspelt name is told before anything takes time.
    let jobs: Vec<Option<Workload>> =
        names.iter().map(|name| job(name)).collect::<Result<_, Failure>>()?;
    let mut table = bench_text::Head::default();
    for job in jobs {
        for row in measured(job.as_ref(), args, shell)? {
            if shell.is_json() {
                shell.value(&bench_json::value(&row))?;
            } else {
                shell.answer(&table.row(&row))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The workload of a name or of a file; `None` for inference.
fn job(name: &str) -> Result<Option<Workload>, Failure> {
    if name.eq_ignore_ascii_case(INFERENCE) {
        return Ok(None);
    }
    if workload(name).is_none() && Path::new(name).is_file() {
        return Ok(Some(Workload::of(&Model::read(name)?, None)?));
    }
    Ok(Some(find(name)?.clone()))
}

/// A training, or the inferences.
fn measured(job: Option<&Workload>, args: &Args, shell: &Shell) -> Result<Vec<Row>, Failure> {
    let mut options = options(args, shell);
    if let Some(workload) = job {
        if workload.feed == Feed::File {
            options.search = Some(search::of(Path::new(workload.name.as_ref())));
        }
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

/// Seconds that a kernel is measured.
const KERNEL: f64 = 0.1;

/// The kernels beside the peak of this process.
fn kernels(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let threads = options(args, shell).thread_count();
    let best = peak(Isa::best(), threads);
    if !shell.is_json() {
        let at_most = best.map_or(String::new(), |peak| bench_text::peak(&peak));
        shell.answer(&format!("at most {at_most}\n\n{}", bench_text::KERNELS))?;
    }
    let budget = if args.steps.is_some() { 0.0 } else { KERNEL };
    for at in 0..KERNELS {
        let Some(mut kernel) = Kernel::new(at, threads)? else { break };
        let speed = kernel.measure(budget)?;
        if shell.is_json() {
            shell.value(&bench_json::kernel(&speed, best.as_ref()))?;
        } else {
            shell.answer(&bench_text::kernel(&speed, best.as_ref()))?;
        }
    }
    Ok(Exit::Done)
}

/// What the machine can do, with one thread and with all.
fn limit(shell: &Shell) -> Result<Exit, Failure> {
    let all =
        Options { threads: shell.options.threads.map_or(0, usize::from), ..Options::default() };
    let mut counts = vec![1, all.thread_count()];
    counts.dedup();
    for &threads in &counts {
        for peak in Isa::all().into_iter().filter_map(|isa| peak(isa, threads)) {
            if shell.is_json() {
                shell.value(&bench_json::peak(&peak))?;
            } else {
                shell.answer(&format!("{}\n", bench_text::peak(&peak)))?;
            }
        }
    }
    for &threads in &counts {
        for triad in triads(threads) {
            if shell.is_json() {
                shell.value(&bench_json::triad(&triad))?;
            } else {
                shell.answer(&bench_text::triad(&triad))?;
            }
        }
    }
    Ok(Exit::Done)
}
