//! The tables of `chainrule check`.

use chainrule_graph::check::{Gradient, Judged, Report};

use super::{CheckedModel, judged, title};

/// Columns of the page.
const PAGE: usize = 80;
/// Longer texts are cut.
const WIDTH: usize = 36;

pub(super) fn page(model: &CheckedModel) -> String {
    let report = &model.report;
    let name = if model.name.is_empty() { "(no name)" } else { &model.name };
    let verdict = match (report.is_empty(), report.passed()) {
        (true, _) => "nothing to check",
        (_, true) => "passed",
        (_, false) => "did not pass",
    };
    let mut out = format!("model {name}: {verdict}\n");
    gradients(report, &mut out);
    optimizers(report, &mut out);
    claims(model, &mut out);
    for note in &report.notes {
        out.push('\n');
        paragraph(&mut out, &format!("note: {note}"), 0, 2);
    }
    out
}

/// A sentence in lines that fit: the first indented by `first`, the others by `rest`.
pub(super) fn paragraph(out: &mut String, text: &str, first: usize, rest: usize) {
    let mut used = first;
    out.push_str(&" ".repeat(first));
    let mut start = true;
    for word in text.split_whitespace() {
        let wide = word.chars().count();
        if !start && used + 1 + wide > PAGE {
            out.push_str(&format!("\n{}", " ".repeat(rest)));
            (used, start) = (rest, true);
        }
        if !start {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        (used, start) = (used + wide, false);
    }
    out.push('\n');
}

/// Cuts texts so that a row fits: one column after the other, each to no fewer places than it says.
fn fit(head: &[&str], rows: &mut [Vec<String>], columns: &[(usize, usize)]) {
    for &(column, least) in columns {
        let width = |i: usize| {
            let cells = rows.iter().map(|r| r[i].chars().count());
            cells.chain([head[i].chars().count()]).max().unwrap_or(0)
        };
        let used: usize = (0..head.len()).map(|i| width(i) + 2).sum();
        let room = width(column).saturating_sub(used.saturating_sub(PAGE)).max(least);
        rows.iter_mut().for_each(|r| r[column] = cut(&r[column], room));
    }
}

/// Rows in columns, the first two to the left; a mark stands before what fails.
fn table(out: &mut String, head: &[&str], rows: &[Vec<String>], left: usize) {
    let columns = head.len();
    let width = |i: usize| {
        let cells = rows.iter().map(|r| r[i].chars().count());
        cells.chain([head[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let cell = |i: usize| {
            let fill = " ".repeat(widths[i] - row[i].chars().count());
            if i < left { format!("{}{fill}", row[i]) } else { format!("{fill}{}", row[i]) }
        };
        let cells: Vec<String> = (0..columns).map(cell).collect();
        out.push_str(format!("  {}", cells.join("  ")).trim_end());
        out.push('\n');
    }
}

fn gradients(report: &Report, out: &mut String) {
    if report.gradients.is_empty() {
        return;
    }
    out.push_str("\ngradients: reverse mode against\n");
    let head = ["", "derivative", "shape", "forward", "complex", "differ.", "kinks", "along"];
    let mut rows: Vec<Vec<String>> = report.gradients.iter().map(row).collect();
    fit(&head, &mut rows, &[(1, 20), (2, 12), (1, 12)]);
    table(out, &head, &rows, 3);
    for gradient in &report.gradients {
        if let Some(message) = &gradient.message {
            paragraph(out, &format!("{}: {message}", title(gradient)), 2, 4);
        }
    }
}

fn row(gradient: &Gradient) -> Vec<String> {
    let along = if gradient.sampled {
        format!("{} ways", gradient.directions)
    } else {
        format!("all {}", gradient.directions)
    };
    vec![
        mark(gradient.passed),
        title(gradient),
        gradient.shape.clone(),
        number(gradient.forward),
        number(gradient.complex),
        gradient.difference.map_or_else(|| "-".into(), number),
        gradient.kinks.to_string(),
        along,
    ]
}

fn optimizers(report: &Report, out: &mut String) {
    if report.optimizers.is_empty() {
        return;
    }
    out.push_str("\noptimizers: what is run against the lines as written, together and by entry\n");
    for optimizer in &report.optimizers {
        let error = number(optimizer.error);
        out.push_str(&format!("  {} {}  {error}\n", mark(optimizer.passed), optimizer.name));
        if !optimizer.source.is_empty() {
            paragraph(out, &optimizer.source, 6, 6);
        }
        for line in &optimizer.lines {
            paragraph(out, line, 6, 10);
        }
        if let Some(message) = &optimizer.message {
            paragraph(out, message, 6, 6);
        }
    }
}

fn claims(model: &CheckedModel, out: &mut String) {
    let report = &model.report;
    let all: Vec<&Judged> = report.stated.iter().chain(&report.claims).collect();
    if all.is_empty() {
        return;
    }
    out.push_str("\nclaims\n");
    let row = |c: &&Judged| {
        vec![
            mark(c.passed),
            cut(&c.name, WIDTH),
            c.verdict.text().to_owned(),
            c.expected.map_or_else(String::new, |e| e.text().to_owned()),
            c.gap.map_or_else(String::new, number),
        ]
    };
    let head = ["", "claim", "verdict", "expected", "gap"];
    let mut rows: Vec<Vec<String>> = all.iter().map(row).collect();
    fit(&head, &mut rows, &[(1, 12)]);
    table(out, &head, &rows, 4);
    for (at, claim) in all.into_iter().enumerate() {
        let holds = matches!(claim.verdict.text(), "verified" | "proved");
        if !claim.passed || !holds || claim.message.starts_with("for ") {
            paragraph(out, &format!("{}: {}", claim.name, claim.message), 2, 4);
            let excerpt = at.checked_sub(report.stated.len()).and_then(|at| model.excerpts.get(at));
            for line in excerpt.into_iter().flat_map(|e| e.lines()) {
                out.push_str(&format!("      {line}\n"));
            }
            judged::nearest(out, claim, 4);
        }
    }
}

fn mark(passed: bool) -> String {
    if passed { "ok".into() } else { "FAILS".into() }
}

fn number(x: f64) -> String {
    match x {
        _ if x.is_nan() => "-".into(),
        0.0 => "0".into(),
        _ => format!("{x:.0e}"),
    }
}

pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let start: String = text.chars().take(width - 2).collect();
    format!("{start}..")
}
