//! The scope's state: nodes, statements in order, names, and mistakes that the text cannot show.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;

use chainrule_syntax::ast::{self, BlockWord, ExprKind, StatementKind};
use chainrule_syntax::limits;
use chainrule_syntax::vocabulary::{FUNCTIONS, ascii_name, is_reserved};

use super::node::{self, Id, NOTHING, Nodes, Place};
use super::operand::{number, whole};
use super::problem::Problem;
use super::{Expr, Operand};

/// A model being written: collects statements in order, until [`finish`](Scope::finish) reads them
/// all.
///
/// Every method takes `&self`, and the terms it gives are free to copy. A mistake never stops the
/// program: what is wrong is collected with its line, and [`finish`](Scope::finish) tells
/// everything at once.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("line");
/// let (w, x) = (net.given("w", scalar()), net.given("x", scalar()));
/// net.define("y", w * x);
/// assert_eq!(net.text(), "model line\n\ngiven\n  w : R\n  x : R\n\nnet\n  y = w * x\n");
/// ```
pub struct Scope {
    pub(super) state: RefCell<State>,
}

/// What a scope has collected.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) nodes: Nodes,
    pub(super) entries: Vec<Entry>,
    /// Names and where they were declared.
    pub(super) names: BTreeMap<String, Place>,
    pub(super) problems: Vec<Problem>,
    pub(super) omitted: usize,
}

/// One statement, or lines of text.
#[derive(Debug)]
pub(super) enum Entry {
    /// A statement of the block `word`; its expressions are slots.
    Statement { word: BlockWord, kind: Box<StatementKind>, at: Place },
    /// Lines in the language itself.
    Lines { text: String, at: Place },
}

impl Entry {
    /// Where it was built.
    pub(super) fn at(&self) -> Place {
        match self {
            Entry::Statement { at, .. } | Entry::Lines { at, .. } => at,
        }
    }
}

