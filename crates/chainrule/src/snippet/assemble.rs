//! The equation file that a snippet stands for.

use std::collections::BTreeSet;

use chainrule_syntax::ast::{Assertion, BlockWord, Expr, ExprKind, File, StatementKind, TypeExpr};
use chainrule_syntax::{Diagnostic, Span};

use super::Last;
use super::items::{self, Item, Kind};

/// A stretch of the file that was taken from the snippet as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    file: u32,
    snippet: u32,
    bytes: u32,
}

impl Piece {
    /// Its place in the file.
    pub(super) fn file(&self) -> Span {
        Span { start: self.file, end: self.file + self.bytes }
    }

    /// The place in the snippet of a place in the file, or the end that is nearer to it.
    pub(super) fn back(&self, at: u32) -> u32 {
        self.snippet + at.clamp(self.file, self.file + self.bytes) - self.file
    }
}

/// The file, and where its parts come from.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
    /// The name of the last value.
    pub(super) name: Option<String>,
}

/// Names that a formula without one is called by.
const NAMES: [&str; 6] = ["f", "g", "L", "J", "value", "result"];

/// Builds the file.
pub(super) fn assembled(text: &str, last: Last) -> Result<Assembled, Diagnostic> {
    let text = items::blanked(text);
    let items = items::items(&text);
    let Some((final_item, rest)) = items.split_last() else {
        let what = match last {
            Last::Claim => "a claim, for example `x : R[n]; grad(x^T x, x) = 2 x`",
            Last::Formula => "a formula, for example `x : R[n]; x^T x`",
        };
        let message = format!("nothing is written: it takes declarations and {what}");
        return Err(Diagnostic::error("empty-snippet", message, Span::at(0), ""));
    };
    let bodies: Vec<Body> =
        rest.iter().map(|item| body(&text, *item, last)).collect::<Result<_, _>>()?;
    let (end, name) = ending(&text, *final_item, &bodies, last);
    let mut all = bodies;
    all.push(end);
    // What types speak of is known once everything is read.
    let sketch = written(&text, &all, "");
    let parsed = chainrule_syntax::parse(&sketch.text);
    let needed = Needed::of(&parsed.file);
    for body in &mut all {
        // `n = 3` where a type says `R[n]`: a size.
        let named = items::word(&text[body.item.start..body.item.end]);
        let value = text[body.item.start..body.item.end].split_once('=').map(|(_, v)| v.trim());
        let number = value.is_some_and(|v| v.parse::<u64>().is_ok());
        if body.head == "net\n  " && number && needed.in_types.contains(named) {
            body.head = "size ".into();
        }
    }
    let sketch = written(&text, &all, "");
    let needed = Needed::of(&chainrule_syntax::parse(&sketch.text).file);
    let mut out = written(&text, &all, &needed.declared());
    out.name = name;
    Ok(out)
}

/// An item with what stands before it in the file.
struct Body {
    head: String,
    item: Item,
}

fn body(text: &str, item: Item, last: Last) -> Result<Body, Diagnostic> {
    let written = &text[item.start..item.end];
    let head = match items::kind(written) {
        Kind::Declaration => "given\n  ",
        Kind::Definition => "net\n  ",
        Kind::Block(_) => "",
        Kind::Other => {
            let what = match last {
                Last::Claim => "the claim stands last",
                Last::Formula => "the formula stands last",
            };
            let message = format!(
                "this is no declaration (`x : R[n]`) and no definition (`y = A x`); {what}"
            );
            let place = Span::new(item.start, item.end);
            return Err(Diagnostic::error("snippet-item", message, place, ""));
        }
    };
    Ok(Body { head: head.into(), item })
}

/// The last item, and the name of its value.
fn ending(text: &str, item: Item, others: &[Body], last: Last) -> (Body, Option<String>) {
    let written = &text[item.start..item.end];
    let kind = items::kind(written);
    let name = items::word(written).to_owned();
    match (last, kind) {
        (_, Kind::Block(_)) => (Body { head: String::new(), item }, None),
        (Last::Claim, _) => {
            let words: Vec<&str> = written.split_whitespace().collect();
            let name = words.join(" ").replace('"', "'");
            (Body { head: format!("claim \"{name}\" "), item }, None)
        }
        (Last::Formula, Kind::Definition) => (Body { head: "net\n  ".into(), item }, Some(name)),
        // A derivative stands for itself.
        (Last::Formula, _) if is_derivative(written) => {
            (Body { head: "derive ".into(), item }, None)
        }
        (Last::Formula, _) => {
            let taken = |name: &str| {
                let body = |b: &Body| uses(&text[b.item.start..b.item.end], name);
                others.iter().any(body) || uses(written, name)
            };
            let free = NAMES.into_iter().find(|n| !taken(n)).unwrap_or("value_of_formula");
            (Body { head: format!("net\n  {free} = "), item }, Some(free.into()))
        }
    }
}

