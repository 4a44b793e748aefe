//! Shapes against the same operations one entry after the other, and roots and quotients against
//! the machine's own.

use super::*;
use crate::isa::{Isa, Present};
use crate::pointwise::{greater, smaller};
use crate::program::Step;

fn present() -> Vec<Present> {
    Isa::all().into_iter().filter_map(Present::new).collect()
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 20
}

/// The value of a shape, from its leaves in order.
fn value<T: Element>(node: &Node, leaves: &mut impl Iterator<Item = T>) -> T {
    let truth = |holds: bool| if holds { T::ONE } else { T::ZERO };
    match node {
        Node::Leaf => leaves.next().unwrap(),
        Node::Square(x) => {
            let x = value(x, leaves);
            x * x
        }
        Node::Over(x) => {
            let x = value(x, leaves);
            let y = leaves.next().unwrap();
            leaves.next();
            x / y
        }
        Node::Unary(function, x) => {
            let x = value(x, leaves);
            match function {
                Function::Sqrt => x.root(),
                Function::Relu if x <= T::ZERO => T::ZERO,
                Function::Relu => x,
                Function::Neg => -x,
                other => panic!("{other:?}"),
            }
        }
        Node::Binary(function, x, y) => {
            let (x, y) = (value(x, leaves), value(y, leaves));
            match function {
                Function::Add => x + y,
                Function::Sub => x - y,
                Function::Mul => x * y,
                Function::Div => x / y,
                Function::Max => greater(x, y),
                Function::Min => smaller(x, y),
                Function::Less => truth(x < y),
                Function::LessEqual => truth(x <= y),
                Function::Greater => truth(x > y),
                Function::GreaterEqual => truth(x >= y),
                Function::Equal => truth(x == y),
                Function::NotEqual => truth(x != y),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Which leaves are divisors: the same for all entries.
fn divisors(node: &Node, at: &mut usize, found: &mut Vec<usize>) {
    match node {
        Node::Leaf => *at += 1,
        Node::Unary(_, x) | Node::Square(x) => divisors(x, at, found),
        Node::Over(x) => {
            divisors(x, at, found);
            found.push(*at);
            *at += 2;
        }
        Node::Binary(_, x, y) => {
            divisors(x, at, found);
            divisors(y, at, found);
        }
    }
}

fn every_shape<T: Element>(random: impl Fn(&mut u64) -> T) {
    const LEN: usize = 100;
    let mut state = 7;
    for (shape, node) in shapes().iter().enumerate() {
        let (mut count, mut whole) = (0, Vec::new());
        divisors(node, &mut count, &mut whole);
        for round in 0..40 {
            let arrays: Vec<Vec<T>> =
                (0..count).map(|_| (0..LEN).map(|_| random(&mut state)).collect()).collect();
            let mut leaves = [Leaf::One(T::ZERO); LEAVES];
            let mut one = [false; LEAVES];
            for at in 0..count {
                one[at] = whole.contains(&at) || next(&mut state).is_multiple_of(4);
                leaves[at] = if one[at] {
                    Leaf::One(arrays[at][0])
                } else {
                    Leaf::Many(arrays[at].as_ptr())
                };
            }
            for &at in &whole {
                leaves[at + 1] = Leaf::One(T::ONE / arrays[at][0]);
            }
            let moderate = whole.iter().all(|&at| arrays[at][0].moderate());
            let len = next(&mut state) as usize % (LEN + 1);
            for isa in present() {
                let mut out = vec![T::of(5.0); LEN];
                let to = out.as_mut_ptr();
                // SAFETY: all arrays have at least `len` numbers, and `out` is apart from them.
                unsafe {
                    Pass { shape, leaves, len, out: to, moderate, ahead: [to; AHEAD], asked: 1 }
                        .run(isa)
                };
                for (entry, &own) in out.iter().enumerate() {
                    let mut at = |leaf: usize| arrays[leaf][if one[leaf] { 0 } else { entry }];
                    let all: Vec<T> = (0..count).map(&mut at).collect();
                    let right = value(node, &mut all.iter().copied());
                    let right = if entry < len { right } else { T::of(5.0) };
                    let (mut x, mut y) = ([0; 8], [0; 8]);
                    own.put(&mut x[..T::BYTES]);
                    right.put(&mut y[..T::BYTES]);
                    let same = x == y || (own.nan() && right.nan());
                    assert!(
                        same,
                        "{:?} {round} {node:?} of {all:?}: {own:?}, not {right:?}",
                        isa.isa()
                    );
                }
            }
        }
    }
}

const SPECIAL: [f64; 10] =
    [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 3e38, 1e-42, -1e-39];

#[test]
fn shapes_are_their_operations() {
    every_shape(|state| match next(state) % 20 {
        0 => SPECIAL[next(state) as usize % 10] as f32,
        1 => f32::from_bits(next(state) as u32),
        2..6 => next(state) as u8 as f32 / 8.0 - 16.0,
        _ => (next(state) as i32) as f32 * 1e-9,
    });
    every_shape(|state| match next(state) % 20 {
        0 => SPECIAL[next(state) as usize % 10],
        1 => f64::from_bits(next(state) ^ next(state) << 24),
        2..6 => f64::from(next(state) as u8) / 8.0 - 16.0,
        _ => f64::from(next(state) as i32) * 1e-9,
    });
}

fn number(shape: &Node) -> usize {
    shapes().iter().position(|other| other == shape).unwrap()
}

/// Runs a shape of one array and perhaps one number.
fn run<T: Element>(isa: Present, shape: usize, x: &[T], by: Option<T>) -> Vec<T> {
    let mut out = vec![T::ZERO; x.len()];
    let mut leaves = [Leaf::One(T::ZERO); LEAVES];
    leaves[0] = Leaf::Many(x.as_ptr());
    if let Some(by) = by {
        (leaves[1], leaves[2]) = (Leaf::One(by), Leaf::One(T::ONE / by));
    }
    let moderate = by.is_none_or(Element::moderate);
    let to = out.as_mut_ptr();
    // SAFETY: as many numbers are in `out` as in `x`, and they are apart.
    unsafe {
        Pass { shape, leaves, len: x.len(), out: to, moderate, ahead: [to; AHEAD], asked: 0 }
            .run(isa);
    }
    out
}

/// Every mantissa with an even and an odd exponent: others differ by powers of four.
#[test]
fn every_root_is_rounded_rightly() {
    let root = number(&Sqrt::<X<0>>::node());
    for isa in present() {
        for block in 0..1 << 8 {
            let first = 1f32.to_bits() + (block << 16);
            let x: Vec<f32> = (first..first + (1 << 16)).map(f32::from_bits).collect();
            for (x, own) in x.iter().zip(run(isa, root, &x, None)) {
                assert_eq!(own.to_bits(), x.sqrt().to_bits(), "{:?} {x:e}", isa.isa());
            }
        }
        // Vectors of one magnitude each, over the whole range.
        let mut state = 1;
        for exponent in 0..256u32 {
            let bits = |_| exponent << 23 | next(&mut state) as u32 & 0x7f_ffff;
            let x: Vec<f32> = (0..64).map(bits).map(f32::from_bits).collect();
            for (x, own) in x.iter().zip(run(isa, root, &x, None)) {
                let right = x.sqrt();
                let same = own.to_bits() == right.to_bits() || own.is_nan() && right.is_nan();
                assert!(same, "{:?} {x:e}: {own:e}", isa.isa());
            }
        }
    }
}

/// The last step is right for any start that is as good as the instruction's is said to be: other
/// processors may give other bits.
#[test]
fn roots_do_not_depend_on_the_start() {
    let mut worst = 0;
    for at in 0..1u32 << 24 {
        let x = f32::from_bits(1f32.to_bits() + at);
        let right = x.sqrt();
        let exact = 1.0 / f64::from(x).sqrt();
        for error in [-6.1e-5, 6.1e-5] {
            let start = (exact * (1.0 + error)) as f32;
            let (root, back) = (f64::from(x * start), f64::from(0.5 * start));
            let fma = |x: f64, y: f64, z: f32| (x.mul_add(y, f64::from(z))) as f32;
            // A product of two numbers of 24 bits is exact in f64; its sum with a third is rounded
            // twice, which the comparison bears.
            let lost = f64::from(fma(-root, back, 0.5));
            let (root, back) = (fma(root, lost, root as f32), fma(back, lost, back as f32));
            let rest = fma(-f64::from(root), f64::from(root), x);
            let own = fma(f64::from(rest), f64::from(back), root);
            worst += u32::from(own != right);
        }
    }
    assert_eq!(worst, 0);
}

#[test]
fn quotients_by_one_number_are_rounded_rightly() {
    let over = number(&Over::<X<0>, 1>::node());
    let mut state = 3;
    for isa in present() {
        for round in 0..4000u32 {
            // Divisors with few bits, with nearly all bits, and any.
            let mantissa = match round % 4 {
                0 => round >> 2,
                1 => 0x7f_ffff - (round >> 2),
                _ => next(&mut state) as u32 & 0x7f_ffff,
            };
            let by = f32::from_bits((100 + round % 56) << 23 | mantissa);
            let exponent = 70 + round % 110;
            let bits = |at: u32| match at % 4 {
                // Near products of the divisor and numbers halfway between two others.
                0 => {
                    let half = 1.0 + (f64::from(at * 7919 % 8_388_608) + 0.5) / 8_388_608.0;
                    let near = (half * f64::from(by)) as f32;
                    exponent << 23 | near.to_bits() & 0x7f_ffff
                }
                _ => exponent << 23 | next(&mut state) as u32 & 0x7f_ffff,
            };
            let x: Vec<f32> = (0..256).map(bits).map(f32::from_bits).collect();
            for (x, own) in x.iter().zip(run(isa, over, &x, Some(by))) {
                assert_eq!(own.to_bits(), (x / by).to_bits(), "{:?} {x:e} / {by:e}", isa.isa());
            }
            let by = f64::from(by) * (1.0 + 1e-9 * f64::from(round));
            let x: Vec<f64> = x.iter().map(|&x| f64::from(x) * (1.0 + 3e-13 * by)).collect();
            for (x, own) in x.iter().zip(run(isa, over, &x, Some(by))) {
                assert_eq!(own.to_bits(), (x / by).to_bits(), "{:?} {x:e} / {by:e}", isa.isa());
            }
        }
    }
}

/// What is found depends on the structure alone: operands may change places, values may have other
/// names, and what others need stays outside.
#[test]
fn shapes_are_found_by_structure() {
    use Function::{Add, Identity, Mul, Pow};
    let steps = |swap: bool, named: bool| {
        let pair = |function, x, y| {
            if swap { Step::Binary(function, y, x) } else { Step::Binary(function, x, y) }
        };
        let mut steps: Vec<Step> = (0..4).map(Step::Read).collect();
        steps.push(Step::Number(2.0));
        steps.push(pair(Mul, 0, 1));
        steps.push(if swap { Step::Binary(Mul, 3, 3) } else { Step::Binary(Pow, 3, 4) });
        if named {
            steps.push(Step::Unary(Identity, 6));
        }
        let square = steps.len() - 1;
        steps.push(pair(Mul, 2, square));
        let product = steps.len() - 1;
        steps.push(pair(Add, 5, product));
        steps
    };
    let update = super::Add::<super::Mul<X<0>, X<1>>, super::Mul<X<2>, Square<X<3>>>>::node();
    for (swap, named) in [(false, false), (true, false), (false, true), (true, true)] {
        let steps = steps(swap, named);
        let mut single = vec![false; steps.len()];
        single[4] = true;
        let mut uses = vec![1; steps.len()];
        let found = find(&steps, &single, &uses);
        let last = found.last().unwrap().clone().unwrap();
        assert_eq!(last.shape, number(&update), "{steps:?}");
        assert_eq!(found.iter().flatten().count(), 1 + 4 - 4, "{found:?}");
        // The square is written, too.
        uses[6] = 2;
        let found = find(&steps, &single, &uses);
        assert_ne!(found.last().unwrap().clone().unwrap().shape, number(&update));
        assert!(found[6].is_some());
    }
}
