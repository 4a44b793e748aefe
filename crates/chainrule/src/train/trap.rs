//! Where a number stopped being one.

use super::Trainer;
use crate::Error;

impl Trainer {
    /// The error for a step whose loss is no number.
    pub(super) fn trap(&mut self) -> Error {
        Error::failed(format!("the loss is no number in step {}", self.at.step + 1))
    }
}
