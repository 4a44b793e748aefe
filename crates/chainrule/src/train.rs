//! Training: one [`Trainer`] takes a `train` line, the data and the settings to trained weights.
//!
//! It goes on step by step ([`Trainer::step`]) or epoch by epoch ([`Trainer::epoch`]); a caller can
//! stop it anywhere, keep its [`State`], and go on later to the same bits.

mod curves;
mod dataset;
mod order;
mod report;
mod rows;
mod settings;
mod state;
mod trained;

use std::sync::Arc;

pub use chainrule_kernels::program::Precision;
pub use dataset::Dataset;
pub use report::{Control, End, EpochReport, Progress, Record, Scores, StepReport};
pub use rows::Rows;
pub use settings::{Batch, TrainSettings, TrainingRef};
pub use state::{Best, State, Tensor};
pub use trained::{Input, Labels, Network, Output, Prediction, Predictor, Trained};

use crate::{Error, Model};

impl Model {
    /// The trainings of the file, in the order of its lines.
    pub fn trainings(&self) -> Vec<TrainingRef> {
        let of = |(model, module): (usize, &crate::Module)| {
            (0..module.trainings.len()).map(move |training| TrainingRef { model, training })
        };
        self.modules().iter().enumerate().flat_map(of).collect()
    }
}

/// What is fixed about a training: what the file, the caller and the data decided.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// The training's name.
    pub name: String,
    /// The loss.
    pub loss: String,
    /// The optimizer.
    pub optimizer: String,
    /// The optimizer's settings.
    pub settings: Vec<(String, f64)>,
    /// Schedule, stopping rule and clipping, in words.
    pub rules: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// The limit of epochs.
    pub epochs: Option<u64>,
    /// The limit of steps.
    pub steps: Option<u64>,
    /// The limit of minutes.
    pub minutes: Option<f64>,
    /// Rows a step.
    pub batch: u64,
    /// Rows of the training part.
    pub rows: u64,
    /// Steps an epoch.
    pub epoch_steps: u64,
    /// How many numbers are trained.
    pub parameters: u64,
    /// The number type.
    pub precision: Precision,
    /// How many threads.
    pub threads: usize,
    /// The equations, with the sizes and constants of this training.
    pub equations: String,
    /// The quantities that are recorded for each part: (part, names), the loss first.
    pub quantities: Vec<(String, Vec<String>)>,
}

/// One training: compiled programs, engine, data and state.
#[derive(Debug)]
pub struct Trainer {
    facts: Facts,
}

impl Trainer {
    /// Compiles a training and sets its start values.
    ///
    /// # Errors
    ///
    /// The loss has no derivative, the data do not fit the equations, or memory is missing.
    pub fn new(
        model: &Model,
        which: TrainingRef,
        data: Arc<Dataset>,
        settings: &TrainSettings,
    ) -> Result<Trainer, Error> {
        let _ = (model, which, data, settings);
        Err(Error::not_yet("the trainer is not there yet".into()))
    }

    /// What is fixed about it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// How far it is; the loss is that of the last step.
    pub fn progress(&self) -> Progress {
        unreachable!("no trainer is made yet")
    }

    /// Why it is at its end, if it is.
    pub fn end(&self) -> Option<End> {
        None
    }

    /// One step. After the first one it takes no memory.
    ///
    /// # Errors
    ///
    /// The loss is no number (the error says where that began), or the training is at its end.
    pub fn step(&mut self) -> Result<StepReport, Error> {
        Err(Error::not_yet("the trainer is not there yet".into()))
    }

    /// Steps to the end of the epoch (or of the training), then the values on every part.
    /// `progress` hears of every step; if it says [`Control::Pause`] the answer is `None`, and the
    /// next call goes on from there.
    ///
    /// # Errors
    ///
    /// As [`Trainer::step`].
    pub fn epoch(
        &mut self,
        progress: &mut dyn FnMut(&Progress) -> Control,
    ) -> Result<Option<EpochReport>, Error> {
        let _ = progress;
        Err(Error::not_yet("the trainer is not there yet".into()))
    }

    /// The loss and the quantities of `show` and `plot` on a part, exact over its rows, at the
    /// parameters, noise replaced by its mean.
    ///
    /// # Errors
    ///
    /// The data have no such part.
    pub fn measure(&mut self, part: &str) -> Result<Scores, Error> {
        let _ = part;
        Err(Error::not_yet("the trainer is not there yet".into()))
    }

    /// What it needs to go on as if it had never stopped.
    pub fn state(&self) -> State {
        unreachable!("no trainer is made yet")
    }

    /// Goes back (or on) to a state.
    ///
    /// # Errors
    ///
    /// The state belongs to other equations: names, sizes or precision differ.
    pub fn restore(&mut self, state: &State) -> Result<(), Error> {
        let _ = state;
        Err(Error::not_yet("the trainer is not there yet".into()))
    }

    /// The parameters, in the order they are declared.
    pub fn parameters(&self) -> Vec<Tensor> {
        self.state().parameters
    }

    /// The hash of the parameters: declaration order, row-major, little-endian.
    pub fn parameters_sha256(&self) -> String {
        unreachable!("no trainer is made yet")
    }

    /// The network as it is now (with the best weights, once a rule has stopped it early).
    pub fn network(&self) -> Network {
        unreachable!("no trainer is made yet")
    }

    /// The results: the best weights are put in if a rule compares them, and every part is measured.
    ///
    /// # Errors
    ///
    /// A value cannot be computed.
    pub fn finish(self) -> Result<Trained, Error> {
        Err(Error::not_yet("the trainer is not there yet".into()))
    }
}
