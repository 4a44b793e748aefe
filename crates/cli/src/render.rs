//! Diagnostics as text for the terminal, in the form that rustc made familiar.
//!
//! annotate-snippets draws the excerpts: lines, carets, labels, changes. What it is given here is
//! already cut to the width ([`window`]) and free of characters that would steer the terminal
//! ([`text`]), so its work depends on the screen and not on the size of the file.

mod change;
mod excerpt;
mod text;
mod window;

use std::fmt::Write as _;

use annotate_snippets::renderer::{DEFAULT_EMPHASIS_STYLE, DEFAULT_LINE_NUM_STYLE, Style};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use chainrule::{Diagnostic, Repair, Source};

use self::change::change;
use self::excerpt::{Excerpt, Note, excerpt};
pub(crate) use self::text::{columns, one_line, wrap};

/// Most repairs shown for one diagnostic.
const REPAIRS: usize = 3;
/// Prose is not set wider than this, however wide the screen.
const PROSE: usize = 100;
/// Narrower screens are treated as if they were this wide.
const NARROW: usize = 40;

/// Everything wrong with `source`, each mistake with its place and repairs, then their number.
///
/// The result depends on the arguments only. It is empty without diagnostics.
pub(crate) fn render(
    source: &Source,
    diagnostics: &[Diagnostic],
    color: bool,
    width: usize,
) -> String {
    let screen = Screen { color, width: width.max(NARROW) };
    let mut out = String::new();
    for diagnostic in diagnostics {
        screen.diagnostic(source, diagnostic, &mut out);
    }
    if !diagnostics.is_empty() {
        let summary = format!("{} in {}\n", count(diagnostics), one_line(source.name()));
        screen.styled(DEFAULT_EMPHASIS_STYLE, &summary, &mut out);
    }
    out
}

/// A failure that has no place in a source, as one message.
pub(crate) fn failure(message: &str, color: bool, width: usize) -> String {
    let screen = Screen { color, width: width.max(NARROW) };
    let title = wrap(message, screen.prose("error: ".len()));
    let group = Group::with_title(Level::ERROR.primary_title(title));
    screen.renderer().render(&[group]) + "\n"
}

/// A warning that has no place in a source.
pub(crate) fn warning(message: &str, color: bool, width: usize) -> String {
    let screen = Screen { color, width: width.max(NARROW) };
    let title = wrap(message, screen.prose("warning: ".len()));
    let group = Group::with_title(Level::WARNING.primary_title(title));
    screen.renderer().render(&[group]) + "\n"
}

