//! Files: which statements stand behind their block word, and where blank lines go.

use super::out::Out;
use crate::ast::{Block, BlockWord, File, StatementKind};

impl Out {
    pub(super) fn file(&mut self, file: &File) {
        let mut above: Option<&Block> = None;
        for block in &file.blocks {
            if above.is_some_and(|above| !is_joined(above, block)) {
                self.push("\n");
            }
            self.block(block);
            above = Some(block);
        }
    }

    fn block(&mut self, block: &Block) {
        self.push(block.word.text());
        let (head, body) = block.statements.split_at(usize::from(has_head(block)));
        for statement in head {
            self.push(" ");
            self.statement(&statement.kind);
        }
        self.push("\n");
        for statement in body {
            self.push("  ");
            self.statement(&statement.kind);
            self.push("\n");
        }
    }
}

/// Whether the first statement stands behind the block word.
fn has_head(block: &Block) -> bool {
    use StatementKind::{FnHead, OptimizerHead};
    match &block.statements[..] {
        [] => false,
        [first, ..] if matches!(first.kind, FnHead { .. } | OptimizerHead { .. }) => true,
        [_] => block.word.is_line() || matches!(block.word, BlockWord::Size | BlockWord::Batch),
        _ => false,
    }
}

/// Whether two blocks stand without a blank line between them: one-line blocks of one kind.
fn is_joined(above: &Block, below: &Block) -> bool {
    let is_short = |block: &Block| has_head(block) && block.statements.len() == 1;
    is_short(above) && is_short(below) && kind(above.word) == kind(below.word)
}

fn kind(word: BlockWord) -> BlockWord {
    match word {
        BlockWord::Batch => BlockWord::Size,
        BlockWord::Show | BlockWord::Plot | BlockWord::Export => BlockWord::Train,
        _ => word,
    }
}
