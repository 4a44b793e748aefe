//! Lines that ask for something: derive, show, plot, export, check.

use chainrule_syntax::ast::{
    CheckOption, Derive, Entry, Expr, ExprKind, Index, Name, Number, Plot, PlotClause, PlotSubject,
    Text,
};
use chainrule_syntax::{Diagnostic, Span};

use super::settings::{CHECK_OPTIONS, EXPORTS, PARTS};
use super::{Elaborator, Meaning};
use crate::index::SymbolId;
use crate::module::{Derivation, Role, Symbol};
use crate::op::Op;

impl Elaborator<'_> {
    pub(crate) fn derive(&mut self, derive: &Derive, span: Span) {
        let mut targets = Vec::new();
        for target in &derive.targets {
            if let ExprKind::Derivative { of, by } = &target.kind {
                for by in by {
                    for by in self.members_of(by) {
                        targets.extend(self.derivative(of, std::slice::from_ref(&by), target.span));
                    }
                }
                continue;
            }
            let Some(node) = self.expr(target, None) else { continue };
            if !self.is_derivative(node) {
                let message =
                    "`derive` takes derivatives: `dJ/dW`, `dJ/d{W, b}`, `jac(z, W)`, `hess(l, z)`";
                let is = self.shape(node);
                self.report(Diagnostic::error("not-a-derivative", message, target.span, is));
                continue;
            }
            targets.push(node);
        }
        let _ = self.settle_ranges();
        self.out.derivations.push(Derivation { targets, options: derive.options.clone(), span });
    }

    /// A family named without a member means all of them.
    fn members_of(&mut self, by: &Entry) -> Vec<Entry> {
        let Some((Meaning::Family(members), _)) = self.scope.get(&by.name.text) else {
            return vec![by.clone()];
        };
        if by.indices.is_some() {
            return vec![by.clone()];
        }
        let member = |number: &u64| {
            let text = number.to_string();
            let number = Number { text, value: *number as f64, span: by.span };
            let at = Expr { kind: ExprKind::Number(number), span: by.span };
            Entry { indices: Some(vec![Index::At(at)]), ..by.clone() }
        };
        let members: Vec<Entry> = members.keys().map(member).collect();
        self.spend(members.len());
        members
    }

    fn is_derivative(&self, node: crate::index::NodeId) -> bool {
        let mut node = self.out.graph.node(node);
        while let Op::Access { .. } | Op::Transpose = node.op {
            node = self.out.graph.node(node.inputs[0]);
        }
        matches!(node.op, Op::Grad | Op::Jac { .. } | Op::Hess | Op::Hvp | Op::Prime { .. })
    }

    /// `show accuracy = ..`: a number, also of the whole data.
    pub(crate) fn show(&mut self, list: &[(Name, Option<Expr>)], span: Span) {
        for (name, value) in list {
            let id = match value {
                None => self.quantity(name),
                Some(e) => self.metric(name, e, span),
            };
            if let Some(id) = id
                && self.taken.metrics.insert(id)
            {
                self.out.metrics.push(id);
            }
        }
    }

    fn metric(&mut self, name: &Name, e: &Expr, span: Span) -> Option<SymbolId> {
        let free = self.check_free(&name.text, name.span);
        let value = self.expr(e, None);
        let value = self.settled(value).filter(|_| free)?;
        let ty = self.type_of(value);
        self.check_quantity(&name.text, &ty, e.span)?;
        let role = Role::Metric;
        let symbol = Symbol { name: name.text.clone(), role, ty, span: name.span, type_span: None };
        let id = self.add_symbol(symbol);
        self.scope.declare(&name.text, Meaning::Symbol(id), name.span);
        self.bind(id, value, span, e.span);
        Some(id)
    }

    fn check_quantity(&mut self, name: &str, ty: &crate::types::Type, span: Span) -> Option<()> {
        if ty.is_scalar() && ty.axes.is_empty() && ty.is_number() {
            return Some(());
        }
        let is = self.context().shape(ty);
        let message = format!("`{name}` must be one number; it is {is}");
        let mut found = Diagnostic::error("not-one-number", message, span, is);
        if let Some(axis) = ty.axes.first()
            && ty.is_scalar()
        {
            let axis = self.out.axes.get(*axis).name.clone();
            let text = self.source(span).to_string();
            let mean = if super::sum::is_plain(&text) {
                format!("mean[{axis}] {text}")
            } else {
                format!("mean[{axis}] ({text})")
            };
            found = found.replace(format!("its mean over the batch: `{mean}`"), span, mean);
        }
        self.fail(found)
    }

    /// A named value that is one number.
    fn quantity(&mut self, name: &Name) -> Option<SymbolId> {
        match self.scope.get(&name.text) {
            Some((Meaning::Symbol(id), _)) => {
                let id = *id;
                let ty = self.out.symbol(id).ty.clone();
                self.check_quantity(&name.text, &ty, name.span)?;
                Some(id)
            }
            Some((Meaning::Unknown, _)) => None,
            Some(_) => {
                let message = format!("`{}` is no value", name.text);
                self.error("not-one-number", message, name.span, "")
            }
            None => self.undefined(&name.text, name.span),
        }
    }

    pub(crate) fn plot(&mut self, plot: &Plot) {
        match &plot.subject {
            PlotSubject::Series(series) => {
                for s in series {
                    for name in &s.names {
                        let _ = self.quantity(name);
                    }
                    self.check_parts(&s.on);
                }
            }
            PlotSubject::Picture(kind, value) => {
                if self.scope.get(&value.text).is_none() {
                    let _: Option<()> = self.undefined(&value.text, value.span);
                }
                if kind.text == "boundary" {
                    self.check_boundary(plot);
                }
            }
        }
        for clause in &plot.clauses {
            let PlotClause::Names(word, names) = clause else { continue };
            match word.text.as_str() {
                "on" | "with" => self.check_parts(names),
                "for" => self.check_trainings(names),
                "against" => {
                    let known = ["epoch", "step", "time"];
                    for name in names {
                        if !known.contains(&&*name.text) {
                            let what = "something to plot against";
                            let _: Option<()> = self.unknown_word(
                                "unknown-abscissa",
                                what,
                                name,
                                known.into_iter(),
                            );
                        }
                    }
                }
                _ => {
                    for name in names {
                        if self.scope.get(&name.text).is_none() {
                            let _: Option<()> = self.undefined(&name.text, name.span);
                        }
                    }
                }
            }
        }
    }

    /// A decision boundary is drawn over two inputs.
    fn check_boundary(&mut self, plot: &Plot) {
        let over = plot.clauses.iter().find_map(|c| match c {
            PlotClause::Names(word, names) if word.text == "over" => names.first(),
            _ => None,
        });
        let Some(name) = over else { return };
        let Some((Meaning::Symbol(id), _)) = self.scope.get(&name.text) else { return };
        let ty = self.out.symbol(*id).ty.clone();
        let dims: Vec<_> =
            ty.element_dims(&self.out.sizes).into_iter().map(|i| ty.dims[i].clone()).collect();
        let entries = crate::size::Size::product(&dims).ok().and_then(|n| n.value(&self.out.sizes));
        let two = entries.and_then(crate::size::Ratio::whole);
        if two.is_some_and(|n| n != 2) {
            let is = self.context().shape(&ty);
            let message = format!("a boundary is drawn over two inputs; `{}` has {is}", name.text);
            self.report(Diagnostic::error("boundary-inputs", message, name.span, is));
        }
    }

    fn check_parts(&mut self, names: &[Name]) {
        for name in names {
            let _ = self.check_setting("unknown-part", "a part of the data", name, &PARTS[..3]);
        }
    }

    fn check_trainings(&mut self, names: &[Name]) {
        for name in names {
            let known = &self.taken.trainings;
            if known.contains_key(&name.text) || self.taken.training_words.contains(&name.text) {
                continue;
            }
            // A line that is wrong is reported; what it would be called need not be known.
            if self.broken_training {
                continue;
            }
            let known: Vec<String> = self.out.trainings.iter().map(|t| t.name.clone()).collect();
            let list = known.iter().map(String::as_str);
            let _: Option<()> = self.unknown_word("unknown-training", "a training", name, list);
        }
    }

    pub(crate) fn export(&mut self, list: &[(Name, Text)]) {
        for (format, file) in list {
            let _ = self.check_setting("unknown-export", "a format of `export`", format, EXPORTS);
            if file.text.trim().is_empty() {
                self.report(Diagnostic::error(
                    "empty-file-name",
                    "the file name is empty",
                    file.span,
                    "",
                ));
            }
        }
    }

    pub(crate) fn check_line(&mut self, what: &[Name], options: &[CheckOption]) {
        for name in what {
            let claim = self.taken.claims.contains(&name.text);
            if name.text != "all" && !claim && self.scope.get(&name.text).is_none() {
                let _: Option<()> = self.undefined(&name.text, name.span);
            }
        }
        for option in options {
            match option {
                CheckOption::Random(name, first, last) => {
                    if !matches!(self.scope.get(&name.text), Some((Meaning::Size(_), _))) {
                        let _: Option<()> = self.error(
                            "not-a-size",
                            format!("`{}` is no size", name.text),
                            name.span,
                            "",
                        );
                    }
                    let span = first.span.to(last.span);
                    let _ = self.check_whole("a size", first.value, 2.0, first.span);
                    if last.value < first.value {
                        self.report(Diagnostic::error(
                            "column-range",
                            "the range is empty",
                            span,
                            "",
                        ));
                    }
                }
                CheckOption::Number(word, number) => {
                    let known = self.check_setting(
                        "unknown-check-option",
                        "an option of `check`",
                        word,
                        CHECK_OPTIONS,
                    );
                    if known.is_some() {
                        let least = if word.text == "seed" { 0.0 } else { 1.0 };
                        let _ = self.check_whole(
                            &format!("`{}`", word.text),
                            number.value,
                            least,
                            number.span,
                        );
                    }
                }
            }
        }
        self.out.check.what.extend(what.iter().map(|n| n.text.clone()));
        self.out.check.options.extend(options.iter().cloned());
    }
}
