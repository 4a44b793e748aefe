//! The text being written, with the places of its symbols.

use std::fmt::Display;

use super::Piece;
use crate::span::Span;

/// Text with marks.
pub(super) struct Out {
    /// What was written.
    pub(super) text: String,
    /// Whether to follow the author where the tree leaves a choice, instead of a fixed form.
    pub(super) written: bool,
    /// Whether a norm is open: there another one stands in parentheses.
    pub(super) in_norm: bool,
    /// Where symbols of the source stand in the text; `None` if nobody asks.
    marks: Option<Vec<Mark>>,
}

struct Mark {
    start: usize,
    end: usize,
    span: Span,
}

impl Out {
    pub(super) fn canonical() -> Out {
        Out { text: String::with_capacity(64), written: false, in_norm: false, marks: None }
    }

    pub(super) fn as_written() -> Out {
        Out { written: true, ..Out::canonical() }
    }

    pub(super) fn marking() -> Out {
        Out { marks: Some(Vec::new()), ..Out::canonical() }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes a symbol that stands at `span` in the source.
    pub(super) fn mark(&mut self, text: &str, span: Span) {
        let start = self.text.len();
        self.push(text);
        if let Some(marks) = &mut self.marks {
            marks.push(Mark { start, end: self.text.len(), span });
        }
    }

    /// Writes a list with `separator` in between.
    pub(super) fn list<T>(
        &mut self,
        separator: &str,
        items: &[T],
        mut write: impl FnMut(&mut Out, &T),
    ) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            write(self, item);
        }
    }

    /// Writes ` word text`, a clause of a line.
    pub(super) fn clause(&mut self, word: &str, text: impl Display) {
        self.push(&format!(" {word} {text}"));
    }

    /// Inside brackets an open norm cannot be closed.
    pub(super) fn bracketed(&mut self, open: &str, close: &str, write: impl FnOnce(&mut Out)) {
        let in_norm = std::mem::take(&mut self.in_norm);
        self.push(open);
        write(self);
        self.push(close);
        self.in_norm = in_norm;
    }

    /// Whether the last token written is a number.
    pub(super) fn ends_in_number(&self) -> bool {
        let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
        let bytes = self.text.as_bytes();
        let length = bytes.iter().rev().take_while(|b| word(b)).count();
        bytes[bytes.len() - length..].first().is_some_and(u8::is_ascii_digit)
    }

    pub(super) fn into_pieces(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut push = |text: &str, span| {
            if !text.is_empty() {
                pieces.push(Piece { text: text.into(), span });
            }
        };
        for mark in self.marks.unwrap_or_default() {
            push(&self.text[at..mark.start], Span::default());
            push(&self.text[mark.start..mark.end], mark.span);
            at = mark.end;
        }
        push(&self.text[at..], Span::default());
        pieces
    }
}
