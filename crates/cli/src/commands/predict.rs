//! `chainrule predict`: what a trained network says of other rows.

use std::path::PathBuf;

use chainrule::Model;
use chainrule::data::Table as Rows;
use chainrule::run::{Folder, TrainingRecord};
use chainrule::train::{Network, Prediction, Predictor};
use serde_json::{Value, json};

use super::evaluate::of_name;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::table::{Table, number};
use crate::{input, training};

const EXAMPLES: &str = "\
Examples:
  chainrule predict runs/iris-1 flowers.csv              classes and their probabilities
  echo 5.1,3.5,1.4,0.2 | chainrule predict iris-1 -      rows from standard input
  chainrule predict mlp-1 seven.png two.png              images
  chainrule predict iris-1 flowers.csv --training gd     another of the trained models
  chainrule predict iris-1 flowers.csv --of a1 --json    another value of the equations
  chainrule predict nag.safetensors flowers.csv          a model file without its run";

/// Ask a trained network about other rows
///
/// Reads rows as the training's data were: the same columns of a table, or a table of the inputs
/// alone; images; idx. Scaling and label names are those of the model. The answer is the
/// distribution over the classes if the file's `show` line compares one (`argmax(p) == y`), with
/// the class, and so if `cross_entropy` takes its softmax, with a name (`z`) or without (`output`);
/// otherwise the last value before the target.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The folder of a run, its name in `runs`, or a model file
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// The rows: a table, images or idx; `-` for a table from standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The training whose model is asked; else the best on validation, else the last
    #[arg(long, value_name = "NAME")]
    training: Option<String>,
    /// Which value of the equations; may be repeated
    #[arg(long, value_name = "NAME")]
    of: Vec<String>,
}

/// Reads the rows and predicts.
///
/// # Errors
///
/// There is no such model, the rows do not fit it, or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let network = network(args, shell)?;
    let rows = rows(&network, args)?;
    let threads = shell.options.threads.map_or(0, usize::from);
    let training = network.training.clone();
    let inputs: Vec<String> = network.inputs.iter().map(|input| input.name.clone()).collect();
    let mut predictor = Predictor::new(network, threads)?;
    let given: Vec<(&str, &[f64])> =
        inputs.iter().zip(&rows).map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    let names: Vec<&str> = args.of.iter().map(String::as_str).collect();
    let mut found = match names.is_empty() {
        true => predictor.predict(&given)?,
        false => predictor.predict_names(&names, &given)?,
    };
    if !names.is_empty() && found.outputs.first().is_some_and(|output| !output.probabilities) {
        // What was asked for is no distribution over the classes, whatever its size.
        found.classes = None;
    }
    if shell.is_json() {
        shell.value(&value(&training, &found))?;
    } else {
        shell.say(&format!("model {training}"));
        shell.page(&page(&found, shell.page_width()))?;
    }
    Ok(Exit::Done)
}

/// The model that is asked.
fn network(args: &Args, shell: &Shell) -> Result<Network, Failure> {
    if args.run.is_file() {
        if args.training.is_some() {
            let text = "a model file holds one model: --training belongs to the folder of a run";
            return Err(Failure::Usage(text.into()));
        }
        return Ok(Network::read(&args.run)?);
    }
    let folder = training::open(&args.run)?;
    let chosen = match &args.training {
        Some(name) => of_name(&folder, name)?,
        None => best(&folder, shell)?,
    };
    Ok(folder.network(chosen)?.0)
}

/// The training with the best value on validation (its first quantity of `show`, else its loss);
/// without a validation part the last that is done.
fn best<'f>(folder: &'f Folder, shell: &Shell) -> Result<&'f TrainingRecord, Failure> {
    let all = &folder.record().trainings;
    let done: Vec<_> = all.iter().filter(|t| folder.model_path(t).exists()).collect();
    let mut best: Option<(f64, &TrainingRecord)> = None;
    for training in &done {
        let Ok(summary) = folder.summary(training) else { continue };
        let scores = summary.scores.iter().find(|scores| scores.part == "validation");
        let Some(scores) = scores else { continue };
        // More of a quantity is taken to be better, less of the loss.
        let value = match scores.values.as_slice() {
            [_, (_, quantity), ..] => *quantity,
            [(_, loss)] => -loss,
            [] => continue,
        };
        if best.is_none_or(|(most, _)| value > most) {
            best = Some((value, training));
        }
    }
    let chosen = best.map(|(_, training)| training).or(done.last().copied()).or(all.last());
    let chosen = chosen.ok_or_else(|| Failure::NotFound("the run has no trainings".into()))?;
    if done.len() > 1 {
        let why = if best.is_some() { "the best on validation" } else { "the last" };
        shell.detail(&format!("model of `{}`, {why} of {}", chosen.name, done.len()));
    }
    Ok(chosen)
}

