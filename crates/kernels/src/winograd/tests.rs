//! All three kinds against sums in f64, on every instruction set.

use super::shape::{Correlation, Result3};
use super::transforms::STEP;
use super::{Forward, made, pays};
use crate::arena::Arena;
use crate::isa::{Isa, Present};
use crate::kernel::{Env, Kernel, Needs, Scratch};
use crate::program::{Contract, Lane, Slot};

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn number(&mut self) -> f32 {
        ((self.next() >> 40) as f64 / f64::from(1 << 23) - 1.0) as f32
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Forward,
    /// The gradient of an image: the kernel runs backwards, the plane has a halo.
    Backward,
    Weights,
}

const KINDS: [Kind; 3] = [Kind::Forward, Kind::Backward, Kind::Weights];

/// A correlation to be made: channels, the plane's sides, columns.
#[derive(Clone, Copy, Debug)]
struct Case {
    kind: Kind,
    from: usize,
    to: usize,
    size: [usize; 2],
    cols: usize,
    /// Another index of image and plane.
    more: usize,
    /// Whether the image is the left array.
    left: bool,
    /// Whether x and the columns are one lane.
    joined: bool,
}

const SIZES: [[usize; 2]; 7] = [[4, 4], [1, 2], [5, 3], [8, 9], [2, 13], [7, 4], [3, 1]];

fn case(kind: Kind, at: usize) -> Case {
    Case {
        kind,
        from: [1, 3, 17, 2, 33][at % 5],
        to: [4, 1, 13, 2, 20, 7][at % 6],
        size: SIZES[at % 7],
        cols: [16, 1, 3, 40, 64, 70, 130, 5][at % 8],
        more: [1, 1, 2][at % 3],
        left: at % 2 == 1,
        joined: at % 4 < 2,
    }
}

/// The contraction and the length of its arena. Arrays have gaps between them.
fn contract(case: Case) -> (Contract, usize) {
    let Case { kind, from, to, size: [h, w], cols, more, left, joined } = case;
    let n = cols as isize;
    let (sx, sy) = (n, (w as isize + 2) * n);
    let sm = sy * (h as isize + 2);
    let sc = sm * more as isize;
    let (px, py, pm) = (n, w as isize * n, (w * h) as isize * n);
    let po = pm * more as isize;
    let image = Slot { at: 5, len: sc as usize * from };
    let kernel = Slot { at: image.at + image.len + 3, len: 9 * from * to };
    let plane = Slot { at: kernel.at + kernel.len + 7, len: po as usize * to };
    // Lanes of image and plane, of image and kernel, of kernel and plane.
    let mut both = vec![(more, sm, pm), (h, sy, py)];
    both.extend(if joined { vec![(w * cols, 1, 1)] } else { vec![(w, sx, px), (cols, 1, 1)] });
    both.retain(|lane| lane.0 > 1 || lane.1 == 1);
    let (kc, ko) = (9, 9 * from as isize);
    let back = kind == Kind::Backward;
    let (flip, start) = if back { (-1, 8) } else { (1, 0) };
    let window = [(from, sc, kc), (3, sy, 3 * flip), (3, sx, flip)];
    let out = [(to, ko, po)];
    let (a, b, c) = ((image, image.at), (kernel, kernel.at + start), (plane, plane.at));
    let lane = |(extent, p, q): (usize, isize, isize), at: [usize; 2]| {
        let mut all = [0; 3];
        all[at[0]] = p;
        all[at[1]] = q;
        if !left {
            all.swap(0, 1);
        }
        Lane { extent, a: all[0], b: all[1], c: all[2] }
    };
    let weights = kind == Kind::Weights;
    // Image, other factor, result.
    let (in_plane, in_kernel, in_out) =
        if weights { ([0, 1], [0, 2], [2, 1]) } else { ([0, 2], [0, 1], [1, 2]) };
    let both: Vec<Lane> = both.into_iter().map(|l| lane(l, in_plane)).collect();
    let window: Vec<Lane> = window.into_iter().map(|l| lane(l, in_kernel)).collect();
    let out: Vec<Lane> = out.into_iter().map(|l| lane(l, in_out)).collect();
    let (mine, k) = if weights { (window, both) } else { (both, window) };
    let (other, result) = if weights { (c, b) } else { (b, c) };
    let (m, n) = if left { (mine, out) } else { (out, mine) };
    let (a, b) = if left { (a, other) } else { (other, a) };
    let contract = Contract { batch: vec![], m, n, k, scale: 0.5, a, b, c: result };
    (contract, plane.at + plane.len + 9)
}

