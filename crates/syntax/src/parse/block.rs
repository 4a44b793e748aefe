//! Statements of body blocks: sizes, declarations, definitions, functions, optimizers.

use super::cursor::{Cursor, Read};
use super::{data, line};
use crate::ast::{
    Applied, BlockWord, Declaration, Definition, Expr, ExprKind, Index, Initial, MemberRange,
    NamedExpr, Parameter, SizeDef, StatementKind, TypeExpr, TypeWord,
};
use crate::diagnostic::{Diagnostic, Edit, Repair};
use crate::limits;
use crate::span::Span;
use crate::token::{Symbol, TokenKind};

/// The names of distributions, to tell a forgotten `~`.
const DISTRIBUTIONS: [&str; 10] = [
    "normal",
    "uniform",
    "he",
    "he_uniform",
    "glorot",
    "glorot_uniform",
    "lecun",
    "pytorch",
    "bernoulli",
    "constant",
];

/// Reads one statement of a block; `head` if it stands behind the block word.
pub(super) fn statement(c: &mut Cursor<'_>, word: BlockWord, head: bool) -> Read<StatementKind> {
    match word {
        BlockWord::Model => Ok(StatementKind::Model(c.name("the model's name")?)),
        BlockWord::Size => sizes(c),
        BlockWord::Batch => Ok(StatementKind::Batch(c.names("a batch axis")?)),
        BlockWord::Const => Ok(StatementKind::Consts(definitions(c)?)),
        BlockWord::Data => data::statement(c),
        BlockWord::Param | BlockWord::Noise | BlockWord::Given => {
            Ok(StatementKind::Declaration(declaration(c, false)?))
        }
        BlockWord::Net => Ok(StatementKind::Definition(definition(c)?)),
        BlockWord::Fn if head => function_head(c),
        BlockWord::Fn => function_line(c),
        BlockWord::Optimizer if head => optimizer_head(c),
        BlockWord::Optimizer => optimizer_line(c),
        BlockWord::Claim => line::claim(c),
        BlockWord::Derive => line::derive(c),
        BlockWord::Train => line::train(c),
        BlockWord::Show => line::show(c),
        BlockWord::Plot => line::plot(c),
        BlockWord::Export => line::export(c),
        BlockWord::Check => line::check(c),
    }
}

fn sizes(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let mut sizes = Vec::with_capacity(1);
    loop {
        let name = c.new_name("a size's name")?;
        let member = member(c)?;
        let value = if c.eat(Symbol::Equal) { Some(c.expr()?) } else { None };
        let range = member_range(c)?;
        sizes.push(SizeDef { name, member, value, range });
        if !c.eat(Symbol::Comma) {
            return Ok(StatementKind::Sizes(sizes));
        }
    }
}

/// `'[' (NUM|NAME) ']'` behind the name of a family.
fn member(c: &mut Cursor<'_>) -> Read<Option<Box<Expr>>> {
    let open = c.peek(0);
    if !open.is(Symbol::OpenBracket) {
        return Ok(None);
    }
    let (mut indices, pad) = c.indices()?;
    let span = c.since(open.span);
    match (indices.pop(), indices.is_empty(), pad) {
        (Some(Index::At(at)), true, false)
            if matches!(at.kind, ExprKind::Number(_) | ExprKind::Name(_)) =>
        {
            Ok(Some(Box::new(at)))
        }
        _ => Err(Box::new(Diagnostic::error(
            "family-member",
            "a member of a family has one index, a number or a name: `W[1]`, `W[l]`",
            span,
            "",
        ))),
    }
}

/// `'for' NAME 'in' expr '..' expr`
fn member_range(c: &mut Cursor<'_>) -> Read<Option<Box<MemberRange>>> {
    if !c.eat_word("for") {
        return Ok(None);
    }
    let name = c.name("a layer index")?;
    c.expect_word("in", " after the layer index")?;
    let first = c.expr()?;
    c.expect(Symbol::DotDot, " between the first and the last member")?;
    let last = c.expr()?;
    Ok(Some(Box::new(MemberRange { name, first, last })))
}

