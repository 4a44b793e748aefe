//! Long formulas in rows.
//!
//! The formula is laid out flat, brackets as parts of their own, and broken where the sum of
//! penalties is smallest: before relations and signs, the rarer the more brackets are open.

use super::{Class, Fence, Math, width};

/// What begins a further row is set in so far.
const INDENT: f64 = 2.0;
/// What any further row costs.
const ROW: u32 = 60;
/// What an open bracket adds.
const DEPTH: u32 = 45;

/// A part that is not broken, and what a break before it costs.
struct Item {
    math: Math,
    width: f64,
    cost: Option<u32>,
}

/// The formula in rows, each at most `limit` ems wide where that can be done.
///
/// ```
/// use chainrule::notation::{self, Context};
///
/// let long = notation::read("A (B x + C y + D z) + u u^T v + w w^T z").expect("an expression");
/// let math = notation::typeset(&Context::default(), &long);
/// let rows: Vec<String> = notation::rows(&math, 14.0).iter().map(notation::latex).collect();
/// assert_eq!(rows, [r"A (B x + C y + D z) + u u^{\top} v", r"+ w w^{\top} z"]);
/// ```
pub fn rows(math: &Math, limit: f64) -> Vec<Math> {
    if width(math) <= limit {
        return vec![math.clone()];
    }
    let mut items = Vec::new();
    flatten(math, 0, limit, &mut items);
    let breaks = best(&items, limit);
    let mut rows = Vec::new();
    let mut items = items.into_iter().map(|i| i.math);
    let mut at = 0;
    for end in breaks {
        rows.push(Math::row(items.by_ref().take(end - at).collect()));
        at = end;
    }
    rows
}

/// Cuts rows, and brackets that are too wide, into items.
fn flatten(math: &Math, depth: u32, limit: f64, items: &mut Vec<Item>) {
    match math {
        Math::Row(parts) => parts.iter().for_each(|p| flatten(p, depth, limit, items)),
        Math::Fenced(fence, inner) if width(math) > limit / 4.0 && is_plain(*fence) => {
            let is_tall = inner.is_tall();
            push(Math::Bracket { fence: *fence, opens: true, is_tall }, depth, items);
            flatten(inner, depth + 1, limit, items);
            push(Math::Bracket { fence: *fence, opens: false, is_tall }, depth, items);
        }
        _ => push(math.clone(), depth, items),
    }
}

fn is_plain(fence: Fence) -> bool {
    matches!(fence, Fence::Paren | Fence::Square)
}

fn push(math: Math, depth: u32, items: &mut Vec<Item>) {
    let cost = items.last().and_then(|before| cost(&before.math, &math));
    let cost = cost.map(|c| c + depth * DEPTH);
    let width = width(&math);
    items.push(Item { math, width, cost });
}

/// What a break between two parts costs; none in front of brackets of a call and the like.
fn cost(before: &Math, math: &Math) -> Option<u32> {
    let class = |m: &Math| match m {
        Math::Sign(sign) => Some(sign.spelling().3),
        _ => None,
    };
    let word = |m: &Math| match m {
        Math::Word(_) | Math::Bold(_) | Math::Thin | Math::Big { .. } => true,
        Math::Script { base, .. } => matches!(**base, Math::Word(_)),
        _ => matches!(m, Math::Sign(sign) if sign.spelling().3 == Class::Ordinary),
    };
    if word(before) || matches!(before, Math::Bracket { opens: true, .. }) {
        return None;
    }
    match (class(before), class(math)) {
        (Some(Class::Punctuation), _) => Some(50),
        (Some(_), _) => None,
        (_, Some(Class::Relation)) => Some(0),
        (_, Some(Class::Binary)) => {
            let plain = matches!(math, Math::Sign(super::Sign::Plus | super::Sign::Minus));
            Some(if plain { 10 } else { 40 })
        }
        (_, Some(_)) => None,
        _ => match math {
            Math::Bracket { opens: false, .. } | Math::Thin => None,
            _ => Some(70),
        },
    }
}

/// Where rows end: the cheapest breaks by dynamic programming.
fn best(items: &[Item], limit: f64) -> Vec<usize> {
    let n = items.len();
    // For each end: cost of the best rows before it, and where the last of them begins.
    let mut found: Vec<Option<(u64, usize)>> = vec![None; n + 1];
    found[0] = Some((0, 0));
    for end in 1..=n {
        let mut room = 0.0;
        for start in (0..end).rev() {
            room += items[start].width;
            let indent = if start == 0 { 0.0 } else { INDENT };
            let over = room + indent - limit;
            // One row too many is better than one too wide, but some part may be too wide alone.
            if over > 0.0 && end - start > 1 && over > limit {
                break;
            }
            let Some((before, _)) = found[start] else { continue };
            let cost = match items[start].cost {
                _ if start == 0 => 0,
                Some(cost) => u64::from(cost + ROW),
                None => continue,
            };
            let overfull = if over > 0.0 { 5_000 + (over * 200.0) as u64 } else { 0 };
            let total = before + cost + overfull;
            if found[end].is_none_or(|(known, _)| total < known) {
                found[end] = Some((total, start));
            }
        }
    }
    let mut ends = vec![n];
    let mut at = n;
    while let Some((_, start)) = found[at].filter(|f| f.1 > 0) {
        ends.push(start);
        at = start;
    }
    ends.reverse();
    // No way of breaking was found: one row.
    if found[n].is_none() { vec![n] } else { ends }
}
