//! Boxes against the whole, and the whole against the loop as an instruction of its own.

use super::*;
use crate::arena::Arena;
use crate::isa::{Isa, Present};
use crate::program::{Access, Affine, Fold, Function, Slot, Step, Write};

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % n.max(1)
    }
}

/// An access to an array of its own, row-major over some axes, with gaps now and then.
fn dense(dice: &mut Dice, room: &mut usize, axes: &[Axis], used: impl Fn(usize) -> bool) -> Access {
    let mut strides = vec![0; axes.len()];
    let mut size = 1;
    for axis in (0..axes.len()).rev().filter(|&axis| used(axis)) {
        strides[axis] = size as isize;
        size *= axes[axis].extent;
        if dice.below(4) == 0 {
            size += dice.below(3);
        }
    }
    let slot = Slot { at: *room, len: size };
    *room += size;
    let at = Affine { constant: slot.at as isize, strides };
    Access { slot, at, guards: vec![], label: None }
}

/// A loop over two groups of axes; folded ones at the end of a group, or all of it.
fn random(dice: &mut Dice) -> (Loop, Vec<usize>, usize) {
    let mut axes = Vec::new();
    let mut groups = Vec::new();
    for _ in 0..2 {
        let count = 1 + dice.below(3);
        let folds = [count, count, 0, dice.below(count + 1)][dice.below(4)];
        let extents = [1, 2, 3, 5, 16, 40, 300];
        for at in 0..count {
            let extent = extents[dice.below(if at == 0 { 7 } else { 5 })];
            // A kept axis may follow a folded one: no range then cuts it.
            let folded = at >= folds && (at == folds || dice.below(4) > 0);
            axes.push(Axis { extent, folded });
        }
        groups.push(count);
    }
    let mut room = 0;
    let mut reads = vec![dense(dice, &mut room, &axes, |_| true)];
    for _ in 0..dice.below(3) {
        let used = dice.below(64);
        reads.push(dense(dice, &mut room, &axes, |axis| used >> axis & 1 == 1));
    }
    let mut steps: Vec<Step> = (0..reads.len()).map(Step::Read).collect();
    for _ in 0..1 + dice.below(5) {
        let (x, y) = (dice.below(steps.len()), dice.below(steps.len()));
        let function = [Function::Add, Function::Mul, Function::Max, Function::Less];
        steps.push(match dice.below(4) {
            0 => Step::Unary([Function::Tanh, Function::Relu][dice.below(2)], x),
            _ => Step::Binary(function[dice.below(4)], x, y),
        });
    }
    let mut writes = Vec::new();
    for _ in 0..1 + dice.below(3) {
        let fold = [None, Some(Fold::Sum), Some(Fold::Max)][dice.below(3)];
        let folded = |axis: usize| axes[axis].folded;
        let used = |axis: usize| fold.is_none() || !folded(axis);
        let to = dense(dice, &mut room, &axes, used);
        writes.push(Write { step: steps.len() - 1 - dice.below(2), fold, to });
    }
    if dice.below(2) == 0 {
        // In place.
        writes.push(Write { step: steps.len() - 1, fold: None, to: reads[0].clone() });
    }
    (Loop { axes, reads, steps, writes }, groups, room)
}

fn run(
    isa: Present,
    needs: Needs,
    values: &[f32],
    work: impl Fn(&Env<'_, f32>, &mut Scratch<f32>),
) -> Vec<f32> {
    let mut arena = Arena::new(values.len()).unwrap();
    arena.all_mut().copy_from_slice(values);
    let mut shared = Arena::new(needs.shared).unwrap();
    let mut scratch = Scratch::new().unwrap();
    assert!(scratch.grow(&needs));
    let env = Env {
        arena: arena.view(),
        shared: shared.view(),
        isa,
        columns: &[],
        rows: &[],
        seed: 0,
        step: 0,
        foreign: &[],
    };
    work(&env, &mut scratch);
    arena.all().to_vec()
}

/// Cuts `0..len` at multiples of something.
fn cuts(dice: &mut Dice, len: usize, multiple: usize) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut from = 0;
    let most = 1 + dice.below(len / multiple + 1);
    while from < len {
        let to = (from + multiple * (1 + dice.below(most))).min(len);
        all.push(from..to);
        from = to;
    }
    all
}

/// Points that a range of a group must have together.
fn together(axes: &[Axis]) -> usize {
    let first = axes.iter().position(|axis| axis.folded).unwrap_or(axes.len());
    axes[first..].iter().map(|axis| axis.extent).product()
}

#[test]
fn any_boxes_give_the_bits_of_the_whole() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let (source, groups, room) = random(&mut dice);
        let values: Vec<f32> = (0..room).map(|_| dice.below(2000) as f32 / 999.0 - 1.0).collect();
        let (first, second) = source.axes.split_at(groups[0]);
        let points = |axes: &[Axis]| axes.iter().map(|axis| axis.extent).product::<usize>();
        let boxed = Boxed::<f32>::new(&source, &groups);
        let loops = Loops::<f32>::new(&source);
        assert!(boxed.weight() > 0.0);
        for isa in Isa::all().into_iter().filter_map(Present::new) {
            let whole = run(isa, boxed.needs(), &values, |env, scratch| {
                boxed.run(env, scratch, &[0..points(first), 0..points(second)]);
            });
            let mut tiles = Vec::new();
            for row in cuts(&mut dice, points(first), together(first)) {
                for col in cuts(&mut dice, points(second), together(second)) {
                    tiles.push([row.clone(), col]);
                }
            }
            let boxes = run(isa, boxed.needs(), &values, |env, scratch| {
                tiles.iter().rev().for_each(|ranges| boxed.run(env, scratch, ranges));
            });
            let same = whole.iter().zip(&boxes).all(|(x, y)| x.to_bits() == y.to_bits());
            assert!(same, "{isa:?} seed {seed}: {source:#?} in {tiles:?}");
            let alone = run(isa, Kernel::<f32>::needs(&loops), &values, |env, scratch| {
                for phase in 0..Kernel::<f32>::phases(&loops) {
                    for shard in 0..Kernel::<f32>::shards(&loops, phase) {
                        loops.run(phase, shard, env, scratch);
                    }
                }
            });
            // A sum of a thousand numbers in another order.
            let near = |(x, y): (&f32, &f32)| (x - y).abs() <= 2e-4 * (1.0 + x.abs().max(30.0));
            assert!(whole.iter().zip(&alone).all(near), "seed {seed}: {source:#?}");
        }
    }
}
