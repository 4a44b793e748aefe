//! Statements of line blocks: claims, derivations, trainings, shows, plots, exports, checks.

use super::block::{applied, definitions, quote, type_expr};
use super::cursor::{Cursor, Read};
use crate::ast::{
    Amount, Assertion, CheckOption, Claim, Comparison, Derive, DeriveOption, Expected, Expr,
    Layout, Name, Plot, PlotClause, PlotSubject, Relation, Series, StatementKind, Train,
    TrainOption,
};
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::suggest::nearest;
use crate::token::{Symbol, TokenKind};

pub(super) fn claim(c: &mut Cursor<'_>) -> Read<StatementKind> {
    check_unquoted_name(c)?;
    let name = c.string("the claim's name")?;
    let forall = if c.eat_word("forall") {
        let binders = c.binders()?;
        c.expect(Symbol::Colon, " after the indices of `forall`")?;
        Some(binders)
    } else {
        None
    };
    let first = c.expr()?;
    let assertion = if c.eat(Symbol::Colon) {
        Assertion::Type(type_expr(c)?)
    } else {
        Assertion::Links(links(c)?)
    };
    let mut claim = Claim {
        name,
        forall,
        first,
        assertion,
        condition: None,
        locals: Vec::new(),
        replaced: Vec::new(),
        layout: None,
        expect: None,
    };
    clauses(c, &mut claim)?;
    Ok(StatementKind::Claim(Box::new(claim)))
}

fn check_unquoted_name(c: &Cursor<'_>) -> Read<()> {
    let token = c.peek(0);
    if token.kind == TokenKind::Name {
        let message = format!("the claim's name stands in quotes: `\"{}\"`", token.text(c.text));
        return Err(Box::new(
            Diagnostic::error("unquoted-claim", message, token.span, "")
                .repair(quote("quote it", token.span)),
        ));
    }
    Ok(())
}

fn relation(c: &Cursor<'_>) -> Option<Relation> {
    if c.at_symbol(Symbol::Equal) {
        return Some(Relation::Equal);
    }
    c.comparison().filter(|op| *op != Comparison::Equal).map(Relation::Compare)
}

fn links(c: &mut Cursor<'_>) -> Read<Vec<(Relation, Expr)>> {
    let mut links = Vec::with_capacity(1);
    while let Some(relation) = relation(c) {
        c.next();
        links.push((relation, c.expr()?));
    }
    if links.is_empty() {
        if c.at_symbol(Symbol::EqualEqual) {
            return Err(c.claim_equality());
        }
        if c.peek(0).kind == TokenKind::End || c.peek(0).kind == TokenKind::Name {
            let message = "a claim needs `=` and a right side, or `:` and a type";
            return Err(c.error_here("claim-without-relation", message));
        }
        c.finish(true)?;
    }
    Ok(links)
}

/// `if`, `where`, `for`, `layout`, `expect`, each once.
fn clauses(c: &mut Cursor<'_>, claim: &mut Claim) -> Read<()> {
    let mut seen: Vec<(String, Span)> = Vec::new();
    loop {
        let token = c.peek(0);
        let word = c.word_of(token);
        if token.kind != TokenKind::Name
            || !["if", "where", "for", "layout", "expect"].contains(&&*word)
        {
            return Ok(());
        }
        if let Some((_, earlier)) = seen.iter().find(|(w, _)| *w == word) {
            let message = format!("`{word}` is given twice");
            return Err(Box::new(
                Diagnostic::error("clause-twice", message, token.span, "the second")
                    .label(*earlier, "the first"),
            ));
        }
        seen.push((word.clone(), token.span));
        c.next();
        match &*word {
            "if" => claim.condition = Some(c.condition()?),
            "where" => claim.locals = definitions(c)?,
            "for" => claim.replaced = definitions(c)?,
            "layout" => claim.layout = Some(layout(c)?),
            _ => claim.expect = Some(expected(c)?),
        }
    }
}

fn layout(c: &mut Cursor<'_>) -> Read<(Layout, Span)> {
    let token = c.peek(0);
    let all = [Layout::Numerator, Layout::Denominator];
    if let Some(layout) = all.into_iter().find(|l| c.at_word(l.text())) {
        c.next();
        return Ok((layout, token.span));
    }
    Err(c.unknown_word("unknown-layout", "a layout", &["numerator", "denominator"]))
}

