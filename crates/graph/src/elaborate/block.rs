//! Blocks in order, and what is done when all are read.

use std::collections::HashMap;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{Block, BlockWord, Statement, StatementKind};

use super::{Elaborator, Meaning};
use crate::module::Kept;

/// Every name that the blocks declare, with its place.
pub(crate) fn declared_names<'a>(blocks: &[&'a Block]) -> HashMap<&'a str, (Span, BlockWord)> {
    let mut names = HashMap::new();
    for block in blocks {
        for statement in &block.statements {
            let mut add = |text: &'a str, span: Span| {
                names.entry(text).or_insert((span, block.word));
            };
            match &statement.kind {
                StatementKind::Sizes(list) => {
                    list.iter().for_each(|s| add(&s.name.text, s.name.span));
                }
                StatementKind::Batch(list) => list.iter().for_each(|n| add(&n.text, n.span)),
                StatementKind::Consts(list) => {
                    list.iter().for_each(|c| add(&c.name.text, c.name.span));
                }
                StatementKind::Declaration(d) => d.names.iter().for_each(|n| add(&n.text, n.span)),
                StatementKind::Definition(d) if block.word == BlockWord::Net => {
                    add(&d.name.text, d.name.span);
                }
                StatementKind::FnHead { name, .. } => add(&name.text, name.span),
                _ => {}
            }
        }
    }
    names
}

impl Elaborator<'_> {
    pub(crate) fn block(&mut self, block: &Block) {
        if self.exhausted() {
            return;
        }
        match block.word {
            BlockWord::Fn => self.function_block(&block.statements),
            BlockWord::Optimizer => self.optimizer_block(&block.statements),
            _ => {
                for statement in &block.statements {
                    if self.exhausted() {
                        return;
                    }
                    self.spend(1);
                    self.uses.clear();
                    self.indices.clear();
                    self.undefined.clear();
                    self.expanded = std::collections::HashMap::new();
                    self.statement(block.word, statement);
                    self.note_exhaustion(statement.span);
                }
            }
        }
        self.note_exhaustion(block.word_span);
    }

    fn statement(&mut self, word: BlockWord, statement: &Statement) {
        match &statement.kind {
            StatementKind::Model(name) => self.model_line(&name.text, name.span),
            StatementKind::Sizes(sizes) => self.size_statement(sizes),
            StatementKind::Batch(names) => self.batch_statement(names),
            StatementKind::Consts(consts) => self.const_statement(consts),
            StatementKind::Declaration(decl) => {
                self.declaration(word, decl);
                if word == BlockWord::Data {
                    self.keep(word, statement);
                }
            }
            StatementKind::Definition(def) => self.definition(def, statement.span),
            StatementKind::Claim(claim) => {
                self.claim(&std::sync::Arc::new((**claim).clone()), statement.span);
            }
            StatementKind::Derive(derive) => self.derive(derive, statement.span),
            StatementKind::Train(train) => self.train_line(train, statement.span),
            StatementKind::Show(list) => self.show(list, statement.span),
            StatementKind::Plot(plot) => {
                self.plot(plot);
                self.keep(word, statement);
            }
            StatementKind::Export(list) => {
                self.export(list);
                self.keep(word, statement);
            }
            StatementKind::Check(what, options) => self.check_line(what, options),
            StatementKind::Broken(names) => {
                self.broken_training |= word == BlockWord::Train;
                for name in names {
                    if !self.scope.is_global(&name.text) {
                        self.scope.declare(&name.text, Meaning::Unknown, name.span);
                    }
                }
            }
            kind => {
                self.data_statement(kind, statement.span);
                self.keep(word, statement);
            }
        }
    }

    fn model_line(&mut self, name: &str, _: Span) {
        self.out.name = name.into();
    }

    fn keep(&mut self, word: BlockWord, statement: &Statement) {
        self.out.kept.push(Kept { word, statement: statement.clone() });
    }
}
