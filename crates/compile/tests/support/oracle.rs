//! A training step by the lowered graph, entry by entry in `f64`.

use std::collections::BTreeMap;

use chainrule_compile::{Training, noise_stream};
use chainrule_graph::interpret::{Numbers, Tensor};
use chainrule_graph::lower::{self, Lowered, layout_sizes};
use chainrule_graph::module::{self, Role, Start};
use chainrule_graph::random::Random;
use chainrule_graph::update::{self, Update};
use chainrule_graph::{Kind, Module, SymbolId};
use chainrule_kernels::program::Law;

use super::machine::Column;
use super::noise;

/// A module read from text, which must be without mistakes.
pub(crate) fn read(text: &str) -> Module {
    let reading = chainrule_graph::read(text);
    let messages: Vec<&str> = reading.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert!(reading.is_ok(), "{messages:?}");
    reading.modules.into_iter().next().expect("a model")
}

/// An embedded example with other numbers for some of its sizes.
pub(crate) fn example(name: &str) -> Module {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../chainrule/models/");
    let text = std::fs::read_to_string(format!("{path}{name}.eqn")).expect("an example");
    let small = [
        ("mlp", "d = 784, H = 512", "d = 5, H = 6"),
        ("softreg", "d = 784, K = 10", "d = 5, K = 4"),
        ("digits", "H = 32, K = 10", "H = 5, K = 4"),
        (
            "convnet",
            "C1 = 32, C2 = 64, S = 28, k = 3, F = 128",
            "C1 = 2, C2 = 3, S = 8, k = 3, F = 5",
        ),
        ("cifar2", "d = 3072, H = 50", "d = 7, H = 6"),
    ];
    let Some((_, from, to)) = small.into_iter().find(|(own, ..)| *own == name) else {
        return read(&text);
    };
    assert!(text.contains(from), "`{name}` has no more `{from}`");
    // Claims hold at the file's own sizes.
    let text = text.replace(from, to);
    read(&text.lines().filter(|l| !l.starts_with("claim")).collect::<Vec<_>>().join("\n"))
}

/// Draws for everything that a step reads.
pub(crate) struct Draws {
    pub(crate) columns: Vec<Column>,
    pub(crate) params: Vec<f64>,
}

fn entries(module: &Module, symbol: SymbolId, numbers: &Numbers) -> Vec<usize> {
    let sizes = layout_sizes(module, &module.symbol(symbol).ty).expect("a layout");
    sizes.iter().map(|s| numbers.size(s).expect("a number")).collect()
}

/// Columns of `rows` rows and parameters, exact in single precision.
pub(crate) fn draws(training: &Training, rows: usize, seed: u64) -> Draws {
    let module = training.module();
    let numbers = Numbers::of(module, rows as u64, 1);
    let single = |x: f64| f64::from(x as f32);
    let mut columns = Vec::new();
    for symbol in training.columns() {
        let len: usize = entries(module, *symbol, &numbers).iter().product();
        let random = Random::new(seed, symbol.index() as u64);
        let classes = match &module.symbol(*symbol).ty.kind {
            Kind::Label(k) => numbers.size(k).expect("classes") as f64,
            _ => 0.0,
        };
        let draw = |i: u64| match classes > 0.0 {
            true => (random.uniform(i) * classes).floor(),
            false => single(random.normal(i)),
        };
        columns.push((0..len as u64).map(draw).collect());
    }
    let random = Random::new(seed, 1 << 20);
    let params =
        (0..training.layout.bundle.len as u64).map(|i| single(0.4 * random.normal(i))).collect();
    Draws { columns, params }
}

/// A training to compare with.
pub(crate) struct Oracle {
    pub(crate) module: Module,
    pub(crate) update: Update,
    pub(crate) lowered: Lowered,
    params: Vec<SymbolId>,
}

impl Oracle {
    pub(crate) fn new(training: &Training, of: &module::Training) -> Oracle {
        let mut module = training.module().clone();
        let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
        let update = update::update(training.module(), of).expect("an optimizer");
        let loss = module.read(of.loss).expect("the loss");
        let lowered = lower::training_step(&mut module, loss).expect("a gradient");
        Oracle { module, update, lowered, params }
    }

    /// Data and noise in the order of the lowered arrays.
    pub(crate) fn inputs(
        &self,
        training: &Training,
        columns: &[Column],
        rows: &[u32],
        step: Option<u64>,
    ) -> (Numbers, BTreeMap<SymbolId, Tensor<f64>>) {
        let numbers = Numbers::of(&self.module, rows.len() as u64, 1);
        let mut inputs = BTreeMap::new();
        for (symbol, column) in training.columns().iter().zip(columns) {
            let shape = entries(&self.module, *symbol, &numbers);
            let width = shape.iter().product::<usize>() / rows.len();
            let mut data = Vec::new();
            for e in 0..width {
                data.extend(rows.iter().map(|r| column[*r as usize * width + e]));
            }
            inputs.insert(*symbol, Tensor { axes: Vec::new(), shape, data });
        }
        for (at, symbol) in self.module.symbols.iter().enumerate() {
            let Role::Noise(Start::Drawn(law, p)) = &symbol.role else { continue };
            let id = SymbolId::new(at);
            let shape = entries(&self.module, id, &numbers);
            let stream = noise_stream(&symbol.name);
            let law = match (law.as_str(), p.as_slice()) {
                ("bernoulli", [p]) => Law::Bernoulli(*p),
                ("normal", [mean, sd]) => Law::Normal(*mean, *sd),
                ("uniform", [low, high]) => Law::Uniform(*low, *high),
                _ => panic!("the distribution `{law}`"),
            };
            let mean = match law {
                Law::Bernoulli(p) => p,
                Law::Normal(mean, _) => mean,
                Law::Uniform(low, high) => 0.5 * (low + high),
            };
            let batch = rows.len();
            let draw = |i: usize| match step {
                Some(step) => noise::draw(law, stream, step, i % batch, i / batch),
                None => mean,
            };
            let data = (0..shape.iter().product::<usize>()).map(draw).collect();
            inputs.insert(id, Tensor { axes: Vec::new(), shape, data });
        }
        (numbers, inputs)
    }

    /// The parameters at a point of the bundle.
    pub(crate) fn at(
        &self,
        point: &[f64],
        numbers: &Numbers,
        inputs: &mut BTreeMap<SymbolId, Tensor<f64>>,
    ) {
        let mut rest = point;
        for id in &self.params {
            let shape = entries(&self.module, *id, numbers);
            let (own, behind) = rest.split_at(shape.iter().product());
            rest = behind;
            inputs.insert(*id, Tensor { axes: Vec::new(), shape, data: own.to_vec() });
        }
    }

    /// The loss and its gradient at a point.
    pub(crate) fn gradient(
        &self,
        point: &[f64],
        numbers: &Numbers,
        inputs: &BTreeMap<SymbolId, Tensor<f64>>,
    ) -> (f64, Vec<f64>) {
        let mut inputs = inputs.clone();
        self.at(point, numbers, &mut inputs);
        let found = self.lowered.evaluate(numbers, &inputs).expect("values");
        let slope = found[1..].iter().flat_map(|t| t.data.clone()).collect();
        (found[0].data[0], slope)
    }
}
