//! Running exported Rust: all cases are modules of one program.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use chainrule::export::Language;
use chainrule::graph::interpret::Tensor;

use crate::case::{Case, Outcome};
use crate::run::folder;

/// The outcomes of all cases; a warning of the compiler is a failure.
pub(crate) fn all(cases: &[Case]) -> Vec<Outcome> {
    let folder = folder("rust");
    let (mut modules, mut calls) = (String::new(), String::new());
    for (at, case) in cases.iter().enumerate() {
        let code = case.code(Language::Rust);
        std::fs::write(folder.join(format!("case{at}.rs")), &code.text).expect("a file");
        let _ = writeln!(modules, "mod case{at};");
        calls.push_str(&call(at, case, &code.text, &code.arguments, &code.gradients));
    }
    let main = format!(
        "#![allow(non_snake_case)]\n{modules}\nfn show(name: &str, data: &[f64]) {{\n    \
         println!(\"{{name}} {{data:?}}\");\n}}\n\nfn main() {{\n{calls}}}\n"
    );
    std::fs::write(folder.join("main.rs"), main).expect("a file");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let made = Command::new(rustc)
        .args(["--edition", "2024", "-D", "warnings", "-o", "program", "main.rs"])
        .current_dir(&folder)
        .output()
        .expect("rustc starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let run = Command::new(folder.join("program")).output().expect("the program starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let mut outcomes = Vec::new();
    for line in text.lines() {
        let (name, data) = line.split_once(" [").expect("a name and numbers");
        let data = data.trim_end_matches(']').split(", ").filter(|v| !v.is_empty());
        let data: Vec<f64> = data.map(|v| v.parse().expect("a number")).collect();
        match name {
            "value" => outcomes.push(Outcome {
                value: data,
                loss: Vec::new(),
                gradients: BTreeMap::new(),
                automatic: BTreeMap::new(),
            }),
            "loss" => outcomes.last_mut().expect("a case").loss = data,
            _ => {
                outcomes.last_mut().expect("a case").gradients.insert(name.into(), data);
            }
        }
    }
    outcomes
}

fn literal(at: usize, value: &Tensor<f64>) -> String {
    if value.shape.is_empty() {
        return format!("{:?}", value.data[0]);
    }
    format!("case{at}::Array::new(&{:?}, vec!{:?})", value.shape, value.data)
}

/// The lines of `main` for one case.
fn call(
    at: usize,
    case: &Case,
    text: &str,
    arguments: &[(String, String)],
    gradients: &[String],
) -> String {
    // Which struct a field belongs to is read off the code.
    let part = |name: &str| text.split(&format!("pub struct {name} {{\n")).nth(1).unwrap_or("");
    let fields = |name: &str| part(name).split("\n}").next().unwrap_or("").to_string();
    let mut out = String::new();
    for (kind, variable) in [("Params", "params"), ("Data", "data")] {
        let own = fields(kind);
        if !text.contains(&format!("pub struct {kind} ")) {
            continue;
        }
        let _ = writeln!(out, "    let {variable} = case{at}::{kind} {{");
        for (name, word) in arguments {
            if own.contains(&format!("    pub {word}: ")) {
                let value = case.point.get(name).map(|v| literal(at, v));
                let _ = writeln!(
                    out,
                    "        {word}: {},",
                    value.unwrap_or_else(|| constant(&own, word))
                );
            }
        }
        out.push_str("    };\n");
    }
    let data = if text.contains("pub struct Data ") { ", &data" } else { "" };
    let head = text.lines().find(|l| l.starts_with("pub fn loss("));
    let number = head.is_some_and(|l| l.ends_with("-> f64 {"));
    let show = |name: &str, value: &str, number: bool| {
        let list = if number { format!("[{value}]") } else { format!("{value}.data") };
        format!("    show({name:?}, &{list});\n")
    };
    let _ = writeln!(out, "    let (value, found) = case{at}::gradients(&params{data});");
    out.push_str(&show("value", "value", number));
    let _ = writeln!(out, "    let value = case{at}::loss(&params{data});");
    out.push_str(&show("loss", "value", number));
    let own = fields("Gradients");
    let lines: Vec<&str> = own.lines().filter(|l| l.starts_with("    pub ")).collect();
    for (name, line) in gradients.iter().zip(lines) {
        let (word, ty) = line.trim_start_matches("    pub ").split_once(": ").expect("a field");
        out.push_str(&show(name, &format!("found.{word}"), ty.starts_with("f64")));
    }
    out
}

/// The number that the code says a constant has in the equations.
fn constant(fields: &str, word: &str) -> String {
    let before = fields.split(&format!("    pub {word}: ")).next().unwrap_or("");
    let note = before.lines().next_back().unwrap_or("").trim_start_matches("    /// ");
    let value: f64 = note.split(' ').next().and_then(|v| v.parse().ok()).expect("a constant");
    format!("{value:?}")
}
