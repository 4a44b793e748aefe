//! The model as text, with what is needed to find its statements again.

use std::ops::Range;

use chainrule_syntax::ast::{Block, BlockWord, File, Statement, StatementKind};
use chainrule_syntax::{Span, print};

use super::node::Place;
use super::scope::{Entry, State};

/// The text of a model, piece by piece.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
}

/// A stretch of the text.
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    pub(super) content: Content,
}

/// What a stretch of the text holds.
pub(super) enum Content {
    /// Blocks that were built: the statements of each.
    Built(Vec<Vec<Row>>),
    /// Lines in the language, and where they were given.
    Lines(Place),
}

/// A printed statement.
pub(super) struct Row {
    pub(super) word: BlockWord,
    /// Its expressions are slots.
    pub(super) kind: StatementKind,
    /// Where it was built: one place, or one for each size of a list.
    pub(super) places: Vec<Place>,
}

impl State {
    /// Prints the model.
    pub(super) fn draft(&self) -> Draft {
        let mut draft = Draft { text: String::new(), pieces: Vec::new() };
        let mut blocks: Vec<Vec<Row>> = Vec::new();
        for entry in &self.entries {
            match entry {
                Entry::Statement { word, kind, at } => {
                    let kind = StatementKind::clone(kind);
                    add_row(&mut blocks, Row { word: *word, kind, places: vec![at] });
                }
                Entry::Lines { text, at } => {
                    self.add_blocks(&mut draft, std::mem::take(&mut blocks));
                    draft.add(&format!("{text}\n"), Content::Lines(at));
                }
            }
        }
        self.add_blocks(&mut draft, blocks);
        draft
    }

    fn add_blocks(&self, draft: &mut Draft, blocks: Vec<Vec<Row>>) {
        if blocks.is_empty() {
            return;
        }
        let span = Span::default();
        let statement =
            |row: &Row| Statement { kind: self.nodes.statement(&row.kind, &self.names), span };
        let block = |rows: &Vec<Row>| Block {
            word: rows[0].word,
            word_span: span,
            statements: rows.iter().map(statement).collect(),
        };
        let file = File { blocks: blocks.iter().map(block).collect(), broken: Vec::new() };
        draft.add(&print::file(&file), Content::Built(blocks));
    }
}

impl Draft {
    fn add(&mut self, text: &str, content: Content) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.pieces.push(Piece { range: start..self.text.len(), content });
    }
}

/// A statement joins the block above if it is of the same kind; sizes of one line of the program
/// stand on one line of the text.
fn add_row(blocks: &mut Vec<Vec<Row>>, row: Row) {
    let above = blocks.last_mut().filter(|rows| rows[0].word == row.word && !row.word.is_line());
    let Some(rows) = above else { return blocks.push(vec![row]) };
    let (here, last) = (row.places[0], rows.last_mut());
    match (last, row.kind) {
        (
            Some(Row { kind: StatementKind::Sizes(sizes), places, .. }),
            StatementKind::Sizes(more),
        ) if (places[0].file(), places[0].line()) == (here.file(), here.line()) => {
            sizes.extend(more);
            places.push(here);
        }
        (_, kind) => rows.push(Row { kind, ..row }),
    }
}
