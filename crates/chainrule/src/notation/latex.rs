//! LaTeX with `amsmath` and `amssymb`.

use super::{Class, Fence, Large, Math, Sign};

/// The formula for LaTeX's mathematics mode; needs the packages `amsmath` and `amssymb`.
///
/// ```
/// use chainrule::notation::{self, Context};
///
/// let show = |text: &str| {
///     let formula = notation::read(text).expect("an expression");
///     notation::latex(&notation::typeset(&Context::default(), &formula))
/// };
/// assert_eq!(show("kron(x^T, I(n))"), r"x^{\top} \otimes I_{n}");
/// assert_eq!(show("||W||_F^2"), r"\lVert W \rVert_{F}^{2}");
/// assert_eq!(show("p - onehot(y)"), r"p - \operatorname{onehot}(y)");
/// ```
pub fn latex(math: &Math) -> String {
    let mut out = String::new();
    write(&mut out, math);
    out
}

fn write(out: &mut String, math: &Math) {
    match math {
        Math::Number(text) => push(out, text),
        Math::Letter(text) if text.len() == 1 => push(out, text),
        Math::Letter(text) => push(out, &letter(text)),
        Math::Name(text) => push(out, &format!("\\mathit{{{}}}", text.replace('_', "\\_"))),
        Math::Word(text) => push(out, &word(text)),
        Math::Bold(digit) => push(out, &format!("\\mathbf{{{digit}}}")),
        Math::Text(text) => push(out, &self::text(text)),
        Math::Sign(sign) => push(out, sign.spelling().0),
        Math::Row(parts) => row(out, parts),
        Math::Fenced(fence, inner) => {
            let is_tall = inner.is_tall();
            push(out, &bracket(*fence, true, is_tall));
            let start = out.len();
            write(out, inner);
            tidy(out, start, *fence);
            close(out, *fence, is_tall);
        }
        Math::Bracket { fence, opens: true, is_tall } => {
            push(out, &bracket(*fence, true, *is_tall));
        }
        Math::Bracket { fence, is_tall, .. } => close(out, *fence, *is_tall),
        Math::Script { base, sub, sup } => {
            write(out, base);
            for (mark, part) in [('_', sub), ('^', sup)] {
                if let Some(part) = part {
                    out.push(mark);
                    braced(out, part);
                }
            }
        }
        Math::Fraction(above, below) => {
            push(out, "\\frac");
            braced(out, above);
            braced(out, below);
        }
        Math::Root(inner) => {
            push(out, "\\sqrt");
            braced(out, inner);
        }
        Math::Big { op, under, over } => {
            push(out, large(*op));
            for (mark, part) in [('_', under), ('^', over)] {
                if let Some(part) = part {
                    out.push(mark);
                    braced(out, part);
                }
            }
        }
        Math::Thin => push(out, "\\,"),
    }
}

fn row(out: &mut String, parts: &[Math]) {
    for (i, part) in parts.iter().enumerate() {
        // A call's bracket stands at its word.
        let call = i > 0 && matches!(part, Math::Fenced(Fence::Paren | Fence::Square, _)) && {
            match &parts[i - 1] {
                Math::Word(_) | Math::Bold(_) | Math::Big { .. } => true,
                Math::Script { base, .. } => matches!(**base, Math::Word(_)),
                Math::Letter(greek) => greek == "sigma",
                _ => false,
            }
        };
        if call {
            let mut inner = String::new();
            write(&mut inner, part);
            out.push_str(&inner);
        } else if let (Math::Sign(Sign::Comma), _) = (part, i) {
            out.push(',');
        } else {
            // A sign in front of the first term is no operation between two.
            let is_prefix = matches!(part, Math::Sign(s) if s.spelling().3 == Class::Binary);
            if i == 0 && is_prefix {
                write(out, part);
                continue;
            }
            write(out, part);
        }
    }
}

/// Adds a token behind a blank, unless it is the first.
fn push(out: &mut String, token: &str) {
    let glued = out.is_empty() || out.ends_with(['{', '(', '[', ' ']);
    if !glued {
        out.push(' ');
    }
    out.push_str(token);
}

fn braced(out: &mut String, math: &Math) {
    out.push('{');
    write(out, math);
    out.push('}');
}

fn bracket(fence: Fence, opens: bool, is_tall: bool) -> String {
    let pair = match fence {
        Fence::Paren => ("(", ")"),
        Fence::Square => ("[", "]"),
        Fence::Brace => ("\\{", "\\}"),
        Fence::Bar => ("\\lvert", "\\rvert"),
        Fence::Norm => ("\\lVert", "\\rVert"),
        Fence::Angle => ("\\langle", "\\rangle"),
    };
    let own = if opens { pair.0 } else { pair.1 };
    match (is_tall, opens) {
        (false, _) => own.into(),
        (true, true) => format!("\\Bigl{own}"),
        (true, false) => format!("\\Bigr{own}"),
    }
}

fn close(out: &mut String, fence: Fence, is_tall: bool) {
    let text = bracket(fence, false, is_tall);
    if text.starts_with('\\') {
        push(out, &text);
    } else {
        out.push_str(&text);
    }
}

/// Nothing is left over between a bracket and what it holds.
fn tidy(out: &mut String, start: usize, fence: Fence) {
    if matches!(fence, Fence::Paren | Fence::Square) && out[start..].starts_with(' ') {
        out.remove(start);
    }
}

fn letter(word: &str) -> String {
    match word {
        "epsilon" => "\\varepsilon".into(),
        "omicron" => "o".into(),
        _ => format!("\\{word}"),
    }
}

fn word(word: &str) -> String {
    match word {
        "exp" | "log" | "sin" | "cos" | "tan" | "tanh" | "det" => format!("\\{word}"),
        "argmax" => "\\operatorname*{arg\\,max}".into(),
        _ => format!("\\operatorname{{{}}}", word.replace('_', "-")),
    }
}

fn large(op: Large) -> &'static str {
    match op {
        Large::Sum => "\\sum",
        Large::Product => "\\prod",
        Large::Max => "\\max",
        Large::Min => "\\min",
        Large::Mean => "\\operatorname*{mean}",
    }
}

/// Words in a formula; primes are primes.
fn text(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c == '′') {
        return "\\prime".repeat(text.chars().count());
    }
    format!("\\text{{{}}}", escaped(text))
}

/// Text for a LaTeX document.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' | '}' | '_' | '&' | '%' | '$' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '^' => out.push_str("\\textasciicircum{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            c => match super::name::GREEK.iter().find(|(_, g)| *g == c) {
                Some((word, _)) => {
                    out.push('$');
                    out.push_str(&letter(word));
                    out.push('$');
                }
                None => out.push(c),
            },
        }
    }
    out
}
