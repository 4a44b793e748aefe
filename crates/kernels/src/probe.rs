//! Loops that reach the limits of a machine, to compare kernels with: fused multiply-adds of numbers
//! that never leave the registers, and a sum of two arrays after the STREAM triad (J. D. McCalpin,
//! Memory Bandwidth and Machine Balance in Current High Performance Computers, 1995).

use crate::isa::{Isa, Level, Present, Task};

/// Chains of additions that do not wait for each other: more than latency times units anywhere.
const CHAINS: usize = 12;

/// So many turns of `x = f x + t` in single precision on 12 vectors; the operations that were done,
/// and a number that depends on all of them. `None` if the machine does not have the instruction
/// set.
///
/// ```
/// use chainrule_kernels::{Isa, probe};
///
/// let (operations, _) = probe::multiply_add(Isa::Portable, 10).unwrap();
/// assert_eq!(operations, 2.0 * 12.0 * 4.0 * 10.0);
/// ```
pub fn multiply_add(isa: Isa, turns: usize) -> Option<(f64, f32)> {
    let present = Present::new(isa)?;
    let (lanes, sum) = match present.isa() {
        // SAFETY: `present` is proof that the machine has the features.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => (16, unsafe { x86::wide(turns) }),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => (8, unsafe { x86::middle(turns) }),
        _ => (4, narrow(turns)),
    };
    Some(((2 * CHAINS * lanes) as f64 * turns as f64, sum))
}

/// The first number, the factor and the term, which the compiler does not know: else it would
/// compute everything itself. The numbers stay near 1.
fn numbers() -> (f32, f32, f32) {
    std::hint::black_box((0.5, 0.999, 0.001))
}

fn narrow(turns: usize) -> f32 {
    let (first, factor, term) = numbers();
    let mut all = [[first; 4]; CHAINS];
    for (at, x) in all.iter_mut().flatten().enumerate() {
        *x += at as f32 * term;
    }
    for _ in 0..turns {
        for chain in &mut all {
            for x in chain {
                *x = *x * factor + term;
            }
        }
    }
    all.iter().flatten().sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{CHAINS, numbers};

    /// # Safety
    ///
    /// The machine has these features.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn wide(turns: usize) -> f32 {
        let (first, factor, term) = numbers();
        // Chains that are all the same would be one.
        let mut all = [_mm512_set1_ps(first); CHAINS];
        for (at, x) in all.iter_mut().enumerate() {
            *x = _mm512_set1_ps(first + at as f32 * term);
        }
        let (factor, term) = (_mm512_set1_ps(factor), _mm512_set1_ps(term));
        for _ in 0..turns {
            for x in &mut all {
                *x = _mm512_fmadd_ps(*x, factor, term);
            }
        }
        all.iter().map(|x| _mm512_reduce_add_ps(*x)).sum()
    }

    /// # Safety
    ///
    /// The machine has these features.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn middle(turns: usize) -> f32 {
        let (first, factor, term) = numbers();
        // Chains that are all the same would be one.
        let mut all = [_mm256_set1_ps(first); CHAINS];
        for (at, x) in all.iter_mut().enumerate() {
            *x = _mm256_set1_ps(first + at as f32 * term);
        }
        let (factor, term) = (_mm256_set1_ps(factor), _mm256_set1_ps(term));
        for _ in 0..turns {
            for x in &mut all {
                *x = _mm256_fmadd_ps(*x, factor, term);
            }
        }
        all.iter().map(|x| _mm256_cvtss_f32(*x)).sum()
    }
}

/// `a = b + factor c`, so many times. False if the machine does not have the instruction set.
///
/// # Panics
///
/// If the lengths differ.
///
/// ```
/// use chainrule_kernels::{Isa, probe};
///
/// let mut a = [0.0; 3];
/// assert!(probe::triad(Isa::Portable, &mut a, [&[1.0, 2.0, 3.0], &[1.0; 3]], 2.0, 1));
/// assert_eq!(a, [3.0, 4.0, 5.0]);
/// ```
pub fn triad(isa: Isa, a: &mut [f32], [b, c]: [&[f32]; 2], factor: f32, times: usize) -> bool {
    assert!(a.len() == b.len() && a.len() == c.len(), "arrays of different lengths");
    let Some(present) = Present::new(isa) else { return false };
    for _ in 0..times {
        present.run(Triad { a, b, c, factor });
        // Else a pass could be left out: the next one writes the same.
        std::hint::black_box(&mut *a);
    }
    true
}

struct Triad<'a> {
    a: &'a mut [f32],
    b: &'a [f32],
    c: &'a [f32],
    factor: f32,
}

impl Task for Triad<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Level>(self) {
        for ((a, b), c) in self.a.iter_mut().zip(self.b).zip(self.c) {
            *a = *b + self.factor * *c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_of_the_machine() {
        for isa in Isa::all() {
            let (operations, sum) = multiply_add(isa, 100).expect("it is there");
            assert!(operations >= 9600.0 && sum.is_finite() && sum > 0.0, "{isa:?} {sum}");
            let (b, c): (Vec<f32>, Vec<f32>) = (0..100).map(|i| (i as f32, 0.5)).unzip();
            let mut a = vec![0.0; 100];
            assert!(triad(isa, &mut a, [&b, &c], 4.0, 2));
            assert!(a.iter().zip(&b).all(|(a, b)| *a == b + 2.0));
        }
    }
}
