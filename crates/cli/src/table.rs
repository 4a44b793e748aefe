//! Tables for the terminal: what does not fit beside stands below.

use unicode_width::UnicodeWidthStr as _;

/// Blanks between columns.
const GAP: usize = 2;
/// Blanks before the first.
const INDENT: usize = 2;

/// A column: a word above its head, its head, its cells.
#[derive(Clone, Debug)]
struct Column {
    above: String,
    head: String,
    cells: Vec<String>,
    /// Columns of the screen of the widest of them.
    width: usize,
}

/// A table; its first column names the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    columns: Vec<Column>,
}

impl Table {
    /// Adds a column. Neighbours with the same word above share it.
    pub(crate) fn column(&mut self, above: &str, head: &str, cells: Vec<String>) {
        let width = cells.iter().map(|cell| cell.width()).max().unwrap_or(0).max(head.width());
        self.columns.push(Column { above: above.into(), head: head.into(), cells, width });
    }

    /// How wide it is in one block.
    pub(crate) fn width(&self) -> usize {
        let Some((first, rest)) = self.columns.split_first() else { return 0 };
        let groups = rest.chunk_by(|a, b| a.above == b.above && !a.above.is_empty());
        let groups = groups.map(|group| columns(&group.iter().collect::<Vec<_>>()));
        INDENT + first.width + groups.sum::<usize>()
    }

    /// The table in blocks that fit into `width` columns, each with the first column.
    pub(crate) fn text(&self, width: usize) -> String {
        let Some((first, rest)) = self.columns.split_first() else { return String::new() };
        let room = width.saturating_sub(INDENT + first.width);
        let mut blocks: Vec<Vec<&Column>> = vec![Vec::new()];
        let mut used = 0;
        for group in rest.chunk_by(|a, b| a.above == b.above && !a.above.is_empty()) {
            let needs = columns(&group.iter().collect::<Vec<_>>());
            if used > 0 && used + needs > room {
                blocks.push(Vec::new());
                used = 0;
            }
            used += needs;
            if let Some(block) = blocks.last_mut() {
                block.extend(group);
            }
        }
        let blocks: Vec<String> = blocks.iter().map(|block| lines(first, block)).collect();
        blocks.join("\n")
    }
}

/// Columns of the screen that these take, with the gaps before them.
fn columns(group: &[&Column]) -> usize {
    group.iter().map(|column| GAP + column.width).sum::<usize>().max(GAP + above(group))
}

fn above(group: &[&Column]) -> usize {
    group.first().map_or(0, |column| column.above.width())
}

fn lines(first: &Column, block: &[&Column]) -> String {
    let mut out = String::new();
    if block.iter().any(|column| !column.above.is_empty()) {
        let mut line = " ".repeat(INDENT + first.width);
        for group in block.chunk_by(|a, b| a.above == b.above) {
            let room = columns(group) - GAP;
            line.push_str(&" ".repeat(GAP));
            line.push_str(&centred(&group[0].above, room));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let rows = first.cells.len();
    for row in std::iter::once(None).chain((0..rows).map(Some)) {
        let cell = |column: &Column| match row {
            None => column.head.clone(),
            Some(row) => column.cells.get(row).cloned().unwrap_or_default(),
        };
        let name = cell(first);
        let mut line = " ".repeat(INDENT) + &name + &" ".repeat(first.width - name.width());
        for group in block.chunk_by(|a, b| a.above == b.above && !a.above.is_empty()) {
            let spare = columns(group) - group.iter().map(|c| GAP + c.width).sum::<usize>();
            line.push_str(&" ".repeat(spare));
            for column in group {
                let text = cell(column);
                line.push_str(&" ".repeat(GAP + column.width - text.width()));
                line.push_str(&text);
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn centred(text: &str, room: usize) -> String {
    let left = room.saturating_sub(text.width()) / 2;
    let right = room.saturating_sub(text.width() + left);
    format!("{}{text}{}", " ".repeat(left), " ".repeat(right))
}

/// A measured value: four digits behind the point where that says something.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e5).contains(&size) {
        format!("{value:.4}")
    } else if value.is_finite() {
        format!("{value:.2e}")
    } else {
        value.to_string()
    }
}

/// Seconds, with as many digits as are of interest.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 10.0 => format!("{s:.2}"),
        s if s < 100.0 => format!("{s:.1}"),
        s => format!("{s:.0}"),
    }
}

/// A time that is left: `0:05`, `1:02:03`.
pub(crate) fn clock(seconds: f64) -> String {
    let all = seconds.clamp(0.0, 1e9) as u64;
    let (hours, minutes, seconds) = (all / 3600, all / 60 % 60, all % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::default();
        table.column("", "training", vec!["gd".into(), "nag".into()]);
        for part in ["train", "validation"] {
            table.column(part, "J", vec!["0.5421".into(), "0.0512".into()]);
            table.column(part, "accuracy", vec!["0.7818".into(), "0.9818".into()]);
        }
        table.column("", "steps", vec!["350".into(), "350".into()]);
        table
    }

    #[test]
    fn wide_and_narrow() {
        let wide = "                 train           validation
  training       J  accuracy       J  accuracy  steps
  gd        0.5421    0.7818  0.5421    0.7818    350
  nag       0.0512    0.9818  0.0512    0.9818    350
";
        assert_eq!(table().text(80), wide);
        let narrow = "                 train
  training       J  accuracy
  gd        0.5421    0.7818
  nag       0.0512    0.9818

               validation
  training       J  accuracy
  gd        0.5421    0.7818
  nag       0.0512    0.9818

  training  steps
  gd          350
  nag         350
";
        assert_eq!(table().text(30), narrow);
        assert_eq!(table().text(0).lines().count(), narrow.lines().count());
    }

    /// Work that grew with the square of the rows would not end.
    #[test]
    fn many_rows() {
        let mut table = Table::default();
        let cells = || (0..100_000).map(|row| row.to_string()).collect();
        table.column("", "row", cells());
        table.column("p", "value", cells());
        assert_eq!(table.text(80).lines().count(), 100_002);
    }

    #[test]
    fn numbers_for_people() {
        let all = [0.0, 0.98, 1e-4, 123_456.0, f64::NAN, -2.0];
        let text: Vec<String> = all.map(number).to_vec();
        assert_eq!(text, ["0.0000", "0.9800", "1.00e-4", "1.23e5", "NaN", "-2.0000"]);
        assert_eq!([0.123, 12.34, 1234.5].map(seconds), ["0.12", "12.3", "1234"]);
        assert_eq!([5.9, 62.0, 3723.0].map(clock), ["0:05", "1:02", "1:02:03"]);
    }
}
