//! Statements of the `data` block.

use super::block::{declaration, quote};
use super::cursor::{Cursor, Read};
use crate::ast::{DataSource, Scale, SourceOption, StatementKind, Text, WordNumber};
use crate::diagnostic::Diagnostic;
use crate::token::{Symbol, TokenKind};

pub(super) fn statement(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let declares = |c: &Cursor<'_>| c.peek(1).is(Symbol::Colon) || c.peek(1).is(Symbol::Comma);
    if c.at_word("split") && !declares(c) {
        c.next();
        return split(c);
    }
    if (c.at_word("test") || c.at_word("validation")) && !declares(c) {
        let part = c.name("a part of the data")?;
        let names = c.names("a name")?;
        c.expect(Symbol::Equal, " and the files")?;
        let format = c.name("a data format")?;
        let files = files(c)?;
        return Ok(StatementKind::Extra { part: Some(part), names, format, files });
    }
    if is_assignment(c) {
        generated(c)
    } else {
        Ok(StatementKind::Declaration(declaration(c, true)?))
    }
}

/// `x, y =`: names, commas, `=`.
fn is_assignment(c: &Cursor<'_>) -> bool {
    let mut at = 0;
    while c.peek(at).kind == TokenKind::Name {
        at += 1;
        if c.peek(at).is(Symbol::Equal) {
            return true;
        }
        if !c.peek(at).is(Symbol::Comma) {
            return false;
        }
        at += 1;
    }
    false
}

fn split(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let mut parts = Vec::new();
    loop {
        let word = Some(c.name("a part: train, validation, test or seed")?);
        let number = c.number("how many rows")?;
        parts.push(WordNumber { word, number });
        if !c.eat(Symbol::Comma) {
            return Ok(StatementKind::Split(parts));
        }
    }
}

/// `x, y = moons 1100 noise 0.15 seed 3`, or more files for values declared before.
fn generated(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let names = c.names("a name")?;
    c.expect(Symbol::Equal, "")?;
    let generator = c.name("a generator or a data format")?;
    if c.peek(0).kind == TokenKind::Text {
        let files = files(c)?;
        return Ok(StatementKind::Extra { part: None, names, format: generator, files });
    }
    let number = c.number("the number of rows")?;
    let mut options = vec![WordNumber { word: None, number }];
    while c.peek(0).kind == TokenKind::Name {
        let word = Some(c.name("an option")?);
        options.push(WordNumber { word, number: c.number("a number")? });
    }
    Ok(StatementKind::Generated { names, generator, options })
}

fn files(c: &mut Cursor<'_>) -> Read<Vec<Text>> {
    let mut files = vec![c.string("a file name")?];
    while c.eat(Symbol::Comma) {
        files.push(c.string("a file name")?);
    }
    Ok(files)
}

/// `csv "iris.csv" columns 1..4 / 255 - mean`
pub(super) fn source(c: &mut Cursor<'_>) -> Read<DataSource> {
    let format = c.name("a data format")?;
    check_unquoted(c)?;
    let path = match c.peek(0).kind {
        TokenKind::Text | TokenKind::OpenText => Some(c.string("a file name")?),
        _ => None,
    };
    let (mut options, mut scales) = (Vec::new(), Vec::new());
    loop {
        let token = c.peek(0);
        match token.kind {
            TokenKind::Name => match &*token.text(c.text) {
                "for" => return Ok(DataSource { format, path, options, scales }),
                "column" => {
                    c.next();
                    options.push(SourceOption::Column(c.number("a column (from 1)")?));
                }
                "columns" => {
                    c.next();
                    let first = c.number("the first column (from 1)")?;
                    c.expect(Symbol::DotDot, " between the first and the last column")?;
                    options.push(SourceOption::Columns(first, c.number("the last column")?));
                }
                "label" | "labels" | "images" => options.push(SourceOption::Word(c.name("")?)),
                _ => {
                    let known = ["column", "columns", "label", "labels", "images"];
                    return Err(c.unknown_word(
                        "unknown-source-option",
                        "an option of a source",
                        &known,
                    ));
                }
            },
            TokenKind::Symbol(
                symbol @ (Symbol::Slash | Symbol::Star | Symbol::Minus | Symbol::Plus),
            ) => {
                c.next();
                let op = symbol.text().chars().next().unwrap_or('/');
                scales.push((op, scale(c)?));
            }
            _ => return Ok(DataSource { format, path, options, scales }),
        }
    }
}

fn scale(c: &mut Cursor<'_>) -> Read<Scale> {
    if c.peek(0).kind == TokenKind::Number {
        return Ok(Scale::Number(c.number("a number")?));
    }
    let known = ["mean", "std", "min", "max"];
    if c.peek(0).kind == TokenKind::Name && known.iter().any(|w| c.at_word(w)) {
        return Ok(Scale::Statistic(c.name("a statistic")?));
    }
    let message =
        format!("data are scaled by a number, `mean`, `std`, `min` or `max`, found {}", c.found());
    Err(c.error_here("data-scale", message))
}

/// `csv iris.csv`: a file name without quotes.
fn check_unquoted(c: &Cursor<'_>) -> Read<()> {
    let first = c.peek(0);
    if first.kind != TokenKind::Name {
        return Ok(());
    }
    let mut span = first.span;
    let mut path = false;
    let mut ahead = 1;
    while c.peek(ahead).glued && c.peek(ahead).kind != TokenKind::End {
        path |= c.peek(ahead).is(Symbol::Dot) || c.peek(ahead).is(Symbol::Slash);
        span = span.to(c.peek(ahead).span);
        ahead += 1;
    }
    if !path {
        return Ok(());
    }
    let text = span.text(c.text);
    Err(Box::new(
        Diagnostic::error("unquoted-file", "a file name stands in quotes", span, "a file name")
            .repair(quote(&format!("write `\"{text}\"`"), span)),
    ))
}
