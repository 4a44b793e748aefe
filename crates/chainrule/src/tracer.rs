//! Training: a first tracer from the text to a trained net, on the interpreter.
//!
//! It reads the embedded iris data, knows steepest descent on all rows, and computes in f64. Other
//! data and optimizers are refused or skipped in words.

mod data;
pub(crate) mod start;

use std::time::Instant;

use chainrule_graph::interpret::{Failure, Interpreter, Numbers, Tensor};
use chainrule_graph::module::{Role, Training};
use chainrule_graph::terms::Terms;
use chainrule_graph::{Module, NodeId, Op, SymbolId, differentiate};

use crate::{Diagnostic, Error, Model, Severity};
use data::Parts;

/// What a caller sets instead of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrainOptions {
    /// How many epochs.
    pub epochs: Option<u64>,
    /// The seed of the start values.
    pub seed: Option<u64>,
}

/// What is known after an epoch.
#[derive(Clone, PartialEq, Debug)]
pub struct Epoch {
    /// The training's name.
    pub training: String,
    /// How many epochs are done.
    pub epoch: u64,
    /// The loss on the training part, after them.
    pub loss: f64,
}

/// The values on one part of the data: the loss first, then the quantities of `show`.
#[derive(Clone, PartialEq, Debug)]
pub struct Scores {
    /// `train`, `test`, `validation`
    pub part: &'static str,
    /// How many rows.
    pub rows: usize,
    /// Names with values.
    pub values: Vec<(String, f64)>,
}

/// A training that is done.
#[derive(Clone, PartialEq, Debug)]
pub struct Trained {
    /// Its name.
    pub name: String,
    /// The optimizer.
    pub optimizer: String,
    /// How many epochs.
    pub epochs: u64,
    /// The seed of the start values.
    pub seed: u64,
    /// How many steps.
    pub steps: u64,
    /// How long it took.
    pub seconds: f64,
    /// How many numbers were trained.
    pub parameters: usize,
    /// The values at the end, for each part.
    pub scores: Vec<Scores>,
}

impl Model {
    /// Runs the file's trainings; `progress` hears of every epoch. With the results come warnings,
    /// one for each training that is skipped.
    ///
    /// # Errors
    ///
    /// The data cannot be read yet, the loss has no derivative, or a value does not exist.
    pub fn train(
        &self,
        options: TrainOptions,
        progress: &mut dyn FnMut(&Epoch),
    ) -> Result<(Vec<Trained>, Vec<Diagnostic>), Error> {
        let (mut done, mut warnings) = (Vec::new(), Vec::new());
        for module in self.modules().iter().filter(|m| !m.trainings.is_empty()) {
            let parts = data::read(module)?;
            for training in &module.trainings {
                match unknown(module, training) {
                    Some(why) => warnings.push(skipped(training, &why)),
                    None => done.push(run(module, training, &parts, options, progress)?),
                }
            }
        }
        Ok((done, warnings))
    }
}

/// What of a training is not there yet.
fn unknown(module: &Module, training: &Training) -> Option<String> {
    let own = module.optimizers.iter().any(|o| o.name == training.optimizer);
    let batch = training.options.iter().any(|(word, n)| word == "batch" && n.is_some());
    let other = |word: &str| training.options.iter().any(|(w, _)| w == word);
    match training {
        t if t.optimizer != "gd" || own => Some(format!("the optimizer `{}`", t.optimizer)),
        t if !t.rules.is_empty() => Some(format!("`{}`", t.rules[0].0)),
        t if !t.with.is_empty() => Some("`with` and `for`".into()),
        _ if batch => Some("a batch of some rows".into()),
        _ if other("steps") || other("minutes") => Some("`steps` and `minutes`".into()),
        _ => None,
    }
}

fn skipped(training: &Training, why: &str) -> Diagnostic {
    let message = format!("the training `{}` is skipped: {why} is not there yet", training.name);
    let mut found = Diagnostic::error("not-yet", message, training.span, "");
    found.severity = Severity::Warning;
    found
}

/// The module with the gradients of the loss.
struct Program {
    module: Module,
    loss: NodeId,
    params: Vec<SymbolId>,
    gradients: Vec<NodeId>,
}

