//! The page that `chainrule show` prints: plain text, at most 80 columns wide where it can be.

use std::fmt::Write as _;

use chainrule_graph::size::grouped;

use super::{Equation, Row, Show};

/// Columns of the page.
const WIDTH: usize = 80;

impl Show {
    /// The page.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.title(&mut out);
        self.size_lines(&mut out);
        self.tables(&mut out);
        self.equation_lines(&mut out);
        self.note_lines(&mut out);
        self.cost_lines(&mut out);
        self.ask_lines(&mut out);
        out
    }

    fn title(&self, out: &mut String) {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        let count = match self.parameters {
            Some(1) => "1 parameter".into(),
            Some(n) => format!("{} parameters", grouped(n)),
            None => format!("{} parameters", self.parameter_formula),
        };
        let left = format!("model {name}");
        line(out, &justified(&left, &count));
    }

    fn size_lines(&self, out: &mut String) {
        if self.sizes.is_empty() {
            return;
        }
        let shown = |s: &super::ShownSize| match (&s.formula, s.number) {
            _ if s.batch => format!("{} (batch)", s.name),
            (Some(formula), Some(n)) => format!("{} = {formula} = {n}", s.name),
            (Some(formula), None) => format!("{} = {formula}", s.name),
            (None, Some(n)) => format!("{} = {n}", s.name),
            (None, None) => format!("{} (free)", s.name),
        };
        let parts: Vec<String> = self.sizes.iter().map(shown).collect();
        heading(out, "sizes");
        for row in wrapped(&parts, ", ", WIDTH - 2) {
            line(out, &format!("  {row}"));
        }
    }

    fn tables(&self, out: &mut String) {
        let groups = [
            ("const", "constants"),
            ("data", "data"),
            ("param", "parameters"),
            ("noise", "noise"),
            ("given", "given"),
        ];
        for (role, title) in groups {
            let rows: Vec<&Row> = self.values.iter().filter(|r| r.role == role).collect();
            if rows.is_empty() {
                continue;
            }
            heading(out, title);
            self.table(out, &rows, role == "param");
        }
    }

    fn table(&self, out: &mut String, rows: &[&Row], counts: bool) {
        let width = |f: &dyn Fn(&Row) -> usize| rows.iter().map(|r| f(r)).max().unwrap_or(0);
        let name = width(&|r| r.name.chars().count());
        let ty = width(&|r| r.type_text.chars().count());
        let start = width(&|r| r.start.as_ref().map_or(0, |s| s.chars().count()));
        for row in rows {
            let begin = row.start.clone().unwrap_or_default();
            let left = format!("  {:name$}  {:ty$}  {:start$}", row.name, row.type_text, begin);
            if counts {
                let count = row.count_number.map_or(row.count.clone(), grouped);
                line(out, &justified(left.trim_end(), &count));
            } else {
                line(out, left.trim_end());
            }
        }
    }

    fn equation_lines(&self, out: &mut String) {
        if self.equations.is_empty() {
            return;
        }
        heading(out, "equations, with shapes under the symbols");
        let left = self.equations.iter().map(|e| e.left.chars().count()).max().unwrap_or(0).min(14);
        for equation in &self.equations {
            equation_text(out, equation, left);
        }
    }

    fn note_lines(&self, out: &mut String) {
        for kind in ["lift", "stable form"] {
            let notes: Vec<_> = self.notes.iter().filter(|n| n.kind == kind).collect();
            if notes.is_empty() {
                continue;
            }
            heading(out, if kind == "lift" { "lifts put in" } else { "stable forms put in" });
            for note in notes {
                line(out, &justified(&format!("  {}", note.text), &format!("line {}", note.line)));
            }
        }
    }

    fn cost_lines(&self, out: &mut String) {
        if self.equations.is_empty() {
            return;
        }
        let cost = &self.cost;
        let row = cost.batch.as_ref().map_or(String::new(), |n| format!(" per row of {n}"));
        heading(out, "cost of one forward evaluation (f32)");
        let amount = |number: Option<f64>, formula: &str, unit: &str| match number {
            Some(n) => format!("{}{unit}", scaled(n)),
            None if formula.is_empty() => "too large a formula".into(),
            None => format!("{formula} {unit}"),
        };
        let mut flops =
            vec![format!("{}{row}", amount(cost.flops_per_row, &cost.flops_row_formula, "FLOP"))];
        if cost.flops_once != Some(0.0) && cost.batch.is_some() {
            flops.push(format!(
                "{} once",
                amount(cost.flops_once, &cost.flops_once_formula, "FLOP")
            ));
        }
        for part in wrapped(&words(&flops.join(", and ")), " ", WIDTH - 2) {
            line(out, &format!("  {part}"));
        }
        if let Some(bytes) = cost.parameter_bytes.filter(|b| *b > 0.0) {
            line(out, &format!("  {}B of parameters", scaled(bytes)));
        }
        let bytes = amount(cost.value_bytes_per_row, &cost.value_bytes_formula, "B");
        let once = cost.value_bytes_once.filter(|n| *n > 0.0);
        let once = once.map_or(String::new(), |n| format!(", and {}B once", scaled(n)));
        let text = format!("{bytes} of computed values{row}{once}");
        for part in wrapped(&words(&text), " ", WIDTH - 2) {
            line(out, &format!("  {part}"));
        }
    }

    /// What the file asks of other commands.
    fn ask_lines(&self, out: &mut String) {
        let mut parts = Vec::new();
        if self.derivatives > 0 {
            parts.push(format!("{} derivative{}", self.derivatives, plural(self.derivatives)));
        }
        if !self.claims.is_empty() {
            let ill = self.claims.iter().filter(|c| !c.well_formed).count();
            let ill = if ill == 0 { String::new() } else { format!(" ({ill} ill-formed)") };
            parts.push(format!("{} claim{}{ill}", self.claims.len(), plural(self.claims.len())));
        }
        if !self.trainings.is_empty() {
            let names: Vec<&str> = self.trainings.iter().map(|t| t.name.as_str()).collect();
            let few = names.len() <= 3;
            let list = if few { format!(": {}", names.join(", ")) } else { String::new() };
            parts.push(format!("{} training{}{list}", names.len(), plural(names.len())));
        }
        if !parts.is_empty() {
            heading(out, "asks for");
            line(out, &format!("  {}", parts.join("; ")));
        }
    }
}

