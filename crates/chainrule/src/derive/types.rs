//! Types and shapes as mathematics.

use chainrule_syntax::ast::{Declaration, Expr, StatementKind, TypeExpr, TypeWord};
use chainrule_syntax::parse;

use crate::notation::{self, Context, Fence, Math, Sign};

/// `x ∈ ℝ^{d}`, with `per N` as words behind it.
pub(super) fn membership(context: &Context, name: &str, type_text: &str) -> (Math, String) {
    let name = notation::read(name)
        .map_or_else(|| Math::Text(name.into()), |e| notation::typeset(context, &e));
    let Some(declaration) = declared(type_text) else {
        return (name, format!(": {type_text}"));
    };
    let set = set(context, &declaration.ty);
    let per = declaration.per.as_ref().map_or(String::new(), |per| format!("per {}", per.text));
    (Math::Row(vec![name, Math::Sign(Sign::In), set]), per)
}

fn declared(type_text: &str) -> Option<Declaration> {
    let parsed = parse(&format!("given\n  x : {type_text}\n"));
    let statement = parsed.file.blocks.into_iter().next()?.statements.into_iter().next()?;
    match statement.kind {
        StatementKind::Declaration(declaration) if parsed.diagnostics.is_empty() => {
            Some(declaration)
        }
        _ => None,
    }
}

fn set(context: &Context, ty: &TypeExpr) -> Math {
    let times = |sizes: &[Expr]| product(sizes.iter().map(|s| notation::typeset(context, s)));
    let all: Vec<Expr> = ty.brackets.concat();
    let raised = |base: Math, sizes: &[Expr]| match sizes {
        [] => base,
        sizes => scripted(base, None, Some(times(sizes))),
    };
    let word = |word: &str| scripted(Math::Word(word.into()), Some(times(&all)), None);
    let zero_to = |last: Math| {
        let list = vec![
            Math::Number("0".into()),
            Math::Sign(Sign::Comma),
            Math::Sign(Sign::Dots),
            Math::Sign(Sign::Comma),
            last,
        ];
        Math::Fenced(Fence::Brace, Box::new(Math::Row(list)))
    };
    match ty.word {
        TypeWord::Real => raised(Math::Sign(Sign::Reals), &all),
        TypeWord::Positive => {
            let positive = vec![Math::Sign(Sign::Greater), Math::Number("0".into())];
            let sup = (!all.is_empty()).then(|| times(&all));
            scripted(Math::Sign(Sign::Reals), Some(Math::Row(positive)), sup)
        }
        TypeWord::Integer => raised(Math::Sign(Sign::Integers), &all),
        TypeWord::Label => {
            let last = match ty.brackets.first().and_then(|b| b.first()) {
                Some(count) => Math::Row(vec![
                    notation::typeset(context, count),
                    Math::Sign(Sign::Minus),
                    Math::Number("1".into()),
                ]),
                None => Math::Sign(Sign::Infinity),
            };
            raised(zero_to(last), ty.brackets.get(1).map_or(&[][..], |b| b))
        }
        TypeWord::Prob => {
            let interval =
                vec![Math::Number("0".into()), Math::Sign(Sign::Comma), Math::Number("1".into())];
            raised(Math::Fenced(Fence::Square, Box::new(Math::Row(interval))), &all)
        }
        TypeWord::Mask => {
            let pair =
                vec![Math::Number("0".into()), Math::Sign(Sign::Comma), Math::Number("1".into())];
            raised(Math::Fenced(Fence::Brace, Box::new(Math::Row(pair))), &all)
        }
        TypeWord::Sym => word("Sym"),
        TypeWord::Spd => word("SPD"),
    }
}

fn scripted(base: Math, sub: Option<Math>, sup: Option<Math>) -> Math {
    Math::Script { base: Box::new(base), sub: sub.map(Box::new), sup: sup.map(Box::new) }
}

fn product(parts: impl Iterator<Item = Math>) -> Math {
    let mut row = Vec::new();
    for part in parts {
        if !row.is_empty() {
            row.push(Math::Sign(Sign::Times));
        }
        row.push(part);
    }
    Math::row(row)
}

/// `K x N per M`, `(K x N)(N x H)`: the shape, and words behind it. Nothing for a number.
pub(super) fn shape(context: &Context, text: &str) -> Option<(Math, String)> {
    if text.is_empty() || matches!(text, "scalar" | "a number") {
        return None;
    }
    let (sizes, per) = match text.split_once(" per ") {
        Some((sizes, per)) => (sizes, format!("per {per}")),
        None => (text, String::new()),
    };
    let one = |sizes: &str| -> Math {
        let size = |s: &str| match notation::read(s) {
            // `n x (n n)`
            Some(size) if s.contains(' ') => {
                Math::Fenced(Fence::Paren, Box::new(notation::typeset(context, &size)))
            }
            Some(size) => notation::typeset(context, &size),
            None => Math::Text(s.into()),
        };
        product(sizes.split(" x ").map(size))
    };
    let whole = sizes.strip_prefix('(').and_then(|s| s.strip_suffix(')'));
    // `n x (n n)` is a size in parentheses, `(K x N)(N x H)` are factors.
    let factors = whole.filter(|s| s.contains(")(") || s.contains(" x "));
    let math = match factors {
        Some(inner) => {
            let fenced = |s: &str| Math::Fenced(Fence::Paren, Box::new(one(s)));
            Math::row(inner.split(")(").map(fenced).collect())
        }
        None if matches!(sizes, "scalar" | "a number") => return Some((Math::Row(vec![]), per)),
        None => one(sizes),
    };
    Some((math, per))
}
