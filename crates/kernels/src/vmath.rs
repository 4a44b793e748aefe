//! Elementary functions that LLVM turns into vector code: no branches, no tables, no call of the
//! platform's library, so that bits depend on the instruction set alone.
//!
//! Bounds on the error in units of the last place, for f32 against f64; for f64 the greatest
//! difference from the platform's functions (glibc), which have errors of their own:
//!
//! | | f32 | f64 |
//! |---|---|---|
//! | exp | 1.1 | 1 |
//! | log | 1 | 1 |
//! | sin, cos | 0.501 | 1 |
//! | tan | 0.501 | 2 |
//! | tanh | 2.5 | 4 |
//! | sigmoid | 2.5 | 2 |
//! | softplus | 2 | 2 |
//! | pow | 0.51 | 1 |
//! | sqrt | 0.5 | 0.5 |
//!
//! Special values are those of IEEE 754-2019, section 9.2: `log 0 = -inf`, the logarithm of a
//! negative number is NaN, `pow(x, 0) = pow(1, y) = 1` also for NaN.
//!
//! Methods: exp and log as in W. J. Cody and W. Waite, Software Manual for the Elementary Functions
//! (1980), the logarithm's form from Sun's fdlibm (`e_log.c`); trigonometric arguments from `2^20`
//! on are reduced after M. Payne and R. Hanek (1983); pow carries the logarithm in two numbers (T. J.
//! Dekker, A floating-point technique for extending the available precision, 1971).

mod double;
mod large;
mod power;
mod single;
#[cfg(test)]
mod tests;

use crate::isa::Level;

/// From this magnitude on, `sin`, `cos` and `tan` need the slow reduction of [`Elementary::far`].
pub(crate) const MODERATE: f64 = 1_048_576.0;

/// The three functions that need a reduction by multiples of pi / 2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Circular {
    Sin,
    Cos,
    Tan,
}

/// The functions of both number types.
pub(crate) trait Elementary: Copy {
    fn exp<L: Level>(self) -> Self;
    fn log<L: Level>(self) -> Self;
    fn tanh<L: Level>(self) -> Self;
    fn sigmoid<L: Level>(self) -> Self;
    fn softplus<L: Level>(self) -> Self;
    /// Right for magnitudes below [`MODERATE`], as are `cos` and `tan`.
    fn sin<L: Level>(self) -> Self;
    fn cos<L: Level>(self) -> Self;
    fn tan<L: Level>(self) -> Self;
    fn pow<L: Level>(self, exponent: Self) -> Self;
    /// A circular function of a finite number from [`MODERATE`] on.
    fn far(self, function: Circular) -> Self;
}

/// `c[0] + c[1] x + ..`, by Horner's rule.
macro_rules! horner {
    ($fma:ident, $x:expr, [$last:expr]) => { $last };
    ($fma:ident, $x:expr, [$first:expr, $($rest:expr),+]) => {
        $fma::<L>($x, horner!($fma, $x, [$($rest),+]), $first)
    };
}
pub(crate) use horner;

/// Functions that both types make of `exp_parts` and `log_of` in the same way.
macro_rules! common {
    ($type:ident, $saturated:expr) => {
        #[inline(always)]
        fn exp<L: Level>(self) -> Self {
            let (fraction, first, second) = exp_parts::<L>(self, 0.0);
            (1.0 + fraction) * first * second
        }

        #[inline(always)]
        fn log<L: Level>(self) -> Self {
            let (fraction, exponent) = split(self);
            let value = log_of::<L>(fraction, exponent);
            let value = if self < $type::INFINITY { value } else { self };
            let at_most_zero = if self == 0.0 { -$type::INFINITY } else { $type::NAN };
            if self > 0.0 { value } else { at_most_zero }
        }

        #[inline(always)]
        fn tanh<L: Level>(self) -> Self {
            let twice = 2.0 * self.abs();
            let twice = if twice > $saturated { $saturated } else { twice };
            let (fraction, first, second) = exp_parts::<L>(twice, 0.0);
            let power = first * second;
            let less_one = fma::<L>(power, fraction, power - 1.0);
            (less_one / (less_one + 2.0)).copysign(self)
        }

        #[inline(always)]
        fn sigmoid<L: Level>(self) -> Self {
            let small = Elementary::exp::<L>(-self.abs());
            let above = if self < 0.0 { small } else { 1.0 };
            above / (1.0 + small)
        }

        #[inline(always)]
        fn softplus<L: Level>(self) -> Self {
            let small = Elementary::exp::<L>(-self.abs());
            let folded = small > 0.414_213_56;
            let fraction = if folded { 0.5 * (small - 1.0) } else { small };
            let exponent = if folded { 1.0 } else { 0.0 };
            let above = if self > 0.0 { self } else { 0.0 };
            above + log_of::<L>(fraction, exponent)
        }
    };
}
pub(crate) use common;
