//! Times single instructions, as they occur in the training of small networks.
//!
//! `cargo run --release -p chainrule-kernels --example speed [threads [part of a name]]`

#[path = "../tests/common/shape.rs"]
mod shape;

use std::time::Instant;

use chainrule_kernels::program::*;
use chainrule_kernels::{Column, Engine, Run, Threads, Values};
use shape::{lane, product};

/// Places as the compiler gives them: each begins a line of the cache.
#[derive(Default)]
struct Room(usize);

impl Room {
    fn take(&mut self, len: usize) -> Slot {
        let at = self.0;
        self.0 = (at + len).next_multiple_of(16);
        Slot { at, len }
    }
}

/// A product of matrices.
fn matrices((m, n, k): (usize, usize, usize), left: bool, right: bool) -> (Work, usize) {
    let mut room = Room::default();
    let slots = [m * k, k * n, m * n].map(|len| room.take(len));
    (Work::Contract(product(slots, (m, n, k), left, right)), room.0)
}

/// A 3 by 3 convolution with the batch last: forward, or the gradient of its weights.
fn convolution(from: usize, to: usize, size: usize, batch: usize, weights: bool) -> (Work, usize) {
    let out = size - 2;
    let (s, o, b) = (size as isize, out as isize, batch as isize);
    let mut room = Room::default();
    let image = room.take(from * size * size * batch);
    let kernel = room.take(to * from * 9);
    let result = room.take(to * out * out * batch);
    let contract = if weights {
        Contract {
            batch: vec![],
            m: vec![lane(to, o * o * b, 0, 9 * from as isize)],
            n: vec![lane(from, 0, s * s * b, 9), lane(3, 0, s * b, 3), lane(3, 0, b, 1)],
            k: vec![lane(out, o * b, s * b, 0), lane(out, b, b, 0), lane(batch, 1, 1, 0)],
            scale: 1.0,
            a: (result, result.at),
            b: (image, image.at),
            c: (kernel, kernel.at),
        }
    } else {
        Contract {
            batch: vec![],
            m: vec![lane(to, 9 * from as isize, 0, o * o * b)],
            n: vec![lane(out, 0, s * b, o * b), lane(out, 0, b, b), lane(batch, 0, 1, 1)],
            k: vec![lane(from, 9, s * s * b, 0), lane(3, 3, s * b, 0), lane(3, 1, b, 0)],
            scale: 1.0,
            a: (kernel, kernel.at),
            b: (image, image.at),
            c: (result, result.at),
        }
    };
    (Work::Contract(contract), room.0)
}

fn access(slot: Slot, strides: &[isize]) -> Access {
    let at = Affine { constant: slot.at as isize, strides: strides.to_vec() };
    Access { slot, at, guards: vec![], label: None }
}

fn kept(extent: usize) -> Axis {
    Axis { extent, folded: false }
}

/// The update of adadelta, in place.
fn adadelta(len: usize) -> (Work, usize) {
    let mut room = Room::default();
    let slots: Vec<Slot> = (0..4).map(|_| room.take(len)).collect();
    let reads: Vec<Access> = slots.iter().map(|&slot| access(slot, &[1])).collect();
    let b = |function, x, y| Step::Binary(function, x, y);
    use Function::{Add, Div, Mul, Sqrt, Sub};
    let steps = vec![
        Step::Read(0),
        Step::Read(1),
        Step::Read(2),
        Step::Read(3),
        Step::Number(0.9),
        Step::Number(0.1),
        Step::Number(1e-6),
        b(Mul, 4, 1),
        b(Mul, 3, 3),
        b(Mul, 5, 8),
        b(Add, 7, 9),
        b(Add, 2, 6),
        b(Add, 10, 6),
        Step::Unary(Sqrt, 11),
        Step::Unary(Sqrt, 12),
        b(Div, 13, 14),
        b(Mul, 15, 3),
        b(Mul, 4, 2),
        b(Mul, 16, 16),
        b(Mul, 5, 18),
        b(Add, 17, 19),
        b(Sub, 0, 16),
    ];
    let writes = [(21, 0), (10, 1), (20, 2)].map(|(step, at): (usize, usize)| Write {
        step,
        fold: None,
        to: reads[at].clone(),
    });
    let axes = vec![kept(len)];
    (Work::Loop(Loop { axes, reads, steps, writes: writes.to_vec() }), room.0)
}

