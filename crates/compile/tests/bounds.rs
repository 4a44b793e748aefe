//! Compiled programs against the terms they came from, within `8 u (k + depth) M`.
//!
//! `u` is half an ulp of the program's precision, `k` the longest sum, `depth` the longest chain of
//! operations, `M` the magnitude of the entry: [`chainrule_graph::scalar::Magnitude`]. The values are
//! those of the interpreter in double-double. Every op of the table by its samples with gradients,
//! random graphs, and the example files.

#[path = "../../graph/tests/random/build.rs"]
mod build;
#[path = "../../graph/tests/random/dice.rs"]
mod dice;
#[path = "../../graph/tests/random/grow.rs"]
mod grow;
#[path = "../../graph/tests/random/index.rs"]
mod index;
#[path = "support/machine.rs"]
mod machine;
#[path = "support/noise.rs"]
mod noise;
#[allow(dead_code)] // of the oracle of steps only the examples are used
#[path = "support/oracle.rs"]
mod oracle;
#[path = "../../graph/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use build::Build;
use chainrule_compile::{Alone, alone};
use chainrule_graph::index::{NodeId, SymbolId};
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::lower::{self, Lowered, Work};
use chainrule_graph::module::Role;
use chainrule_graph::op::ALL;
use chainrule_graph::scalar::{DoubleDouble, Magnitude, Scalar};
use chainrule_graph::{Kind, Module, differentiate};
use chainrule_kernels::program::{Precision, Program};
use chainrule_kernels::{Engine, Run, Threads};
use grow::Grower;
use machine::Machine;
use support::case::{case, samples};
use support::draw;
use support::margin::bad;
use support::problem::reachable;

/// What to compare: terms at numbers for the sizes.
struct Terms {
    module: Module,
    numbers: Numbers,
    nodes: Vec<NodeId>,
}

/// What came out.
#[derive(Default)]
struct Found {
    compared: usize,
    unlowered: usize,
    rejected: usize,
    /// The greatest distance by its bound.
    worst: f64,
    /// What it may be, if more than one bound.
    most: f64,
    failures: Vec<String>,
}

/// How a program is run.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fault {
    None,
    /// The engine runs it.
    Engine,
    /// Every product is off by `2^-23`.
    Products,
}

/// The longest sum, and the longest chain of operations.
fn lengths(lowered: &Lowered, numbers: &Numbers) -> (f64, f64) {
    let mut depth = vec![0.0_f64; lowered.nodes.len()];
    let mut longest: f64 = 1.0;
    for (at, node) in lowered.nodes.iter().enumerate() {
        let own = match &node.work {
            Work::Loop(l) => {
                let extent = |s| numbers.size(s).expect("a number") as f64;
                let skip = if l.write.is_some() { 0 } else { l.rank };
                longest = longest.max(l.space[skip..].iter().map(extent).product());
                l.body.steps.len() as f64
            }
            Work::Opaque { frames, .. } => {
                let entries = |f: &lower::Frame| -> f64 {
                    f.dims.iter().map(|d| numbers.size(d).expect("a number") as f64).product()
                };
                frames.iter().map(entries).sum()
            }
            _ => 1.0,
        };
        let below = node.work.reads().iter().map(|of| depth[*of]).fold(0.0, f64::max);
        depth[at] = below + own;
    }
    (longest, depth.into_iter().fold(0.0, f64::max))
}

/// The module with the numbers as its own, so that nothing is free.
fn fixed(module: &Module, numbers: &Numbers) -> (Module, u64) {
    let mut module = module.clone();
    let base: Vec<_> = module.sizes.base().map(|(id, def)| (id, def.batch)).collect();
    let mut rows = 1;
    for (id, batch) in base {
        let number = numbers.get(id).unwrap_or(1);
        module.sizes.set_number(id, number);
        if batch {
            rows = number;
        }
    }
    (module, rows)
}

fn tensors<S: Scalar>(values: &draw::Values, single: bool) -> Vec<Option<Tensor<S>>> {
    let entry = |v: &f64| S::from_f64(if single { f64::from(*v as f32) } else { *v });
    let tensor = |t: &Tensor<f64>| Tensor {
        axes: t.axes.clone(),
        shape: t.shape.clone(),
        data: t.data.iter().map(entry).collect(),
    };
    values.iter().map(|v| v.as_ref().map(tensor)).collect()
}

