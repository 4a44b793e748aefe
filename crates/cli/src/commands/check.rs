//! `chainrule check`: do gradients and claims hold?

use std::path::PathBuf;

use chainrule::CheckOptions;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{check_json, input};

/// Rows of drawn data where `--rows` does not say.
const ROWS: u64 = 10;

const EXAMPLES: &str = "\
Examples:
  chainrule check iris                  a built-in example
  chainrule check net.eqn --draws 10    more draws for every claim
  chainrule check net.eqn --at --rows 1 at the file's own sizes, on one row
  chainrule check net.eqn --json        for a program; exit code 3 if it does not pass";

/// Check gradients and claims
///
/// Every gradient is compared with forward mode, with complex step and with differences, at small
/// sizes that are drawn pairwise different; every claim is judged at several draws. No data is read.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many sizes a claim is tried at [default: 3, or what the file says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    draws: Option<u64>,
    /// Check the gradients at the file's own sizes and start values, along 8 random directions
    #[arg(long, value_name = "WHERE", num_args = 0..=1, default_missing_value = "file")]
    #[arg(value_parser = ["file"], hide_possible_values = true)]
    at: Option<String>,
    /// With --at, how many rows of data are drawn [default: 10]
    #[arg(long, value_name = "N", requires = "at")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rows: Option<u64>,
}

/// Checks the file and shows what was found.
///
/// # Errors
///
/// The file cannot be read or has mistakes, its own sizes are too large for `--at`, or stdout cannot
/// be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let model = input::model(&args.file, &shell.options.set)?;
    shell.warnings(model.source(), &model.warnings());
    let options = CheckOptions {
        seed: shell.options.seed.unwrap_or_default(),
        draws: args.draws,
        rows: args.at.as_ref().map(|_| args.rows.unwrap_or(ROWS)),
    };
    let checked = model.check(&options)?;
    if shell.is_json() {
        shell.value(&check_json::checked(&checked))?;
    } else {
        shell.page(&checked.text())?;
    }
    if checked.is_empty() {
        let missing = "there is nothing to check: no parameter, no derivative, no claim";
        shell.say(missing);
    }
    Ok(if checked.passed() { Exit::Done } else { Exit::Check })
}
