//! A file of Rust: the array type, `Params`, `Data`, `loss`, `gradients`.

use super::code::Statement;
use super::length::{self, Lengths};
use super::page::{self, Header, all_sizes, derived, found, free_sizes, returned};
use super::program::{Argument, ArgumentKind, Body, Program};
use super::rust::Rust;
use super::target::Writer;

/// The pieces of the array type, each under a line `== kind name`.
const ARRAY: &str = include_str!("rust/array.txt");

/// A piece of the array type.
struct Piece<'t> {
    /// `struct`, `operators`, or the name of a function.
    name: &'t str,
    text: &'t str,
}

fn pieces() -> Vec<Piece<'static>> {
    let piece = |part: &'static str| {
        let (head, text) = part.split_once('\n')?;
        let name = head.strip_prefix("fn ").unwrap_or(head);
        Some(Piece { name, text: text.trim_end() })
    };
    let text = ARRAY.strip_prefix("== ").unwrap_or(ARRAY);
    text.split("\n== ").filter_map(piece).collect()
}

/// The text of a file.
pub(super) fn page(program: &Program, header: &Header) -> String {
    let writer = Writer { module: &program.module, target: &Rust };
    let structs = structs(program);
    let value = function(program, &writer, false);
    let gradients = function(program, &writer, true);
    let code = format!("{structs}{value}\n{gradients}");
    format!("{}{}{code}", comment(program, header), prelude(&code))
}

fn comment(program: &Program, header: &Header) -> String {
    let of = &program.module.symbol(program.of).name;
    let mut out = format!("//! {}: {of} and its gradients.\n//!\n", header.model);
    out.push_str("//! Written by chainrule from these equations:\n//!\n//! ```text\n");
    header.equations.iter().for_each(|line| out.push_str(&format!("//! {line}\n")));
    out.push_str("//! ```\n//!\n//! The derivation:\n//!\n//! ```text\n");
    derived(program).iter().for_each(|line| out.push_str(&format!("//! {line}\n")));
    out.push_str("//! ```\n");
    out.push_str(
        "//!\n//! To be compiled by itself: `rustc --edition 2021 --crate-type lib FILE`.\n",
    );
    if program.arguments.iter().any(|a| !program.module.symbol(a.symbol).ty.axes.is_empty()) {
        out.push_str("//!\n//! A value per sample is an array whose rows are the samples.\n");
    }
    out.push_str("#![allow(non_snake_case)]\n\n");
    out
}

