//! Contractions over random lanes, against the naive evaluator.

mod common;

use chainrule_kernels::Run;
use chainrule_kernels::program::*;
use common::build::{Dice, Room, compare, program, start};
use common::shape::{lane, product};

/// A product of three groups with random orders of indices in each array.
fn random_contract(dice: &mut Dice, room: &mut Room) -> Contract {
    let sizes = [1, 2, 3, 5, 8, 9, 17, 31, 64, 70, 130];
    let mut left = 40_000;
    let mut group = |dice: &mut Dice, most: usize| -> Vec<usize> {
        let count = dice.below(most + 1);
        let mut all = Vec::new();
        for _ in 0..count {
            let mut extent = dice.pick(&sizes);
            if extent > left {
                extent = dice.pick(&[1, 2]);
            }
            left /= extent;
            all.push(extent);
        }
        all
    };
    let groups = [group(dice, 1), group(dice, 2), group(dice, 2), group(dice, 2)];
    let lanes: Vec<(usize, usize)> = groups
        .iter()
        .enumerate()
        .flat_map(|(of, group)| group.iter().map(move |&extent| (of, extent)))
        .collect();
    let mut strides = Vec::new();
    let mut arrays = Vec::new();
    // batch, m, n, k: the arrays lack n, m and k.
    for lacks in [2, 1, 3] {
        let mut order: Vec<usize> = (0..lanes.len()).filter(|&at| lanes[at].0 != lacks).collect();
        if dice.chance(60) {
            dice.shuffle(&mut order);
        }
        let mut own = vec![0; lanes.len()];
        let mut size = 1;
        for &at in order.iter().rev() {
            own[at] = size as isize;
            size *= lanes[at].1;
            size += if dice.chance(20) { dice.below(4) } else { 0 };
        }
        let slot = room.take(size);
        strides.push(own);
        arrays.push((slot, slot.at));
    }
    let of = |group: usize| -> Vec<Lane> {
        (0..lanes.len())
            .filter(|&at| lanes[at].0 == group)
            .map(|at| Lane {
                extent: lanes[at].1,
                a: strides[0][at],
                b: strides[1][at],
                c: strides[2][at],
            })
            .collect()
    };
    Contract {
        batch: of(0),
        m: of(1),
        n: of(2),
        k: of(3),
        scale: dice.pick(&[1.0, 0.25, -3.0]),
        a: arrays[0],
        b: arrays[1],
        c: arrays[2],
    }
}

fn check(contract: &Contract, room: &Room, seed: u64) {
    let values = start(&mut Dice(seed), room.len);
    for precision in [Precision::F32, Precision::F64] {
        let work = vec![Work::Contract(contract.clone())];
        let program = program(precision, room.len, work);
        compare(&program, &values, &Run::NOTHING, [1e-5, 1e-13]);
    }
}

#[test]
fn random_contractions() {
    for seed in 0..250 {
        let mut dice = Dice(seed);
        let mut room = Room::default();
        let contract = random_contract(&mut dice, &mut room);
        check(&contract, &room, seed);
    }
}

/// Plain products around the sizes of panels, tiles and blocks.
#[test]
fn sizes_around_the_edges() {
    let sizes = [(1, 1, 1), (8, 32, 256), (9, 33, 257), (130, 40, 300), (7, 600, 20), (300, 1, 50)];
    for (m, n, k) in sizes.into_iter().chain([(1, 700, 3), (64, 64, 1000), (5, 5, 0)]) {
        for (left, right) in [(false, false), (true, false), (false, true)] {
            let mut room = Room::default();
            let slots = [m * k, k * n, m * n].map(|len| room.take(len));
            let contract = product(slots, (m, n, k), left, right);
            check(&contract, &room, 7);
        }
    }
}

