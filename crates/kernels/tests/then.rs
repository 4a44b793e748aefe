//! A loop right behind a contraction runs rectangle by rectangle: the same bits as one after the
//! other.

mod common;

use chainrule_kernels::program::*;
use chainrule_kernels::{Engine, Isa, Run, Threads};
use common::build::{Dice, Room, bits, compare, program, start};

fn lane(extent: usize, a: isize, b: isize, c: isize) -> Lane {
    Lane { extent, a, b, c }
}

fn access(slot: Slot, strides: Vec<isize>) -> Access {
    let at = Affine { constant: slot.at as isize, strides };
    Access { slot, at, guards: vec![], label: None }
}

/// `C = A B`, then `D = max(C + r + E, 0)` with `r` by row or by column, in place or elsewhere.
fn layer(dice: &mut Dice, room: &mut Room, [m, n, k]: [usize; 3]) -> Vec<Work> {
    let [a, b, c, e, r] = [m * k, k * n, m * n, m * n, m.max(n)].map(|len| room.take(len));
    let turned = dice.chance(50);
    let (long, strides) = (n as isize, if turned { (1, m as isize) } else { (n as isize, 1) });
    let contract = Contract {
        batch: vec![],
        m: vec![lane(m, k as isize, 0, strides.0)],
        n: vec![lane(n, 0, 1, strides.1)],
        k: vec![lane(k, 1, long, 0)],
        scale: dice.pick(&[1.0, 0.5]),
        a: (a, a.at),
        b: (b, b.at),
        c: (c, c.at),
    };
    let place = |slot: Slot| access(slot, vec![strides.0, strides.1]);
    let by_row = if dice.chance(50) { vec![1, 0] } else { vec![0, 1] };
    let to = if dice.chance(50) { c } else { room.take(m * n) };
    let own = Loop {
        axes: [m, n].map(|extent| Axis { extent, folded: false }).to_vec(),
        reads: vec![place(c), access(r, by_row), place(e)],
        steps: vec![
            Step::Read(0),
            Step::Read(1),
            Step::Binary(Function::Add, 0, 1),
            Step::Read(2),
            Step::Binary(Function::Add, 2, 3),
            Step::Unary(Function::Relu, 4),
        ],
        writes: vec![Write { step: 5, fold: None, to: place(to) }],
    };
    vec![Work::Contract(contract), Work::Loop(own)]
}

/// The bits after each instruction was run alone.
fn alone(program: &Program, start: &[f64], threads: usize, isa: Isa) -> Vec<u8> {
    let threads = Threads { count: threads, least: 0 };
    let mut engine =
        Engine::with_isa(program.precision, program.arena, threads, Some(isa)).unwrap();
    let loaded = engine.load(program.clone()).unwrap();
    let all = Slot { at: 0, len: program.arena };
    engine.set(all, start);
    engine.trace(loaded, &Run::NOTHING, &mut |_, _| true).unwrap();
    engine.bytes(all)
}

fn same_bits(program: &Program, start: &[f64]) {
    for isa in Isa::all() {
        let apart = alone(program, start, 1, isa);
        for threads in [1, 2, 3, 5] {
            let (_, joint) = bits(program, start, &Run::NOTHING, threads, isa);
            assert!(joint == apart, "{isa:?}, {threads} threads: other bits\n{program:#?}");
        }
    }
}

#[test]
fn a_layer_has_the_bits_of_its_instructions_alone() {
    let mut dice = Dice(5);
    let sizes = [1, 3, 10, 17, 64, 100, 130];
    for round in 0..60 {
        let precision = dice.pick(&[Precision::F32, Precision::F64]);
        let mut room = Room::default();
        let shape = if round < 4 {
            [[520, 600, 130], [64, 2100, 40], [300, 1030, 20], [10, 700, 1200]][round]
        } else {
            [dice.pick(&sizes), dice.pick(&sizes), dice.pick(&sizes)]
        };
        let work = layer(&mut dice, &mut room, shape);
        let program = program(precision, room.len + 64, work);
        let start = start(&mut dice, program.arena);
        same_bits(&program, &start);
        if round >= 4 {
            compare(&program, &start, &Run::NOTHING, [2e-5, 1e-13]);
        }
    }
}

/// Loops that must wait for the whole contraction: they write over what is multiplied, or read the
/// result at another place.
#[test]
fn a_loop_that_needs_all_of_the_result_waits_for_it() {
    let mut dice = Dice(9);
    for round in 0..20 {
        let mut room = Room::default();
        let mut work = layer(&mut dice, &mut room, [40, 700, 700]);
        let Work::Contract(contract) = work[0].clone() else { unreachable!() };
        let Work::Loop(own) = &mut work[1] else { unreachable!() };
        if round % 2 == 0 {
            // The left array is as large as the result.
            own.writes[0].to.at.constant = contract.a.0.at as isize;
            own.writes[0].to.slot = contract.a.0;
        } else {
            let to = room.take(contract.c.0.len);
            own.writes[0].to.at.constant = to.at as isize;
            own.writes[0].to.slot = to;
            let last = contract.c.0.at + contract.c.0.len - 1;
            let read = &mut own.reads[0].at;
            read.constant = last as isize;
            read.strides.iter_mut().for_each(|stride| *stride = -*stride);
        }
        let program = program(Precision::F32, room.len + 64, work);
        let start = start(&mut dice, program.arena);
        same_bits(&program, &start);
    }
}
