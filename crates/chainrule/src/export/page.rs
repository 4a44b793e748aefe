//! A file of Python: header, helpers, `loss`, `gradients`.

use std::collections::BTreeSet;

use chainrule_graph::{Size, raise};

use super::length;
use super::program::{Argument, ArgumentKind, Body, Program};
use super::target::{Target, Writer};

/// What differs between the Python files.
pub(super) struct Dialect {
    /// The name in the header.
    pub name: &'static str,
    /// The lines that import.
    pub imports: &'static [(&'static str, &'static str)],
    /// What the reader should know.
    pub note: &'static str,
    /// Arrays filled with one number: `np.full(({}), {})`.
    pub full: fn(&str, &str) -> String,
}

/// Lines of the header, from the equation file.
pub(super) struct Header {
    /// `iris`
    pub model: String,
    /// The equations as they are written.
    pub equations: Vec<String>,
}

const INDENT: &str = "    ";

/// The text of a file.
pub(super) fn page(
    program: &Program,
    target: &dyn Target,
    dialect: &Dialect,
    header: &Header,
) -> String {
    let writer = Writer { module: &program.module, target };
    let value = function(program, &writer, dialect, false);
    let gradients = function(program, &writer, dialect, true);
    let body = format!("{value}\n\n{gradients}");
    let helpers = helpers(target, &body);
    let mut out = docstring(program, dialect, header);
    let code = format!("{helpers}{body}");
    let imports: Vec<&str> = dialect
        .imports
        .iter()
        .filter(|(word, _)| word.is_empty() || uses(&code, word))
        .map(|(_, line)| *line)
        .collect();
    out.push_str(&imports.join("\n"));
    out.push_str("\n\n\n");
    out.push_str(&code);
    out
}

/// Whether `word` occurs and is no part of a longer word.
pub(super) fn uses(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    text.match_indices(word).any(|(at, _)| !text[..at].ends_with(inside))
}

/// The functions that the text calls, and those that they call.
pub(super) fn helpers(target: &dyn Target, body: &str) -> String {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = wanted.len();
        for helper in target.helpers() {
            let call = format!("{}(", helper.name);
            let others = target.helpers().iter().filter(|h| wanted.contains(h.name));
            let mut texts = others.map(|h| h.text).chain([body]);
            if texts.any(|t| uses(t, &call)) {
                wanted.insert(helper.name);
            }
        }
        if wanted.len() == before {
            break;
        }
    }
    let chosen = target.helpers().iter().filter(|h| wanted.contains(h.name));
    chosen.map(|h| format!("{}\n\n", h.text)).collect()
}

/// The gradients' names in the file and in the code.
pub(super) fn returned(program: &Program) -> Vec<(String, String)> {
    let lines = &program.derivation.lines;
    let line = |of: &chainrule_graph::SymbolId| lines.iter().find(|l| l.of == *of);
    let pair = |of: &chainrule_graph::SymbolId| {
        let line = line(of)?;
        Some((program.module.symbol(*of).name.clone(), program.names[&line.symbol].clone()))
    };
    program.wrt.iter().filter_map(pair).collect()
}

fn docstring(program: &Program, dialect: &Dialect, header: &Header) -> String {
    let of = &program.module.symbol(program.of).name;
    let mut out = format!("\"\"\"{}: {of} and its gradients in {}.\n", header.model, dialect.name);
    out.push_str("\nWritten by chainrule from these equations:\n\n");
    for line in &header.equations {
        out.push_str(&format!("{INDENT}{}\n", line.replace('\\', "/")));
    }
    out.push_str("\nThe derivation:\n\n");
    for line in derived(program) {
        out.push_str(&format!("{INDENT}{line}\n"));
    }
    if program.arguments.iter().any(|a| {
        let ty = &program.module.symbol(a.symbol).ty;
        !ty.axes.is_empty()
    }) {
        out.push_str("\nA value per sample is an array whose rows are the samples.\n");
    }
    if !dialect.note.is_empty() {
        out.push_str(&format!("{}\n", dialect.note));
    }
    out.push_str("\"\"\"\n\n");
    out
}