/// `NAME '=' expr {',' NAME '=' expr}`
pub(super) fn definitions(c: &mut Cursor<'_>) -> Read<Vec<NamedExpr>> {
    let mut list = Vec::with_capacity(1);
    loop {
        let name = c.new_name("a name")?;
        c.expect(Symbol::Equal, " and its value")?;
        list.push(NamedExpr { name, value: c.expr()? });
        if !c.eat(Symbol::Comma) {
            return Ok(list);
        }
    }
}

/// A declaration; `sources` where `= csv "f"` may follow.
pub(super) fn declaration(c: &mut Cursor<'_>, sources: bool) -> Read<Declaration> {
    let mut names = vec![c.new_name("a name")?];
    let member = member(c)?;
    while member.is_none() && c.eat(Symbol::Comma) {
        names.push(c.new_name("a name")?);
    }
    check_missing_colon(c)?;
    c.expect(Symbol::Colon, " and a type")?;
    let ty = type_expr(c)?;
    let per = if c.eat_word("per") { Some(c.name("a batch axis")?) } else { None };
    let initial = if c.eat(Symbol::Tilde) {
        Initial::Drawn(applied(c, "a distribution")?)
    } else if c.eat(Symbol::Equal) {
        if sources {
            Initial::Source(Box::new(data::source(c)?))
        } else {
            Initial::Value(c.expr()?)
        }
    } else {
        check_forgotten_tilde(c)?;
        Initial::None
    };
    let range = member_range(c)?;
    Ok(Declaration { names, member, ty, per, initial, range })
}

/// `W R[H, d]`
fn check_missing_colon(c: &Cursor<'_>) -> Read<()> {
    let token = c.peek(0);
    let word = token.kind == TokenKind::Name
        && TypeWord::ALL.iter().any(|t| t.text() == token.text(c.text));
    if !word {
        return Ok(());
    }
    let message = "a colon stands between the name and its type";
    let before = c.previous().map_or(token.span.before(), |t| t.span.after());
    Err(Box::new(Diagnostic::error("missing-colon", message, token.span, "the type").replace(
        "insert `:`",
        before,
        " :",
    )))
}

fn check_forgotten_tilde(c: &Cursor<'_>) -> Read<()> {
    let token = c.peek(0);
    if token.kind == TokenKind::Name && DISTRIBUTIONS.contains(&&*token.text(c.text)) {
        return Err(Box::new(
            Diagnostic::error(
                "distribution",
                "a distribution follows `~`",
                token.span,
                "a distribution",
            )
            .replace("insert `~`", token.span.before(), "~ "),
        ));
    }
    Ok(())
}

/// `NAME ['(' args ')']`
pub(super) fn applied(c: &mut Cursor<'_>, what: &str) -> Read<Applied> {
    let name = c.name(what)?;
    let args = if c.at_symbol(Symbol::OpenParen) { Some(c.args()?) } else { None };
    Ok(Applied { name, args })
}

/// `R[H, d]`, `label[K][N]`
pub(super) fn type_expr(c: &mut Cursor<'_>) -> Read<TypeExpr> {
    let token = c.peek(0);
    let words: Vec<&str> = TypeWord::ALL.iter().map(|t| t.text()).collect();
    if token.kind != TokenKind::Name {
        let message = format!("expected a type, found {}", c.found());
        let mut found = Diagnostic::error("expected-type", message, token.span, "")
            .note(format!("types: {}", words.join(" ")));
        if token.is(Symbol::OpenBracket) {
            found = found.replace("real numbers: `R[..]`", token.span.before(), "R");
        }
        return Err(Box::new(found));
    }
    let text = token.text(c.text).into_owned();
    let Some(mut word) = TypeWord::ALL.into_iter().find(|t| t.text() == text) else {
        let mut found = c.unknown_word("unknown-type", "a type", &words);
        if found.repairs.is_empty() && text.to_ascii_lowercase().starts_with('r') {
            found = Box::new(found.replace("did you mean `R`?", token.span, "R"));
        }
        return Err(found);
    };
    c.next();
    if word == TypeWord::Real && c.at_symbol(Symbol::Plus) && c.peek(0).glued {
        c.next();
        word = TypeWord::Positive;
    }
    check_round_brackets(c)?;
    let mut brackets = Vec::new();
    while c.at_symbol(Symbol::OpenBracket) {
        brackets.push(type_sizes(c)?);
    }
    Ok(TypeExpr { word, brackets, span: c.since(token.span) })
}

