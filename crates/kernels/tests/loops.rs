//! Loops, scatters and selections over random spaces, against the naive evaluator.

mod common;

use chainrule_kernels::program::*;
use chainrule_kernels::{Engine, Run, Threads};
use common::build::{Dice, Room, compare, dense, program, start, window};

const SMOOTH: [Function; 9] = [
    Function::Neg,
    Function::Tanh,
    Function::Sigmoid,
    Function::Softplus,
    Function::Sin,
    Function::Cos,
    Function::Relu,
    Function::Abs,
    Function::Identity,
];
const JUMPS: [Function; 8] = [
    Function::Less,
    Function::LessEqual,
    Function::Greater,
    Function::GreaterEqual,
    Function::Equal,
    Function::NotEqual,
    Function::And,
    Function::Or,
];
const MIXES: [Function; 5] =
    [Function::Add, Function::Sub, Function::Mul, Function::Max, Function::Min];

fn axes(dice: &mut Dice, folded: bool) -> Vec<Axis> {
    let count = dice.below(5);
    let mut points = 1;
    let mut all = Vec::new();
    for _ in 0..count {
        let mut extent = dice.pick(&[1, 2, 3, 4, 5, 7, 10, 16, 33, 130, 600]);
        if points * extent > 6000 {
            extent = dice.pick(&[1, 2]);
        }
        points *= extent;
        all.push(Axis { extent, folded: folded && dice.chance(50) });
    }
    all
}

/// Steps over the reads; a labelled read comes last.
fn steps(dice: &mut Dice, axes: &[Axis], reads: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = (0..reads).map(Step::Read).collect();
    steps.push(Step::Number(dice.number()));
    let strides = axes.iter().map(|_| dice.below(3) as isize - 1).collect();
    if dice.chance(30) {
        steps.push(Step::Index(Affine { constant: 2, strides }));
        let index = steps.len() - 1;
        steps.push(Step::Number(0.01));
        steps.push(Step::Binary(Function::Mul, index, index + 1));
    }
    let plain = reads + 1;
    for _ in 0..dice.below(7) {
        let count = steps.len();
        let step = match dice.below(10) {
            0..4 => Step::Unary(dice.pick(&SMOOTH), dice.below(count)),
            4 => Step::Unary(dice.pick(&[Function::Not, Function::Sign]), dice.below(plain)),
            5 => Step::Binary(dice.pick(&JUMPS), dice.below(plain), dice.below(plain)),
            _ => Step::Binary(dice.pick(&MIXES), dice.below(count), dice.below(count)),
        };
        steps.push(step);
    }
    steps
}

fn reads(dice: &mut Dice, room: &mut Room, axes: &[Axis]) -> Vec<Access> {
    let mut all = Vec::new();
    for _ in 0..1 + dice.below(4) {
        let mut used: Vec<usize> = (0..axes.len()).collect();
        used.retain(|_| dice.chance(75));
        let windowed = !axes.is_empty() && dice.chance(25);
        all.push(if windowed { window(dice, room, axes) } else { dense(dice, room, axes, &used) });
    }
    all
}

