//! A named source text and its lines.

use crate::span::Span;

/// An equation file's text with its name, for messages.
///
/// ```
/// use chainrule_syntax::Source;
/// let source = Source::new("net.eqn", "size n\nnet\n  y = A x\n");
/// assert_eq!(source.line_column(9), (2, 3));
/// assert_eq!(source.line_text(3), "  y = A x");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
    lines: Vec<u32>,
}

impl Source {
    /// A source called `name` (a path, or `<input>`).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let text = text.into();
        let mut lines = vec![0];
        lines.extend(
            text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1),
        );
        Source { name: name.into(), text, lines }
    }

    /// The name used in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column, both from 1, of a byte offset; columns count characters.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.text.len());
        let line = self.lines.partition_point(|&start| start as usize <= at);
        let start = self.lines[line - 1] as usize;
        let column = self.text.get(start..at).map_or(at - start, |s| s.chars().count());
        (line, column + 1)
    }

    /// The line (from 1) on which `span` starts.
    pub fn line_of(&self, span: Span) -> usize {
        self.line_column(span.start as usize).0
    }

    /// The text of line `line` (from 1) without its end; empty past the end.
    pub fn line_text(&self, line: usize) -> &str {
        let Some(&start) = line.checked_sub(1).and_then(|i| self.lines.get(i)) else { return "" };
        let end = self.lines.get(line).map_or(self.text.len(), |&e| e as usize);
        self.text[start as usize..end].trim_end_matches(['\n', '\r'])
    }
}
