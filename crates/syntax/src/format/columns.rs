//! Which tokens of a statement stand in columns.

use super::spacing::first_option;
use crate::ast::{BlockWord, Statement, StatementKind};
use crate::token::{Symbol, Token, TokenKind};

/// What is aligned, in the order of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    /// The statement behind the word of a block.
    Head,
    /// What a claim says, behind its name.
    Said,
    /// The verdict of a claim.
    Expect,
    /// What follows the targets of `derive`, and the optimizer of `train`.
    Options,
    /// The `:` of a declaration.
    Type,
    /// `per N`
    Per,
    /// `~` or `=`
    Value,
    /// `for l in 1..L`
    For,
}

impl Column {
    pub(super) const ALL: [Column; 8] = [
        Column::Head,
        Column::Said,
        Column::Expect,
        Column::Options,
        Column::Type,
        Column::Per,
        Column::Value,
        Column::For,
    ];
}

/// For each column something of a row: where it begins.
pub(super) type Cuts = [Option<usize>; Column::ALL.len()];

/// Rows that share columns, if they are neighbours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Run {
    /// The statements of the block with this number.
    Body(usize),
    /// `size`, `batch`
    Sizes,
    /// `derive`
    Derives,
    /// `claim`
    Claims,
    /// `train`, `show`, `plot`, `check`, `export`
    Actions,
}

impl Run {
    /// The run of a block's statement; `head` if it stands behind the word.
    pub(super) fn of(word: BlockWord, head: bool, block: usize) -> Option<Run> {
        use BlockWord::{Batch, Check, Claim, Derive, Export, Plot, Show, Size, Train};
        match word {
            _ if !head => Some(Run::Body(block)),
            Size | Batch => Some(Run::Sizes),
            Derive => Some(Run::Derives),
            Claim => Some(Run::Claims),
            Train | Show | Plot | Check | Export => Some(Run::Actions),
            _ => None,
        }
    }
}

/// The tokens where columns begin; `tokens` are those of the statement's first line.
pub(super) fn cuts(run: Run, statement: &Statement, tokens: &[Token], source: &str) -> Cuts {
    use StatementKind::{Claim, Declaration, Definition, Derive, Extra, Generated, Stated, Train};
    let mut cuts = Cuts::default();
    if matches!(run, Run::Sizes | Run::Actions) {
        cuts[Column::Head as usize] = Some(0);
    }
    match &statement.kind {
        Claim(_) => {
            cuts[Column::Said as usize] = Some(1);
            cuts[Column::Expect as usize] = outside_brackets(tokens)
                .find(|(_, token)| token.is_word(source, "expect"))
                .map(|(at, _)| at);
        }
        Derive(derive) => {
            cuts[Column::Options as usize] = first_option(&derive.options, tokens);
        }
        // J by nag(step = 0.01) epochs 10
        Train(_) => {
            cuts[Column::Options as usize] = outside_brackets(tokens).nth(3).map(|(at, _)| at);
        }
        Declaration(_) => equation(tokens, source, true, &mut cuts),
        Definition(_) | Extra { .. } | Generated { .. } | Stated { .. } => {
            equation(tokens, source, false, &mut cuts);
        }
        _ => {}
    }
    cuts
}

/// Finds the columns of a declaration or definition.
fn equation(tokens: &[Token], source: &str, declares: bool, cuts: &mut Cuts) {
    for (at, token) in outside_brackets(tokens) {
        let column = match token.kind {
            TokenKind::Symbol(Symbol::Colon) if declares => Column::Type,
            TokenKind::Symbol(Symbol::Tilde | Symbol::Equal) => Column::Value,
            TokenKind::Name if declares && token.is_word(source, "per") => Column::Per,
            TokenKind::Name if token.is_word(source, "for") => Column::For,
            _ => continue,
        };
        cuts[column as usize].get_or_insert(at);
    }
}

/// The tokens outside all brackets, and not the brackets, each with its index.
pub(super) fn outside_brackets(tokens: &[Token]) -> impl Iterator<Item = (usize, &Token)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter(move |(_, token)| {
        if let TokenKind::Symbol(symbol) = token.kind {
            if symbol.closing().is_some() {
                depth += 1;
                return false;
            }
            if symbol.is_closing() {
                depth = depth.saturating_sub(1);
                return false;
            }
        }
        depth == 0
    })
}
