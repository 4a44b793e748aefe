//! The two number types.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::eight;
use crate::gemm::Micro;
use crate::isa::{Level, Present};
use crate::kernel::Kernel;
use crate::program::Contract;
use crate::vector::Vector;
use crate::vmath::Elementary;
use crate::winograd;

/// A number type of programs: what the kernels need to know of it.
pub(crate) trait Element:
    Elementary
    + Default
    + Debug
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// Its vectors on the widest level.
    type Wide: Vector<Entry = Self>;
    const ZERO: Self;
    const ONE: Self;
    const INFINITY: Self;
    const NAN: Self;
    /// Entries of one register of a pointwise program.
    const TILE: usize;
    /// Bytes of one.
    const BYTES: usize;

    fn of(value: f64) -> Self;
    fn to_f64(self) -> f64;
    fn magnitude(self) -> Self;
    fn root(self) -> Self;
    fn nan(self) -> bool;
    /// Whether a quotient by it may be made of its reciprocal: far from the ends of the range.
    fn moderate(self) -> bool;
    /// The same place, if it is one of numbers of f32.
    fn singles(place: *mut Self) -> Option<*mut f32>;
    fn put(self, bytes: &mut [u8]);
    fn take(bytes: &[u8]) -> Self;
    /// The micro-kernel of an instruction set.
    fn micro(isa: Present) -> Micro<Self>;
    /// A kernel with fewer multiplications for a contraction, if there is one that is faster.
    fn faster(source: &Contract, isa: Present) -> Option<Box<dyn Kernel<Self>>>;
    /// Turns eight lines: `out[k width + first + i] = lines[i][at + k]`. It may be called for a
    /// level only where [`Present::run`] runs that level.
    fn turn<L: Level>(lines: &[&[Self]; 8], at: usize, to: (usize, usize), out: &mut [Self]);
}

macro_rules! element {
    ($type:ident, $tile:expr, $turn:ident, $wide:ident, $faster:expr) => {
        impl Element for $type {
            #[cfg(target_arch = "x86_64")]
            type Wide = crate::vector::$wide;
            #[cfg(not(target_arch = "x86_64"))]
            type Wide = crate::vector::Lanes<$type>;
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const INFINITY: Self = $type::INFINITY;
            const NAN: Self = $type::NAN;
            const TILE: usize = $tile;
            const BYTES: usize = size_of::<$type>();

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn moderate(self) -> bool {
                self.abs() > 1.0 / 1_073_741_824.0 && self.abs() < 1_073_741_824.0
            }
            #[inline(always)]
            fn singles(place: *mut Self) -> Option<*mut f32> {
                (size_of::<Self>() == size_of::<f32>()).then_some(place.cast())
            }
            fn put(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }
            fn take(bytes: &[u8]) -> Self {
                let mut own = [0; size_of::<$type>()];
                own.copy_from_slice(bytes);
                $type::from_le_bytes(own)
            }
            fn micro(isa: Present) -> Micro<Self> {
                Micro::<$type>::of(isa)
            }
            fn faster(source: &Contract, isa: Present) -> Option<Box<dyn Kernel<Self>>> {
                $faster(source, isa)
            }
            #[inline(always)]
            fn turn<L: Level>(
                lines: &[&[Self]; 8],
                at: usize,
                to: (usize, usize),
                out: &mut [Self],
            ) {
                $turn::<L>(lines, at, to, out);
            }
        }
    };
}

/// Turns lines of f32 with vectors where there are some.
#[inline(always)]
fn turn_single<L: Level>(lines: &[&[f32]; 8], at: usize, to: (usize, usize), out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if L::VECTORS {
        // SAFETY: the level is that of the machine, and has the vectors.
        unsafe { eight::eight(lines, at, to, out) };
        return;
    }
    eight::plain(lines, at, to, out);
}

#[inline(always)]
fn turn_double<L: Level>(lines: &[&[f64]; 8], at: usize, to: (usize, usize), out: &mut [f64]) {
    eight::plain(lines, at, to, out);
}

element!(f32, 512, turn_single, Singles, winograd::kernel);
element!(f64, 256, turn_double, Doubles, |_, _| None);
