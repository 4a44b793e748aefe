//! Gathers, noises, calls and functions from outside, against the naive evaluator.

mod common;

use std::sync::Arc;

use chainrule_kernels::program::*;
use chainrule_kernels::{Column, Isa, Run, Values};
use common::build::{Dice, Room, bits, compare, dense, program, start};

#[test]
fn gathers_of_every_type() {
    let mut dice = Dice(1);
    for (width, rows) in [(1, 1), (3, 10), (70, 33), (200, 130)] {
        let count = 50;
        let bytes: Vec<u8> = (0..count * width).map(|_| dice.below(256) as u8).collect();
        let singles: Vec<f32> = (0..count * width).map(|_| dice.number() as f32).collect();
        let doubles: Vec<f64> = (0..count * width).map(|_| dice.number()).collect();
        let scale: Vec<f64> = (0..width).map(|_| dice.number()).collect();
        let chosen: Vec<u32> = (0..rows).map(|_| dice.below(count) as u32).collect();
        let columns = [
            Column { values: Values::U8(&bytes), width, scale: &[1.0 / 255.0], shift: &[] },
            Column { values: Values::F32(&singles), width, scale: &scale, shift: &scale },
            Column { values: Values::F64(&doubles), width, scale: &[], shift: &[0.5] },
        ];
        let run = Run { columns: &columns, rows: &chosen, seed: 0, step: 0 };
        let mut room = Room::default();
        let work = (0..3)
            .map(|column| Work::Gather(Gather { column, width, out: room.take(width * rows).at }))
            .collect::<Vec<_>>();
        for precision in [Precision::F32, Precision::F64] {
            let mut program = program(precision, room.len, work.clone());
            program.rows = rows;
            program.columns = vec![width; 3];
            compare(&program, &vec![0.0; room.len], &run, [1e-7, 1e-15]);
        }
    }
}

fn noise(law: Law, width: usize, rows: usize, out: usize) -> Work {
    Work::Noise(Noise { law, stream: 77, width, rows, out })
}

#[test]
fn noises_follow_their_counters() {
    for (width, rows) in [(1, 1), (4, 64), (7, 65), (30, 128)] {
        for law in [
            Law::Bernoulli(0.0),
            Law::Bernoulli(0.3),
            Law::Bernoulli(1.0),
            Law::Normal(1.0, 2.0),
            Law::Uniform(-1.0, 3.0),
        ] {
            let run = Run { columns: &[], rows: &[], seed: 0x1234_5678_9abc, step: 1 << 33 | 5 };
            let len = width * rows + 8;
            for precision in [Precision::F32, Precision::F64] {
                let program = program(precision, len, vec![noise(law, width, rows, 0)]);
                compare(&program, &vec![0.5; len], &run, [1e-6, 1e-13]);
            }
        }
    }
}

#[test]
fn noises_are_distributed_as_they_say() {
    let (width, rows) = (100, 1000);
    let count = (width * rows) as f64;
    let laws = [
        (Law::Bernoulli(0.3), 0.3, 0.21),
        (Law::Normal(1.0, 2.0), 1.0, 4.0),
        (Law::Uniform(-1.0, 3.0), 1.0, 16.0 / 12.0),
    ];
    for (law, mean, variance) in laws {
        let program = program(Precision::F32, width * rows, vec![noise(law, width, rows, 0)]);
        let run = Run { seed: 9, ..Run::NOTHING };
        let (values, first) = bits(&program, &vec![0.0; width * rows], &run, 2, Isa::best());
        let average = values.iter().sum::<f64>() / count;
        let spread = values.iter().map(|x| (x - average).powi(2)).sum::<f64>() / count;
        assert!((average - mean).abs() < 5.0 * (variance / count).sqrt(), "{law:?} {average}");
        assert!((spread / variance - 1.0).abs() < 0.03, "{law:?} {spread}");
        let other = Run { step: 1, ..run };
        assert_ne!(first, bits(&program, &vec![0.0; width * rows], &other, 2, Isa::best()).1);
    }
}

#[test]
fn functions_of_entries() {
    let mut dice = Dice(2);
    let mut room = Room::default();
    let axes = vec![Axis { extent: 30, folded: false }, Axis { extent: 40, folded: true }];
    let reads =
        vec![dense(&mut dice, &mut room, &axes, &[0, 1]), dense(&mut dice, &mut room, &axes, &[0])];
    let steps = vec![Step::Read(0), Step::Read(1), Step::Foreign(0, vec![0, 1, 0])];
    let writes = vec![
        Write { step: 2, fold: None, to: dense(&mut dice, &mut room, &axes, &[0, 1]) },
        Write { step: 2, fold: Some(Fold::Sum), to: dense(&mut dice, &mut room, &axes, &[0]) },
    ];
    let own = Loop { axes, reads, steps, writes };
    let values = start(&mut dice, room.len);
    for precision in [Precision::F32, Precision::F64] {
        let mut program = program(precision, room.len, vec![Work::Loop(own.clone())]);
        let f = |x: &[f64]| x[0] * x[1] - x[2];
        program.foreign = vec![Foreign::Entry("f".into(), Arc::new(f))];
        compare(&program, &values, &Run::NOTHING, [1e-5, 1e-13]);
    }
}

#[test]
fn functions_of_whole_arrays() {
    let mut room = Room::default();
    let (x, y, out) = (room.take(5 * 12), room.take(3), room.take(5 * 12 + 7));
    let call = Call {
        function: 0,
        riding: vec![5],
        inputs: vec![
            Frame { slot: x, dims: vec![(3, 20), (4, 5)], riding: vec![1] },
            Frame { slot: y, dims: vec![(3, 1)], riding: vec![0] },
        ],
        output: Frame { slot: out, dims: vec![(4, 1), (3, 4)], riding: vec![12] },
    };
    let values = start(&mut Dice(3), room.len);
    // The transposed rows, each times an entry; where the first is negative it does not exist.
    let f = |inputs: &[&[f64]], out: &mut [f64]| {
        for row in 0..3 {
            for col in 0..4 {
                out[col * 3 + row] = inputs[0][row * 4 + col] * inputs[1][row];
            }
        }
        inputs[0][0] >= 0.0
    };
    for precision in [Precision::F32, Precision::F64] {
        let mut program = program(precision, room.len, vec![Work::Call(call.clone())]);
        program.foreign = vec![Foreign::Whole("f".into(), Arc::new(f))];
        compare(&program, &values, &Run::NOTHING, [1e-6, 1e-15]);
    }
}