/// The rows of all files, for each input of the network.
fn rows(network: &Network, args: &Args) -> Result<Vec<Vec<f64>>, Failure> {
    let model = Model::parse(network.file.clone(), network.equations.clone())?;
    let broken = |what: &str| Failure::Changed(format!("the model file is damaged: {what}"));
    let module = model.modules().get(network.model);
    let module = module.ok_or_else(|| broken("it names a model that its equations do not have"))?;
    let names = network.inputs.iter().map(|input| module.find(&input.name));
    let names: Option<Vec<_>> = names.collect();
    let names = names.ok_or_else(|| broken("it names an input that its equations do not have"))?;
    if names.is_empty() {
        return Err(Failure::Changed(format!(
            "`{}` has no value for each row that a prediction could be: give the one before the \
             target comes in a name, such as `z = W x` above `J = mean[N] cross_entropy(z, y)`, \
             and train again",
            network.file
        )));
    }
    let labels = &network.labels;
    let mut all: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
    for file in &args.files {
        let sizes = &network.sizes;
        let table = if input::is_stdin(file) {
            let text = input::bytes()?;
            Rows::inputs_in(module, &names, sizes, labels, &[], ("<stdin>", &text))?
        } else {
            let shown = file.display().to_string();
            if !file.exists() && !shown.contains(['*', '{']) {
                return Err(Failure::NotFound(format!("there is no file `{shown}`")));
            }
            Rows::inputs(module, &names, sizes, labels, &[], file)?.0
        };
        for (values, input) in all.iter_mut().zip(&network.inputs) {
            let column = table.column(&input.name);
            let column = column.ok_or_else(|| broken("an input is no data"))?;
            values.extend((0..column.values.len()).map(|i| column.values.get(i)));
        }
    }
    Ok(all)
}

/// How the entries of an output are called: classes by their names, else by their places.
fn entries(found: &Prediction, at: usize) -> Vec<String> {
    let output = &found.outputs[at];
    let count: usize = output.dims.iter().product();
    match &found.names {
        Some(names) if output.probabilities && names.len() == count => names.clone(),
        _ if output.dims.is_empty() => vec![String::new()],
        _ => (0..count).map(|i| format!("[{}]", place(i, &output.dims))).collect(),
    }
}

/// `2,0`: the place of entry `i`, row-major.
fn place(mut i: usize, dims: &[usize]) -> String {
    let mut parts = Vec::new();
    for dim in dims.iter().rev() {
        parts.push((i % dim.max(&1)).to_string());
        i /= dim.max(&1);
    }
    parts.reverse();
    parts.join(",")
}

fn class_name(found: &Prediction, class: usize) -> String {
    let name = found.names.as_ref().and_then(|names| names.get(class));
    name.map_or_else(|| class.to_string(), Clone::clone)
}

/// A value; probabilities have as many digits as each other.
fn show(value: f64, probability: bool) -> String {
    if probability { format!("{value:.4}") } else { number(value) }
}

/// A line for each row; what is too wide shows the greatest entries.
fn page(found: &Prediction, width: usize) -> String {
    let mut table = Table::default();
    table.column("", "row", (1..=found.rows).map(|row| row.to_string()).collect());
    if let Some(classes) = &found.classes {
        let names = classes.iter().map(|class| class_name(found, *class)).collect();
        table.column("", "class", names);
    }
    let mut full = table.clone();
    for (at, output) in found.outputs.iter().enumerate() {
        let heads = entries(found, at);
        for (entry, head) in heads.iter().enumerate() {
            let cell = |row| output.values.get(row * heads.len() + entry).copied();
            let shown = |value| show(value, output.probabilities);
            let cells = (0..found.rows).map(|row| cell(row).map_or("-".into(), shown)).collect();
            let (above, head) =
                if head.is_empty() { ("", &output.name) } else { (&*output.name, head) };
            full.column(above, head, cells);
        }
    }
    if full.width() <= width {
        return full.text(width);
    }
    for (at, output) in found.outputs.iter().enumerate() {
        let heads = entries(found, at);
        for rank in 0..3.min(heads.len()) {
            let cell = |row: usize| {
                let values = &output.values[row * heads.len()..(row + 1) * heads.len()];
                let mut order: Vec<usize> = (0..values.len()).collect();
                order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
                let value = show(values[order[rank]], output.probabilities);
                format!("{} {value}", heads[order[rank]])
            };
            let head = ["greatest", "second", "third"][rank];
            table.column(&output.name, head, (0..found.rows).map(cell).collect());
        }
    }
    table.text(width)
}

/// `{"training", "rows", "classes", "outputs": [{"name", "shape", "entries"}], "predictions"}`
fn value(training: &str, found: &Prediction) -> Value {
    let outputs: Vec<Value> = found
        .outputs
        .iter()
        .map(|output| {
            json!({
                "name": output.name,
                "shape": output.dims,
                "probabilities": output.probabilities,
            })
        })
        .collect();
    let row = |row: usize| {
        let mut value = json!({});
        if let Some(class) = found.classes.as_ref().and_then(|classes| classes.get(row)) {
            value["class"] = json!(class);
            value["label"] = json!(class_name(found, *class));
        }
        for output in &found.outputs {
            let count: usize = output.dims.iter().product();
            let values = &output.values[row * count..(row + 1) * count];
            value[output.name.as_str()] = match values {
                [one] if output.dims.is_empty() => json!(one),
                values => json!(values),
            };
        }
        value
    };
    json!({
        "training": training,
        "labels": found.names,
        "outputs": outputs,
        "rows": (0..found.rows).map(row).collect::<Vec<_>>(),
    })
}
