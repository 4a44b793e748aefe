//! A network that predicts.

mod direct;

use direct::Direct;

use chainrule_compile::{Refused, Training as Compiled};
use chainrule_graph::module::{Role, Training};
use chainrule_graph::size::Ratio;
use chainrule_graph::{Kind, Module, Op, SymbolId};
use chainrule_kernels::program::Slot;
use chainrule_kernels::{Column as Bound, Engine, Loaded, Run, Threads, Values as Raw};

use super::machine::{engine, refused};
use super::outputs;
use super::trained::{Input, Network, Output, Prediction};
use crate::{Error, Model};

/// How many rows a program takes.
const PIECES: [usize; 4] = [1, 16, 64, 256];
/// Entries of the arena beyond which a program takes fewer rows: what one instruction writes should
/// still be near when the next one reads it.
const NEAR: usize = 1 << 22;

/// A network that predicts: compiled once, then used for any number of rows.
///
/// ```
/// use std::sync::Arc;
/// use chainrule::Model;
/// use chainrule::data::{DataSettings, Dataset, Search};
/// use chainrule::train::{Predictor, TrainSettings, Trainer};
///
/// let iris = Model::read("iris")?;
/// let data = Dataset::read(&iris.modules()[0], &Search::default(), &DataSettings::default())?;
/// let settings = TrainSettings { epochs: Some(150), ..TrainSettings::default() };
/// let nag = iris.trainings()[1];
/// let mut trainer = Trainer::new(&iris, nag, Arc::new(data), &settings)?;
/// trainer.run(&mut |_| {})?;
///
/// let mut flower = Predictor::new(trainer.finish()?.network, 1)?;
/// let said = flower.predict(&[("x", &[5.1, 3.5, 1.4, 0.2])])?;
/// let class = said.classes.as_ref().map(|classes| classes[0]);
/// assert_eq!(said.names.as_ref().zip(class).map(|(n, k)| n[k].as_str()), Some("setosa"));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Debug)]
pub struct Predictor {
    network: Network,
    module: Module,
    compiled: Compiled,
    engine: Engine,
    programs: Vec<Forward>,
    /// What `predict_into` needs, once it was called.
    direct: Option<Direct>,
}

/// A program that computes some values of so many rows.
#[derive(Debug)]
struct Forward {
    symbols: Vec<SymbolId>,
    rows: usize,
    loaded: Loaded,
    slots: Vec<(Vec<usize>, Slot)>,
    /// Entries of the arena that do not last.
    entries: usize,
}

/// A value that is asked for.
#[derive(Clone, Debug)]
struct Asked {
    name: String,
    symbol: SymbolId,
    softmax: bool,
}

/// Raw rows of an input.
struct Given<'a> {
    input: Input,
    values: &'a [f64],
}

