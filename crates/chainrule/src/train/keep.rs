//! A copy of where the training stood a few steps ago, so that the step which went wrong can be
//! looked at.

/// Steps between two copies, at most.
const STEPS: u64 = 256;

/// Where a training is.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct At {
    /// Steps that are done.
    pub(super) step: u64,
    /// Epochs that are complete.
    pub(super) epoch: u64,
    /// Rows of the epoch that are done.
    pub(super) position: u64,
    /// The sum of the steps' losses since the epoch began, each times its rows.
    pub(super) loss_sum: f64,
}

/// The copy. Its memory is taken once.
#[derive(Debug)]
pub(super) struct Keep {
    pub(super) at: Option<At>,
    /// The exact bits of parameters and states.
    pub(super) values: Vec<u8>,
}

impl Keep {
    /// No copy yet; `len` is the number of bytes of parameters and states.
    pub(super) fn new(len: usize) -> Keep {
        Keep { at: None, values: vec![0; len] }
    }

    /// Whether a copy is due before this step. Steps that are done again go through one epoch only:
    /// at its begin there is a copy in any case.
    pub(super) fn due(&self, now: &At) -> bool {
        self.at.is_none_or(|at| at.epoch != now.epoch || now.step >= at.step + STEPS)
    }
}