/// One function of one array, or its sum over the last axis.
fn simple(function: Function, outer: usize, len: usize, fold: bool) -> (Work, usize) {
    let mut room = Room::default();
    let reads = vec![access(room.take(outer * len), &[len as isize, 1])];
    let axes = vec![kept(outer), Axis { extent: len, folded: fold }];
    let to = if fold { access(room.take(outer), &[1, 0]) } else { reads[0].clone() };
    let steps = vec![Step::Read(0), Step::Unary(function, 0)];
    let writes = vec![Write { step: 1, fold: fold.then_some(Fold::Sum), to }];
    (Work::Loop(Loop { axes, reads, steps, writes }), room.0)
}

/// Where the maximum of each 2 by 2 window stands, or the maximum itself.
fn pool(channels: usize, out: usize, batch: usize, select: bool) -> (Work, usize) {
    let size = 2 * out;
    let (s, o, b) = (size as isize, out as isize, batch as isize);
    let mut room = Room::default();
    let folded = Axis { extent: 2, folded: true };
    let axes = vec![kept(channels), kept(out), kept(out), folded, folded, kept(batch)];
    let strides = [s * s * b, 2 * s * b, 2 * b, s * b, b, 1];
    let read = access(room.take(channels * size * size * batch), &strides);
    if select {
        let to = access(room.take(channels * size * size * batch), &strides);
        return (Work::Select(Select { fold: Fold::Max, axes, read, to }), room.0);
    }
    let to = access(room.take(channels * out * out * batch), &[o * o * b, o * b, b, 0, 0, 1]);
    let writes = vec![Write { step: 0, fold: Some(Fold::Max), to }];
    (Work::Loop(Loop { axes, reads: vec![read], steps: vec![Step::Read(0)], writes }), room.0)
}

fn noise(width: usize, rows: usize) -> (Work, usize) {
    let law = Law::Bernoulli(0.8);
    (Work::Noise(Noise { law, stream: 1, width, rows, out: 0 }), width * rows)
}

fn time(name: &str, (work, arena): (Work, usize), flops: f64, threads: usize) {
    time_run(name, (work, arena, 0, vec![]), flops, threads, &Run::NOTHING);
}

/// Rows of data, in a random order.
fn gather(name: &str, width: usize, bytes: bool, threads: usize) {
    let (count, rows) = (10_000, 128);
    let raw: Vec<u8> = (0..count * width).map(|at| (at * 7 % 251) as u8).collect();
    let floats: Vec<f32> = raw.iter().map(|&x| f32::from(x)).collect();
    let values = if bytes { Values::U8(&raw) } else { Values::F32(&floats) };
    let columns = [Column { values, width, scale: &[0.003], shift: &[] }];
    let rows: Vec<u32> = (0..rows).map(|at| at * 7919 % count as u32).collect();
    let run = Run { columns: &columns, rows: &rows, seed: 1, step: 1 };
    let work = Work::Gather(Gather { column: 0, width, out: 0 });
    let arena = width * rows.len();
    time_run(name, (work, arena, rows.len(), vec![width]), arena as f64, threads, &run);
}

/// An instruction, the size of its arena, its rows and its columns.
type Setting = (Work, usize, usize, Vec<usize>);

