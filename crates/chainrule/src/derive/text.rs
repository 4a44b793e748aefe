//! The page that `chainrule derive` prints: plain text, at most 80 columns wide where it can be.

use std::fmt::Write as _;

use super::Derive;

/// Columns of the page.
const WIDTH: usize = 80;

impl Derive {
    /// The page.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let wrt: Vec<&str> = self.gradients.iter().map(|g| g.wrt.as_str()).collect();
        let model =
            if self.model.is_empty() { String::new() } else { format!("model {}", self.model) };
        let single = self.steps.len() == 1 && self.gradients.len() == 1;
        let title = match &self.steps[..] {
            [step] if single => step.name.clone(),
            _ => format!("gradient of {} by {}", self.of, wrt.join(", ")),
        };
        let _ = writeln!(out, "{}", justified(&title, &model));
        self.names(&mut out);
        let _ = writeln!(out);
        let width = self.steps.iter().map(|s| count(&s.name)).max().unwrap_or(0).min(20);
        for step in &self.steps {
            let shape = if step.shapes.is_empty() { &step.shape } else { &step.shapes };
            let number = matches!(shape.as_str(), "scalar" | "a number");
            let right = match (single, step.rule.is_empty()) {
                (true, _) => step.shape.clone(),
                (_, true) if number => String::new(),
                (_, true) => shape.clone(),
                _ if number => format!("[{}]", step.rule),
                _ => format!("[{}]  {shape}", step.rule),
            };
            equation(&mut out, &step.name, width, &step.text, &right);
        }
        out
    }

    /// The names with their types, as many in a line as fit.
    fn names(&self, out: &mut String) {
        let cells: Vec<String> =
            self.names.iter().map(|n| format!("{} : {}", n.name, n.type_text)).collect();
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
}

fn count(text: &str) -> usize {
    text.chars().count()
}

/// `name = formula`, broken between terms where it is too long, and a note at the right end.
fn equation(out: &mut String, name: &str, width: usize, formula: &str, right: &str) {
    let head = format!("  {name:width$} = ");
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