/// `R(H, d)`
fn check_round_brackets(c: &Cursor<'_>) -> Read<()> {
    let open = c.peek(0);
    if !open.is(Symbol::OpenParen) || !open.glued {
        return Ok(());
    }
    let message = "sizes stand in square brackets: `R[n, m]`";
    let mut found = Diagnostic::error("type-brackets", message, open.span, "");
    if let Some(behind) = c.behind_bracket(0) {
        let close = c.peek(behind - 1).span;
        found = found.repair(Repair::edits(
            "square brackets",
            vec![
                Edit { span: open.span, text: "[".into() },
                Edit { span: close, text: "]".into() },
            ],
        ));
    }
    Err(Box::new(found))
}

fn type_sizes(c: &mut Cursor<'_>) -> Read<Vec<Expr>> {
    let open = c.peek(0);
    let (indices, pad) = c.indices()?;
    let bracket = c.since(open.span);
    let whole_axis = indices.iter().any(|i| matches!(i, Index::All(_)));
    let sizes: Vec<Expr> = indices
        .into_iter()
        .filter_map(|i| match i {
            Index::At(e) => Some(e),
            Index::All(_) => None,
        })
        .collect();
    if pad || whole_axis {
        let message = "a type names its sizes: `R[n, m]`";
        return Err(Box::new(Diagnostic::error("type-sizes", message, bracket, "no size here")));
    }
    Ok(sizes)
}

/// A definition of `net`, `fn` or `optimizer`.
fn definition(c: &mut Cursor<'_>) -> Read<Definition> {
    let start = c.peek(0).span;
    let name = c.new_name("a name")?;
    let (mut indices, mut bracket) = (None, None);
    if c.at_symbol(Symbol::OpenBracket) {
        let open = c.peek(0).span;
        let (list, pad) = c.indices()?;
        let span = c.since(open);
        indices = Some(plain_indices(list, pad, span)?);
        bracket = Some(span);
    }
    let next = c.states && c.eat(Symbol::Prime);
    check_colon_equals(c)?;
    let ty = if c.eat(Symbol::Colon) { Some(type_expr(c)?) } else { None };
    let token = c.peek(0);
    if token.is(Symbol::EqualEqual) {
        return Err(Box::new(
            Diagnostic::error("definition-equality", "a definition uses `=`", token.span, "")
                .label(start, "defined here")
                .replace("define it", token.span, "="),
        ));
    }
    if token.is(Symbol::Less) && c.peek(1).is(Symbol::Minus) && c.peek(1).glued {
        let arrow = token.span.to(c.peek(1).span);
        return Err(Box::new(
            Diagnostic::error("definition-equality", "a definition uses `=`", arrow, "").replace(
                "define it",
                arrow,
                "=",
            ),
        ));
    }
    c.expect(Symbol::Equal, " in a definition")?;
    let value = c.expr()?;
    let range = member_range(c)?;
    Ok(Definition { name, next, indices, bracket, ty, value, range })
}

/// `z := W x`
fn check_colon_equals(c: &Cursor<'_>) -> Read<()> {
    let (colon, equal) = (c.peek(0), c.peek(1));
    if colon.is(Symbol::Colon) && equal.is(Symbol::Equal) && equal.glued {
        let both = colon.span.to(equal.span);
        return Err(Box::new(
            Diagnostic::error("definition-equality", "a definition uses `=`", both, "").replace(
                "define it",
                both,
                "=",
            ),
        ));
    }
    Ok(())
}

