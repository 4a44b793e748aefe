//! Functions of the file and of the standard library: expanded at each call.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use chainrule_syntax::ast::{Arg, Name, Statement, StatementKind};
use chainrule_syntax::{Diagnostic, Span, limits};

use super::{Elaborator, Meaning, Value};
use crate::index::NodeId;
use crate::module::Function;
use crate::op::Op;

/// The standard library's functions, in the language itself.
pub(crate) const STANDARD: &str = include_str!("../std/functions.eqn");

/// What the expansion of a call costs besides the body: arguments are bound, the result is kept.
const EXPANSION_STEPS: usize = 4;

impl Elaborator<'_> {
    /// Reads the standard library. Its own tests make sure that it has no mistakes.
    pub(crate) fn standard_functions(&mut self) {
        static READ: OnceLock<Vec<Arc<Function>>> = OnceLock::new();
        let functions = READ.get_or_init(|| functions_of(STANDARD));
        for function in functions {
            self.functions.insert(function.name.clone(), function.clone());
        }
        static CLIPS: OnceLock<Vec<Arc<Function>>> = OnceLock::new();
        for function in CLIPS.get_or_init(|| functions_of(super::standard::UPDATE)) {
            // A name with a blank is no name of a file.
            self.functions.insert(function.name.replace('_', " "), function.clone());
        }
    }

    /// A `fn` block of the file.
    pub(crate) fn function_block(&mut self, statements: &[Statement]) {
        let Some(function) = function_of(statements, false) else { return };
        let name = Name { text: function.name.clone(), span: function.span };
        let earlier = self.functions.get(&name.text).filter(|f| !f.standard);
        if let Some(place) = earlier.map(|f| f.span) {
            let message = format!("the function `{}` is defined twice", name.text);
            let found = Diagnostic::error("defined-twice", message, name.span, "defined again")
                .label(place, "first defined here");
            self.report(found);
            return;
        }
        if !self.check_free(&name.text, name.span) {
            return;
        }
        let mut seen = HashSet::new();
        for param in &function.params {
            if !seen.insert(&param.name.text) {
                let message = format!("the parameter `{}` is named twice", param.name.text);
                self.report(Diagnostic::error("defined-twice", message, param.name.span, ""));
                self.broken_families.insert(name.text.clone());
                return;
            }
        }
        self.check_stated(&function);
        let function = Arc::new(function);
        self.out.functions.push(function.clone());
        if self.functions.insert(name.text.clone(), function.clone()).is_some() {
            // It takes the place of one of the standard library.
            self.expanded = HashMap::new();
        }
        self.rehearse(&function);
    }

    fn check_stated(&mut self, function: &Function) {
        for (_, params, value) in &function.stated {
            if params.len() != 1 || function.params.len() != 1 {
                let message = "a stated derivative is that of a function of one argument";
                self.report(Diagnostic::error("stated-derivative", message, value.span, ""));
            }
        }
    }

    /// Expands the function once with numbers, to find names that mean nothing before it is called.
    fn rehearse(&mut self, function: &Function) {
        let before = self.diagnostics.len();
        let args: Option<Vec<NodeId>> =
            function.params.iter().map(|_| self.leaf(Op::number(0.5), function.span)).collect();
        let value = args.and_then(|args| self.expand_nodes(&function.name, &args, function.span));
        for (_, params, stated) in &function.stated {
            let mark = self.scope.mark();
            for param in params {
                if let Some(node) = self.leaf(Op::number(0.5), param.span) {
                    self.scope.push(&param.text, Meaning::Term(node), param.span);
                }
            }
            let _ = self.expr(stated, None);
            self.scope.leave(mark);
        }
        let codes = ["undefined-name", "recursive-function", "argument-count", "unknown-argument"];
        let found: Vec<Diagnostic> = self.diagnostics.split_off(before);
        if value.is_none() || !found.is_empty() {
            // What failed with numbers may be fine with the arguments of a call.
            self.expanded = HashMap::new();
        }
        self.diagnostics.extend(found.into_iter().filter(|d| codes.contains(&d.code)));
    }

    /// A call of a function written in the language.
    pub(crate) fn expand(&mut self, function: &Name, args: &[Arg], span: Span) -> Value {
        let nodes: Vec<Value> = args.iter().map(|a| self.expr(&a.value, None)).collect();
        let called = self.functions.get(&function.text)?.clone();
        let params = &called.params;
        let mut bound: Vec<Value> = vec![None; params.len()];
        let mut given = vec![false; params.len()];
        for (i, (arg, node)) in args.iter().zip(nodes).enumerate() {
            let at = match &arg.name {
                None => (i < params.len()).then_some(i),
                Some(name) => match params.iter().position(|p| p.name.text == name.text) {
                    Some(at) => Some(at),
                    None => {
                        let message =
                            format!("`{}` has no argument `{}`", function.text, name.text);
                        return self.error("unknown-argument", message, name.span, "");
                    }
                },
            };
            let Some(at) = at else {
                return self.own_count(function, args.len(), params.len());
            };
            bound[at] = node;
            given[at] = true;
        }
        for (at, param) in params.iter().enumerate() {
            if given[at] {
                continue;
            }
            let Some(default) = &param.default else {
                return self.own_count(function, args.len(), params.len());
            };
            bound[at] = self.expr(default, None);
        }
        let nodes: Option<Vec<NodeId>> = bound.into_iter().collect();
        self.expand_nodes(&function.text, &nodes?, span)
    }

    fn own_count(&mut self, function: &Name, given: usize, wanted: usize) -> Value {
        let plural = if wanted == 1 { "" } else { "s" };
        let message = format!("`{}` takes {wanted} argument{plural}, {given} given", function.text);
        let declared = self.functions.get(&function.text).filter(|f| !f.standard).map(|f| f.span);
        let mut found = Diagnostic::error("argument-count", message, function.span, "");
        if let Some(place) = declared {
            found = found.label(place, "defined here");
        }
        self.fail(found)
    }

    pub(crate) fn expand_nodes(&mut self, name: &str, args: &[NodeId], span: Span) -> Value {
        let function = self.functions.get(name)?.clone();
        let key = (Arc::as_ptr(&function).addr(), args.into());
        if let Some(done) = self.expanded.get(&key) {
            return *done;
        }
        self.spend(EXPANSION_STEPS);
        if self.expanding.iter().any(|n| n == name) {
            let message = format!("the function `{name}` calls itself");
            return self.error("recursive-function", message, span, "a recursive call");
        }
        if self.expanding.len() as u32 >= limits::NESTING {
            let message =
                format!("functions call each other deeper than {} levels", limits::NESTING);
            return self.error("limit-nesting", message, span, "");
        }
        let outer = self.foreign;
        if function.standard && outer.is_none() {
            self.foreign = Some(span);
        }
        self.expanding.push(name.to_string());
        let before = self.diagnostics.len();
        let floor = self.scope.hide();
        let sealed = self.scope.sealed;
        self.scope.sealed |= function.standard;
        let value = self.function_body(&function, args);
        self.scope.sealed = sealed;
        self.scope.restore(floor);
        self.expanding.pop();
        self.foreign = outer;
        if !function.standard && outer.is_none() && span != function.span {
            let shapes: Vec<String> = args.iter().map(|a| self.shape(*a)).collect();
            let text = format!("called here with {}", shapes.join(", "));
            for found in &mut self.diagnostics[before..] {
                if found.span() != span {
                    *found = found.clone().label(span, text.clone());
                }
            }
        }
        self.expanded.insert(key, value);
        value
    }

    fn function_body(&mut self, function: &Function, args: &[NodeId]) -> Value {
        for (param, arg) in function.params.iter().zip(args) {
            if let Some(ty) = &param.ty {
                let declared = self.declared_type(ty, None)?;
                if declared.dims != self.ty(*arg).dims {
                    let (want, is) = (self.context().shape(&declared), self.shape(*arg));
                    let message = format!("`{}` is declared {want}, given {is}", param.name.text);
                    return self.error("argument-shape", message, ty.span, "");
                }
            }
            self.scope.push(&param.name.text, Meaning::Term(*arg), param.name.span);
        }
        for local in &function.locals {
            let value = self.expr(&local.value, None)?;
            self.scope.push(&local.name.text, Meaning::Term(value), local.name.span);
        }
        self.expr(&function.body, None)
    }
}

/// The functions of a text of the standard library.
fn functions_of(text: &str) -> Vec<Arc<Function>> {
    let parsed = chainrule_syntax::parse(text);
    let blocks = parsed.file.blocks.iter();
    blocks.filter_map(|b| function_of(&b.statements, true)).map(Arc::new).collect()
}

/// The function that a `fn` block defines; nothing if its head is broken.
fn function_of(statements: &[Statement], standard: bool) -> Option<Function> {
    let mut function = statements.iter().find_map(|s| match &s.kind {
        StatementKind::FnHead { name, params, body } => Some(Function {
            name: name.text.clone(),
            params: params.clone(),
            locals: Vec::new(),
            body: body.clone(),
            stated: Vec::new(),
            span: name.span,
            standard,
        }),
        _ => None,
    })?;
    for statement in statements {
        match &statement.kind {
            StatementKind::Definition(def) => function.locals.push(def.clone()),
            StatementKind::Stated { primes, params, value, .. } => {
                function.stated.push((*primes, params.clone(), value.clone()));
            }
            _ => {}
        }
    }
    Some(function)
}
