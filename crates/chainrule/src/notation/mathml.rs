//! MathML Core.

use super::name::greek;
use super::{Class, Fence, Large, Math};

/// The formula as the content of a `<math>` element: MathML Core, which browsers draw without help.
///
/// ```
/// use chainrule::notation::{self, Context};
///
/// let formula = notation::read("A^T x").expect("an expression");
/// let math = notation::typeset(&Context::default(), &formula);
/// assert_eq!(
///     notation::mathml(&math),
///     "<mrow><msup><mi>A</mi><mo>⊤</mo></msup><mi>x</mi></mrow>"
/// );
/// ```
pub fn mathml(math: &Math) -> String {
    let mut out = String::new();
    write(&mut out, math);
    out
}

fn write(out: &mut String, math: &Math) {
    match math {
        Math::Row(parts) => {
            out.push_str("<mrow>");
            parts.iter().for_each(|p| write(out, p));
            out.push_str("</mrow>");
        }
        Math::Fenced(fence, inner) => {
            let (open, close) = bars(*fence);
            let is_tall = inner.is_tall();
            out.push_str("<mrow>");
            bracket(out, open, "prefix", is_tall);
            write(out, inner);
            bracket(out, close, "postfix", is_tall);
            out.push_str("</mrow>");
        }
        Math::Bracket { fence, opens, .. } => {
            let (open, close) = bars(*fence);
            let (text, form) = if *opens { (open, "prefix") } else { (close, "postfix") };
            bracket(out, text, form, false);
        }
        Math::Script { base, sub, sup } => match (sub, sup) {
            (Some(sub), Some(sup)) => parts(out, "msubsup", &[base, sub, sup]),
            (Some(sub), None) => parts(out, "msub", &[base, sub]),
            (None, Some(sup)) => parts(out, "msup", &[base, sup]),
            (None, None) => write(out, base),
        },
        Math::Fraction(above, below) => parts(out, "mfrac", &[above, below]),
        Math::Root(inner) => parts(out, "msqrt", &[inner]),
        Math::Big { op, under, over } => {
            let mut inner = String::new();
            large(&mut inner, *op);
            let name = match (under, over) {
                (Some(_), Some(_)) => "munderover",
                (Some(_), None) => "munder",
                (None, Some(_)) => "mover",
                (None, None) => return out.push_str(&inner),
            };
            out.push_str(&format!("<{name}>{inner}"));
            [under, over].into_iter().flatten().for_each(|p| write(out, p));
            out.push_str(&format!("</{name}>"));
        }
        Math::Thin => out.push_str("<mspace width=\"0.17em\"></mspace>"),
        _ => leaf(out, math),
    }
}

/// Letters, numbers, words and signs.
fn leaf(out: &mut String, math: &Math) {
    match math {
        Math::Number(text) => element(out, "mn", text),
        Math::Letter(text) => match greek(text) {
            Some(letter) => element(out, "mi", &letter.to_string()),
            None if text == "ell" => element(out, "mi", "ℓ"),
            None => element(out, "mi", text),
        },
        Math::Name(text) => {
            out.push_str("<mi style=\"font-style:italic\">");
            out.push_str(&escaped(text));
            out.push_str("</mi>");
        }
        Math::Word(text) => {
            let text = if text == "argmax" { "arg max" } else { text };
            element(out, "mi", &text.replace('_', "-"));
        }
        Math::Bold(digit) => {
            out.push_str(&format!("<mn style=\"font-weight:bold\">{digit}</mn>"));
        }
        Math::Text(text) if text.chars().all(|c| c == '′') => element(out, "mo", text),
        Math::Text(text) => element(out, "mtext", text),
        Math::Sign(sign) => {
            let (_, text, _, class) = sign.spelling();
            match class {
                Class::Prefix => {
                    out.push_str("<mo form=\"prefix\">");
                    out.push_str(&escaped(text));
                    out.push_str("</mo>");
                }
                Class::Ordinary if text.chars().all(char::is_alphanumeric) => {
                    element(out, "mi", text);
                }
                _ => element(out, "mo", text),
            }
        }
        _ => {}
    }
}

fn large(out: &mut String, op: Large) {
    let (text, space) = match op {
        Large::Sum => ("∑", ""),
        Large::Product => ("∏", ""),
        Large::Max => ("max", " lspace=\"0.1em\" rspace=\"0.1em\""),
        Large::Min => ("min", " lspace=\"0.1em\" rspace=\"0.1em\""),
        Large::Mean => ("mean", " lspace=\"0.1em\" rspace=\"0.1em\""),
    };
    out.push_str(&format!("<mo movablelimits=\"false\"{space}>{text}</mo>"));
}

fn bars(fence: Fence) -> (&'static str, &'static str) {
    match fence {
        Fence::Paren => ("(", ")"),
        Fence::Square => ("[", "]"),
        Fence::Brace => ("{", "}"),
        Fence::Bar => ("|", "|"),
        Fence::Norm => ("‖", "‖"),
        Fence::Angle => ("⟨", "⟩"),
    }
}

fn bracket(out: &mut String, text: &str, form: &str, is_stretchy: bool) {
    let stretchy = if is_stretchy { "" } else { " stretchy=\"false\"" };
    out.push_str(&format!("<mo form=\"{form}\"{stretchy} lspace=\"0\" rspace=\"0\">{text}</mo>"));
}

fn parts(out: &mut String, name: &str, parts: &[&Math]) {
    out.push_str(&format!("<{name}>"));
    parts.iter().for_each(|p| write(out, p));
    out.push_str(&format!("</{name}>"));
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>{}</{name}>", escaped(text)));
}

/// Text for HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
