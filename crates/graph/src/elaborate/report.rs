//! Reporting: every mistake once, at the author's place.

use std::sync::Arc;

use chainrule_syntax::{Diagnostic, Span, limits};

use super::{Elaborator, Value};
use crate::index::NodeId;
use crate::op::{Context, Misfit, Op};
use crate::types::Type;

/// What it costs to find words for a mistake: claims may have thousands.
const MISTAKE_STEPS: usize = 500;

impl Elaborator<'_> {
    pub(crate) fn context(&self) -> Context<'_> {
        self.out.context()
    }

    pub(crate) fn report(&mut self, mut found: Diagnostic) {
        self.spend(MISTAKE_STEPS);
        if let Some(call) = self.foreign {
            if !found.is_error() {
                return;
            }
            for label in &mut found.labels {
                label.span = call;
            }
            found.labels.truncate(1);
            found.repairs.clear();
        }
        super::budget::drop_shortened(&mut found);
        // A function's body is read once for each call: what is wrong in it is reported once.
        let again = |d: &Diagnostic| {
            d.code == found.code && d.span() == found.span() && d.message == found.message
        };
        let known = &self.diagnostics[self.first_found.min(self.diagnostics.len())..];
        if self.diagnostics.len() >= limits::DIAGNOSTICS * 4 || known.iter().any(again) {
            return;
        }
        if !found.is_error() {
            // Warnings must not crowd out errors.
            self.warnings += 1;
            if self.warnings > limits::DIAGNOSTICS {
                return;
            }
        }
        self.diagnostics.push(found);
    }

    /// Reports an error and gives nothing.
    pub(crate) fn fail<T>(&mut self, found: Diagnostic) -> Option<T> {
        self.report(found);
        None
    }

    pub(crate) fn error<T>(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Option<T> {
        self.fail(Diagnostic::error(code, message, span, text))
    }

    pub(crate) fn ty(&self, node: NodeId) -> &Type {
        self.out.graph.ty(node)
    }

    /// The same, shared.
    pub(crate) fn type_of(&self, node: NodeId) -> Arc<Type> {
        self.out.graph.node(node).ty.clone()
    }

    /// `H x d per N`
    pub(crate) fn shape(&self, node: NodeId) -> String {
        self.context().shape(self.ty(node))
    }

    pub(crate) fn line_of(&self, span: Span) -> usize {
        self.lines.line(self.text, span.start as usize)
    }

    /// Applies an op whose operands stand at `spans`; a misfit is reported.
    pub(crate) fn add(&mut self, op: Op, inputs: &[NodeId], spans: &[Span], place: Span) -> Value {
        match self.try_add(op, inputs) {
            Ok(node) => Some(node),
            Err(misfit) => self.fail(diagnostic(misfit, spans, place)),
        }
    }

    pub(crate) fn try_add(&mut self, op: Op, inputs: &[NodeId]) -> Result<NodeId, Misfit> {
        self.spend_shapes(&op, inputs);
        let context = Context { sizes: &self.out.sizes, axes: &self.out.axes };
        self.out.graph.add(op, inputs, &context)
    }

    /// A leaf: its shape rule has nothing to refuse but a full graph.
    pub(crate) fn leaf(&mut self, op: Op, place: Span) -> Value {
        self.add(op, &[], &[], place)
    }
}

/// A misfit with places: its operands are labelled, the first one primary.
pub(crate) fn diagnostic(misfit: Misfit, spans: &[Span], place: Span) -> Diagnostic {
    let mut operands =
        misfit.operands.into_iter().filter_map(|(at, text)| Some((*spans.get(at)?, text)));
    let mut found = match operands.next() {
        Some((span, text)) => Diagnostic::error(misfit.code, misfit.message, span, text),
        None => Diagnostic::error(misfit.code, misfit.message, place, ""),
    };
    for (span, text) in operands {
        found = found.label(span, text);
    }
    match misfit.note {
        Some(note) => found.note(note),
        None => found,
    }
}
