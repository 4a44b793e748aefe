//! The time of a training step.

use std::time::Instant;

use super::{Options, Prepared, Workload, median, memory};
use crate::{Error, Model, Trainer};

/// What a workload took.
#[derive(Clone, PartialEq, Debug)]
pub struct Measured {
    /// The workload.
    pub workload: String,
    /// How many threads.
    pub threads: usize,
    /// Rows a step.
    pub batch: u64,
    /// Steps of a repeat.
    pub steps: u64,
    /// Steps an epoch.
    pub epoch_steps: u64,
    /// What the rows are: `f64`, `f32`, `bytes`, `files`.
    pub data: &'static str,
    /// Seconds of a step, one for each repeat.
    pub seconds: Vec<f64>,
    /// Seconds from the equations to the end of the first step: reading, deriving, compiling.
    pub first: f64,
    /// The most memory in MB, and that before the data was made; `None` where the system does not
    /// tell.
    pub memory: Option<(f64, f64)>,
}

impl Measured {
    /// The median of the seconds of a step.
    pub fn median(&self) -> f64 {
        median(&self.seconds)
    }

    /// The least and the greatest of them.
    pub fn range(&self) -> (f64, f64) {
        let least = self.seconds.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.seconds.iter().copied().fold(0.0, f64::max))
    }
}

/// Trains a workload and takes the time: a first step, some to warm up (a quarter of a repeat, at
/// least 3, at most 100), then the repeats. Rows are shuffled every epoch.
///
/// # Errors
///
/// The data cannot be read, or a setting is unknown.
pub fn measure(workload: &Workload, options: &Options) -> Result<Measured, Error> {
    memory::restart();
    let before = memory::peak();
    let made = Prepared::new(workload, options)?;
    let steps = options.steps.unwrap_or(workload.steps).max(1);
    let warm = (steps / 4).clamp(3, 100);
    let repeats = options.repeats.max(1);
    let mut settings = made.settings.clone();
    settings.steps = Some(2 + warm + steps.saturating_mul(repeats as u64));
    let began = Instant::now();
    let model = Model::parse(made.model.source().name(), made.model.source().text())?;
    let mut trainer = Trainer::new(&model, made.training, made.data.clone(), &settings)?;
    trainer.step()?;
    let first = began.elapsed().as_secs_f64();
    for _ in 0..warm {
        trainer.step()?;
    }
    let mut seconds = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let began = Instant::now();
        for _ in 0..steps {
            trainer.step()?;
        }
        seconds.push(began.elapsed().as_secs_f64() / steps as f64);
    }
    Ok(Measured {
        workload: workload.name.to_string(),
        threads: options.thread_count(),
        batch: made.batch,
        steps,
        epoch_steps: made.epoch_steps,
        data: made.kind,
        seconds,
        first,
        memory: memory::peak().zip(before),
    })
}