fn points(lanes: &[&[Lane]]) -> Vec<[isize; 3]> {
    let mut all = vec![[0; 3]];
    for lane in lanes.concat() {
        let step = |base: [isize; 3], i: isize| {
            [base[0] + i * lane.a, base[1] + i * lane.b, base[2] + i * lane.c]
        };
        let run = |base: [isize; 3]| (0..lane.extent as isize).map(move |i| step(base, i));
        all = all.into_iter().flat_map(run).collect();
    }
    all
}

/// Places of the result with their values and magnitudes.
fn naive(contract: &Contract, arena: &[f32]) -> Vec<(usize, f64, f64)> {
    let sums = points(&[&contract.k]);
    let at = |start: usize, by: isize| f64::from(arena[start.wrapping_add_signed(by)]);
    let entry = |p: [isize; 3]| {
        let mut total = (contract.c.1.wrapping_add_signed(p[2]), 0.0, 0.0);
        for q in &sums {
            let term =
                contract.scale * at(contract.a.1, p[0] + q[0]) * at(contract.b.1, p[1] + q[1]);
            total.1 += term;
            total.2 += term.abs();
        }
        total
    };
    points(&[&contract.m, &contract.n]).into_iter().map(entry).collect()
}

/// Runs a kernel over a copy of the arena.
fn run(kernel: &dyn Kernel<f32>, isa: Present, arena: &[f32]) -> Vec<f32> {
    let filled = |len: usize, value: f32| {
        let mut own = Arena::new(len).expect("memory");
        own.all_mut().fill(value);
        own
    };
    let mut own = filled(arena.len(), 0.0);
    own.all_mut().copy_from_slice(arena);
    let needs: Needs = kernel.needs();
    // What was in there before must not matter.
    let mut shared = filled(needs.shared, f32::NAN);
    let mut scratch =
        Scratch { numbers: filled(needs.numbers, f32::NAN), places: vec![], doubles: vec![] };
    let env = Env {
        arena: own.view(),
        shared: shared.view(),
        isa,
        columns: &[],
        rows: &[],
        seed: 0,
        step: 0,
        foreign: &[],
    };
    for phase in 0..kernel.phases() {
        for shard in (0..kernel.shards(phase)).rev() {
            kernel.run(phase, shard, &env, &mut scratch);
        }
    }
    own.all().to_vec()
}

fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut dice = Dice(seed);
    (0..len).map(|_| dice.number()).collect()
}

/// `8 u k` for the terms of an entry.
fn bound(contract: &Contract) -> f64 {
    let terms: usize = contract.k.iter().map(|lane| lane.extent).product();
    8.0 * f64::from(f32::EPSILON) / 2.0 * terms as f64
}

/// The greatest error in units of `8 u k M`; panics where places outside the result changed.
fn worst(contract: &Contract, before: &[f32], after: &[f32]) -> f64 {
    let right = naive(contract, before);
    let mut result = vec![false; before.len()];
    right.iter().for_each(|entry| result[entry.0] = true);
    for (at, (x, y)) in before.iter().zip(after).enumerate() {
        assert!(result[at] || x.to_bits() == y.to_bits(), "place {at} is not the result's");
    }
    let one = |&(at, value, magnitude): &(usize, f64, f64)| {
        let by = (f64::from(after[at]) - value).abs() / (bound(contract) * magnitude + 1e-30);
        if by.is_nan() { f64::INFINITY } else { by }
    };
    right.iter().map(one).fold(0.0, f64::max)
}

fn every(mut of: impl FnMut(Case, &Contract, &[f32], Present)) {
    for isa in Isa::all() {
        let isa = Present::new(isa).expect("it is there");
        for kind in KINDS {
            for at in 0..24 {
                let case = case(kind, at);
                let (contract, len) = contract(case);
                of(case, &contract, &numbers(len, at as u64), isa);
            }
        }
    }
}

#[test]
fn every_kind_is_near_the_sum() {
    let (mut count, mut most) = (0, 0.0_f64);
    every(|case, contract, arena, isa| {
        // Without two sides of the plane there are no windows, without columns no vectors.
        let Some(found) = Correlation::of(contract) else {
            assert!(case.size.contains(&1) || case.cols == 1, "{case:?}");
            return;
        };
        let weights = found.result == Result3::Kernel;
        assert!(weights == (case.kind == Kind::Weights) || case.size == [3, 3], "{case:?}");
        let kernel = made(found, isa);
        let by = worst(contract, arena, &run(&*kernel, isa, arena));
        assert!(by <= 64.0, "{case:?} {isa:?}: {by} bounds");
        count += 1;
        most = most.max(by);
    });
    println!("{count} correlations, at most {most:.3} of 8 u k M");
    assert!(count > 100 && most < 8.0, "most are within the bound of a direct sum");
}

