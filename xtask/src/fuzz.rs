//! `cargo xtask fuzz SECONDS`: every target of the workspace in `fuzz/`, one after another.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo;
use crate::manifest::{Entry, Manifest};

const INSTALL: &str = "\
fuzz: cargo-fuzz on a nightly toolchain is needed and was not found; install it with

    rustup toolchain install nightly
    cargo install --locked cargo-fuzz

(it builds libFuzzer, so a C++ compiler must be there too), then run this command again.";

/// Fuzzes each target for `seconds` seconds; true if none crashed.
///
/// # Errors
/// When `seconds` is no number, `fuzz/` has no targets, or cargo-fuzz is missing.
pub(crate) fn run(root: &Path, seconds: &str) -> Result<bool, String> {
    let seconds = parse_seconds(seconds)?;
    let manifest = std::fs::read_to_string(root.join("fuzz/Cargo.toml"))
        .map_err(|error| format!("fuzz: no targets: cannot read fuzz/Cargo.toml: {error}"))?;
    let targets = targets(&manifest);
    if targets.is_empty() {
        return Err("fuzz: fuzz/Cargo.toml has no [[bin]] targets".to_string());
    }
    if !installed() {
        return Err(INSTALL.to_string());
    }
    let mut crashed = Vec::new();
    for target in &targets {
        println!("fuzz: {target} for {seconds} s");
        let limit = format!("-max_total_time={seconds}");
        let mut command = nightly_fuzz();
        command.current_dir(root).args(["run", target, "--", &limit]);
        if !cargo::run(&mut command)? {
            crashed.push(target.as_str());
        }
    }
    println!("fuzz: {} targets, failed: {}", targets.len(), listed(&crashed));
    Ok(crashed.is_empty())
}

/// A positive number: libFuzzer takes 0 as "for ever".
fn parse_seconds(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("fuzz: SECONDS must be a positive number, not `{text}`")),
        Ok(seconds) => Ok(seconds),
    }
}

/// The names of the `[[bin]]` tables.
fn targets(manifest: &str) -> Vec<String> {
    let manifest = Manifest::parse(manifest);
    manifest.entries.iter().filter(|e| e.is(&["bin", "name"])).map(Entry::text).collect()
}

/// `rustup run nightly cargo fuzz`: xtask itself usually runs on stable.
fn nightly_fuzz() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]);
    command
}

fn installed() -> bool {
    let quiet =
        nightly_fuzz().arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_string() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_bins() {
        let manifest = "[package]\nname = \"fuzz\"\n\n[[bin]]\nname = \"parse\"\ntest = false\n\n\
                        [[bin]]\npath = \"fuzz_targets/grad.rs\"\nname = \"grad\"\n";
        assert_eq!(targets(manifest), ["parse", "grad"]);
        assert!(targets("[package]\nname = \"fuzz\"\n").is_empty());
    }

    #[test]
    fn seconds_must_be_positive() {
        assert_eq!(parse_seconds("60"), Ok(60));
        assert!(parse_seconds("0").is_err());
        assert!(parse_seconds("-1").is_err());
        assert!(parse_seconds("long").is_err());
    }
}
