//! The rows of the formatted text, each still with single blanks.

use super::columns::{Cuts, Run, cuts};
use super::spacing::{Spacing, spacing};
use crate::ast::{BlockWord, File, Statement};
use crate::lex::{Lexed, PhysicalLine};
use crate::lines::LogicalLine;

/// Blanks before a statement of a block, and before the further lines of a claim and its like.
const BODY: usize = 2;
/// Blanks before the further lines of a statement of a block.
const FURTHER: usize = 4;

/// One line of the formatted text.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) indent: usize,
    /// The code; empty if the row is a comment.
    pub(super) text: String,
    /// Where in `text` columns begin.
    pub(super) cuts: Cuts,
    /// Which rows share them.
    pub(super) run: Option<Run>,
    pub(super) comment: Option<&'a str>,
    /// Blanks between the code and the comment.
    pub(super) gap: usize,
    /// Whether a blank line stands above.
    pub(super) blank_above: bool,
}

/// All rows of a text.
pub(super) struct Rows<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// How many statements do not print as written and keep the blanks of the source.
    pub(super) unprinted: usize,
}

/// A statement, or a block word alone, and where it stands.
struct Item<'f> {
    line: LogicalLine,
    statement: Option<&'f Statement>,
    word: BlockWord,
    /// The number of the block.
    block: usize,
    /// The first token behind the block word.
    first: usize,
}

/// The rows of `source`, a text without mistakes; `file` was read from `lines`.
pub(super) fn rows<'a>(
    source: &'a str,
    lexed: &'a Lexed,
    lines: &[LogicalLine],
    file: &File,
) -> Rows<'a> {
    let out = Rows { rows: Vec::with_capacity(lexed.lines.len()), unprinted: 0 };
    let mut builder = Builder { source, lexed, out, comments: 0, end: 0, in_block: false };
    let mut blocks = file.blocks.iter().enumerate();
    let mut current = None;
    let mut statements = [].iter();
    for line in lines {
        if line.starts.is_some() {
            current = blocks.next();
            statements = current.map_or([].iter(), |(_, block)| block.statements.iter());
        }
        let Some((number, block)) = current else { continue };
        let first = line.first + usize::from(line.starts.is_some());
        let statement = if first < line.end { statements.next() } else { None };
        builder.item(&Item { line: *line, statement, word: block.word, block: number, first });
    }
    builder.comments_above(source.len(), None);
    builder.out
}

struct Builder<'a> {
    source: &'a str,
    lexed: &'a Lexed,
    out: Rows<'a>,
    /// How many comments have their row.
    comments: usize,
    /// Where in the source the last row ended.
    end: usize,
    /// Whether a block has begun.
    in_block: bool,
}

impl<'a> Builder<'a> {
    fn item(&mut self, item: &Item<'_>) {
        let tokens = &self.lexed.tokens[item.first..item.line.end];
        let spacing = match item.statement {
            Some(statement) => spacing(statement, tokens, self.source),
            None => Spacing { blanks: Vec::new(), printed: true },
        };
        self.out.unprinted += usize::from(!spacing.printed);
        let lexed = self.lexed;
        for (at, physical) in lexed.lines.iter().enumerate().skip(item.line.physical) {
            if physical.first >= item.line.end {
                break;
            }
            let indent = match (at == item.line.physical, item.line.starts) {
                (true, Some(_)) => 0,
                (true, None) => BODY,
                (false, _) if item.word.is_line() => BODY,
                (false, _) => FURTHER,
            };
            let start = lexed.tokens[physical.first].span.start as usize;
            self.comments_above(start, Some(indent).filter(|indent| *indent > 0));
            let row = self.code(item, physical, &spacing.blanks);
            self.push(
                Row { indent, ..row },
                start,
                lexed.tokens[physical.end - 1].span.end as usize,
            );
            let next = lexed.lines.get(at + 1).map(|next| lexed.tokens[next.first].span.start);
            self.in_block = true;
            self.comment_behind(next.map_or(self.source.len(), |next| next as usize));
        }
    }

