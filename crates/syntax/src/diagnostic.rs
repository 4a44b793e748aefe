//! What is wrong with a file, as data: rendering is the shell's.

use crate::span::Span;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The file means nothing until this is mended.
    Error,
    /// The file works, but probably not as meant.
    Warning,
}

/// A message at a place of the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What stands there; may be empty.
    pub text: String,
    /// The place of the mistake itself (at least one label is primary), or a place that explains it.
    pub primary: bool,
}

/// One replacement of source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// What is replaced (empty: an insertion).
    pub span: Span,
    /// The new text.
    pub text: String,
}

/// A change of the source that mends the mistake.
///
/// Whoever builds a diagnostic proposes repairs; `chainrule_graph::read` keeps those that,
/// applied to the file, make the mistake go away without bringing another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repair {
    /// What the change does, in a few words: "the transpose of `hs`".
    pub message: String,
    /// The replacements, in source order, not overlapping.
    pub edits: Vec<Edit>,
}

impl Repair {
    /// A repair that replaces `span` by `text`.
    pub fn replace(message: impl Into<String>, span: Span, text: impl Into<String>) -> Repair {
        Repair { message: message.into(), edits: vec![Edit { span, text: text.into() }] }
    }

    /// A repair of several edits, brought into source order.
    pub fn edits(message: impl Into<String>, mut edits: Vec<Edit>) -> Repair {
        edits.sort_by_key(|e| (e.span.start, e.span.end));
        Repair { message: message.into(), edits }
    }

    /// The source with the edits applied; `None` if an edit does not fit the text.
    pub fn apply(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len() + 16);
        let mut at = 0;
        for edit in &self.edits {
            out.push_str(text.get(at..edit.span.start as usize)?);
            out.push_str(&edit.text);
            at = edit.span.end as usize;
        }
        out.push_str(text.get(at..)?);
        Some(out)
    }
}

/// One thing wrong with a file.
///
/// ```
/// use chainrule_syntax::{Diagnostic, Severity, Span};
/// let d = Diagnostic::error("undefined-name", "`zz` is not defined", Span::new(4, 6), "")
///     .label(Span::new(0, 2), "defined here is `z2`")
///     .note("names are defined before they are used");
/// assert_eq!(d.severity, Severity::Error);
/// assert_eq!(d.labels.len(), 2);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// A stable name for the kind of mistake, such as `inner-sizes`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One sentence in the author's symbols.
    pub message: String,
    /// The places, the primary one first.
    pub labels: Vec<Label>,
    /// Further facts, each a sentence.
    pub notes: Vec<String>,
    /// Changes that mend it, best first.
    pub repairs: Vec<Repair>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![Label { span, text: text.into(), primary: true }],
            notes: Vec::new(),
            repairs: Vec::new(),
        }
    }

    /// A warning at `span`.
    pub fn warning(
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message, span, text) }
    }

    /// Adds a second place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into(), primary: false });
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Proposes a repair.
    #[must_use]
    pub fn repair(mut self, repair: Repair) -> Diagnostic {
        self.repairs.push(repair);
        self
    }

    /// Proposes to replace `span` by `text`.
    #[must_use]
    pub fn replace(
        self,
        message: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Diagnostic {
        self.repair(Repair::replace(message, span, text))
    }

    /// The primary place.
    pub fn span(&self) -> Span {
        self.labels.iter().find(|l| l.primary).map_or(Span::default(), |l| l.span)
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Brings diagnostics into the order of their places and keeps at most `limit`: errors before
/// warnings, the first ones of each. Returns how many were dropped.
///
/// ```
/// use chainrule_syntax::{Diagnostic, Span, diagnostic};
/// let at = |place| Span::new(place, place + 1);
/// let mut found = vec![
///     Diagnostic::error("trailing", "late", at(9), ""),
///     Diagnostic::warning("empty-block", "early", at(1), ""),
///     Diagnostic::warning("empty-block", "later", at(5), ""),
/// ];
/// assert_eq!(diagnostic::keep(&mut found, 2), 1);
/// assert_eq!(found.iter().map(|d| &*d.message).collect::<Vec<_>>(), ["early", "late"]);
/// ```
pub fn keep(diagnostics: &mut Vec<Diagnostic>, limit: usize) -> usize {
    diagnostics.sort_by_key(|d| (d.span().start, d.span().end));
    let dropped = diagnostics.len().saturating_sub(limit);
    if dropped > 0 {
        let errors = diagnostics.iter().filter(|d| d.is_error()).count().min(limit);
        let (mut errors, mut warnings) = (errors, limit - errors);
        diagnostics.retain(|d| {
            let left = if d.is_error() { &mut errors } else { &mut warnings };
            let kept = *left > 0;
            *left = left.saturating_sub(1);
            kept
        });
    }
    dropped
}
