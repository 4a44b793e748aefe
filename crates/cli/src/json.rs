//! What `--json` writes.

use chainrule::{Diagnostic, Edit, Label, Repair, Source};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::render::level_name;

/// Repaired lines longer than this are left out.
const RESULT: usize = 4000;

/// `{"error": {"kind", "message", "diagnostics"}}`.
pub(crate) fn failure(failure: &Failure) -> Value {
    json!({ "error": error(failure) })
}

/// `{"kind", "message", "diagnostics"}`.
pub(crate) fn error(failure: &Failure) -> Value {
    let found = match failure {
        Failure::Facade(error) => error.diagnostics(),
        _ => None,
    };
    json!({
        "kind": failure.kind(),
        "message": failure.to_string(),
        "diagnostics": found.map_or_else(Vec::new, |(source, all)| diagnostics(source, all)),
    })
}

/// What clap says, on one line, without its `error:` and without the usage that follows.
pub(crate) fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let words = text.trim_start_matches("error:").split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

/// Everything wrong with `source`.
pub(crate) fn diagnostics(source: &Source, diagnostics: &[Diagnostic]) -> Vec<Value> {
    diagnostics.iter().map(|d| diagnostic(source, d)).collect()
}

fn diagnostic(source: &Source, diagnostic: &Diagnostic) -> Value {
    json!({
        "code": diagnostic.code,
        "severity": level_name(diagnostic),
        "message": diagnostic.message,
        "labels": diagnostic.labels.iter().map(|l| label(source, l)).collect::<Vec<_>>(),
        "notes": diagnostic.notes,
        "repairs": diagnostic.repairs.iter().map(|r| repair(source, r)).collect::<Vec<_>>(),
    })
}

/// Lines and columns count from 1 and in characters, `start` and `end` from 0 and in bytes.
fn label(source: &Source, label: &Label) -> Value {
    let (line, column) = source.line_column(label.span.start as usize);
    let (end_line, end_column) = source.line_column(label.span.end as usize);
    json!({
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": label.span.start,
        "end": label.span.end,
        "text": label.text,
        "primary": label.primary,
    })
}

fn repair(source: &Source, repair: &Repair) -> Value {
    json!({
        "message": repair.message,
        "edits": repair.edits.iter().map(edit).collect::<Vec<_>>(),
        "result": result(source.text(), repair),
    })
}

fn edit(edit: &Edit) -> Value {
    json!({ "start": edit.span.start, "end": edit.span.end, "text": edit.text })
}

/// The lines that `repair` touches, as it leaves them; `None` if they are very long.
fn result(text: &str, repair: &Repair) -> Option<String> {
    let first = repair.edits.first()?.span.start as usize;
    let last = repair.edits.last()?.span.end as usize;
    let start = text.get(..first)?.rfind('\n').map_or(0, |i| i + 1);
    let end = text.get(last..)?.find('\n').map_or(text.len(), |i| last + i);
    if end - start > RESULT {
        return None;
    }
    let mut out = String::new();
    let mut at = start;
    for edit in &repair.edits {
        out.push_str(text.get(at..edit.span.start as usize)?);
        out.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    out.push_str(text.get(at..end)?.trim_end_matches('\r'));
    Some(out)
}

#[cfg(test)]
mod tests {
    use chainrule::Span;

    use super::*;

    #[test]
    fn a_diagnostic_with_all_its_parts() {
        let source = Source::new("x", "net\n  é = W x\n");
        let d = Diagnostic::error("code", "message", Span::new(6, 8), "here").note("note").replace(
            "z",
            Span::new(6, 8),
            "z",
        );
        let expected = json!([{
            "code": "code", "severity": "error", "message": "message", "notes": ["note"],
            "labels": [{
                "line": 2, "column": 3, "end_line": 2, "end_column": 4, "start": 6, "end": 8,
                "text": "here", "primary": true
            }],
            "repairs": [{
                "message": "z", "edits": [{ "start": 6, "end": 8, "text": "z" }],
                "result": "  z = W x"
            }],
        }]);
        assert_eq!(Value::Array(diagnostics(&source, &[d])), expected);
    }

    #[test]
    fn a_result_is_the_lines_around_the_edits() {
        let insert = |at, text: &str| Edit { span: Span::at(at), text: text.into() };
        let both = Repair::edits("", vec![insert(1, "x"), insert(3, "y")]);
        assert_eq!(result("a\nb\nc", &both).as_deref(), Some("ax\nby"));
        assert_eq!(result("a", &Repair::edits("", vec![insert(9, "x")])), None);
    }
}
