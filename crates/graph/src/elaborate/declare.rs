//! Declarations: sizes, batch axes, constants, parameters, noise, given values, data.

use std::sync::Arc;

use chainrule_syntax::ast::{Applied, BlockWord, Declaration, Initial, Name, NamedExpr, SizeDef};
use chainrule_syntax::{Diagnostic, Span};

use super::{Elaborator, Meaning};
use crate::axis::Axis;
use crate::module::{Role, Start, Symbol};
use crate::size::{self, Ratio, Size};
use crate::types::{Kind, Type};

impl Elaborator<'_> {
    pub(crate) fn size_statement(&mut self, sizes: &[SizeDef]) {
        for def in sizes {
            if self.size_definition(def).is_none() && !self.scope.is_global(&def.name.text) {
                self.scope.declare(&def.name.text, Meaning::Unknown, def.name.span);
            }
        }
    }

    fn size_definition(&mut self, def: &SizeDef) -> Option<()> {
        if let Some(member) = &def.member {
            let members = self.member_list(member, def.range.as_deref())?;
            return self.for_members(&members, def.range.as_deref(), |e, number| {
                let name =
                    Name { text: format!("{}[{number}]", def.name.text), span: def.name.span };
                let size = e.size_value(&name, def)?;
                e.add_size_member(&def.name, number, size)
            });
        }
        if let Some(range) = &def.range {
            let message = format!(
                "`for {0} in ..` needs a family: `{1}[{0}] = ..`",
                range.name.text, def.name.text
            );
            return self.error("family-member", message, range.name.span, "");
        }
        if !self.check_free(&def.name.text, def.name.span) {
            return Some(());
        }
        let size = self.size_value(&def.name, def)?;
        self.scope.declare(&def.name.text, Meaning::Size(size), def.name.span);
        Some(())
    }

    fn add_size_member(&mut self, name: &Name, number: u64, size: Size) -> Option<()> {
        match self.scope.global_mut(&name.text) {
            None => {
                let members = std::collections::BTreeMap::from([(number, size)]);
                self.scope.declare(&name.text, Meaning::SizeFamily(Box::new(members)), name.span);
            }
            Some(Meaning::SizeFamily(members)) => {
                if members.insert(number, size).is_some() {
                    let message = format!("`{}[{number}]` is defined twice", name.text);
                    return self.error("defined-twice", message, name.span, "");
                }
            }
            Some(_) => {
                self.check_free(&name.text, name.span);
                return None;
            }
        }
        Some(())
    }

    /// A free size, a fixed one, or a name for a polynomial in others.
    fn size_value(&mut self, name: &Name, def: &SizeDef) -> Option<Size> {
        let base = |number| size::SizeDef {
            name: name.text.clone(),
            number,
            batch: false,
            span: name.span,
        };
        let Some(value) = &def.value else {
            return Some(Size::name(self.out.sizes.add(base(None))));
        };
        let size = self.size(value)?;
        match size.value(&self.out.sizes) {
            Some(number) => self.check_size_number(&name.text, number, value.span)?,
            None if size.is_fixed(&self.out.sizes) => {
                let message = format!("`{}` is far too large; a size is below 2^40", name.text);
                return self.error("limit-elements", message, value.span, "");
            }
            None => {}
        }
        match size.constant().and_then(Ratio::whole).and_then(|n| u64::try_from(n).ok()) {
            Some(number) => Some(Size::name(self.out.sizes.add(base(Some(number))))),
            None => {
                self.out.sizes.derive(&name.text, size.clone(), name.span);
                Some(size)
            }
        }
    }

    fn check_size_number(&mut self, name: &str, number: Ratio, span: Span) -> Option<()> {
        let text = super::types::ratio_text(number.numerator(), number.denominator());
        let Some(whole) = number.whole() else {
            let message = format!("`{name}` is {text}, not a whole number");
            return self.error("size-value", message, span, format!("= {text}"));
        };
        if whole < 1 {
            let message = format!("`{name}` is {text}; a size is at least 1");
            return self.error("size-value", message, span, format!("= {text}"));
        }
        if whole.unsigned_abs() >= chainrule_syntax::limits::ELEMENTS {
            let message = format!("`{name}` is {text}; a size is below 2^40");
            return self.error("limit-elements", message, span, "");
        }
        Some(())
    }

    pub(crate) fn batch_statement(&mut self, names: &[Name]) {
        for name in names {
            if !self.check_free(&name.text, name.span) {
                continue;
            }
            let def = size::SizeDef {
                name: name.text.clone(),
                number: None,
                batch: true,
                span: name.span,
            };
            let id = self.out.sizes.add(def);
            let axis = Axis {
                name: name.text.clone(),
                extent: Some(Size::name(id)),
                batch: Some(id),
                span: name.span,
            };
            self.out.axes.add(axis);
            self.scope.declare(&name.text, Meaning::Size(Size::name(id)), name.span);
        }
    }

    pub(crate) fn const_statement(&mut self, consts: &[NamedExpr]) {
        for constant in consts {
            if self.const_definition(constant).is_none()
                && !self.scope.is_global(&constant.name.text)
            {
                self.scope.declare(&constant.name.text, Meaning::Unknown, constant.name.span);
            }
        }
    }

    fn const_definition(&mut self, def: &NamedExpr) -> Option<()> {
        let free = self.check_free(&def.name.text, def.name.span);
        let value = self.expr(&def.value, None)?;
        if !self.ty(value).is_scalar() || !self.ty(value).axes.is_empty() {
            let is = self.shape(value);
            let message = format!("the constant `{}` must be a number", def.name.text);
            return self.error("const-shape", message, def.value.span, is);
        }
        if self.constant(value).is_some_and(|v| !v.is_finite()) {
            let message = format!("the value of `{}` is not finite", def.name.text);
            return self.error("number-range", message, def.value.span, "infinite or undefined");
        }
        if self.constant(value).is_none() {
            let message =
                format!("the value of `{}` is no number that is known here", def.name.text);
            return self.error("not-constant", message, def.value.span, "");
        }
        if free {
            let symbol = Symbol {
                name: def.name.text.clone(),
                role: Role::Const(value),
                ty: self.out.graph.shared(Type::scalar()),
                span: def.name.span,
                type_span: None,
            };
            let id = self.add_symbol(symbol);
            self.scope.declare(&def.name.text, Meaning::Symbol(id), def.name.span);
        }
        Some(())
    }

    pub(crate) fn declaration(&mut self, word: BlockWord, decl: &Declaration) {
        let members = match &decl.member {
            Some(member) => self.member_list(member, decl.range.as_deref()),
            None => {
                if let Some(range) = &decl.range {
                    let message =
                        format!("`for {0} in ..` needs a family: `W[{0}] : ..`", range.name.text);
                    let _: Option<()> = self.error("family-member", message, range.name.span, "");
                }
                Some(Vec::new())
            }
        };
        let done = match members {
            Some(members) if members.is_empty() => self.declare_names(word, decl),
            Some(members) => self.for_members(&members, decl.range.as_deref(), |e, number| {
                let (ty, role) = e.declared(word, decl)?;
                let name = &decl.names[0];
                let symbol = Symbol {
                    name: format!("{}[{number}]", name.text),
                    role,
                    ty,
                    span: name.span,
                    type_span: None,
                };
                let id = e.add_symbol(symbol);
                e.add_member(name, number, id)
            }),
            None => None,
        };
        for name in decl.names.iter().filter(|_| done.is_none()) {
            if !self.scope.is_global(&name.text) {
                self.scope.declare(&name.text, Meaning::Unknown, name.span);
            }
            self.broken_families.insert(name.text.clone());
        }
    }

    fn declare_names(&mut self, word: BlockWord, decl: &Declaration) -> Option<()> {
        let declared = self.declared(word, decl);
        let written = Arc::new(decl.ty.clone());
        for name in &decl.names {
            if !self.check_free(&name.text, name.span) {
                continue;
            }
            let Some((ty, role)) = declared.clone() else { continue };
            let type_span = Some(decl.ty.span);
            let symbol = Symbol { name: name.text.clone(), role, ty, span: name.span, type_span };
            let id = self.add_symbol(symbol);
            self.out.types.push((id, written.clone()));
            self.scope.declare(&name.text, Meaning::Symbol(id), name.span);
        }
        declared.map(|_| ())
    }

    fn declared(&mut self, word: BlockWord, decl: &Declaration) -> Option<(Arc<Type>, Role)> {
        let ty = self.declared_type(&decl.ty, decl.per.as_ref())?;
        if word == BlockWord::Param {
            self.has_params = true;
            self.check_param(&ty, decl)?;
        }
        let start = self.start(word, decl, &ty)?;
        let role = match word {
            BlockWord::Param => Role::Param(start),
            BlockWord::Noise => Role::Noise(start),
            BlockWord::Given => Role::Given(start),
            _ => {
                self.check_source(decl, &ty);
                Role::Data
            }
        };
        Some((self.out.graph.shared(ty), role))
    }

    /// A parameter is one array of real numbers, the same for all samples.
    fn check_param(&mut self, ty: &Type, decl: &Declaration) -> Option<()> {
        if let Some(per) = &decl.per {
            let message =
                format!("a parameter is the same for all samples: not `per {}`", per.text);
            let gap = Span { start: decl.ty.span.end, end: per.span.end };
            let found = Diagnostic::error("param-per-batch", message, per.span, "").replace(
                "without it",
                gap,
                "",
            );
            return self.fail(found);
        }
        if let Some((_, id)) = ty.written_batches(&self.out.sizes).first() {
            let name = self.out.sizes.get(*id).name.clone();
            let message = format!("a parameter is the same for all samples: no axis `{name}`");
            return self.error("param-per-batch", message, decl.ty.span, "");
        }
        if !matches!(ty.kind, Kind::Real | Kind::Positive | Kind::Sym | Kind::Spd) {
            let text = self.out.type_text(ty);
            let message = format!("a parameter is made of real numbers, not `{text}`");
            return self.error("param-kind", message, decl.ty.span, "");
        }
        Some(())
    }

    fn start(&mut self, word: BlockWord, decl: &Declaration, ty: &Type) -> Option<Start> {
        match &decl.initial {
            Initial::None if word == BlockWord::Noise => {
                let message = "noise says how it is drawn: `~ bernoulli(0.8)`";
                self.error("noise-without-distribution", message, decl.ty.span, "")
            }
            Initial::None if word == BlockWord::Param => {
                let end = decl.ty.span.after();
                let message = "a parameter says how it starts: `~` a distribution, or `=` a value";
                let found = Diagnostic::error("param-without-start", message, decl.ty.span, "")
                    .replace("drawn as He et al. do", end, " ~ he")
                    .replace("all zero", end, " = 0");
                self.fail(found)
            }
            Initial::None | Initial::Source(_) => Some(Start::None),
            Initial::Drawn(applied) => self.distribution(word, applied),
            Initial::Value(e) => {
                if word == BlockWord::Noise {
                    let message = "noise is drawn (`~`), not set (`=`)";
                    return self.error("noise-without-distribution", message, e.span, "");
                }
                let value = self.expr(e, Some(ty));
                let value = self.settled(value)?;
                self.check_start(value, ty, e.span)?;
                Some(Start::Value(value))
            }
        }
    }

    /// A start value has the type, or is a number that fills it.
    pub(crate) fn check_start(
        &mut self,
        value: crate::index::NodeId,
        ty: &Type,
        span: Span,
    ) -> Option<()> {
        let is = self.ty(value).clone();
        if is.is_scalar() && is.axes.is_empty() || is.dims == ty.dims {
            return Some(());
        }
        let (want, found) = (self.context().shape(ty), self.context().shape(&is));
        let message = format!("a value of {want} is needed, this is {found}");
        self.error("start-shape", message, span, found)
    }

    fn distribution(&mut self, word: BlockWord, applied: &Applied) -> Option<Start> {
        let (name, span) = (&applied.name.text, applied.name.span);
        let Some(entry) = super::settings::find(super::settings::DISTRIBUTIONS, name) else {
            return self.unknown_setting(
                "unknown-distribution",
                "a distribution",
                &applied.name,
                super::settings::DISTRIBUTIONS,
            );
        };
        let args = self.number_args(applied.args.as_deref())?;
        self.check_setting_count(&applied.name, args.len(), entry.arity)?;
        let place = applied.args.as_ref().and_then(|a| a.last()).map_or(span, |a| a.value.span);
        let bad = match (name.as_str(), args.as_slice()) {
            ("bernoulli", [p]) if !(0.0..=1.0).contains(p) => {
                Some(format!("a probability lies between 0 and 1, not {p}"))
            }
            ("normal", [_, sd]) if *sd < 0.0 => {
                Some(format!("a standard deviation is not negative ({sd})"))
            }
            ("uniform", [a, b]) if a > b => Some(format!("the interval {a} to {b} is empty")),
            _ => None,
        };
        if let Some(message) = bad {
            return self.error("distribution-argument", message, place, "");
        }
        if word == BlockWord::Noise && entry.fan_in {
            let message = format!("`{name}` is a start for parameters, not a noise");
            return self.error("unknown-distribution", message, span, "");
        }
        Some(Start::Drawn(name.clone(), args))
    }
}
