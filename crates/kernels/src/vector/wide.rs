//! Vectors of AVX-512. Square roots, and quotients of many numbers by one, are made of approximations
//! and fused multiply-adds (P. Markstein, Computation of elementary functions on the IBM RISC
//! System/6000 processor, IBM Journal of Research and Development 34, 1990; N. Brisebarre, J.-M.
//! Muller, S. K. Raina, Accelerating correctly rounded floating-point division when the divisor is
//! known in advance, IEEE Transactions on Computers 53, 2004): they are rounded as the instructions
//! round, and take a third of the time. What lies outside the range of the proofs goes to the
//! instructions.
//!
//! No intrinsic is called but in code that [`crate::isa::Present::run`] compiled for this level, which
//! is what makes the blocks of this file sound; pointers are the callers'.

use std::arch::x86_64::*;

use super::{Comparison, Vector};

/// Sixteen numbers of f32.
#[derive(Clone, Copy)]
pub(crate) struct Singles(__m512);
/// Eight numbers of f64.
#[derive(Clone, Copy)]
pub(crate) struct Doubles(__m512d);

/// `x / y` by the rounded reciprocal of `y`: the quotient is corrected twice. Before the last
/// correction it is one of the neighbours of the exact one, and then the correction rounds it
/// rightly (Markstein's theorem).
macro_rules! over {
    ($x:expr, $y:expr, $r:expr, $mul:ident, $fma:ident, $fnma:ident) => {{
        let first = $mul($x, $r);
        let second = $fma($fnma(first, $y, $x), $r, first);
        $fma($fnma(second, $y, $x), $r, second)
    }};
}

macro_rules! vector {
    ($name:ident, $type:ident, $len:expr, $mask:ident, $own:ident, [$load:ident, $loads:ident, $store:ident,
        $stores:ident, $all:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $xor:ident,
        $max:ident, $min:ident, $cmp:ident, $keep:ident, $blend:ident]) => {
        impl Vector for $name {
            type Entry = $type;
            const LEN: usize = $len;

            #[inline(always)]
            unsafe fn load(from: *const $type) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn load_some(from: *const $type, count: usize) -> Self {
                let mask = ((1u32 << count) - 1) as $mask;
                // SAFETY: see the head of this file; no more than `count` numbers are touched.
                Self(unsafe { $loads(mask, from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $type) {
                // SAFETY: see the head of this file.
                unsafe { $store(to, self.0) };
            }
            #[inline(always)]
            unsafe fn store_some(self, to: *mut $type, count: usize) {
                let mask = ((1u32 << count) - 1) as $mask;
                // SAFETY: see the head of this file; no more than `count` numbers are touched.
                unsafe { $stores(to, mask, self.0) };
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $sub(self.0, other.0) })
            }
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $mul(self.0, other.0) })
            }
            #[inline(always)]
            fn div(self, other: Self) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $div(self.0, other.0) })
            }
            #[inline(always)]
            fn over(self, other: Self, reciprocal: Self) -> Self {
                $own::over(self, other, reciprocal)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $own::sqrt(self)
            }
            #[inline(always)]
            fn neg(self) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $xor(self.0, $all(-0.0)) })
            }
            #[inline(always)]
            fn relu(self) -> Self {
                // SAFETY: see the head of this file.
                Self(unsafe { $keep($cmp::<_CMP_NLE_UQ>(self.0, $all(0.0)), self.0) })
            }
            #[inline(always)]
            fn greatest(self, other: Self) -> Self {
                // The instruction gives its second operand for equals and for NaN.
                // SAFETY: see the head of this file.
                unsafe {
                    let none = $cmp::<_CMP_UNORD_Q>(other.0, other.0);
                    let either = $max(other.0, self.0);
                    let nan = none & $cmp::<_CMP_ORD_Q>(self.0, self.0);
                    Self($blend(nan, either, other.0))
                }
            }
            #[inline(always)]
            fn least(self, other: Self) -> Self {
                // SAFETY: see the head of this file.
                unsafe {
                    let none = $cmp::<_CMP_UNORD_Q>(other.0, other.0);
                    let either = $min(other.0, self.0);
                    let nan = none & $cmp::<_CMP_ORD_Q>(self.0, self.0);
                    Self($blend(nan, either, other.0))
                }
            }
            #[inline(always)]
            fn better(best: (Self, Self), other: (Self, Self), by: Comparison) -> (Self, Self) {
                let (new, old) = (other.0.0, best.0.0);
                // SAFETY: see the head of this file.
                unsafe {
                    let beyond = if by == Comparison::Greater {
                        $cmp::<_CMP_GT_OQ>(new, old)
                    } else {
                        $cmp::<_CMP_LT_OQ>(new, old)
                    };
                    let nan = $cmp::<_CMP_UNORD_Q>(new, new) & $cmp::<_CMP_ORD_Q>(old, old);
                    let take = beyond | nan;
                    (Self($blend(take, old, new)), Self($blend(take, best.1.0, other.1.0)))
                }
            }
            #[inline(always)]
            fn compare(self, by: Comparison, other: Self) -> Self {
                let (x, y) = (self.0, other.0);
                // SAFETY: see the head of this file.
                unsafe {
                    let holds = match by {
                        Comparison::Less => $cmp::<_CMP_LT_OQ>(x, y),
                        Comparison::LessEqual => $cmp::<_CMP_LE_OQ>(x, y),
                        Comparison::Greater => $cmp::<_CMP_GT_OQ>(x, y),
                        Comparison::GreaterEqual => $cmp::<_CMP_GE_OQ>(x, y),
                        Comparison::Equal => $cmp::<_CMP_EQ_OQ>(x, y),
                        Comparison::NotEqual => $cmp::<_CMP_NEQ_UQ>(x, y),
                    };
                    Self($keep(holds, $all(1.0)))
                }
            }
        }
    };
}

