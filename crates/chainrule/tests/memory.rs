//! Steps and repeated predictions take no memory: the allocator counts.

mod common;

use std::alloc::System;

use chainrule::train::{Batch, Numbers, Precision, Predictor, TrainSettings, Trainer};
use common::samples::sample;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often memory was asked for.
fn taken() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

// One test: another thread of the test program would be counted too.
#[test]
fn steps_take_no_memory() {
    for (name, training, batch) in [
        ("iris", 0, None),
        ("iris", 1, None),
        ("circles", 7, Some(10)),
        ("digits", 1, Some(32)),
        ("softreg", 0, Some(32)),
        ("mlp", 0, Some(32)),
        ("cifar2", 0, Some(40)),
        ("convnet", 0, Some(16)),
    ] {
        for (precision, threads) in [(Precision::F32, 1), (Precision::F64, 3)] {
            if name == "convnet" && threads > 1 {
                continue;
            }
            let (model, data) = sample(name);
            let own = TrainSettings {
                batch: batch.map(Batch::Rows),
                epochs: Some(1000),
                precision,
                threads,
                force_parallel: true,
                ..TrainSettings::default()
            };
            let which = model.trainings()[training];
            let mut trainer = Trainer::new(&model, which, data, &own).expect("a trainer");
            trainer.step().expect("the first step");
            let before = taken();
            // Through the end of an epoch and its short step.
            for _ in 0..trainer.facts().epoch_steps + 3 {
                trainer.step().expect("a step");
            }
            assert_eq!(taken() - before, 0, "{name}, {precision:?}, {threads} threads");
        }
    }
    predictions_take_no_memory();
}

fn predictions_take_no_memory() {
    let (model, data) = sample("softreg");
    let settings = TrainSettings { threads: 2, ..TrainSettings::default() };
    let trainer = Trainer::new(&model, model.trainings()[0], data, &settings).expect("a trainer");
    let mut predictor = Predictor::new(trainer.network(), 2).expect("a predictor");
    for rows in [1, 20, 600] {
        let raw: Vec<f32> = (0..rows * 784).map(|at| (at % 256) as f32).collect();
        let mut out = vec![0.0; rows * 10];
        let mut once = || predictor.predict_into(&[("x", Numbers::F32(&raw))], &mut out);
        once().expect("a prediction");
        let before = taken();
        (0..3).for_each(|_| once().expect("a prediction"));
        assert_eq!(taken() - before, 0, "{rows} rows");
    }
}
