//! What the file, the caller and the data decided about a training.

use chainrule_graph::module::Training;

use super::{Batch, TrainSettings};
use crate::Error;

/// Limits and counts of a training.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) epochs: Option<u64>,
    pub(super) steps: Option<u64>,
    pub(super) minutes: Option<f64>,
    /// Rows of the training part.
    pub(super) rows: u64,
    /// Rows a step.
    pub(super) batch: u64,
}

impl Plan {
    /// The caller's settings first, then `with` and `for`, then the line's own words. Without a
    /// limit there is one epoch.
    pub(super) fn of(
        training: &Training,
        settings: &TrainSettings,
        rows: usize,
    ) -> Result<Plan, Error> {
        let rows = rows as u64;
        let option = |word: &str| {
            let set = training.with.iter().rev().find(|(w, _)| w == word).map(|(_, v)| *v);
            let own = training.options.iter().find(|(w, _)| w == word).and_then(|(_, v)| *v);
            set.or(own)
        };
        let whole = |word: &str| option(word).map(|n| n as u64);
        let batch = match settings.batch {
            Some(Batch::Rows(n)) => n,
            Some(Batch::All) => rows,
            None => whole("batch").unwrap_or(rows),
        };
        let minutes = settings.minutes.or_else(|| option("minutes"));
        let mut plan = Plan {
            seed: settings.seed.or_else(|| whole("seed")).unwrap_or(0),
            epochs: settings.epochs.or_else(|| whole("epochs")),
            steps: settings.steps.or_else(|| whole("steps")),
            minutes,
            rows,
            batch: batch.min(rows),
        };
        plan.check()?;
        if plan.epochs.is_none() && plan.steps.is_none() && plan.minutes.is_none() {
            plan.epochs = Some(1);
        }
        Ok(plan)
    }

    fn check(&self) -> Result<(), Error> {
        let least = [("batch", Some(self.batch)), ("epochs", self.epochs), ("steps", self.steps)];
        for (word, number) in least {
            if number == Some(0) {
                return Err(Error::setting(format!("`{word}` must be at least 1, not 0")));
            }
        }
        match self.minutes {
            Some(m) if m.is_nan() || m <= 0.0 => {
                Err(Error::setting(format!("`minutes` must be above 0, not {m}")))
            }
            _ => Ok(()),
        }
    }

    /// Steps of an epoch; the last one takes what is left.
    pub(super) fn epoch_steps(&self) -> u64 {
        self.rows.div_ceil(self.batch)
    }

    /// Rows of the short last step; 0 if there is none.
    pub(super) fn rest(&self) -> u64 {
        self.rows % self.batch
    }

    /// How many steps there are at most, if epochs or steps are limited.
    pub(super) fn total(&self) -> Option<u64> {
        let epochs = self.epochs.and_then(|n| n.checked_mul(self.epoch_steps()));
        match (epochs, self.steps) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Plan, TrainSettings};

    fn plan(line: &str, settings: &TrainSettings) -> Result<Plan, String> {
        let text = format!(
            "size H = 2\nbatch N\ndata\n  x : R per N\nparam\n  w : R = 0\nnet\n  \
             J = mean[N] (w x)^2\n{line}\n"
        );
        let model = crate::Model::parse("t.eqn", text).expect("a model");
        let training = &model.modules()[0].trainings[0];
        Plan::of(training, settings, 10).map_err(|e| e.to_string())
    }

    #[test]
    fn the_caller_goes_before_with_and_with_before_the_line() {
        let own = TrainSettings::default();
        let found = plan("train J by gd(step = 1) batch 4 epochs 3 seed 5", &own).expect("a plan");
        assert_eq!((found.epoch_steps(), found.rest(), found.total()), (3, 2, Some(9)));
        assert_eq!(found.seed, 5);
        let line = "train J by gd(step = 1) batch all for epochs in {7, 8}";
        let found = plan(line, &own).expect("a plan");
        assert_eq!((found.epochs, found.batch, found.rest()), (Some(7), 10, 0));
        let set = TrainSettings {
            epochs: Some(2),
            steps: Some(1),
            batch: Some(Batch::Rows(3)),
            ..TrainSettings::default()
        };
        let found = plan(line, &set).expect("a plan");
        assert_eq!((found.epochs, found.batch, found.total()), (Some(2), 3, Some(1)));
    }

    #[test]
    fn without_a_limit_there_is_one_epoch() {
        let found = plan("train J by gd(step = 1)", &TrainSettings::default()).expect("a plan");
        assert_eq!((found.epochs, found.batch), (Some(1), 10));
        let found = plan("train J by gd(step = 1) minutes 2", &TrainSettings::default());
        assert_eq!(found.expect("a plan").total(), None);
    }

    #[test]
    fn settings_from_outside_are_checked() {
        let set = TrainSettings { batch: Some(Batch::Rows(0)), ..TrainSettings::default() };
        let found = plan("train J by gd(step = 1)", &set).unwrap_err();
        assert_eq!(found, "`batch` must be at least 1, not 0");
        let set = TrainSettings { minutes: Some(-1.0), ..TrainSettings::default() };
        assert!(plan("train J by gd(step = 1)", &set).unwrap_err().contains("above 0"));
    }
}
