//! Training: one [`Trainer`] takes a `train` line, the data and the settings to trained weights.
//!
//! It goes on step by step ([`Trainer::step`]) or epoch by epoch ([`Trainer::epoch`]); a caller can
//! stop it anywhere, keep its [`State`], and go on later to the same bits. What comes out is a
//! [`Network`]; a [`Predictor`] uses it.
//!
//! A training is a function of the equations, the seed and the data: neither the number of threads
//! nor pauses change a bit.
//!
//! ```
//! use std::sync::Arc;
//! use chainrule::Model;
//! use chainrule::train::{Control, Predictor, Rows, TrainSettings, Trainer};
//!
//! let model = Model::parse("line.eqn", "\
//! batch N
//! data
//!   x : R per N
//!   y : R per N
//! param
//!   w : R = 0
//!   b : R = 0
//! net
//!   f = w x + b
//!   J = mean[N] (f - y)^2
//! train J by gd(step = 0.1) epochs 500
//! ")?;
//! let data = Rows::new(&model.modules()[0])
//!     .column("x", vec![0.0, 1.0, 2.0])
//!     .column("y", vec![1.0, 3.0, 5.0])
//!     .build()?;
//!
//! let settings = TrainSettings::default();
//! let mut trainer = Trainer::new(&model, model.trainings()[0], Arc::new(data), &settings)?;
//! while trainer.end().is_none() {
//!     // Hears of every step; `Control::Pause` stops before the next one.
//!     let report = trainer.epoch(&mut |_| Control::Continue)?;
//!     assert!(report.is_some_and(|report| report.scores[0].get("J").is_some()));
//! }
//! let trained = trainer.finish()?;
//!
//! let mut line = Predictor::new(trained.network, 1)?;
//! let said = line.predict(&[("x", &[10.0])])?;
//! assert_eq!(said.outputs[0].name, "f");
//! assert!((said.outputs[0].values[0] - 21.0).abs() < 1e-2);
//! # Ok::<(), chainrule::Error>(())
//! ```

mod curves;
mod feed;
pub(crate) mod hash;
mod keep;
mod machine;
mod order;
mod outputs;
mod plan;
mod predictor;
mod report;
mod rows;
mod rules;
mod settings;
mod setup;
mod state;
mod trained;
mod trainer;
mod trap;
mod whole;

pub use crate::data::Dataset;
pub use chainrule_kernels::Values as Numbers;
pub use chainrule_kernels::program::Precision;
pub(crate) use machine::WORTH_SHARING;
pub use predictor::Predictor;
pub use report::{Control, End, EpochReport, Progress, Record, Scores, StepReport};
pub use rows::Rows;
pub use settings::{Batch, TrainSettings, TrainingRef};
pub use state::{Best, State, Tensor};
pub use trained::{Diverged, Input, Network, Output, Peak, Prediction, Summary, Trained};
pub use trainer::Trainer;

use crate::Model;

impl Model {
    /// The trainings of the file, in the order of its lines.
    pub fn trainings(&self) -> Vec<TrainingRef> {
        let of = |(model, module): (usize, &crate::Module)| {
            (0..module.trainings.len()).map(move |training| TrainingRef { model, training })
        };
        self.modules().iter().enumerate().flat_map(of).collect()
    }

    /// The name of a training among all those of the file: its own, or `model/name` where another
    /// model has a training of that name; `None` if there is no such training.
    ///
    /// ```
    /// let text = "\
    /// model a
    /// param w : R = 1
    /// net J = w^2
    /// train J by gd(step = 0.1) epochs 1
    /// model b
    /// param v : R = 1
    /// net J = v^2
    /// train J by gd(step = 0.1) epochs 1
    /// train J by adam() epochs 1
    /// ";
    /// let file = chainrule::Model::parse("two.eqn", text)?;
    /// let names = file.trainings().into_iter().filter_map(|which| file.training_name(which));
    /// assert_eq!(names.collect::<Vec<_>>(), ["a/gd", "b/gd", "adam"]);
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn training_name(&self, which: TrainingRef) -> Option<String> {
        let module = self.modules().get(which.model)?;
        let name = &module.trainings.get(which.training)?.name;
        let others = self.modules().iter().enumerate().filter(|(at, _)| *at != which.model);
        let shared = others.flat_map(|(_, other)| &other.trainings).any(|t| t.name == *name);
        Some(if shared { format!("{}/{name}", module.name) } else { name.clone() })
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
