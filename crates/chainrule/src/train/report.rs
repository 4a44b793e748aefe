//! What a training tells while it runs.

/// What a caller says to a training that runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop before the next step; the training can go on from there.
    Pause,
}

/// What is known after a step. It borrows nothing and takes no memory.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Progress {
    /// Epochs that are complete.
    pub epoch: u64,
    /// The limit of epochs, if there is one.
    pub epochs: Option<u64>,
    /// Steps that are done.
    pub step: u64,
    /// How many steps there will be at most, if epochs or steps are limited.
    pub steps: Option<u64>,
    /// Rows of this epoch that are done.
    pub position: u64,
    /// Rows of an epoch.
    pub rows: u64,
    /// The loss of the step.
    pub loss: f64,
    /// The mean of the steps' losses since the epoch began, weighted by rows.
    pub mean: f64,
    /// Seconds since the training began, without pauses.
    pub seconds: f64,
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StepReport {
    /// Steps that are done, this one included.
    pub step: u64,
    /// The batch's loss, where the gradient was taken.
    pub loss: f64,
    /// How many rows it took.
    pub rows: u64,
}

/// A value on a curve.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Epochs that are complete.
    pub epoch: u64,
    /// Steps that are done.
    pub step: u64,
    /// `train`, `validation`, `test`
    pub part: String,
    /// The quantity. `J_step` (the loss's name with `_step`) is the mean of the steps' losses since
    /// the epoch began, weighted by rows.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Whether it stands at an epoch's end; else it is a sample within one, for `against step`.
    pub end: bool,
}

/// The values on one part of the data: the loss first.
#[derive(Clone, PartialEq, Debug)]
pub struct Scores {
    /// `train`, `validation`, `test`
    pub part: String,
    /// How many rows it has.
    pub rows: u64,
    /// Names with values.
    pub values: Vec<(String, f64)>,
}

impl Scores {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }
}

/// What an epoch came to.
#[derive(Clone, PartialEq, Debug)]
pub struct EpochReport {
    /// Epochs that are complete. After a limit of steps in the middle of one, that one is not.
    pub epoch: u64,
    /// Steps that are done.
    pub step: u64,
    /// The mean of the steps' losses, weighted by rows.
    pub mean: f64,
    /// The values on every part.
    pub scores: Vec<Scores>,
    /// What is new on the curves, samples within the epoch included.
    pub records: Vec<Record>,
    /// Whether these are the best weights so far, if a rule compares them.
    pub best: bool,
    /// Why the training is at its end, if it is.
    pub end: Option<End>,
}

/// Why a training is at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The epochs are done.
    Epochs,
    /// The steps are done.
    Steps,
    /// The time is over.
    Minutes,
    /// `stop early`: nothing got better for long enough. The best weights are left.
    Early,
    /// `stop below`: the value is reached.
    Below,
    /// The loss or a parameter is no number any more. The weights before that step are left.
    Diverged,
}

impl End {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            End::Epochs => "all epochs done",
            End::Steps => "all steps done",
            End::Minutes => "time over",
            End::Early => "stopped early",
            End::Below => "value reached",
            End::Diverged => "it diverged",
        }
    }
}
