//! Physical lines to logical lines: which lines belong together, and to which block.
//!
//! A block starts with a block word in the first column. A line continues the one before if a
//! bracket is open, or if it is indented deeper than its block's first line, or if it lies indented
//! under a line block. A block word in the first column always starts a block, even inside an open
//! bracket: this is where reading recovers. So does a line at its block's own indentation that
//! begins like a definition (`name =`, `name :`): the bracket above was forgotten.

use crate::ast::BlockWord;
use crate::diagnostic::{Diagnostic, Edit, Repair};
use crate::lex::{Lexed, PhysicalLine};
use crate::limits;
use crate::span::Span;
use crate::suggest::nearest;
use crate::token::{Symbol, TokenKind};

/// A statement's tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogicalLine {
    /// Its first token.
    pub first: usize,
    /// One past its last token.
    pub end: usize,
    /// The block word, if the line starts a block; its token is `first`.
    pub starts: Option<BlockWord>,
    /// Its first physical line, an index into [`Lexed::lines`].
    pub physical: usize,
}

/// The logical lines of a file and what is wrong with their arrangement.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// In order.
    pub lines: Vec<LogicalLine>,
    /// Tokens of lines that belong to no block: their names count as known, of unknown type.
    pub stray: Vec<LogicalLine>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// How much was found beyond what is kept.
    pub omitted: usize,
    /// Where grouping stopped, if there were more lines than [`limits::STATEMENTS`].
    pub truncated: Option<Span>,
}

struct Grouping<'a> {
    source: &'a str,
    lexed: &'a Lexed,
    out: Lines,
    block: Option<BlockWord>,
    block_line: usize,
    indent: Option<usize>,
    depth: i64,
}

/// Groups the physical lines of `lexed`.
pub fn group(source: &str, lexed: &Lexed) -> Lines {
    let mut grouping = Grouping {
        source,
        lexed,
        out: Lines::default(),
        block: None,
        block_line: 0,
        indent: None,
        depth: 0,
    };
    for (index, line) in lexed.lines.iter().enumerate() {
        if grouping.out.lines.len() + grouping.out.stray.len() > limits::STATEMENTS {
            grouping.out.truncated = Some(lexed.tokens[line.first].span);
            break;
        }
        grouping.line(index, *line);
    }
    grouping.out
}

