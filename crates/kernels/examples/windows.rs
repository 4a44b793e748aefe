//! Times 3 by 3 convolutions and their gradients: as sums of products, and with fewer
//! multiplications.
//!
//! `cargo run --release -p chainrule-kernels --example windows [threads]`

use std::time::Instant;

use chainrule_kernels::program::*;
use chainrule_kernels::{Engine, Run, Threads};

fn lane(extent: usize, a: isize, b: isize, c: isize) -> Lane {
    Lane { extent, a, b, c }
}

/// A convolution of square images with the batch last.
#[derive(Clone, Copy)]
struct Shape {
    from: usize,
    to: usize,
    /// The plane's side; the image has two more.
    size: usize,
    batch: usize,
}

impl Shape {
    fn flops(self) -> f64 {
        2.0 * (9 * self.from * self.to * self.size * self.size * self.batch) as f64
    }

    /// The plane, or the gradient of the weights.
    fn contract(self, weights: bool) -> (Contract, usize) {
        let Shape { from, to, size, batch } = self;
        let (o, b, c) = (size as isize, batch as isize, from as isize);
        let s = o + 2;
        let mut end = 0;
        let mut take = |len: usize| {
            let at = end;
            end = (at + len).next_multiple_of(16);
            Slot { at, len }
        };
        let image = take(from * (size + 2) * (size + 2) * batch);
        let kernel = take(to * from * 9);
        let plane = take(to * size * size * batch);
        let contract = if weights {
            Contract {
                batch: vec![],
                m: vec![lane(to, o * o * b, 0, 9 * c)],
                n: vec![lane(from, 0, s * s * b, 9), lane(3, 0, s * b, 3), lane(3, 0, b, 1)],
                k: vec![lane(size, o * b, s * b, 0), lane(size * batch, 1, 1, 0)],
                scale: 1.0,
                a: (plane, plane.at),
                b: (image, image.at),
                c: (kernel, kernel.at),
            }
        } else {
            Contract {
                batch: vec![],
                m: vec![lane(to, 9 * c, 0, o * o * b)],
                n: vec![lane(size, 0, s * b, o * b), lane(size * batch, 0, 1, 1)],
                k: vec![lane(from, 9, s * s * b, 0), lane(3, 3, s * b, 0), lane(3, 1, b, 0)],
                scale: 1.0,
                a: (kernel, kernel.at),
                b: (image, image.at),
                c: (plane, plane.at),
            }
        };
        (contract, end)
    }
}

/// Seconds of a run, the median of some.
fn time(shape: Shape, weights: bool, exact: bool, threads: usize) -> f64 {
    let (contract, arena) = shape.contract(weights);
    let instruction = Instruction { name: "".into(), origin: 0, work: Work::Contract(contract) };
    let program = Program {
        precision: Precision::F32,
        arena,
        rows: 0,
        columns: vec![],
        exact,
        instructions: vec![instruction],
        foreign: vec![],
    };
    let threads = Threads { count: threads, least: 20_000 };
    let mut engine = Engine::new(Precision::F32, arena, threads).expect("memory");
    let loaded = engine.load(program).expect("a right program");
    let values: Vec<f64> = (0..arena).map(|at| (at * 7 % 13) as f64 / 13.0).collect();
    engine.set(Slot { at: 0, len: arena }, &values);
    let mut all: Vec<f64> = (0..15)
        .map(|_| {
            let start = Instant::now();
            engine.run(loaded, &Run::NOTHING).expect("a run");
            start.elapsed().as_secs_f64()
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2);
    println!("{threads} threads: sum of products, ours where it pays (GFLOP/s as if direct)");
    let shape = |from, to, size, batch| Shape { from, to, size, batch };
    for (name, shape, weights) in [
        ("conv1", shape(1, 32, 26, 128), false),
        ("conv1 dw", shape(1, 32, 26, 128), true),
        ("conv2", shape(32, 64, 24, 128), false),
        ("conv2 dw", shape(32, 64, 24, 128), true),
        ("conv2 dx", shape(64, 32, 26, 128), false),
        ("64-128 of 12", shape(64, 128, 12, 128), false),
        ("64-128 of 12 dw", shape(64, 128, 12, 128), true),
        ("8-16 of 28, 32 rows", shape(8, 16, 28, 32), false),
        ("8-16 of 28, 32 dw", shape(8, 16, 28, 32), true),
        ("256-256 of 8, 64 rows", shape(256, 256, 8, 64), false),
        ("256-256 of 8, 64 dw", shape(256, 256, 8, 64), true),
    ] {
        let of = |exact| time(shape, weights, exact, threads);
        let (direct, ours) = (of(true), of(false));
        let rate = |seconds: f64| shape.flops() / seconds / 1e9;
        println!(
            "{name:22} {:9.1} us {:6.1}   {:9.1} us {:6.1}   {:5.2}",
            direct * 1e6,
            rate(direct),
            ours * 1e6,
            rate(ours),
            direct / ours
        );
    }
}
