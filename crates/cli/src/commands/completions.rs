//! `chainrule completions`: scripts that complete the command line.

use clap::CommandFactory as _;
use clap_complete::Shell as Kind;
use serde_json::json;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  chainrule completions bash > ~/.local/share/bash-completion/completions/chainrule
  chainrule completions zsh > ~/.zfunc/_chainrule
  chainrule completions fish > ~/.config/fish/completions/chainrule.fish";

/// Print a script that completes the command line in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Kind,
}

/// Prints the script.
///
/// # Errors
///
/// stdout cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "chainrule", &mut script);
    let script = String::from_utf8_lossy(&script);
    if shell.is_json() {
        shell.value(&json!({ "shell": args.shell.to_string(), "script": script }))?;
    } else {
        shell.answer(&script)?;
    }
    Ok(Exit::Done)
}
