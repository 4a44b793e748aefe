//! Statements of body blocks.

use super::out::Out;
use super::rank::Rank;
use crate::ast::{
    Applied, DataSource, Declaration, Definition, Expr, Initial, MemberRange, Name, NamedExpr,
    Parameter, Scale, SourceOption, StatementKind, Text, WordNumber,
};

impl Out {
    pub(super) fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Model(name) => self.push(&name.text),
            StatementKind::Sizes(sizes) => self.list(", ", sizes, |o, size| {
                o.push(&size.name.text);
                o.member(size.member.as_deref());
                o.value(size.value.as_ref());
                o.range(size.range.as_deref());
            }),
            StatementKind::Batch(names) => self.names(names),
            StatementKind::Consts(defs) => self.defs(defs),
            StatementKind::Declaration(declaration) => self.declaration(declaration),
            StatementKind::Split(parts) => {
                self.push("split ");
                self.list(", ", parts, Out::word_number);
            }
            StatementKind::Extra { part, names, format, files } => {
                if let Some(part) = part {
                    self.push(&format!("{} ", part.text));
                }
                self.names(names);
                self.push(&format!(" = {} ", format.text));
                self.list(", ", files, Out::quoted);
            }
            StatementKind::Generated { names, generator, options } => {
                self.names(names);
                self.push(&format!(" = {} ", generator.text));
                self.list(" ", options, Out::word_number);
            }
            StatementKind::Definition(definition) => self.definition(definition),
            StatementKind::FnHead { name, params, body } => {
                self.push(&name.text);
                self.params(params);
                self.value(Some(body));
            }
            StatementKind::Stated { name, primes, params, value } => {
                self.push(&name.text);
                (0..*primes).for_each(|_| self.push("'"));
                self.bracketed("(", ")", |o| o.names(params));
                self.value(Some(value));
            }
            StatementKind::OptimizerHead { name, params } => {
                self.push(&name.text);
                self.params(params);
            }
            StatementKind::State(defs) => {
                self.push("state ");
                self.defs(defs);
            }
            _ => self.line(kind),
        }
    }

    pub(super) fn names(&mut self, names: &[Name]) {
        self.list(", ", names, |o, name| o.push(&name.text));
    }

    /// A text in quotes. There is no way to write a quote inside one.
    pub(super) fn quoted(&mut self, text: &Text) {
        self.push(&format!("\"{}\"", text.text.replace(['"', '\n', '\r'], "'")));
    }

    fn word_number(&mut self, part: &WordNumber) {
        if let Some(word) = &part.word {
            self.push(&format!("{} ", word.text));
        }
        self.push(&part.number.text);
    }

    /// `a = 1, b = 2`
    pub(super) fn defs(&mut self, defs: &[NamedExpr]) {
        self.list(", ", defs, |o, def| {
            o.push(&def.name.text);
            o.value(Some(&def.value));
        });
    }

    /// ` = value`
    pub(super) fn value(&mut self, value: Option<&Expr>) {
        if let Some(value) = value {
            self.push(" = ");
            self.at_least(value, Rank::Sum);
        }
    }

    fn member(&mut self, member: Option<&Expr>) {
        if let Some(member) = member {
            self.bracketed("[", "]", |o| o.expr(member));
        }
    }

    /// ` for l in 1..L`
    fn range(&mut self, range: Option<&MemberRange>) {
        if let Some(range) = range {
            self.push(&format!(" for {} in ", range.name.text));
            self.at_least(&range.first, Rank::Sum);
            self.push("..");
            self.at_least(&range.last, Rank::Sum);
        }
    }

    fn params(&mut self, params: &[Parameter]) {
        self.bracketed("(", ")", |o| {
            o.list(", ", params, |o, param| {
                o.push(&param.name.text);
                if let Some(ty) = &param.ty {
                    o.push(" : ");
                    o.type_expr(ty);
                }
                o.value(param.default.as_ref());
            });
        });
    }

    fn declaration(&mut self, declaration: &Declaration) {
        self.names(&declaration.names);
        self.member(declaration.member.as_deref());
        self.push(" : ");
        self.type_expr(&declaration.ty);
        if let Some(axis) = &declaration.per {
            self.clause("per", &axis.text);
        }
        match &declaration.initial {
            Initial::None => {}
            Initial::Drawn(distribution) => {
                self.push(" ~ ");
                self.applied(distribution);
            }
            Initial::Value(value) => self.value(Some(value)),
            Initial::Source(source) => {
                self.push(" = ");
                self.source(source);
            }
        }
        self.range(declaration.range.as_deref());
    }

    /// `normal(0, 1)`, `he`
    pub(super) fn applied(&mut self, applied: &Applied) {
        self.push(&applied.name.text);
        if let Some(args) = &applied.args {
            self.args(args);
        }
    }

    fn source(&mut self, source: &DataSource) {
        self.push(&source.format.text);
        if let Some(path) = &source.path {
            self.push(" ");
            self.quoted(path);
        }
        let mut parts = Vec::new();
        for option in &source.options {
            parts.push(match option {
                SourceOption::Column(n) => (n.span, format!(" column {}", n.text)),
                SourceOption::Columns(a, b) => (a.span, format!(" columns {}..{}", a.text, b.text)),
                SourceOption::Word(word) => (word.span, format!(" {}", word.text)),
            });
        }
        for (op, scale) in &source.scales {
            let (span, text) = match scale {
                Scale::Number(n) => (n.span, &n.text),
                Scale::Statistic(name) => (name.span, &name.text),
            };
            parts.push((span, format!(" {op} {text}")));
        }
        if self.written {
            parts.sort_by_key(|(span, _)| span.start);
        }
        parts.iter().for_each(|(_, text)| self.push(text));
    }

    fn definition(&mut self, definition: &Definition) {
        self.push(&definition.name.text);
        if let Some(indices) = &definition.indices {
            self.bracketed("[", "]", |o| o.list(",", indices, Out::expr));
        }
        if definition.next {
            self.push("'");
        }
        if let Some(ty) = &definition.ty {
            self.push(" : ");
            self.type_expr(ty);
        }
        self.value(Some(&definition.value));
        self.range(definition.range.as_deref());
    }
}
