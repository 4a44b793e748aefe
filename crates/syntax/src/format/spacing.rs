//! How many blanks stand between the tokens of a statement.

use super::columns::outside_brackets;
use crate::ast::{DeriveOption, Statement, StatementKind};
use crate::lex::lex;
use crate::print::statement_as_written;
use crate::token::{Token, TokenKind};

/// Blanks before what is said about a statement: the clauses of a claim, the options of `derive`.
const ASIDE: u8 = 2;

/// The blanks in front of each token of a statement.
pub(super) struct Spacing {
    pub(super) blanks: Vec<u8>,
    /// Whether they are those of the printed text, not of the source.
    pub(super) printed: bool,
}

/// The spacing of `statement`, whose tokens in the source are `tokens`: that of its printed text,
/// which has the same tokens.
pub(super) fn spacing(statement: &Statement, tokens: &[Token], source: &str) -> Spacing {
    let text = statement_as_written(statement);
    let printed = lex(&text).tokens;
    let same = |(a, b): (&Token, &Token)| a.kind == b.kind && a.text(source) == b.text(&text);
    let all_same = printed.len() == tokens.len() && tokens.iter().zip(&printed).all(same);
    let from = if all_same { &printed[..] } else { tokens };
    let mut blanks: Vec<u8> = from.iter().map(|t| u8::from(!t.glued)).collect();
    for at in asides(statement, tokens, source) {
        // The words of `true-where` are one.
        blanks[at] *= ASIDE;
    }
    Spacing { blanks, printed: all_same }
}

/// The tokens that begin an aside.
fn asides(statement: &Statement, tokens: &[Token], source: &str) -> Vec<usize> {
    match &statement.kind {
        StatementKind::Claim(_) => outside_brackets(tokens)
            .filter(|(_, token)| token.kind == TokenKind::Name && is_clause(&token.text(source)))
            .map(|(at, _)| at)
            .collect(),
        StatementKind::Derive(derive) => {
            first_option(&derive.options, tokens).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn is_clause(word: &str) -> bool {
    matches!(word, "if" | "where" | "for" | "layout" | "expect")
}

/// The token of the first option of a `derive` line.
pub(super) fn first_option(options: &[DeriveOption], tokens: &[Token]) -> Option<usize> {
    use DeriveOption::{FormBatch, FormSample, Layout};
    let words = |o: &DeriveOption| 1 + usize::from(matches!(o, Layout(_) | FormSample | FormBatch));
    let count: usize = options.iter().map(words).sum();
    tokens.len().checked_sub(count).filter(|_| count > 0)
}
