//! Names in scope.

use std::collections::{BTreeMap, HashMap};

use chainrule_syntax::Span;

use crate::index::{AxisId, NodeId, SymbolId};
use crate::size::Size;

/// What a name means.
#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// A size or the length of a batch axis.
    Size(Size),
    /// A named value.
    Symbol(SymbolId),
    /// An index.
    Index(AxisId),
    /// A local value: `where`, a parameter of a `fn`.
    Term(NodeId),
    /// Members by number.
    Family(BTreeMap<u64, SymbolId>),
    /// Sizes by number.
    SizeFamily(BTreeMap<u64, Size>),
    /// Its definition was broken: known, of unknown type.
    Unknown,
}

/// The names of a file, and local ones above them.
#[derive(Clone, Default, Debug)]
pub(crate) struct Scope {
    globals: HashMap<String, (Meaning, Span)>,
    /// Global names in the order they were declared, for suggestions.
    order: Vec<String>,
    locals: Vec<(String, Meaning, Span)>,
    /// Locals below this place are hidden: a function body does not see its caller's.
    floor: usize,
}

impl Scope {
    pub(crate) fn declare(&mut self, name: &str, meaning: Meaning, span: Span) {
        if self.globals.insert(name.into(), (meaning, span)).is_none() {
            self.order.push(name.into());
        }
    }

    /// The innermost meaning of `name`, and where it was given.
    pub(crate) fn get(&self, name: &str) -> Option<(&Meaning, Span)> {
        let local = self.locals[self.floor..].iter().rev().find(|(n, _, _)| n == name);
        match local {
            Some((_, meaning, span)) => Some((meaning, *span)),
            None => self.globals.get(name).map(|(meaning, span)| (meaning, *span)),
        }
    }

    pub(crate) fn global_mut(&mut self, name: &str) -> Option<&mut Meaning> {
        self.globals.get_mut(name).map(|(meaning, _)| meaning)
    }

    pub(crate) fn is_global(&self, name: &str) -> bool {
        self.globals.contains_key(name)
    }

    pub(crate) fn push(&mut self, name: &str, meaning: Meaning, span: Span) {
        self.locals.push((name.into(), meaning, span));
    }

    /// The place to come back to with [`Scope::leave`].
    pub(crate) fn mark(&self) -> usize {
        self.locals.len()
    }

    pub(crate) fn leave(&mut self, mark: usize) {
        self.locals.truncate(mark);
    }

    /// Hides the locals; returns what [`Scope::restore`] needs.
    pub(crate) fn hide(&mut self) -> usize {
        std::mem::replace(&mut self.floor, self.locals.len())
    }

    pub(crate) fn restore(&mut self, floor: usize) {
        self.leave(self.floor);
        self.floor = floor;
    }

    /// Every name in scope, locals first, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let locals = self.locals[self.floor..].iter().rev().map(|(n, _, _)| n.as_str());
        locals.chain(self.order.iter().map(String::as_str))
    }
}
