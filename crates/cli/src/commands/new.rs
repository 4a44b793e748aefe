//! `chainrule new`: an equation file from a template.

use std::path::Path;

use clap::builder::PossibleValuesParser;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::shell::Shell;

/// The templates that are not built-in examples: name, what it is, text.
const OWN: [(&str, &str); 2] = [
    ("blank", include_str!("../../templates/blank.eqn")),
    ("claims", include_str!("../../templates/claims.eqn")),
];

/// Names that some systems keep for devices.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

const EXAMPLES: &str = "\
Examples:
  chainrule new moons                       moons.eqn: every block, with explanations
  chainrule new digits --template convnet   digits.eqn: a convolutional net to change
  chainrule new proof --template claims     proof.eqn: check formulas written by hand
  chainrule new --list                      the templates";

/// Start an equation file from a template
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The name of the model; the file is NAME.eqn in the current folder
    #[arg(value_name = "NAME", required_unless_present = "list")]
    name: Option<String>,
    /// What the file starts from
    #[arg(short, long, value_name = "TEMPLATE", default_value = "blank")]
    #[arg(value_parser = PossibleValuesParser::new(names()))]
    template: String,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// List the templates
    #[arg(long, conflicts_with_all = ["name", "force"])]
    list: bool,
}

/// Writes the file, or lists the templates.
///
/// # Errors
///
/// The name cannot be used, or the file exists or cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let Some(name) = &args.name else { return list(shell) };
    let name = name.strip_suffix(".eqn").unwrap_or(name);
    let path = format!("{name}.eqn");
    let text = fill(&args.template, name)?;
    write(Path::new(&path), &text, args.force)?;
    if shell.is_json() {
        shell.value(&json!({ "path": path, "template": args.template }))?;
    } else {
        shell.answer(&format!("{path}\n"))?;
        shell.say(&format!("next:\n  chainrule show {path}\n  chainrule fmt {path}"));
    }
    Ok(Exit::Done)
}

/// Lists the templates with what they are.
fn list(shell: &Shell) -> Result<Exit, Failure> {
    let rows: Vec<(&str, String)> = templates().map(|(name, text)| (name, about(text))).collect();
    if shell.is_json() {
        let row = |(name, about)| json!({ "name": name, "about": about });
        shell.value(&json!({ "templates": rows.into_iter().map(row).collect::<Vec<_>>() }))?;
    } else {
        let line = |(name, about)| format!("{name:10}{about}\n");
        shell.answer(&rows.into_iter().map(line).collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// The first sentence of the text's first comment, as far as it makes sense on its own.
fn about(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    let about = match line.split_once(". ") {
        Some((sentence, _)) => sentence,
        // It goes on in the next line: without its last part.
        None if !line.ends_with(['.', ',', ':']) => {
            line.rsplit_once([',', ':']).map_or(line, |(part, _)| part)
        }
        None => line,
    };
    about.trim_end_matches(['.', ',', ':']).to_owned()
}

/// Every template: our own, then the built-in examples.
fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    OWN.into_iter().chain(chainrule::BUILTIN)
}

/// The names of the templates.
fn names() -> Vec<&'static str> {
    templates().map(|(name, _)| name).collect()
}

/// The text of `template` for a model called `name`.
fn fill(template: &str, name: &str) -> Result<String, Failure> {
    let odd = |why: &str| Failure::Usage(format!("`{name}` cannot be the name of a model: {why}"));
    if name.len() > 100 {
        return Err(Failure::Usage("the name of a model has at most 100 letters".into()));
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    {
        return Err(odd("it has letters, digits, `_` and `-` only, a letter first"));
    }
    if DEVICES.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(odd("some systems keep this name for a device"));
    }
    let Some((old, text)) = templates().find(|(known, _)| *known == template) else {
        return Err(Failure::Usage(format!("there is no template `{template}`")));
    };
    let text = rename(text, old, name);
    match chainrule::Model::parse("template", text.as_str()) {
        // A longer name moves what is aligned with it.
        Ok(_) => Ok(chainrule::format("template", &text)?),
        Err(_) => Err(odd("it is a word of the language")),
    }
}

/// The text of the template `old` with the name `new`: in the model's line, in the commands that
/// its comment shows, and in the files that it writes.
fn rename(text: &str, old: &str, new: &str) -> String {
    let mut out = String::with_capacity(text.len() + 100);
    for line in text.split_inclusive('\n') {
        if line.trim_end() == format!("model {old}") {
            out.push_str(&format!("model {}\n", new.replace('-', "_")));
        } else if let Some(rest) = line.strip_prefix("# chainrule ")
            && let Some((command, rest)) = rest.split_once(&format!(" {old} "))
        {
            let shown = format!("# chainrule {command} {new}.eqn ");
            let column = line.len() - rest.trim_start().len();
            out.push_str(&format!("{shown:column$}{}", rest.trim_start()));
        } else if line.starts_with("plot ") || line.starts_with("export ") {
            out.push_str(&line.replace(&format!("\"{old}."), &format!("\"{new}.")));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// Writes a file that must not exist, unless `force`.
fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = |cause| Failure::io("writing", path, &cause);
    match file::create(path, text) {
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists && force => {
            file::replace(path, text).map_err(failed)
        }
        Err(cause) if cause.kind() == std::io::ErrorKind::AlreadyExists => Err(Failure::Io(
            format!("`{}` exists already; `--force` overwrites it", path.display()),
        )),
        done => done.map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_right_under_another_name() {
        for name in names() {
            let text = fill(name, "my-net").expect(name);
            assert!(text.contains("\nmodel my_net\n"), "{name}");
            assert!(!text.contains(&format!("\"{name}.svg\"")), "{name}");
            let model = chainrule::Model::parse(name, text.as_str()).expect(name);
            assert_eq!(model.warnings(), [], "{name}");
            assert_eq!(chainrule::format(name, &text).expect(name), text, "{name} is formatted");
            assert!((10..90).contains(&about(&text).len()), "{name}");
        }
    }

    #[test]
    fn odd_names_are_refused() {
        let long = "a".repeat(101);
        let odd = ["", "-x", "2x", "../x", "a/b", "a b", "x.txt", "for", "é", "nul", ".eqn", &long];
        for name in odd {
            assert!(matches!(fill("blank", name), Err(Failure::Usage(_))), "{name}");
        }
    }

    #[test]
    fn the_name_is_replaced_where_it_is_the_models() {
        let text = "# chainrule show iris      names\nmodel iris\n  x = csv \"iris.csv\"\nplot J to \"iris.svg\"\n";
        let expected = "# chainrule show b.eqn     names\nmodel b\n  x = csv \"iris.csv\"\nplot J to \"b.svg\"\n";
        assert_eq!(rename(text, "iris", "b"), expected);
    }
}
