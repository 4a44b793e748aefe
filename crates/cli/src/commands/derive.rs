//! `chainrule derive`: the derivatives that an equation file asks for, as formulas.

use std::path::PathBuf;

use chainrule::Derive;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  chainrule derive iris                 a built-in example
  chainrule derive graph002             gradients, a Jacobian, a Hessian times a vector
  chainrule derive net.eqn --json       for a program
  chainrule derive - < net.eqn          from standard input";

/// Derive the gradients, Jacobians and Hessians that a file asks for
///
/// Works out the file's `derive` lines. For gradients: the names with their types, then one line a
/// cotangent, outermost first, with the rules and the shapes at the right. For `jac`, `hess` and
/// `hvp`: the formula, structured (`diag(u)`, `kron(x^T, A)`) where it has structure.
///
/// With --json one derivation is one object, several are `{"derivations": [..]}`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Reads the file and derives.
///
/// # Errors
///
/// The file cannot be read, has mistakes or something without a derivative, or stdout cannot be
/// written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let model = input::model(&args.file, &shell.options.set)?;
    let (derivations, warnings) = model.derive()?;
    shell.warnings(model.source(), &warnings);
    if shell.is_json() {
        let mut all: Vec<Value> = derivations.iter().map(derivation).collect();
        let value = match (all.len(), warnings.is_empty()) {
            (1, true) => all.remove(0),
            _ => {
                let skipped: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
                json!({ "derivations": all, "skipped": skipped })
            }
        };
        shell.value(&value)?;
    } else if derivations.is_empty() {
        shell.say("the file has no `derive` lines; for example `derive dJ/dW`");
    } else {
        let pages: Vec<String> = derivations.iter().map(Derive::text).collect();
        shell.page(&pages.join("\n"))?;
    }
    Ok(Exit::Done)
}

/// LaTeX comes later: `null` until then.
fn derivation(derive: &Derive) -> Value {
    json!({
        "of": derive.of,
        "layout": derive.layout,
        "form": derive.form,
        "gradients": derive.gradients.iter().map(|g| {
            json!({ "wrt": g.wrt, "shape": g.shape, "text": g.text, "latex": null })
        }).collect::<Vec<_>>(),
        "steps": derive.steps.iter().map(|s| json!({
            "name": s.name, "shape": s.shape, "text": s.text, "latex": null,
            "rule": s.rule, "shapes": s.shapes,
        })).collect::<Vec<_>>(),
    })
}
