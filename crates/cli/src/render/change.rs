//! The lines that a repair changes, cut to the width of the screen.

use std::ops::Range;

use chainrule::{Edit, Repair, Source};

use super::excerpt::place;
use super::text::{columns, shown};
use super::window::{Mark, Window};

/// A repair that touches more lines than this is described by its message alone.
const LINES: usize = 6;

/// The lines that a repair changes.
#[derive(Debug)]
pub(super) struct Change {
    /// Number of the first line.
    pub(super) first: usize,
    /// The lines as they are, each with its end.
    pub(super) text: String,
    /// What is put in place of which bytes of `text`.
    pub(super) edits: Vec<(Range<usize>, String)>,
}

/// The lines that `repair` changes, in `room` columns; `None` if they cannot be shown well.
pub(super) fn change(source: &Source, repair: &Repair, room: usize) -> Option<Change> {
    let edits: Vec<&Edit> = repair.edits.iter().filter(|e| is_change(source, e)).collect();
    let first = place(source, edits.first()?.span).line;
    let last = place(source, edits.last()?.span).line;
    if last.checked_sub(first)? >= LINES {
        return None;
    }
    let mut out = Change { first, text: String::new(), edits: Vec::new() };
    for number in first..=last {
        let line = source.line_text(number);
        let here: Vec<&&Edit> =
            edits.iter().filter(|e| place(source, e.span).line == number).collect();
        let mut marks = Vec::new();
        let mut grows = 0;
        for edit in &here {
            let span = place(source, edit.span).bytes;
            // An edit over a line's end is not shown.
            if span.len() != edit.span.range().len() {
                return None;
            }
            grows += edit.text.lines().map(columns).max().unwrap_or(0);
            marks.push(Mark { span, label: 0 });
        }
        let window = Window::cut(line, &marks, room.checked_sub(grows)?)?;
        let start = out.text.len();
        out.text.push_str(&window.text());
        out.text.push('\n');
        for (edit, mark) in here.iter().zip(&marks) {
            let at = |byte| start + window.position(byte);
            let text = edit.text.chars().filter(|c| *c != '\r');
            let text = text.map(|c| if c == '\n' { c } else { shown(c) }).collect();
            out.edits.push((at(mark.span.start)..at(mark.span.end), text));
        }
    }
    Some(out)
}

/// Whether `edit` changes anything.
fn is_change(source: &Source, edit: &Edit) -> bool {
    edit.span.text(source.text()) != edit.text
}
