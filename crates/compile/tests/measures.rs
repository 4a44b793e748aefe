//! Values over all rows in pieces, and outputs for prediction, against the lowered graph.

mod support;

use chainrule_compile::{Measure, Training};
use chainrule_graph::interpret::Tensor;
use chainrule_graph::{Module, SymbolId, lower};
use chainrule_kernels::program::{Fold, Precision, Slot};
use support::machine::Column;
use support::oracle::{self, Oracle, draws};
use support::runner::Runner;

fn folded(fold: Fold, a: f64, b: f64) -> f64 {
    match fold {
        Fold::Sum => a + b,
        Fold::Product => a * b,
        Fold::Max => a.max(b),
        Fold::Min => a.min(b),
    }
}

/// What a trainer does with a measure.
fn measured(
    training: &Training,
    quantities: &[SymbolId],
    columns: &[Column],
    params: &[f64],
    rows: &[u32],
    chunk: usize,
) -> (Vec<Vec<f64>>, Measure) {
    let total = rows.len() as u64;
    let full = training.measure(quantities, chunk as u64, total).expect("a measure");
    let chunk = full.chunk.rows.max(1);
    let mut machine = Runner::engine(Precision::F64, full.chunk.arena, 2);
    machine.set(training.layout.bundle, params);
    let mut sums: Vec<Option<Vec<f64>>> = vec![None; full.partial.len()];
    for piece in rows.chunks(chunk) {
        let own = training.measure(quantities, piece.len() as u64, total).expect("a measure");
        assert_eq!((&own.partial, &own.results), (&full.partial, &full.results));
        machine.run(&own.chunk, columns, piece, 0);
        for ((slot, fold), sum) in full.partial.iter().zip(&mut sums) {
            let found = machine.get(*slot);
            *sum = Some(match sum.take() {
                None => found,
                Some(old) => old.iter().zip(&found).map(|(a, b)| folded(*fold, *a, *b)).collect(),
            });
        }
    }
    for ((slot, _), sum) in full.partial.iter().zip(sums) {
        machine.set(*slot, &sum.expect("a piece"));
    }
    machine.run(&full.finish, columns, &[], 0);
    let value = |slot: &Slot| machine.get(*slot);
    (full.results.iter().map(value).collect(), full)
}

/// The quantities by the lowered graph.
fn wanted(
    training: &Training,
    module: &Module,
    quantities: &[SymbolId],
    columns: &[Column],
    params: &[f64],
    rows: &[u32],
) -> Vec<Tensor<f64>> {
    let oracle = Oracle::new(training, &module.trainings[0]);
    let mut own = training.module().clone();
    let read = |id: &SymbolId| (String::new(), own.read(*id).expect("a name"));
    let outputs: Vec<_> = quantities.iter().map(read).collect();
    let lowered = lower::lower(&mut own, &outputs).expect("lowered");
    let (numbers, mut inputs) = oracle.inputs(training, columns, rows, None);
    oracle.at(params, &numbers, &mut inputs);
    lowered.evaluate(&numbers, &inputs).expect("values")
}

fn close(a: &[f64], b: &[f64], what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= 1e-12 * (1.0 + y.abs()), "{what}: {x} {y}");
    }
}

const ROWS: [u32; 10] = [0, 3, 7, 11, 2, 4, 1, 5, 6, 8];

/// All names that have one value over all rows.
fn quantities(module: &Module) -> Vec<SymbolId> {
    let mut all = vec![module.trainings[0].loss];
    all.extend(&module.metrics);
    all
}

#[test]
fn pieces_of_rows_add_up_exactly() {
    for name in ["iris", "circles", "cifar2", "softreg", "mlp", "convnet"] {
        let module = oracle::example(name);
        let of = &module.trainings[0];
        let training = Training::new(&module, of, &[], Precision::F64).expect("compiled");
        let data = draws(&training, 12, 5);
        let all = quantities(&module);
        let wanted = wanted(&training, &module, &all, &data.columns, &data.params, &ROWS);
        for chunk in [1, 4, 10] {
            let (found, measure) =
                measured(&training, &all, &data.columns, &data.params, &ROWS, chunk);
            assert!(!measure.whole, "{name} is taken in pieces");
            for (found, wanted) in found.iter().zip(&wanted) {
                close(found, &wanted.data, &format!("{name}, pieces of {chunk}"));
            }
        }
    }
}

