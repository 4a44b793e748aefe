//! Optimizers as phases against their recurrences, written out by hand from the papers.

#[path = "update/iris.rs"]
mod iris;
#[path = "update/phases.rs"]
mod phases;
#[path = "update/recurrences.rs"]
mod recurrences;

use chainrule_graph::update::{Update, update};
use chainrule_graph::{Module, read};
use recurrences::{CASES, Gradient, by_hand};

const STEPS: usize = 20;

/// The model of a text.
fn module(text: &str) -> Module {
    let reading = read(text);
    assert!(reading.is_ok(), "{text}\n{:?}", reading.diagnostics);
    reading.modules[0].clone()
}

/// The parameters after each step.
fn by_phases(update: &Update, start: &[f64], gradient: Gradient<'_>) -> Vec<Vec<f64>> {
    let mut state = update.begin(start);
    let mut path = Vec::new();
    for step in 0..STEPS {
        for (name, count) in [("step", step), ("epoch", step / 4), ("steps", 20), ("epochs", 5)] {
            let counted = update.inputs.iter().zip(&update.given).find(|((n, _), _)| n == name);
            // A setting hides its count.
            if let Some(((_, symbol), given)) = counted
                && *given == 0.0
            {
                state.values.insert(*symbol, vec![count as f64]);
            }
        }
        let mut both = |at: &[f64]| Ok(gradient(at));
        update.step(&mut state, &mut both).unwrap();
        path.push(state.values[&update.p].clone());
    }
    path
}

/// The largest difference of two paths, by the size of the values.
fn apart(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    assert_eq!(a.len(), b.len());
    let all = a.iter().flatten().zip(b.iter().flatten());
    all.map(|(x, y)| (x - y).abs() / y.abs().max(1e-3)).fold(0.0, f64::max)
}

/// `1/2 sum_i c_i (w_i - m_i)^2`
fn bowl(at: &[f64]) -> (f64, Vec<f64>) {
    let curved = |i: usize| 0.5 + 0.75 * i as f64;
    let off = |i: usize| at[i] - 0.25 * i as f64;
    let loss = (0..at.len()).map(|i| 0.5 * curved(i) * off(i) * off(i)).sum();
    (loss, (0..at.len()).map(|i| curved(i) * off(i)).collect())
}

fn quadratic(train: &str, own: &str) -> Update {
    let text = format!("param w : R[5] = 1\nnet J = 1/2 sum(w .^ 2)\n{own}\ntrain J by {train}\n");
    let module = module(&text);
    update(&module, &module.trainings[0]).unwrap()
}

const START: [f64; 5] = [1.0, -2.0, 0.5, 3.0, -0.25];

#[test]
fn every_standard_optimizer_follows_its_paper() {
    let (standard, _) = chainrule_graph::standard_optimizers();
    for optimizer in &standard.optimizers {
        let tested =
            CASES.iter().any(|(call, ..)| call.starts_with(&format!("{}(", optimizer.name)));
        assert!(tested, "no recurrence for {}", optimizer.name);
    }
    for (call, hand) in CASES {
        let found = by_phases(&quadratic(&format!("{call} epochs 5"), ""), &START, &bowl);
        let wanted = by_hand(*hand, &START, &bowl, STEPS);
        let error = apart(&found, &wanted);
        assert!(error < 1e-12, "{call}: {error:e}\n{found:?}\n{wanted:?}");
        assert!(apart(&found[..1], &[START.to_vec()]) > 1e-6, "{call} moves");
    }
}

/// Names are no matter: a copy of every optimizer gives the same bits.
#[test]
fn a_copy_under_another_name_gives_the_same_bits() {
    let text = include_str!("../src/std/optimizers.eqn");
    for (call, _) in CASES {
        let name = call.split('(').next().unwrap();
        let begin = text.find(&format!("optimizer {name}(")).unwrap();
        let block = text[begin..].split("\n\n").next().unwrap();
        let own = block.replace(&format!("optimizer {name}("), "optimizer my_own(");
        let train = format!("my_own{} epochs 5", &call[name.len()..]);
        let copy = by_phases(&quadratic(&train, &own), &START, &bowl);
        let standard = by_phases(&quadratic(&format!("{call} epochs 5"), ""), &START, &bowl);
        assert_eq!(copy, standard, "{call}");
    }
}

#[test]
fn clipping_bounds_the_whole_gradient_or_each_entry() {
    let norm = |at: &[f64]| {
        let (loss, g) = bowl(at);
        let length = g.iter().map(|x| x * x).sum::<f64>().sqrt();
        let factor = if length > 0.5 { 0.5 / length } else { 1.0 };
        (loss, g.iter().map(|x| factor * x).collect())
    };
    let value = |at: &[f64]| {
        let (loss, g) = bowl(at);
        (loss, g.iter().map(|x| x.clamp(-0.3, 0.3)).collect())
    };
    for (call, hand) in CASES {
        for (rule, within) in [("norm(0.5)", &norm as Gradient<'_>), ("value(0.3)", &value)] {
            let update = quadratic(&format!("{call} clip {rule} epochs 5"), "");
            let found = by_phases(&update, &START, &bowl);
            let error = apart(&found, &by_hand(*hand, &START, within, STEPS));
            // Adam divides by 1 - beta^t, of which the first digits go.
            assert!(error < 1e-10, "{call} clip {rule}: {error:e}");
        }
    }
    // A gradient of 0 has no direction: it stays 0.
    let update = quadratic("gd(step = 0.1) clip norm(1) epochs 5", "");
    let path = by_phases(&update, &[1.0, 2.0], &|at| (0.0, vec![0.0; at.len()]));
    assert_eq!(path[STEPS - 1], [1.0, 2.0]);
}