fn time_run(
    name: &str,
    (work, arena, rows, columns): Setting,
    flops: f64,
    threads: usize,
    run: &Run<'_>,
) {
    // Only what the second argument names.
    if std::env::args().nth(2).is_some_and(|part| !name.contains(&part)) {
        return;
    }
    let instruction = Instruction { name: name.into(), origin: 0, work };
    let program = Program {
        precision: Precision::F32,
        arena,
        rows,
        columns,
        exact: false,
        instructions: vec![instruction],
        foreign: vec![],
    };
    let threads = Threads { count: threads, least: 20_000 };
    let mut engine = Engine::new(Precision::F32, arena, threads).expect("memory");
    let loaded = engine.load(program).expect("a right program");
    let values: Vec<f64> = (0..arena).map(|at| (at * 7 % 13) as f64 / 13.0).collect();
    engine.set(Slot { at: 0, len: arena }, &values);
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        engine.run(loaded, run).expect("a run");
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name:24} {:9.1} us {:8.1} GFLOP/s", best * 1e6, flops / best / 1e9);
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(2);
    let products = [
        ("mlp f1", (512, 128, 784), false, false),
        ("mlp f2", (512, 128, 512), false, false),
        ("mlp f3", (10, 128, 512), false, false),
        ("mlp dx3", (512, 128, 10), true, false),
        ("mlp dx2", (512, 128, 512), true, false),
        ("mlp dw1", (512, 784, 128), false, true),
        ("mlp dw2", (512, 512, 128), false, true),
        ("mlp dw3", (10, 512, 128), false, true),
        ("convnet fc", (128, 128, 9216), false, false),
        ("convnet fc dx", (9216, 128, 128), true, false),
        ("convnet fc dw", (128, 9216, 128), false, true),
        ("cifar2 f1", (500, 300, 3072), false, false),
        ("cifar2 dw1", (500, 3072, 300), false, true),
        ("deep f", (500, 300, 500), false, false),
        ("deep dx", (500, 300, 500), true, false),
        ("deep dw", (500, 500, 300), false, true),
        ("mlp f1, 32 rows", (512, 32, 784), false, false),
        ("mlp dx2, 32 rows", (512, 32, 512), true, false),
        ("mlp dw1, 32 rows", (512, 784, 32), false, true),
        ("mlp f1, 1024 rows", (512, 1024, 784), false, false),
        ("mlp dx2, 1024 rows", (512, 1024, 512), true, false),
        ("mlp dw1, 1024 rows", (512, 784, 1024), false, true),
        ("softmax f", (10, 128, 784), false, false),
        ("softmax dw", (10, 784, 128), false, true),
        ("square", (1024, 1024, 1024), false, false),
        ("one row", (512, 1, 784), false, false),
    ];
    for (name, sizes, left, right) in products {
        let flops = 2.0 * (sizes.0 * sizes.1 * sizes.2) as f64;
        time(name, matrices(sizes, left, right), flops, threads);
    }
    let batch = 128;
    let conv = |from: usize, to: usize, size: usize| {
        2.0 * (9 * from * to * (size - 2) * (size - 2) * batch) as f64
    };
    time("conv1", convolution(1, 32, 28, batch, false), conv(1, 32, 28), threads);
    time("conv1 dw", convolution(1, 32, 28, batch, true), conv(1, 32, 28), threads);
    time("conv2", convolution(32, 64, 26, batch, false), conv(32, 64, 26), threads);
    time("conv2 dw", convolution(32, 64, 26, batch, true), conv(32, 64, 26), threads);
    time("conv2 dx", convolution(64, 32, 28, batch, false), conv(64, 32, 28), threads);
    time("adadelta 670k", adadelta(670_000), 670_000.0 * 15.0, threads);
    for function in
        [Function::Relu, Function::Exp, Function::Tanh, Function::Softplus, Function::Log]
    {
        time(
            &format!("{function:?} 512x128"),
            simple(function, 512, 128, false),
            65_536.0,
            threads,
        );
    }
    let points = (64 * 576 * 128) as f64;
    time("Relu 64x24x24x128", simple(Function::Relu, 64, 576 * 128, false), points, threads);
    time("sum 64 of 73728", simple(Function::Identity, 64, 576 * 128, true), points, threads);
    time("sum 512 of 128", simple(Function::Identity, 512, 128, true), 65_536.0, threads);
    time("Tanh 100000x3", simple(Function::Tanh, 100_000, 3, false), 3e5, threads);
    time("sum 100000 of 3", simple(Function::Identity, 100_000, 3, true), 3e5, threads);
    time("max pool", pool(64, 12, batch, false), points, threads);
    time("max pool, where", pool(64, 12, batch, true), points, threads);
    gather("gather 784 bytes", 784, true, threads);
    gather("gather 3072 f32", 3072, false, threads);
    time("mask 512x128", noise(512, 128), 65_536.0, threads);
    time("mask 9216x128", noise(9216, 128), 9216.0 * 128.0, threads);
}
