//! `chainrule judge`: is what somebody wrote true?

use std::path::PathBuf;

use chainrule::{CheckOptions, Checked, Last, Model};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;
use crate::{check_json, input};

const EXAMPLES: &str = "\
Examples:
  chainrule judge -e 'x : R[n]; A : R[n,n]; grad(x^T A x, x) = 2 A x'
  chainrule judge -e 'z : R; sigmoid(z) = 1 / (1 + exp(-z))'
  chainrule judge -e 'A, B : R[n,n]; tr(A B) = tr(B A)' --steps
  chainrule judge net.eqn               the claims of a file, without its gradients
  chainrule judge net.eqn --json        for a program; exit code 3 if one does not hold

Declarations come first: `x : R[n]` a value, `y = A x` a definition, `batch N` a batch axis; names
in types are sizes. The claim is last, with its clauses: `if`, `where`, `for`, `layout`, or a chain.";

/// Judge claims: true, or false with a counterexample and the nearest true form
///
/// A claim is read, its shapes are checked, and it is evaluated at drawn sizes and values; what holds
/// is proved for all of them if it can be. What is false gets a counterexample in small whole
/// numbers, and the change that makes it true.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE", required_unless_present = "expression")]
    file: Option<PathBuf>,
    /// Declarations and a claim, with `;` between them, instead of a file
    #[arg(short, long, value_name = "TEXT", conflicts_with = "file")]
    expression: Option<String>,
    /// How many sizes a claim is tried at [default: 3, or what the file says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    draws: Option<u64>,
    /// Print the rules that prove a claim
    #[arg(long)]
    steps: bool,
}

/// Judges the claims and says what was found.
///
/// # Errors
///
/// The file cannot be read or has mistakes, or stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let seed = shell.options.seed.unwrap_or_default();
    let options = CheckOptions { seed, draws: args.draws, rows: None };
    let judged = judged(args, &options, shell)?;
    if shell.is_json() {
        shell.value(&check_json::judged(&judged))?;
    } else {
        shell.page(&judged.judgements(args.steps))?;
    }
    if judged.is_empty() {
        shell.say("there is no claim; for example `claim \"norm\" grad(x^T x, x) = 2 x`");
    }
    Ok(if judged.passed() { Exit::Done } else { Exit::Check })
}

/// The claims of the file or of the text, judged. Why a claim is ill-formed stands in its verdict.
fn judged(args: &Args, options: &CheckOptions, shell: &Shell) -> Result<Checked, Failure> {
    match (&args.expression, &args.file) {
        (Some(text), _) => {
            let snippet = Model::snippet(text, Last::Claim)?;
            Ok(snippet.judge(options))
        }
        (None, file) => {
            let file = file.clone().unwrap_or_else(|| "-".into());
            let model = input::model(&file, &shell.options.set)?;
            Ok(model.judge(options))
        }
    }
}
