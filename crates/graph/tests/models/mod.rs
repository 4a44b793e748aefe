//! Models of the examples and the suite, with values drawn for their names.

use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::module::{Role, Start};
use chainrule_graph::random::Random;
use chainrule_graph::{Kind, Module, SymbolId, Type, read};

/// The first model of a text.
pub(crate) fn module(text: &str) -> Module {
    let reading = read(text);
    assert!(reading.is_ok(), "{text}\n{:?}", reading.diagnostics);
    reading.modules[0].clone()
}

/// A built-in example.
pub(crate) fn example(name: &str) -> Module {
    let path = format!("{}/../chainrule/models/{name}.eqn", env!("CARGO_MANIFEST_DIR"));
    module(&std::fs::read_to_string(path).unwrap())
}

/// The files of one folder of the suite, with their names.
#[allow(dead_code)] // not every test reads the suite
pub(crate) fn suite(folder: &str) -> Vec<(String, Module)> {
    let path = format!("{}/../../suite/{folder}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let read_file = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().to_string();
        let text = std::fs::read_to_string(path).unwrap();
        (name, read(&text).modules[0].clone())
    };
    files.iter().map(read_file).collect()
}

/// Free sizes pairwise distinct.
pub(crate) fn distinct(module: &Module) -> Numbers {
    let mut numbers = Numbers::of(module, 4, 3);
    for (at, (id, def)) in module.sizes.base().enumerate() {
        if def.number.is_none() {
            numbers.set(id, 3 + at as u64);
        }
    }
    numbers
}

/// Draws every name that has no formula.
pub(crate) fn draw(module: &Module, oracle: &mut Interpreter<'_, f64>, seed: u64) {
    for (at, symbol) in module.symbols.iter().enumerate() {
        let id = SymbolId::new(at);
        match &symbol.role {
            Role::Given(Start::Value(value)) => {
                let value = oracle.value(*value).unwrap();
                let shape = oracle.shape(&symbol.ty).unwrap();
                let axes = symbol.ty.axes.clone();
                let filled = match value.data.as_slice() {
                    [one] => Tensor::filled(axes, shape, *one),
                    _ => (*value).clone(),
                };
                oracle.set(id, filled);
            }
            Role::Data | Role::Param(_) | Role::Given(_) | Role::Noise(_) => {
                let value = drawn(oracle, &symbol.ty, &Random::new(seed, at as u64));
                oracle.set(id, value);
            }
            _ => {}
        }
    }
}

fn drawn(oracle: &Interpreter<'_, f64>, ty: &Type, random: &Random) -> Tensor<f64> {
    let shape = oracle.shape(ty).unwrap();
    let entries: usize = shape.iter().product();
    let entry = |i: u64| match &ty.kind {
        Kind::Label(k) => (random.uniform(i) * oracle.numbers().size(k).unwrap() as f64).floor(),
        Kind::Positive | Kind::Prob => 0.5 + random.uniform(i),
        Kind::Mask => f64::from(u8::from(random.uniform(i) < 0.7)),
        _ => 0.7 * random.normal(i),
    };
    let data: Vec<f64> = (0..entries as u64).map(entry).collect();
    let data = match ty.kind {
        Kind::Sym => squared(&data, shape[0], false),
        Kind::Spd => squared(&data, shape[0], true),
        _ => data,
    };
    Tensor { axes: ty.axes.clone(), shape, data }
}

/// `A + A^T`, or `A A^T + I`.
fn squared(a: &[f64], n: usize, definite: bool) -> Vec<f64> {
    let entry = |at: usize| {
        let (i, j) = (at / n, at % n);
        let product: f64 = (0..n).map(|k| a[i * n + k] * a[j * n + k]).sum();
        let unit = f64::from(u8::from(i == j));
        if definite { product + unit } else { a[i * n + j] + a[j * n + i] }
    };
    (0..n * n).map(entry).collect()
}
