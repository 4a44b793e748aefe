//! Stated derivatives of a file's functions: `softsign'(x) = ..` is a claim about any `x`.
//!
//! The claim is written as text and read like a file, with the functions and constants it may use.

use chainrule_syntax::print;

use super::verdict::{Judged, Verdict};
use super::{Settings, claim};
use crate::interpret::{Interpreter, Numbers};
use crate::module::{Function, Module, Role};

pub(super) fn judged(module: &Module, settings: &Settings) -> Vec<Judged> {
    let mut found = Vec::new();
    for function in &module.functions {
        for (primes, params, value) in &function.stated {
            let Some(param) = params.first() else { continue };
            let name = format!("{}{}", function.name, "'".repeat(*primes as usize));
            let value = print::expr(value);
            found.push(judge(module, &name, &param.text, &value, settings));
        }
    }
    found
}

/// On a vector; on a number if the function takes no vector.
fn judge(module: &Module, name: &str, param: &str, value: &str, settings: &Settings) -> Judged {
    let mut last = None;
    let length = unused(module, param);
    for ty in [format!("R[{length}]"), "R".into()] {
        let text = format!(
            "{}size {length}\ngiven\n  {param} : {ty}\nclaim \"{name}\" {name}({param}) = {value}\n",
            preamble(module)
        );
        let reading = crate::read::read_untried(&text, &[]);
        let module = reading.modules.first().filter(|_| reading.is_ok());
        let judged = module.and_then(|m| claim::judged(m, settings).pop());
        match judged {
            Some(judged) if !matches!(judged.verdict, Verdict::IllFormed | Verdict::NotTested) => {
                return judged;
            }
            other => last = other.or(last),
        }
    }
    last.unwrap_or_else(|| Judged {
        name: name.into(),
        verdict: Verdict::IllFormed,
        expected: None,
        passed: false,
        message: "the stated derivative cannot be read by itself".into(),
        counterexample: None,
        gap: None,
        proof: None,
        nearest: None,
        ill_formed: None,
    })
}

/// A name for the length of the vector that nothing else has.
fn unused(module: &Module, param: &str) -> String {
    let taken = |name: &str| {
        name == param
            || module.functions.iter().any(|f| f.name == name)
            || module.symbols.iter().any(|s| s.name == name)
    };
    let names = ["n", "m", "d", "k", "len"].into_iter().map(String::from);
    names.chain((2..).map(|i| format!("n{i}"))).find(|name| !taken(name)).unwrap_or_default()
}

/// The functions of the file, and its constants that are numbers.
fn preamble(module: &Module) -> String {
    let mut it: Interpreter<'_, f64> = Interpreter::new(module, Numbers::of(module, 2, 2));
    let mut text = String::new();
    for symbol in &module.symbols {
        if let Role::Const(node) = symbol.role
            && symbol.ty.is_scalar()
            && let Ok(value) = it.value(node)
        {
            text.push_str(&format!("const\n  {} = {:e}\n", symbol.name, value.data[0]));
        }
    }
    for function in &module.functions {
        text.push_str(&written(function));
    }
    text
}

fn written(function: &Function) -> String {
    let params: Vec<String> = function
        .params
        .iter()
        .map(|p| {
            let ty = p.ty.as_ref().map(|t| format!(" : {}", print::type_expr(t)));
            let default = p.default.as_ref().map(|e| format!(" = {}", print::expr(e)));
            format!("{}{}{}", p.name.text, ty.unwrap_or_default(), default.unwrap_or_default())
        })
        .collect();
    let mut text =
        format!("fn {}({}) = {}\n", function.name, params.join(", "), print::expr(&function.body));
    for local in &function.locals {
        text.push_str(&format!("  {} = {}\n", local.name.text, print::expr(&local.value)));
    }
    text
}