/// How many errors and warnings there are: `2 errors, 1 warning`.
pub(crate) fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|d| d.is_error()).count();
    let many = |n: usize, what: &str| match n {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{n} {what}s")),
    };
    let parts = [many(errors, "error"), many(diagnostics.len() - errors, "warning")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is drawn on.
struct Screen {
    color: bool,
    width: usize,
}

impl Screen {
    /// Adds one diagnostic and an empty line.
    fn diagnostic(&self, source: &Source, diagnostic: &Diagnostic, out: &mut String) {
        let gutter = gutter(source, diagnostic);
        let room = self.width - gutter - 3;
        let excerpt = excerpt(source, &diagnostic.labels, room);
        let level = if diagnostic.is_error() { Level::ERROR } else { Level::WARNING };
        let prefix = level_name(diagnostic).len() + diagnostic.code.len() + "[]: ".len();
        let title = wrap(&diagnostic.message, self.prose(prefix));
        let mut group = Group::with_title(level.primary_title(&title).id(diagnostic.code));
        if let Some(excerpt) = &excerpt {
            group = group.element(snippet(excerpt));
        }
        let rest = excerpt.iter().flat_map(|e| &e.rest);
        for note in rest.chain(&diagnostic.notes) {
            let text = wrap(note, self.prose(gutter + "  = note: ".len()));
            group = group.element(Level::NOTE.message(text));
        }
        let mut groups = vec![group];
        for repair in diagnostic.repairs.iter().take(REPAIRS) {
            groups.push(self.repair(source, repair, room));
        }
        let drawn = self.renderer().render(&groups);
        self.with_origin(source, diagnostic, &drawn, title.lines().count(), out);
        out.push_str("\n\n");
    }

    /// What a repair does, and the lines it changes.
    fn repair<'a>(&self, source: &Source, repair: &Repair, room: usize) -> Group<'a> {
        let title = wrap(&repair.message, self.prose("help: ".len()));
        let group = Group::with_title(Level::HELP.secondary_title(title));
        let Some(change) = change(source, repair, room) else { return group };
        let patches = change.edits.into_iter().map(|(span, text)| Patch::new(span, text));
        group.element(Snippet::source(change.text).line_start(change.first).patches(patches))
    }

    /// Adds `drawn` with the line ` --> file:line:column` below its title.
    ///
    /// annotate-snippets would take the column from the excerpt, which may be cut.
    fn with_origin(
        &self,
        source: &Source,
        diagnostic: &Diagnostic,
        drawn: &str,
        title: usize,
        out: &mut String,
    ) {
        let (line, column) = source.line_column(diagnostic.span().start as usize);
        for (i, text) in drawn.split_inclusive('\n').enumerate() {
            if i == title && !diagnostic.labels.is_empty() {
                // The bar of the gutter is the first thing on the line that is no blank.
                let gutter = text.find('|').map_or(1, |bar| text[..bar].matches(' ').count());
                let arrow = format!("{:gutter$}", "", gutter = gutter.saturating_sub(1));
                self.styled(DEFAULT_LINE_NUM_STYLE, &format!("{arrow}--> "), out);
                let _ = writeln!(out, "{}:{line}:{column}", one_line(source.name()));
            }
            out.push_str(text);
        }
    }

    /// Columns for prose that starts after `prefix` columns.
    fn prose(&self, prefix: usize) -> usize {
        self.width.min(PROSE).saturating_sub(prefix).max(NARROW / 2)
    }

    /// Adds `text`, in colour if there are colours.
    fn styled(&self, style: Style, text: &str, out: &mut String) {
        if self.color {
            let body = text.trim_end();
            let _ = write!(out, "{style}{body}{style:#}{}", &text[body.len()..]);
        } else {
            out.push_str(text);
        }
    }

    /// Draws as wide as it must: everything was cut before.
    fn renderer(&self) -> Renderer {
        let renderer = if self.color { Renderer::styled() } else { Renderer::plain() };
        renderer.term_width(usize::MAX / 4)
    }
}

/// The drawing of an excerpt.
fn snippet(excerpt: &Excerpt) -> Snippet<'_, Annotation<'_>> {
    let mut snippet = Snippet::source(excerpt.text.as_str()).line_start(excerpt.first);
    for note in &excerpt.notes {
        let kind = if note.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = Some(note.text.as_str()).filter(|t| !t.is_empty());
        snippet = snippet.annotation(kind.span(note.span.clone()).label(text));
        if note.hangs {
            // A second mark without a label makes annotate-snippets put the first one's label
            // below the carets.
            snippet = snippet.annotation(kind.span(first_character(excerpt, note)));
        }
    }
    snippet
}

/// The place of the first character of `note`.
fn first_character(excerpt: &Excerpt, note: &Note) -> std::ops::Range<usize> {
    let length = excerpt.text[note.span.clone()].chars().next().map_or(0, char::len_utf8);
    note.span.start..note.span.start + length
}

/// Columns of the line numbers.
fn gutter(source: &Source, diagnostic: &Diagnostic) -> usize {
    let labels = diagnostic.labels.iter().map(|l| l.span);
    let edits = diagnostic.repairs.iter().take(REPAIRS).flat_map(|r| &r.edits).map(|e| e.span);
    let last = labels.chain(edits).map(|s| source.line_of(s)).max().unwrap_or(1);
    columns(&last.to_string())
}

/// The word for the severity.
pub(crate) fn level_name(diagnostic: &Diagnostic) -> &'static str {
    if diagnostic.is_error() { "error" } else { "warning" }
}

#[cfg(test)]
mod tests;