fn random_loop(dice: &mut Dice, room: &mut Room) -> Loop {
    let folds = dice.chance(60);
    let axes = axes(dice, folds);
    let mut reads = reads(dice, room, &axes);
    let mut steps = steps(dice, &axes, reads.len());
    if dice.chance(20) {
        // A label: an entry along a new dim is chosen by floor(|x|), sometimes outside.
        let used: Vec<usize> = (0..axes.len()).collect();
        let mut access = dense(dice, room, &axes, &used);
        let extent = 3;
        let size = access.slot.len;
        access.slot = Slot { at: access.slot.at, len: extent * size };
        room.take((extent - 1) * size + 8);
        steps.push(Step::Number(0.7));
        let limit = steps.len() - 1;
        steps.push(Step::Binary(Function::Less, dice.below(reads.len()), limit));
        steps.push(Step::Binary(Function::Add, limit + 1, limit + 1));
        access.label = Some(Label { step: limit + 2, stride: size as isize, extent });
        if dice.chance(20) {
            access.label = Some(Label { step: limit, stride: size as isize, extent });
        }
        reads.push(access);
        steps.push(Step::Read(reads.len() - 1));
    }
    let mut writes = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let step = if dice.chance(60) { steps.len() - 1 } else { dice.below(steps.len()) };
        let fold = folds && dice.chance(70);
        let used: Vec<usize> =
            (0..axes.len()).filter(|&axis| !(fold && axes[axis].folded)).collect();
        let kinds = [Fold::Sum, Fold::Sum, Fold::Max, Fold::Min];
        let fold = fold.then(|| dice.pick(&kinds));
        writes.push(Write { step, fold, to: dense(dice, room, &axes, &used) });
    }
    if dice.chance(30) {
        // In place of a read that has an entry for each point.
        let used: Vec<usize> = (0..axes.len()).collect();
        let access = dense(dice, room, &axes, &used);
        reads.push(access.clone());
        steps.push(Step::Read(reads.len() - 1));
        let last = steps.len() - 1;
        steps.push(Step::Binary(Function::Sub, last, dice.below(last)));
        writes.push(Write { step: last + 1, fold: None, to: access });
        if dice.chance(50) {
            // The old value goes elsewhere.
            writes.push(Write { step: last, fold: None, to: dense(dice, room, &axes, &used) });
        }
    }
    Loop { axes, reads, steps, writes }
}

#[test]
fn random_loops() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let mut room = Room::default();
        let own = random_loop(&mut dice, &mut room);
        let values = start(&mut dice, room.len);
        for precision in [Precision::F32, Precision::F64] {
            let program = program(precision, room.len, vec![Work::Loop(own.clone())]);
            compare(&program, &values, &Run::NOTHING, [2e-5, 1e-12]);
        }
    }
}

#[test]
fn every_function() {
    let unary = [
        Function::Exp,
        Function::Log,
        Function::Sqrt,
        Function::Tan,
        Function::Sin,
        Function::Softplus,
        Function::Sign,
        Function::Relu,
    ];
    for extent in [1, 5, 700] {
        let axes = vec![Axis { extent, folded: false }];
        let mut room = Room::default();
        let access = |slot: Slot| Access {
            slot,
            at: Affine { constant: slot.at as isize, strides: vec![1] },
            guards: vec![],
            label: None,
        };
        let reads = vec![access(room.take(extent)), access(room.take(extent))];
        let mut steps = vec![Step::Read(0), Step::Read(1), Step::Unary(Function::Abs, 0)];
        steps.extend(unary.map(|function| Step::Unary(function, 2)));
        steps.push(Step::Binary(Function::Pow, 2, 1));
        steps.push(Step::Binary(Function::Div, 1, 2));
        let writes = (3..steps.len())
            .map(|step| Write { step, fold: None, to: access(room.take(extent)) })
            .collect();
        let own = Loop { axes, reads, steps, writes };
        let values = start(&mut Dice(1), room.len);
        for precision in [Precision::F32, Precision::F64] {
            let program = program(precision, room.len, vec![Work::Loop(own.clone())]);
            compare(&program, &values, &Run::NOTHING, [1e-6, 1e-14]);
        }
    }
}

#[test]
fn large_folds_are_cut_in_parts() {
    for extents in
        [vec![70_000], vec![3, 40_000], vec![40_000, 3], vec![300, 2, 200], vec![9, 9, 900]]
    {
        for folded in 0..1usize << extents.len() {
            let axes: Vec<Axis> = extents
                .iter()
                .enumerate()
                .map(|(at, &extent)| Axis { extent, folded: folded >> at & 1 == 1 })
                .collect();
            let mut dice = Dice(folded as u64);
            let mut room = Room::default();
            let all: Vec<usize> = (0..axes.len()).collect();
            let kept: Vec<usize> = all.iter().copied().filter(|&axis| !axes[axis].folded).collect();
            let reads = vec![dense(&mut dice, &mut room, &axes, &all)];
            let write = |fold, dice: &mut Dice, room: &mut Room| Write {
                step: 0,
                fold: Some(fold),
                to: dense(dice, room, &axes, &kept),
            };
            let writes = vec![
                write(Fold::Sum, &mut dice, &mut room),
                write(Fold::Max, &mut dice, &mut room),
            ];
            let own = Loop { axes, reads, steps: vec![Step::Read(0)], writes };
            let values = start(&mut dice, room.len);
            for precision in [Precision::F32, Precision::F64] {
                let program = program(precision, room.len, vec![Work::Loop(own.clone())]);
                compare(&program, &values, &Run::NOTHING, [1e-5, 1e-12]);
            }
        }
    }
}