/// The array type with the functions that the code uses.
fn prelude(code: &str) -> String {
    let all = pieces();
    let mut wanted = vec![false; all.len()];
    loop {
        let mut changed = false;
        for at in 0..all.len() {
            if wanted[at] {
                continue;
            }
            let texts = all.iter().zip(&wanted).filter(|(_, w)| **w).map(|(p, _)| p.text);
            let always = matches!(all[at].name, "struct" | "operators" | "neg" | "new");
            if always || texts.chain([code]).any(|text| calls(text, all[at].name)) {
                wanted[at] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let chosen: Vec<&Piece<'_>> =
        all.iter().zip(&wanted).filter(|(_, w)| **w).map(|(p, _)| p).collect();
    let method = |p: &&&Piece<'_>| p.text.starts_with(' ');
    let methods: Vec<&str> = chosen.iter().filter(method).map(|p| p.text).collect();
    let text = |name: &str| chosen.iter().find(|p| p.name == name).map_or("", |p| p.text);
    let mut out = format!("{}\n\nimpl Array {{\n{}\n}}\n\n", text("struct"), methods.join("\n\n"));
    out.push_str(&format!("{}\n\n", text("operators")));
    for (name, method, word) in
        [("Add", "add", "+"), ("Sub", "sub", "-"), ("Mul", "mul", "*"), ("Div", "div", "/")]
    {
        out.push_str(&format!("operator!({name}, {method}, {word});\n"));
    }
    out.push_str(&format!("\n{}\n\n", text("neg")));
    let special = ["struct", "operators", "neg"];
    for piece in chosen.iter().filter(|p| !method(p) && !special.contains(&p.name)) {
        out.push_str(&format!("{}\n\n", piece.text));
    }
    out
}

/// Whether a text calls, or hands on, a function.
fn calls(text: &str, name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let after = text[at + name.len()..].chars().next();
        let before = text[..at].chars().next_back();
        // Iterators have a `sum` and a `fold` too; ours take axes.
        let shared = matches!(name, "sum" | "fold");
        let axes = text[at + name.len()..].starts_with("(&") || text[..at].ends_with("self.");
        let called = after == Some('(') && !text[..at].ends_with("fn ") && (!shared || axes);
        let handed = after == Some(')') && before == Some('(');
        !before.is_some_and(inside) && (called || handed)
    })
}

fn is_data(argument: &Argument) -> bool {
    !matches!(argument.kind, ArgumentKind::Param)
}

fn field(argument: &Argument) -> String {
    let ty = if argument.rank == 0 { "f64" } else { "Array" };
    let note = match argument.kind {
        ArgumentKind::Const(value) => format!("{} in the equations", page::plain(value)),
        ArgumentKind::Noise(mean) => {
            format!("`{}`; its mean is {}", argument.type_text, page::plain(mean))
        }
        _ if argument.rank == 0 => format!("`{}`", argument.type_text),
        _ => format!("`{}`: ({})", argument.type_text, argument.shape),
    };
    format!("    /// {note}\n    pub {}: {ty},\n", argument.name)
}

fn structs(program: &Program) -> String {
    let fields = |data: bool| -> String {
        let own = program.arguments.iter().filter(|a| is_data(a) == data);
        own.map(field).collect()
    };
    let mut out = String::new();
    out.push_str(&format!(
        "/// What the gradients may be taken by.\npub struct Params {{\n{}}}\n\n",
        fields(false)
    ));
    let sizes: String = free_sizes(program, &program.gradients, false)
        .into_iter()
        .map(|(name, _)| format!("    /// A length.\n    pub {name}: usize,\n"))
        .collect();
    let data = fields(true) + &sizes;
    if !data.is_empty() {
        out.push_str(&format!(
            "/// What else the functions read.\npub struct Data {{\n{data}}}\n\n"
        ));
    }
    let gradients: String = returned(program)
        .iter()
        .zip(&program.wrt)
        .map(|((name, value), symbol)| {
            let of = &program.module.symbol(program.of).name;
            let line = program.derivation.lines.iter().find(|l| l.of == *symbol);
            let rank = line.map_or(0, |l| program.lengths(l.symbol).len());
            let ty = if rank == 0 { "f64" } else { "Array" };
            format!("    /// Of {of} by {name}.\n    pub {value}: {ty},\n")
        })
        .collect();
    out.push_str(&format!("/// The gradients.\npub struct Gradients {{\n{gradients}}}\n\n"));
    out
}

/// Lines that give names to what is read.
fn bindings(program: &Program, body: &Body, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let wanted = all_sizes(program, body, false);
    let mut sizes = Vec::new();
    for (_, def) in program.module.sizes.base() {
        if !wanted.contains(&def.name) {
            continue;
        }
        let name = &def.name;
        match found(program, name) {
            Some((from, at)) => {
                sizes.push((from.name.clone(), format!("let {name} = {}.dims[{at}];", from.name)));
            }
            None => lines.push(format!("let {name} = data.{name};")),
        }
    }
    for argument in &program.arguments {
        let reads_size = sizes.iter().any(|(from, _)| *from == argument.name);
        if !reads_size && !page::uses(text, &argument.name) {
            continue;
        }
        let from = if is_data(argument) { "data" } else { "params" };
        let mark = if argument.rank == 0 { "" } else { "&" };
        lines.push(format!("let {0} = {mark}{from}.{0};", argument.name));
    }
    lines.extend(sizes.into_iter().map(|(_, line)| line));
    for (name, size, _) in program.module.sizes.derived() {
        if wanted.contains(name) {
            let (text, _) = length::formula(&program.module, size, name, Lengths::Rust);
            lines.push(format!("let {name} = {text};"));
        }
    }
    lines
}

/// The lines of a function, with an empty one before the derivation.
fn lines(writer: &Writer<'_>, body: &Body, gradients: bool) -> Vec<String> {
    let mut code: Vec<String> = Vec::new();
    for (at, statement) in body.statements.iter().enumerate() {
        if gradients && at == body.forward {
            code.push(String::new());
        }
        if let Statement::Let { .. } = statement {
            let text = writer.target.statement(writer, statement);
            code.extend(text.lines().map(String::from));
        }
    }
    code
}

fn function(program: &Program, writer: &Writer<'_>, gradients: bool) -> String {
    let body = if gradients { &program.gradients } else { &program.value };
    let of = &program.module.symbol(program.of).name;
    let value = &program.names[&program.of];
    let rank = program.lengths(program.of).len();
    let number = if rank == 0 { "f64" } else { "Array" };
    let code = lines(writer, body, gradients);
    let returned = returned(program);
    let text = code.join("\n");
    let mut inner = bindings(program, body, &text);
    let uses_data = inner.iter().any(|l| l.contains("data."));
    let has_data = program.arguments.iter().any(is_data)
        || !free_sizes(program, &program.gradients, false).is_empty();
    let data = match (has_data, uses_data) {
        (true, true) => ", data: &Data",
        (true, false) => ", _: &Data",
        (false, _) => "",
    };
    let params = if inner.iter().any(|l| l.contains("params.")) { "params" } else { "_" };
    inner.extend(code);
    let own = |name: &str, rank: usize| {
        if rank == 0 { name.to_string() } else { format!("{name}.clone()") }
    };
    let mut out = String::new();
    if gradients {
        out.push_str(&format!("/// {of} and its gradients.\n"));
        out.push_str(&format!(
            "pub fn gradients({params}: &Params{data}) -> ({number}, Gradients) {{\n"
        ));
        inner.push(String::new());
        let mut fields = Vec::new();
        for ((_, value), symbol) in returned.iter().zip(&program.wrt) {
            let line = program.derivation.lines.iter().find(|l| l.of == *symbol);
            let rank = line.map_or(0, |l| program.lengths(l.symbol).len());
            fields.push(if rank == 0 {
                value.clone()
            } else {
                format!("{value}: {value}.clone()")
            });
        }
        inner.push("let gradients = Gradients {".into());
        inner.extend(fields.into_iter().map(|f| format!("    {f},")));
        inner.push("};".into());
        inner.push(format!("({}, gradients)", own(value, rank)));
    } else {
        out.push_str(&format!("/// {of}.\npub fn loss({params}: &Params{data}) -> {number} {{\n"));
        inner.push(own(value, rank));
    }
    for line in inner {
        out.push_str(&if line.is_empty() { "\n".into() } else { format!("    {line}\n") });
    }
    out.push_str("}\n");
    out
}
