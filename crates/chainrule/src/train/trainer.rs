//! The trainer: steps, epochs, limits, states.

mod finish;
mod timed;

use std::sync::Arc;
use std::time::Instant;

use chainrule_graph::Module;

use super::curves::Curves;
use super::keep::{At, Keep};
use super::machine::Machine;
use super::order::Order;
use super::plan::Plan;
use super::rules::Rules;
use super::{
    Best, Control, Diverged, End, EpochReport, Facts, Network, Progress, Record, Scores, State,
    StepReport, Tensor, TrainSettings, TrainingRef,
};
use crate::data::{Dataset, Part};
use crate::{Error, Model};

/// One training: compiled programs, engine, data and state.
///
/// ```
/// use std::sync::Arc;
/// use chainrule::Model;
/// use chainrule::data::{DataSettings, Dataset, Search};
/// use chainrule::train::{Control, TrainSettings, Trainer};
///
/// let iris = Model::read("iris")?;
/// let data = Dataset::read(&iris.modules()[0], &Search::default(), &DataSettings::default())?;
/// let settings = TrainSettings { epochs: Some(20), ..TrainSettings::default() };
/// let nag = iris.trainings()[1];
/// let mut trainer = Trainer::new(&iris, nag, Arc::new(data), &settings)?;
/// let first = trainer.measure("train")?.get("J");
/// while trainer.end().is_none() {
///     trainer.epoch(&mut |_| Control::Continue)?;
/// }
/// assert!(trainer.measure("train")?.get("J") < first);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug)]
pub struct Trainer {
    pub(super) facts: Facts,
    pub(super) model: Model,
    pub(super) which: TrainingRef,
    pub(super) data: Arc<Dataset>,
    pub(super) machine: Machine,
    pub(super) plan: Plan,
    /// The training part's place among the parts.
    part: usize,
    pub(super) order: Order,
    curves: Curves,
    /// After how many steps there is a point within an epoch.
    interval: Option<u64>,
    rules: Rules,
    pub(super) keep: Keep,
    pub(super) at: At,
    seconds: f64,
    loss: f64,
    best: Option<Best>,
    pub(super) end: Option<End>,
    pub(super) diverged: Option<Diverged>,
    pub(super) records: Vec<Record>,
}

impl Trainer {
    /// Compiles a training and sets its start values.
    ///
    /// # Errors
    ///
    /// The loss has no derivative, the data do not fit the equations, a setting is unknown, or memory
    /// is missing.
    pub fn new(
        model: &Model,
        which: TrainingRef,
        data: Arc<Dataset>,
        settings: &TrainSettings,
    ) -> Result<Trainer, Error> {
        let name = model.training_name(which);
        let model = model.for_training(which.model, which.training)?.model;
        let module = &model.modules()[which.model];
        let training = super::setup::with_settings(&module.trainings[which.training], settings)?;
        let Some(part) = data.parts.iter().position(|p| p.name == "train" && !p.rows.is_empty())
        else {
            return Err(Error::failed("the data have no rows to train on".into()));
        };
        let plan = Plan::of(&training, settings, data.parts[part].rows.len())?;
        let names: Vec<String> = data.parts.iter().map(|p| p.name.clone()).collect();
        let mut curves = Curves::of(module, training.loss, &names);
        let rules = Rules::of(&training, &plan, &names)?;
        if let Some(looked_at) = rules.part() {
            curves.need(looked_at);
        }
        let machine = Machine::new(module, &training, &data, &plan, &curves, settings)?;
        let rows = |name: &String| data.part(name).map_or(0, |p| p.rows.len() as u64);
        let evaluated = curves.parts.iter().map(rows).sum();
        let interval = curves.interval(plan.total(), plan.batch, evaluated);
        let mut facts = super::setup::facts(&model, module, &training, &plan, &curves, &machine);
        facts.name = name.unwrap_or(facts.name);
        Ok(Trainer {
            order: Order::new(data.parts[part].rows.len(), plan.seed, plan.batch < plan.rows),
            keep: Keep::new(machine.len()),
            at: At::default(),
            seconds: 0.0,
            loss: f64::NAN,
            best: None,
            end: None,
            diverged: None,
            records: Vec::new(),
            facts,
            which,
            data,
            machine,
            plan,
            part,
            curves,
            interval,
            rules,
            model,
        })
    }

