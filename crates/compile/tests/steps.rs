//! Whole training steps against the lowered graph and the optimizer's own reference.

mod support;

use chainrule_compile::{StateStart, Training};
use chainrule_graph::Module;
use chainrule_kernels::program::Precision;
use support::oracle::{self, Oracle, draws};
use support::runner::Runner;

const EXAMPLES: [&str; 7] = ["iris", "circles", "cifar2", "digits", "softreg", "mlp", "convnet"];

/// Puts a training at its start.
fn started(training: &Training, machine: &mut Runner, params: &[f64]) {
    let layout = &training.layout;
    machine.set(layout.bundle, params);
    for state in &layout.states {
        match state.start {
            StateStart::Number(x) => machine.set(state.slot, &vec![x; state.slot.len]),
            StateStart::Parameters => machine.set(state.slot, params),
        }
    }
    for ((_, slot), value) in layout.inputs.iter().zip(training.given()) {
        machine.set(*slot, &[*value]);
    }
}

/// The greatest distance, by the greatest value.
fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1e-30_f64, |m, x| m.max(x.abs()));
    a.iter().zip(b).fold(0.0, |m: f64, (x, y)| {
        let d = (x - y).abs() / scale;
        if d.is_nan() { f64::INFINITY } else { m.max(d) }
    })
}

/// Steps of one training, a full batch and a short one in turn, in one arena.
fn follows(module: &Module, at: usize, precision: Precision, engine: bool) -> f64 {
    let of = &module.trainings[at];
    let training = Training::new(module, of, &[], precision).expect("compiled");
    let data = draws(&training, 12, 5);
    let oracle = Oracle::new(&training, of);
    let full = training.step(5).expect("a step");
    let short = training.step(2).expect("a short step");
    let arena = full.program.arena.max(short.program.arena);
    let mut machine = match engine {
        true => Runner::engine(precision, arena, 2),
        false => Runner::plain(precision),
    };
    started(&training, &mut machine, &data.params);
    let mut state = oracle.update.begin(&data.params);
    let mut worst: f64 = 0.0;
    let batches: [&[u32]; 4] = [&[0, 3, 7, 11, 2], &[4, 1], &[5, 6, 8, 9, 10], &[0, 3]];
    for (step, rows) in batches.into_iter().enumerate() {
        let program = if rows.len() == 5 { &full.program } else { &short.program };
        for ((name, slot), (_, symbol)) in training.layout.inputs.iter().zip(&oracle.update.inputs)
        {
            if name == "step" && of.settings.iter().all(|(n, _)| n != "step") {
                machine.set(*slot, &[step as f64]);
                state.values.insert(*symbol, vec![step as f64]);
            }
        }
        machine.run(program, &data.columns, rows, step as u64);
        let (numbers, inputs) = oracle.inputs(&training, &data.columns, rows, Some(step as u64));
        let mut losses = Vec::new();
        let mut gradient = |point: &[f64]| {
            let (loss, slope) = oracle.gradient(point, &numbers, &inputs);
            losses.push(loss);
            Ok((loss, slope))
        };
        oracle.update.step(&mut state, &mut gradient).expect("a step");
        worst = worst.max(apart(&machine.get(training.layout.loss), &losses[..1]));
        let p = &state.values[&oracle.update.p];
        worst = worst.max(apart(&machine.get(training.layout.bundle), p));
        for (home, own) in training.layout.states.iter().zip(&oracle.update.states) {
            worst = worst.max(apart(&machine.get(home.slot), &state.values[&own.symbol]));
        }
    }
    worst
}

#[test]
fn every_example_follows_its_reference() {
    for name in EXAMPLES {
        let module = oracle::example(name);
        assert!(!module.trainings.is_empty(), "{name} trains nothing");
        for at in 0..module.trainings.len() {
            for (precision, most) in [(Precision::F64, 1e-12), (Precision::F32, 1e-4)] {
                for engine in [false, true] {
                    let by = follows(&module, at, precision, engine);
                    let title = &module.trainings[at].name;
                    println!("{name} {title}, {precision:?}, engine {engine}: {by:e}");
                    assert!(by < most, "{name} in {precision:?}, engine {engine}: {by:e}");
                }
            }
        }
    }
}

#[test]
fn every_optimizer_follows_its_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../chainrule/models/iris.eqn");
    let text = std::fs::read_to_string(path).expect("iris");
    let calls = [
        "gd(step = 0.1)",
        "sgd(step = 0.1, decay = 0.9)",
        "momentum(step = 0.1)",
        "nag(step = 0.1)",
        "nesterov(step = 0.1)",
        "adagrad()",
        "rmsprop()",
        "adadelta()",
        "adam()",
        "adamw()",
        "adam() clip norm(0.1)",
        "nag(step = 0.1) clip value(0.01)",
    ];
    for call in calls {
        let module = oracle::read(&text.replace("gd(step = 0.01) ", call));
        let double = [false, true].map(|engine| follows(&module, 0, Precision::F64, engine));
        let double = double[0].max(double[1]);
        println!("{call}: {double:e}");
        assert!(double < 1e-12, "{call}: {double:e}");
    }
}

/// Gradients that only the optimizer reads are not stored; parameters that a gradient reads at other
/// places, or after another's update, are still read before they change.
#[test]
fn penalties_of_large_weights_follow_their_reference() {
    for penalty in ["||W||_F^2", "sum(W .* W^T)", "||W - W^T||_F^2", "sum(W .* U) + ||U||_F^2"] {
        let text = format!(
            "size d = 70, K = 3\nbatch N\n\
             data\n  x : R[d] per N\n  y : label[K] per N\n\
             param\n  W : R[d, d] ~ normal(0, 0.1)\n  U : R[d, d] ~ normal(0, 0.1)\n  \
             V : R[K, d] ~ normal(0, 0.1)\n\
             net\n  z = V tanh(W x + U tanh(x))\n  \
             J = mean[N] cross_entropy(z, y) + 0.01 ({penalty})\n\
             train J by sgd(step = 0.1)\ntrain J by adam()\n"
        );
        let module = oracle::read(&text);
        for at in 0..2 {
            let worst = [false, true].map(|engine| follows(&module, at, Precision::F64, engine));
            let worst = worst[0].max(worst[1]);
            assert!(worst < 1e-11, "{penalty}, training {at}: {worst:e}");
        }
    }
}
