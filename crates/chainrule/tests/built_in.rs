//! Every built-in example that trains: it learns, and its bits depend on nothing but file, seed and
//! data.

mod common;

use std::sync::Arc;

use chainrule::train::{Batch, TrainSettings, Trainer};
use common::samples::sample;

/// Each example with the steps that its first training takes here.
const EXAMPLES: [(&str, TrainSettingsOf); 7] = [
    ("iris", TrainSettingsOf { training: 1, batch: None, epochs: 350 }),
    ("digits", TrainSettingsOf { training: 1, batch: Some(32), epochs: 3 }),
    ("circles", TrainSettingsOf { training: 7, batch: None, epochs: 100 }),
    ("softreg", TrainSettingsOf { training: 0, batch: Some(32), epochs: 5 }),
    ("mlp", TrainSettingsOf { training: 0, batch: Some(32), epochs: 5 }),
    ("convnet", TrainSettingsOf { training: 0, batch: Some(24), epochs: 4 }),
    ("cifar2", TrainSettingsOf { training: 0, batch: Some(30), epochs: 10 }),
];

#[derive(Clone, Copy)]
struct TrainSettingsOf {
    training: usize,
    batch: Option<u64>,
    epochs: u64,
}

fn settings(of: TrainSettingsOf) -> TrainSettings {
    TrainSettings {
        batch: of.batch.map(Batch::Rows),
        epochs: Some(of.epochs),
        ..TrainSettings::default()
    }
}

fn learns(name: &str) {
    let (_, of) = EXAMPLES.into_iter().find(|(n, _)| *n == name).expect("an example");
    let (model, data) = sample(name);
    let which = model.trainings()[of.training];
    let mut trainer = Trainer::new(&model, which, data, &settings(of)).expect("a trainer");
    trainer.run(&mut |_| {}).expect("it trains");
    let done = trainer.finish().expect("the end");
    let part = done.summary.scores.last().expect("a part");
    let classes = match name {
        "iris" => 3.0,
        "circles" => 2.0,
        _ => 10.0,
    };
    // A third of the errors of guessing, on rows it has not seen.
    let most = (1.0 - 1.0 / classes) / 3.0;
    let errors = 1.0 - part.get("accuracy").expect("an accuracy");
    assert!(part.part != "train" && errors <= most, "{name}: {errors} of {}", part.part);
}

#[test]
fn iris_learns() {
    learns("iris");
}

#[test]
fn digits_learns() {
    learns("digits");
}

#[test]
fn circles_learns() {
    learns("circles");
}

#[test]
fn softreg_learns() {
    learns("softreg");
}

#[test]
fn mlp_learns() {
    learns("mlp");
}

#[test]
fn convnet_learns() {
    learns("convnet");
}

#[test]
fn cifar2_learns() {
    learns("cifar2");
}

/// Parameters after a few steps, the last of them short.
fn bits(name: &str, of: TrainSettingsOf, threads: usize, seed: u64) -> String {
    let (model, data) = sample(name);
    let steps = if name == "convnet" { 2 } else { 5 };
    let rows = data.parts[0].rows.len() as u64;
    let own = TrainSettings {
        // One full step and a short one an epoch.
        batch: Some(Batch::Rows(if name == "convnet" { 8 } else { rows * 2 / 3 })),
        steps: Some(steps),
        epochs: Some(steps),
        seed: Some(seed),
        threads,
        force_parallel: true,
        ..settings(of)
    };
    let which = model.trainings()[of.training];
    let mut trainer = Trainer::new(&model, which, Arc::clone(&data), &own).expect("a trainer");
    for _ in 0..steps {
        trainer.step().expect("a step");
    }
    trainer.parameters_sha256()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for (name, of) in EXAMPLES {
        let one = bits(name, of, 1, 1);
        for threads in [2, 3, 5, 8] {
            assert_eq!(bits(name, of, threads, 1), one, "{name}, {threads} threads");
        }
        assert_ne!(bits(name, of, 2, 2), one, "{name}: another seed");
    }
}
