//! Reading more claims in a file that was read: variants of one that is false.

use std::collections::HashMap;
use std::sync::Arc;

use chainrule_syntax::Span;
use chainrule_syntax::ast;

use super::budget::Budget;
use super::{Elaborator, Scope};
use crate::module::{Claim, Function, Module};
use crate::op::OpDef;

/// What the names of a file mean.
#[derive(Clone, Default, Debug)]
pub(crate) struct Names {
    pub(crate) scope: Scope,
    /// Looked up, never iterated.
    functions: HashMap<String, Arc<Function>>,
    ops: Vec<&'static OpDef>,
}

impl Names {
    pub(super) fn of(
        scope: Scope,
        functions: HashMap<String, Arc<Function>>,
        ops: Vec<&'static OpDef>,
    ) -> Arc<Names> {
        Arc::new(Names { scope, functions, ops })
    }
}

/// Goes on where the reading of a module ended, for claims alone: mistakes get no repairs.
pub(crate) fn again(module: Module) -> Elaborator<'static> {
    let names = module.names.clone();
    let mut elaborator = Elaborator::new("", names.ops.clone(), Budget::plain());
    elaborator.scope = names.scope.clone();
    elaborator.functions = names.functions.clone();
    elaborator.has_params = module.params().next().is_some();
    elaborator.out = module;
    elaborator.reused = Some(HashMap::new());
    elaborator
}

impl Elaborator<'_> {
    /// A variant of a claim, typed; nothing of it but its terms is kept in the module.
    pub(crate) fn variant(&mut self, claim: &Arc<ast::Claim>) -> Claim {
        self.budget = Budget::plain();
        self.diagnostics.clear();
        self.undefined.clear();
        self.uses.clear();
        self.indices.clear();
        let requirements = self.out.requirements.len();
        let uses = self.out.uses.len();
        let notes = self.out.notes.len();
        let claim = self.read_claim(claim, Span::default(), false);
        self.out.requirements.truncate(requirements);
        self.out.uses.truncate(uses);
        self.out.notes.truncate(notes);
        claim
    }
}
