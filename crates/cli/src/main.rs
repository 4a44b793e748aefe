//! The command line: equations shown, formatted, started from templates.
//!
//! This crate is a shell around the facade `chainrule`: it parses arguments, calls one function,
//! and says what came out. Where things live:
//!
//! - [`args`]: the options; [`commands`]: one file for each command
//! - [`shell`]: what goes to stdout and to stderr; [`exit`], [`failure`]: how it ends
//! - [`render`]: diagnostics as text; [`json`]: as JSON
//! - [`input`], [`file`], [`search`]: reading and writing; where data are looked for
//! - [`training`], [`progress`], [`interrupt`]: a run while it goes; [`results`], [`table`]: what came out
#![forbid(unsafe_code)]

mod args;
mod bench_json;
mod bench_text;
mod check_json;
mod commands;
mod exit;
mod exports;
mod failure;
mod file;
mod input;
mod interrupt;
mod json;
mod progress;
mod render;
mod results;
mod search;
mod shell;
mod show_json;
mod table;
mod training;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Cli, Early};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

fn main() -> ExitCode {
    run(std::env::args_os().collect()).into()
}

/// Does what `args` ask for; everything that can go wrong has been said when it returns.
fn run(args: Vec<OsString>) -> Exit {
    let early = Early::scan(&args);
    let parsed = Cli::command()
        .color(early.color)
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => {
            let shell = Shell::new(cli.options);
            shell.settings();
            let ready = chainrule::run::Machine::check();
            let ready = ready.map_err(|error| Failure::Usage(error.to_string()));
            let ran = ready.and_then(|()| cli.command.run(&shell));
            ran.unwrap_or_else(|failure| shell.fail(&failure))
        }
        Err(error) => Shell::early(&early).usage(&error),
    }
}
