//! What `train` and `resume` share: a session from its data to its results.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chainrule::data::Dataset;
use chainrule::export::Wanted;
use chainrule::run::{Chosen, Folder, Outcome, Session};
use chainrule::train::{Progress, Summary};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Show;
use crate::shell::Shell;
use crate::{exports, results};

/// Where runs are unless another place is asked for.
const RUNS: &str = "runs";

/// Trains what is not done yet and says what came out.
///
/// # Errors
///
/// A training fails, the folder or stdout cannot be written.
pub(crate) fn run(
    chosen: &Chosen,
    data: Vec<Option<Arc<Dataset>>>,
    every: u64,
    folder: Option<&Folder>,
    interrupt: Interrupt,
    shell: &Shell,
) -> Result<Exit, Failure> {
    let all = chosen.trainings.len();
    if folder.is_some_and(Folder::is_done) {
        shell.say(if all == 1 { "the training is done" } else { "all trainings are done" });
    }
    let session = Session { chosen, data, every: Duration::from_secs(every) };
    let mut show = Show::new(shell, interrupt);
    let outcome = session.run(folder, &mut show);
    drop(show);
    match outcome? {
        Outcome::Done(done) => finished(chosen, folder, &done, shell),
        Outcome::Stopped(done, name, at) => stopped(folder, &done, &name, &at, shell),
    }
}

fn finished(
    chosen: &Chosen,
    folder: Option<&Folder>,
    done: &[Summary],
    shell: &Shell,
) -> Result<Exit, Failure> {
    let skipped = results::skipped(&chosen.model);
    if let Some(folder) = folder {
        // Code belongs to the run, like the models; what came out is said whether it is written or not.
        if let Err(why) = exports::write(&chosen.model, &Wanted::default(), folder.path()) {
            shell.warn(&format!("code was not written: {why}"));
        }
    }
    if shell.is_json() {
        shell.value(&results::value(folder, done, &skipped))?;
    } else {
        let mut page = results::table(done, shell.page_width());
        if let Some(folder) = folder {
            page.push('\n');
            page.push_str(&results::next(folder));
        }
        shell.page(&page)?;
    }
    shell.warnings(chosen.model.source(), &skipped);
    let gone: Vec<String> = done.iter().filter_map(results::diverged).collect();
    if gone.is_empty() {
        return Ok(Exit::Done);
    }
    shell.say(&format!("diverged: {}", gone.join(", ")));
    Ok(Exit::Failed)
}

fn stopped(
    folder: Option<&Folder>,
    done: &[Summary],
    name: &str,
    at: &Progress,
    shell: &Shell,
) -> Result<Exit, Failure> {
    let resume = folder.map(|folder| format!("chainrule resume {}", folder.path().display()));
    if shell.is_json() {
        let mut value = results::value(folder, done, &[]);
        value["interrupted"] = json!({ "training": name, "epoch": at.epoch, "step": at.step });
        value["resume"] = json!(resume);
        shell.value(&value)?;
    }
    let next = resume.map_or_else(
        || "nothing was kept, as --no-run says".to_string(),
        |resume| format!("`{resume}` goes on from there"),
    );
    let (epoch, step) = (at.epoch, at.step);
    shell.say(&format!("interrupted: {name} at epoch {epoch}, step {step}; {next}"));
    Ok(Exit::Interrupted)
}

/// The run that an argument means: its folder, or its name in `runs`.
///
/// # Errors
///
/// There is no such run, or it cannot be used.
pub(crate) fn open(run: &Path) -> Result<Folder, Failure> {
    let within = Path::new(RUNS).join(run);
    let named = !run.exists() && run.components().count() == 1 && within.is_dir();
    Ok(Folder::open(if named { &within } else { run })?)
}

/// The folder of runs.
pub(crate) fn runs() -> PathBuf {
    PathBuf::from(RUNS)
}