/// The values of the terms in the order of the lowered arrays.
fn by_terms<S: chainrule_graph::record::Reference>(
    terms: &Terms,
    values: &draw::Values,
    single: bool,
) -> Result<Vec<Tensor<S>>, String> {
    let mut it: Interpreter<'_, S> = Interpreter::new(&terms.module, terms.numbers.clone());
    for (at, value) in tensors(values, single).into_iter().enumerate() {
        if let Some(value) = value {
            it.set(SymbolId::new(at), value);
        }
    }
    let mut out = Vec::new();
    for node in &terms.nodes {
        let value = it.value(*node).map_err(|e| e.to_string())?;
        let ty = terms.module.graph.ty(*node);
        out.push(lower::arranged(&terms.module, ty, &value).map_err(|e| e.to_string())?);
    }
    Ok(out)
}

/// Runs a program on the engine, every instruction on two threads.
fn by_engine(
    made: &Alone,
    inputs: &BTreeMap<SymbolId, Tensor<f64>>,
) -> Result<Vec<Vec<f64>>, String> {
    let program = &made.program;
    let threads = Threads { count: 2, least: 0 };
    let refused = |e: chainrule_kernels::Refused| e.to_string();
    let mut engine = Engine::new(program.precision, program.arena, threads).map_err(refused)?;
    let loaded = engine.load(program.clone()).map_err(refused)?;
    for _ in 0..2 {
        for (symbol, slot) in &made.inputs {
            engine.set(*slot, &inputs[symbol].data);
        }
        engine.run(loaded, &Run::NOTHING).map_err(refused)?;
    }
    Ok(made.outputs.iter().map(|slot| engine.get(*slot)).collect())
}

/// Runs a program on a plain machine.
fn by_machine(
    made: &Alone,
    inputs: &BTreeMap<SymbolId, Tensor<f64>>,
    fault: Fault,
) -> Vec<Vec<f64>> {
    let program: &Program = &made.program;
    let mut machine = Machine::new(program.precision, program.arena);
    machine.fault = fault == Fault::Products;
    // Twice in one arena: nothing may depend on what was there.
    for _ in 0..2 {
        for (symbol, slot) in &made.inputs {
            machine.set(*slot, &inputs[symbol].data);
        }
        machine.run(program, &[], &[], 0);
    }
    made.outputs.iter().map(|slot| machine.get(*slot)).collect()
}

impl Found {
    /// Compares one precision; false if it is not lowered.
    fn compare(
        &mut self,
        terms: &Terms,
        values: &draw::Values,
        precision: Precision,
        fault: Fault,
    ) -> Result<bool, String> {
        let Some(lowered) = support::lowered::lowered(&terms.module, &terms.nodes)? else {
            return Ok(false);
        };
        let (single, u) = match precision {
            Precision::F32 => (true, f64::powi(2.0, -24)),
            Precision::F64 => (false, f64::powi(2.0, -53)),
        };
        let (module, rows) = fixed(&terms.module, &terms.numbers);
        let made = alone(&module, &lowered, rows, precision).map_err(|e| e.to_string())?;
        chainrule_compile::check_plan::check(&made.draft, &made.program)?;
        let mut inputs: BTreeMap<SymbolId, Tensor<f64>> = BTreeMap::new();
        for (symbol, _) in &made.inputs {
            let value = values[symbol.index()].as_ref().ok_or("an input without value")?;
            let ty = &terms.module.symbol(*symbol).ty;
            let value = lower::arranged(&terms.module, ty, value).map_err(|e| e.to_string())?;
            inputs.insert(*symbol, value);
        }
        let ours = match fault {
            Fault::Engine => by_engine(&made, &inputs)?,
            _ => by_machine(&made, &inputs, fault),
        };
        let exact: Vec<Tensor<DoubleDouble>> = by_terms(terms, values, single)?;
        let sizes: Vec<Tensor<Magnitude>> = by_terms(terms, values, single)?;
        let (k, depth) = lengths(&lowered, &terms.numbers);
        for ((ours, exact), sizes) in ours.iter().zip(&exact).zip(&sizes) {
            if ours.len() != exact.data.len() {
                return Err("another number of entries".into());
            }
            for ((x, y), m) in ours.iter().zip(&exact.data).zip(&sizes.data) {
                let bound = 8.0 * u * (k + depth) * m.magnitude + f64::from(f32::MIN_POSITIVE);
                let by = (x - y.real()).abs() / bound;
                if by.is_nan() || by > self.most.max(1.0) {
                    return Err(format!(
                        "{precision:?}: {x} is {by:.2} bounds from {} (k {k}, depth {depth}, M {})",
                        y.real(),
                        m.magnitude
                    ));
                }
                self.worst = self.worst.max(by);
            }
        }
        self.compared += 1;
        Ok(true)
    }