/// A verdict: words joined by `-` without blanks.
fn expected(c: &mut Cursor<'_>) -> Read<(Expected, Span)> {
    let start = c.next();
    let mut word = c.word_of(start);
    let mut span = start.span;
    while c.at_symbol(Symbol::Minus) && c.peek(0).glued && c.peek(1).glued {
        c.next();
        let part = c.next();
        word.push('-');
        word.push_str(&part.text(c.text));
        span = span.to(part.span);
    }
    if let Some((verdict, _)) = Expected::ALL.iter().find(|(_, w)| *w == word) {
        return Ok((*verdict, span));
    }
    let words = Expected::ALL.iter().map(|(_, w)| *w);
    let message = if word.is_empty() {
        "a verdict is missing".into()
    } else {
        format!("`{word}` is not a verdict")
    };
    let mut found = Diagnostic::error("unknown-verdict", message, span, "");
    match nearest(&word, words.clone()) {
        Some(near) => found = found.replace(format!("did you mean `{near}`?"), span, near),
        None => found = found.note(format!("verdicts: {}", words.collect::<Vec<_>>().join(" "))),
    }
    Err(Box::new(found))
}

pub(super) fn derive(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let mut targets = vec![c.factor()?];
    while c.eat(Symbol::Comma) {
        targets.push(c.factor()?);
    }
    let mut options = Vec::new();
    loop {
        let token = c.peek(0);
        if token.kind != TokenKind::Name {
            return Ok(StatementKind::Derive(Derive { targets, options }));
        }
        let option = match &*token.text(c.text) {
            "steps" => DeriveOption::Steps,
            "brief" => DeriveOption::Brief,
            "full" => DeriveOption::Full,
            "index" => DeriveOption::Index,
            "layout" => {
                c.next();
                options.push(DeriveOption::Layout(layout(c)?.0));
                continue;
            }
            "form" => {
                c.next();
                let known = ["sample", "batch"];
                if !known.iter().any(|w| c.at_word(w)) {
                    return Err(c.unknown_word("unknown-form", "a form", &known));
                }
                options.push(if c.at_word("sample") {
                    DeriveOption::FormSample
                } else {
                    DeriveOption::FormBatch
                });
                c.next();
                continue;
            }
            _ => {
                let known = ["steps", "brief", "full", "index", "layout", "form"];
                return Err(c.unknown_word(
                    "unknown-derive-option",
                    "an option of `derive`",
                    &known,
                ));
            }
        };
        c.next();
        options.push(option);
    }
}

const TRAIN_OPTIONS: [&str; 11] = [
    "epochs", "steps", "batch", "seed", "minutes", "as", "schedule", "stop", "clip", "with", "for",
];

pub(super) fn train(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let loss = c.name("the loss")?;
    c.expect_word("by", " and an optimizer")?;
    let optimizer = applied(c, "an optimizer")?;
    let mut options = Vec::new();
    loop {
        let token = c.peek(0);
        if token.kind != TokenKind::Name {
            return Ok(StatementKind::Train(Train { loss, optimizer, options }));
        }
        let word = Name { text: c.word_of(token), span: token.span };
        if !TRAIN_OPTIONS.contains(&&*word.text) {
            return Err(c.unknown_word(
                "unknown-train-option",
                "a training option",
                &TRAIN_OPTIONS,
            ));
        }
        c.next();
        let option = match &*word.text {
            "as" => TrainOption::As(c.name("the training's name")?),
            "schedule" | "stop" | "clip" => {
                TrainOption::Applied(word.clone(), applied(c, "its name")?)
            }
            "with" => {
                // `with lr = 5 epochs 3`: the options are no factors of 5.
                c.stops = &TRAIN_OPTIONS;
                let list = definitions(c)?;
                c.stops = &[];
                TrainOption::With(list)
            }
            "for" => TrainOption::For(grid(c)?),
            _ => TrainOption::Amount(word.clone(), amount(c, &word.text)?),
        };
        options.push(option);
    }
}

