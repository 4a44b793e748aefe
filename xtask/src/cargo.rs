//! Where the workspace is and how to call cargo in it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace: the folder above xtask's manifest.
///
/// The variable set by `cargo run` wins over the one compiled in, because a shared target folder
/// may hold a binary that another checkout built.
pub(crate) fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// `cargo SUBCOMMAND` at the root, `--locked` if there is a lock file.
pub(crate) fn command(root: &Path, subcommand: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).arg(subcommand);
    if root.join("Cargo.lock").is_file() {
        command.arg("--locked");
    }
    command
}

/// Runs `command` with its output shown; true if it succeeded.
///
/// # Errors
/// When the program cannot be started.
pub(crate) fn run(command: &mut Command) -> Result<bool, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| format!("cannot start {program}: {error}"))?;
    Ok(status.success())
}
