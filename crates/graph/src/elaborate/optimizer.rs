//! Optimizers: their lines typed over the bundle of all parameters.
//!
//! `p`, its gradient and a state are one value a parameter entry (the bundle, one long vector);
//! a setting, an input and a state that only ever meets numbers are one number.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use chainrule_syntax::ast::{
    Applied, Definition, Name, NamedExpr, Parameter, Statement, StatementKind,
};
use chainrule_syntax::suggest::nearest;
use chainrule_syntax::{Diagnostic, Span, print};

use super::{Elaborator, Meaning, Value};
use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Optimizer, OptimizerLine, Role, Symbol};
use crate::size::Size;
use crate::types::Type;

/// The standard library's optimizers, in the language itself.
pub(crate) const STANDARD: &str = include_str!("../std/optimizers.eqn");

/// Counts that every optimizer may read, all from 0: the update, the epoch, and how many there are.
/// A setting of the same name hides its count: in `gd(step)` the name is the setting.
pub(crate) const INPUTS: [&str; 4] = ["step", "epoch", "steps", "epochs"];

/// A setting of an optimizer: its default, or what a training gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SettingValue {
    /// A default.
    Number(f64),
    /// An expression of constants, which a training may set.
    Node(NodeId),
}

/// The head, states and lines of a block.
pub(super) struct Parts<'s> {
    pub(super) name: &'s Name,
    params: &'s [Parameter],
    states: Vec<&'s NamedExpr>,
    lines: Vec<&'s Definition>,
    /// The place of a state by its name.
    state_at: HashMap<&'s str, usize>,
    /// Names with a line for their next value.
    next: HashSet<&'s str>,
    /// Whether a line could not be read.
    broken: bool,
}

/// `p`, `J`, the inputs, the settings.
type Names = (SymbolId, SymbolId, Vec<(String, SymbolId)>, Vec<SymbolId>);

/// Settings of an optimizer with their defaults.
type Settings = Vec<(String, Option<f64>)>;

/// Every optimizer of the standard library: name and settings.
pub(crate) fn standard() -> &'static [(String, Settings)] {
    static READ: OnceLock<Vec<(String, Settings)>> = OnceLock::new();
    READ.get_or_init(|| {
        let parsed = chainrule_syntax::parse(STANDARD);
        let heads = parsed.file.blocks.iter().filter_map(|b| parts(&b.statements));
        heads.map(|p| (p.name.text.clone(), settings(p.params))).collect()
    })
}

fn settings(params: &[Parameter]) -> Settings {
    let default = |p: &Parameter| {
        p.default.as_ref().and_then(|e| match &e.kind {
            chainrule_syntax::ast::ExprKind::Number(n) => Some(n.value),
            _ => None,
        })
    };
    params.iter().map(|p| (p.name.text.clone(), default(p))).collect()
}

pub(super) fn parts(statements: &[Statement]) -> Option<Parts<'_>> {
    let head = statements.iter().find_map(|s| match &s.kind {
        StatementKind::OptimizerHead { name, params } => Some((name, params)),
        _ => None,
    })?;
    let mut out = Parts {
        name: head.0,
        params: head.1,
        states: Vec::new(),
        lines: Vec::new(),
        state_at: HashMap::new(),
        next: HashSet::new(),
        broken: false,
    };
    for statement in statements {
        match &statement.kind {
            StatementKind::State(list) => out.states.extend(list),
            StatementKind::Definition(def) => out.lines.push(def),
            StatementKind::Broken(_) => out.broken = true,
            _ => {}
        }
    }
    out.state_at = out.states.iter().enumerate().map(|(i, s)| (&*s.name.text, i)).collect();
    out.next = out.lines.iter().filter(|d| d.next).map(|d| &*d.name.text).collect();
    Some(out)
}