/// The lines of the derivation as they are read.
pub(super) fn derived(program: &Program) -> Vec<String> {
    let reader = raise::Reader::new(&program.module);
    let line = |l: &chainrule_graph::differentiate::Line| {
        reader.equation(l.value).line(&program.module.symbol(l.symbol).name)
    };
    program.derivation.lines.iter().map(line).collect()
}

/// The arguments with their defaults.
fn signature(program: &Program, body: &Body) -> String {
    let mut parts: Vec<String> = Vec::new();
    for argument in &program.arguments {
        parts.push(match argument.kind {
            ArgumentKind::Noise(_) => format!("{}=None", argument.name),
            ArgumentKind::Const(value) => format!("{}={}", argument.name, plain(value)),
            _ => argument.name.clone(),
        });
    }
    let free = free_sizes(program, body, true);
    if !free.is_empty() {
        // Behind arguments without a default nothing else may stand.
        parts.push("*".into());
        for (name, number) in free {
            parts.push(number.map_or(name.clone(), |n| format!("{name}={n}")));
        }
    }
    parts.join(", ")
}

/// A number without a needless point.
pub(super) fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value}")
    } else {
        format!("{value:?}")
    }
}

/// All size names that a function reads, those they are made of too; with `means` also those of
/// the arrays that replace noise.
pub(super) fn all_sizes(program: &Program, body: &Body, means: bool) -> BTreeSet<String> {
    let sizes = &program.module.sizes;
    let mut wanted = body.sizes.clone();
    for argument in &program.arguments {
        if means && matches!(argument.kind, ArgumentKind::Noise(_)) {
            for size in program.lengths(argument.symbol) {
                wanted.extend(length::names(&program.module, &size));
            }
        }
    }
    for (name, size, _) in sizes.derived().iter().rev() {
        if wanted.contains(name) {
            wanted.extend(length::words(&sizes.formula(size, name)));
        }
    }
    wanted
}

/// Where a base size can be read off: an argument and the place of the axis.
pub(super) fn found<'p>(program: &'p Program, name: &str) -> Option<(&'p Argument, usize)> {
    let is =
        |size: &Size| size.as_name().is_some_and(|id| program.module.sizes.get(id).name == name);
    program.arguments.iter().filter(|a| !matches!(a.kind, ArgumentKind::Noise(_))).find_map(|a| {
        let at = program.lengths(a.symbol).iter().position(is)?;
        Some((a, at))
    })
}

/// Base sizes that no argument tells, with their numbers in the file.
pub(super) fn free_sizes(
    program: &Program,
    body: &Body,
    means: bool,
) -> Vec<(String, Option<u64>)> {
    let wanted = all_sizes(program, body, means);
    program
        .module
        .sizes
        .base()
        .filter(|(_, def)| wanted.contains(&def.name) && found(program, &def.name).is_none())
        .map(|(_, def)| (def.name.clone(), def.number))
        .collect()
}

/// The lines that read sizes off the arguments.
fn size_lines(program: &Program, writer: &Writer<'_>, body: &Body) -> Vec<String> {
    let wanted = all_sizes(program, body, true);
    let sizes = &program.module.sizes;
    let mut lines = Vec::new();
    for argument in &program.arguments {
        let mut slots = vec!["_".to_string(); argument.rank];
        for (_, def) in sizes.base() {
            if wanted.contains(&def.name)
                && let Some((from, at)) = found(program, &def.name)
                && from.symbol == argument.symbol
            {
                slots[at] = def.name.clone();
            }
        }
        let known: Vec<usize> = (0..slots.len()).filter(|i| slots[*i] != "_").collect();
        match known.as_slice() {
            [] => {}
            [one] => lines.push(format!("{} = {}.shape[{one}]", slots[*one], argument.name)),
            _ => lines.push(format!("{} = {}.shape", slots.join(", "), argument.name)),
        }
    }
    for (name, size, _) in sizes.derived() {
        if wanted.contains(name) {
            let (text, _) = length::formula(&program.module, size, name, writer.target.lengths());
            lines.push(format!("{name} = {text}"));
        }
    }
    lines
}