    fn both(&mut self, terms: &Terms, values: &draw::Values) -> Result<(), String> {
        let nodes = reachable(&terms.module, &terms.nodes);
        let mut it: Interpreter<'_, f64> = Interpreter::new(&terms.module, terms.numbers.clone());
        for (at, value) in values.iter().enumerate() {
            if let Some(value) = value {
                it.set(SymbolId::new(at), value.clone());
            }
        }
        for id in &nodes {
            it.value(*id).map_err(|e| e.to_string())?;
        }
        let of = |id: NodeId| it.clone().value(id).expect("a value");
        if bad(&terms.module, &nodes, of).is_some() {
            self.rejected += 1;
            return Ok(());
        }
        for precision in [Precision::F32, Precision::F64] {
            for by in [Fault::None, Fault::Engine] {
                let compared = self.compare(terms, values, precision, by);
                if !compared.map_err(|e| format!("{by:?}: {e}"))? {
                    self.unlowered += 1;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// A sample with the gradients of a weighted sum of it.
fn sample(declarations: &str, line: &str) -> Result<(Terms, Module), String> {
    let case = case(declarations, line, &[])?;
    let mut module = case.module;
    let gradients = differentiate::gradients(&mut module, case.loss, &case.wrt);
    let gradients = gradients.map_err(|e| e.to_string())?;
    let mut nodes = vec![case.value, case.loss];
    nodes.extend(gradients);
    let copy = module.clone();
    Ok((Terms { module, numbers: case.numbers, nodes }, copy))
}

const DEFINITIONS: &[(&str, &str)] = &[
    ("A : R[n, m]", "Y[j,i] = A[i,j]^2"),
    ("x : R[n] per N; W : R[m, n]", "Y[o] = sum[i] W[o,i] x[i]"),
    ("a : R[n]; b : R[m]; c : R[k]", "Y[i,j,l] = a[i] b[j] c[l]"),
    ("x : R[n + 2]; w : R[3]", "Y[i] = sum[j in 3] w[j] x[i+j]"),
    (
        "I : R[2, n + 2, m + 2] per N; K : R[k, 2, 3, 3]",
        "Y[o,u,v] = sum[c,i,j] K[o,c,i,j] I[c,u+i,v+j]",
    ),
];

#[test]
fn every_op_is_within_the_bound() {
    let mut found = Found::default();
    let mut cases: Vec<(String, String)> = ALL.iter().flat_map(|def| samples(def)).collect();
    cases.extend(DEFINITIONS.iter().map(|(d, l)| ((*d).to_string(), (*l).to_string())));
    for (declarations, line) in &cases {
        for seed in 0..3 {
            let compared = sample(declarations, line).and_then(|(terms, module)| {
                let values = draw::values(&module, &terms.numbers, seed);
                found.both(&terms, &values)
            });
            if let Err(e) = compared {
                found.failures.push(format!("{declarations}; {line}\n    {e}"));
            }
        }
    }
    println!(
        "{} programs of {} samples, {} not lowered, {} rejected, worst {:.3} bounds",
        found.compared,
        cases.len(),
        found.unlowered,
        found.rejected,
        found.worst
    );
    assert!(found.failures.is_empty(), "{}", found.failures.join("\n"));
    assert!(found.compared > 400, "most samples are compared");
}

fn grown(seed: u64) -> Option<Terms> {
    let mut grower = Grower::new(seed);
    let all: Vec<Build> = [build::FUNCTIONS, build::MORE, index::ALL].concat();
    for _ in 0..12 {
        let build = grower.dice.of(&all);
        let _ = grower.grow(build);
    }
    let (_, loss) = grower.loss().ok()?;
    let mut module = grower.module;
    let nodes = reachable(&module, &[loss]);
    let reads = |id: &SymbolId| {
        nodes.iter().any(|n| {
            matches!(&module.graph.node(*n).op, chainrule_graph::Op::Symbol { id: s, .. } if s == id)
        })
    };
    let wrt: Vec<SymbolId> = grower.variables.iter().copied().filter(reads).collect();
    let mut outputs = vec![loss];
    outputs.extend(differentiate::gradients(&mut module, loss, &wrt).ok()?);
    Some(Terms { module, numbers: grower.numbers, nodes: outputs })
}

#[test]
fn random_graphs_are_within_the_bound() {
    let count = std::env::var("CHAINRULE_RANDOM").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let mut found = Found::default();
    for seed in 0..count {
        let Some(terms) = grown(seed) else { continue };
        let values = draw::values(&terms.module, &terms.numbers, seed);
        if let Err(e) = found.both(&terms, &values) {
            // A point where a value does not exist is no point.
            if e.contains("singular") || e.contains("does not exist") {
                found.rejected += 1;
            } else {
                found.failures.push(format!("seed {seed}: {e}"));
            }
        }
    }
    println!(
        "{} programs, {} not lowered, {} rejected, worst {:.3} bounds",
        found.compared, found.unlowered, found.rejected, found.worst
    );
    assert!(found.failures.is_empty(), "{}", found.failures.join("\n"));
    assert!(found.compared as u64 > count / 2, "most graphs are compared");
}

const EXAMPLES: [&str; 9] =
    ["iris", "circles", "cifar2", "graph002", "softreg", "mlp", "convnet", "digits", "more"];

/// What an example computes on a batch of so many rows: the losses of its trainings, or without
/// training every array of its net; the numbers among them with their gradients.
fn example(module: &Module, rows: u64) -> Result<Terms, String> {
    let mut module = module.clone();
    let mut numbers = Numbers::of(&module, rows, 1);
    let free: Vec<_> =
        module.sizes.base().filter(|(_, d)| !d.batch && d.number.is_none()).collect();
    let free: Vec<_> = free.into_iter().map(|(id, _)| id).collect();
    for (at, id) in free.into_iter().enumerate() {
        numbers.set(id, 3 + at as u64);
    }
    let mut values: Vec<SymbolId> = module.trainings.iter().map(|t| t.loss).collect();
    values.dedup();
    if values.is_empty() {
        values = module.bindings.iter().map(|b| b.symbol).collect();
    }
    let mut nodes = Vec::new();
    for symbol in values {
        let value = module.read(symbol).map_err(|e| e.message)?;
        let value = differentiate::resolved(&mut module, value, &mut BTreeMap::new());
        let value = value.map_err(|e| e.to_string())?;
        nodes.push(value);
        let ty = module.graph.ty(value);
        if !(ty.is_scalar() && ty.axes.is_empty()) {
            continue;
        }
        let below = reachable(&module, &[value]);
        let read = |id: &NodeId| match &module.graph.node(*id).op {
            chainrule_graph::Op::Symbol { id, .. } => Some(*id),
            _ => None,
        };
        let by = |id: &SymbolId| {
            let symbol = module.symbol(*id);
            matches!(symbol.role, Role::Param(_) | Role::Given(_)) && symbol.ty.kind == Kind::Real
        };
        let wrt: Vec<SymbolId> = below.iter().filter_map(read).filter(by).collect();
        let gradients = differentiate::gradients(&mut module, value, &wrt);
        nodes.extend(gradients.map_err(|e| e.to_string())?);
    }
    Ok(Terms { module, numbers, nodes })
}

/// The example files at smaller sizes, with batches of one row and of some.
#[test]
fn the_example_files_are_within_the_bound() {
    for name in EXAMPLES {
        let module = oracle::example(name);
        for rows in [5, 1] {
            let mut found = Found::default();
            let terms = example(&module, rows).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(terms.nodes.len() > 1, "{name} computes something and its gradients");
            for seed in 0..12 {
                let values = draw::values(&terms.module, &terms.numbers, seed);
                let done = found.both(&terms, &values);
                assert_eq!(done, Ok(()), "{name} at {rows} rows, seed {seed}");
            }
            println!(
                "{name} at {rows} rows: {} programs, {} rejected, worst {:.3} bounds",
                found.compared, found.rejected, found.worst
            );
            assert_eq!(found.unlowered, 0, "{name}");
            assert!(found.compared >= 4, "{name}: no point away from where branches meet");
        }
    }
}

/// What the bound is worth: a product that is off by an ulp of `f32` in a program of `f64` is seen.
#[test]
fn a_fault_in_every_product_is_seen() {
    let mut seen = 0;
    let cases = [
        ("A : R[n, m]; B : R[m, k]", "Y = A B"),
        ("x : R[n] per N; W : R[m, n]", "Y[o] = sum[i] W[o,i] x[i]"),
        ("x : R[n + 2]; w : R[3]", "Y[i] = sum[j in 3] w[j] x[i+j]"),
        ("x, y : R[n, m]", "Y = x .* y"),
    ];
    for (declarations, line) in cases {
        let (terms, module) = sample(declarations, line).expect("a sample");
        let values = draw::values(&module, &terms.numbers, 1);
        let mut found = Found::default();
        let right = found.compare(&terms, &values, Precision::F64, Fault::None);
        assert_eq!(right, Ok(true), "{line}");
        let wrong = found.compare(&terms, &values, Precision::F64, Fault::Products);
        seen += usize::from(wrong.is_err());
    }
    assert_eq!(seen, cases.len());
}

/// Windows of 3 by 3 that are computed with fewer multiplications, and both gradients: 64 bounds are
/// allowed, few are used. The same program with its sums as they are written stays within one.
#[test]
fn fewer_multiplications_are_within_64_bounds() {
    let (declarations, line) = (
        "I : R[12, 10, 10] per N; K : R[12, 12, 3, 3]",
        "Y[o,u,v] = sum[c,i,j] K[o,c,i,j] I[c,u+i,v+j]",
    );
    let (mut terms, module) = sample(declarations, line).expect("a sample");
    let batch = module.sizes.base().find(|(_, def)| def.batch).expect("a batch").0;
    terms.numbers.set(batch, 16);
    let values = draw::values(&module, &terms.numbers, 1);
    let mut found = Found { most: 64.0, ..Found::default() };
    assert_eq!(found.compare(&terms, &values, Precision::F32, Fault::Engine), Ok(true));
    println!("worst {:.4} bounds", found.worst);

    let lowered = support::lowered::lowered(&terms.module, &terms.nodes).unwrap().unwrap();
    let (module, rows) = fixed(&terms.module, &terms.numbers);
    let mut made = alone(&module, &lowered, rows, Precision::F32).unwrap();
    let mut inputs = BTreeMap::new();
    for (symbol, _) in &made.inputs {
        let ty = &terms.module.symbol(*symbol).ty;
        let value = values[symbol.index()].as_ref().unwrap();
        inputs.insert(*symbol, lower::arranged(&terms.module, ty, value).unwrap());
    }
    let fewer = by_engine(&made, &inputs).unwrap();
    made.program.exact = true;
    let sums = by_engine(&made, &inputs).unwrap();
    let exact: Vec<Tensor<f64>> = by_terms(&terms, &values, true).unwrap();
    let sizes: Vec<Tensor<Magnitude>> = by_terms(&terms, &values, true).unwrap();
    let (k, depth) = lengths(&lowered, &terms.numbers);
    let mut changed = 0;
    for (((fewer, sums), exact), sizes) in fewer.iter().zip(&sums).zip(&exact).zip(&sizes) {
        changed += usize::from(fewer != sums);
        for ((x, y), m) in sums.iter().zip(&exact.data).zip(&sizes.data) {
            assert!((x - y).abs() <= 8.0 * f64::powi(2.0, -24) * (k + depth) * m.magnitude);
        }
    }
    assert!(changed >= 3, "the value and both gradients have other bits");
}

/// Sums of products of small whole numbers are exact in `f32`: there the bound is 0, and one ulp a
/// term is seen.
#[test]
fn whole_numbers_are_exact() {
    for (declarations, line) in [
        ("A : R[n, m]; B : R[m, k]", "Y = A B"),
        ("x : R[n] per N; W : R[m, n]", "Y[o] = sum[i] W[o,i] x[i]"),
        (
            "I : R[2, n + 2, m + 2] per N; K : R[k, 2, 3, 3]",
            "Y[o,u,v] = sum[c,i,j] K[o,c,i,j] I[c,u+i,v+j]",
        ),
    ] {
        let (terms, module) = sample(declarations, line).expect("a sample");
        let terms = Terms { nodes: terms.nodes[..1].to_vec(), ..terms };
        let mut values = draw::values(&module, &terms.numbers, 1);
        values
            .iter_mut()
            .flatten()
            .for_each(|t| t.data.iter_mut().for_each(|x| *x = (*x * 9.0).round()));
        let lowered = support::lowered::lowered(&terms.module, &terms.nodes).unwrap().unwrap();
        let (module, rows) = fixed(&terms.module, &terms.numbers);
        let made = alone(&module, &lowered, rows, Precision::F32).unwrap();
        let mut inputs = BTreeMap::new();
        for (symbol, _) in &made.inputs {
            let ty = &terms.module.symbol(*symbol).ty;
            let value = values[symbol.index()].as_ref().unwrap();
            inputs.insert(*symbol, lower::arranged(&terms.module, ty, value).unwrap());
        }
        let wanted: Vec<Tensor<f64>> = by_terms(&terms, &values, true).unwrap();
        assert_eq!(by_machine(&made, &inputs, Fault::None)[0], wanted[0].data, "{line}");
        assert_ne!(by_machine(&made, &inputs, Fault::Products)[0], wanted[0].data, "{line}");
    }
}
