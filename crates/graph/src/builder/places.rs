//! Which line of the program built what stands at a place of the text.
//!
//! The built trees and the trees that were read from their text are walked side by side. They
//! differ only in parentheses, which printing adds, and in sums and products of one rank, which
//! reading makes flat. What does not match keeps the place of what it stands in.

use std::collections::BTreeMap;
use std::mem::discriminant;

use chainrule_syntax::ast::{Block, Expr, ExprKind, File, Sign, StatementKind};
use chainrule_syntax::{Diagnostic, Source, Span};

use super::draft::{Content, Draft, Row};
use super::node::{Id, NOTHING, Nodes, Place, id};
use super::parts;
use super::problem::{Mark, Problem};
use super::scope::State;

/// The places of a text.
pub(super) struct Places<'a> {
    state: &'a State,
    source: Source,
    /// Pieces of the text, an inner one behind those that it lies in.
    spans: Vec<(Span, Place)>,
    /// The pieces that are statements, or lines of text.
    statements: Vec<(Span, Place)>,
    /// What stands for things that could not be built.
    void: Vec<Span>,
    /// Mistakes that only the comparison shows.
    pub(super) problems: Vec<Problem>,
}

impl<'a> Places<'a> {
    /// Finds the places of `draft`, read as `file`. What belongs to nothing else belongs to `top`.
    pub(super) fn find(state: &'a State, draft: &Draft, file: &mut File, top: Place) -> Self {
        let source = Source::new("", draft.text.as_str());
        let whole = (Span::new(0, draft.text.len()), top);
        let mut out = Places {
            state,
            source,
            spans: vec![whole],
            statements: Vec::new(),
            void: Vec::new(),
            problems: Vec::new(),
        };
        for piece in &draft.pieces {
            let inside =
                |block: &&mut Block| piece.range.contains(&(block.word_span.start as usize));
            match &piece.content {
                Content::Lines(at) => {
                    let span = Span::new(piece.range.start, piece.range.end);
                    out.spans.push((span, at));
                    out.statements.push((span, at));
                }
                Content::Built(blocks) => {
                    for (rows, block) in blocks.iter().zip(file.blocks.iter_mut().filter(inside)) {
                        for (row, read) in rows.iter().zip(&mut block.statements) {
                            out.statement(row, read.span, &mut read.kind);
                        }
                    }
                }
            }
        }
        out
    }

