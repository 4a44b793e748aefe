//! Random pieces of programs, and running them against the naive evaluator.

use super::Naive;
use chainrule_kernels::program::*;
use chainrule_kernels::{Engine, Isa, Run, Threads};

/// A small generator of random numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn number(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 * 4.0 - 2.0
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

/// Places of an arena, given out one after the other with gaps between them.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) len: usize,
}

impl Room {
    pub(crate) fn take(&mut self, len: usize) -> Slot {
        let at = self.len;
        self.len = (at + len + 3).next_multiple_of(8);
        Slot { at, len }
    }
}

/// An access that has an entry for each point of some axes, in a random order of dims, sometimes
/// with gaps between rows or running backwards.
pub(crate) fn dense(dice: &mut Dice, room: &mut Room, axes: &[Axis], used: &[usize]) -> Access {
    let mut order = used.to_vec();
    if dice.chance(50) {
        dice.shuffle(&mut order);
    }
    let mut strides = vec![0isize; axes.len()];
    let mut size = 1;
    for &axis in order.iter().rev() {
        strides[axis] = size as isize;
        size *= axes[axis].extent.max(1);
        if dice.chance(20) {
            size += dice.below(3);
        }
    }
    let slot = room.take(size);
    let mut constant = slot.at as isize;
    for &axis in used {
        if dice.chance(8) && axes[axis].extent > 0 {
            constant += strides[axis] * (axes[axis].extent as isize - 1);
            strides[axis] = -strides[axis];
        }
    }
    Access { slot, at: Affine { constant, strides }, guards: vec![], label: None }
}

/// A read over windows: two axes meet in one dim, with a halo outside or a guard.
pub(crate) fn window(dice: &mut Dice, room: &mut Room, axes: &[Axis]) -> Access {
    let (first, second) = (dice.below(axes.len()), dice.below(axes.len()));
    let (step, dilate) = (1 + dice.below(2), 1 + dice.below(2));
    let mut form = vec![0isize; axes.len()];
    form[first] += step as isize;
    form[second] += dilate as isize;
    let reach: usize = form
        .iter()
        .zip(axes)
        .map(|(&s, axis)| s as usize * (axis.extent.max(1) - 1))
        .sum::<usize>()
        + 1;
    let guarded = dice.chance(60);
    let shift = if guarded { dice.below(3) as isize - 1 } else { 0 };
    let extent = if guarded { reach.saturating_sub(dice.below(4)).max(1) } else { reach };
    let inner = dice.below(axes.len());
    let width = axes[inner].extent.max(1);
    let slot = room.take(extent * width);
    let mut strides: Vec<isize> = form.iter().map(|s| s * width as isize).collect();
    strides[inner] += 1;
    let at = Affine { constant: slot.at as isize + shift * width as isize, strides };
    let guard = Guard { at: Affine { constant: shift, strides: form }, extent };
    Access { slot, at, guards: if guarded { vec![guard] } else { vec![] }, label: None }
}

pub(crate) fn program(precision: Precision, arena: usize, work: Vec<Work>) -> Program {
    let instruction = |(origin, work)| Instruction { name: format!("part {origin}"), origin, work };
    Program {
        precision,
        arena,
        rows: 0,
        columns: vec![],
        exact: false,
        instructions: work.into_iter().enumerate().map(instruction).collect(),
        foreign: vec![],
    }
}

/// The bits after a run.
pub(crate) fn bits(
    program: &Program,
    start: &[f64],
    run: &Run<'_>,
    threads: usize,
    isa: Isa,
) -> (Vec<f64>, Vec<u8>) {
    let threads = Threads { count: threads, least: 0 };
    let mut engine =
        Engine::with_isa(program.precision, program.arena, threads, Some(isa)).unwrap();
    let loaded = engine.load(program.clone()).unwrap_or_else(|why| panic!("{why}\n{program:#?}"));
    let all = Slot { at: 0, len: program.arena };
    engine.set(all, start);
    engine.run(loaded, run).unwrap();
    (engine.get(all), engine.bytes(all))
}

/// Runs a program with every instruction set and against the naive evaluator.
pub(crate) fn compare(program: &Program, start: &[f64], run: &Run<'_>, tolerance: [f64; 2]) {
    let mut naive = Naive::new(program.precision, start);
    naive.run(program, run);
    let tolerance = tolerance[usize::from(program.precision == Precision::F64)];
    for isa in Isa::all() {
        let (values, once) = bits(program, start, run, 1, isa);
        for (at, (&own, &right)) in values.iter().zip(&naive.arena).enumerate() {
            let near = (own - right).abs() <= tolerance * (1.0 + naive.magnitude[at]);
            let same = own == right || near || (own.is_nan() && right.is_nan());
            assert!(same, "{isa:?} entry {at}: {own}, not {right}\n{program:#?}");
        }
        let (_, thrice) = bits(program, start, run, 3, isa);
        assert!(once == thrice, "{isa:?}: three threads give other bits\n{program:#?}");
    }
}

pub(crate) fn start(dice: &mut Dice, len: usize) -> Vec<f64> {
    (0..len).map(|_| dice.number()).collect()
}
