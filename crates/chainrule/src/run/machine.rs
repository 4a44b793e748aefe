//! The machine that a run was made on.

use serde_json::{Value, json};

/// The machine that a run was made on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Machine {
    /// The operating system.
    pub os: &'static str,
    /// The processor's architecture.
    pub arch: &'static str,
    /// How many threads it runs at a time.
    pub cores: usize,
    /// The widest instruction set that the kernels know.
    pub instructions: &'static str,
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
            instructions: instructions(),
        }
    }

    /// `{"os", "arch", "cores", "instructions"}`
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "os": self.os,
            "arch": self.arch,
            "cores": self.cores,
            "instructions": self.instructions,
        })
    }
}

#[cfg(target_arch = "x86_64")]
fn instructions() -> &'static str {
    if is_x86_feature_detected!("avx512f") {
        "avx512"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "avx2"
    } else {
        "portable"
    }
}

#[cfg(target_arch = "aarch64")]
fn instructions() -> &'static str {
    "neon"
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn instructions() -> &'static str {
    "portable"
}
