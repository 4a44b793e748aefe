//! Vectors as arrays: LLVM makes of them what the level has.

use super::{Comparison, Vector};
use crate::element::Element;
use crate::pointwise::{greater, smaller};

/// Entries of an array vector.
const LEN: usize = 16;

/// Some numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<T>([T; LEN]);

impl<T: Element> Lanes<T> {
    #[inline(always)]
    fn map(self, f: impl Fn(T) -> T) -> Self {
        Lanes(self.0.map(f))
    }

    #[inline(always)]
    fn both(mut self, other: Self, f: impl Fn(T, T) -> T) -> Self {
        for (x, y) in self.0.iter_mut().zip(other.0) {
            *x = f(*x, y);
        }
        self
    }
}

#[inline(always)]
fn truth<T: Element>(condition: bool) -> T {
    if condition { T::ONE } else { T::ZERO }
}

impl<T: Element> Vector for Lanes<T> {
    type Entry = T;
    const LEN: usize = LEN;

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller's.
        Lanes(unsafe { from.cast::<[T; LEN]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_some(from: *const T, count: usize) -> Self {
        let mut own = [T::ZERO; LEN];
        // SAFETY: the caller's.
        unsafe { std::ptr::copy_nonoverlapping(from, own.as_mut_ptr(), count.min(LEN)) };
        Lanes(own)
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller's.
        unsafe { to.cast::<[T; LEN]>().write_unaligned(self.0) };
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut T, count: usize) {
        // SAFETY: the caller's.
        unsafe { std::ptr::copy_nonoverlapping(self.0.as_ptr(), to, count.min(LEN)) };
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.both(other, |x, y| x + y)
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.both(other, |x, y| x - y)
    }
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.both(other, |x, y| x * y)
    }
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.both(other, |x, y| x / y)
    }
    #[inline(always)]
    fn over(self, other: Self, _: Self) -> Self {
        self.div(other)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(T::root)
    }
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }
    #[inline(always)]
    fn relu(self) -> Self {
        self.map(|x| if x <= T::ZERO { T::ZERO } else { x })
    }
    #[inline(always)]
    fn greatest(self, other: Self) -> Self {
        self.both(other, greater)
    }
    #[inline(always)]
    fn least(self, other: Self) -> Self {
        self.both(other, smaller)
    }
    #[inline(always)]
    fn better(best: (Self, Self), other: (Self, Self), by: Comparison) -> (Self, Self) {
        let (mut value, mut place) = best;
        for at in 0..LEN {
            let (new, old) = (other.0.0[at], value.0[at]);
            let beyond = if by == Comparison::Greater { new > old } else { new < old };
            let take = beyond | (new.nan() & !old.nan());
            value.0[at] = if take { new } else { old };
            place.0[at] = if take { other.1.0[at] } else { place.0[at] };
        }
        (value, place)
    }
    #[inline(always)]
    fn compare(self, by: Comparison, other: Self) -> Self {
        match by {
            Comparison::Less => self.both(other, |x, y| truth(x < y)),
            Comparison::LessEqual => self.both(other, |x, y| truth(x <= y)),
            Comparison::Greater => self.both(other, |x, y| truth(x > y)),
            Comparison::GreaterEqual => self.both(other, |x, y| truth(x >= y)),
            Comparison::Equal => self.both(other, |x, y| truth(x == y)),
            Comparison::NotEqual => self.both(other, |x, y| truth(x != y)),
        }
    }
}