impl Predictor {
    /// Compiles a network for prediction.
    ///
    /// # Errors
    ///
    /// The equations have mistakes, or weights and equations do not fit.
    pub fn new(network: Network, threads: usize) -> Result<Predictor, Error> {
        let model = Model::parse(network.file.clone(), network.equations.clone())?;
        let Some(module) = model.modules().get(network.model) else {
            return Err(misfit("its equations have no such model"));
        };
        let known = module.trainings.iter().find(|t| {
            let own = network.training.strip_suffix(&t.name);
            own.is_some_and(|m| m.is_empty() || m.strip_suffix('/') == Some(&*module.name))
        });
        let Some(training) = known else {
            let what = format!("its equations have no training `{}`", network.training);
            return Err(misfit(&what));
        };
        let training = Training { with: Vec::new(), ..training.clone() };
        let module = outputs::named(module.clone());
        let mut compiled = Compiled::new(&module, &training, &network.sizes, network.precision)
            .map_err(|Refused(text)| Error::refused(text))?;
        compiled.exact = network.exact;
        let count = match threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            n => n,
        };
        let threads = Threads { count, least: super::machine::WORTH_SHARING };
        let mut engine = engine(network.precision, compiled.layout.len, threads)?;
        put(&network, &compiled, &mut engine)?;
        let module = compiled.module().clone();
        Ok(Predictor { network, module, compiled, engine, programs: Vec::new(), direct: None })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Predicts from raw values: for each input its rows, one after the other, as they are in the
    /// data before scaling.
    ///
    /// # Errors
    ///
    /// An input is missing or unknown, the numbers are no whole rows, or one is not finite; or
    /// the equations have no value for each row.
    pub fn predict(&mut self, inputs: &[(&str, &[f64])]) -> Result<Prediction, Error> {
        let names = self.network.outputs.clone();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Err(self.nothing());
        }
        self.predict_names(&names, inputs)
    }

    /// There is no output.
    fn nothing(&self) -> Error {
        Error::failed(format!(
            "`{}` has no value for each row that a prediction could be: give the one before the \
             target comes in a name, such as `z = W x` above `J = mean[N] cross_entropy(z, y)`, \
             and train again",
            self.network.file
        ))
    }

    /// Predicts other names of the equations, `softmax(z)` of a name included.
    ///
    /// # Errors
    ///
    /// As [`Predictor::predict`]; or a name is unknown or no value per row.
    pub fn predict_names(
        &mut self,
        names: &[&str],
        inputs: &[(&str, &[f64])],
    ) -> Result<Prediction, Error> {
        let asked: Vec<Asked> =
            names.iter().map(|name| self.asked(name)).collect::<Result<_, _>>()?;
        let (given, rows) = self.given(&asked, inputs)?;
        let mut outputs: Vec<Output> = Vec::new();
        for one in &asked {
            let dims = self.dims(one.symbol)?;
            let probabilities = one.softmax || self.is_distribution(one.symbol);
            outputs.push(Output {
                name: one.name.clone(),
                dims,
                values: Vec::new(),
                probabilities,
            });
        }
        let symbols: Vec<SymbolId> = asked.iter().map(|a| a.symbol).collect();
        let mut at = 0;
        while at < rows {
            let left = rows - at;
            let (piece, place) = self.piece_for(&symbols, left)?;
            let taken = left.min(piece);
            self.piece(place, &given, at..at + taken)?;
            let forward = &self.programs[place];
            for (output, (_, slot)) in outputs.iter_mut().zip(&forward.slots) {
                rows_of(&self.engine.get(*slot), piece, taken, &mut output.values);
            }
            at += taken;
        }
        for (output, one) in outputs.iter_mut().zip(&asked) {
            if one.softmax {
                let width = output.dims.iter().product::<usize>().max(1);
                output.values.chunks_mut(width).for_each(softmax);
            }
        }
        let (classes, names) = self.classes(outputs.first());
        Ok(Prediction { rows, outputs, classes, names })
    }

    fn asked(&self, name: &str) -> Result<Asked, Error> {
        let inner = name.strip_prefix("softmax(").and_then(|rest| rest.strip_suffix(')'));
        let own = inner.unwrap_or(name);
        let found = self.module.find(own).filter(|id| {
            let ty = &self.module.symbol(*id).ty;
            let batch = ty.axes.iter().any(|a| self.module.axes.is_batch(*a));
            batch || !ty.written_batches(&self.module.sizes).is_empty()
        });
        let Some(symbol) = found else {
            return Err(Error::failed(format!(
                "`{own}` is no value of `{}` that has one for each row",
                self.network.file
            )));
        };
        Ok(Asked { name: name.into(), symbol, softmax: inner.is_some() })
    }

    /// The inputs with their numbers of rows compared.
    fn given<'a>(
        &self,
        asked: &[Asked],
        inputs: &[(&str, &'a [f64])],
    ) -> Result<(Vec<Given<'a>>, usize), Error> {
        let mut given: Vec<Given<'a>> = Vec::new();
        let mut rows = None;
        for (name, values) in inputs {
            let known = self.network.inputs.iter().find(|i| i.name == *name);
            let Some(input) = known else {
                let known: Vec<&str> =
                    self.network.inputs.iter().map(|i| i.name.as_str()).collect();
                return Err(Error::failed(format!(
                    "the network has no input `{name}` (it has {})",
                    known.join(", ")
                )));
            };
            let width = input.width();
            if values.is_empty() || !values.len().is_multiple_of(width) {
                return Err(Error::failed(format!(
                    "`{name}` has {width} numbers a row; {} are no whole number of rows",
                    values.len()
                )));
            }
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                return Err(Error::failed(format!(
                    "row {}, entry {} of `{name}` is {}, no finite number",
                    at / width,
                    at % width,
                    values[at]
                )));
            }
            let own = values.len() / width;
            match rows {
                Some((first, n)) if n != own => {
                    return Err(Error::failed(format!(
                        "`{first}` has {n} rows, `{name}` has {own}"
                    )));
                }
                _ => rows = Some((*name, own)),
            }
            given.push(Given { input: input.clone(), values });
        }
        for id in asked.iter().flat_map(|a| outputs::data_of(&self.module, a.symbol)) {
            let name = &self.module.symbol(id).name;
            if !given.iter().any(|g| g.input.name == *name) {
                return Err(Error::failed(format!("the input `{name}` is missing")));
            }
        }
        Ok((given, rows.map_or(0, |(_, n)| n)))
    }

    fn dims(&self, symbol: SymbolId) -> Result<Vec<usize>, Error> {
        element_dims(&self.module, symbol)
    }

    fn is_distribution(&self, symbol: SymbolId) -> bool {
        let soft = |binding: &chainrule_graph::module::Binding| {
            matches!(self.module.graph.node(binding.value).op, Op::Softmax { .. })
        };
        self.module.symbol(symbol).ty.kind == Kind::Prob
            || self.module.binding(symbol).is_some_and(soft)
    }

    /// The rows that the next piece of so many takes, and the place of its program.
    fn piece_for(&mut self, symbols: &[SymbolId], left: usize) -> Result<(usize, usize), Error> {
        let fits = |p: &usize| *p >= left;
        let mut piece = PIECES.iter().copied().find(fits).unwrap_or(PIECES[3]);
        if piece > PIECES[2] {
            // A small program says what a row takes.
            let place = self.program(symbols, PIECES[1])?;
            let row = self.programs[place].entries / PIECES[1];
            if row.saturating_mul(PIECES[3]) > NEAR {
                piece = PIECES[2];
            }
        }
        Ok((piece, self.program(symbols, piece)?))
    }

    /// The place of the program for these values and rows.
    fn program(&mut self, symbols: &[SymbolId], rows: usize) -> Result<usize, Error> {
        let known = self.programs.iter().position(|p| p.rows == rows && p.symbols == symbols);
        if let Some(at) = known {
            return Ok(at);
        }
        let made = self.compiled.outputs(symbols, rows as u64).map_err(|r| refused(r.0))?;
        let entries = made.program.arena.saturating_sub(self.compiled.layout.len);
        let loaded = self.engine.load(made.program).map_err(|r| refused(r.0))?;
        let symbols = symbols.to_vec();
        self.programs.push(Forward { symbols, rows, loaded, slots: made.slots, entries });
        Ok(self.programs.len() - 1)
    }

    /// Runs a program on some rows; the last one fills it up.
    fn piece(
        &mut self,
        place: usize,
        given: &[Given<'_>],
        rows: std::ops::Range<usize>,
    ) -> Result<(), Error> {
        let forward = &self.programs[place];
        let last = rows.len() - 1;
        let taken: Vec<u32> = (0..forward.rows).map(|i| i.min(last) as u32).collect();
        let mut blank = Vec::new();
        let mut wanted = Vec::new();
        for id in self.compiled.columns() {
            let name = &self.module.symbol(*id).name;
            let width = element_dims(&self.module, *id)?.iter().product::<usize>();
            let own = given.iter().find(|g| g.input.name == *name);
            blank.resize(blank.len().max(width * rows.len()), 0_u8);
            wanted.push((own, width));
        }
        let bound = |at: usize| {
            let (own, width): (Option<&Given<'_>>, usize) = wanted[at];
            let (scale, shift) = own.map_or((&[][..], &[][..]), |given| {
                (given.input.scale.as_slice(), given.input.shift.as_slice())
            });
            let values = match own {
                Some(given) => Raw::F64(&given.values[rows.start * width..rows.end * width]),
                None => Raw::U8(&blank[..width * rows.len()]),
            };
            Bound { values, width, scale, shift }
        };
        let columns: Vec<Bound<'_>> = (0..wanted.len()).map(bound).collect();
        let run = Run { columns: &columns, rows: &taken, seed: 0, step: 0 };
        self.engine.run(forward.loaded, &run).map_err(|r| refused(r.0))
    }

    /// The class of each row by the first output, and the classes' names.
    fn classes(&self, first: Option<&Output>) -> (Option<Vec<usize>>, Option<Vec<String>>) {
        let Some(output) = first else { return (None, None) };
        let [width] = output.dims.as_slice() else { return (None, None) };
        if *width < 2 || !self.is_classes(*width) {
            return (None, None);
        }
        let greatest = |row: &[f64]| {
            let mut best = 0;
            for (at, value) in row.iter().enumerate() {
                if *value > row[best] {
                    best = at;
                }
            }
            best
        };
        let classes = output.values.chunks(*width).map(greatest).collect();
        let compared = outputs::compared_label(&self.module);
        let compared = compared.map(|id| self.module.symbol(id).name.as_str());
        let labels = self.network.labels.iter().filter(|l| l.names.len() == *width);
        let own = labels.clone().find(|l| Some(l.symbol.as_str()) == compared);
        let names = own.or(labels.clone().next());
        (Some(classes), names.map(|l| l.names.clone()))
    }

    /// Whether a label of the data has so many classes.
    fn is_classes(&self, width: usize) -> bool {
        let label = |s: &chainrule_graph::module::Symbol| match &s.ty.kind {
            Kind::Label(size) if s.role == Role::Data => {
                size.value(&self.module.sizes).and_then(Ratio::whole) == Some(width as i128)
            }
            _ => false,
        };
        self.module.symbols.iter().any(label)
    }
}

fn misfit(what: &str) -> Error {
    Error::failed(format!("the network does not fit its equations: {what}"))
}

/// Puts the weights in place by name.
fn put(network: &Network, compiled: &Compiled, engine: &mut Engine) -> Result<(), Error> {
    let homes = &compiled.layout.params;
    if homes.len() != network.parameters.len() {
        let (has, needs) = (network.parameters.len(), homes.len());
        return Err(misfit(&format!("it has {has} parameters for {needs}")));
    }
    for (home, tensor) in homes.iter().zip(&network.parameters) {
        if tensor.name != home.name || tensor.dims != home.dims {
            return Err(misfit(&format!(
                "`{}` {:?} where the equations have `{}` {:?}",
                tensor.name, tensor.dims, home.name, home.dims
            )));
        }
        engine.set_bytes(home.slot, &tensor.bytes).map_err(|r| misfit(&r.0))?;
    }
    for column in compiled.columns() {
        let width = element_dims(compiled.module(), *column)?.iter().product::<usize>();
        let name = &compiled.module().symbol(*column).name;
        let Some(input) = network.inputs.iter().find(|i| i.name == *name) else { continue };
        let own = input.width();
        let fits = |list: &[f64]| [0, 1, width].contains(&list.len());
        if own != width || !fits(&input.scale) || !fits(&input.shift) {
            return Err(misfit(&format!("`{name}` has {width} entries a row, not {own}")));
        }
    }
    Ok(())
}

/// The lengths of a row's dims.
pub(super) fn element_dims(module: &Module, symbol: SymbolId) -> Result<Vec<usize>, Error> {
    let ty = &module.symbol(symbol).ty;
    let number = |at: usize| {
        let whole = ty.dims[at].value(&module.sizes).and_then(Ratio::whole);
        whole.and_then(|n| usize::try_from(n).ok())
    };
    let dims: Option<Vec<usize>> = ty.element_dims(&module.sizes).into_iter().map(number).collect();
    dims.ok_or_else(|| refused(format!("a size of `{}` has no number", module.symbol(symbol).name)))
}

/// The batch is the last axis in the arena; here rows come first.
fn rows_of(entries: &[f64], piece: usize, taken: usize, out: &mut Vec<f64>) {
    for row in 0..taken {
        out.extend(entries.chunks(piece).map(|entry| entry[row]));
    }
}

/// `e^z / sum e^z`, shifted by the greatest.
fn softmax(row: &mut [f64]) {
    let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter_mut().for_each(|z| *z = (*z - most).exp());
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|z| *z /= sum);
}
