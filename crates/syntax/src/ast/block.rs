//! Files and blocks.

use super::expr::Name;
use super::stmt::Statement;
use crate::span::Span;

/// The word that starts a block.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BlockWord {
    /// `model`
    Model,
    /// `size`
    Size,
    /// `batch`
    Batch,
    /// `const`
    Const,
    /// `data`
    Data,
    /// `param`
    Param,
    /// `noise`
    Noise,
    /// `given`
    Given,
    /// `net`
    Net,
    /// `fn`
    Fn,
    /// `optimizer`
    Optimizer,
    /// `derive`
    Derive,
    /// `claim`
    Claim,
    /// `train`
    Train,
    /// `show`
    Show,
    /// `plot`
    Plot,
    /// `check`
    Check,
    /// `export`
    Export,
}

impl BlockWord {
    /// Every block word with its spelling.
    pub const ALL: [(BlockWord, &'static str); 18] = [
        (BlockWord::Model, "model"),
        (BlockWord::Size, "size"),
        (BlockWord::Batch, "batch"),
        (BlockWord::Const, "const"),
        (BlockWord::Data, "data"),
        (BlockWord::Param, "param"),
        (BlockWord::Noise, "noise"),
        (BlockWord::Given, "given"),
        (BlockWord::Net, "net"),
        (BlockWord::Fn, "fn"),
        (BlockWord::Optimizer, "optimizer"),
        (BlockWord::Derive, "derive"),
        (BlockWord::Claim, "claim"),
        (BlockWord::Train, "train"),
        (BlockWord::Show, "show"),
        (BlockWord::Plot, "plot"),
        (BlockWord::Check, "check"),
        (BlockWord::Export, "export"),
    ];

    /// The block word spelled `word`.
    pub fn from_word(word: &str) -> Option<BlockWord> {
        BlockWord::ALL.iter().find(|(_, w)| *w == word).map(|(b, _)| *b)
    }

    /// The spelling.
    pub fn text(self) -> &'static str {
        BlockWord::ALL.iter().find(|(b, _)| *b == self).map_or("", |(_, w)| w)
    }

    /// Whether the word takes one statement that may go on in indented lines (`claim`), instead of
    /// a body of statements (`net`).
    pub fn is_line(self) -> bool {
        use BlockWord::{Check, Claim, Derive, Export, Model, Plot, Show, Train};
        matches!(self, Model | Derive | Claim | Train | Show | Plot | Check | Export)
    }
}

/// A whole file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct File {
    /// The blocks in order.
    pub blocks: Vec<Block>,
    /// Names of lines that belong to no block: known, but of unknown type.
    pub broken: Vec<Name>,
}

/// One block.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// Which block.
    pub word: BlockWord,
    /// The place of the word.
    pub word_span: Span,
    /// Its statements.
    pub statements: Vec<Statement>,
}
