//! Whole training steps: `cargo bench --bench steps -- W5`.

use chainrule::Trainer;
use chainrule::bench::{Options, Prepared, WORKLOADS};
use chainrule_bench::threads;
use criterion::{Criterion, criterion_group, criterion_main};

/// Rows of the data: enough to shuffle, few to make.
const ROWS: usize = 4096;

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("steps");
    for workload in &WORKLOADS {
        let options = Options { threads: threads(), rows: Some(ROWS), ..Options::default() };
        let made = Prepared::new(workload, &options).expect("a workload");
        let mut settings = made.settings.clone();
        settings.steps = Some(1 << 40);
        let trainer = Trainer::new(&made.model, made.training, made.data.clone(), &settings);
        let mut trainer = trainer.expect("a trainer");
        group.sample_size(10);
        group.bench_function(workload.name.as_ref(), |bencher| {
            bencher.iter(|| trainer.step().expect("a step"));
        });
    }
    group.finish();
}

criterion_group!(all, steps);
criterion_main!(all);
