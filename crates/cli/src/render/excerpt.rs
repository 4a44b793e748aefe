//! The lines of a source that a diagnostic talks about, each cut to the width of the screen.

use std::collections::BTreeMap;
use std::ops::Range;

use chainrule::{Label, Source, Span};

use super::text::{columns, one_line};
use super::window::{Mark, Window};

/// Lines further apart than this are not drawn in one excerpt.
const FAR: usize = 1000;

/// The place of a span: its line (from 1) and its bytes in that line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) bytes: Range<usize>,
}

/// The place of `span`; a span over several lines is cut at the end of its first line.
pub(super) fn place(source: &Source, span: Span) -> Place {
    let text = source.text();
    let boundary =
        |at: usize| (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let start = boundary(span.start as usize);
    let end = boundary(span.end as usize).max(start);
    let (line, _) = source.line_column(start);
    let first = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let length = source.line_text(line).len();
    let start = (start - first).min(length);
    Place { line, bytes: start..(end - first).min(length).max(start) }
}

/// A place with what is said about it, cut and placed in [`Excerpt::text`].
#[derive(Debug)]
pub(super) struct Note {
    pub(super) span: Range<usize>,
    pub(super) text: String,
    pub(super) primary: bool,
    /// The text does not fit beside the carets and must stand below them.
    pub(super) hangs: bool,
}

/// The lines that are shown.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// Number of the first line.
    pub(super) first: usize,
    /// The lines, each with its end; those that are not shown are empty.
    pub(super) text: String,
    /// What is marked in them.
    pub(super) notes: Vec<Note>,
    /// Labels that did not fit, as sentences.
    pub(super) rest: Vec<String>,
}

/// A label at its place.
struct Placed<'a> {
    label: &'a Label,
    place: Place,
    /// Its text on one line; empty when it did not fit.
    text: String,
}

impl Placed<'_> {
    fn mark(&self) -> Mark {
        Mark { span: self.place.bytes.clone(), label: columns(&self.text) }
    }
}

/// The lines around `labels` in `room` columns; `None` without a label.
pub(super) fn excerpt(source: &Source, labels: &[Label], room: usize) -> Option<Excerpt> {
    let main = labels.iter().find(|l| l.primary).or(labels.first())?;
    let main = place(source, main.span).line;
    let mut rest = Vec::new();
    let mut lines: BTreeMap<usize, Vec<Placed>> = BTreeMap::new();
    for label in labels {
        let (place, text) = (place(source, label.span), one_line(&label.text));
        if place.line.abs_diff(main) > FAR {
            rest.push(far(&place, &text));
        } else {
            lines.entry(place.line).or_default().push(Placed { label, place, text });
        }
    }
    let first = *lines.keys().next()?;
    let last = *lines.keys().next_back()?;
    let mut out = Excerpt { first, text: String::new(), notes: Vec::new(), rest };
    for line in first..=last {
        match lines.remove(&line) {
            Some(placed) => out.marked(source.line_text(line), placed, room),
            // A single line between two marked ones is shown, more of them are not.
            None if line > first && lines.contains_key(&(line + 1)) => {
                out.plain(source.line_text(line), room);
            }
            None => {}
        }
        out.text.push('\n');
    }
    Some(out)
}

impl Excerpt {
    /// Adds a line with labels; what does not fit goes to the notes.
    fn marked(&mut self, line: &str, mut placed: Vec<Placed>, room: usize) {
        loop {
            let marks: Vec<Mark> = placed.iter().map(Placed::mark).collect();
            let Some(window) = Window::cut(line, &marks, room) else {
                if self.gives_way(line, &mut placed) {
                    continue;
                }
                return self.plain(line, room);
            };
            let start = self.text.len();
            self.text.push_str(&window.text());
            for (placed, mark) in placed.into_iter().zip(&marks) {
                let at = |byte| start + window.position(byte);
                self.notes.push(Note {
                    span: at(mark.span.start)..at(mark.span.end),
                    hangs: window.hangs(mark, room),
                    text: placed.text,
                    primary: placed.label.primary,
                });
            }
            return;
        }
    }

    /// Takes the widest text, or else the last place, out of `placed`; false if none is left.
    fn gives_way(&mut self, line: &str, placed: &mut Vec<Placed>) -> bool {
        if let Some(long) = placed.iter_mut().max_by_key(|p| columns(&p.text))
            && !long.text.is_empty()
        {
            let text = std::mem::take(&mut long.text);
            let what = &line[long.place.bytes.clone()];
            self.rest.push(match columns(what) {
                1..=30 => format!("`{}`: {text}", one_line(what)),
                _ => text,
            });
            return true;
        }
        placed.pop().is_some()
    }

    /// Adds a line without labels.
    fn plain(&mut self, line: &str, room: usize) {
        if let Some(window) = Window::cut(line, &[], room) {
            self.text.push_str(&window.text());
        }
    }
}

/// What is said about a place too far away to be drawn.
fn far(place: &Place, text: &str) -> String {
    match text {
        "" => format!("see line {}", place.line),
        _ => format!("line {}: {text}", place.line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_cut_at_the_end_of_their_line() {
        let source = Source::new("x", "ab\r\ncdé\nf");
        let at = |start, end| place(&source, Span::new(start, end));
        assert_eq!(at(1, 6), Place { line: 1, bytes: 1..2 });
        assert_eq!(at(3, 3), Place { line: 1, bytes: 2..2 });
        assert_eq!(at(7, 8), Place { line: 2, bytes: 2..4 });
        assert_eq!(at(9, 900), Place { line: 3, bytes: 0..1 });
        assert_eq!(at(500, 900), Place { line: 3, bytes: 1..1 });
    }

    #[test]
    fn an_empty_source_has_a_place() {
        let source = Source::new("x", "");
        assert_eq!(place(&source, Span::at(0)), Place { line: 1, bytes: 0..0 });
    }
}