/// A number of the matrices that is off by a hundredth is seen.
#[test]
fn a_wrong_matrix_is_seen() {
    let (contract, len) = contract(Case { from: 3, size: [8, 9], ..case(Kind::Forward, 3) });
    let arena = numbers(len, 1);
    let isa = Present::new(Isa::best()).expect("it is there");
    for row in 0..6 {
        for col in 0..3 {
            let found = Correlation::of(&contract).expect("a correlation");
            let mut kernel = Forward::new(found, isa);
            let entry = &mut kernel.kernels.0[row][col];
            if *entry == 0.0 {
                continue;
            }
            *entry *= 1.01;
            let by = worst(&contract, &arena, &run(&kernel, isa, &arena));
            assert!(by > 64.0, "row {row}, column {col}: {by} bounds");
        }
    }
}

/// One number that is large beyond measure moves the entries of its tiles alone, and those not
/// more than the magnitudes of the tile allow.
#[test]
fn a_spike_stays_in_its_tile() {
    for isa in Isa::all() {
        let isa = Present::new(isa).expect("it is there");
        let case = Case {
            kind: Kind::Forward,
            from: 3,
            to: 4,
            size: [12, 12],
            cols: 16,
            more: 1,
            left: false,
            joined: false,
        };
        let (contract, len) = contract(case);
        let mut arena = numbers(len, 9);
        let (y, x, column) = (6, 7, 3);
        arena[contract.b.1 + (y * 14 + x) * 16 + column] = 1e6;
        let kernel = made(Correlation::of(&contract).expect("a correlation"), isa);
        let after = run(&*kernel, isa, &arena);
        // Three channels, one with the spike; the kernel's magnitudes are below one.
        let tile = 0.5 * 1e6 * 9.0;
        let mut beside = 0;
        for (at, value, magnitude) in naive(&contract, &arena) {
            let place = (at - contract.c.1) / 16;
            let near =
                |p: usize, spike: usize| (p / STEP * STEP..p / STEP * STEP + 6).contains(&spike);
            let touched = (at - contract.c.1) % 16 == column
                && near(place / 12 % 12, y)
                && near(place % 12, x);
            let by = (f64::from(after[at]) - value).abs();
            let most = if touched { tile } else { magnitude };
            assert!(by <= 64.0 * bound(&contract) * most, "{by} at {place}");
            beside += usize::from(touched && magnitude < 1e3);
        }
        assert!(beside > 0, "some entries share the tile but not the spike");
    }
}

/// What is not finite is not hidden: every entry that it enters is NaN, and no other tile.
#[test]
fn what_is_no_number_stays_none() {
    let isa = Present::new(Isa::best()).expect("it is there");
    for value in [f32::NAN, f32::INFINITY] {
        for kind in KINDS {
            let case = Case {
                kind,
                from: 2,
                to: 3,
                size: [12, 12],
                cols: 20,
                more: 1,
                left: false,
                joined: false,
            };
            let (contract, len) = contract(case);
            let mut arena = numbers(len, 9);
            arena[contract.b.1 + (6 * 14 + 7) * 20 + 3] = value;
            let kernel = made(Correlation::of(&contract).expect("a correlation"), isa);
            let after = run(&*kernel, isa, &arena);
            let right = naive(&contract, &arena);
            for (at, value, _) in &right {
                assert!(value.is_finite() || !after[*at].is_finite());
            }
            assert!(right.iter().any(|entry| after[entry.0].is_finite()), "{kind:?}");
        }
    }
}

/// Where windows, strides or sides differ, it is no correlation; one channel does not pay.
#[test]
fn other_contractions_are_left_alone() {
    let plain = Case {
        kind: Kind::Forward,
        from: 32,
        to: 64,
        size: [24, 24],
        cols: 128,
        more: 1,
        left: false,
        joined: true,
    };
    let found = |change: &dyn Fn(&mut Contract)| {
        let (mut contract, _) = contract(plain);
        change(&mut contract);
        Correlation::of(&contract)
    };
    assert!(found(&|_| ()).is_some_and(|it| pays(&it)));
    assert_eq!(found(&|c| c.k[1].extent = 5), None);
    assert!(found(&|c| c.k[1].b *= 2).is_some(), "even and odd rows are two correlations");
    assert_eq!(found(&|c| c.k[1].b *= 7), None);
    assert_eq!(found(&|c| c.n[0].b *= 2), None, "a stride of two");
    assert_eq!(found(&|c| c.batch.push(Lane { extent: 2, a: 1, b: 1, c: 1 })), None);
    for kind in KINDS {
        let (contract, _) = contract(Case { from: 1, kind, ..plain });
        assert!(!pays(&Correlation::of(&contract).expect("a correlation")));
    }
}
