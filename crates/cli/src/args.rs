//! The command line's options.

use std::ffi::OsString;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{ColorChoice, Parser};

use crate::commands::Command;
use crate::exit;

/// Where the examples stand in the help.
const EXAMPLES: &str = "\
Examples:
  chainrule new moons                 start a file from a template
  chainrule show iris                 what an example says (iris is built in)
  chainrule fmt --check nets/*.eqn    are these files formatted?
  chainrule show net.eqn --json       the answer for a program

`chainrule help COMMAND` tells more about a command.";

/// Neural networks from their equations.
///
/// The equations of a network, written once in a text file (.eqn), are read, checked and shown.
/// FILE is a path, `-` for standard input, or the bare name of a built-in example such as `iris`.
#[derive(Debug, Parser)]
#[command(name = "chainrule", version, max_term_width = 100)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", exit::HELP))]
pub(crate) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub(crate) options: Options,
    /// What is to be done.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// Answer with one JSON value on stdout, also on failure (`bench`: one a measurement)
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but the answer and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more about what is done
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// When to use colours; `auto` heeds NO_COLOR and whether a person is looking
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(value_parser = color_parser())]
    pub(crate) color: ColorChoice,
    /// Set a size or a constant of the file, or a training option; may be repeated
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// Use at most N threads
    #[arg(long, global = true, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Draw random numbers from this seed
    #[arg(long, global = true, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// The values of `--color`, without a line of help for each.
fn color_parser() -> impl clap::builder::TypedValueParser<Value = ColorChoice> {
    PossibleValuesParser::new(["auto", "always", "never"]).map(|word| color(&word))
}

/// The choice called `word`.
fn color(word: &str) -> ColorChoice {
    match word {
        "always" => ColorChoice::Always,
        "never" => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Reads `NAME=VALUE`.
fn setting(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("an `=` is missing: write NAME=VALUE, for example H=32".into());
    };
    let (name, value) = (name.trim(), value.trim());
    // `split.seed` is a word of the `split` line.
    let named = name.split('.').all(|word| {
        word.starts_with(char::is_alphabetic)
            && word.chars().all(|c| c.is_alphanumeric() || c == '_')
    });
    if !named {
        return Err(format!("`{name}` is not a name: letters, digits and `_`, a letter first"));
    }
    if value.is_empty() {
        return Err(format!("a value is missing after `{name}=`"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// What must be known about the arguments before they are parsed, to say what is wrong with them.
#[derive(Debug)]
pub(crate) struct Early {
    /// Whether `--json` is given.
    pub(crate) json: bool,
    /// What `--color` says.
    pub(crate) color: ColorChoice,
}

impl Early {
    /// Looks at `args` up to `--`.
    pub(crate) fn scan(args: &[OsString]) -> Early {
        let mut early = Early { json: false, color: ColorChoice::Auto };
        let mut words = args.iter().skip(1).map(|a| a.to_str().unwrap_or("")).peekable();
        while let Some(word) = words.next() {
            match word {
                "--" => break,
                "--json" => early.json = true,
                "--color" => early.color = words.peek().map_or(ColorChoice::Auto, |w| color(w)),
                _ => {
                    if let Some(word) = word.strip_prefix("--color=") {
                        early.color = color(word);
                    }
                }
            }
        }
        early
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn settings() {
        assert_eq!(setting("H = 32"), Ok(("H".into(), "32".into())));
        assert_eq!(setting("data=a=b.csv"), Ok(("data".into(), "a=b.csv".into())));
        assert_eq!(setting("split.seed=3"), Ok(("split.seed".into(), "3".into())));
        for bad in ["H", "=3", "H=", "2H=3", "a b=3", "", ".a=1", "a.=1"] {
            assert!(setting(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn options_are_seen_before_parsing() {
        let scan =
            |text: &str| Early::scan(&text.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(scan("chainrule show --json").json);
        assert!(!scan("chainrule show -- --json").json);
        assert_eq!(scan("chainrule --color never").color, ColorChoice::Never);
        assert_eq!(scan("chainrule --color=always").color, ColorChoice::Always);
    }
}