fn function(program: &Program, writer: &Writer<'_>, dialect: &Dialect, gradients: bool) -> String {
    let body = if gradients { &program.gradients } else { &program.value };
    let name = if gradients { "gradients" } else { "loss" };
    // Both functions take the same arguments.
    let mut lines = wrapped(&format!("def {name}("), &signature(program, &program.gradients));
    let of = program.names[&program.of].clone();
    let returned = returned(program);
    if gradients {
        let wrt: Vec<&str> = returned.iter().map(|(n, _)| n.as_str()).collect();
        let symbol = &program.module.symbol(program.of).name;
        lines.push(format!(
            "{INDENT}\"\"\"{symbol}, and its gradients by {}.\"\"\"",
            wrt.join(", ")
        ));
    } else {
        let symbol = &program.module.symbol(program.of).name;
        lines.push(format!("{INDENT}\"\"\"{symbol}.\"\"\""));
    }
    let mut inner = size_lines(program, writer, body);
    let mut code: Vec<String> = Vec::new();
    for (at, statement) in body.statements.iter().enumerate() {
        if gradients && at == body.forward {
            code.push(String::new());
        }
        let text = writer.target.statement(writer, statement);
        code.extend(text.lines().map(String::from));
    }
    for argument in &program.arguments {
        if let ArgumentKind::Noise(mean) = argument.kind {
            let shape = writer.lengths(&program.lengths(argument.symbol));
            let comma = if argument.rank == 1 { "," } else { "" };
            let full = (dialect.full)(&format!("{shape}{comma}"), &plain(mean));
            inner.push(format!("if {} is None:  # its mean", argument.name));
            inner.push(format!("{INDENT}{} = {full}", argument.name));
        }
    }
    if code.iter().chain(&inner).any(|l| uses(l, "dtype=dtype") || l.contains(".to(dtype)"))
        && let Some(first) = program.arguments.iter().find(|a| is_real(a))
    {
        inner.insert(0, format!("dtype = {}.dtype", first.name));
    }
    lines.extend(inner.into_iter().map(|l| format!("{INDENT}{l}")));
    let indented = |l: String| if l.is_empty() { l } else { format!("{INDENT}{l}") };
    lines.extend(code.into_iter().map(indented));
    if gradients {
        lines.push(String::new());
        let pairs: Vec<String> = returned.iter().map(|(n, v)| format!("'{n}': {v}")).collect();
        lines.extend(wrapped_in(&format!("{INDENT}return {of}, {{"), &pairs, "}"));
    } else {
        lines.push(format!("{INDENT}return {of}"));
    }
    lines.join("\n") + "\n"
}

fn is_real(argument: &Argument) -> bool {
    matches!(argument.kind, ArgumentKind::Param | ArgumentKind::Data(false)) && argument.rank > 0
        || argument.kind == ArgumentKind::Param
}

/// `def f(a, b):` on lines of at most 100 characters.
fn wrapped(head: &str, arguments: &str) -> Vec<String> {
    let parts: Vec<String> = arguments.split(", ").map(String::from).collect();
    let mut lines = wrapped_in(head, &parts, ")");
    if let Some(last) = lines.last_mut() {
        last.push(':');
    }
    lines
}

fn wrapped_in(head: &str, parts: &[String], tail: &str) -> Vec<String> {
    let margin = " ".repeat(head.len());
    let mut lines = vec![head.to_string()];
    for (i, part) in parts.iter().enumerate() {
        let last = i + 1 == parts.len();
        let word = if last { part.clone() } else { format!("{part}, ") };
        if let Some(line) = lines.last_mut() {
            if line.len() + word.trim_end().len() > 96 && line.len() > margin.len() {
                *line = line.trim_end().to_string();
                lines.push(format!("{margin}{word}"));
            } else {
                line.push_str(&word);
            }
        }
    }
    if let Some(line) = lines.last_mut() {
        line.push_str(tail);
    }
    lines
}