impl Grouping<'_> {
    fn line(&mut self, index: usize, line: PhysicalLine) {
        self.check_tab(line);
        let first = self.lexed.tokens[line.first];
        let word = (line.indent == 0 && first.kind == TokenKind::Name)
            .then(|| BlockWord::from_word(&first.text(self.source)))
            .flatten();
        if word.is_some() {
            self.block = word;
            self.block_line = index;
            self.indent = None;
            self.start(index, line, word);
        } else if self.block.is_none() {
            self.stray(index, line);
        } else if self.continues(line) {
            self.extend(line);
        } else if line.indent > 0 {
            self.check_indent(line);
            self.indent.get_or_insert(line.indent);
            self.start(index, line, None);
        } else {
            self.stray(index, line);
        }
    }

    fn continues(&self, line: PhysicalLine) -> bool {
        let Some(block) = self.block else { return false };
        let deeper = self.indent.is_none_or(|indent| line.indent > indent);
        if self.depth > 0 {
            return deeper && self.indent.is_some() || block.is_line() || !self.defines(line);
        }
        line.indent > 0 && (block.is_line() || self.indent.is_some() && deeper)
    }

    /// Whether the line begins like a definition: `name =`, `name, name :`, `name[..] =`.
    fn defines(&self, line: PhysicalLine) -> bool {
        let tokens = &self.lexed.tokens[line.first..line.end];
        let mut at = 1;
        if tokens[0].kind != TokenKind::Name {
            return false;
        }
        while tokens.get(at).is_some_and(|t| t.is(Symbol::Comma))
            && tokens.get(at + 1).is_some_and(|t| t.kind == TokenKind::Name)
        {
            at += 2;
        }
        if tokens.get(at).is_some_and(|t| t.is(Symbol::OpenBracket)) {
            match tokens[at..].iter().position(|t| t.is(Symbol::CloseBracket)) {
                Some(close) => at += close + 1,
                None => return false,
            }
        }
        tokens.get(at).is_some_and(|t| t.is(Symbol::Equal) || t.is(Symbol::Colon))
    }

    fn start(&mut self, physical: usize, line: PhysicalLine, starts: Option<BlockWord>) {
        self.depth = 0;
        self.out.lines.push(LogicalLine { first: line.first, end: line.end, starts, physical });
        self.count_brackets(line);
    }

    fn extend(&mut self, line: PhysicalLine) {
        if let Some(last) = self.out.lines.last_mut() {
            last.end = line.end;
        }
        self.count_brackets(line);
    }

    fn count_brackets(&mut self, line: PhysicalLine) {
        for token in &self.lexed.tokens[line.first..line.end] {
            if let TokenKind::Symbol(symbol) = token.kind {
                if symbol.closing().is_some() {
                    self.depth += 1;
                } else if symbol.is_closing() {
                    self.depth = (self.depth - 1).max(0);
                }
            }
        }
    }

    fn report(&mut self, found: Diagnostic) {
        if self.out.diagnostics.len() < limits::DIAGNOSTICS * 2 {
            self.out.diagnostics.push(found);
        } else {
            self.out.omitted += 1;
        }
    }

    fn check_tab(&mut self, line: PhysicalLine) {
        if let Some(tab) = line.tab {
            let found = Diagnostic::error("tab", "a tab in the indentation", tab, "a tab")
                .note("use blanks: how wide a tab is depends on the editor")
                .replace("two blanks (`chainrule fmt` repairs the whole file)", tab, "  ");
            self.report(found);
        }
    }

    fn check_indent(&mut self, line: PhysicalLine) {
        let (Some(indent), Some(block)) = (self.indent, self.block) else { return };
        if line.indent >= indent {
            return;
        }
        let first = self.lexed.tokens[line.first].span;
        let word = self.lexed.tokens[self.lexed.lines[self.block_line].first].span;
        let message = format!(
            "this line is indented {}, the block `{}` is at {indent}",
            line.indent,
            block.text()
        );
        let start = first.start as usize - line.indent;
        let found =
            Diagnostic::error("indentation", message, first, format!("indented {}", line.indent))
                .label(word, format!("the block `{}` starts here", block.text()))
                .replace(
                    "the block's indentation",
                    Span::new(start, first.start as usize),
                    " ".repeat(indent),
                );
        self.report(found);
    }

    /// A line outside every block. Reported once; the lines below it are skipped with it.
    fn stray(&mut self, physical: usize, line: PhysicalLine) {
        let reported = self.block.is_none()
            && self.out.stray.last().is_some_and(|last| {
                last.end == line.first && (line.indent > 0 || self.out.lines.is_empty())
            });
        self.out.stray.push(LogicalLine {
            first: line.first,
            end: line.end,
            starts: None,
            physical,
        });
        self.block = None;
        if reported {
            return;
        }
        let first = self.lexed.tokens[line.first];
        let text = first.text(self.source);
        let words = BlockWord::ALL.iter().map(|(_, w)| *w);
        let mut found = Diagnostic::error(
            "no-block-word",
            format!("`{text}` is no block word; a line in the first column starts a block"),
            first.span,
            "no block word",
        );
        match nearest(&text, words.clone()) {
            Some(word) => {
                found = found.repair(Repair::edits(
                    format!("did you mean `{word}`?"),
                    vec![Edit { span: first.span, text: word.into() }],
                ));
            }
            None => {
                let list: Vec<&str> = words.collect();
                found = found.note(format!("block words: {}", list.join(" ")));
                if self.defines(line) {
                    let at = first.span.before();
                    found = found.replace("indent it, if it belongs to the block above", at, "  ");
                }
            }
        }
        self.report(found);
    }
}
