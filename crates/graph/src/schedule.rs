//! Schedules: the factor on an optimizer's setting `step`, from update to update.
//!
//! | rule | factor |
//! |---|---|
//! | `constant` | 1 |
//! | `exponential(rate)` | `rate^epoch` |
//! | `step(every, factor)` | `factor^floor(epoch / every)` |
//! | `cosine(least = 0)` | `least + (1 - least) (1 + cos(pi step / steps)) / 2` |
//! | `warmup(n)` | `min(1, (step + 1) / n)` |
//! | `onecycle(up = 0.3, first = 0.04, last = 4e-6)` | `first` to 1 by half a cosine while `t = step / steps < up`, then 1 to `last` |
//! | `plateau(factor = 0.1, patience = 10, least = 0)` | times `factor` whenever a measured loss has not become better by more than `least` for more than `patience` measurements |
//!
//! All but the last are functions of the language (`std/schedules.eqn`, with their sources) and are
//! evaluated here in `f64`. A plateau needs what is measured: [`Plateau`] is its state.

mod rule;

use std::collections::BTreeMap;

use crate::differentiate::Refusal;
use crate::index::{SizeId, SymbolId};
use crate::interpret::{Numbers, Tensor};
use crate::lower::{self, Lowered, Work};

pub use rule::{RULES, Rule, misfit};

/// The schedules in the language.
const STANDARD: &str = include_str!("std/schedules.eqn");

/// Where a training stands: counts from 0, and how many there will be.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct At {
    /// The number of the update.
    pub step: f64,
    /// The number of the epoch.
    pub epoch: f64,
    /// How many updates there will be.
    pub steps: f64,
    /// How many epochs there will be.
    pub epochs: f64,
}

/// A schedule, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Schedule {
    lowered: Lowered,
    numbers: Numbers,
    /// The size that counts epochs.
    passed: Option<SizeId>,
    /// `step epoch steps epochs`.
    counts: [Option<SymbolId>; 4],
}

impl Schedule {
    /// The schedule of a training's rule.
    ///
    /// # Errors
    ///
    /// There is no such schedule, or its numbers are too few, too many or make no sense. `plateau`
    /// is none here: it needs what is measured.
    ///
    /// ```
    /// use chainrule_graph::schedule::{At, Schedule};
    ///
    /// let stairs = Schedule::new("step", &[10.0, 0.5]).unwrap();
    /// let factor = |epoch| stairs.factor(&At { epoch, ..At::default() });
    /// assert_eq!([factor(0.0), factor(9.0), factor(10.0), factor(25.0)], [1.0, 1.0, 0.5, 0.25]);
    /// assert!(!stairs.changes_each_step());
    /// ```
    pub fn new(name: &str, numbers: &[f64]) -> Result<Schedule, Refusal> {
        if let Some(message) = misfit("schedule", name, numbers) {
            return Err(Refusal(message));
        }
        let call = if name == "step" { "stairs" } else { name };
        let numbers: String = numbers.iter().map(|x| format!(", {x:?}")).collect();
        let text = format!(
            "{STANDARD}\ngiven step, epoch, steps, epochs : R\n\
             net\n  factor = {call}(step, epoch, steps, epochs{numbers})\n"
        );
        let mut reading = crate::read(&text);
        if let Some(found) = reading.diagnostics.iter().find(|d| d.is_error()) {
            return Err(Refusal(format!("`schedule {name}`: {}", found.message)));
        }
        let mut module = reading.modules.remove(0);
        let find = |name: &str| module.find(name);
        let counts = ["step", "epoch", "steps", "epochs"].map(find);
        let unknown = || Refusal(format!("there is no schedule `{name}`"));
        let factor = module.find("factor").ok_or_else(unknown)?;
        let passed = module.sizes.base().find(|(_, def)| def.name == "E").map(|(id, _)| id);
        let numbers = Numbers::of(&module, 1, 1);
        let factor = module.read(factor)?;
        let lowered = lower::lower(&mut module, &[("factor".into(), factor)])?;
        Ok(Schedule { lowered, numbers, passed, counts })
    }

    /// The factor now.
    pub fn factor(&self, at: &At) -> f64 {
        let mut numbers = self.numbers.clone();
        if let Some(passed) = self.passed {
            numbers.set(passed, (at.epoch as u64).max(1));
        }
        let values = [at.step, at.epoch, at.steps, at.epochs];
        let known = self.counts.iter().zip(values);
        let inputs: BTreeMap<SymbolId, Tensor<f64>> =
            known.filter_map(|(id, x)| Some(((*id)?, Tensor::number(x)))).collect();
        let made = self.lowered.evaluate(&numbers, &inputs).ok();
        made.and_then(|made| made.first()?.data.first().copied()).unwrap_or(f64::NAN)
    }

    /// Whether the factor depends on the number of the update, not on that of the epoch alone.
    pub fn changes_each_step(&self) -> bool {
        let step = self.counts[0];
        self.lowered.nodes.iter().any(|n| matches!(n.work, Work::Input(id) if Some(id) == step))
    }
}