fn small(net: &str) -> Module {
    let head = "size d = 3\nbatch N\ndata\n  x : R[d] per N = csv \"x.csv\"\n  y : label[4] per N = csv \"y.csv\"\n";
    let tail = "train J by gd(step = 0.1)\n";
    oracle::read(&format!("{head}param\n  w : R[d] = 0\n  E : R[4, 3] = 0\nnet\n{net}{tail}"))
}

#[test]
fn folds_of_every_kind_come_together() {
    let net = "  s = w^T x\n  a = max[N] s\n  b = min[N] s^2\n  c = prod[N] (1 + s / 10)\n  u = mean[N] x\n  \
               J = a + b + sum(u .* w) + N ||w||^2 + mean[N] s^2\n";
    let module = small(net);
    let training = Training::new(&module, &module.trainings[0], &[], Precision::F64).unwrap();
    let data = draws(&training, 12, 3);
    let all: Vec<SymbolId> =
        ["J", "a", "b", "c", "u"].iter().map(|n| module.find(n).unwrap()).collect();
    let wanted = wanted(&training, &module, &all, &data.columns, &data.params, &ROWS);
    let (found, measure) = measured(&training, &all, &data.columns, &data.params, &ROWS, 3);
    assert!(!measure.whole);
    assert_eq!(measure.partial.len(), 5);
    for (found, wanted) in found.iter().zip(&wanted) {
        close(found, &wanted.data, "a fold");
    }
}

#[test]
fn a_fold_that_depends_on_a_fold_takes_all_rows() {
    let net = "  s = w^T x\n  m = mean[N] s\n  J = mean[N] (s - m)^2\n";
    let module = small(net);
    let training = Training::new(&module, &module.trainings[0], &[], Precision::F64).unwrap();
    let data = draws(&training, 12, 3);
    let all = quantities(&module);
    let wanted = wanted(&training, &module, &all, &data.columns, &data.params, &ROWS);
    let (found, measure) = measured(&training, &all, &data.columns, &data.params, &ROWS, 3);
    assert!(measure.whole && measure.chunk.rows == ROWS.len());
    close(&found[0], &wanted[0].data, "the variance");
}

#[test]
fn a_value_for_each_row_is_an_output_and_no_measure() {
    let module = small("  s = w^T x\n  J = mean[N] s^2\n");
    let training = Training::new(&module, &module.trainings[0], &[], Precision::F64).unwrap();
    let s = module.find("s").unwrap();
    let refused = training.measure(&[s], 4, 10).unwrap_err();
    assert!(refused.0.contains("mean[N] s"), "{refused}");
    let outputs = training.outputs(&[s], 10).unwrap();
    let data = draws(&training, 12, 3);
    let mut machine = Runner::engine(Precision::F64, outputs.program.arena, 2);
    machine.set(training.layout.bundle, &data.params);
    machine.run(&outputs.program, &data.columns, &ROWS, 0);
    let wanted = wanted(&training, &module, &[s], &data.columns, &data.params, &ROWS);
    assert_eq!(outputs.slots[0].0, [10]);
    close(&machine.get(outputs.slots[0].1), &wanted[0].data, "s");
}

#[test]
fn noise_is_its_mean_where_nothing_is_trained() {
    let module = oracle::example("mlp");
    let training = Training::new(&module, &module.trainings[0], &[], Precision::F64).unwrap();
    let z = module.find("z3").unwrap();
    let outputs = training.outputs(&[z], 3).unwrap();
    let noise = |i: &chainrule_kernels::program::Instruction| {
        matches!(i.work, chainrule_kernels::program::Work::Noise(_))
    };
    assert!(!outputs.program.instructions.iter().any(noise));
    let step = training.step(3).unwrap();
    assert_eq!(step.program.instructions.iter().filter(|i| noise(i)).count(), 2);
}
