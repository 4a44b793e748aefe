//! Schedules and stopping rules of a training.

use chainrule_graph::module::Training;
use chainrule_graph::schedule::{At as Place, Plateau, Schedule, Stop, Watch};

use super::keep::At;
use super::machine::Machine;
use super::plan::Plan;
use super::{End, Scores};
use crate::Error;

/// Factors of a schedule are worked out for so many steps at a time.
const STEPS: usize = 1024;
/// The setting that a schedule changes.
const STEP: &str = "step";

/// A schedule with the factors of the next steps.
#[derive(Debug)]
struct Factors {
    schedule: Schedule,
    from: u64,
    next: Vec<f64>,
}

/// The rules of a training with what they remember.
#[derive(Debug)]
pub(super) struct Rules {
    /// The optimizer's own `step`.
    step: Option<f64>,
    factors: Option<Factors>,
    plateau: Option<Plateau>,
    stop: Option<(End, Stop)>,
    /// The part whose loss the rules look at.
    part: Option<&'static str>,
}

/// What the rules say at an epoch's end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Verdict {
    /// These are the best weights so far.
    pub(super) better: bool,
    /// The value that was compared.
    pub(super) value: f64,
    pub(super) end: Option<End>,
}

impl Rules {
    /// The rules of a training line.
    pub(super) fn of(training: &Training, plan: &Plan, parts: &[String]) -> Result<Rules, Error> {
        let step = training.settings.iter().find(|(name, _)| name == STEP).map(|(_, v)| *v);
        let mut rules = Rules { step, factors: None, plateau: None, stop: None, part: None };
        for (word, name, numbers) in &training.rules {
            match word.as_str() {
                "schedule" => rules.schedule(training, plan, name, numbers)?,
                "stop" => {
                    let stop = Stop::new(name, numbers);
                    let stop = stop.ok_or_else(|| Error::failed(format!("no rule `{name}`")))?;
                    let end = if name == "early" { End::Early } else { End::Below };
                    rules.stop = Some((end, stop));
                }
                _ => {}
            }
        }
        if rules.plateau.is_some() || rules.stop.is_some() {
            let validation = parts.iter().any(|p| p == "validation");
            rules.part = Some(if validation { "validation" } else { "train" });
        }
        Ok(rules)
    }

    fn schedule(
        &mut self,
        training: &Training,
        plan: &Plan,
        name: &str,
        numbers: &[f64],
    ) -> Result<(), Error> {
        if self.step.is_none() {
            return Err(Error::failed(format!(
                "`schedule {name}` changes the setting `{STEP}`, which the optimizer `{}` does not \
                 have",
                training.optimizer
            )));
        }
        if name == "plateau" {
            let plateau = Plateau::new(numbers);
            self.plateau = Some(
                plateau.ok_or_else(|| Error::failed("`plateau` has too many numbers".into()))?,
            );
            return Ok(());
        }
        if ["cosine", "onecycle"].contains(&name) && plan.total().is_none() {
            return Err(Error::failed(format!(
                "`schedule {name}` must know how many steps there will be: give `epochs` or `steps`"
            )));
        }
        let schedule = Schedule::new(name, numbers).map_err(|r| Error::failed(r.0))?;
        self.factors = Some(Factors { schedule, from: 0, next: Vec::with_capacity(STEPS) });
        Ok(())
    }

    /// The part whose loss they look at.
    pub(super) fn part(&self) -> Option<&'static str> {
        self.part
    }

    /// Sets what a schedule changes.
    pub(super) fn set(&mut self, machine: &mut Machine, at: &At, plan: &Plan) {
        let scale = self.plateau.as_ref().map(|p| p.scale);
        let factor = self.factors.as_mut().map(|f| f.at(at.step, plan));
        if let (Some(step), Some(factor)) = (self.step, factor.or(scale)) {
            machine.set(STEP, step * factor);
        }
    }

    /// Hears of the values after an epoch.
    pub(super) fn observe(&mut self, scores: &[Scores]) -> Verdict {
        let own = scores.iter().find(|s| Some(s.part.as_str()) == self.part);
        let loss = own.and_then(|s| s.values.first()).map(|(_, value)| *value);
        let Some(value) = loss else {
            return Verdict { better: false, value: f64::NAN, end: None };
        };
        if let Some(plateau) = &mut self.plateau {
            plateau.measured(value);
        }
        let Some((end, stop)) = &mut self.stop else {
            return Verdict { better: false, value, end: None };
        };
        let heard = stop.measured(value);
        let better = heard.improved && *end == End::Early;
        Verdict { better, value, end: heard.stop.then_some(*end) }
    }

    fn watches(&mut self) -> impl Iterator<Item = (&'static str, &mut Watch)> {
        let plateau = self.plateau.as_mut().map(|p| ("plateau", &mut p.watch));
        plateau.into_iter().chain(self.stop.as_mut().map(|(_, s)| ("stop", &mut s.watch)))
    }

    /// What they remember, by name.
    pub(super) fn numbers(&self) -> Vec<(String, f64)> {
        let mut out = Vec::new();
        let mut watch = |name: &str, watch: &Watch| {
            out.push((format!("{name}.best"), watch.best));
            out.push((format!("{name}.waited"), watch.waited as f64));
        };
        if let Some(plateau) = &self.plateau {
            watch("plateau", &plateau.watch);
        }
        if let Some((_, stop)) = &self.stop {
            watch("stop", &stop.watch);
        }
        if let Some(plateau) = &self.plateau {
            out.push(("plateau.scale".into(), plateau.scale));
        }
        out
    }

    /// Puts it back.
    pub(super) fn restore(&mut self, numbers: &[(String, f64)]) -> Result<(), Error> {
        let own = self.numbers();
        let number = |name: &str| numbers.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        if own.len() != numbers.len() || own.iter().any(|(name, _)| number(name).is_none()) {
            return Err(Error::failed(
                "the state belongs to a training with another schedule or stopping rule".into(),
            ));
        }
        for (name, watch) in self.watches() {
            watch.best = number(&format!("{name}.best")).unwrap_or(watch.best);
            watch.waited = number(&format!("{name}.waited")).unwrap_or(0.0) as u64;
        }
        if let (Some(plateau), Some(scale)) = (&mut self.plateau, number("plateau.scale")) {
            plateau.scale = scale;
        }
        Ok(())
    }
}

impl Factors {
    /// The factor of a step.
    fn at(&mut self, step: u64, plan: &Plan) -> f64 {
        let known = step.checked_sub(self.from).and_then(|at| self.next.get(at as usize));
        if let Some(factor) = known {
            return *factor;
        }
        self.from = step;
        self.next.clear();
        let left = plan.total().map_or(STEPS as u64, |n| n.saturating_sub(step)).max(1);
        for step in step..step + left.min(STEPS as u64) {
            let place = Place {
                step: step as f64,
                epoch: (step / plan.epoch_steps()) as f64,
                steps: plan.total().unwrap_or(0) as f64,
                epochs: plan.epochs.unwrap_or(0) as f64,
            };
            self.next.push(self.schedule.factor(&place));
        }
        self.next[0]
    }
}
