//! How wide a formula is, roughly: in ems of the text around it, rather too much than too little.

use super::{Class, Large, Math};

/// The width in ems.
pub fn width(math: &Math) -> f64 {
    match math {
        Math::Number(text) => 0.52 * text.chars().count() as f64,
        Math::Letter(text) if text.len() == 1 && text.chars().all(|c| c.is_ascii_uppercase()) => {
            0.85
        }
        Math::Letter(_) => 0.65,
        Math::Name(text) | Math::Word(text) | Math::Text(text) => {
            0.55 * text.chars().count() as f64 + 0.2
        }
        Math::Bold(_) => 0.6,
        Math::Sign(sign) => match sign.spelling().3 {
            Class::Binary | Class::Relation => 1.3,
            Class::Prefix => 0.85,
            Class::Punctuation => 0.5,
            Class::Ordinary => 0.7,
        },
        Math::Row(parts) => parts.iter().map(width).sum(),
        Math::Fenced(_, inner) => width(inner) + if inner.is_tall() { 1.3 } else { 0.9 },
        Math::Bracket { is_tall, .. } => {
            if *is_tall {
                0.65
            } else {
                0.45
            }
        }
        Math::Script { base, sub, sup } => {
            let small = |m: &Option<Box<Math>>| m.as_ref().map_or(0.0, |m| 0.72 * width(m));
            width(base) + small(sub).max(small(sup)) + 0.05
        }
        Math::Fraction(above, below) => width(above).max(width(below)) + 0.25,
        Math::Root(inner) => width(inner) + 0.9,
        Math::Big { op, under, over } => {
            let small = |m: &Option<Box<Math>>| m.as_ref().map_or(0.0, |m| 0.72 * width(m));
            let own = match op {
                Large::Sum | Large::Product => 1.5,
                Large::Max | Large::Min => 2.0,
                Large::Mean => 2.5,
            };
            small(under).max(small(over)).max(own) + 0.2
        }
        Math::Thin => 0.17,
    }
}
