//! Calls: the language's functions, the file's own, and counts of shapes.

use chainrule_syntax::ast::{Arg, Expr, ExprKind, Name};
use chainrule_syntax::{Diagnostic, Span};

use super::table::{self, Call, Function};
use super::{Elaborator, Value};
use crate::op::{Custom, Op};
use crate::size::Size;
use crate::types::Type;

impl Elaborator<'_> {
    pub(crate) fn call(
        &mut self,
        function: &Name,
        primes: u32,
        args: &[Arg],
        span: Span,
        want: Option<&Type>,
    ) -> Value {
        let name = function.text.as_str();
        if primes > 0 {
            return self.primed(function, primes, args, span);
        }
        let own = self.functions.get(name).is_some_and(|f| !f.standard);
        if own {
            return self.expand(function, args, span);
        }
        if let Some(entry) = table::find(name) {
            let call = self.check_call(entry, function, args, span, want)?;
            return (entry.build)(self, &call);
        }
        if let Some(op) = Op::pointwise(name) {
            let [arg] = args else { return self.wrong_count(function, args.len(), (1, 1)) };
            if let Some(named) = &arg.name {
                return self.unknown_argument(function, named, None);
            }
            let node = self.expr(&arg.value, None)?;
            return self.add(op, &[node], &[arg.value.span], span);
        }
        if let Some(def) = self.ops.iter().find(|def| def.name == name) {
            let op = Op::Custom(Custom(def));
            return self.foreign_call(function, op, args, span);
        }
        if self.functions.contains_key(name) {
            return self.expand(function, args, span);
        }
        for arg in args {
            let _ = self.expr(&arg.value, None);
        }
        // A `fn` whose head is broken is known to the parser and reported there.
        let broken = self.broken_families.contains(name);
        if self.later.contains_key(name) && !broken {
            return self.undefined(name, function.span);
        }
        None
    }

    /// An op from outside: its shape rule knows how many arguments it takes.
    fn foreign_call(&mut self, function: &Name, op: Op, args: &[Arg], span: Span) -> Value {
        if let Some(named) = args.iter().find_map(|arg| arg.name.as_ref()) {
            return self.unknown_argument(function, named, None);
        }
        let nodes: Vec<Value> = args.iter().map(|arg| self.expr(&arg.value, None)).collect();
        let nodes: Vec<_> = nodes.into_iter().collect::<Option<_>>()?;
        let spans: Vec<Span> = args.iter().map(|arg| arg.value.span).collect();
        self.add(op, &nodes, &spans, span)
    }

    fn check_call<'c>(
        &mut self,
        entry: &Function,
        function: &'c Name,
        args: &'c [Arg],
        span: Span,
        want: Option<&Type>,
    ) -> Option<Call<'c>> {
        let plain: Vec<&Arg> = args.iter().filter(|a| a.name.is_none()).collect();
        let (mut axis, mut row) = (None, false);
        for arg in args {
            let Some(name) = &arg.name else { continue };
            match (entry.named, name.text.as_str()) {
                (Some("axis"), "axis") => axis = Some(self.axis_number(&arg.value)?),
                (Some("order"), "order") => row = self.order(&arg.value)?,
                (known, _) => return self.unknown_argument(function, name, known),
            }
        }
        if plain.len() < entry.arity.0 || plain.len() > entry.arity.1 {
            return self.wrong_count(function, plain.len(), entry.arity);
        }
        let name = &function.text;
        Some(Call { name, args: plain, axis, row, span, want: want.cloned() })
    }

    fn wrong_count<T>(
        &mut self,
        function: &Name,
        given: usize,
        arity: (usize, usize),
    ) -> Option<T> {
        let wanted = match arity {
            (1, 1) => "one argument".to_string(),
            (n, m) if n == m => format!("{n} arguments"),
            (n, 9) => format!("at least {n} arguments"),
            (n, m) => format!("{n} to {m} arguments"),
        };
        let message = format!("`{}` takes {wanted}, {given} given", function.text);
        self.error("argument-count", message, function.span, "")
    }

    fn unknown_argument<T>(
        &mut self,
        function: &Name,
        name: &Name,
        known: Option<&'static str>,
    ) -> Option<T> {
        let message = format!("`{}` has no argument `{}`", function.text, name.text);
        let mut found = Diagnostic::error("unknown-argument", message, name.span, "");
        if let Some(word) = known {
            found = found.replace(format!("did you mean `{word}`?"), name.span, word);
        }
        self.fail(found)
    }

    fn axis_number(&mut self, e: &Expr) -> Option<usize> {
        if let ExprKind::Number(number) = &e.kind
            && let Some(axis) = number.integer().and_then(|n| usize::try_from(n).ok())
        {
            return Some(axis);
        }
        let message = "`axis` is 0 (down the columns) or 1 (along the rows)";
        self.error("axis-number", message, e.span, "")
    }

    fn order(&mut self, e: &Expr) -> Option<bool> {
        match &e.kind {
            ExprKind::Name(name) if name == "row" => Some(true),
            ExprKind::Name(name) if matches!(&**name, "col" | "column") => Some(false),
            _ => self.error("vec-order", "`order` is `row` or `column`", e.span, ""),
        }
    }

    /// `f'(x)`
    fn primed(&mut self, function: &Name, order: u32, args: &[Arg], span: Span) -> Value {
        let name = &function.text;
        let own = self.functions.get(name).is_some_and(|f| f.params.len() == 1);
        if Op::pointwise(name).is_none() && !own {
            let message =
                format!("`{name}'`: only a function of one argument, entry by entry, has one");
            let found = Diagnostic::error("prime-of-function", message, function.span, "")
                .note("the derivative of an expression is `grad(expr, x)` or `jac(expr, x)`");
            return self.fail(found);
        }
        let [arg] = args else { return self.wrong_count(function, args.len(), (1, 1)) };
        let node = self.expr(&arg.value, None)?;
        let place = arg.value.span;
        let (local, value) = self.of_a_name(name, own, node, place)?;
        let op = Op::Prime { function: name.clone(), order };
        self.add(op, &[node, local, value], &[place; 3], span)
    }

    /// The function of a name of its own with the type of `like`: what is differentiated by it.
    fn of_a_name(
        &mut self,
        function: &str,
        own: bool,
        like: crate::index::NodeId,
        span: Span,
    ) -> Option<(crate::index::NodeId, crate::index::NodeId)> {
        let ty = self.ty(like).clone().with_kind(crate::types::Kind::Real);
        let local = match self.arguments.get(&ty) {
            Some(known) => *known,
            None => {
                let id = crate::index::SymbolId::new(self.out.symbols.len());
                let shared = self.out.graph.shared(ty.clone());
                self.out.symbols.push(crate::module::Symbol {
                    name: "t".into(),
                    role: crate::module::Role::Local,
                    ty: shared.clone(),
                    span,
                    type_span: None,
                });
                let node = self.leaf(Op::Symbol { id, ty: shared }, span)?;
                self.arguments.insert(ty, node);
                node
            }
        };
        let value = match Op::pointwise(function).filter(|_| !own) {
            Some(op) => self.add(op, &[local], &[span], span)?,
            None => self.expand_nodes(function, &[local], span)?,
        };
        Some((local, value))
    }

    /// How many trained values are declared so far.
    fn trained_values(&mut self, span: Span) -> Option<Size> {
        let (counted, mut total) = self.trained.clone();
        for at in counted..self.out.symbols.len() {
            let symbol = &self.out.symbols[at];
            if !matches!(symbol.role, crate::module::Role::Param(_)) {
                continue;
            }
            let Ok(sum) = Size::product(&symbol.ty.dims).and_then(|n| total.plus(&n)) else {
                self.trained = (at, total);
                return self.size_too_large(span);
            };
            total = sum;
        }
        self.trained = (self.out.symbols.len(), total.clone());
        Some(total)
    }

    /// `rows(A)`, `cols(A)`, `count(A)`, `count(param)`: sizes of shapes.
    pub(crate) fn counted(&mut self, function: &Name, args: &[Arg], span: Span) -> Option<Size> {
        let [arg] = args else { return self.wrong_count(function, args.len(), (1, 1)) };
        let counts = matches!(&*function.text, "count" | "numel");
        if counts && matches!(&arg.value.kind, ExprKind::Name(n) if n == "param") {
            return self.trained_values(span);
        }
        let node = match &arg.value.kind {
            ExprKind::Compare(..) | ExprKind::Logic { .. } | ExprKind::Not(_) => {
                self.condition(&arg.value)?
            }
            _ => self.expr(&arg.value, None)?,
        };
        let ty = self.ty(node).clone();
        if counts {
            return match Size::product(&ty.dims) {
                Ok(size) => Some(size),
                Err(_) => self.error("limit-size", "the size expression is too large", span, ""),
            };
        }
        match ty.matrix() {
            Some((rows, columns)) => Some(if function.text == "rows" { rows } else { columns }),
            None => {
                let is = self.shape(node);
                let message = format!("`{}` needs a matrix or a vector", function.text);
                self.error("matrix-axes", message, arg.value.span, is)
            }
        }
    }
}