/// The factor of a schedule at one place; [`Schedule`] is faster for many.
///
/// # Errors
///
/// As [`Schedule::new`].
///
/// ```
/// let factor = chainrule_graph::schedule::factor("cosine", &[], 50.0, 0.0, 100.0, 1.0).unwrap();
/// assert!((factor - 0.5).abs() < 1e-15);
/// ```
pub fn factor(
    name: &str,
    numbers: &[f64],
    step: f64,
    epoch: f64,
    steps: f64,
    epochs: f64,
) -> Result<f64, Refusal> {
    Ok(Schedule::new(name, numbers)?.factor(&At { step, epoch, steps, epochs }))
}

/// Watches a number that should become smaller, for `schedule plateau` and `stop early`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Watch {
    /// How many measurements without improvement are borne.
    pub patience: u64,
    /// What counts as an improvement: smaller than the best by more than this.
    pub least: f64,
    /// The best so far.
    pub best: f64,
    /// How many measurements since.
    pub waited: u64,
}

impl Watch {
    /// Nothing measured yet.
    pub fn new(patience: u64, least: f64) -> Watch {
        Watch { patience, least, best: f64::INFINITY, waited: 0 }
    }

    /// Hears of a measurement; whether it is an improvement. What is no number is none.
    pub fn measured(&mut self, value: f64) -> bool {
        let better =
            value < self.best - self.least || (self.best.is_infinite() && value.is_finite());
        if better {
            (self.best, self.waited) = (value, 0);
        } else {
            self.waited += 1;
        }
        better
    }

    /// Whether the patience is over.
    pub fn is_over(&self) -> bool {
        self.waited > self.patience
    }
}

/// `schedule plateau(factor, patience, least)`: its fields are all of its state.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Plateau {
    /// What the step is multiplied by when nothing improves.
    pub factor: f64,
    /// The factor by now.
    pub scale: f64,
    /// What was measured.
    pub watch: Watch,
}

impl Plateau {
    /// The start, from the numbers of the rule; nothing if they are too many.
    ///
    /// ```
    /// use chainrule_graph::schedule::Plateau;
    ///
    /// let mut plateau = Plateau::new(&[0.5, 1.0]).unwrap();
    /// let scales = [3.0, 2.0, 2.0, 2.5, 2.0, 1.0].map(|loss| plateau.measured(loss));
    /// assert_eq!(scales, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]);
    /// ```
    pub fn new(numbers: &[f64]) -> Option<Plateau> {
        let all = Rule::find("schedule", "plateau").and_then(|rule| rule.completed(numbers).ok());
        let [factor, patience, least] = all.as_deref().unwrap_or_default() else {
            return None;
        };
        let watch = Watch::new(*patience as u64, *least);
        Some(Plateau { factor: *factor, scale: 1.0, watch })
    }

    /// Hears of a loss; the factor from now on.
    pub fn measured(&mut self, loss: f64) -> f64 {
        self.watch.measured(loss);
        if self.watch.is_over() {
            self.scale *= self.factor;
            self.watch.waited = 0;
        }
        self.scale
    }
}

/// `stop early(patience = 10, least = 0)` or `stop below(limit)`: its fields are all of its state.
///
/// The caller keeps the parameters whenever [`Heard::improved`], and ends with those.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stop {
    /// Below this the training is done.
    pub below: f64,
    /// What was measured.
    pub watch: Watch,
}

/// What a measurement means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heard {
    /// It is the best so far.
    pub improved: bool,
    /// The training stops.
    pub stop: bool,
}

impl Stop {
    /// The start of the rule called `name`, from its numbers; nothing if there is no such rule.
    ///
    /// ```
    /// use chainrule_graph::schedule::Stop;
    ///
    /// let mut stop = Stop::new("early", &[1.0]).unwrap();
    /// let heard = [3.0, 2.0, 2.1, 2.2].map(|loss| stop.measured(loss));
    /// assert_eq!(heard.map(|h| h.improved), [true, true, false, false]);
    /// assert_eq!(heard.map(|h| h.stop), [false, false, false, true]);
    /// ```
    pub fn new(name: &str, numbers: &[f64]) -> Option<Stop> {
        match (name, Rule::find("stop", name)?.completed(numbers).ok()?.as_slice()) {
            ("early", [patience, least]) => {
                let watch = Watch::new(*patience as u64, *least);
                Some(Stop { below: f64::NEG_INFINITY, watch })
            }
            ("below", [limit]) => Some(Stop { below: *limit, watch: Watch::new(u64::MAX, 0.0) }),
            _ => None,
        }
    }

    /// Hears of a measurement.
    pub fn measured(&mut self, value: f64) -> Heard {
        let improved = self.watch.measured(value);
        Heard { improved, stop: self.watch.is_over() || value < self.below }
    }
}
