//! The blocks of each model of a file.

use chainrule_syntax::ast::{Block, BlockWord, File};
use chainrule_syntax::{Span, limits};

/// The blocks of one model.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<'a> {
    pub(crate) blocks: Vec<&'a Block>,
    /// How many models share the file's bounds.
    pub(crate) models: usize,
    /// The `model` line from which the file's models, each with what it shares, are too long.
    pub(crate) overflow: Option<Span>,
}

impl<'a> Blocks<'a> {
    /// All blocks of `file`, as one model.
    pub(crate) fn all(file: &'a File) -> Blocks<'a> {
        Blocks { blocks: file.blocks.iter().collect(), models: 1, overflow: None }
    }
}

/// With at most one `model` line every block is the model's. With several, `size`, `batch`,
/// `const`, `data`, `fn` and `optimizer` blocks are shared with all later models, and so is
/// everything before the first `model` line; the rest belongs to its own model.
pub(crate) fn models(file: &File) -> Vec<Blocks<'_>> {
    let starts: Vec<usize> =
        (0..file.blocks.len()).filter(|&i| file.blocks[i].word == BlockWord::Model).collect();
    if starts.len() < 2 {
        return vec![Blocks::all(file)];
    }
    let shared = |word: BlockWord| {
        use BlockWord::{Batch, Const, Data, Fn, Optimizer, Size};
        matches!(word, Size | Batch | Const | Data | Fn | Optimizer)
    };
    let mut models: Vec<Blocks<'_>> = Vec::new();
    let mut total = 0;
    for (k, &start) in starts.iter().enumerate() {
        let end = starts.get(k + 1).copied().unwrap_or(file.blocks.len());
        let earlier = file.blocks[..start].iter().enumerate();
        let mut blocks: Vec<&Block> =
            earlier.filter(|(i, b)| *i < starts[0] || shared(b.word)).map(|(_, b)| b).collect();
        blocks.extend(&file.blocks[start..end]);
        total += blocks.iter().map(|b| length(b)).sum::<usize>();
        let model = Blocks { blocks, models: starts.len(), overflow: None };
        if total > limits::TEXT_BYTES {
            let overflow = Some(file.blocks[start].word_span);
            models.push(Blocks { blocks: Vec::new(), overflow, ..model });
            break;
        }
        models.push(model);
    }
    models
}

/// The length of a block without its blanks and comments, with what a statement costs by itself.
fn length(block: &Block) -> usize {
    const EACH: usize = 32;
    let statements = block.statements.iter().map(|s| s.span.range().len() + EACH);
    EACH + statements.sum::<usize>()
}
