//! What goes to stdout and what to stderr.
//!
//! stdout carries the answer, stderr everything else: progress, warnings, mistakes.

use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use chainrule::{Diagnostic, Source};
use clap::error::ErrorKind;
use serde_json::{Value, json};

use crate::args::{Early, Options};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{json, render};

/// Columns of a screen whose width is not known.
const WIDTH: usize = 80;

/// Where a command speaks.
#[derive(Debug)]
pub(crate) struct Shell {
    /// Options of every command.
    pub(crate) options: Options,
}

impl Shell {
    /// The shell that `options` ask for.
    pub(crate) fn new(options: Options) -> Shell {
        Shell { options }
    }

    /// The shell for arguments that could not be parsed.
    pub(crate) fn early(early: &Early) -> Shell {
        let options = Options {
            json: early.json,
            quiet: false,
            verbose: false,
            color: early.color,
            set: Vec::new(),
            threads: None,
            seed: None,
        };
        Shell { options }
    }

    /// Whether the answer is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.options.json
    }

    /// Writes `text` to stdout as it is.
    ///
    /// # Errors
    ///
    /// stdout cannot be written.
    pub(crate) fn answer(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        written.map_err(|cause| Failure::stdout(&cause))
    }

    /// Writes a page to stdout: its headings bold and its rows of shapes coloured, where colours
    /// are wanted.
    ///
    /// # Errors
    ///
    /// stdout cannot be written.
    pub(crate) fn page(&self, text: &str) -> Result<(), Failure> {
        if self.choice(&io::stdout()) == ColorChoice::Never {
            return self.answer(text);
        }
        let styled: String = text.lines().map(|line| format!("{}\n", style(line))).collect();
        let mut stdout = AutoStream::new(io::stdout(), self.choice(&io::stdout())).lock();
        let written = stdout.write_all(styled.as_bytes()).and_then(|()| stdout.flush());
        written.map_err(|cause| Failure::stdout(&cause))
    }

    /// Writes `value` to stdout: a command with `--json` does so exactly once.
    ///
    /// # Errors
    ///
    /// stdout cannot be written.
    pub(crate) fn value(&self, value: &Value) -> Result<(), Failure> {
        self.answer(&format!("{value}\n"))
    }

    /// Says on stderr what is done, unless `--quiet`.
    pub(crate) fn say(&self, text: &str) {
        if !self.options.quiet {
            self.stderr(&format!("{text}\n"));
        }
    }

    /// Says on stderr, with `--verbose`, what more there is to know.
    pub(crate) fn detail(&self, text: &str) {
        if self.options.verbose {
            self.say(text);
        }
    }

    /// Warns on stderr of something that has no place in a source.
    pub(crate) fn warn(&self, text: &str) {
        if !self.options.quiet {
            self.stderr(&render::warning(text, self.colors(), self.width()));
        }
    }

    /// Whether progress is a bar: stderr is a terminal that can go back in a line.
    pub(crate) fn has_bar(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        io::stderr().is_terminal() && !self.options.quiet && !dumb
    }

    /// Columns of the screen behind stdout.
    pub(crate) fn page_width(&self) -> usize {
        let screen = || Some(usize::from(terminal_size::terminal_size_of(io::stdout())?.0.0));
        screen().or_else(columns).filter(|&width| width > 0).unwrap_or(WIDTH)
    }

    /// Says with `--verbose` what was set for the run.
    pub(crate) fn settings(&self) {
        let Options { set, threads, seed, verbose: true, .. } = &self.options else { return };
        let set = set.iter().map(|(name, value)| format!("{name} = {value}"));
        let threads = threads.iter().map(|n| format!("threads {n}"));
        let all: Vec<String> =
            set.chain(threads).chain(seed.map(|n| format!("seed {n}"))).collect();
        if !all.is_empty() {
            self.say(&format!("settings: {}", all.join(", ")));
        }
    }

    /// Shows warnings on stderr; with `--json` they are part of the answer, and with `--quiet`
    /// they are not wanted.
    pub(crate) fn warnings(&self, source: &Source, warnings: &[Diagnostic]) {
        if !self.options.quiet && !self.is_json() {
            self.diagnostics(source, warnings);
        }
    }

    /// Says what failed, as JSON on stdout or for people on stderr, and how the program ends.
    pub(crate) fn fail(&self, failure: &Failure) -> Exit {
        if !self.is_json() {
            self.explain(failure);
        } else if failure.kind().is_some()
            && let Err(Failure::Io(cause)) = self.value(&json::failure(failure))
        {
            // Nobody can read the JSON: say at least why.
            self.explain(&Failure::Io(cause));
            return Exit::Failed;
        }
        failure.exit()
    }

    /// Says on stderr what failed.
    pub(crate) fn explain(&self, failure: &Failure) {
        match failure {
            Failure::Pipe => {}
            Failure::Interrupted(text) => self.say(text),
            Failure::Facade(error) if error.diagnostics().is_some() => {
                if let Some((source, diagnostics)) = error.diagnostics() {
                    self.diagnostics(source, diagnostics);
                }
            }
            _ => self.stderr(&render::failure(&failure.to_string(), self.colors(), self.width())),
        }
    }

    /// Says on stderr what went wrong in a part of the work while the rest goes on; with `--json`
    /// the answer says it.
    pub(crate) fn told(&self, error: &chainrule::Error) {
        if let Some((source, diagnostics)) = error.diagnostics()
            && !self.is_json()
        {
            self.diagnostics(source, diagnostics);
        }
    }

    /// Says what is wrong with the arguments, or shows the help that they ask for.
    pub(crate) fn usage(&self, error: &clap::Error) -> Exit {
        let text = error.render();
        let key = match error.kind() {
            ErrorKind::DisplayHelp => "help",
            ErrorKind::DisplayVersion => "version",
            _ if self.is_json() => return self.fail(&Failure::Usage(json::usage(error))),
            _ => {
                self.stderr(&text.ansi().to_string());
                return Exit::Usage;
            }
        };
        let written = if self.is_json() {
            self.value(&json!({ key: text.to_string().trim_end() }))
        } else {
            let stdout = AutoStream::new(io::stdout(), self.choice(&io::stdout()));
            let mut stdout = stdout.lock();
            let written = write!(stdout, "{}", text.ansi()).and_then(|()| stdout.flush());
            written.map_err(|cause| Failure::stdout(&cause))
        };
        written.map_or_else(|failure| self.fail(&failure), |()| Exit::Done)
    }

    /// Shows `diagnostics` on stderr.
    fn diagnostics(&self, source: &Source, diagnostics: &[Diagnostic]) {
        self.stderr(&render::render(source, diagnostics, self.colors(), self.width()));
    }

    /// Writes `text` to stderr; if that fails there is nobody to tell.
    fn stderr(&self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.choice(&io::stderr()));
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    /// Whether stderr shows colours.
    fn colors(&self) -> bool {
        self.choice(&io::stderr()) != ColorChoice::Never
    }

    /// What `--color`, NO_COLOR and the kind of `stream` come to.
    fn choice(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.options.color {
            clap::ColorChoice::Auto => AutoStream::choice(stream),
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        }
    }

    /// Columns of the screen behind stderr.
    fn width(&self) -> usize {
        let screen = || Some(usize::from(terminal_size::terminal_size_of(io::stderr())?.0.0));
        screen().or_else(columns).filter(|&width| width > 0).unwrap_or(WIDTH)
    }
}

/// Columns of the screen, as the environment says it.
fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

/// A line of a page: headings stand in the first column, shapes in rows of their own.
fn style(line: &str) -> String {
    let shapes = line.trim_start().starts_with('[')
        && line.chars().all(|c| c.is_alphanumeric() || " _,[]+-/".contains(c));
    match line.chars().next() {
        Some(c) if c != ' ' => format!("\x1b[1m{line}\x1b[0m"),
        _ if shapes => format!("\x1b[36m{line}\x1b[0m"),
        _ => line.to_string(),
    }
}
