//! What is worked out once: the model with a training's numbers, its settings, its facts.

use chainrule_graph::Module;
use chainrule_graph::module::Training;
use chainrule_graph::schedule::Rule;

use super::curves::Curves;
use super::machine::Machine;
use super::outputs;
use super::plan::Plan;
use super::trained::Input;
use super::{Facts, Network, State, Tensor, TrainSettings, Trainer};
use crate::{Error, Model};

/// The training with the optimizer's settings that the caller gives.
pub(super) fn with_settings(
    training: &Training,
    settings: &TrainSettings,
) -> Result<Training, Error> {
    let mut training = training.clone();
    for (name, value) in &settings.set {
        let Some(found) = training.settings.iter_mut().find(|(known, _)| known == name) else {
            let known: Vec<&str> = training.settings.iter().map(|(n, _)| n.as_str()).collect();
            return Err(Error::setting(format!(
                "the optimizer `{}` has no setting `{name}` (it has {})",
                training.optimizer,
                if known.is_empty() { "none".into() } else { known.join(", ") }
            )));
        };
        if !value.is_finite() {
            return Err(Error::setting(format!("`{name}` must be a finite number, not {value}")));
        }
        found.1 = *value;
    }
    Ok(training)
}

/// What is fixed about a training.
pub(super) fn facts(
    model: &Model,
    module: &Module,
    training: &Training,
    plan: &Plan,
    curves: &Curves,
    machine: &Machine,
) -> Facts {
    let rule = |(word, name, numbers): &(String, String, Vec<f64>)| {
        let names = Rule::find(word, name).map_or(&[][..], |rule| rule.numbers);
        let number = |((name, _), value): (&(&str, Option<f64>), &f64)| format!("{name} = {value}");
        let numbers: Vec<String> = names.iter().zip(numbers).map(number).collect();
        match numbers.as_slice() {
            [] => format!("{word} {name}"),
            some => format!("{word} {name}({})", some.join(", ")),
        }
    };
    let quantity = |id: &chainrule_graph::SymbolId| module.symbol(*id).name.clone();
    let names: Vec<String> = curves.quantities.iter().map(quantity).collect();
    Facts {
        name: training.name.clone(),
        loss: module.symbol(training.loss).name.clone(),
        optimizer: training.optimizer.clone(),
        settings: training.settings.clone(),
        rules: training.rules.iter().map(rule).collect(),
        seed: plan.seed,
        epochs: plan.epochs,
        steps: plan.steps,
        minutes: plan.minutes,
        batch: plan.batch,
        rows: plan.rows,
        epoch_steps: plan.epoch_steps(),
        parameters: machine.parameter_count() as u64,
        precision: machine.precision(),
        threads: machine.threads(),
        equations: model.source().text().into(),
        quantities: curves.parts.iter().map(|part| (part.clone(), names.clone())).collect(),
    }
}

/// Whether a state is one of this training.
pub(super) fn check_state(state: &State, own: &State, plan: &Plan) -> Result<(), Error> {
    let wrong =
        |what: String| Err(Error::failed(format!("the state belongs to another training: {what}")));
    let mut lists = vec![
        ("parameters", &state.parameters, &own.parameters),
        ("optimizer states", &state.optimizer, &own.optimizer),
    ];
    if let Some(best) = &state.best {
        lists.push(("best parameters", &best.parameters, &own.parameters));
    }
    for (what, given, own) in lists {
        if given.len() != own.len() {
            return wrong(format!("it has {} {what}, here are {}", given.len(), own.len()));
        }
        for (given, own) in given.iter().zip(own.iter()) {
            if let Some(text) = differs(given, own) {
                return wrong(text);
            }
        }
    }
    if state.position > plan.rows
        || (state.position < plan.rows && !state.position.is_multiple_of(plan.batch))
    {
        return wrong(format!(
            "{} rows of the epoch are done, which steps of {} rows out of {} do not reach",
            state.position, plan.batch, plan.rows
        ));
    }
    let steps = state.epoch.checked_mul(plan.epoch_steps());
    let steps = steps.and_then(|n| n.checked_add(state.position.div_ceil(plan.batch)));
    if steps != Some(state.step) {
        return wrong(format!(
            "{} steps in {} epochs and {} rows do not fit {} rows with {} a step",
            state.step, state.epoch, state.position, plan.rows, plan.batch
        ));
    }
    Ok(())
}

fn differs(given: &Tensor, own: &Tensor) -> Option<String> {
    if given.name != own.name {
        return Some(format!("it has `{}` where here is `{}`", given.name, own.name));
    }
    if given.dims != own.dims {
        return Some(format!("`{}` has sizes {:?}, here {:?}", own.name, given.dims, own.dims));
    }
    if given.precision != own.precision {
        return Some(format!("`{}` is {:?}, here {:?}", own.name, given.precision, own.precision));
    }
    let (has, needs) = (given.bytes.len(), own.bytes.len());
    (has != needs).then(|| format!("`{}` has {has} bytes for {needs}", own.name))
}

/// Everything that prediction needs.
pub(super) fn network(trainer: &Trainer) -> Network {
    let module = &outputs::named(trainer.machine.compiled.module().clone());
    let answer = outputs::answer(module);
    let (mut read, mut name) = (Vec::new(), None);
    if let Some(answer) = answer {
        read = outputs::data_of(module, answer.symbol);
        let own = &module.symbol(answer.symbol).name;
        name = Some(if answer.softmax { format!("softmax({own})") } else { own.clone() });
    }
    let table = &trainer.data.tables[trainer.rows().table];
    let input = |id: &chainrule_graph::SymbolId| {
        let name = &module.symbol(*id).name;
        let column = table.columns.iter().find(|c| c.name == *name)?;
        let dims = super::predictor::element_dims(module, *id).unwrap_or(vec![column.width]);
        let (scale, shift) = (column.scale.clone(), column.shift.clone());
        Some(Input { name: name.clone(), dims, scale, shift })
    };
    let labels = trainer.data.labels.iter();
    Network {
        file: trainer.model.source().name().into(),
        equations: trainer.model.source().text().into(),
        model: trainer.which.model,
        training: trainer.facts.name.clone(),
        precision: trainer.facts.precision,
        exact: trainer.machine.exact(),
        sizes: trainer.data.sizes.clone(),
        parameters: trainer.parameters(),
        inputs: read.iter().filter_map(input).collect(),
        labels: labels.cloned().collect(),
        outputs: name.into_iter().collect(),
    }
}
