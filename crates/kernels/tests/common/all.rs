//! A program with every kind of instruction.

use std::sync::Arc;

use super::build::{Dice, Room, dense, program as of, window};
use chainrule_kernels::program::*;

/// A plain product of arrays that lie row by row.
pub(crate) fn product(room: &mut Room, (m, n, k): (usize, usize, usize)) -> Contract {
    let slots = [m * k, k * n, m * n].map(|len| room.take(len));
    super::shape::product(slots, (m, n, k), false, false)
}

fn kept(extent: usize) -> Axis {
    Axis { extent, folded: false }
}

fn folded(extent: usize) -> Axis {
    Axis { extent, folded: true }
}

fn pointwise(dice: &mut Dice, room: &mut Room, axes: Vec<Axis>, foreign: bool) -> Loop {
    let all: Vec<usize> = (0..axes.len()).collect();
    let some: Vec<usize> = all.iter().copied().filter(|&axis| !axes[axis].folded).collect();
    let reads = vec![dense(dice, room, &axes, &all), dense(dice, room, &axes, &some)];
    let mut steps = vec![
        Step::Read(0),
        Step::Read(1),
        Step::Binary(Function::Mul, 0, 1),
        Step::Unary(Function::Softplus, 2),
    ];
    if foreign {
        steps.push(Step::Foreign(0, vec![3, 1]));
    }
    let last = steps.len() - 1;
    let mut writes = vec![Write { step: 2, fold: None, to: dense(dice, room, &axes, &all) }];
    if some.len() < all.len() {
        for fold in [Fold::Sum, Fold::Max] {
            let to = dense(dice, room, &axes, &some);
            writes.push(Write { step: last, fold: Some(fold), to });
        }
    }
    Loop { axes, reads, steps, writes }
}

fn scatter(dice: &mut Dice, room: &mut Room) -> Scatter {
    let axes = vec![kept(12), kept(5), kept(20), kept(33)];
    let read = dense(dice, room, &axes, &[0, 1, 2, 3]);
    let slot = room.take(12 * 24 * 33);
    let at = Affine { constant: slot.at as isize, strides: vec![24 * 33, 33, 33, 1] };
    let to = Access { slot, at, guards: vec![], label: None };
    let write = Write { step: 0, fold: None, to };
    let from = Loop { axes, reads: vec![read], steps: vec![Step::Read(0)], writes: vec![write] };
    Scatter { from, apart: vec![0] }
}

/// Every kind of instruction, with 64 rows of one column of width 30.
pub(crate) fn program(precision: Precision) -> Program {
    let mut dice = Dice(11);
    let mut room = Room::default();
    let mut work = vec![Work::Gather(Gather { column: 0, width: 30, out: room.take(30 * 64).at })];
    for law in [Law::Bernoulli(0.4), Law::Normal(0.0, 1.0), Law::Uniform(0.0, 2.0)] {
        let (width, rows) = (21, 70);
        let out = room.take(width * rows).at;
        work.push(Work::Noise(Noise { law, stream: 3, width, rows, out }));
    }
    for axes in [
        vec![kept(7), kept(3000)],
        vec![kept(50), folded(130)],
        vec![folded(50), kept(130)],
        vec![folded(9), folded(9000)],
        vec![kept(3), folded(20_000)],
        vec![kept(500), folded(3)],
    ] {
        work.push(Work::Loop(pointwise(&mut dice, &mut room, axes, false)));
    }
    let axes = vec![kept(20), folded(30)];
    work.push(Work::Loop(pointwise(&mut dice, &mut room, axes, true)));
    for sizes in [(5, 3, 2), (200, 64, 300), (64, 700, 40), (10, 30, 5000), (300, 1, 40)] {
        work.push(Work::Contract(product(&mut room, sizes)));
    }
    work.push(Work::Scatter(scatter(&mut dice, &mut room)));
    let axes = vec![kept(6), folded(3), kept(8), kept(40)];
    let read = window(&mut dice, &mut room, &axes);
    let to = dense(&mut dice, &mut room, &axes, &[0, 1, 2, 3]);
    work.push(Work::Select(Select { fold: Fold::Max, axes, read, to }));
    let (x, y) = (room.take(40), room.take(40));
    let frame = |slot| Frame { slot, dims: vec![(8, 1)], riding: vec![8] };
    work.push(Work::Call(Call {
        function: 1,
        riding: vec![5],
        inputs: vec![frame(x)],
        output: frame(y),
    }));
    let mut program = of(precision, room.len, work);
    program.rows = 64;
    program.columns = vec![30];
    let double = |inputs: &[&[f64]], out: &mut [f64]| {
        out.iter_mut().zip(inputs[0]).for_each(|(out, x)| *out = 2.0 * x);
        true
    };
    program.foreign = vec![
        Foreign::Entry("mean".into(), Arc::new(|x: &[f64]| 0.5 * (x[0] + x[1]))),
        Foreign::Whole("double".into(), Arc::new(double)),
    ];
    program
}
