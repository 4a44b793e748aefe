//! Typst.

use super::name::greek;
use super::{Fence, Large, Math};

/// The formula for Typst's mathematics mode.
///
/// ```
/// use chainrule::notation::{self, Context};
///
/// let formula = notation::read("1/N (P - Y) X^T").expect("an expression");
/// let math = notation::typeset(&Context::default(), &formula);
/// assert_eq!(notation::typst(&math), "frac(1, N) paren.l P - Y paren.r X^(top)");
/// ```
pub fn typst(math: &Math) -> String {
    let mut out = String::new();
    write(&mut out, math);
    out
}

fn write(out: &mut String, math: &Math) {
    match math {
        Math::Row(parts) => parts.iter().for_each(|p| write(out, p)),
        Math::Fenced(fence, inner) => {
            let (open, close) = brackets(*fence);
            if inner.is_tall() {
                push(out, &format!("lr({open}"));
                write(out, inner);
                push(out, &format!("{close})"));
            } else {
                push(out, open);
                write(out, inner);
                push(out, close);
            }
        }
        Math::Bracket { fence, opens, is_tall } => {
            let (open, close) = brackets(*fence);
            let own = if *opens { open } else { close };
            push(out, &if *is_tall { format!("lr({own}, size: #180%)") } else { own.into() });
        }
        Math::Script { base, sub, sup } => {
            grouped(out, base);
            for (mark, part) in [('_', sub), ('^', sup)] {
                if let Some(part) = part {
                    out.push(mark);
                    argument(out, part);
                }
            }
        }
        Math::Fraction(above, below) => {
            push(out, "frac(");
            write(out, above);
            out.push_str(", ");
            write(out, below);
            out.push(')');
        }
        Math::Root(inner) => {
            push(out, "sqrt(");
            write(out, inner);
            out.push(')');
        }
        Math::Big { op, under, over } => {
            push(out, large(*op));
            for (mark, part) in [('_', under), ('^', over)] {
                if let Some(part) = part {
                    out.push(mark);
                    argument(out, part);
                }
            }
        }
        Math::Thin => push(out, "thin"),
        _ => leaf(out, math),
    }
}

/// Letters, numbers, words and signs.
fn leaf(out: &mut String, math: &Math) {
    match math {
        Math::Number(text) => push(out, text),
        Math::Letter(text) => match greek(text) {
            Some('ε') => push(out, "epsilon"),
            Some(_) => push(out, text),
            None if text == "ell" => push(out, "ell"),
            None => push(out, text),
        },
        Math::Name(text) => push(out, &format!("italic(\"{text}\")")),
        Math::Word(text) if text == "argmax" => push(out, "op(\"arg max\")"),
        Math::Word(text) => push(out, &format!("op(\"{}\")", text.replace('_', "-"))),
        Math::Bold(digit) => push(out, &format!("bold({digit})")),
        Math::Text(text) if text.chars().all(|c| c == '′') => {
            push(out, &"prime ".repeat(text.chars().count()));
        }
        Math::Text(text) => push(out, &format!("\"{}\"", quoted(text))),
        Math::Sign(sign) => push(out, sign.spelling().2),
        _ => {}
    }
}

/// A base of one piece, so that the script belongs to all of it.
fn grouped(out: &mut String, base: &Math) {
    match base {
        Math::Fenced(fence, inner) if !inner.is_tall() => {
            let (open, close) = brackets(*fence);
            push(out, &format!("lr({open}"));
            write(out, inner);
            push(out, &format!("{close})"));
        }
        _ => write(out, base),
    }
}

fn argument(out: &mut String, math: &Math) {
    out.push('(');
    write(out, math);
    out.push(')');
}

fn push(out: &mut String, token: &str) {
    if !(out.is_empty() || out.ends_with(['(', ' '])) {
        out.push(' ');
    }
    out.push_str(token);
}

fn brackets(fence: Fence) -> (&'static str, &'static str) {
    match fence {
        Fence::Paren => ("paren.l", "paren.r"),
        Fence::Square => ("bracket.l", "bracket.r"),
        Fence::Brace => ("brace.l", "brace.r"),
        Fence::Bar => ("bar.v", "bar.v"),
        Fence::Norm => ("bar.v.double", "bar.v.double"),
        Fence::Angle => ("chevron.l", "chevron.r"),
    }
}

fn large(op: Large) -> &'static str {
    match op {
        Large::Sum => "sum",
        Large::Product => "product",
        Large::Max => "max",
        Large::Min => "min",
        Large::Mean => "op(\"mean\", limits: #true)",
    }
}

/// Text between quotes.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Text for a Typst document.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "\\#$*_`<>@=-+/[]~\"'".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
