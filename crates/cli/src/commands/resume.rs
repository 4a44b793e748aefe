//! `chainrule resume`: goes on with a run.

use std::path::PathBuf;

use chainrule::run::{Chosen, DataRecord, Folder};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::shell::Shell;
use crate::{search, training};

const EXAMPLES: &str = "\
Examples:
  chainrule resume runs/iris-1     go on after Ctrl-C, a crash or a power failure
  chainrule resume iris-1          the same: runs are looked for in runs/";

/// Go on with a run that was interrupted
///
/// The training goes on from its last checkpoint and ends in the same bits as if it had never been
/// interrupted; trainings that are done are not repeated. Settings are those of the run. Data and
/// equations must be the same: their SHA-256 are compared.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder of the run, or its name in `runs`
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Look for data in this folder first; may be repeated
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
}

/// Opens the run and trains what is not done yet.
///
/// # Errors
///
/// There is no such run, its files or its data cannot be used, or a training fails.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    if shell.options.seed.is_some() || !shell.options.set.is_empty() {
        let text = "`resume` goes on with the settings of the run: --seed and --set are of no use";
        return Err(Failure::Usage(text.into()));
    }
    let mut folder = training::open(&args.run)?;
    folder.lock()?;
    folder.same_equations()?;
    let chosen = chosen(&folder, shell)?;
    let interrupt = Interrupt::listen(shell, "nothing was trained, the run is as it was");
    let data = data(&folder, &chosen, &args.data, shell)?;
    interrupt.orderly();
    let every = folder.record().settings.checkpoint;
    training::run(&chosen, data, every, Some(&folder), interrupt, shell)
}

/// The trainings of a run with their settings.
///
/// # Errors
///
/// The equations cannot be used, or do not fit the record.
pub(crate) fn chosen(folder: &Folder, shell: &Shell) -> Result<Chosen, Failure> {
    let mut settings = folder.record().settings.clone();
    settings.threads = shell.options.threads.map_or(settings.threads, usize::from);
    let mut chosen = Chosen::new(&folder.model()?, &settings, &[])?;
    chosen.exactly(folder.record().trainings.iter().map(|training| training.name.as_str()))?;
    Ok(chosen)
}

/// The data of a run, found again.
///
/// # Errors
///
/// They cannot be read, or are others than those of the run.
pub(crate) fn data(
    folder: &Folder,
    chosen: &Chosen,
    given: &[PathBuf],
    shell: &Shell,
) -> Result<Vec<Option<std::sync::Arc<chainrule::data::Dataset>>>, Failure> {
    let homes: Vec<PathBuf> = folder.home().into_iter().chain([PathBuf::new()]).collect();
    let data = search::read(chosen, &search::search(given, &homes), shell)?;
    for (old, new) in folder.record().data.iter().zip(&DataRecord::all(chosen, &data)?) {
        let hint = "--data DIR looks in another folder first";
        old.compare(new).map_err(|why| Failure::Changed(format!("{why}; {hint}")))?;
    }
    Ok(data)
}
