//! Lengths as text: `S - k + 1`, `C2 * P * P`.

use std::collections::BTreeSet;

use chainrule_graph::{Module, Ratio, Size};
use chainrule_syntax::ast::{Expr, ExprKind, ProductOp, Sign, StatementKind};
use chainrule_syntax::parse;

use super::target::Level;

/// Most denominators that are tried.
const MOST_PARTS: i64 = 64;

/// How lengths are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lengths {
    /// `S // 2`
    Python,
    /// `S / 2`
    Rust,
}

/// The tree of a text such as `S - k + 1`.
fn tree(text: &str) -> Option<Expr> {
    let parsed = parse(&format!("show x = {text}"));
    let statement = parsed.file.blocks.into_iter().next()?.statements.into_iter().next()?;
    match statement.kind {
        StatementKind::Show(list) => list.into_iter().next()?.1,
        _ => None,
    }
}

/// The size as whole parts over one number: `n (n + 1)` and 2.
fn whole(module: &Module, size: &Size) -> (String, i64) {
    let text = module.sizes.text(size);
    if !text.contains('/') {
        return (text, 1);
    }
    for parts in 2..=MOST_PARTS {
        if let Ok(scaled) = size.scaled(Ratio::whole_number(i128::from(parts))) {
            let text = module.sizes.text(&scaled);
            if !text.contains('/') {
                return (text, parts);
            }
        }
    }
    (text, 1)
}

/// A size as code; as a `number` it need not be whole.
pub(super) fn text(
    module: &Module,
    size: &Size,
    lengths: Lengths,
    number: bool,
) -> (String, Level) {
    let (text, parts) = whole(module, size);
    let (text, level) = match tree(&text) {
        Some(tree) => expr(&tree),
        None => (text, Level::Any),
    };
    if parts == 1 {
        return (text, level);
    }
    let text = if level < Level::Product { format!("({text})") } else { text };
    let slash = if lengths == Lengths::Python && !number { "//" } else { "/" };
    (format!("{text} {slash} {parts}"), Level::Product)
}

/// The names that a size is written with.
pub(super) fn names(module: &Module, size: &Size) -> BTreeSet<String> {
    words(&whole(module, size).0)
}

/// The words of a text.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !inside(c))
        .filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(String::from)
        .collect()
}

fn at(tree: &Expr, level: Level) -> String {
    let (text, own) = expr(tree);
    if own < level { format!("({text})") } else { text }
}

/// A sum of products of names and whole numbers.
fn expr(tree: &Expr) -> (String, Level) {
    match &tree.kind {
        ExprKind::Name(name) => (name.clone(), Level::Atom),
        ExprKind::Number(number) => (format!("{}", number.value), Level::Atom),
        ExprKind::Paren(inner) => expr(inner),
        ExprKind::Negative(inner) => (format!("-{}", at(inner, Level::Minus)), Level::Minus),
        ExprKind::Power(base, power) => {
            let count = match &power.kind {
                ExprKind::Number(number) => number.value as usize,
                _ => 1,
            };
            let factor = at(base, Level::Minus);
            (vec![factor; count.max(1)].join(" * "), Level::Product)
        }
        ExprKind::Product { first, rest } => {
            let mut out = at(first, Level::Product);
            for factor in rest {
                let word = if factor.op == ProductOp::Slash { "/" } else { "*" };
                out = format!("{out} {word} {}", at(&factor.value, Level::Minus));
            }
            (out, Level::Product)
        }
        ExprKind::Sum(terms) => {
            let mut out = String::new();
            for (sign, term) in terms {
                match (out.is_empty(), sign) {
                    (true, Sign::Plus) => {}
                    (true, Sign::Minus) => out.push('-'),
                    (false, Sign::Plus) => out.push_str(" + "),
                    (false, Sign::Minus) => out.push_str(" - "),
                }
                out.push_str(&at(term, Level::Product));
            }
            (out, Level::Sum)
        }
        _ => (chainrule_syntax::print::expr(tree), Level::Any),
    }
}

/// The formula behind a declared name, as code.
pub(super) fn formula(
    module: &Module,
    size: &Size,
    name: &str,
    lengths: Lengths,
) -> (String, Level) {
    let scaled = |parts: i64| size.scaled(Ratio::whole_number(i128::from(parts))).ok();
    for parts in 1..=MOST_PARTS {
        let Some(whole) = scaled(parts) else { break };
        let text = module.sizes.formula(&whole, name);
        if text.contains('/') {
            continue;
        }
        let Some((text, level)) = tree(&text).map(|t| expr(&t)) else { break };
        if parts == 1 {
            return (text, level);
        }
        let text = if level < Level::Product { format!("({text})") } else { text };
        let slash = if lengths == Lengths::Python { "//" } else { "/" };
        return (format!("{text} {slash} {parts}"), Level::Product);
    }
    (module.sizes.formula(size, name), Level::Any)
}

/// A size as a whole number, written as code, over another.
pub(super) fn parts(module: &Module, size: &Size) -> (String, i64) {
    let (text, parts) = whole(module, size);
    (tree(&text).map_or(text, |tree| expr(&tree).0), parts)
}