/// The left side's indices are different plain names, or numbers.
fn plain_indices(list: Vec<Index>, pad: bool, span: Span) -> Read<Vec<Expr>> {
    let mut plain: Vec<Expr> = Vec::new();
    for index in list {
        let repeated = |e: &Expr| plain.iter().any(|p| p.kind == e.kind);
        match index {
            Index::At(e)
                if matches!(e.kind, ExprKind::Number(_) | ExprKind::Name(_))
                    && !repeated(&e)
                    && !pad =>
            {
                plain.push(e);
            }
            _ => {
                return Err(Box::new(Diagnostic::error(
                    "left-indices",
                    "the left side of a definition has different plain index names: `Y[o,u] = ..`",
                    span,
                    "",
                )));
            }
        }
    }
    Ok(plain)
}

fn parameters(c: &mut Cursor<'_>) -> Read<Vec<Parameter>> {
    let open = c.expect(Symbol::OpenParen, " and the parameters")?;
    let mut params = Vec::new();
    let mut more = !c.at_symbol(Symbol::CloseParen);
    while more {
        let name = c.name("a parameter")?;
        let ty = if c.eat(Symbol::Colon) { Some(type_expr(c)?) } else { None };
        let default = if c.eat(Symbol::Equal) { Some(c.expr()?) } else { None };
        c.check_count(params.len(), limits::PARAMETERS, "limit-parameters", "parameters")?;
        params.push(Parameter { name, ty, default });
        more = c.eat(Symbol::Comma);
    }
    c.close(open)?;
    Ok(params)
}

fn function_head(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let name = c.name("a function's name")?;
    if crate::vocabulary::FUNCTIONS.contains(&&*name.text) {
        let message = format!("`{}` is a function of the language already", name.text);
        let new = format!("my_{}", name.text);
        return Err(Box::new(
            Diagnostic::error("function-name", message, name.span, "its meaning is fixed").replace(
                format!("call it `{new}`"),
                name.span,
                &new,
            ),
        ));
    }
    let params = parameters(c)?;
    c.expect(Symbol::Equal, " and what the function computes")?;
    Ok(StatementKind::FnHead { name, params, body: c.expr()? })
}

/// `f'(x) = ..`, or a local definition.
fn function_line(c: &mut Cursor<'_>) -> Read<StatementKind> {
    if !c.peek(1).is(Symbol::Prime) {
        return Ok(StatementKind::Definition(definition(c)?));
    }
    let name = c.name("the function's name")?;
    let mut primes = 0;
    while c.at_symbol(Symbol::Prime) {
        c.check_count(primes as usize, limits::PRIMES as usize, "limit-primes", "primes")?;
        c.next();
        primes += 1;
    }
    let open = c.expect(Symbol::OpenParen, " and the argument")?;
    let params = c.names("an argument")?;
    c.close(open)?;
    c.expect(Symbol::Equal, " and the derivative")?;
    Ok(StatementKind::Stated { name, primes, params, value: c.expr()? })
}

fn optimizer_head(c: &mut Cursor<'_>) -> Read<StatementKind> {
    let name = c.name("the optimizer's name")?;
    Ok(StatementKind::OptimizerHead { name, params: parameters(c)? })
}

fn optimizer_line(c: &mut Cursor<'_>) -> Read<StatementKind> {
    c.states = true;
    let state = c.at_word("state") && c.peek(1).kind == TokenKind::Name;
    if state {
        c.next();
        return Ok(StatementKind::State(definitions(c)?));
    }
    Ok(StatementKind::Definition(definition(c)?))
}

/// A repair that quotes `span`.
pub(super) fn quote(message: &str, span: Span) -> Repair {
    Repair::edits(
        message,
        vec![
            Edit { span: span.before(), text: "\"".into() },
            Edit { span: span.after(), text: "\"".into() },
        ],
    )
}