fn equation_text(out: &mut String, equation: &Equation, left: usize) {
    let ty = match equation.types.as_slice() {
        [(_, ty)] => ty.clone(),
        _ => String::new(),
    };
    let room = WIDTH - left - 5;
    let rows = rows(equation, room);
    let last = rows.len() - 1;
    let mut name = format!("  {:left$} = ", equation.left);
    for (i, (formula, shapes)) in rows.iter().enumerate() {
        let text = format!("{name}{}", formula.trim_end());
        let fits = text.chars().count() + ty.chars().count() + 2 <= WIDTH;
        let first = i == 0 && (fits || last > 0);
        line(out, &if first { justified(&text, &ty) } else { text });
        let indent = " ".repeat(name.chars().count());
        if !shapes.trim().is_empty() {
            line(out, format!("{indent}{shapes}").trim_end());
        }
        if i == 0 && !first {
            line(out, &justified("", &ty));
        }
        name = indent;
    }
    if equation.types.len() > 1 {
        for (member, ty) in &equation.types {
            line(out, &justified(&format!("    {member}"), ty));
        }
    }
}

/// The formula in rows of at most `room` columns, each with its row of shapes.
fn rows(equation: &Equation, room: usize) -> Vec<(String, String)> {
    let mut rows = vec![(String::new(), String::new())];
    // A shape may be wider than its symbol: the next symbol with a shape moves right.
    for piece in &equation.right {
        let width = piece.text.chars().count().max(piece.shape.chars().count());
        let used = rows.last().map_or(0, |(f, _)| f.chars().count());
        let breaks = piece.text.starts_with(' ') || piece.text.starts_with('(');
        if used > 0 && used + width > room && breaks {
            rows.push((String::new(), String::new()));
        }
        let Some((formula, shapes)) = rows.last_mut() else { continue };
        let text = if formula.is_empty() { piece.text.trim_start() } else { &piece.text };
        if !piece.shape.is_empty() {
            if !shapes.is_empty() {
                shapes.push(' ');
            }
            pad(formula, shapes.chars().count());
            pad(shapes, formula.chars().count());
            shapes.push_str(&piece.shape);
        }
        formula.push_str(text);
    }
    rows
}

/// Adds blanks until `text` has `width` columns.
fn pad(text: &mut String, width: usize) {
    let missing = width.saturating_sub(text.chars().count());
    text.push_str(&" ".repeat(missing));
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(String::from).collect()
}

/// The parts, joined, in lines of at most `width` columns.
fn wrapped(parts: &[String], join: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        let text = if i + 1 < parts.len() { format!("{part}{join}") } else { part.clone() };
        match lines.last_mut() {
            Some(last) if last.chars().count() + text.trim_end().chars().count() <= width => {
                last.push_str(&text);
            }
            _ => lines.push(text),
        }
    }
    lines.iter().map(|l| l.trim_end().to_string()).collect()
}

fn heading(out: &mut String, text: &str) {
    out.push('\n');
    line(out, text);
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

/// `left` and `right` at the two ends of a line; on two lines if both do not fit.
fn justified(left: &str, right: &str) -> String {
    let used = left.chars().count() + right.chars().count();
    if right.is_empty() {
        return left.into();
    }
    if used + 2 > WIDTH {
        let indent = WIDTH.saturating_sub(right.chars().count());
        return format!("{left}\n{}{right}", " ".repeat(indent));
    }
    format!("{left}{}{right}", " ".repeat(WIDTH - used))
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// `7.06 M`, with a blank before the unit; below a thousand the number itself.
fn scaled(n: f64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match units.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => {
            let value = n / size;
            let digits = if value >= 100.0 {
                0
            } else if value >= 10.0 {
                1
            } else {
                2
            };
            format!("{value:.digits$} {unit}")
        }
        None => format!("{n:.0} "),
    }
}
