//! What every reading of a text must keep, whatever the text is. A broken promise is a panic.

use chainrule_syntax::{Diagnostic, Span};

/// The places of every diagnostic lie inside the text, and every repair can be made.
pub fn check_diagnostics(text: &str, diagnostics: &[Diagnostic]) {
    for found in diagnostics {
        assert!(!found.labels.is_empty(), "no place: {found:?}");
        assert_eq!(found.labels.iter().filter(|l| l.primary).count(), 1, "{found:?}");
        for label in &found.labels {
            check_span(text, label.span);
        }
        for repair in &found.repairs {
            for edit in &repair.edits {
                check_span(text, edit.span);
            }
            assert!(repair.apply(text).is_some(), "a repair cannot be made: {found:?}");
        }
    }
}

/// `span` lies inside the text, between characters.
pub fn check_span(text: &str, span: Span) {
    assert!(text.get(span.range()).is_some(), "{span:?} is no place of {text:?}");
}
