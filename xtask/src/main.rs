//! The workspace's own chores: `cargo xtask tidy`, `deep` and `fuzz SECONDS`.
//!
//! Outside the floors, without dependencies: it must build when nothing else does.
#![forbid(unsafe_code)]

mod cargo;
mod deep;
mod fuzz;
mod manifest;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  tidy           check floors, sizes, dependencies, unsafe code, wording and links
  deep           run every test in release with CHAINRULE_DEEP=1 (long property tests)
  fuzz SECONDS   run each target of fuzz/ for SECONDS seconds";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = cargo::root();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::run(&root),
        ["deep"] => deep::run(&root),
        ["fuzz", seconds] => fuzz::run(&root, seconds),
        ["help" | "-h" | "--help"] => {
            println!("{USAGE}");
            Ok(true)
        }
        _ => Err(USAGE.to_string()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}
