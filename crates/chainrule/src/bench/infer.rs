//! The time of a prediction (W7).

use std::time::Instant;

use super::{Options, Prepared, Workload, median, memory};
use crate::train::Predictor;
use crate::{Error, Trainer};

/// So often the time is taken.
const REPEATS: usize = 9;

/// What the prediction of some rows took.
#[derive(Clone, PartialEq, Debug)]
pub struct Inferred {
    /// The workload whose net it is.
    pub workload: String,
    /// How many threads.
    pub threads: usize,
    /// Rows of a prediction.
    pub rows: usize,
    /// Seconds of a prediction, one for each repeat.
    pub seconds: Vec<f64>,
    /// Seconds from the equations and weights to the end of the first prediction.
    pub first: f64,
    /// The most memory in MB; `None` where the system does not tell.
    pub memory: Option<f64>,
}

impl Inferred {
    /// The median of the seconds of a prediction.
    pub fn median(&self) -> f64 {
        median(&self.seconds)
    }

    /// The least of them.
    pub fn least(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Predicts so many rows at a time with the net of a workload, its start weights and made-up rows:
/// nine repeats of `budget` seconds in all, after two calls and half a repeat to warm up.
///
/// # Errors
///
/// The equations have no value called `z`, or a setting is unknown.
pub fn infer(
    workload: &Workload,
    rows: usize,
    budget: f64,
    options: &Options,
) -> Result<Inferred, Error> {
    let options = Options { rows: Some(rows.max(1)), search: None, ..options.clone() };
    memory::restart();
    let made = Prepared::new(workload, &options)?;
    let network = Trainer::new(&made.model, made.training, made.data.clone(), &made.settings)?;
    let network = network.network();
    let columns = &made.data.tables[0].columns;
    let inputs = columns.iter().filter(|c| network.inputs.iter().any(|input| input.name == c.name));
    let values: Vec<(&str, Vec<f64>)> = inputs
        .map(|c| (c.name.as_str(), (0..c.values.len()).map(|i| c.values.get(i)).collect()))
        .collect();
    let given: Vec<(&str, &[f64])> = values.iter().map(|(name, v)| (*name, v.as_slice())).collect();
    let began = Instant::now();
    let mut predictor = Predictor::new(network, options.threads)?;
    let mut call = || predictor.predict_names(&["z"], &given).map(|said| said.rows);
    call()?;
    let first = began.elapsed().as_secs_f64();
    call()?;
    let began = Instant::now();
    call()?;
    let one = began.elapsed().as_secs_f64().max(1e-7);
    let inner = ((budget / REPEATS as f64 / one) as usize).max(1);
    for _ in 0..(inner / 2).max(2) {
        call()?;
    }
    let mut seconds = Vec::with_capacity(REPEATS);
    for _ in 0..REPEATS {
        let began = Instant::now();
        for _ in 0..inner {
            call()?;
        }
        seconds.push(began.elapsed().as_secs_f64() / inner as f64);
    }
    Ok(Inferred {
        workload: workload.name.to_string(),
        threads: options.thread_count(),
        rows: rows.max(1),
        seconds,
        first,
        memory: memory::peak(),
    })
}
