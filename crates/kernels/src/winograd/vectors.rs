//! Vectors of f32 as the transforms and the small products need them: one trait, three widths.

/// A vector of one instruction set.
///
/// # Safety
///
/// Every method may be called only where the machine has the instructions: inside a function that
/// was compiled for them. Pointers must be good for [`Vector::WIDTH`] numbers, or for `count`.
pub(super) trait Vector: Copy {
    /// Numbers of one.
    const WIDTH: usize;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The first `count` numbers, then zeros.
    unsafe fn load_some(from: *const f32, count: usize) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The first `count` numbers.
    unsafe fn store_some(self, to: *mut f32, count: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// `self factor + more`.
    unsafe fn fma(self, factor: Self, more: Self) -> Self;
    /// Lines become columns: `to[k, i] = from[i, k]`, as many lines as numbers of a vector.
    unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize);
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::Vector;
    use std::arch::x86_64::*;

    fn mask(count: usize) -> __mmask16 {
        ((1_u32 << count.min(16)) - 1) as __mmask16
    }

    impl Vector for __m512 {
        const WIDTH: usize = 16;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: the caller has AVX-512.
            unsafe { _mm512_set1_ps(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: 16 numbers.
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn load_some(from: *const f32, count: usize) -> Self {
            // SAFETY: masked lanes are not read.
            unsafe { _mm512_maskz_loadu_ps(mask(count), from) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: 16 numbers.
            unsafe { _mm512_storeu_ps(to, self) }
        }
        #[inline(always)]
        unsafe fn store_some(self, to: *mut f32, count: usize) {
            // SAFETY: masked lanes are not written.
            unsafe { _mm512_mask_storeu_ps(to, mask(count), self) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: the caller has AVX-512.
            unsafe { _mm512_add_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: the caller has AVX-512.
            unsafe { _mm512_sub_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            // SAFETY: the caller has AVX-512.
            unsafe { _mm512_mul_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn fma(self, factor: Self, more: Self) -> Self {
            // SAFETY: the caller has AVX-512.
            unsafe { _mm512_fmadd_ps(self, factor, more) }
        }
        /// Fours are gathered from four lines by the loads, then turned inside the fours.
        #[inline(always)]
        unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
            // SAFETY: 16 lines of 16 numbers are read, as many are written.
            unsafe {
                for four in 0..4 {
                    // The four numbers from `4 four` on of the lines i, i + 4, i + 8, i + 12.
                    let mut r = [_mm512_setzero_ps(); 4];
                    for (i, r) in r.iter_mut().enumerate() {
                        let at = |step: usize| {
                            _mm512_broadcast_f32x4(_mm_loadu_ps(
                                from.add((i + 4 * step) * line + 4 * four),
                            ))
                        };
                        let two = _mm512_mask_blend_ps(0x00f0, at(0), at(1));
                        let three = _mm512_mask_blend_ps(0x0f00, two, at(2));
                        *r = _mm512_mask_blend_ps(0xf000, three, at(3));
                    }
                    let (a, b) = (_mm512_unpacklo_ps(r[0], r[1]), _mm512_unpackhi_ps(r[0], r[1]));
                    let (c, d) = (_mm512_unpacklo_ps(r[2], r[3]), _mm512_unpackhi_ps(r[2], r[3]));
                    let out = [
                        _mm512_shuffle_ps::<0x44>(a, c),
                        _mm512_shuffle_ps::<0xee>(a, c),
                        _mm512_shuffle_ps::<0x44>(b, d),
                        _mm512_shuffle_ps::<0xee>(b, d),
                    ];
                    for (k, out) in out.into_iter().enumerate() {
                        _mm512_storeu_ps(to.add((4 * four + k) * row), out);
                    }
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod middle {
    use super::Vector;
    use std::arch::x86_64::*;

    /// Masks of 0 to 8 lanes are windows of this.
    static MASKS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    impl Vector for __m256 {
        const WIDTH: usize = 8;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: the caller has AVX2.
            unsafe { _mm256_set1_ps(value) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: eight numbers.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn load_some(from: *const f32, count: usize) -> Self {
            let mask = &MASKS[8 - count.min(8)..];
            // SAFETY: eight numbers of the mask; masked lanes are not read.
            unsafe { _mm256_maskload_ps(from, _mm256_loadu_si256(mask.as_ptr().cast())) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: eight numbers.
            unsafe { _mm256_storeu_ps(to, self) }
        }
        #[inline(always)]
        unsafe fn store_some(self, to: *mut f32, count: usize) {
            let mask = &MASKS[8 - count.min(8)..];
            // SAFETY: eight numbers of the mask; masked lanes are not written.
            unsafe { _mm256_maskstore_ps(to, _mm256_loadu_si256(mask.as_ptr().cast()), self) }
        }
        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: the caller has AVX2.
            unsafe { _mm256_add_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: the caller has AVX2.
            unsafe { _mm256_sub_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            // SAFETY: the caller has AVX2.
            unsafe { _mm256_mul_ps(self, other) }
        }
        #[inline(always)]
        unsafe fn fma(self, factor: Self, more: Self) -> Self {
            // SAFETY: the caller has FMA.
            unsafe { _mm256_fmadd_ps(self, factor, more) }
        }
        #[inline(always)]
        unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
            // SAFETY: eight lines of eight numbers are read, as many are written.
            unsafe {
                for four in 0..2 {
                    let mut r = [_mm256_setzero_ps(); 4];
                    for (i, r) in r.iter_mut().enumerate() {
                        let at =
                            |step: usize| _mm_loadu_ps(from.add((i + 4 * step) * line + 4 * four));
                        *r = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(at(0)), at(1));
                    }
                    let (a, b) = (_mm256_unpacklo_ps(r[0], r[1]), _mm256_unpackhi_ps(r[0], r[1]));
                    let (c, d) = (_mm256_unpacklo_ps(r[2], r[3]), _mm256_unpackhi_ps(r[2], r[3]));
                    let out = [
                        _mm256_shuffle_ps::<0x44>(a, c),
                        _mm256_shuffle_ps::<0xee>(a, c),
                        _mm256_shuffle_ps::<0x44>(b, d),
                        _mm256_shuffle_ps::<0xee>(b, d),
                    ];
                    for (k, out) in out.into_iter().enumerate() {
                        _mm256_storeu_ps(to.add((4 * four + k) * row), out);
                    }
                }
            }
        }
    }
}

/// Four numbers without instructions of their own.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; 4]);

impl Plain {
    #[inline(always)]
    fn both(self, other: Self, of: impl Fn(f32, f32) -> f32) -> Self {
        Plain(std::array::from_fn(|i| of(self.0[i], other.0[i])))
    }
}

impl Vector for Plain {
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Plain([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: four numbers.
        Plain(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_some(from: *const f32, count: usize) -> Self {
        // SAFETY: `count` numbers.
        let at = |i| if i < count { unsafe { *from.add(i) } } else { 0.0 };
        Plain(std::array::from_fn(at))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: four numbers.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_some(self, to: *mut f32, count: usize) {
        for (i, &value) in self.0.iter().enumerate().take(count) {
            // SAFETY: `count` numbers.
            unsafe { *to.add(i) = value };
        }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.both(other, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.both(other, |x, y| x - y)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.both(other, |x, y| x * y)
    }
    #[inline(always)]
    unsafe fn fma(self, factor: Self, more: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] * factor.0[i] + more.0[i]))
    }
    #[inline(always)]
    unsafe fn turn(from: *const f32, line: usize, to: *mut f32, row: usize) {
        for i in 0..4 {
            for k in 0..4 {
                // SAFETY: four lines of four numbers are read, as many are written.
                unsafe { *to.add(k * row + i) = *from.add(i * line + k) };
            }
        }
    }
}
