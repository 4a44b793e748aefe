//! What a changed formula may speak of: the names of the file.

use chainrule_syntax::ast::{Expr, ExprKind};

use super::super::collect;
use super::trial::Trial;
use crate::edit::{Known, Vocabulary};
use crate::elaborate::Meaning;
use crate::module::{Module, Role, Statement};
use crate::types::{Kind, Type};

/// More slopes than this are not tried: those that stand last are near.
const MOST_SLOPES: usize = 6;
/// More names than this are not tried in place of another: those that stand last are near.
const MOST_NAMES: usize = 32;

impl Trial {
    /// The names that may stand in a changed side; `other` is the side that stays.
    pub(crate) fn vocabulary(&mut self, other: &Expr) -> Vocabulary {
        let mut vocabulary = Vocabulary { rich: true, ..Vocabulary::default() };
        let module = self.module();
        let mut values = Vec::new();
        for (name, meaning) in module.names.scope.globals() {
            match meaning {
                Meaning::Size(size) => {
                    if module.sizes.batch_of(size).is_some() {
                        vocabulary.batches.push(name.to_owned());
                    }
                    vocabulary.sizes.push(name.to_owned());
                }
                Meaning::Symbol(id) => {
                    let symbol = module.symbol(*id);
                    let hidden = matches!(symbol.role, Role::Local | Role::Derived);
                    if !hidden && !name.contains('[') {
                        values.push(known(module, name, &symbol.ty));
                    }
                }
                _ => {}
            }
        }
        let from = values.len().saturating_sub(MOST_NAMES);
        vocabulary.values = values.split_off(from);
        for binder in self.template().forall.iter().flatten() {
            let range = binder.range.as_ref().map(chainrule_syntax::print::expr);
            vocabulary.indices.push((binder.name.text.clone(), range));
        }
        vocabulary.slopes = self.slopes();
        self.locals(&mut vocabulary);
        (vocabulary.loss, vocabulary.jacobian) = derived(other);
        vocabulary
    }

    /// The slopes of the functions that the file and the side that stays apply.
    fn slopes(&self) -> Vec<(Expr, bool)> {
        let module = self.module();
        let bound = module.bindings.iter().map(|b| b.value);
        let nodes = collect::behind_all(module, bound.chain(self.kept()).collect());
        let mut found = Vec::new();
        for id in nodes.into_iter().rev() {
            let node = module.graph.node(id);
            let function = node.op.def().name;
            let [argument] = node.inputs.as_slice() else { continue };
            let name = module.bindings.iter().find(|b| b.value == id);
            let value = match name {
                Some(binding) => crate::edit::tree::name(&module.symbol(binding.symbol).name),
                None => crate::edit::plain(&crate::raise::expr(module, id)),
            };
            let argument = crate::edit::plain(&crate::raise::expr(module, *argument));
            let scalar = module.graph.ty(id).is_scalar();
            let slope = crate::edit::slope(function, &argument, &value, scalar);
            found.extend(slope.map(|slope| (slope, scalar)));
            if found.len() >= MOST_SLOPES {
                break;
            }
        }
        found
    }

    /// The names of `where`.
    fn locals(&mut self, vocabulary: &mut Vocabulary) {
        let locals: Vec<_> = self.template().locals.iter().map(|l| l.name.clone()).collect();
        for name in locals {
            let e = Expr { kind: ExprKind::Name(name.text.clone()), span: name.span };
            let typed = self.typed(&e, &e);
            if let Some(Statement::Links(node, _)) = typed.statement {
                let module = self.module();
                vocabulary.values.push(known(module, &name.text, module.graph.ty(node)));
            }
        }
    }
}

fn known(module: &Module, name: &str, ty: &Type) -> Known {
    Known {
        name: name.to_owned(),
        dims: ty.dims.iter().map(|d| module.sizes.text(d)).collect(),
        label: matches!(ty.kind, Kind::Label(_)),
    }
}

/// What a side differentiates, and whether it is a Jacobian, by rows or not.
fn derived(e: &Expr) -> (Option<String>, Option<bool>) {
    let mut open = vec![e];
    let (mut loss, mut jacobian) = (None, None);
    while let Some(e) = open.pop() {
        match &e.kind {
            ExprKind::Derivative { of, .. } if of.indices.is_none() => {
                loss = loss.or_else(|| Some(of.name.text.clone()));
            }
            ExprKind::Call { function, args, .. }
                if function.text == "jac" || function.text == "jacr" =>
            {
                let row = |a: &chainrule_syntax::ast::Arg| {
                    a.name.as_ref().is_some_and(|n| n.text == "order")
                        && matches!(&a.value.kind, ExprKind::Name(n) if n == "row")
                };
                jacobian = Some(function.text == "jacr" || args.iter().any(row));
            }
            ExprKind::Call { function, args, .. } if function.text == "grad" => {
                if let Some(ExprKind::Name(name)) = args.first().map(|a| &a.value.kind) {
                    loss = loss.or_else(|| Some(name.clone()));
                }
            }
            _ => {}
        }
        open.extend(crate::edit::tree::children(e));
    }
    (loss, jacobian)
}