impl Scope {
    /// An empty model.
    ///
    /// Errors: `model` is not a name (a letter, then letters, digits and `_`).
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// assert_eq!(Scope::new("iris").text(), "model iris\n");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(model: &str) -> Scope {
        let (scope, at) = (Scope { state: RefCell::default() }, Location::caller());
        // A model's name is a word of its own: values and functions may have the same.
        let text = scope.checked_word(model, at).unwrap_or_else(|stand_in| stand_in);
        scope.push(BlockWord::Model, StatementKind::Model(node::name(text)), at);
        scope
    }

    /// Adds a statement; its number among the entries.
    pub(super) fn push(&self, word: BlockWord, kind: StatementKind, at: Place) -> usize {
        let mut state = self.state.borrow_mut();
        state.entries.push(Entry::Statement { word, kind: Box::new(kind), at });
        state.entries.len() - 1
    }

    /// Changes a statement that was added before.
    pub(super) fn amend(&self, entry: usize, change: impl FnOnce(&mut StatementKind)) {
        if let Entry::Statement { kind, .. } = &mut self.state.borrow_mut().entries[entry] {
            change(kind);
        }
    }

    /// Records a mistake of the builder's own.
    pub(super) fn report(&self, code: &'static str, message: impl Into<String>, at: Place) {
        let mut state = self.state.borrow_mut();
        let problem = Problem::new(code, message.into(), at);
        if state.problems.iter().any(|other| other.is_same(&problem)) {
            // A loop makes the same mistake many times.
        } else if state.problems.len() < limits::DIAGNOSTICS {
            state.problems.push(problem);
        } else {
            state.omitted += 1;
        }
    }

    /// A new term; one that is too large is reported.
    pub(super) fn expr(&self, kind: ExprKind, at: Place) -> Expr<'_> {
        let added = self.state.borrow_mut().nodes.add(kind, Some(at));
        match added {
            Ok(id) => Expr { scope: self, id },
            Err(reason) => {
                self.nothing("limit-nesting", format!("{reason}; define a part of it first"), at)
            }
        }
    }

    /// A name or a number: it belongs to what uses it, so it has no place of its own.
    pub(super) fn leaf(&self, kind: ExprKind) -> Expr<'_> {
        Expr { scope: self, id: self.state.borrow_mut().nodes.leaf(kind, None) }
    }

    /// Reports a mistake and gives a term that stands for what could not be built.
    pub(super) fn nothing(
        &self,
        code: &'static str,
        message: impl Into<String>,
        at: Place,
    ) -> Expr<'_> {
        self.report(code, message, at);
        self.void(at)
    }

    /// A term that stands for what could not be built, and was reported.
    pub(super) fn void(&self, at: Place) -> Expr<'_> {
        let id = self.state.borrow_mut().nodes.leaf(ExprKind::Name(NOTHING.into()), Some(at));
        Expr { scope: self, id }
    }

    /// Whether a term stands for what could not be built.
    pub(super) fn is_void(&self, term: Expr<'_>) -> bool {
        term.scope.state.borrow().nodes.name(term.id) == Some(NOTHING)
    }

    /// The slot of an operand, which must be a term of this scope or a finite number.
    pub(super) fn slot(&self, operand: Operand<'_>, at: Place) -> ast::Expr {
        let (magnitude, negative) = match operand {
            Operand::Expr(term) if std::ptr::eq(term.scope, self) => return term.slot(),
            Operand::Expr(term) => {
                let message = format!("`{}` belongs to another model", term.brief());
                return self.nothing("other-model", message, at).slot();
            }
            Operand::Number(value) if !value.is_finite() => {
                let message = format!("{value} is no number of an equation");
                return self.nothing("not-finite", message, at).slot();
            }
            Operand::Number(value) => (number(value.abs()), value.is_sign_negative()),
            Operand::Whole(value) => (whole(value.unsigned_abs()), value < 0),
        };
        let literal = self.leaf(magnitude);
        if negative { literal.negative(at).slot() } else { literal.slot() }
    }

    /// The tree of a term, for printing.
    pub(super) fn tree(&self, id: Id) -> ast::Expr {
        let state = self.state.borrow();
        state.nodes.tree(id, &state.names)
    }

    /// The name that a term is, if it is just a name.
    pub(super) fn name_of(&self, term: Expr<'_>) -> Option<String> {
        let state = term.scope.state.borrow();
        let name = state.nodes.name(term.id).filter(|name| *name != NOTHING);
        name.filter(|_| std::ptr::eq(term.scope, self)).map(String::from)
    }

    /// A declared name; what cannot be a name is reported and gets a stand-in.
    pub(super) fn declare(&self, name: &str, at: Place) -> ast::Name {
        let text = match self.checked_name(name, at) {
            Ok(text) => text,
            Err(stand_in) => {
                let names = &self.state.borrow().names;
                let more = |n: usize| format!("{stand_in}{}", "_".repeat(n));
                (1..).map(more).find(|text| !names.contains_key(text)).unwrap_or(stand_in)
            }
        };
        self.state.borrow_mut().names.entry(text.clone()).or_insert(at);
        node::name(text)
    }

    /// The ASCII spelling of a value's name, or a stand-in if it cannot be one, which is reported.
    pub(super) fn checked_name(&self, name: &str, at: Place) -> Result<String, String> {
        let text = self.checked_word(name, at)?;
        if FUNCTIONS.contains(&&*text) {
            let message = format!("`{text}` is a function, its name cannot be defined");
            self.report("function-name", message, at);
            return Err(format!("x{text}"));
        }
        Ok(text)
    }

    /// The same for a value or a function.
    pub(super) fn checked_word(&self, name: &str, at: Place) -> Result<String, String> {
        let text = ascii_name(name);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let fits = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(word);
        let (code, message) = if !fits {
            let message = "is not a name: a name is a letter, then letters, digits and `_`";
            ("not-a-name", format!("{:?} {message}", brief(name)))
        } else if text.len() > limits::NAME_BYTES {
            ("not-a-name", format!("a name has at most {} letters", limits::NAME_BYTES))
        } else if is_reserved(&text) {
            ("reserved-word", format!("`{text}` is a reserved word of the language"))
        } else {
            return Ok(text);
        };
        self.report(code, message, at);
        let kept = text.chars().map(|c| if word(c) { c } else { '_' }).take(40);
        Err(std::iter::once('x').chain(kept).collect())
    }

    /// A name as a term, without a place of its own.
    pub(super) fn named(&self, name: &ast::Name) -> Expr<'_> {
        self.leaf(ExprKind::Name(name.text.clone()))
    }

    /// A call of a function of the language.
    pub(super) fn call(&self, function: &str, args: Vec<ast::Expr>, at: Place) -> Expr<'_> {
        let args = args.into_iter().map(|value| ast::Arg { name: None, value }).collect();
        self.expr(ExprKind::Call { function: node::name(function), primes: 0, args }, at)
    }
}

/// The beginning of a text that may be long.
pub(super) fn brief(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.into(),
    }
}

/// The text so far.
impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
