//! What the machine can do at most.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use chainrule_kernels::{Isa, probe};

/// Operations a second of fused multiply-adds in single precision that never leave the registers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Peak {
    /// The instruction set.
    pub isa: Isa,
    /// How many threads.
    pub threads: usize,
    /// 10^9 operations a second, of all threads together.
    pub gflops: f64,
}

/// Bytes a second of `a = b + factor c` with arrays of a size that fits a level of the caches.
#[derive(Clone, PartialEq, Debug)]
pub struct Triad {
    /// `L1`, `L2`, `L3`, `DRAM`.
    pub level: &'static str,
    /// Bytes of the three arrays of a thread.
    pub bytes: usize,
    /// How many threads, each with its own arrays.
    pub threads: usize,
    /// 10^9 bytes a second, of all threads together.
    pub gigabytes: f64,
}

/// Bytes of the three arrays of a thread, for each level.
const LEVELS: [(&str, usize); 4] =
    [("L1", 24 << 10), ("L2", 768 << 10), ("L3", 6 << 20), ("DRAM", 192 << 20)];

/// Repeats, of which the best counts: a limit is what nothing disturbs.
const REPEATS: usize = 7;

/// The best rate of some threads that do the same work: operations of all over the time until the
/// last is done.
fn rate(threads: usize, work: &(dyn Fn(usize) -> f64 + Sync)) -> f64 {
    let barrier = Barrier::new(threads);
    let mut best = 0.0_f64;
    for _ in 0..REPEATS {
        let times = std::thread::scope(|scope| {
            let one = |thread: usize| {
                let barrier = &barrier;
                move || {
                    barrier.wait();
                    let began = Instant::now();
                    let done = work(thread);
                    (began, Instant::now(), done)
                }
            };
            let all: Vec<_> = (0..threads).map(|thread| scope.spawn(one(thread))).collect();
            all.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
        });
        let first = times.iter().map(|t| t.0).min();
        let last = times.iter().map(|t| t.1).max();
        if let Some((first, last)) = first.zip(last) {
            let done: f64 = times.iter().map(|t| t.2).sum();
            best = best.max(done / (last - first).as_secs_f64());
        }
    }
    best
}

/// The peak of an instruction set; `None` if the machine does not have it.
///
/// ```
/// use chainrule::bench::peak;
/// assert!(peak(chainrule::bench::Isa::Portable, 1).is_some_and(|peak| peak.gflops > 0.0));
/// ```
pub fn peak(isa: Isa, threads: usize) -> Option<Peak> {
    let threads = threads.max(1);
    // About 10 ms.
    let began = Instant::now();
    black_box(probe::multiply_add(isa, 100_000)?);
    let turns = (1e-2 / began.elapsed().as_secs_f64().max(1e-6) * 1e5) as usize + 1;
    let work = |_: usize| {
        probe::multiply_add(isa, turns).map_or(0.0, |(done, sum)| {
            black_box(sum);
            done
        })
    };
    Some(Peak { isa, threads, gflops: rate(threads, &work) / 1e9 })
}

/// The bandwidth of each level of the caches and of the memory, counted as 12 bytes an entry.
pub fn triads(threads: usize) -> Vec<Triad> {
    let threads = threads.max(1);
    let mut all = Vec::new();
    for (level, bytes) in LEVELS {
        let len = bytes / 12;
        // About as much work for each level.
        let times = (60_000_000 / bytes).max(1);
        let work = |thread: usize| {
            let fresh = || vec![thread as f32; len];
            let (mut a, b, c) = (fresh(), fresh(), fresh());
            let isa = Isa::best();
            probe::triad(isa, &mut a, [&b, &c], 0.5, 1);
            let began = Instant::now();
            probe::triad(isa, &mut a, [&b, &c], 0.5, times);
            12.0 * (len * times) as f64 / began.elapsed().as_secs_f64()
        };
        // Each thread takes its own time: arrays are made outside of it.
        let gigabytes = sum_of_rates(threads, &work) / 1e9;
        all.push(Triad { level, bytes, threads, gigabytes });
    }
    all
}

/// The best sum of the rates that threads at the same work measure.
fn sum_of_rates(threads: usize, work: &(dyn Fn(usize) -> f64 + Sync)) -> f64 {
    let mut best = 0.0_f64;
    for _ in 0..REPEATS {
        let sum = std::thread::scope(|scope| {
            let all: Vec<_> =
                (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
            all.into_iter().filter_map(|thread| thread.join().ok()).sum::<f64>()
        });
        best = best.max(sum);
    }
    best
}
