//! `chainrule derive`: the derivatives that an equation file asks for, as formulas.

use std::path::PathBuf;

use chainrule::{
    Depth, Derive, DeriveOptions, Detail, Diagnostic, Document, Form, Last, LayoutChoice, Model,
    Source,
};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;

const EXAMPLES: &str = "\
Examples:
  chainrule derive iris                 a built-in example
  chainrule derive graph002             gradients, a Jacobian, a Hessian times a vector
  chainrule derive cifar2 --wrt W1,b1 --depth full
  chainrule derive mlp --form batch --format latex -o mlp.tex
  chainrule derive -e 'A : R[n,n]; x : R[n]; ||A x||^2' --wrt x
  chainrule derive net.eqn --json       for a program
  chainrule derive - < net.eqn          from standard input";

/// Derive the gradients, Jacobians and Hessians that a file asks for
///
/// Works out the file's `derive` lines, or without them the gradient of the loss by all parameters.
/// For gradients: the names with their types, then the layers, outermost first, each with its
/// equations and one line a cotangent, the rules and the shapes at the right. For `jac`, `hess` and
/// `hvp`: the formula, structured (`diag(u)`, `kron(x^T, A)`) where it has structure.
///
/// What the options say goes before what a `derive` line says. With --json one derivation is one
/// object, several are `{"derivations": [..]}`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The equation file, `-` for standard input, or a built-in example
    #[arg(value_name = "FILE", required_unless_present = "expression")]
    file: Option<PathBuf>,
    /// Declarations and definitions, then a formula, with `;` between them, instead of a file
    #[arg(short = 'e', long = "expression", value_name = "TEXT", conflicts_with = "file")]
    expression: Option<String>,
    /// What is differentiated
    #[arg(long, value_name = "NAME")]
    of: Option<String>,
    /// The variables, with commas: names, entries and slices (`W[i,:]`)
    #[arg(long, value_name = "NAMES")]
    wrt: Option<String>,
    /// Equations of one sample, or of the whole batch
    #[arg(long, value_enum, value_name = "FORM")]
    form: Option<FormWord>,
    /// How derivatives lie: the shape of the variable, rows are outputs, rows are inputs
    #[arg(long, value_enum, value_name = "LAYOUT")]
    layout: Option<LayoutWord>,
    /// One line a cotangent, every rule expanded, or entry by entry
    #[arg(long, value_enum, value_name = "DEPTH")]
    depth: Option<DepthWord>,
    /// What is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// How matrices are stacked in Jacobians
    #[arg(long, value_enum, value_name = "ORDER")]
    vec: Option<Order>,
    /// A line of code beside each formula
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    code: Option<Code>,
    /// The linearised network and its transpose
    #[arg(long, value_enum, value_name = "VIEW")]
    view: Option<View>,
    /// ASCII instead of Unicode spellings in text
    #[arg(long)]
    ascii: bool,
    /// Write to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum FormWord {
    Sample,
    Batch,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum LayoutWord {
    Gradient,
    Numerator,
    Denominator,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum DepthWord {
    Brief,
    Full,
    Index,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Format {
    Text,
    Latex,
    Html,
    Typst,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Order {
    Rows,
    Columns,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Code {
    Numpy,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum View {
    Dual,
}

impl Args {
    fn options(&self) -> DeriveOptions {
        DeriveOptions {
            of: self.of.clone(),
            wrt: self.wrt.as_deref().map_or(Vec::new(), names),
            form: self.form.map(|f| match f {
                FormWord::Sample => Form::Sample,
                FormWord::Batch => Form::Batch,
            }),
            layout: self.layout.map(|l| match l {
                LayoutWord::Gradient => LayoutChoice::Gradient,
                LayoutWord::Numerator => LayoutChoice::Numerator,
                LayoutWord::Denominator => LayoutChoice::Denominator,
            }),
            depth: self.depth.map(|d| match d {
                DepthWord::Brief => Depth::Brief,
                DepthWord::Full => Depth::Full,
                DepthWord::Index => Depth::Index,
            }),
            is_row_major: self.vec == Some(Order::Rows),
            has_numpy: self.code == Some(Code::Numpy),
            is_dual: self.view == Some(View::Dual),
        }
    }
}

/// `W1, b1, W[i,:]`: cut at the commas outside brackets.
fn names(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut open = 0_i32;
    for c in text.chars() {
        open += i32::from(c == '[') - i32::from(c == ']');
        match (c, out.last_mut()) {
            (',', _) if open <= 0 => out.push(String::new()),
            (c, Some(last)) => last.push(c),
            _ => {}
        }
    }
    out.into_iter().map(|n| n.trim().to_string()).filter(|n| !n.is_empty()).collect()
}

/// Reads the file and derives.
///
/// # Errors
///
/// The file cannot be read, has mistakes or something without a derivative, a name is not one of
/// the file, or the answer cannot be written.
pub(crate) fn run(args: &Args, shell: &Shell) -> Result<Exit, Failure> {
    let mut options = args.options();
    let (document, source, warnings) = match (&args.expression, &args.file) {
        (Some(text), _) => {
            let snippet = Model::snippet(text, Last::Formula)?;
            if options.of.is_none() {
                options.of = snippet.name().map(str::to_owned);
            }
            let document = snippet.model().document(&options)?;
            let found = document.warnings.iter().cloned().map(|d| snippet.found(d)).collect();
            (document, snippet.source().clone(), found)
        }
        (None, Some(file)) => {
            let model = input::model(file, &shell.options.set)?;
            let document = model.document(&options)?;
            let warnings = document.warnings.clone();
            (document, model.source().clone(), warnings)
        }
        (None, None) => return Err(Failure::Usage("a file or `-e TEXT` is needed".into())),
    };
    shell.warnings(&source, &warnings);
    answer(args, shell, &document, &source, &warnings)?;
    Ok(Exit::Done)
}

fn answer(
    args: &Args,
    shell: &Shell,
    document: &Document,
    source: &Source,
    warnings: &[Diagnostic],
) -> Result<(), Failure> {
    let text = match args.format {
        _ if shell.is_json() => None,
        Format::Json => None,
        _ if document.derivations.is_empty() => {
            let file = source.name();
            shell.say(&format!("{file} has nothing to derive; for example `derive dJ/dW`"));
            return Ok(());
        }
        Format::Text if args.ascii => Some(document.ascii()),
        Format::Text => Some(document.text()),
        Format::Latex => Some(document.latex()),
        Format::Html => Some(document.html()),
        Format::Typst => Some(document.typst()),
    };
    match (text, &args.output) {
        (Some(text), None) if args.format == Format::Text => shell.page(&text),
        (Some(text), None) => shell.answer(&text),
        (Some(text), Some(file)) => write(file, &text, shell),
        (None, None) => shell.value(&value(document, warnings)),
        (None, Some(file)) => write(file, &format!("{:#}\n", value(document, warnings)), shell),
    }
}

fn write(file: &std::path::Path, text: &str, shell: &Shell) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|cause| Failure::io("writing", file, &cause))?;
    shell.say(&format!("wrote {}", file.display()));
    Ok(())
}

/// One derivation is one object, several are a list.
fn value(document: &Document, warnings: &[Diagnostic]) -> Value {
    let mut all: Vec<Value> = document.derivations.iter().map(derivation).collect();
    if all.len() == 1 && warnings.is_empty() {
        return all.remove(0);
    }
    let skipped: Vec<&str> = warnings.iter().map(|w| w.message.as_str()).collect();
    json!({ "derivations": all, "skipped": skipped })
}

fn derivation(derive: &Derive) -> Value {
    json!({
        "of": derive.of,
        "title": derive.title,
        "layout": derive.layout,
        "form": derive.form,
        "depth": derive.depth,
        "names": derive.names.iter().map(|n| {
            json!({ "name": n.name, "type": n.type_text })
        }).collect::<Vec<_>>(),
        "gradients": derive.gradients.iter().map(|g| {
            json!({ "wrt": g.wrt, "shape": g.shape, "text": g.text, "latex": g.latex })
        }).collect::<Vec<_>>(),
        "steps": derive.steps.iter().map(|s| json!({
            "name": s.name, "shape": s.shape, "text": s.text, "latex": s.latex,
            "rule": s.rule, "shapes": s.shapes, "code": s.code,
            "details": s.details.iter().map(|d| detail(derive, d)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "blocks": derive.blocks.iter().map(|b| json!({
            "equations": b.equations.iter().map(|d| detail(derive, d)).collect::<Vec<_>>(),
            "first": b.steps.start,
            "steps": b.steps.len(),
        })).collect::<Vec<_>>(),
        "notes": derive.notes,
    })
}

fn detail(derive: &Derive, detail: &Detail) -> Value {
    let text = chainrule::syntax::print::expr;
    json!({
        "left": detail.left.as_ref().map(text),
        "right": text(&detail.right),
        "latex": derive.latex_of(detail),
        "reason": detail.reason,
        "shapes": detail.shapes,
    })
}