    fn nodes(&self) -> &'a Nodes {
        &self.state.nodes
    }

    fn statement(&mut self, row: &Row, span: Span, read: &mut StatementKind) {
        let at = row.places[0];
        self.spans.push((span, at));
        self.statements.push((span, at));
        if let StatementKind::Sizes(sizes) = &*read {
            for (size, at) in sizes.iter().zip(&row.places) {
                let end = size.value.as_ref().map_or(size.name.span, |value| value.span);
                self.spans.push((size.name.span.to(end), at));
            }
        }
        let mut built = row.kind.clone();
        let roots: Vec<Id> = parts::of_statement(&mut built).into_iter().map(|e| id(e)).collect();
        let outer: Vec<Place> = match &row.kind {
            StatementKind::Sizes(sizes) => {
                let all = sizes.iter().zip(&row.places);
                all.filter(|(size, _)| size.value.is_some()).map(|(_, at)| *at).collect()
            }
            _ => vec![at; roots.len()],
        };
        for ((root, at), read) in roots.into_iter().zip(outer).zip(parts::of_statement(read)) {
            self.pair(root, read, at);
        }
    }

    /// Walks a built and a read expression; `outer` is the place of what they stand in.
    fn pair(&mut self, built: Id, read: &mut Expr, outer: Place) {
        let node = self.nodes().get(built);
        let at = node.at.unwrap_or(outer);
        self.spans.push((read.span, at));
        let span = read.span;
        match (&node.kind, &mut read.kind) {
            (_, ExprKind::Paren(inner)) => self.pair(built, inner, outer),
            (ExprKind::Name(name), _) if name == NOTHING => self.void.push(span),
            (ExprKind::Sum(_), ExprKind::Sum(terms)) => {
                let minus = matches!(terms.first(), Some((Sign::Minus, _)));
                let items = terms.iter_mut().map(|(_, term)| term).collect();
                self.chain(built, items, minus, outer);
            }
            (ExprKind::Product { .. }, read @ ExprKind::Product { .. }) => {
                self.chain(built, parts::of_expr(read), false, outer);
            }
            (ExprKind::Call { function, .. }, read) if !matches!(read, ExprKind::Call { .. }) => {
                self.not_called(&function.text, span, at);
            }
            (kind, read) if discriminant(kind) == discriminant(read) => {
                for (part, read) in node.parts.iter().zip(parts::of_expr(read)) {
                    self.pair(*part, read, at);
                }
            }
            _ => {}
        }
    }

    /// A chain of sums, or of products, from its last operation to its first: `a + b + c` was
    /// built as `(a + b) + c`. Every operation has the place from the first item to its own.
    fn chain(&mut self, mut built: Id, mut items: Vec<&mut Expr>, minus: bool, outer: Place) {
        let nodes = self.nodes();
        let kind = discriminant(&nodes.get(built).kind);
        let Some(start) = items.first().map(|first| first.span) else { return };
        while items.len() > 1
            && discriminant(&nodes.get(built).kind) == kind
            && let [left, right] = nodes.get(built).parts[..]
            && let Some(last) = items.pop()
        {
            let at = nodes.get(built).at.unwrap_or(outer);
            self.spans.push((start.to(last.span), at));
            self.pair(right, last, at);
            built = left;
        }
        let Some(first) = items.pop().filter(|_| items.is_empty()) else { return };
        match (&nodes.get(built).kind, &nodes.get(built).parts[..]) {
            // `-a + b`: the minus belongs to the sum.
            (ExprKind::Negative(_), [inner]) if minus => self.pair(*inner, first, outer),
            _ => self.pair(built, first, outer),
        }
    }

    /// A call that reads as a product, because its name is a value of the model.
    fn not_called(&mut self, function: &str, span: Span, at: Place) {
        if let Some(declared) = self.state.names.get(function) {
            let message =
                format!("`{function}` is called here, but the model declares it as a value");
            let problem = Problem::new("value-called", message, at);
            let label = format!("`{function}` is declared here");
            self.problems.push(problem.related(declared, label));
            self.void.push(span);
        }
    }

    /// The place of the smallest piece that holds `span`.
    fn place(&self, span: Span) -> Place {
        let mut found = self.spans[0];
        for &(piece, at) in &self.spans[1..] {
            let smaller = piece.end - piece.start <= found.0.end - found.0.start;
            if smaller && piece.contains(span) {
                found = (piece, at);
            }
        }
        found.1
    }

    /// What the reader found, told in places of the program; `None` if the builder has told it.
    pub(super) fn problem(&self, found: &Diagnostic) -> Option<Problem> {
        let primary = found.span();
        if self.void.iter().any(|span| span.contains(primary)) {
            return None;
        }
        let holds = |&&(span, _): &&(Span, Place)| span.contains(primary);
        let statement = self.statements.iter().find(holds).map_or(primary, |(span, _)| *span);
        // The operation that has all the labelled parts is the one that went wrong.
        let labels = found.labels.iter().map(|label| label.span);
        let operation = labels.filter(|span| statement.contains(*span)).fold(primary, Span::to);
        let at = self.place(operation);
        let line = self.source.line_of(primary);
        let mut out = Problem::new(found.code, self.in_rust(&found.message, at), at);
        out.severity = found.severity;
        out.equation = self.source.line_text(line).to_string();
        for label in &found.labels {
            let (row, column) = self.source.line_column(label.span.start as usize);
            let width = label.span.text(self.source.text()).chars().count().max(1);
            if row == line {
                let text = self.in_rust(&label.text, at);
                out.marks.push(Mark { column, width, primary: label.primary, text });
            } else if !label.text.is_empty() {
                let text = label.text.replace(&format!("in line {row}"), "here");
                out = out.related(self.place(label.span), self.in_rust(&text, at));
            }
        }
        out.notes = found.notes.iter().map(|note| self.in_rust(note, at)).collect();
        out.repairs = found.repairs.iter().map(|repair| repair.message.clone()).collect();
        Some(out.advised())
    }

    /// A message whose line numbers are those of the text, with lines of the program instead.
    fn in_rust(&self, message: &str, here: Place) -> String {
        let lines: BTreeMap<usize, Place> =
            self.statements.iter().map(|(span, at)| (self.source.line_of(*span), *at)).collect();
        let mut out = String::new();
        let mut rest = message;
        while let Some(at) = rest.find("line ") {
            let (head, tail) = rest.split_at(at + "line ".len());
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            let said = head.ends_with("(line ") || head.ends_with("in line ");
            let place = tail[..digits].parse().ok().and_then(|line| lines.get(&line));
            out.push_str(head);
            match place.filter(|_| said) {
                Some(place) if place.file() == here.file() => out += &place.line().to_string(),
                Some(place) => out += &format!("{} of {}", place.line(), place.file()),
                None => out += &tail[..digits],
            }
            rest = &tail[digits..];
        }
        out + rest
    }
}
