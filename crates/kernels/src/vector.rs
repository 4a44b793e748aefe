//! Vectors for kernels that are written once for all instruction sets: 64 bytes wide, as registers
//! of AVX-512 or as arrays. Every method is one operation of IEEE 754, rounded once, so the bits are
//! those of the same operations entry by entry.

mod array;
#[cfg(target_arch = "x86_64")]
mod wide;

pub(crate) use array::Lanes;
#[cfg(target_arch = "x86_64")]
pub(crate) use wide::{Doubles, Singles};

use crate::element::Element;
use crate::program::Function;

/// Some numbers at once. Methods may be called only in code compiled for a level
/// ([`crate::isa::Level`]) that has the instructions; they are all inlined.
pub(crate) trait Vector: Copy {
    type Entry: Element;
    /// How many there are.
    const LEN: usize;

    /// # Safety
    ///
    /// There are [`Vector::LEN`] numbers to read.
    unsafe fn load(from: *const Self::Entry) -> Self;
    /// # Safety
    ///
    /// There are so many numbers to read, at most [`Vector::LEN`]; the rest are 0.
    unsafe fn load_some(from: *const Self::Entry, count: usize) -> Self;
    /// # Safety
    ///
    /// There is room for [`Vector::LEN`] numbers.
    unsafe fn store(self, to: *mut Self::Entry);
    /// # Safety
    ///
    /// There is room for so many numbers, at most [`Vector::LEN`].
    unsafe fn store_some(self, to: *mut Self::Entry, count: usize);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// `self / other`, whose entries are equal, [moderate](Element::moderate), and have this rounded
    /// reciprocal.
    fn over(self, other: Self, reciprocal: Self) -> Self;
    fn sqrt(self) -> Self;
    /// The sign is turned.
    fn neg(self) -> Self;
    /// 0 where it is at most 0.
    fn relu(self) -> Self;
    /// The greater, the first of equals; NaN if one is.
    fn greatest(self, other: Self) -> Self;
    /// The smaller, the first of equals; NaN if one is.
    fn least(self, other: Self) -> Self;
    /// The better of a best value so far and another one, the first of equals, and which it is: a
    /// NaN is the best of all.
    fn better(best: (Self, Self), other: (Self, Self), by: Comparison) -> (Self, Self);
    /// 1 where the comparison holds, else 0.
    fn compare(self, by: Comparison, other: Self) -> Self;
}

/// A comparison: false if one is NaN, but for the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Comparison {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

impl Comparison {
    /// Its name among the functions.
    pub(crate) fn function(self) -> Function {
        match self {
            Comparison::Less => Function::Less,
            Comparison::LessEqual => Function::LessEqual,
            Comparison::Greater => Function::Greater,
            Comparison::GreaterEqual => Function::GreaterEqual,
            Comparison::Equal => Function::Equal,
            Comparison::NotEqual => Function::NotEqual,
        }
    }
}