fn program(module: &Module, training: &Training) -> Result<Program, Error> {
    let mut module = module.clone();
    let (id, ty) = (training.loss, module.symbol(training.loss).ty.clone());
    let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
    let loss = Terms::of(&mut module).op(Op::Symbol { id, ty }, &[]);
    let loss = loss.map_err(|misfit| Error::failed(misfit.message))?;
    let gradients = differentiate::gradients(&mut module, loss, &params)
        .map_err(|refusal| Error::failed(refusal.0))?;
    Ok(Program { module, loss, params, gradients })
}

pub(crate) fn failed(failure: Failure) -> Error {
    Error::failed(failure.0)
}

fn run(
    module: &Module,
    training: &Training,
    parts: &Parts,
    options: TrainOptions,
    progress: &mut dyn FnMut(&Epoch),
) -> Result<Trained, Error> {
    let option = |word: &str| {
        let found = training.options.iter().find(|(w, _)| w == word);
        found.and_then(|(_, n)| *n).map(|n| n as u64)
    };
    let epochs = options.epochs.or_else(|| option("epochs")).unwrap_or(1);
    let seed = options.seed.or_else(|| option("seed")).unwrap_or(0);
    let step = training.settings.iter().find(|(name, _)| name == "step").map_or(0.0, |s| s.1);
    let began = Instant::now();
    let program = program(module, training)?;
    let mut values = start::values(&program.module, seed)?;
    let rows = parts.rows("train");
    let base = with_data(&program.module, parts, rows);
    for epoch in 0..=epochs {
        let mut it = with_params(&base, &program.params, &values);
        let loss = it.value(program.loss).map_err(failed)?.data[0];
        if epoch > 0 {
            progress(&Epoch { training: training.name.clone(), epoch, loss });
        }
        if epoch == epochs {
            break;
        }
        for (value, gradient) in values.iter_mut().zip(&program.gradients) {
            // p' = p - step dJ/dp
            let gradient = it.value(*gradient).map_err(failed)?;
            value.data.iter_mut().zip(&gradient.data).for_each(|(p, g)| *p -= step * g);
        }
    }
    Ok(Trained {
        name: training.name.clone(),
        optimizer: training.optimizer.clone(),
        epochs,
        seed,
        steps: epochs,
        seconds: began.elapsed().as_secs_f64(),
        parameters: values.iter().map(|v| v.data.len()).sum(),
        scores: scores(&program, parts, &values)?,
    })
}

/// An interpreter that knows the rows of one part.
fn with_data<'m>(module: &'m Module, parts: &Parts, rows: &[usize]) -> Interpreter<'m, f64> {
    let numbers = Numbers::of(module, rows.len() as u64, 1);
    let mut it = Interpreter::new(module, numbers);
    for (at, symbol) in module.symbols.iter().enumerate() {
        if symbol.role == Role::Data
            && let Some(column) = parts.of(SymbolId::new(at))
        {
            it.set(SymbolId::new(at), column.taken(rows, &symbol.ty));
        }
    }
    it
}

fn with_params<'m>(
    base: &Interpreter<'m, f64>,
    params: &[SymbolId],
    values: &[Tensor<f64>],
) -> Interpreter<'m, f64> {
    let mut it = base.clone();
    params.iter().zip(values).for_each(|(id, value)| it.set(*id, value.clone()));
    it
}

/// The loss and the quantities of `show` on every part.
fn scores(program: &Program, parts: &Parts, values: &[Tensor<f64>]) -> Result<Vec<Scores>, Error> {
    let mut all = Vec::new();
    for part in ["train", "validation", "test"] {
        let rows = parts.rows(part);
        if rows.is_empty() {
            continue;
        }
        let base = with_data(&program.module, parts, rows);
        let mut it = with_params(&base, &program.params, values);
        let mut found = vec![("J".to_string(), it.value(program.loss).map_err(failed)?.data[0])];
        for metric in &program.module.metrics {
            let Some(binding) = program.module.binding(*metric) else { continue };
            let value = it.value(binding.stable).map_err(failed)?;
            if let [number] = value.data.as_slice() {
                found.push((program.module.symbol(*metric).name.clone(), *number));
            }
        }
        all.push(Scores { part, rows: rows.len(), values: found });
    }
    Ok(all)
}
