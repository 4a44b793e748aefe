//! The machine that a run was made on.

use chainrule_kernels::Isa;
use serde_json::{Value, json};

use crate::Error;

/// The machine that a run was made on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// The operating system.
    pub os: &'static str,
    /// The processor's architecture.
    pub arch: &'static str,
    /// How many threads it runs at a time.
    pub cores: usize,
    /// The instruction set that the kernels take: `avx512`, `avx2` or `portable`.
    pub instructions: String,
}

impl Machine {
    /// This one.
    ///
    /// ```
    /// assert!(chainrule::run::Machine::here().cores > 0);
    /// ```
    pub fn here() -> Machine {
        Machine {
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            instructions: crate::isa::name(crate::isa::chosen().unwrap_or_else(|_| Isa::best()))
                .into(),
        }
    }

    /// Whether the environment asks for what this machine has: `CHAINRULE_ISA` names the
    /// instruction set that the kernels take, `avx512`, `avx2` or `portable`; without it they take
    /// the best one. Nets are not trained or used where this fails.
    ///
    /// # Errors
    ///
    /// The variable names none of the three, or one that the machine does not have.
    pub fn check() -> Result<(), Error> {
        crate::isa::chosen().map(|_| ())
    }

    /// `{"os", "arch", "cores", "threads", "instructions"}`, for so many threads (0: all cores).
    pub(crate) fn to_json(&self, threads: usize) -> Value {
        json!({
            "os": self.os,
            "arch": self.arch,
            "cores": self.cores,
            "threads": if threads == 0 { self.cores } else { threads },
            "instructions": self.instructions,
        })
    }
}