#[test]
fn products_and_empty_folds() {
    for extent in [0, 1, 40] {
        let axes = vec![Axis { extent: 3, folded: false }, Axis { extent, folded: true }];
        let mut dice = Dice(3);
        let mut room = Room::default();
        let reads = vec![dense(&mut dice, &mut room, &axes, &[0, 1])];
        let writes = [Fold::Sum, Fold::Product, Fold::Max, Fold::Min].map(|fold| Write {
            step: 0,
            fold: Some(fold),
            to: dense(&mut dice, &mut room, &axes, &[0]),
        });
        let own = Loop { axes, reads, steps: vec![Step::Read(0)], writes: writes.to_vec() };
        let values = start(&mut dice, room.len);
        for precision in [Precision::F32, Precision::F64] {
            let program = program(precision, room.len, vec![Work::Loop(own.clone())]);
            compare(&program, &values, &Run::NOTHING, [1e-5, 1e-12]);
        }
    }
}

#[test]
fn random_scatters() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut room = Room::default();
        let axes = axes(&mut dice, false);
        let reads = reads(&mut dice, &mut room, &axes);
        let mut steps = steps(&mut dice, &axes, reads.len());
        let used: Vec<usize> = (0..axes.len()).filter(|_| dice.chance(70)).collect();
        let mut to = if !axes.is_empty() && dice.chance(50) {
            window(&mut dice, &mut room, &axes)
        } else {
            dense(&mut dice, &mut room, &axes, &used)
        };
        let step = steps.len() - 1;
        if dice.chance(20) && to.guards.is_empty() {
            let size = to.slot.len;
            to.slot = Slot { at: to.slot.at, len: 2 * size };
            room.take(size + 8);
            steps.push(Step::Number(0.0));
            steps.push(Step::Binary(Function::Less, 0, step + 1));
            to.label = Some(Label { step: step + 2, stride: size as isize, extent: 2 });
        }
        let from = Loop { axes, reads, steps, writes: vec![Write { step, fold: None, to }] };
        let values = start(&mut dice, room.len);
        for precision in [Precision::F32, Precision::F64] {
            let scatter = Scatter { from: from.clone(), apart: vec![] };
            let program = program(precision, room.len, vec![Work::Scatter(scatter)]);
            compare(&program, &values, &Run::NOTHING, [2e-5, 1e-12]);
        }
    }
}

#[test]
fn random_selections() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut room = Room::default();
        let mut axes = axes(&mut dice, true);
        while axes.iter().map(|axis| axis.extent).product::<usize>() > 1500 {
            axes.pop();
        }
        let used: Vec<usize> = (0..axes.len()).filter(|_| dice.chance(80)).collect();
        let read = if !axes.is_empty() && dice.chance(50) {
            window(&mut dice, &mut room, &axes)
        } else {
            dense(&mut dice, &mut room, &axes, &used)
        };
        let all: Vec<usize> = (0..axes.len()).collect();
        let to = dense(&mut dice, &mut room, &axes, &all);
        let mut values = start(&mut dice, room.len);
        // Ties, and sometimes a number that is none.
        values.iter_mut().for_each(|value| *value = (*value * 2.0).round());
        if dice.chance(30) {
            values[read.slot.at] = f64::NAN;
        }
        let fold = dice.pick(&[Fold::Max, Fold::Min]);
        let select = Select { fold, axes, read, to };
        for precision in [Precision::F32, Precision::F64] {
            let program = program(precision, room.len, vec![Work::Select(select.clone())]);
            compare(&program, &values, &Run::NOTHING, [0.0, 0.0]);
        }
    }
}

