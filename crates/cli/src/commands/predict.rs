//! `chainrule predict`: what a trained network says of other rows.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// To come
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, _shell: &Shell) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
