//! The page that `chainrule derive` prints: plain text, at most 80 columns wide where it can be.

use std::fmt::Write as _;

use chainrule_syntax::print;

use super::{Block, Derive, Detail, Step};
use crate::notation::unicode;

/// Columns of the page.
const WIDTH: usize = 80;

/// Which spellings are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Style {
    Unicode,
    Ascii,
}

impl Style {
    /// A formula of the language.
    fn formula(self, text: &str) -> String {
        match self {
            Style::Unicode => unicode(text),
            Style::Ascii => text.into(),
        }
    }

    /// `K x N`
    fn shape(self, text: &str) -> String {
        match self {
            Style::Unicode => text.replace(" x ", "×"),
            Style::Ascii => text.into(),
        }
    }
}

/// The page.
pub(super) fn page(derive: &Derive, style: Style) -> String {
    let mut out = String::new();
    let model = match derive.model.as_str() {
        "" => String::new(),
        name => format!("model {name}"),
    };
    let _ = writeln!(out, "{}", justified(&style.formula(&derive.title), &model));
    settings(&mut out, derive);
    names(&mut out, derive, style);
    let blocks = derive.blocks.iter().any(|b| !b.equations.is_empty());
    let indent = if blocks { 4 } else { 2 };
    let left = |s: &Step| count(&style.formula(&s.name));
    let width = derive.steps.iter().map(left).max().unwrap_or(0).min(24);
    for block in &derive.blocks {
        let _ = writeln!(out);
        if !block.title.is_empty() {
            let _ = writeln!(out, "  {}", block.title);
        }
        header(&mut out, block, style);
        for at in block.steps.clone() {
            let (single, is_last) = (derive.steps.len() == 1, at + 1 == block.steps.end);
            let place = Place { indent, width, single, is_last };
            line(&mut out, &derive.steps[at], place, style);
        }
    }
    if !derive.notes.is_empty() {
        let _ = writeln!(out);
    }
    for note in &derive.notes {
        wrapped(&mut out, note);
    }
    out
}

/// What is not as usual.
fn settings(out: &mut String, derive: &Derive) {
    if derive.layout != "gradient" {
        let _ = writeln!(out, "{} layout", derive.layout);
    }
}

/// The names with their types, as many in a line as fit.
fn names(out: &mut String, derive: &Derive, style: Style) {
    let cell = |name: &str, ty: &str| format!("{} : {ty}", style.formula(name));
    let cells: Vec<String> = derive.names.iter().map(|n| cell(&n.name, &n.type_text)).collect();
    let width = cells.iter().map(|c| count(c)).max().unwrap_or(0) + 3;
    let per_line = ((WIDTH - 2 + 3) / width.max(1)).clamp(1, 4);
    if !cells.is_empty() {
        let _ = writeln!(out);
    }
    for row in cells.chunks(per_line) {
        let line: String = row.iter().map(|c| format!("{c:width$}")).collect();
        let _ = writeln!(out, "  {}", line.trim_end());
    }
}

/// The equations that the block's lines come from.
fn header(out: &mut String, block: &Block, style: Style) {
    let lefts = block.equations.iter().filter_map(|d| d.left.as_ref());
    let width = lefts.map(|l| count(&style.formula(&print::expr(l)))).max().unwrap_or(0).min(20);
    for detail in &block.equations {
        sub_step(out, detail, 2, width, style);
    }
}

/// Where a line's parts stand.
#[derive(Clone, Copy)]
struct Place {
    indent: usize,
    width: usize,
    single: bool,
    /// Whether the block ends here.
    is_last: bool,
}

fn line(out: &mut String, step: &Step, place: Place, style: Style) {
    let shape = if step.shapes.is_empty() { &step.shape } else { &step.shapes };
    let number = matches!(shape.as_str(), "scalar" | "a number");
    let shown = style.shape(shape);
    let right = match (place.single, step.rule.is_empty()) {
        (true, _) => style.shape(&step.shape),
        (_, true) if number => String::new(),
        (_, true) => shown,
        _ if number => format!("[{}]", step.rule),
        _ => format!("[{}]  {shown}", step.rule),
    };
    let name = style.formula(&step.name);
    equation(out, &name, place, &style.formula(&step.text), &right);
    if let Some(code) = &step.code {
        for row in code.lines() {
            let _ = writeln!(out, "{}{row}", " ".repeat(place.indent + 4));
        }
    }
    if let Some(diagonal) = &step.diagonal {
        let text = |e| style.formula(&print::expr(e));
        let (block, count) = (text(&diagonal.block), text(&diagonal.count));
        let indent = " ".repeat(place.indent + 4);
        let _ = writeln!(out, "{indent}one row: [O, .., {block}, .., O], {count} blocks");
    }
    let width = |d: &Detail| d.left.as_ref().map_or(0, |l| count(&style.formula(&print::expr(l))));
    let mut last = 0;
    for detail in &step.details {
        if detail.left.is_some() {
            last = width(detail);
        }
        sub_step(out, detail, place.indent + 4, last.min(24), style);
    }
    if !step.details.is_empty() && !place.is_last {
        let _ = writeln!(out);
    }
}

