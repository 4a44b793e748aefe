//! What the standard library brings to trainings: its optimizers, and bounds on gradients.
//!
//! Both are typed in the module that uses them, in a scope that does not see the file's names.

use std::sync::OnceLock;

use chainrule_syntax::ast::{File, Name};

use super::Elaborator;
use super::optimizer::{STANDARD, comment_above, parts};
use crate::module::{Clip, Optimizer};
use crate::op::Op;
use crate::types::Type;

/// Bounds on gradients, in the language itself.
pub(crate) const UPDATE: &str = include_str!("../std/update.eqn");

impl Elaborator<'_> {
    /// The place of the optimizer called so: one of the file, or else of the standard library,
    /// which is typed at its first use.
    pub(super) fn recipe(&mut self, name: &Name) -> Option<usize> {
        let taken = &self.taken;
        let own = taken.optimizers.get(&name.text);
        if let Some(at) = own.or_else(|| taken.standard_optimizers.get(&name.text)) {
            return Some(*at);
        }
        static READ: OnceLock<File> = OnceLock::new();
        let file = READ.get_or_init(|| chainrule_syntax::parse(STANDARD).file);
        let mut all = file.blocks.iter().filter_map(|b| parts(&b.statements));
        let found = all.find(|p| p.name.text == name.text)?;
        let optimizer = self.sealed(name, |s| Optimizer {
            source: comment_above(STANDARD, found.name.span),
            span: name.span,
            standard: true,
            ..s.typed_optimizer(&found)
        });
        let at = self.out.optimizers.len();
        self.taken.standard_optimizers.insert(name.text.clone(), at);
        self.out.optimizers.push(optimizer);
        Some(at)
    }

    /// `clip norm(c)`, `clip value(c)`: the function of that name over a gradient and a number.
    pub(super) fn clip(&mut self, name: &Name) {
        if self.out.clips.iter().any(|clip| clip.name == name.text) {
            return;
        }
        let clip = self.sealed(name, |s| {
            let mark = s.scope.mark();
            let bundle = s.bundle_type();
            let gradient = s.own_symbol("g", bundle, name.span);
            let limit = s.own_symbol("c", Type::scalar(), name.span);
            let read = [gradient, limit].map(|id| {
                let ty = s.out.symbol(id).ty.clone();
                s.leaf(Op::Symbol { id, ty }, name.span)
            });
            let value = match read {
                [Some(g), Some(c)] => {
                    s.expand_nodes(&format!("clip {}", name.text), &[g, c], name.span)
                }
                _ => None,
            };
            s.scope.leave(mark);
            value.map(|value| Clip { name: name.text.clone(), gradient, limit, value })
        });
        self.out.clips.extend(clip);
    }

    /// Reads a text of the standard library on behalf of a name in the file.
    fn sealed<T>(&mut self, name: &Name, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.foreign.replace(name.span);
        let floor = self.scope.hide();
        let sealed = std::mem::replace(&mut self.scope.sealed, true);
        let made = read(self);
        self.scope.sealed = sealed;
        self.scope.restore(floor);
        self.foreign = outer;
        made
    }
}
