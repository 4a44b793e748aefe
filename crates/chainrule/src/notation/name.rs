//! Names as letters with subscripts.

use super::{Context, Math, Sign};

/// Greek letters that can be set, with the ASCII spelling that names use.
pub(super) const GREEK: [(&str, char); 33] = [
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("epsilon", 'ε'),
    ("zeta", 'ζ'),
    ("eta", 'η'),
    ("theta", 'θ'),
    ("iota", 'ι'),
    ("kappa", 'κ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("nu", 'ν'),
    ("xi", 'ξ'),
    ("pi", 'π'),
    ("rho", 'ρ'),
    ("sigma", 'σ'),
    ("tau", 'τ'),
    ("upsilon", 'υ'),
    ("phi", 'φ'),
    ("chi", 'χ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
    ("Gamma", 'Γ'),
    ("Delta", 'Δ'),
    ("Theta", 'Θ'),
    ("Lambda", 'Λ'),
    ("Xi", 'Ξ'),
    ("Pi", 'Π'),
    ("Sigma", 'Σ'),
    ("Phi", 'Φ'),
    ("Psi", 'Ψ'),
    ("Omega", 'Ω'),
];

/// The character of a Greek letter that is spelled out.
pub(super) fn greek(word: &str) -> Option<char> {
    GREEK.iter().find(|(w, _)| *w == word).map(|(_, c)| *c)
}

/// `W1` is W with the subscript 1, `J_t` and `Jt` are J with the subscript t, `lambda` is Greek,
/// `loss` a word.
pub(super) fn name(context: &Context, text: &str) -> Math {
    if text == ".." {
        return Math::Sign(Sign::Dots);
    }
    if context.is_verbatim(text) {
        return Math::Name(text.into());
    }
    let mut parts = text.split('_').filter(|p| !p.is_empty());
    let Some(first) = parts.next() else { return Math::Name(text.into()) };
    let digits = first.len() - first.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (letters, digits) = first.split_at(first.len() - digits);
    let mut below: Vec<Math> = Vec::new();
    let base = letter(letters, &mut below);
    if !digits.is_empty() {
        below.push(Math::number(digits));
    }
    below.extend(parts.map(subscript));
    if below.is_empty() {
        return base;
    }
    let mut row = Vec::new();
    for (i, part) in below.into_iter().enumerate() {
        if i > 0 {
            row.push(Math::Sign(Sign::Comma));
        }
        row.push(part);
    }
    base.with_sub(Math::row(row))
}

/// The letter that a name begins with; what stands behind a first letter goes below.
fn letter(letters: &str, below: &mut Vec<Math>) -> Math {
    let single = letters.chars().count() == 1;
    if single || greek(letters).is_some() || letters == "ell" {
        return Math::Letter(letters.into());
    }
    let mut chars = letters.chars();
    let pair = (chars.next(), chars.next(), chars.next());
    // `dx` stays together.
    if let (Some(a), Some(b), None) = pair
        && a != 'd'
        && b.is_ascii_lowercase()
    {
        below.push(Math::Letter(b.into()));
        return Math::Letter(a.into());
    }
    Math::Name(letters.into())
}

fn subscript(part: &str) -> Math {
    if part.chars().all(|c| c.is_ascii_digit()) {
        return Math::number(part);
    }
    if part.chars().count() == 1 || greek(part).is_some() {
        return Math::Letter(part.into());
    }
    Math::Text(part.into())
}