    /// What is fixed about it.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(super) fn module(&self) -> &Module {
        &self.model.modules()[self.which.model]
    }

    /// The place of the training part.
    pub(super) fn part(&self) -> usize {
        self.part
    }

    pub(super) fn rows(&self) -> &Part {
        &self.data.parts[self.part]
    }

    /// How far it is; the loss is that of the last step.
    pub fn progress(&self) -> Progress {
        Progress {
            epoch: self.at.epoch,
            epochs: self.plan.epochs,
            step: self.at.step,
            steps: self.plan.total(),
            position: self.at.position,
            rows: self.plan.rows,
            loss: self.loss,
            mean: self.mean(),
            seconds: self.seconds,
        }
    }

    /// The mean of the steps' losses since the epoch began, weighted by rows.
    fn mean(&self) -> f64 {
        self.at.loss_sum / self.at.position as f64
    }

    /// Why it is at its end, if it is.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// One step. After the first one it takes no memory, except at the end of an epoch if a rule
    /// must evaluate the weights there.
    ///
    /// # Errors
    ///
    /// The loss or a parameter is no number (the error says where that began; the training is then
    /// at its end, [`End::Diverged`]), or the training was at its end before.
    pub fn step(&mut self) -> Result<StepReport, Error> {
        self.close_if_over()?;
        self.check_open()?;
        let began = Instant::now();
        let report = self.one()?;
        self.seconds += began.elapsed().as_secs_f64();
        Ok(report)
    }

    /// Closes an epoch, or the training, that steps alone brought to its end.
    fn close_if_over(&mut self) -> Result<(), Error> {
        let over = self.at.position == self.plan.rows || self.is_over();
        if self.end.is_none() && self.at.position > 0 && over {
            self.close(false)?;
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), Error> {
        match self.end {
            Some(end) => Err(Error::failed(format!(
                "the training `{}` is at its end: {}",
                self.facts.name,
                end.text()
            ))),
            None => Ok(()),
        }
    }

    fn one(&mut self) -> Result<StepReport, Error> {
        if self.keep.due(&self.at) {
            self.check_finite()?;
            self.keep.at = Some(self.at);
            self.machine.read_all(&mut self.keep.values);
        }
        let rows = self.inputs_and_rows();
        self.loss = self.taken(rows)?;
        if !self.loss.is_finite() {
            return Err(self.trap(self.at.step));
        }
        self.at.step += 1;
        self.at.position += rows as u64;
        self.at.loss_sum += self.loss * rows as f64;
        Ok(StepReport { step: self.at.step, loss: self.loss, rows: rows as u64 })
    }

    /// The loss of the next step would show it, but there may be none, and a copy of what is no
    /// number is of no use.
    fn check_finite(&mut self) -> Result<(), Error> {
        if self.keep.at.is_some() && !self.machine.is_finite() {
            return Err(self.trap(self.at.step.saturating_sub(1)));
        }
        Ok(())
    }

    /// Puts the rows in order and sets the numbers of the step; how many rows it takes.
    pub(super) fn inputs_and_rows(&mut self) -> usize {
        self.order.begin(self.at.epoch, &self.data.parts[self.part].rows);
        self.machine.count("step", self.at.step as f64);
        self.machine.count("epoch", self.at.epoch as f64);
        self.rules.set(&mut self.machine, &self.at, &self.plan);
        self.order.taken(self.at.position as usize, self.plan.batch as usize).len()
    }

    pub(super) fn taken(&mut self, rows: usize) -> Result<f64, Error> {
        let taken = self.order.taken(self.at.position as usize, rows);
        self.machine.step(&self.data, self.part, taken, self.at.step)
    }

    /// Steps to the end of the epoch (or of the training), then the values on every part.
    /// `progress` hears of every step; if it says [`Control::Pause`] the answer is `None`, and the
    /// next call goes on from there.
    ///
    /// # Errors
    ///
    /// As [`Trainer::step`].
    pub fn epoch(
        &mut self,
        progress: &mut dyn FnMut(&Progress) -> Control,
    ) -> Result<Option<EpochReport>, Error> {
        self.check_open()?;
        while self.at.position < self.plan.rows && !self.is_over() {
            self.step()?;
            let within = self.at.position < self.plan.rows && !self.is_over();
            if within && self.interval.is_some_and(|n| self.at.step.is_multiple_of(n)) {
                let scores = self.scores()?;
                self.record(&scores, false);
            }
            if progress(&self.progress()) == Control::Pause {
                return Ok(None);
            }
        }
        self.close(true)
    }

    /// Goes on to the training's end; `after` hears of every epoch.
    ///
    /// # Errors
    ///
    /// As [`Trainer::step`].
    pub fn run(&mut self, after: &mut dyn FnMut(&EpochReport)) -> Result<(), Error> {
        while self.end.is_none() {
            if let Some(report) = self.epoch(&mut |_| Control::Continue)? {
                after(&report);
            }
        }
        Ok(())
    }

    /// Whether a limit that falls within an epoch is reached.
    fn is_over(&self) -> bool {
        self.end.is_some()
            || self.plan.steps.is_some_and(|n| self.at.step >= n)
            || self.plan.minutes.is_some_and(|m| self.seconds >= 60.0 * m)
    }

    /// The end of an epoch, or of the training: values, rules, limits.
    fn close(&mut self, report: bool) -> Result<Option<EpochReport>, Error> {
        self.check_finite()?;
        let began = Instant::now();
        let complete = self.at.position == self.plan.rows;
        self.at.epoch += u64::from(complete);
        let mean = self.mean();
        let scores =
            if report || self.rules.part().is_some() { self.scores()? } else { Vec::new() };
        if report {
            self.record(&scores, true);
        }
        let verdict = self.rules.observe(&scores);
        if verdict.better {
            self.best = Some(Best {
                epoch: self.at.epoch,
                step: self.at.step,
                value: verdict.value,
                parameters: self.parameters(),
            });
        }
        if complete {
            (self.at.position, self.at.loss_sum) = (0, 0.0);
        }
        self.end = self.end.or(verdict.end).or(self.limit());
        self.seconds += began.elapsed().as_secs_f64();
        Ok(report.then(|| EpochReport {
            epoch: self.at.epoch,
            step: self.at.step,
            mean,
            scores,
            records: self.take_records(),
            best: verdict.better,
            end: self.end,
        }))
    }

    fn limit(&self) -> Option<End> {
        if self.plan.epochs.is_some_and(|n| self.at.epoch >= n) {
            return Some(End::Epochs);
        }
        if self.plan.steps.is_some_and(|n| self.at.step >= n) {
            return Some(End::Steps);
        }
        self.plan.minutes.filter(|m| self.seconds >= 60.0 * m).map(|_| End::Minutes)
    }

    /// The loss and the quantities of `show` and `plot` on a part, exact over its rows, at the
    /// parameters, noise replaced by its mean.
    ///
    /// # Errors
    ///
    /// The data have no such part.
    pub fn measure(&mut self, part: &str) -> Result<Scores, Error> {
        let Some(at) = self.data.parts.iter().position(|p| p.name == part) else {
            let names: Vec<&str> = self.data.parts.iter().map(|p| p.name.as_str()).collect();
            let known = names.join(", ");
            return Err(Error::failed(format!("the data have no part `{part}` (but {known})")));
        };
        let values = self.machine.measure(&self.data, at)?;
        Ok(self.named(at, values.into_iter()))
    }

    /// Values of the quantities on a part.
    fn named(&self, part: usize, values: impl Iterator<Item = f64>) -> Scores {
        let module = self.module();
        let name = |id: &chainrule_graph::SymbolId| module.symbol(*id).name.clone();
        let names = self.curves.quantities.iter().map(name);
        let part = &self.data.parts[part];
        let rows = part.rows.len() as u64;
        Scores { part: part.name.clone(), rows, values: names.zip(values).collect() }
    }

    fn scores(&mut self) -> Result<Vec<Scores>, Error> {
        let parts = self.curves.parts.clone();
        parts.iter().map(|part| self.measure(part)).collect()
    }

    /// Puts values on the curves.
    fn record(&mut self, scores: &[Scores], end: bool) {
        let (epoch, step) = (self.at.epoch, self.at.step);
        let one = |part: &str, name: &str, value: f64| Record {
            epoch,
            step,
            part: part.into(),
            name: name.into(),
            value,
            end,
        };
        if self.at.position > 0 {
            let name = format!("{}_step", self.facts.loss);
            self.records.push(one("train", &name, self.mean()));
        }
        for scores in scores {
            let all = scores.values.iter().map(|(name, value)| one(&scores.part, name, *value));
            self.records.extend(all);
        }
    }

    /// What is new on the curves since the last report: after a pause, the points within the epoch.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// What it needs to go on as if it had never stopped.
    pub fn state(&self) -> State {
        State {
            parameters: self.machine.parameters(),
            optimizer: self.machine.states(),
            step: self.at.step,
            epoch: self.at.epoch,
            position: self.at.position,
            loss_sum: self.at.loss_sum,
            seconds: self.seconds,
            best: self.best.clone(),
            rules: self.rules.numbers(),
            // It stands before the step that went wrong, and may go on from there.
            end: self.end.filter(|end| *end != End::Diverged),
        }
    }

    /// Goes back (or on) to a state.
    ///
    /// # Errors
    ///
    /// The state belongs to other equations, other data or other settings: names, sizes, precision
    /// or counts do not fit. The trainer is then as before.
    pub fn restore(&mut self, state: &State) -> Result<(), Error> {
        super::setup::check_state(state, &self.state(), &self.plan)?;
        self.rules.restore(&state.rules)?;
        self.machine.put(&state.parameters, &state.optimizer)?;
        self.at = At {
            step: state.step,
            epoch: state.epoch,
            position: state.position,
            loss_sum: state.loss_sum,
        };
        self.seconds = state.seconds;
        self.best.clone_from(&state.best);
        self.end = self.still(state.end);
        self.diverged = None;
        self.keep.at = None;
        self.records.clear();
        Ok(())
    }

    /// An end that is one under the limits of this trainer: there may be more epochs now.
    fn still(&self, end: Option<End>) -> Option<End> {
        end.filter(|end| matches!(end, End::Early | End::Below) || self.limit().is_some())
    }

    /// The parameters, in the order they are declared.
    pub fn parameters(&self) -> Vec<Tensor> {
        self.machine.parameters()
    }

    /// The hash of the parameters: declaration order, row-major, little-endian.
    pub fn parameters_sha256(&self) -> String {
        super::hash::of(&self.parameters())
    }

    /// The network as it is now.
    pub fn network(&self) -> Network {
        super::setup::network(self)
    }
}
