//! Single instructions as they occur in the training of networks, for `bench --kernels`.

use chainrule_kernels::program::*;

/// An instruction and the entries of its arena.
pub(super) type Made = (Work, usize);

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

fn lane(extent: usize, a: isize, b: isize, c: isize) -> Lane {
    Lane { extent, a, b, c }
}

/// Which array of a product lies transposed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turned {
    Neither,
    Left,
    Right,
}

/// A product of matrices: rows, columns, terms.
pub(super) fn product((m, n, k): (usize, usize, usize), turned: Turned) -> Made {
    let mut room = Room::default();
    let [a, b, c] = [m * k, k * n, m * n].map(|len| room.take(len));
    let (mi, ni, ki) = (m as isize, n as isize, k as isize);
    let (am, ak) = if turned == Turned::Left { (1, mi) } else { (ki, 1) };
    let (bk, bn) = if turned == Turned::Right { (1, ki) } else { (ni, 1) };
    let contract = Contract {
        batch: vec![],
        m: vec![lane(m, am, 0, ni)],
        n: vec![lane(n, 0, bn, 1)],
        k: vec![lane(k, ak, bk, 0)],
        scale: 1.0,
        a: (a, a.at),
        b: (b, b.at),
        c: (c, c.at),
    };
    (Work::Contract(contract), room.0)
}

/// A 3 by 3 convolution of `size` by `size` images with the batch last, or the gradient of its
/// kernel. The gradient of the image is the convolution with the channels exchanged.
pub(super) fn convolution(
    (from, to): (usize, usize),
    size: usize,
    batch: usize,
    of_kernel: bool,
) -> Made {
    let out = size - 2;
    let (s, o, b) = (size as isize, out as isize, batch as isize);
    let mut room = Room::default();
    let image = room.take(from * size * size * batch);
    let kernel = room.take(to * from * 9);
    let result = room.take(to * out * out * batch);
    let (f, channel) = (9 * from as isize, s * s * b);
    let own = if of_kernel {
        Contract {
            batch: vec![],
            m: vec![lane(to, o * o * b, 0, f)],
            n: vec![lane(from, 0, channel, 9), lane(3, 0, s * b, 3), lane(3, 0, b, 1)],
            k: vec![lane(out, o * b, s * b, 0), lane(out, b, b, 0), lane(batch, 1, 1, 0)],
            scale: 1.0,
            a: (result, result.at),
            b: (image, image.at),
            c: (kernel, kernel.at),
        }
    } else {
        Contract {
            batch: vec![],
            m: vec![lane(to, f, 0, o * o * b)],
            n: vec![lane(out, 0, s * b, o * b), lane(out, 0, b, b), lane(batch, 0, 1, 1)],
            k: vec![lane(from, 9, channel, 0), lane(3, 3, s * b, 0), lane(3, 1, b, 0)],
            scale: 1.0,
            a: (kernel, kernel.at),
            b: (image, image.at),
            c: (result, result.at),
        }
    };
    (Work::Contract(own), room.0)
}

fn access(slot: Slot, strides: &[isize]) -> Access {
    let at = Affine { constant: slot.at as isize, strides: strides.to_vec() };
    Access { slot, at, guards: vec![], label: None }
}

fn kept(extent: usize) -> Axis {
    Axis { extent, folded: false }
}

/// The update of Adadelta, in place: the parameters, the means of the squares of gradients and of
/// steps, the gradient.
pub(super) fn adadelta(len: usize) -> Made {
    let mut room = Room::default();
    let slots: Vec<Slot> = (0..4).map(|_| room.take(len)).collect();
    let reads: Vec<Access> = slots.iter().map(|&slot| access(slot, &[1])).collect();
    let b = |function, x, y| Step::Binary(function, x, y);
    use Function::{Add, Div, Mul, Sqrt, Sub};
    let mut steps: Vec<Step> = (0..4).map(Step::Read).collect();
    steps.extend([0.9, 0.1, 1e-6].map(Step::Number));
    steps.extend([
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
    ]);
    let writes = [(21, 0), (10, 1), (20, 2)].map(|(step, at): (usize, usize)| Write {
        step,
        fold: None,
        to: reads[at].clone(),
    });
    let axes = vec![kept(len)];
    (Work::Loop(Loop { axes, reads, steps, writes: writes.to_vec() }), room.0)
}

/// One function of one array, or its sum over the last axis.
pub(super) fn simple(function: Function, outer: usize, len: usize, fold: bool) -> Made {
    let mut room = Room::default();
    let reads = vec![access(room.take(outer * len), &[len as isize, 1])];
    let axes = vec![kept(outer), Axis { extent: len, folded: fold }];
    let result = room.take(if fold { outer } else { outer * len });
    let to = access(result, if fold { &[1, 0] } else { &reads[0].at.strides });
    let steps = vec![Step::Read(0), Step::Unary(function, 0)];
    let writes = vec![Write { step: 1, fold: fold.then_some(Fold::Sum), to }];
    (Work::Loop(Loop { axes, reads, steps, writes }), room.0)
}

/// The maximum of each 2 by 2 window, or where it stands.
pub(super) fn pooling(channels: usize, out: usize, batch: usize, place: bool) -> Made {
    let size = 2 * out;
    let (s, o, b) = (size as isize, out as isize, batch as isize);
    let mut room = Room::default();
    let folded = Axis { extent: 2, folded: true };
    let axes = vec![kept(channels), kept(out), kept(out), folded, folded, kept(batch)];
    let strides = [s * s * b, 2 * s * b, 2 * b, s * b, b, 1];
    let read = access(room.take(channels * size * size * batch), &strides);
    if place {
        let to = access(room.take(channels * size * size * batch), &strides);
        return (Work::Select(Select { fold: Fold::Max, axes, read, to }), room.0);
    }
    let to = access(room.take(channels * out * out * batch), &[o * o * b, o * b, b, 0, 0, 1]);
    let writes = vec![Write { step: 0, fold: Some(Fold::Max), to }];
    (Work::Loop(Loop { axes, reads: vec![read], steps: vec![Step::Read(0)], writes }), room.0)
}

/// A mask that keeps four fifths.
pub(super) fn mask(width: usize, rows: usize) -> Made {
    let law = Law::Bernoulli(0.8);
    (Work::Noise(Noise { law, stream: 1, width, rows, out: 0 }), width * rows)
}
