//! Definitions of `net`: named values, index equations, families.

use chainrule_syntax::ast::{Definition, Expr, ExprKind, Name};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning, Value};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Binding, Role, Symbol};
use crate::op::Op;
use crate::types::{Kind, Type};

impl Elaborator<'_> {
    pub(crate) fn definition(&mut self, def: &Definition, span: Span) {
        if self.definition_inner(def, span).is_some() {
            return;
        }
        if !self.scope.is_global(&def.name.text) {
            self.scope.declare(&def.name.text, Meaning::Unknown, def.name.span);
        }
        self.broken_families.insert(def.name.text.clone());
    }

    fn definition_inner(&mut self, def: &Definition, span: Span) -> Option<()> {
        let number = |e: &Expr| matches!(e.kind, ExprKind::Number(_));
        match (&def.indices, &def.range) {
            (Some(indices), range) if range.is_some() || indices.iter().any(number) => {
                let [member] = indices.as_slice() else {
                    let message = "a member of a family has one index: `h[l] = ..`";
                    let place = def.bracket.unwrap_or(def.name.span);
                    return self.error("family-member", message, place, "");
                };
                let members = self.member_list(member, range.as_deref())?;
                self.for_members(&members, range.as_deref(), |e, number| {
                    let value = e.typed_value(def, None)?;
                    let name = format!("{}[{number}]", def.name.text);
                    let id = e.symbol(name, Role::Defined, value, &def.name, def)?;
                    e.add_member(&def.name, number, id)?;
                    e.bind(id, value, span, def.value.span);
                    Some(())
                })
            }
            (None, Some(range)) => {
                let message = format!(
                    "`for {0} in ..` needs a family: `{1}[{0}] = ..`",
                    range.name.text, def.name.text
                );
                self.error("family-member", message, range.name.span, "")
            }
            (indices, _) => {
                let free = self.check_free(&def.name.text, def.name.span);
                let value = self.typed_value(def, indices.as_deref())?;
                if !free {
                    return Some(());
                }
                let id =
                    self.symbol(def.name.text.clone(), Role::Defined, value, &def.name, def)?;
                self.scope.declare(&def.name.text, Meaning::Symbol(id), def.name.span);
                self.bind(id, value, span, def.value.span);
                Some(())
            }
        }
    }

    fn symbol(
        &mut self,
        name: String,
        role: Role,
        value: NodeId,
        at: &Name,
        def: &Definition,
    ) -> Option<SymbolId> {
        let ty = self.type_of(value);
        self.check_elements(&ty, at.span)?;
        let type_span = def.ty.as_ref().map(|t| t.span);
        Some(self.add_symbol(Symbol { name, role, ty, span: at.span, type_span }))
    }

    pub(crate) fn add_symbol(&mut self, symbol: Symbol) -> SymbolId {
        self.out.symbols.push(symbol);
        SymbolId::new(self.out.symbols.len() - 1)
    }

    pub(crate) fn bind(&mut self, symbol: SymbolId, value: NodeId, span: Span, value_span: Span) {
        self.out.bindings.push(Binding {
            symbol,
            value,
            stable: value,
            through: Vec::new(),
            span,
            value_span,
        });
    }

    /// The right side, with free indices collected and the declared type checked.
    fn typed_value(&mut self, def: &Definition, indices: Option<&[Expr]>) -> Value {
        let declared = match &def.ty {
            Some(ty) => Some(self.declared_type(ty, None)?),
            None => None,
        };
        let value = match indices {
            Some(indices) => self.index_equation(indices, &def.value, def.bracket)?,
            None => {
                let value = self.expr(&def.value, declared.as_ref());
                self.settled(value)?
            }
        };
        match declared {
            Some(declared) => self.as_declared(value, &declared, def),
            None => Some(value),
        }
    }

    fn as_declared(&mut self, value: NodeId, declared: &Type, def: &Definition) -> Value {
        let place = def.ty.as_ref().map_or(def.name.span, |t| t.span);
        self.check_style_pair(&self.ty(value).clone(), declared, (def.value.span, place))?;
        let value = self.lift_like(value, declared, false, def.value.span)?;
        let ty = self.ty(value).clone();
        if ty.dims == declared.dims {
            return self.check_kind(value, declared, def).map(|()| value);
        }
        let (want, is) = (self.context().shape(declared), self.context().shape(&ty));
        let message = format!("`{}` is declared {want}, its value is {is}", def.name.text);
        let mut found = Diagnostic::error("declared-shape", message, def.value.span, is)
            .label(place, format!("declared {want}"));
        let text = self.out.type_text(&ty);
        if ty.is_number() {
            found = found.replace(format!("declare it `{text}`"), place, text);
        }
        for fixed in self.size_value_repairs(&declared.dims, &ty.dims) {
            found = found.repair(fixed);
        }
        self.fail(found)
    }

    /// What kind of number a computed value is follows from its formula.
    fn check_kind(&mut self, value: NodeId, declared: &Type, def: &Definition) -> Option<()> {
        let kind = self.ty(value).kind.clone();
        let labels = |k: &Kind| matches!(k, Kind::Label(_));
        if declared.kind == kind || declared.kind == Kind::Real && !labels(&kind) {
            return Some(());
        }
        let own = self.out.type_text(&Type { axes: Vec::new(), ..self.ty(value).clone() });
        let place = def.ty.as_ref().map_or(def.name.span, |t| t.span);
        let message = format!(
            "`{}` is `{own}`: the kind of a computed value follows from its formula",
            def.name.text
        );
        let found = Diagnostic::error("declared-kind", message, place, "declared otherwise")
            .replace(format!("declare it `{own}`"), place, &own);
        self.fail(found)
    }

    /// `Y[o,u] = ..`: the right side for each index, collected.
    fn index_equation(&mut self, indices: &[Expr], value: &Expr, bracket: Option<Span>) -> Value {
        let mark = self.scope.mark();
        let mut axes: Vec<AxisId> = Vec::new();
        for index in indices {
            let ExprKind::Name(name) = &index.kind else { continue };
            let name = Name { text: name.clone(), span: index.span };
            let binder = chainrule_syntax::ast::Binder { name, range: None };
            match self.bind_index(&binder) {
                Some(axis) => axes.push(axis),
                None => {
                    self.scope.leave(mark);
                    self.uses.clear();
                    self.indices.clear();
                    return None;
                }
            }
        }
        let body = self.expr(value, None);
        self.scope.leave(mark);
        let body = self.settled(body)?;
        let extents: Option<Vec<_>> =
            axes.iter().map(|a| self.out.axes.get(*a).extent.clone()).collect();
        let missing: Vec<AxisId> =
            axes.iter().filter(|a| !self.ty(body).axes.contains(a)).copied().collect();
        let mut body = body;
        if !missing.is_empty() {
            let dims = self.ty(body).dims.clone();
            let from = (0..dims.len()).collect();
            body = self.add(
                Op::Lift { axes: missing, dims, from },
                &[body],
                &[value.span],
                value.span,
            )?;
        }
        let op = Op::Collect { axes, extents: extents? };
        self.add(op, &[body], &[value.span], bracket.unwrap_or(value.span))
    }
}
