//! The pages of `chainrule data`, within 80 columns.

use std::fmt::Write as _;
use std::path::Path;

use chainrule::data::{Finding, FoundSet, Search, Summary};

use crate::render;

/// Columns of a page.
const WIDTH: usize = 80;
/// Most labels that are listed.
const LABELS: usize = 24;
/// Most columns of a table that are listed.
const COLUMNS: usize = 40;

/// A folder for people: the current one is `.`.
pub(super) fn folder(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".into() } else { path.display().to_string() }
}

/// Rows in columns; the first row is the heading, and the columns in `right` are flush right.
fn table(rows: &[Vec<String>], right: &[bool]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter().filter_map(|r| r.get(at)).map(|c| render::columns(c)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (at, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[at] - render::columns(cell));
            let flush = right.get(at).copied().unwrap_or(false);
            let _ =
                if flush { write!(line, " {gap}{cell} ") } else { write!(line, " {cell}{gap} ") };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// A number with at most six digits that say something.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{value}");
    }
    let size = value.abs();
    if (1e-4..1e6).contains(&size) {
        let digits = (5 - size.log10().floor() as i32).clamp(0, 8) as usize;
        let text = format!("{value:.digits$}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return text.to_string();
    }
    format!("{value:.4e}")
}

/// The known sets.
pub(super) fn list(found: &[FoundSet], search: &Search) -> String {
    let mut out = String::from("data sets\n\n");
    let row = |found: &FoundSet| {
        let place = match (&found.place, found.is_built_in()) {
            (_, true) => "built in".to_string(),
            (Some(place), _) => format!("in {}", folder(place)),
            (None, _) => "not found".to_string(),
        };
        vec![found.set.name.to_string(), found.set.what.to_string(), place]
    };
    out.push_str(&table(&found.iter().map(row).collect::<Vec<_>>(), &[]));
    out.push_str("\nlooked in\n\n");
    for root in &search.roots {
        let _ = writeln!(out, "  {}", folder(root));
    }
    let missing: Vec<&FoundSet> =
        found.iter().filter(|f| f.place.is_none() && !f.is_built_in()).collect();
    if !missing.is_empty() {
        out.push_str("\nto get the others\n\n");
        for found in missing {
            let text = format!(
                "{}: {}; into a folder `{}` of one of these folders, or of a folder that \
                 CHAINRULE_DATA names",
                found.set.name, found.set.from, found.set.name
            );
            out.push_str(&indented(&text));
        }
    }
    out
}

fn indented(text: &str) -> String {
    let mut out = String::new();
    for (at, line) in render::wrap(text, WIDTH - 4).lines().enumerate() {
        let _ = writeln!(out, "{}{line}", if at == 0 { "  " } else { "    " });
    }
    out
}

/// A data set's numbers.
pub(super) fn summary(name: &str, summary: &Summary) -> String {
    let mut out = format!("data of {name}\n\n");
    let total: usize = summary.parts.iter().map(|(_, rows)| rows).sum();
    let parts: Vec<String> =
        summary.parts.iter().map(|(part, rows)| format!("{part} {rows}")).collect();
    let seed = summary.split_seed.map_or(String::new(), |seed| format!(", split seed {seed}"));
    let _ = match summary.parts.len() {
        1 => writeln!(out, "  {total} rows{seed}"),
        _ => writeln!(out, "  {total} rows: {}{seed}", parts.join(", ")),
    };
    if !summary.sizes.is_empty() {
        let sizes: Vec<String> = summary.sizes.iter().map(|(n, v)| format!("{n} = {v}")).collect();
        let _ = writeln!(out, "  sizes from the data: {}", sizes.join(", "));
    }
    out.push('\n');
    out.push_str(&columns(summary));
    for (symbol, labels) in &summary.labels {
        let parts: Vec<String> = summary.parts.iter().map(|(part, _)| part.clone()).collect();
        let parts = if parts.len() == 1 { vec!["rows".to_string()] } else { parts };
        let mut rows = vec![[vec![format!("class of {symbol}")], parts].concat()];
        for label in labels.iter().take(LABELS) {
            let counts = label.rows.iter().map(usize::to_string).collect();
            rows.push([vec![shown(&label.name, 40)], counts].concat());
        }
        let _ = write!(out, "\n{}", table(&rows, &[false, true, true, true]));
        if labels.len() > LABELS {
            let _ = writeln!(out, "  .. and {} more", labels.len() - LABELS);
        }
    }
    if !summary.sources.is_empty() {
        out.push_str("\nfiles\n\n");
    }
    for source in &summary.sources {
        let _ = writeln!(out, "  {}", source.name);
        let _ = writeln!(out, "    {}, {} bytes", folder(&source.path), source.bytes);
        let _ = writeln!(out, "    sha256 {}", source.sha256);
    }
    out
}

fn columns(summary: &Summary) -> String {
    let heading = ["name", "type", "stored", "least", "mean", "greatest"];
    let mut rows = vec![heading.map(str::to_string).to_vec()];
    for column in &summary.columns {
        let name = shown(&column.name, 24);
        let few = column.values.len() > 1;
        let stored = match column.width {
            1 => column.stored.to_string(),
            n => format!("{n} {}", column.stored),
        };
        let mut first = vec![name.clone(), shown(&column.ty, 24), stored];
        if few {
            rows.push(first);
            for (at, values) in column.values.iter().enumerate() {
                let entry = format!("  entry {}", at + 1);
                let values = values.map(number).to_vec();
                rows.push([vec![entry, String::new(), String::new()], values].concat());
            }
            continue;
        }
        first.extend(column.values.iter().flat_map(|v| v.map(number)));
        rows.push(first);
    }
    let more = rows.len().saturating_sub(COLUMNS + 1);
    rows.truncate(COLUMNS + 1);
    let mut out = table(&rows, &[false, false, false, true, true, true]);
    if more > 0 {
        let _ = writeln!(out, "  .. and {more} more");
    }
    out
}

/// `text` on one line of at most `most` columns.
fn shown(text: &str, most: usize) -> String {
    let text = render::one_line(text);
    if render::columns(&text) <= most {
        return text;
    }
    let mut out = String::new();
    for c in text.chars() {
        if render::columns(&out) + 3 > most {
            break;
        }
        out.push(c);
    }
    out + ".."
}

/// What a check found.
pub(super) fn check(name: &str, found: &[Finding]) -> String {
    let mut out = format!("data of {name}\n\n");
    for finding in found {
        let word = if finding.note { "note" } else { "found" };
        out.push_str(&indented(&format!("{word}: {}", finding.message)));
    }
    if found.iter().all(|finding| finding.note) {
        out.push_str("  nothing wrong was found\n");
    }
    out
}

/// The equation file that reads a known set.
pub(super) fn equations(found: &FoundSet) -> Option<String> {
    let form = found.files.as_slice();
    let lines = match (found.set.name, form) {
        ("iris" | "digits", _) => {
            let name = found.set.name;
            format!("x : R[d] per N = {name}\n  y : label[K] per N = {name}")
        }
        (_, [images, labels, test_images, test_labels]) => format!(
            "x : R[C, S, S] per N = idx \"{images}\"\n  y : label[K] per N = idx \"{labels}\"\n  \
             test x, y = idx \"{test_images}\", \"{test_labels}\""
        ),
        (_, [train, _]) if train.ends_with(".bin") => {
            let folder = train.split('/').next().unwrap_or_default();
            format!(
                "x : R[C, S, S] per N = cifar10 \"{folder}\"\n  y : label[K] per N = cifar10 \
                 \"{folder}\"\n  test x, y = cifar10 \"{folder}\""
            )
        }
        _ => return None,
    };
    Some(format!("size d, C, S, K\nbatch N\ndata\n  {lines}\n"))
}
