//! How much a file may ask of elaboration: steps, nodes, suggestions.
//!
//! A text of ten megabytes has few nodes, but families, functions and products of sizes expand; so
//! every expansion is counted and reading ends, with one clear error, before time or memory do.

use std::cell::OnceCell;

use chainrule_syntax::{Diagnostic, Span, limits};

use super::Elaborator;
use crate::op::Op;
use crate::size::Size;

/// Most names that a misspelt one is compared with.
pub(crate) const NEIGHBOURS: usize = 4096;
/// Most misspelt names of a file that get a suggestion.
const SUGGESTIONS: usize = 1_000;
/// Most mistakes of claims that are kept whole.
const FINDINGS: usize = 10_000;
/// Most nodes visited to find out which derivatives are 0.
const VISITS: usize = 2_000_000;
/// Longest piece of the source that a message or a repair repeats, in bytes.
const QUOTED: usize = 1_000;

/// What stands for a piece of the source that is too long to repeat; no part of the language.
const SHORTENED: &str = "…";

/// What is left of it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    steps: usize,
    nodes: usize,
    suggestions: usize,
    findings: usize,
    visits: usize,
    /// The statement in which the first of them ran out.
    stopped: Option<Span>,
}

impl Budget {
    /// The share of one of `models` models.
    pub(crate) fn share(models: usize) -> Budget {
        let models = models.max(1);
        Budget {
            steps: limits::STEPS / models,
            nodes: limits::NODES / models,
            suggestions: SUGGESTIONS / models,
            findings: FINDINGS / models,
            visits: VISITS / models,
            stopped: None,
        }
    }
}

impl Budget {
    /// That of one more claim: no suggestions, no repairs.
    pub(crate) fn plain() -> Budget {
        Budget { suggestions: 0, findings: 0, ..Budget::share(1) }
    }
}

