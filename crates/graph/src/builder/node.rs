//! Terms while they are being built: nodes of the syntax tree whose parts are numbers of nodes.
//!
//! A part stands in its node as a *slot*, an expression without content whose place holds the
//! part's number. So a term may be used many times without being copied, and everything that
//! holds expressions (a node, a whole statement) can hold slots.

use std::collections::BTreeMap;
use std::panic::Location;

use chainrule_syntax::ast::{Arg, Expr, ExprKind, Name, Sign, StatementKind};
use chainrule_syntax::{Span, limits};

use super::parts;

/// A place in the program that builds the model.
pub(super) type Place = &'static Location<'static>;

/// The number of a node.
pub(super) type Id = u32;

/// How deep a term may nest. The parser counts at most three levels for one of ours.
const LEVELS: u32 = limits::NESTING / 3 - 1;

/// Stands for what could not be built. It is reported where it was built, so what the reader says
/// of it is left out.
pub(super) const NOTHING: &str = "not_built";

/// A node of the syntax tree.
#[derive(Debug)]
pub(super) struct Node {
    /// What it is; its parts are slots.
    pub(super) kind: ExprKind,
    /// The numbers of its parts, in the order of [`parts::of_expr`].
    pub(super) parts: Vec<Id>,
    /// Where it was built; names and numbers belong to whatever uses them.
    pub(super) at: Option<Place>,
    /// How deep its text nests.
    height: u32,
    /// How many nodes it has when written out.
    size: usize,
}

/// All nodes of a model.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    list: Vec<Node>,
}

impl Nodes {
    /// Adds a node. A term that would be too deep or too long is refused, with the reason.
    pub(super) fn add(&mut self, mut kind: ExprKind, at: Option<Place>) -> Result<Id, String> {
        let parts: Vec<Id> = parts::of_expr(&mut kind).into_iter().map(|part| id(part)).collect();
        let inner = |&part: &Id| self.get(part);
        let size = parts.iter().map(inner).fold(1_usize, |n, part| n.saturating_add(part.size));
        let mut height = parts.iter().map(inner).map(|part| part.height + 1).max().unwrap_or(0);
        // A sum in front of a sum is one sum: a loop may add as many terms as it likes.
        if let (ExprKind::Sum(_), [first, last]) = (&kind, &parts[..])
            && matches!(self.get(*first).kind, ExprKind::Sum(_))
        {
            height = self.get(*first).height.max(self.get(*last).height + 1);
        }
        if height > LEVELS {
            return Err(format!("a term of more than {LEVELS} levels"));
        }
        if size > limits::NODES {
            return Err(format!("a term of more than {} nodes", limits::NODES));
        }
        self.list.push(Node { kind, parts, at, height, size });
        Ok((self.list.len() - 1) as Id)
    }

    /// Adds a node without parts.
    pub(super) fn leaf(&mut self, kind: ExprKind, at: Option<Place>) -> Id {
        self.list.push(Node { kind, parts: Vec::new(), at, height: 0, size: 1 });
        (self.list.len() - 1) as Id
    }

    /// The node called `id`.
    pub(super) fn get(&self, id: Id) -> &Node {
        &self.list[id as usize]
    }

    /// The name that a node is, if it is just a name.
    pub(super) fn name(&self, id: Id) -> Option<&str> {
        match &self.get(id).kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The tree under a node. A derivative `dJ/dW` is spelled `grad(J, W)` where `dJ` or `dW` is
    /// one of the `names`: it would read as a quotient.
    pub(super) fn tree(&self, top: Id, names: &BTreeMap<String, Place>) -> Expr {
        let node = self.get(top);
        let kind = match &node.kind {
            ExprKind::Derivative { of, by } => {
                let clash = |name: &Name| names.contains_key(&format!("d{}", name.text));
                match &by[..] {
                    [by] if clash(&of.name) || clash(&by.name) => call_of(&of.name, &by.name),
                    _ => node.kind.clone(),
                }
            }
            ExprKind::Sum(_) => self.sum(top, names),
            kind => {
                let mut kind = kind.clone();
                for part in parts::of_expr(&mut kind) {
                    *part = self.tree(id(part), names);
                }
                kind
            }
        };
        Expr { kind, span: Span::default() }
    }

    /// A sum of sums as one flat sum.
    fn sum(&self, top: Id, names: &BTreeMap<String, Place>) -> ExprKind {
        let mut terms = Vec::new();
        let mut at = top;
        while let ExprKind::Sum(two) = &self.get(at).kind
            && let [(_, first), (sign, last)] = &two[..]
        {
            terms.push((*sign, self.tree(id(last), names)));
            at = id(first);
        }
        terms.push((Sign::Plus, self.tree(at, names)));
        terms.reverse();
        ExprKind::Sum(terms)
    }

    /// A statement with its slots filled.
    pub(super) fn statement(
        &self,
        kind: &StatementKind,
        names: &BTreeMap<String, Place>,
    ) -> StatementKind {
        let mut kind = kind.clone();
        for part in parts::of_statement(&mut kind) {
            *part = self.tree(id(part), names);
        }
        kind
    }
}

/// The slot that stands for a node.
pub(super) fn slot(id: Id) -> Expr {
    Expr { kind: ExprKind::Name(String::new()), span: Span::at(id as usize) }
}

/// The node that a slot stands for.
pub(super) fn id(slot: &Expr) -> Id {
    slot.span.start
}

/// A name of a built tree.
pub(super) fn name(text: impl Into<String>) -> Name {
    Name { text: text.into(), span: Span::default() }
}

fn call_of(of: &Name, by: &Name) -> ExprKind {
    let arg = |n: &Name| {
        let value = Expr { kind: ExprKind::Name(n.text.clone()), span: Span::default() };
        Arg { name: None, value }
    };
    ExprKind::Call { function: name("grad"), primes: 0, args: vec![arg(of), arg(by)] }
}
