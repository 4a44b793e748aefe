//! Which names are functions: a scan of the tokens before anything is parsed.

use std::collections::HashSet;

use crate::ast::BlockWord;
use crate::lex::Lexed;
use crate::lines::LogicalLine;
use crate::token::{Symbol, Token, TokenKind};
use crate::vocabulary::FunctionNames;

/// The function names of a file: its `fn`s, and the soft names that it declares as values.
pub(super) fn scan(text: &str, lexed: &Lexed, lines: &[LogicalLine]) -> FunctionNames {
    let mut functions = FunctionNames::default();
    let mut block = None;
    for line in lines {
        let tokens = &lexed.tokens[line.first..line.end];
        let body = match line.starts {
            Some(word) => {
                block = Some(word);
                &tokens[1..]
            }
            None => tokens,
        };
        match block {
            Some(BlockWord::Fn) if line.starts.is_some() => {
                if let Some(name) = body.first().filter(|t| t.kind == TokenKind::Name) {
                    functions.add_function(name.text(text).into_owned());
                }
            }
            Some(BlockWord::Optimizer) if line.starts.is_some() => {}
            Some(
                BlockWord::Size
                | BlockWord::Batch
                | BlockWord::Const
                | BlockWord::Data
                | BlockWord::Param
                | BlockWord::Noise
                | BlockWord::Given
                | BlockWord::Net
                | BlockWord::Fn
                | BlockWord::Optimizer,
            ) => declared(text, body, block == Some(BlockWord::Fn), &mut functions),
            _ => {}
        }
    }
    functions
}

/// Names at the head of a declaration or after a comma of a list, followed by `=`, `:`, `,`, `[`.
/// `f'(x) = ..` in a `fn` states a derivative and declares nothing.
fn declared(text: &str, tokens: &[Token], in_function: bool, functions: &mut FunctionNames) {
    let mut depth = 0_i64;
    let mut list = true;
    if in_function && tokens.get(1).is_some_and(|t| t.is(Symbol::Prime)) {
        return;
    }
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Symbol(s) if s.closing().is_some() => depth += 1,
            TokenKind::Symbol(s) if s.is_closing() => depth -= 1,
            TokenKind::Symbol(Symbol::Colon) if depth == 0 => list = false,
            TokenKind::Name if depth == 0 && list => {
                let first = at == 0
                    || tokens[at - 1].is(Symbol::Comma)
                    || tokens[at - 1].is_word(text, "state");
                let ends = tokens.get(at + 1).is_none_or(|t| {
                    matches!(
                        t.kind,
                        TokenKind::Symbol(
                            Symbol::Equal
                                | Symbol::Colon
                                | Symbol::Comma
                                | Symbol::OpenBracket
                                | Symbol::Prime
                        )
                    )
                });
                if first && ends {
                    functions.declare(&token.text(text));
                }
            }
            _ => {}
        }
    }
}

/// The parameters in the head `fn f(a, b = 1)`: names behind `(` or `,`.
pub(super) fn parameters(text: &str, tokens: &[Token]) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut depth = 0_i64;
    for pair in tokens.windows(2) {
        if let TokenKind::Symbol(s) = pair[0].kind {
            if s.closing().is_some() {
                depth += 1;
            } else if s.is_closing() {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            if depth == 1
                && matches!(s, Symbol::OpenParen | Symbol::Comma)
                && pair[1].kind == TokenKind::Name
            {
                names.insert(pair[1].text(text).into_owned());
            }
        }
    }
    names
}
