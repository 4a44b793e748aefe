//! Closed lists of names that stand outside expressions: distributions, formats, generators,
//! options. A row here makes a name known; what it does lives with whoever executes it.

use chainrule_syntax::ast::{Arg, Name};
use chainrule_syntax::suggest::nearest;
use chainrule_syntax::{Diagnostic, Span};

use super::Elaborator;
use super::budget::NEIGHBOURS;

/// A known name with the numbers it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// Least and most numbers.
    pub(crate) arity: (usize, usize),
    /// Whether a distribution depends on the parameter's fan-in.
    pub(crate) fan_in: bool,
}

const fn s(name: &'static str, least: usize, most: usize) -> Setting {
    Setting { name, arity: (least, most), fan_in: false }
}

const fn fan(name: &'static str) -> Setting {
    Setting { name, arity: (0, 0), fan_in: true }
}

pub(crate) static DISTRIBUTIONS: &[Setting] = &[
    s("constant", 1, 1),
    s("normal", 2, 2),
    s("uniform", 2, 2),
    s("bernoulli", 1, 1),
    fan("he"),
    fan("he_uniform"),
    fan("glorot"),
    fan("glorot_uniform"),
    fan("lecun"),
    fan("pytorch"),
];

pub(crate) static FORMATS: &[Setting] = &[
    s("csv", 0, 0),
    s("text", 0, 0),
    s("idx", 0, 0),
    s("images", 0, 0),
    s("cifar10", 0, 0),
    s("npy", 0, 0),
    s("npz", 0, 0),
    s("parquet", 0, 0),
    s("iris", 0, 0),
    s("digits", 0, 0),
];

pub(crate) static GENERATORS: &[Setting] =
    &[s("moons", 0, 0), s("circles", 0, 0), s("spirals", 0, 0), s("blobs", 0, 0)];

pub(crate) static GENERATOR_OPTIONS: &[Setting] =
    &[s("noise", 0, 0), s("seed", 0, 0), s("turns", 0, 0), s("factor", 0, 0), s("spread", 0, 0)];

pub(crate) static PARTS: &[Setting] =
    &[s("train", 0, 0), s("validation", 0, 0), s("test", 0, 0), s("seed", 0, 0)];

pub(crate) static EXPORTS: &[Setting] = &[
    s("latex", 0, 0),
    s("html", 0, 0),
    s("typst", 0, 0),
    s("pdf", 0, 0),
    s("json", 0, 0),
    s("weights", 0, 0),
    s("npz", 0, 0),
    s("safetensors", 0, 0),
    s("onnx", 0, 0),
    s("numpy", 0, 0),
    s("torch", 0, 0),
    s("jax", 0, 0),
    s("rust", 0, 0),
];

pub(crate) static CHECK_OPTIONS: &[Setting] = &[s("draws", 0, 0), s("seed", 0, 0), s("rows", 0, 0)];

/// Whether a distribution depends on the fans of its parameter.
pub(crate) fn depends_on_fan(name: &str) -> bool {
    find(DISTRIBUTIONS, name).is_some_and(|s| s.fan_in)
}

/// The row called `name`.
pub(crate) fn find<'t>(table: &'t [Setting], name: &str) -> Option<&'t Setting> {
    table.iter().find(|s| s.name == name)
}

impl Elaborator<'_> {
    /// Reports a name that its list does not have.
    pub(crate) fn unknown_setting<T>(
        &mut self,
        code: &'static str,
        what: &str,
        name: &Name,
        table: &[Setting],
    ) -> Option<T> {
        let known = table.iter().map(|s| s.name);
        self.unknown_word(code, what, name, known)
    }

    pub(crate) fn unknown_word<'k, T>(
        &mut self,
        code: &'static str,
        what: &str,
        name: &Name,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Option<T> {
        let message = format!("`{}` is not {what}", name.text);
        let mut found = Diagnostic::error(code, message, name.span, "");
        let near = if self.may_suggest() {
            nearest(&name.text, known.clone().take(NEIGHBOURS))
        } else {
            None
        };
        match near {
            Some(near) => {
                found = found.replace(format!("did you mean `{near}`?"), name.span, near);
            }
            None => {
                let list: Vec<&str> = known.take(24).collect();
                found = match list.as_slice() {
                    [] => found,
                    list => found.note(format!("known: {}", list.join(" "))),
                };
            }
        }
        self.fail(found)
    }

    pub(crate) fn check_setting_count(
        &mut self,
        name: &Name,
        given: usize,
        arity: (usize, usize),
    ) -> Option<()> {
        if given >= arity.0 && given <= arity.1 {
            return Some(());
        }
        let wanted = match arity {
            (0, 0) => "no numbers".to_string(),
            (1, 1) => "one number".into(),
            (n, m) if n == m => format!("{n} numbers"),
            (n, m) => format!("{n} to {m} numbers"),
        };
        let message = format!("`{}` takes {wanted}, {given} given", name.text);
        self.error("argument-count", message, name.span, "")
    }

    /// The arguments of `owner`, each with its place among `names`: those without a name stand at
    /// their own places. `what` they are: a setting, a number.
    pub(crate) fn placed<'a>(
        &mut self,
        what: &str,
        owner: &str,
        names: &[&str],
        args: Option<&'a [Arg]>,
    ) -> Option<Vec<Option<&'a Arg>>> {
        let args = args.unwrap_or_default();
        let mut out: Vec<Option<&Arg>> = vec![None; names.len()];
        for (i, arg) in args.iter().enumerate() {
            let at = match &arg.name {
                None => (i < names.len()).then_some(i),
                Some(word) => match names.iter().position(|name| *name == word.text) {
                    Some(at) => Some(at),
                    None => {
                        let what = format!("a {what} of `{owner}`");
                        let known = names.iter().copied();
                        return self.unknown_word("unknown-argument", &what, word, known);
                    }
                },
            };
            let span = arg.name.as_ref().map_or(arg.value.span, |word| word.span);
            let Some(at) = at else {
                let most = match names.len() {
                    0 => format!("no {what}s"),
                    1 => format!("one {what}"),
                    count => format!("{count} {what}s at most"),
                };
                let message = format!("`{owner}` takes {most}, {} given", args.len());
                return self.error("argument-count", message, span, "");
            };
            if let Some(earlier) = out[at].replace(arg) {
                let message = format!("the {what} `{}` of `{owner}` is given twice", names[at]);
                let first = earlier.name.as_ref().map_or(earlier.value.span, |word| word.span);
                let found = Diagnostic::error("argument-twice", message, span, "the second")
                    .label(first, "the first");
                return self.fail(found);
            }
        }
        Some(out)
    }

    /// A name out of `table`, reported if it is not there.
    pub(crate) fn check_setting(
        &mut self,
        code: &'static str,
        what: &str,
        name: &Name,
        table: &[Setting],
    ) -> Option<()> {
        match find(table, &name.text) {
            Some(_) => Some(()),
            None => self.unknown_setting(code, what, name, table),
        }
    }

    /// A whole number of at least `least`.
    pub(crate) fn check_whole(
        &mut self,
        what: &str,
        value: f64,
        least: f64,
        span: Span,
    ) -> Option<()> {
        if value.fract() == 0.0 && value >= least && value < 9.0e15 {
            return Some(());
        }
        let message = format!("{what} is a whole number of at least {least}, not {value}");
        self.error("option-value", message, span, "")
    }
}