/// Whether a formula is a derivative as a whole: `hess(f, x)`, `dL/dW`.
fn is_derivative(written: &str) -> bool {
    use chainrule_syntax::ast::ExprKind;
    crate::notation::read(written).is_some_and(|e| match e.kind {
        ExprKind::Derivative { .. } => true,
        ExprKind::Call { function, .. } => {
            ["grad", "jac", "jacr", "hess", "hvp"].contains(&function.text.as_str())
        }
        _ => false,
    })
}

/// Whether a text has a word, or its derivative `df`.
fn uses(text: &str, name: &str) -> bool {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut words = words.map(|w| w.strip_prefix('d').filter(|w| !w.is_empty()).unwrap_or(w));
    words.any(|w| w == name)
}

fn written(text: &str, bodies: &[Body], before: &str) -> Assembled {
    let mut out = Assembled { text: before.into(), pieces: Vec::new(), name: None };
    for body in bodies {
        out.text.push_str(&body.head);
        let taken = &text[body.item.start..body.item.end];
        out.pieces.push(Piece {
            file: out.text.len() as u32,
            snippet: body.item.start as u32,
            bytes: taken.len() as u32,
        });
        out.text.push_str(&taken.replace('\n', " "));
        out.text.push('\n');
    }
    out
}

/// Names that types speak of, and names that are declared.
#[derive(Default)]
struct Needed {
    in_types: BTreeSet<String>,
    batches: BTreeSet<String>,
    known: BTreeSet<String>,
}

impl Needed {
    fn of(file: &File) -> Needed {
        let mut needed = Needed::default();
        for statement in file.blocks.iter().flat_map(|b| &b.statements) {
            needed.statement(&statement.kind);
        }
        for block in file.blocks.iter().filter(|b| b.word == BlockWord::Batch) {
            for statement in &block.statements {
                if let StatementKind::Batch(names) = &statement.kind {
                    needed.known.extend(names.iter().map(|n| n.text.clone()));
                }
            }
        }
        needed
    }

    fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Sizes(list) => {
                self.known.extend(list.iter().map(|s| s.name.text.clone()));
                list.iter().filter_map(|s| s.value.as_ref()).for_each(|e| self.names(e));
            }
            StatementKind::Consts(list) => {
                self.known.extend(list.iter().map(|c| c.name.text.clone()));
            }
            StatementKind::Declaration(declaration) => {
                self.known.extend(declaration.names.iter().map(|n| n.text.clone()));
                self.batches.extend(declaration.per.iter().map(|n| n.text.clone()));
                self.ty(&declaration.ty);
            }
            // `W x : R[m]`
            StatementKind::Claim(claim) => {
                if let Assertion::Type(ty) = &claim.assertion {
                    self.ty(ty);
                }
            }
            StatementKind::Definition(definition) => {
                self.known.insert(definition.name.text.clone());
                definition.ty.iter().for_each(|ty| self.ty(ty));
            }
            _ => {}
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        ty.brackets.iter().flatten().for_each(|size| self.names(size));
    }

    /// The names of a size.
    fn names(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Name(name) => drop(self.in_types.insert(name.clone())),
            ExprKind::Paren(x) | ExprKind::Negative(x) => self.names(x),
            ExprKind::Sum(terms) => terms.iter().for_each(|(_, t)| self.names(t)),
            ExprKind::Product { first, rest } => {
                self.names(first);
                rest.iter().for_each(|f| self.names(&f.value));
            }
            ExprKind::Power(x, y) => {
                self.names(x);
                self.names(y);
            }
            _ => {}
        }
    }

    /// The declarations that are missing.
    fn declared(&self) -> String {
        let list = |names: Vec<&str>, word: &str| match names.is_empty() {
            true => String::new(),
            false => format!("{word} {}\n", names.join(", ")),
        };
        let batches: Vec<&str> = self.batches.difference(&self.known).map(String::as_str).collect();
        let sizes = self.in_types.difference(&self.known).map(String::as_str);
        let sizes = sizes.filter(|n| !batches.contains(n)).collect();
        list(sizes, "size") + &list(batches, "batch")
    }
}