vector!(
    Singles,
    f32,
    16,
    __mmask16,
    single,
    [
        _mm512_loadu_ps,
        _mm512_maskz_loadu_ps,
        _mm512_storeu_ps,
        _mm512_mask_storeu_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_div_ps,
        _mm512_xor_ps,
        _mm512_max_ps,
        _mm512_min_ps,
        _mm512_cmp_ps_mask,
        _mm512_maskz_mov_ps,
        _mm512_mask_blend_ps
    ]
);
vector!(
    Doubles,
    f64,
    8,
    __mmask8,
    double,
    [
        _mm512_loadu_pd,
        _mm512_maskz_loadu_pd,
        _mm512_storeu_pd,
        _mm512_mask_storeu_pd,
        _mm512_set1_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_div_pd,
        _mm512_xor_pd,
        _mm512_max_pd,
        _mm512_min_pd,
        _mm512_cmp_pd_mask,
        _mm512_maskz_mov_pd,
        _mm512_mask_blend_pd
    ]
);

/// The parts that differ by type.
mod single {
    use super::*;

    /// Whether all magnitudes are within `2^low` and `2^high`.
    #[inline(always)]
    fn within(x: __m512, low: i32, high: i32, sign: i32) -> bool {
        // SAFETY: see the head of this file.
        unsafe {
            let bits = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(sign));
            let from = _mm512_sub_epi32(bits, _mm512_set1_epi32((low + 127) << 23));
            let span = _mm512_set1_epi32((high - low) << 23);
            _mm512_cmpge_epu32_mask(from, span) == 0
        }
    }

    #[inline(always)]
    pub(super) fn over(x: Singles, y: Singles, reciprocal: Singles) -> Singles {
        let (x, y, r) = (x.0, y.0, reciprocal.0);
        // SAFETY: see the head of this file.
        unsafe {
            if within(x, -60, 60, i32::MAX) {
                return Singles(over!(x, y, r, _mm512_mul_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps));
            }
            Singles(_mm512_div_ps(x, y))
        }
    }

    /// The root, by one step of Newton for it and for half its reciprocal, and one of Markstein's.
    #[inline(always)]
    pub(super) fn sqrt(x: Singles) -> Singles {
        let x = x.0;
        // SAFETY: see the head of this file.
        unsafe {
            if within(x, -100, 120, -1) {
                let half = _mm512_set1_ps(0.5);
                let start = _mm512_rsqrt14_ps(x);
                let (root, back) = (_mm512_mul_ps(x, start), _mm512_mul_ps(half, start));
                let lost = _mm512_fnmadd_ps(root, back, half);
                let root = _mm512_fmadd_ps(root, lost, root);
                let back = _mm512_fmadd_ps(back, lost, back);
                let rest = _mm512_fnmadd_ps(root, root, x);
                return Singles(_mm512_fmadd_ps(rest, back, root));
            }
            Singles(_mm512_sqrt_ps(x))
        }
    }
}

mod double {
    use super::*;

    /// Whether all magnitudes are within `2^low` and `2^high`.
    #[inline(always)]
    fn within(x: __m512d, low: i64, high: i64) -> bool {
        // SAFETY: see the head of this file.
        unsafe {
            let bits = _mm512_and_si512(_mm512_castpd_si512(x), _mm512_set1_epi64(i64::MAX));
            let from = _mm512_sub_epi64(bits, _mm512_set1_epi64((low + 1023) << 52));
            let span = _mm512_set1_epi64((high - low) << 52);
            _mm512_cmpge_epu64_mask(from, span) == 0
        }
    }

    #[inline(always)]
    pub(super) fn over(x: Doubles, y: Doubles, reciprocal: Doubles) -> Doubles {
        let (x, y, r) = (x.0, y.0, reciprocal.0);
        // SAFETY: see the head of this file.
        unsafe {
            if within(x, -500, 500) {
                return Doubles(over!(x, y, r, _mm512_mul_pd, _mm512_fmadd_pd, _mm512_fnmadd_pd));
            }
            Doubles(_mm512_div_pd(x, y))
        }
    }

    #[inline(always)]
    pub(super) fn sqrt(x: Doubles) -> Doubles {
        // SAFETY: see the head of this file.
        Doubles(unsafe { _mm512_sqrt_pd(x.0) })
    }
}
