//! The commands: each one file, with its options `Args` and a function `run`.
//!
//! To add a command, write its file, name it below, and add its row to the table.

pub(crate) mod bench;
mod check;
mod completions;
mod data;
mod derive;
mod evaluate;
mod export;
mod fmt;
mod judge;
mod new;
mod predict;
mod profile;
mod resume;
mod show;
mod train;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// Builds [`Command`] from rows `Name = module`; the help is that of the module's `Args`.
macro_rules! commands {
    ($($name:ident = $module:ident,)*) => {
        /// What is to be done.
        #[derive(Debug, clap::Subcommand)]
        pub(crate) enum Command {
            $(
                #[allow(missing_docs, reason = "a doc comment would replace the help of `Args`")]
                $name($module::Args),
            )*
        }

        impl Command {
            /// Does it.
            ///
            /// # Errors
            ///
            /// It cannot be done. What is only not as wished, such as a check that does not pass,
            /// is no error but another [`Exit`].
            pub(crate) fn run(&self, shell: &Shell) -> Result<Exit, Failure> {
                match self {
                    $(Command::$name(args) => $module::run(args, shell),)*
                }
            }
        }
    };
}

commands! {
    New = new,
    Show = show,
    Derive = derive,
    Export = export,
    Train = train,
    Resume = resume,
    Evaluate = evaluate,
    Predict = predict,
    Check = check,
    Judge = judge,
    Profile = profile,
    Bench = bench,
    Data = data,
    Fmt = fmt,
    Completions = completions,
}
