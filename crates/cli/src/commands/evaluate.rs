//! `chainrule evaluate`: measures the models of a run again.

use std::path::PathBuf;

use chainrule::run::{Folder, TrainingRecord, evaluate, scores_json};
use chainrule::train::{Scores, Summary};
use serde_json::{Value, json};

use super::resume;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::table::Table;
use crate::{results, training};

const EXAMPLES: &str = "\
Examples:
  chainrule evaluate runs/iris-1                 every trained model on every part
  chainrule evaluate runs/iris-1 --training nag  one of them
  chainrule evaluate iris-1 --json               the answer for a program";

/// Measure the models of a run again
///
/// Reads the trained models and the data of a run and measures the loss and the quantities of
/// `show` on every part, exact over its rows. On the machine of the training the values must be
/// those that were recorded; a difference is reported and ends with exit code 3.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder of the run, or its name in `runs`
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Measure only the model of this training; may be repeated
    #[arg(long, value_name = "NAME")]
    training: Vec<String>,
    /// Look for data in this folder first; may be repeated
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
}

/// One model, measured.
struct Measured {
    name: String,
    scores: Vec<Scores>,
    /// What differs from the values recorded, in words.
    differs: Option<String>,
}

/// Measures and says what came out.
///
/// # Errors
///
/// There is no such run, a training is not done, or files or data cannot be used.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let folder = training::open(&args.run)?;
    if let Err(changed) = folder.same_equations() {
        shell.warn(&changed.to_string());
    }
    let mut chosen = resume::chosen(&folder, shell)?;
    let asked = asked(&folder, &args.training)?;
    chosen.exactly(asked.iter().map(|training| training.name.as_str()))?;
    let data = resume::data(&folder, &chosen, &args.data, shell)?;
    let mut all = Vec::new();
    for (training, which) in asked.iter().zip(&chosen.trainings) {
        let (network, recorded) = folder.network(training)?;
        let scores = evaluate(&chosen, *which, &data, &network)?;
        let differs = recorded.and_then(|recorded| difference(&recorded.scores, &scores));
        all.push(Measured { name: training.name.clone(), scores, differs });
    }
    let gone: Vec<&Summary> = match args.training.is_empty() {
        true => folder.record().trainings.iter().filter_map(|t| t.result.as_ref()).collect(),
        false => Vec::new(),
    };
    if shell.is_json() {
        let run = folder.path().display().to_string();
        let trainings: Vec<Value> = all.iter().map(value).collect();
        shell.value(&json!({
            "run": run,
            "trainings": trainings,
            "diverged": gone.iter().map(|summary| &summary.name).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut table = Table::default();
        table.column("", "training", all.iter().map(|m| m.name.clone()).collect());
        let rows: Vec<&[Scores]> = all.iter().map(|m| m.scores.as_slice()).collect();
        results::values(&mut table, &rows);
        shell.page(&table.text(shell.page_width()))?;
    }
    for measured in &all {
        if let Some(text) = &measured.differs {
            shell.warn(&format!("{}: {text}", measured.name));
        }
    }
    if all.iter().any(|measured| measured.differs.is_some()) {
        return Ok(Exit::Check);
    }
    shell.say("all values are those that were recorded");
    for summary in gone.into_iter().filter_map(results::diverged) {
        shell.say(&format!("not measured, for it diverged: {summary}"));
    }
    Ok(Exit::Done)
}

/// The trainings with these names, all that are done without names.
///
/// # Errors
///
/// A name is unknown, or nothing is done.
fn asked<'f>(folder: &'f Folder, names: &[String]) -> Result<Vec<&'f TrainingRecord>, Failure> {
    let all = &folder.record().trainings;
    if names.is_empty() {
        let done: Vec<_> = all.iter().filter(|t| folder.model_path(t).exists()).collect();
        return match (done.is_empty(), all.first()) {
            // Its error says what can be done.
            (true, Some(first)) => Ok(vec![first]),
            _ => Ok(done),
        };
    }
    names.iter().map(|name| of_name(folder, name)).collect()
}

/// The training of a run with this name.
///
/// # Errors
///
/// There is none.
pub(crate) fn of_name<'f>(folder: &'f Folder, name: &str) -> Result<&'f TrainingRecord, Failure> {
    folder.training(name).ok_or_else(|| {
        let names: Vec<&str> =
            folder.record().trainings.iter().map(|training| training.name.as_str()).collect();
        let run = folder.path().display();
        Failure::Usage(format!("`{run}` has no training `{name}` (it has {})", names.join(", ")))
    })
}

/// The greatest difference, if values differ.
fn difference(recorded: &[Scores], measured: &[Scores]) -> Option<String> {
    let mut worst: Option<(f64, String)> = None;
    for scores in recorded {
        let now = measured.iter().find(|now| now.part == scores.part);
        for (name, was) in &scores.values {
            let is = now.and_then(|now| now.get(name)).unwrap_or(f64::NAN);
            if is.to_bits() == was.to_bits() || (is.is_nan() && was.is_nan()) {
                continue;
            }
            let gap = if is.is_nan() { f64::INFINITY } else { (is - was).abs() };
            if worst.as_ref().is_none_or(|(most, _)| gap > *most) {
                let part = &scores.part;
                worst = Some((gap, format!("{part} {name} is {is}, recorded was {was}")));
            }
        }
    }
    worst.map(|(_, text)| text)
}

fn value(measured: &Measured) -> Value {
    let mut value = json!({
        "name": measured.name,
        "as_recorded": measured.differs.is_none(),
    });
    for scores in &measured.scores {
        value[scores.part.as_str()] = scores_json(scores);
    }
    value
}