fn amount(c: &mut Cursor<'_>, word: &str) -> Read<Amount> {
    match c.peek(0).kind {
        TokenKind::Number => Ok(Amount::Number(c.number("a number")?)),
        TokenKind::Name => Ok(Amount::Name(c.name("a number")?)),
        _ => {
            let message = format!("`{word}` needs a number, found {}", c.found());
            Err(c.error_here("expected-number", message))
        }
    }
}

/// `H in {2, 4}, epochs in {50, 100}`
fn grid(c: &mut Cursor<'_>) -> Read<Vec<(Name, Vec<Expr>)>> {
    let mut grid = Vec::new();
    loop {
        let name = c.name("a size or a training option")?;
        c.expect_word("in", " and the values in braces")?;
        let open = c.expect(Symbol::OpenBrace, " and the values")?;
        let mut values = vec![c.expr()?];
        while c.eat(Symbol::Comma) {
            values.push(c.expr()?);
        }
        c.close(open)?;
        grid.push((name, values));
        if !c.eat(Symbol::Comma) {
            return Ok(grid);
        }
    }
}

pub(super) fn show(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let mut list = Vec::with_capacity(1);
    loop {
        let name = c.new_name("a quantity's name")?;
        let value = if c.eat(Symbol::Equal) { Some(c.expr()?) } else { None };
        list.push((name, value));
        if !c.eat(Symbol::Comma) {
            return Ok(StatementKind::Show(list));
        }
    }
}

pub(super) fn plot(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let kinds = ["boundary", "weights", "confusion", "network"];
    let picture = kinds.iter().any(|k| c.at_word(k))
        && c.peek(1).kind == TokenKind::Name
        && !["on", "against", "for", "to"].contains(&&*c.word_of(c.peek(1)));
    let (subject, known): (PlotSubject, &[&str]) = if picture {
        let kind = c.name("a picture")?;
        (PlotSubject::Picture(kind, c.name("a value")?), &["over", "with", "for", "on", "to"])
    } else {
        (PlotSubject::Series(series(c)?), &["against", "for", "on", "to"])
    };
    let mut clauses = Vec::new();
    while c.peek(0).kind == TokenKind::Name {
        if !known.iter().any(|k| c.at_word(k)) {
            return Err(c.unknown_word("unknown-plot-clause", "a clause of `plot`", known));
        }
        let token = c.next();
        let word = Name { text: c.word_of(token), span: token.span };
        clauses.push(if word.text == "to" {
            PlotClause::To(c.string("a file name")?)
        } else {
            PlotClause::Names(word, c.names("a name")?)
        });
    }
    Ok(StatementKind::Plot(Plot { subject, clauses }))
}

fn series(c: &mut Cursor<'_>) -> Read<Vec<Series>> {
    let mut list = Vec::with_capacity(1);
    loop {
        let names = c.names("a quantity to plot")?;
        let on = if c.eat_word("on") { c.names("a part of the data")? } else { Vec::new() };
        list.push(Series { names, on });
        if !c.eat(Symbol::Semicolon) {
            return Ok(list);
        }
    }
}

pub(super) fn export(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let mut list = Vec::with_capacity(1);
    loop {
        let format = c.name("a format")?;
        list.push((format, c.string("a file name")?));
        if !c.eat(Symbol::Comma) {
            return Ok(StatementKind::Export(list));
        }
    }
}

pub(super) fn check(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let what = c.names("what is checked (`all`, a value, a claim)")?;
    let mut options = Vec::new();
    if !c.eat_word("with") {
        return Ok(StatementKind::Check(what, options));
    }
    loop {
        if c.at_word("random") && c.peek(1).kind == TokenKind::Name {
            c.next();
            let name = c.name("a size")?;
            c.expect_word("in", " and the range")?;
            let first = c.number("the smallest size")?;
            c.expect(Symbol::DotDot, " between the smallest and the largest")?;
            options.push(CheckOption::Random(name, first, c.number("the largest size")?));
        } else {
            let word = c.name("an option")?;
            options.push(CheckOption::Number(word, c.number("a number")?));
        }
        if !c.eat(Symbol::Comma) {
            return Ok(StatementKind::Check(what, options));
        }
    }
}
