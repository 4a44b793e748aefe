//! What a caller sets instead of the file.

use chainrule_kernels::program::Precision;

/// One `train` line of a file (one of them for each combination of its `for`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TrainingRef {
    /// The place in [`Model::modules`](crate::Model::modules).
    pub model: usize,
    /// The place in the module's trainings.
    pub training: usize,
}

/// How many rows a step takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Batch {
    /// So many; the last step of an epoch takes what is left.
    Rows(u64),
    /// All of the training part.
    All,
}

/// What a caller sets instead of the file; what is `None` is as the file says.
///
/// ```
/// use chainrule::train::{Batch, TrainSettings};
///
/// let settings = TrainSettings { epochs: Some(5), batch: Some(Batch::All), ..Default::default() };
/// assert_eq!(settings.seed, None);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct TrainSettings {
    /// The seed of start values, order of rows and noise; else the file's, else 0.
    pub seed: Option<u64>,
    /// How many epochs; else the file's. Without any limit there is one epoch.
    pub epochs: Option<u64>,
    /// At most so many steps.
    pub steps: Option<u64>,
    /// Rows a step; else the file's, else all.
    pub batch: Option<Batch>,
    /// At most so many minutes.
    pub minutes: Option<f64>,
    /// Settings of the optimizer by name: `step`, `rho`.
    pub set: Vec<(String, f64)>,
    /// The number type.
    pub precision: Precision,
    /// Whether every sum of products is computed as it is written. Else convolutions with 3 by 3
    /// windows may take fewer multiplications: other bits, errors of about twice the size.
    pub exact: bool,
    /// How many threads; 0 for as many as the machine has cores.
    pub threads: usize,
    /// Whether even the smallest instruction is shared between the threads. The bits are the same.
    pub force_parallel: bool,
}

impl Default for TrainSettings {
    fn default() -> TrainSettings {
        TrainSettings {
            seed: None,
            epochs: None,
            steps: None,
            batch: None,
            minutes: None,
            set: Vec::new(),
            precision: Precision::F32,
            exact: false,
            threads: 0,
            force_parallel: false,
        }
    }
}
