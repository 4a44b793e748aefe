//! Schedules and stopping rules.

use chainrule_graph::Module;
use chainrule_graph::module::Training;

use super::keep::At;
use super::machine::Machine;
use super::plan::Plan;
use super::{End, Scores};
use crate::Error;

/// The rules of a training with what they remember.
#[derive(Debug)]
pub(super) struct Rules {}

/// What the rules say at an epoch's end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Verdict {
    pub(super) better: bool,
    pub(super) value: f64,
    pub(super) end: Option<End>,
}

impl Rules {
    pub(super) fn of(
        module: &Module,
        training: &Training,
        plan: &Plan,
        parts: &[String],
    ) -> Result<Rules, Error> {
        let _ = (module, training, plan, parts);
        Ok(Rules {})
    }

    /// The part whose loss they look at.
    pub(super) fn part(&self) -> Option<&str> {
        None
    }

    /// Sets what a schedule changes.
    pub(super) fn set(&self, machine: &mut Machine, at: &At, plan: &Plan) {
        let _ = (machine, at, plan);
    }

    pub(super) fn observe(&mut self, scores: &[Scores], complete: bool) -> Verdict {
        let _ = (scores, complete);
        Verdict { better: false, value: f64::NAN, end: None }
    }

    pub(super) fn numbers(&self) -> Vec<(String, f64)> {
        Vec::new()
    }

    pub(super) fn restore(&mut self, numbers: &[(String, f64)]) -> Result<(), Error> {
        let _ = numbers;
        Ok(())
    }
}
