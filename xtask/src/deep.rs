//! `cargo xtask deep`: the long runs that an ordinary `cargo test` cuts short.

use std::path::Path;

use crate::cargo;

/// Set to `1`, it makes property tests draw many more cases.
const SWITCH: &str = "CHAINRULE_DEEP";

/// Runs the whole test suite in release with the switch set; true if it passed.
///
/// # Errors
/// When cargo cannot be started.
pub(crate) fn run(root: &Path) -> Result<bool, String> {
    println!("deep: {SWITCH}=1 cargo test --workspace --release");
    cargo::run(cargo::command(root, "test").args(["--workspace", "--release"]).env(SWITCH, "1"))
}