/// Matrices by vectors, around the sizes of vectors and groups of rows; the vector's entries lie
/// side by side or apart.
#[test]
fn a_matrix_by_a_vector() {
    for (m, k) in [(1, 16), (3, 31), (4, 32), (5, 33), (37, 64), (130, 100), (6, 519)] {
        for (apart, turned) in [(1, false), (3, false), (1, true), (4, true)] {
            let mut room = Room::default();
            let (a, b, c) = (room.take(m * k), room.take(apart * k), room.take(m));
            let long = |extent: usize, matrix: isize| Lane {
                extent,
                a: if turned { 0 } else { matrix },
                b: if turned { matrix } else { 0 },
                c: 1,
            };
            let (one, own) = (1, apart as isize);
            let sum = if turned { (own, one) } else { (one, own) };
            let rows = vec![long(m, k as isize)];
            let (left, right) = if turned { (b, a) } else { (a, b) };
            let contract = Contract {
                batch: vec![],
                m: if turned { vec![] } else { rows.clone() },
                n: if turned { rows } else { vec![] },
                k: vec![Lane { extent: k, a: sum.0, b: sum.1, c: 0 }],
                scale: if apart == 1 { 1.0 } else { 0.5 },
                a: (left, left.at),
                b: (right, right.at),
                c: (c, c.at),
            };
            check(&contract, &room, 11);
        }
    }
}

/// The same product as a loop that adds the products of two reads, in either order.
#[test]
fn a_loop_that_is_a_matrix_by_a_vector() {
    for (m, k) in [(3, 40), (4, 16), (5, 33), (37, 64), (130, 100)] {
        for (apart, swapped, reversed) in [(1, false, false), (3, true, false), (1, true, true)] {
            let mut room = Room::default();
            let (a, b, c) = (room.take(m * k), room.take(apart * k), room.take(m));
            let access = |slot: Slot, strides: [isize; 2], constant: usize| Access {
                slot,
                at: Affine { constant: constant as isize, strides: strides.to_vec() },
                guards: vec![],
                label: None,
            };
            let matrix = access(a, [k as isize, 1], a.at);
            let vector = access(b, [0, apart as isize], b.at);
            let step = if reversed { -1 } else { 1 };
            let last = if reversed { c.at + m - 1 } else { c.at };
            let source = Loop {
                axes: [(m, false), (k, true)]
                    .map(|(extent, folded)| Axis { extent, folded })
                    .to_vec(),
                reads: if swapped { vec![vector, matrix] } else { vec![matrix, vector] },
                steps: vec![Step::Read(0), Step::Read(1), Step::Binary(Function::Mul, 0, 1)],
                writes: vec![Write {
                    step: 2,
                    fold: Some(Fold::Sum),
                    to: access(c, [step, 0], last),
                }],
            };
            let values = start(&mut Dice(3), room.len);
            for precision in [Precision::F32, Precision::F64] {
                let program = program(precision, room.len, vec![Work::Loop(source.clone())]);
                compare(&program, &values, &Run::NOTHING, [1e-5, 1e-13]);
            }
        }
    }
}

/// A convolution with a 3 by 3 kernel, its weight gradient, with the batch last.
#[test]
fn convolutions() {
    let (images, from, to, size, batch) = (3, 3, 10, 9, 20);
    let _ = images;
    let out = size - 2;
    let (s, o, b) = (size as isize, out as isize, batch as isize);
    let mut room = Room::default();
    let image = room.take(from * size * size * batch);
    let kernel = room.take(to * from * 9);
    let result = room.take(to * out * out * batch);
    let gradient = room.take(to * from * 9);
    let forward = Contract {
        batch: vec![],
        m: vec![lane(to, 9 * from as isize, 0, o * o * b)],
        n: vec![lane(out, 0, s * b, o * b), lane(out, 0, b, b), lane(batch, 0, 1, 1)],
        k: vec![lane(from, 9, s * s * b, 0), lane(3, 3, s * b, 0), lane(3, 1, b, 0)],
        scale: 1.0,
        a: (kernel, kernel.at),
        b: (image, image.at),
        c: (result, result.at),
    };
    let weights = Contract {
        batch: vec![],
        m: vec![lane(to, o * o * b, 0, 9 * from as isize)],
        n: vec![lane(from, 0, s * s * b, 9), lane(3, 0, s * b, 3), lane(3, 0, b, 1)],
        k: vec![lane(out, o * b, s * b, 0), lane(out, b, b, 0), lane(batch, 1, 1, 0)],
        scale: 0.5,
        a: (result, result.at),
        b: (image, image.at),
        c: (gradient, gradient.at),
    };
    let values = start(&mut Dice(5), room.len);
    for precision in [Precision::F32, Precision::F64] {
        let work = vec![Work::Contract(forward.clone()), Work::Contract(weights.clone())];
        let program = program(precision, room.len, work);
        compare(&program, &values, &Run::NOTHING, [2e-5, 1e-12]);
    }
}
