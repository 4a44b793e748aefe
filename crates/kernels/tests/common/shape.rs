//! Contractions as networks have them; the times of `examples/speed.rs` are of these too.

use chainrule_kernels::program::*;

/// A loop of a contraction with the strides of its three arrays.
pub(crate) fn lane(extent: usize, a: isize, b: isize, c: isize) -> Lane {
    Lane { extent, a, b, c }
}

/// `C = A B` of M by K and K by N entries; `left` and `right` say whether the array lies transposed.
pub(crate) fn product(
    [a, b, c]: [Slot; 3],
    (m, n, k): (usize, usize, usize),
    left: bool,
    right: bool,
) -> Contract {
    let (mi, ni, ki) = (m as isize, n as isize, k as isize);
    let (am, ak) = if left { (1, mi) } else { (ki, 1) };
    let (bk, bn) = if right { (1, ki) } else { (ni, 1) };
    Contract {
        batch: vec![],
        m: vec![lane(m, am, 0, ni)],
        n: vec![lane(n, 0, bn, 1)],
        k: vec![lane(k, ak, bk, 0)],
        scale: 1.0,
        a: (a, a.at),
        b: (b, b.at),
        c: (c, c.at),
    }
}
