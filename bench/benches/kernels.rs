//! Single kernels: `cargo bench --bench kernels -- W5.f1`.

use chainrule::bench::{KERNELS, Kernel};
use chainrule_bench::threads;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn kernels(criterion: &mut Criterion) {
    let threads = threads();
    let mut group = criterion.benchmark_group("kernels");
    for at in 0..KERNELS {
        let Ok(Some(mut kernel)) = Kernel::new(at, threads) else { continue };
        let about = kernel.about().clone();
        // Operations of products and convolutions, bytes of anything else.
        group.throughput(match about.flops {
            flops if flops > 0.0 => Throughput::Elements(flops as u64),
            _ => Throughput::Bytes(about.bytes as u64),
        });
        group.sample_size(if about.flops > 1e9 { 20 } else { 100 });
        group.bench_function(BenchmarkId::new(about.name, threads), |bencher| {
            bencher.iter(|| kernel.run().expect("a run"));
        });
    }
    group.finish();
}

criterion_group!(all, kernels);
criterion_main!(all);