/// Guards leave rows out whole, whose places would lie outside the arena.
#[test]
fn writes_with_guards() {
    for (extent, first) in [(3, 0), (40, 5)] {
        let rows = Axis { extent, folded: false };
        let axes = vec![rows, Axis { extent: 20, folded: false }];
        let mut room = Room { len: first };
        let read = room.take(extent * 20);
        let to = room.take((extent - 2) * 20);
        let access = |slot: Slot, constant: isize, guards| Access {
            slot,
            at: Affine { constant, strides: vec![20, 1] },
            guards,
            label: None,
        };
        // Row r is written to row r - 1 of what has two rows less.
        let moved = Affine { constant: -1, strides: vec![1, 0] };
        let guards = vec![Guard { at: moved, extent: extent - 2 }];
        let read = access(read, read.at as isize, vec![]);
        // The write comes first in the arena: the row before it begins before the arena.
        let swap = |slot: Slot| Slot { at: slot.at - to.at, ..slot };
        let write = access(swap(to), -20, guards);
        let read = Access {
            slot: Slot { at: to.len, ..read.slot },
            at: Affine { constant: to.len as isize, strides: vec![20, 1] },
            ..read
        };
        let steps = vec![Step::Read(0), Step::Unary(Function::Neg, 0)];
        let writes = vec![Write { step: 1, fold: None, to: write }];
        let own = Loop { axes, reads: vec![read], steps, writes };
        let len = to.len + extent * 20;
        let values = start(&mut Dice(7), len);
        for precision in [Precision::F32, Precision::F64] {
            let program = program(precision, len, vec![Work::Loop(own.clone())]);
            compare(&program, &values, &Run::NOTHING, [0.0, 0.0]);
        }
    }
}

/// A label is read before another write of the loop takes its place.
#[test]
fn labels_of_writes_are_old_values() {
    let access = |at: usize, len: usize, label| Access {
        slot: Slot { at, len },
        at: Affine { constant: at as isize, strides: vec![1] },
        guards: vec![],
        label,
    };
    let label = Label { step: 0, stride: 8, extent: 2 };
    let own = Loop {
        axes: vec![Axis { extent: 8, folded: false }],
        reads: vec![access(0, 8, None)],
        steps: vec![Step::Read(0), Step::Number(1.0), Step::Binary(Function::Sub, 1, 0)],
        writes: vec![
            Write { step: 2, fold: None, to: access(0, 8, None) },
            Write { step: 1, fold: None, to: access(8, 16, Some(label)) },
        ],
    };
    let mut values = vec![0.0; 24];
    values[..8].copy_from_slice(&[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    for precision in [Precision::F32, Precision::F64] {
        let program = program(precision, 24, vec![Work::Loop(own.clone())]);
        compare(&program, &values, &Run::NOTHING, [0.0, 0.0]);
    }
}

/// `x / (1 - b^t)`: numbers that are the same for all entries lose no digits in single precision.
#[test]
fn numbers_are_computed_in_double_precision() {
    let access = |at: usize, len: usize, stride| Access {
        slot: Slot { at, len },
        at: Affine { constant: at as isize, strides: vec![stride] },
        guards: vec![],
        label: None,
    };
    let own = Loop {
        axes: vec![Axis { extent: 10, folded: false }],
        reads: vec![access(0, 10, 1), access(16, 1, 0), access(17, 1, 0)],
        steps: vec![
            Step::Read(0),
            Step::Read(1),
            Step::Read(2),
            Step::Binary(Function::Pow, 1, 2),
            Step::Number(1.0),
            Step::Binary(Function::Sub, 4, 3),
            Step::Binary(Function::Div, 0, 5),
        ],
        writes: vec![Write { step: 6, fold: None, to: access(32, 10, 1) }],
    };
    let program = program(Precision::F32, 48, vec![Work::Loop(own)]);
    let mut engine = Engine::new(Precision::F32, 48, Threads::ONE).unwrap();
    let loaded = engine.load(program).unwrap();
    let x = Slot { at: 0, len: 10 };
    engine.fill(x, 0.7);
    for t in [3.0, 7.0, 100.0, 5000.0] {
        engine.set(Slot { at: 16, len: 2 }, &[0.999, t]);
        engine.run(loaded, &Run::NOTHING).unwrap();
        let exact = f64::from(0.7f32) / (1.0 - f64::from(0.999f32).powf(t));
        for y in engine.get(Slot { at: 32, len: 10 }) {
            // One rounding of the divisor, one of the quotient.
            assert!((y / exact - 1.0).abs() <= f64::powi(2.0, -23), "t = {t}: {y}, not {exact}");
        }
    }
}