impl Elaborator<'_> {
    /// Counts `steps` of work.
    pub(crate) fn spend(&mut self, steps: usize) {
        self.budget.steps = self.budget.steps.saturating_sub(steps);
    }

    /// Counts the products of terms that `a b` takes.
    pub(crate) fn spend_product(&mut self, a: &Size, b: &Size) {
        self.spend((a.terms().len() * b.terms().len()).max(1));
    }

    /// Counts the products of terms that the shape rule of `op` takes.
    pub(crate) fn spend_shapes(&mut self, op: &Op, inputs: &[crate::index::NodeId]) {
        use Op::{Hess, Jac, Kron, Reshape, Vec};
        if matches!(op, Jac { .. } | Hess | Kron | Vec { .. } | Reshape { .. }) {
            let terms = |size: &Size| size.terms().len().max(1);
            let dims = inputs.iter().flat_map(|i| &self.ty(*i).dims);
            let products = dims.map(terms).fold(1_usize, usize::saturating_mul);
            self.spend(products.min(limits::STEPS));
        }
    }

    /// Whether the file has outgrown its bounds, so that reading on is pointless.
    pub(crate) fn exhausted(&self) -> bool {
        self.out_of_nodes()
            || self.budget.steps == 0
            || self.diagnostics.len() >= limits::DIAGNOSTICS * 4
    }

    fn out_of_nodes(&self) -> bool {
        self.out.graph.len() >= self.budget.nodes
    }

    /// How much of it was needed.
    pub(crate) fn steps_taken(&self, models: usize) -> usize {
        Budget::share(models).steps - self.budget.steps
    }

    /// Remembers where the bounds were reached.
    pub(crate) fn note_exhaustion(&mut self, statement: Span) {
        if self.budget.stopped.is_none() && self.exhausted() {
            self.budget.stopped = Some(statement);
        }
    }

    /// The error of a file that asks for too much, if it does.
    pub(crate) fn report_exhaustion(&mut self) {
        let (code, message) = if self.out_of_nodes() {
            ("limit-nodes", format!("the equations expand to more than {} terms", limits::NODES))
        } else if self.budget.steps == 0 {
            let message = format!("the equations take more than {} steps to expand", limits::STEPS);
            ("limit-steps", message)
        } else {
            return;
        };
        if self.diagnostics.iter().any(|d| d.code == code) {
            return;
        }
        let place = self.budget.stopped.unwrap_or_default();
        self.diagnostics.push(Diagnostic::error(code, message, place, "reading stops here"));
    }

    /// The known name nearest to `name`, for the first misspelt names of a file.
    pub(crate) fn nearest_name(&mut self, name: &str) -> Option<String> {
        if !self.may_suggest() {
            return None;
        }
        let known = self.scope.names().take(NEIGHBOURS);
        chainrule_syntax::suggest::nearest(name, known).map(Into::into)
    }

    /// Whether one more misspelt name may be compared with others.
    pub(crate) fn may_suggest(&mut self) -> bool {
        let left = self.budget.suggestions.checked_sub(1);
        self.budget.suggestions = left.unwrap_or(0);
        left.is_some()
    }

    /// Whether repairs are worth looking for: those of most claims are not kept.
    pub(crate) fn wants_repairs(&self) -> bool {
        !self.in_claim || self.budget.findings > 0
    }

    /// Of the mistakes of a claim all are kept while there are few claims with mistakes, then the
    /// first one without its repairs.
    pub(crate) fn shorten(&mut self, ill_formed: &mut Vec<Diagnostic>) {
        let left = self.budget.findings.checked_sub(ill_formed.len());
        self.budget.findings = left.unwrap_or(0);
        if left.is_none() {
            ill_formed.truncate(1);
            for found in ill_formed {
                found.labels.truncate(1);
                found.notes.clear();
                found.repairs.clear();
            }
        }
    }

    /// Counts one node visited in search of a dependency; `false` when too many were.
    pub(crate) fn may_visit(&mut self) -> bool {
        self.budget.visits = self.budget.visits.saturating_sub(1);
        self.budget.visits > 0
    }

    /// The source text of a place, or `…` if it is too long to repeat.
    pub(crate) fn source(&self, span: Span) -> &str {
        // Places inside the standard library are places of another text.
        let text = self.foreign.unwrap_or(span).text(self.text);
        if text.len() > QUOTED { SHORTENED } else { text }
    }
}

/// Drops repairs that would put `…` into the text.
pub(crate) fn drop_shortened(found: &mut Diagnostic) {
    found.repairs.retain(|r| !r.edits.iter().any(|e| e.text.contains(SHORTENED)));
}

/// Where lines begin: how many newlines come before each stretch of the text.
#[derive(Clone, Default, Debug)]
pub(crate) struct LineIndex {
    before: OnceCell<Vec<u32>>,
}

impl LineIndex {
    const STRETCH: usize = 4096;

    /// The line, from 1, of the byte `at` of `text`.
    pub(crate) fn line(&self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        let newlines = |stretch: &[u8]| stretch.iter().filter(|b| **b == b'\n').count();
        let before = self.before.get_or_init(|| {
            let mut total = 0;
            let count = |stretch| {
                let so_far = total;
                total += newlines(stretch) as u32;
                so_far
            };
            bytes.chunks(Self::STRETCH).map(count).collect()
        });
        let at = at.min(bytes.len());
        let stretch = at / Self::STRETCH;
        let Some(so_far) = before.get(stretch) else { return newlines(bytes) + 1 };
        *so_far as usize + newlines(&bytes[stretch * Self::STRETCH..at]) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_any_place() {
        let text = "ab\nc\n".repeat(3000);
        let index = LineIndex::default();
        for at in [0, 2, 3, 4095, 4096, 4097, 8191, 14_999, 15_000] {
            let counted = text[..at].matches('\n').count() + 1;
            assert_eq!(index.line(&text, at), counted, "byte {at}");
        }
        assert_eq!(index.line("", 0), 1);
    }
}
