//! Equations with the shape of each value under its symbol.

use std::collections::HashMap;

use chainrule_graph::module::Binding;
use chainrule_graph::{Module, Type};
use chainrule_syntax::ast::{Definition, Expr, StatementKind};
use chainrule_syntax::{Span, print};

use crate::Model;

/// A part of an equation's right side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// The shape of the value it names: `[H,d]`; empty for scalars and everything else.
    pub shape: String,
}

/// An equation of the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equation {
    /// The left side, as written.
    pub left: String,
    /// The right side in pieces; their texts, put together, are the formula.
    pub right: Vec<Piece>,
    /// What the left side's type is; for a family that of each member.
    pub types: Vec<(String, String)>,
    /// The right side with the stable forms put in, if there are any.
    pub stable: Option<String>,
    /// The line of the file.
    pub line: usize,
}

impl Equation {
    /// The right side as text.
    pub fn formula(&self) -> String {
        self.right.iter().map(|p| p.text.as_str()).collect()
    }
}

/// The type of each name where it is used. The members of a family pass the same place: where
/// their shapes differ there is no one shape to show.
fn shapes(module: &Module) -> HashMap<Span, &Type> {
    let mut shapes: HashMap<Span, Option<&Type>> = HashMap::new();
    for (span, ty) in &module.uses {
        let known = shapes.entry(*span).or_insert(Some(ty));
        if known.is_some_and(|k| k.dims != ty.dims) {
            *known = None;
        }
    }
    module.uses.iter().filter_map(|(s, _)| Some((*s, shapes.get(s).copied().flatten()?))).collect()
}

/// One equation a statement: the members of a family share theirs.
pub(crate) fn equations(model: &Model, module: &Module) -> Vec<Equation> {
    let written = right_sides(model);
    let shapes = shapes(module);
    let mut out: Vec<Equation> = Vec::new();
    let mut last = None;
    for binding in &module.bindings {
        let symbol = module.symbol(binding.symbol);
        let member = (symbol.name.clone(), module.type_text(&symbol.ty));
        if last == Some(binding.value_span)
            && let Some(equation) = out.last_mut()
        {
            equation.types.push(member);
            continue;
        }
        last = Some(binding.value_span);
        let Some((left, right)) = written.get(&binding.value_span) else { continue };
        out.push(Equation {
            left: left.clone(),
            right: pieces(module, right, &shapes),
            types: vec![member],
            stable: stable(module, binding),
            line: model.source().line_of(binding.span),
        });
    }
    out
}

fn stable(module: &Module, binding: &Binding) -> Option<String> {
    (binding.stable != binding.value).then(|| chainrule_graph::raise::text(module, binding.stable))
}

/// Left sides and trees of all definitions, by the place of the right side.
fn right_sides(model: &Model) -> HashMap<Span, (String, &Expr)> {
    let mut out = HashMap::new();
    for statement in model.file().blocks.iter().flat_map(|b| &b.statements) {
        match &statement.kind {
            StatementKind::Definition(def) => {
                out.insert(def.value.span, (left_side(def), &def.value));
            }
            StatementKind::Show(list) => {
                for (name, value) in list {
                    if let Some(value) = value {
                        out.insert(value.span, (name.text.clone(), value));
                    }
                }
            }
            _ => {}
        }
    }
    out
}

fn left_side(def: &Definition) -> String {
    let indices: Vec<String> = def.indices.iter().flatten().map(print::expr).collect();
    let list = if indices.is_empty() { String::new() } else { format!("[{}]", indices.join(",")) };
    format!("{}{list}", def.name.text)
}

fn pieces(module: &Module, right: &Expr, shapes: &HashMap<Span, &Type>) -> Vec<Piece> {
    // Under `W^T` stands the shape of the transpose.
    let shape = |span: Span, transposed: bool| {
        let ty = shapes.get(&span).filter(|_| !span.is_empty())?;
        let mut dims: Vec<String> = ty.dims.iter().map(|d| module.sizes.text(d)).collect();
        match (transposed, dims.len()) {
            (true, 1) => dims.insert(0, "1".into()),
            (true, 2) => dims.swap(0, 1),
            _ => {}
        }
        (!dims.is_empty()).then(|| format!("[{}]", dims.join(",")))
    };
    let printed = print::expr_pieces(right);
    let transposed = |at: usize| {
        printed.get(at + 1).is_some_and(|next| {
            next.text.strip_prefix("^T").is_some_and(|rest| !rest.starts_with('^'))
        })
    };
    let piece = |(at, p): (usize, &print::Piece)| Piece {
        shape: shape(p.span, transposed(at)).unwrap_or_default(),
        text: p.text.clone(),
    };
    printed.iter().enumerate().map(piece).collect()
}