/// `left = right   [reason]`, or `  = right` under the line before.
fn sub_step(out: &mut String, detail: &Detail, indent: usize, width: usize, style: Style) {
    let left = detail.left.as_ref().map(|l| style.formula(&print::expr(l))).unwrap_or_default();
    let reason =
        if detail.reason.is_empty() { String::new() } else { format!("[{}]", detail.reason) };
    let shapes = style.shape(&detail.shapes);
    let right = [reason, shapes].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>();
    let place = Place { indent, width, single: false, is_last: false };
    equation(out, &left, place, &style.formula(&print::expr(&detail.right)), &right.join("  "));
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// A sentence in rows.
fn wrapped(out: &mut String, sentence: &str) {
    let mut row = String::from(" ");
    for word in sentence.split(' ') {
        if count(&row) + count(word) + 1 > WIDTH {
            let _ = writeln!(out, "{row}");
            row = String::from(" ");
        }
        row.push(' ');
        row.push_str(word);
    }
    let _ = writeln!(out, "{row}");
}

/// `name = formula`, broken between terms where it is too long, and a note at the right end.
fn equation(out: &mut String, name: &str, place: Place, formula: &str, right: &str) {
    let head = format!("{}{name:width$} = ", " ".repeat(place.indent), width = place.width);
    let indent = count(&head);
    let rows = broken(formula, WIDTH.saturating_sub(indent).max(20));
    let last = rows.len() - 1;
    for (i, row) in rows.iter().enumerate() {
        let start = if i == 0 { head.clone() } else { " ".repeat(indent) };
        let line = format!("{start}{row}");
        let line = if i == last { justified(&line, right) } else { line };
        let _ = writeln!(out, "{line}");
    }
}

/// The formula in rows of at most `room` columns: before a sign outside all brackets if there is
/// one, else at a blank.
fn broken(formula: &str, room: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut rest: Vec<char> = formula.chars().collect();
    while rest.len() > room {
        let Some(at) = place(&rest, room) else { break };
        let row: String = rest[..at].iter().collect();
        rows.push(row.trim_end().to_string());
        let from = rest[at..].iter().position(|c| *c != ' ').map_or(rest.len(), |i| at + i);
        rest = "  ".chars().chain(rest[from..].iter().copied()).collect();
    }
    rows.push(rest.into_iter().collect());
    rows
}

/// Where to break: the last blank before a sign with the fewest open brackets, else any last blank.
fn place(text: &[char], room: usize) -> Option<usize> {
    let mut depth = 0_i32;
    let mut best: Option<(bool, i32, usize)> = None;
    for (i, c) in text.iter().enumerate().take(room + 1) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ' ' if i > 4 => {
                let sign = matches!(text.get(i + 1), Some('+' | '-' | '=' | '.'))
                    && text.get(i + 2) != Some(&'.');
                // A deep sign is no better a place than a blank at the top.
                let found = (!sign, depth, i);
                let is_better =
                    best.is_none_or(|b| (found.1, found.0) <= (b.1, b.0) || b.2 < room / 3);
                if is_better {
                    best = Some(found);
                }
            }
            _ => {}
        }
    }
    best.map(|b| b.2)
}

/// `left` and `right` at the two ends of a line; on two lines if both do not fit.
fn justified(left: &str, right: &str) -> String {
    let used = count(left) + count(right);
    if right.is_empty() {
        return left.into();
    }
    if used + 2 > WIDTH {
        let indent = WIDTH.saturating_sub(count(right));
        return format!("{left}\n{}{right}", " ".repeat(indent));
    }
    format!("{left}{}{right}", " ".repeat(WIDTH - used))
}
