//! The equations that a block of lines belongs to, as the author wrote them.

use std::collections::BTreeMap;

use chainrule_graph::module::{Binding, NoteKind};
use chainrule_graph::{Module, Op, SymbolId, raise};
use chainrule_syntax::Span;
use chainrule_syntax::ast::{Definition, Expr, ExprKind, Index, StatementKind};

use super::Detail;
use crate::{Model, notation};

/// The definitions of a file by the place of their right side.
#[derive(Debug)]
pub(super) struct Written<'m> {
    sides: BTreeMap<(u32, u32), &'m Definition>,
}

impl<'m> Written<'m> {
    pub(super) fn of(model: &'m Model) -> Written<'m> {
        let mut sides = BTreeMap::new();
        for statement in model.file().blocks.iter().flat_map(|b| &b.statements) {
            if let StatementKind::Definition(def) = &statement.kind {
                sides.insert((def.value.span.start, def.value.span.end), def);
            }
        }
        Written { sides }
    }

    /// No definitions: for a module that is not the file's own.
    pub(super) fn none() -> Written<'m> {
        Written { sides: BTreeMap::new() }
    }

    /// `z = W x + b`; and the form it was differentiated in, if that is another.
    pub(super) fn equation(&self, module: &Module, symbol: SymbolId) -> Vec<Detail> {
        let Some(binding) = module.binding(symbol) else { return Vec::new() };
        let name = name(&module.symbol(symbol).name);
        let place = (binding.value_span.start, binding.value_span.end);
        let member = module.symbol(symbol).name.contains('[');
        let (left, right) = match self.sides.get(&place).filter(|_| !member) {
            Some(def) => (indexed(name.clone(), def), def.value.clone()),
            None => own(module, binding, name.clone()),
        };
        let first = Detail {
            left: Some(left.clone()),
            right,
            reason: String::new(),
            shapes: String::new(),
        };
        let mut out = vec![first];
        if let Some(reason) = stable(module, binding) {
            let right = raise::expr(module, binding.stable);
            out.push(Detail { left: None, right, reason, shapes: String::new() });
        }
        out
    }
}

/// The name as a tree: `h[2]` is an entry of a family.
fn name(text: &str) -> Expr {
    notation::read(text)
        .unwrap_or_else(|| Expr { kind: ExprKind::Name(text.into()), span: Span::default() })
}

fn indexed(name: Expr, def: &Definition) -> Expr {
    match &def.indices {
        Some(indices) if !indices.is_empty() => {
            let indices = indices.iter().cloned().map(Index::At).collect();
            let (base, bracket) = (Box::new(name), Span::default());
            let kind = ExprKind::Access { base, indices, pad: false, bracket };
            Expr { kind, span: Span::default() }
        }
        _ => name,
    }
}

/// The equation as the graph has it.
fn own(module: &Module, binding: &Binding, name: Expr) -> (Expr, Expr) {
    let node = module.graph.node(binding.value);
    let Op::Collect { axes, .. } = &node.op else {
        return (name, raise::expr(module, binding.value));
    };
    let index = |text: &str| Expr { kind: ExprKind::Name(text.into()), span: Span::default() };
    let indices = axes.iter().map(|a| Index::At(index(&module.axes.get(*a).name))).collect();
    let (base, bracket) = (Box::new(name), Span::default());
    let kind = ExprKind::Access { base, indices, pad: false, bracket };
    (Expr { kind, span: Span::default() }, raise::expr(module, node.inputs[0]))
}

/// The sentence on the stable form that was put in, if one was.
fn stable(module: &Module, binding: &Binding) -> Option<String> {
    let inside =
        |span: Span| span.start >= binding.value_span.start && span.end <= binding.value_span.end;
    let note = module.notes.iter().find(|n| n.kind == NoteKind::Stable && inside(n.span));
    (binding.stable != binding.value).then(|| note.map(|_| "stable form".to_string()))?
}
