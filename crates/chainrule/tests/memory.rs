//! Steps take no memory: the allocator counts.

mod common;

use std::alloc::System;

use chainrule::train::{Batch, Precision, TrainSettings, Trainer};
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
}