impl Elaborator<'_> {
    pub(crate) fn optimizer_block(&mut self, statements: &[Statement]) {
        let Some(parts) = parts(statements) else { return };
        let name = parts.name;
        if let Some(at) = self.taken.optimizers.get(&name.text) {
            let place = self.out.optimizers[*at].span;
            let message = format!("the optimizer `{}` is defined twice", name.text);
            let found = Diagnostic::error("defined-twice", message, name.span, "defined again")
                .label(place, "first defined here");
            self.report(found);
            return;
        }
        for param in parts.params {
            if let Some(default) = &param.default {
                let _ = self.number(default);
            }
        }
        let mut optimizer = self.typed_optimizer(&parts);
        optimizer.source = comment_above(self.text, name.span);
        self.taken.optimizers.insert(name.text.clone(), self.out.optimizers.len());
        self.out.optimizers.push(optimizer);
    }

    /// The settings with the numbers of their defaults.
    fn own_settings(&mut self, params: &[Parameter]) -> Settings {
        let before = self.diagnostics.len();
        let settings = params
            .iter()
            .map(|p| (p.name.text.clone(), p.default.as_ref().and_then(|e| self.number(e))))
            .collect();
        // What is wrong with a default is reported where the block is read.
        self.diagnostics.truncate(before);
        settings
    }

    /// Types the lines; states start as numbers and become bundles where a line says so.
    pub(super) fn typed_optimizer(&mut self, parts: &Parts<'_>) -> Optimizer {
        let mut bundles = vec![false; parts.states.len()];
        loop {
            let (before, symbols) = (self.diagnostics.len(), self.out.symbols.len());
            let trial = self.optimizer_lines(parts, &bundles);
            let mut grew = false;
            let next = trial.lines.iter().filter(|l| l.next);
            let wide: HashSet<&str> =
                next.chain(&trial.states).filter(|l| l.bundle).map(|l| &*l.name).collect();
            for (state, bundle) in parts.states.iter().zip(&mut bundles) {
                if wide.contains(&*state.name.text) && !*bundle {
                    *bundle = true;
                    grew = true;
                }
            }
            if !grew {
                return trial;
            }
            // Once more with the wider states: this trial's findings and names are forgotten.
            self.diagnostics.truncate(before);
            self.out.symbols.truncate(symbols);
            self.trained.0 = self.trained.0.min(symbols);
            self.constants.clear();
        }
    }

    fn optimizer_lines(&mut self, parts: &Parts<'_>, bundles: &[bool]) -> Optimizer {
        self.expanded = std::collections::HashMap::new();
        let mark = self.scope.mark();
        self.in_optimizer = true;
        let params = self.own_settings(parts.params);
        let (p, loss, inputs, settings) = self.optimizer_names(parts);
        let mut optimizer = Optimizer {
            name: parts.name.text.clone(),
            source: String::new(),
            p,
            loss,
            inputs,
            params,
            settings,
            states: Vec::new(),
            lines: Vec::new(),
            span: parts.name.span,
            standard: false,
        };
        for (state, bundle) in parts.states.iter().zip(bundles) {
            self.state(state, *bundle, &mut optimizer);
        }
        for def in &parts.lines {
            self.optimizer_line(def, parts, bundles, &mut optimizer);
        }
        if !parts.next.contains("p") && !parts.broken {
            let message =
                format!("the optimizer `{}` gives no next value `p' = ..`", parts.name.text);
            self.report(Diagnostic::error("no-next-parameter", message, parts.name.span, ""));
        }
        for state in &parts.states {
            let name = &state.name.text;
            if !parts.next.contains(&**name) {
                let message = format!("the state `{name}` has no next value `{name}' = ..`");
                self.report(Diagnostic::warning("constant-state", message, state.name.span, ""));
            }
        }
        self.scope.leave(mark);
        self.in_optimizer = false;
        optimizer
    }

    /// `p`, `J`, the inputs and the settings: a setting hides an input of its name.
    fn optimizer_names(&mut self, parts: &Parts<'_>) -> Names {
        let bundle = self.bundle_type();
        let span = parts.name.span;
        let p = self.own_symbol("p", bundle, span);
        let loss = self.own_symbol("J", Type::scalar(), span);
        let hidden = |input: &&str| parts.params.iter().any(|p| p.name.text == **input);
        let mut inputs = Vec::new();
        for input in INPUTS.iter().filter(|input| !hidden(input)) {
            inputs.push(((*input).into(), self.own_symbol(input, Type::scalar(), span)));
        }
        let mut settings = Vec::new();
        for param in parts.params {
            settings.push(self.own_symbol(&param.name.text, Type::scalar(), param.name.span));
        }
        (p, loss, inputs, settings)
    }

    pub(super) fn own_symbol(&mut self, name: &str, ty: Type, span: Span) -> SymbolId {
        self.spend(1);
        let (role, ty) = (Role::Local, self.out.graph.shared(ty));
        let id = self.add_symbol(Symbol { name: name.into(), role, ty, span, type_span: None });
        self.scope.push(name, Meaning::Symbol(id), span);
        id
    }

    /// One long vector of unknown length.
    pub(super) fn bundle_type(&mut self) -> Type {
        let id = match self.bundle {
            Some(id) => id,
            None => self.out.sizes.free("count(param)"),
        };
        self.bundle = Some(id);
        Type::array(vec![Size::name(id)])
    }

    fn state(&mut self, state: &NamedExpr, bundle: bool, optimizer: &mut Optimizer) {
        let (name, span) = (&state.name.text, state.name.span);
        if INPUTS.contains(&name.as_str()) || matches!(name.as_str(), "p" | "J") {
            let message = format!("`{name}` has a meaning in every optimizer; choose another name");
            self.report(Diagnostic::error("defined-twice", message, span, ""));
            return;
        }
        let Some(value) = self.expr(&state.value, None) else {
            self.scope.push(name, Meaning::Unknown, span);
            return;
        };
        let wide = bundle || !self.ty(value).is_scalar();
        let ty = if wide { self.bundle_type() } else { Type::scalar() };
        let symbol = Some(self.own_symbol(name, ty, span));
        let text = format!("state {name} = {}", print::expr(&state.value));
        let name = name.clone();
        let line = OptimizerLine { name, symbol, next: false, text, value, bundle: wide };
        optimizer.states.push(line);
    }

    fn optimizer_line(
        &mut self,
        def: &Definition,
        parts: &Parts<'_>,
        bundles: &[bool],
        optimizer: &mut Optimizer,
    ) {
        let (name, span) = (&def.name.text, def.name.span);
        if def.next {
            let known = name == "p" || parts.state_at.contains_key(&**name);
            if self.scope.get(&format!("{name}'")).is_some() {
                let message = format!("the next value `{name}'` is given twice");
                self.report(Diagnostic::error("defined-twice", message, span, ""));
            }
            if !known {
                let message = format!("`{name}'`: `{name}` is no state");
                let found = Diagnostic::error("no-such-state", message, span, "")
                    .note(format!("declare it: `state {name} = 0`"));
                self.report(found);
                self.scope.push(name, Meaning::Unknown, span);
            }
        } else if self.scope.get(name).is_some() && !self.scope.is_global(name) {
            let message = format!("`{name}` is defined twice");
            self.report(Diagnostic::error("defined-twice", message, span, ""));
        }
        let value = self.expr(&def.value, None);
        let value = self.settled(value);
        let key = if def.next { format!("{name}'") } else { name.clone() };
        let Some(value) = value else {
            self.scope.push(&key, Meaning::Unknown, span);
            return;
        };
        let value = self.state_value(value, def, parts, bundles);
        let bundle = !self.ty(value).is_scalar();
        self.scope.push(&key, Meaning::Term(value), span);
        let text = format!("{key} = {}", print::expr(&def.value));
        let state = optimizer.states.iter().find(|s| s.name == *name).and_then(|s| s.symbol);
        let symbol = match (def.next, name.as_str()) {
            (false, _) => None,
            (true, "p") => Some(optimizer.p),
            (true, _) => state,
        };
        let (name, next) = (name.clone(), def.next);
        optimizer.lines.push(OptimizerLine { name, symbol, next, text, value, bundle });
    }

    /// A number that becomes the next value of a bundle fills it.
    fn state_value(
        &mut self,
        value: NodeId,
        def: &Definition,
        parts: &Parts<'_>,
        bundles: &[bool],
    ) -> NodeId {
        let state = parts.state_at.get(&*def.name.text).and_then(|at| bundles.get(*at));
        let wide = def.next && (def.name.text == "p" || state == Some(&true));
        if !wide || !self.ty(value).is_scalar() {
            return value;
        }
        let like = self.bundle_type();
        self.lift_like(value, &like, true, def.value.span).unwrap_or(value)
    }

    /// `a'`, readable after its line.
    pub(crate) fn next_value(&mut self, name: &Name, span: Span) -> Value {
        match self.scope.get(&format!("{}'", name.text)) {
            Some((Meaning::Term(node), _)) => Some(*node),
            Some(_) => None,
            None => {
                let message = format!("`{0}'` is used before its line `{0}' = ..`", name.text);
                self.error("used-before-definition", message, span, "")
            }
        }
    }

    /// The settings of the optimizer called `name`, or of none.
    pub(crate) fn optimizer_params(&self, name: &str) -> Vec<String> {
        let settings = self.known_settings(name).unwrap_or_default();
        settings.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The settings of an optimizer of the file, or else of the standard library.
    pub(super) fn known_settings(&self, name: &str) -> Option<&[(String, Option<f64>)]> {
        if let Some(at) = self.taken.optimizers.get(name) {
            return self.out.optimizers.get(*at).map(|o| o.params.as_slice());
        }
        standard().iter().find(|(n, _)| n == name).map(|(_, settings)| settings.as_slice())
    }

    /// Checks `nag(step = 0.01)`: the optimizer exists, its settings are its own, none is missing.
    pub(crate) fn optimizer_settings(
        &mut self,
        applied: &Applied,
    ) -> Option<Vec<(String, SettingValue)>> {
        let name = &applied.name;
        let Some(params) = self.known_settings(&name.text).map(<[_]>::to_vec) else {
            return self.unknown_optimizer(name);
        };
        let mut values: Vec<Option<SettingValue>> =
            params.iter().map(|(_, default)| default.map(SettingValue::Number)).collect();
        let names: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
        let args = self.placed("setting", &name.text, &names, applied.args.as_deref())?;
        for (value, arg) in values.iter_mut().zip(args) {
            if let Some(arg) = arg {
                self.number(&arg.value)?;
                *value = Some(SettingValue::Node(self.expr(&arg.value, None)?));
            }
        }
        let mut out = Vec::new();
        for ((param, _), value) in params.iter().zip(values) {
            let Some(value) = value else {
                let message = format!("the optimizer `{}` needs its setting `{param}`", name.text);
                let found = Diagnostic::error("missing-setting", message, name.span, "")
                    .note(format!("for example `{}({param} = 0.01)`", name.text));
                return self.fail(found);
            };
            out.push((param.clone(), value));
        }
        Some(out)
    }

    fn unknown_optimizer<T>(&mut self, name: &Name) -> Option<T> {
        let own = self.out.optimizers.iter().take(100);
        let mut known: Vec<String> = own.map(|o| o.name.clone()).collect();
        known.extend(standard().iter().map(|(n, _)| n.clone()));
        let message = format!("`{}` is no optimizer", name.text);
        let mut found = Diagnostic::error("unknown-optimizer", message, name.span, "");
        match nearest(&name.text, known.iter().map(String::as_str)) {
            Some(near) => found = found.replace(format!("did you mean `{near}`?"), name.span, near),
            None => found = found.note(format!("optimizers: {}", known.join(" "))),
        }
        self.fail(found)
    }
}

/// The comment that stands directly above the line of a place, its lines put together.
pub(super) fn comment_above(text: &str, span: Span) -> String {
    let before = &text[..span.start as usize];
    let above = before.lines().rev().skip(usize::from(!before.ends_with('\n')));
    let comment = above.map_while(|line| line.trim().strip_prefix('#')).take(8);
    let mut lines: Vec<&str> = comment.map(str::trim).collect();
    lines.reverse();
    lines.join(" ")
}

/// The standard library's optimizers, typed: a module of their own.
pub(crate) fn standard_optimizers() -> (Module, Vec<Diagnostic>) {
    let parsed = chainrule_syntax::parse(STANDARD);
    super::module(STANDARD, &super::Blocks::all(&parsed.file), &[], &[])
}
