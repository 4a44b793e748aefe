//! Instruction sets: which one is used is chosen once, when an engine is made.
//!
//! A [`Task`] is written once, generic over a [`Level`]; [`Isa::run`] compiles it three times. What
//! a level changes is the width of the vectors and whether `x y + z` is rounded once, so the bits
//! of a result belong to the instruction set and to nothing else of the machine.

/// An instruction set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Isa {
    /// 512-bit vectors with fused multiply-add.
    Avx512,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// What every machine has.
    Portable,
}

/// An [`Isa`] that this machine has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Present(Isa);

/// What a [`Task`] may know of the instruction set.
pub(crate) trait Level {
    /// Whether `x y + z` is rounded once.
    const FUSED: bool;
    /// Whether there are 256-bit vectors: only code compiled for such a level may say so.
    const VECTORS: bool;
    /// Whether there are 512-bit vectors, as for `VECTORS`.
    const WIDE: bool;
}

/// [`Isa::Avx512`].
pub(crate) struct Wide;
/// [`Isa::Avx2`].
pub(crate) struct Middle;
/// [`Isa::Portable`].
pub(crate) struct Narrow;

impl Level for Wide {
    const FUSED: bool = true;
    const VECTORS: bool = true;
    const WIDE: bool = true;
}
impl Level for Middle {
    const FUSED: bool = true;
    const VECTORS: bool = true;
    const WIDE: bool = false;
}
impl Level for Narrow {
    const FUSED: bool = false;
    const VECTORS: bool = false;
    const WIDE: bool = false;
}

/// A piece of work that is compiled for each instruction set. `run` must be `#[inline(always)]`.
pub(crate) trait Task {
    /// What it gives.
    type Output;
    /// The work.
    fn run<L: Level>(self) -> Self::Output;
}

impl Isa {
    /// Whether this machine has it.
    pub fn present(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.present()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Isa::Portable => true,
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The best one of this machine.
    pub fn best() -> Isa {
        [Isa::Avx512, Isa::Avx2].into_iter().find(|isa| isa.present()).unwrap_or(Isa::Portable)
    }

    /// All that this machine has, the best first.
    pub fn all() -> Vec<Isa> {
        [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter(|isa| isa.present()).collect()
    }
}

impl Present {
    /// Proof that the machine has it.
    pub(crate) fn new(isa: Isa) -> Option<Present> {
        isa.present().then_some(Present(isa))
    }

    /// Which one.
    pub(crate) fn isa(self) -> Isa {
        self.0
    }

    /// Does the work with this instruction set.
    #[inline]
    pub(crate) fn run<K: Task>(self, task: K) -> K::Output {
        match self.0 {
            // SAFETY: a `Present` is made only where the machine has the features.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { wide(task) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { middle(task) },
            _ => task.run::<Narrow>(),
        }
    }
}

/// # Safety
///
/// The machine has these features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
unsafe fn wide<K: Task>(task: K) -> K::Output {
    task.run::<Wide>()
}

/// # Safety
///
/// The machine has these features.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn middle<K: Task>(task: K) -> K::Output {
    task.run::<Middle>()
}

/// Asks for a line of memory that will soon be needed. Any place may be asked for.
#[inline(always)]
pub(crate) fn soon<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which touches no memory and faults nowhere.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}