    /// The code of one line of an item.
    fn code(&self, item: &Item<'_>, line: &PhysicalLine, blanks: &[u8]) -> Row<'a> {
        let mut row = Row::default();
        let at_tokens = self.cuts(item, line, &mut row);
        for at in line.first..line.end {
            let token = self.lexed.tokens[at];
            // `⁻¹` is one word of the source and three tokens.
            if at > line.first && self.lexed.tokens[at - 1].span == token.span {
                continue;
            }
            // What follows the block word stands off, whatever it is.
            let count = if at > item.first { blanks[at - item.first] } else { 1 };
            if !row.text.is_empty() {
                row.text.extend(std::iter::repeat_n(' ', count.into()));
            }
            for (cut, at_token) in row.cuts.iter_mut().zip(&at_tokens) {
                if at_token.is_some_and(|token| item.first + token == at) {
                    *cut = Some(row.text.len());
                }
            }
            row.text.push_str(token.span.text(self.source));
        }
        row
    }

    /// The tokens at which the columns of a line begin; sets its run.
    fn cuts(&self, item: &Item<'_>, line: &PhysicalLine, row: &mut Row<'a>) -> Cuts {
        let begins = line.first <= item.first && item.first < line.end;
        let Some(statement) = item.statement.filter(|_| begins) else { return Cuts::default() };
        let one_line = line.end == item.line.end;
        row.run = Run::of(item.word, item.line.starts.is_some(), item.block)
            .filter(|run| one_line || !matches!(run, Run::Claims | Run::Derives));
        let tokens = &self.lexed.tokens[item.first..line.end];
        row.run.map_or(Cuts::default(), |run| cuts(run, statement, tokens, self.source))
    }

    fn push(&mut self, row: Row<'a>, start: usize, end: usize) {
        let between = self.source[self.end..start].bytes().filter(|b| *b == b'\n').count();
        let blank_above = between > 1 && !self.out.rows.is_empty();
        self.out.rows.push(Row { blank_above, ..row });
        self.end = end;
    }

    /// Rows for the comments before `until`; `indent` is that of the statement that follows in the
    /// same block. In front of a block word a comment in the first column stays there, and any
    /// other belongs to the block above.
    fn comments_above(&mut self, until: usize, indent: Option<usize>) {
        let lexed = self.lexed;
        for comment in &lexed.comments[self.comments..] {
            let span = comment.span.range();
            if span.start >= until {
                break;
            }
            let first_column = span.start == 0 || self.source[..span.start].ends_with('\n');
            let indent = match indent {
                Some(indent) => indent,
                None if first_column || !self.in_block => 0,
                None => BODY,
            };
            let text = Some(self.source[span.clone()].trim_end());
            self.push(Row { indent, comment: text, ..Row::default() }, span.start, span.end);
            self.comments += 1;
        }
    }

    /// Puts the comment before `until` behind the last row, if it stands there.
    fn comment_behind(&mut self, until: usize) {
        let Some(comment) = self.lexed.comments.get(self.comments) else { return };
        let span = comment.span.range();
        if comment.alone || span.start >= until {
            return;
        }
        if let Some(row) = self.out.rows.last_mut() {
            row.comment = Some(self.source[span.clone()].trim_end());
            self.end = span.end;
            self.comments += 1;
        }
    }
}

impl Rows<'_> {
    /// The text of the rows.
    pub(super) fn join(&self) -> String {
        let length = |row: &Row<'_>| row.indent + row.text.len() + row.gap + 2;
        let comments: usize = self.rows.iter().filter_map(|r| r.comment).map(str::len).sum();
        let code: usize = self.rows.iter().map(length).sum();
        let mut out = String::with_capacity(code + comments);
        for row in &self.rows {
            if row.blank_above {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n(' ', row.indent));
            out.push_str(&row.text);
            if let Some(comment) = row.comment {
                out.extend(std::iter::repeat_n(' ', row.gap));
                out.push_str(comment);
            }
            out.push('\n');
        }
        out
    }
}
