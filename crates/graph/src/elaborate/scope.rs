//! Names in scope.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chainrule_syntax::Span;

use crate::index::{AxisId, NodeId, SymbolId};
use crate::size::Size;

/// What a name means. Families are boxed: a meaning stays small.
#[allow(clippy::box_collection)]
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
    /// Members by number; boxed, so that a meaning stays small.
    Family(Box<BTreeMap<u64, SymbolId>>),
    /// Sizes by number.
    SizeFamily(Box<BTreeMap<u64, Size>>),
    /// Its definition was broken: known, of unknown type.
    Unknown,
}

/// The names of a file, and local ones above them.
#[derive(Clone, Default, Debug)]
pub(crate) struct Scope {
    globals: HashMap<Arc<str>, (Meaning, Span)>,
    /// Global names in the order they were declared, for suggestions.
    order: Vec<Arc<str>>,
    locals: Vec<(Arc<str>, Meaning, Span)>,
    /// Where a name stands among the locals, innermost last. Looked up, never iterated.
    places: HashMap<Arc<str>, Vec<usize>>,
    /// Locals below this place are hidden: a function body does not see its caller's.
    floor: usize,
    /// Whether only locals are seen: the standard library knows nothing of the file.
    pub(crate) sealed: bool,
}

impl Scope {
    pub(crate) fn declare(&mut self, name: &str, meaning: Meaning, span: Span) {
        if let Some(known) = self.globals.get_mut(name) {
            *known = (meaning, span);
            return;
        }
        let name: Arc<str> = name.into();
        self.order.push(name.clone());
        self.globals.insert(name, (meaning, span));
    }

    /// The innermost meaning of `name`, and where it was given.
    pub(crate) fn get(&self, name: &str) -> Option<(&Meaning, Span)> {
        let place = self.places.get(name).and_then(|places| places.last());
        let local = place.filter(|at| **at >= self.floor).map(|at| &self.locals[*at]);
        match local {
            Some((_, meaning, span)) => Some((meaning, *span)),
            None if self.sealed => None,
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
        let at = self.locals.len();
        let name: Arc<str> = name.into();
        self.places.entry(name.clone()).or_default().push(at);
        self.locals.push((name, meaning, span));
    }

    /// The place to come back to with [`Scope::leave`].
    pub(crate) fn mark(&self) -> usize {
        self.locals.len()
    }

    pub(crate) fn leave(&mut self, mark: usize) {
        for (name, _, _) in self.locals.drain(mark.min(self.locals.len())..).rev() {
            if let Some(places) = self.places.get_mut(&name) {
                places.pop();
                if places.is_empty() {
                    self.places.remove(&name);
                }
            }
        }
    }

    /// Hides the locals; returns what [`Scope::restore`] needs.
    pub(crate) fn hide(&mut self) -> usize {
        std::mem::replace(&mut self.floor, self.locals.len())
    }

    pub(crate) fn restore(&mut self, floor: usize) {
        self.leave(self.floor);
        self.floor = floor;
    }

    /// What the names of the file mean, in the order they were declared.
    pub(crate) fn globals(&self) -> impl Iterator<Item = (&str, &Meaning)> {
        self.order.iter().filter_map(|n| Some((&**n, &self.globals.get(n)?.0)))
    }

    /// Every name in scope, locals first, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let locals = self.locals[self.floor..].iter().rev().map(|(n, _, _)| &**n);
        locals.chain(self.order.iter().map(|n| &**n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locals_hide_and_come_back() {
        let mut scope = Scope::default();
        let span = Span::default();
        let term = |n: usize| Meaning::Term(NodeId::new(n));
        let seen = |scope: &Scope, name: &str| match scope.get(name) {
            Some((Meaning::Term(node), _)) => Some(node.index()),
            _ => None,
        };
        scope.declare("a", term(0), span);
        let outer = scope.mark();
        scope.push("a", term(1), span);
        scope.push("b", term(2), span);
        let inner = scope.mark();
        scope.push("a", term(3), span);
        assert_eq!((seen(&scope, "a"), seen(&scope, "b")), (Some(3), Some(2)));
        let floor = scope.hide();
        assert_eq!((seen(&scope, "a"), seen(&scope, "b")), (Some(0), None));
        scope.push("b", term(4), span);
        assert_eq!(seen(&scope, "b"), Some(4));
        assert_eq!(scope.names().collect::<Vec<_>>(), ["b", "a"]);
        scope.restore(floor);
        assert_eq!((seen(&scope, "a"), seen(&scope, "b")), (Some(3), Some(2)));
        scope.leave(inner);
        assert_eq!(seen(&scope, "a"), Some(1));
        scope.leave(outer);
        assert_eq!((seen(&scope, "a"), seen(&scope, "b")), (Some(0), None));
    }
}
