//! A trained network: what a file of it holds, and what it predicts.

use chainrule_kernels::program::Precision;

use super::{End, Scores, State, Tensor};
use crate::data::LabelNames;

/// An input of a network and what is done to its raw values: `scale raw + shift`.
#[derive(Clone, PartialEq, Debug)]
pub struct Input {
    /// The name.
    pub name: String,
    /// The length of each dim; empty for one number.
    pub dims: Vec<usize>,
    /// One factor an entry, one for all, or none.
    pub scale: Vec<f64>,
    /// One summand an entry, one for all, or none.
    pub shift: Vec<f64>,
}

impl Input {
    /// Numbers a row.
    pub(super) fn width(&self) -> usize {
        self.dims.iter().fold(1, |n: usize, dim| n.saturating_mul(*dim)).max(1)
    }
}

/// Everything that prediction needs: equations, weights, what is done to the inputs, label names.
#[derive(Clone, PartialEq, Debug)]
pub struct Network {
    /// The name of the equation file, for messages.
    pub file: String,
    /// The equations, with the sizes and constants of this training.
    pub equations: String,
    /// Which model of the file.
    pub model: usize,
    /// The training's name.
    pub training: String,
    /// The number type of the weights.
    pub precision: Precision,
    /// Whether every sum of products is computed as it is written.
    pub exact: bool,
    /// The sizes that the data decided.
    pub sizes: Vec<(String, u64)>,
    /// The weights, in the order they are declared.
    pub parameters: Vec<Tensor>,
    /// The inputs. Labels and other targets are among them if an output reads them.
    pub inputs: Vec<Input>,
    /// Label names.
    pub labels: Vec<LabelNames>,
    /// What is predicted unless other names are asked for.
    pub outputs: Vec<String>,
}

/// Where a training met a value that is no number: the loss, or a parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diverged {
    /// The number of the step, from 1.
    pub step: u64,
    /// The line, the value that was no number, what it was computed from, and what may help.
    pub message: String,
}

/// The best epoch of a training.
#[derive(Clone, PartialEq, Debug)]
pub struct Peak {
    /// Complete epochs.
    pub epoch: u64,
    /// Steps.
    pub step: u64,
    /// The part.
    pub part: String,
    /// The loss's name.
    pub name: String,
    /// The loss.
    pub value: f64,
}

/// What a training came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// The optimizer.
    pub optimizer: String,
    /// The loss.
    pub loss: String,
    /// The seed.
    pub seed: u64,
    /// Complete epochs.
    pub epochs: u64,
    /// Steps.
    pub steps: u64,
    /// How long it took, without pauses.
    pub seconds: f64,
    /// How many numbers were trained.
    pub parameters: u64,
    /// The hash of the weights: declaration order, row-major, little-endian.
    pub parameters_sha256: String,
    /// The values of the weights that are left, on every part, the loss first. A training that
    /// diverged has none: they are NaN.
    pub scores: Vec<Scores>,
    /// The epoch with the least loss: on validation, without such a part on the training part. If a
    /// rule stops early, its weights are those that are left. A trainer alone knows only of what a
    /// rule compares; the session of a run knows of every epoch.
    pub best: Option<Peak>,
    /// Why it ended; `None` if it was finished before its end.
    pub end: Option<End>,
    /// Where it met a value that is no number: then the weights are those before that step.
    pub diverged: Option<Diverged>,
}

/// A training that is done.
#[derive(Clone, PartialEq, Debug)]
pub struct Trained {
    /// What it came to.
    pub summary: Summary,
    /// The network.
    pub network: Network,
    /// The last state.
    pub state: State,
}

/// A predicted value for each row.
#[derive(Clone, PartialEq, Debug)]
pub struct Output {
    /// The name in the equations.
    pub name: String,
    /// The length of each dim; empty for one number.
    pub dims: Vec<usize>,
    /// One row after the other, each row-major.
    pub values: Vec<f64>,
    /// Whether every row is a distribution over classes.
    pub probabilities: bool,
}

/// What a network says of some rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Prediction {
    /// How many rows.
    pub rows: usize,
    /// The values that were asked for.
    pub outputs: Vec<Output>,
    /// The class of each row, if the first output has one entry a class.
    pub classes: Option<Vec<usize>>,
    /// The names of the classes, if they have names.
    pub names: Option<Vec<String>>,
}
