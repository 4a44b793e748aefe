//! Tables of text: `csv` and `text`.

use std::ops::Range;

use super::labels::RawLabels;

/// The cells of a table, row after row.
#[derive(Debug)]
pub(super) struct Cells {
    /// All cells, one behind the other.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    /// The line of the file where each row begins, from 1.
    lines: Vec<u32>,
    width: usize,
    /// The names of the columns, if the first line has them.
    header: Option<Vec<String>>,
}

/// How the cells of a line are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Separator {
    /// Commas, semicolons or tabs, whichever the first line has most of; cells may be quoted.
    Found,
    /// Blanks and tabs; `#` starts a comment.
    Blanks,
}

impl Cells {
    /// Reads a table. The first line is a header if no cell of it is a number and the second line
    /// has one.
    pub(super) fn read(bytes: &[u8], separator: Separator) -> Result<Cells, String> {
        let text = utf8(bytes)?;
        if text.trim().is_empty() {
            return Err("the file is empty".into());
        }
        if text.len() >= u32::MAX as usize {
            return Err("the file is too large for a table of text".into());
        }
        let mut cells =
            Cells { text: String::new(), ends: vec![], lines: vec![], width: 0, header: None };
        match separator {
            Separator::Found => cells.separated(text)?,
            Separator::Blanks => cells.blank(text)?,
        }
        if cells.lines.is_empty() {
            return Err("the file has no rows".into());
        }
        cells.take_header();
        if cells.rows() == 0 {
            return Err("the file has a header and no rows".into());
        }
        Ok(cells)
    }

    fn separated(&mut self, text: &str) -> Result<(), String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(text))
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => return Ok(()),
                Ok(true) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    if record.len() == 1 && record[0].trim().is_empty() {
                        continue;
                    }
                    self.row(line, record.iter())?;
                }
                Err(cause) => return Err(cause.to_string()),
            }
        }
    }

    fn blank(&mut self, text: &str) -> Result<(), String> {
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            if !line.trim().is_empty() {
                self.row(at as u64 + 1, line.split_whitespace())?;
            }
        }
        Ok(())
    }

    fn row<'t>(&mut self, line: u64, cells: impl Iterator<Item = &'t str>) -> Result<(), String> {
        let before = self.ends.len();
        for cell in cells {
            self.text.push_str(cell);
            self.ends.push(self.text.len() as u32);
        }
        let found = self.ends.len() - before;
        if self.lines.is_empty() {
            self.width = found;
        } else if found != self.width {
            return Err(format!(
                "line {line} (row {}) has {found} column{}, the first row has {}",
                self.lines.len() + 1,
                if found == 1 { "" } else { "s" },
                self.width
            ));
        }
        self.lines.push(line as u32);
        Ok(())
    }

    fn take_header(&mut self) {
        let numeric = |row| (0..self.width).any(|at| number(self.raw(row, at)).is_some());
        let header = self.lines.len() > 1 && !numeric(0) && numeric(1);
        // A file of a header alone has names only.
        let alone = self.lines.len() == 1 && !numeric(0) && self.width > 1;
        if header || alone {
            let names = (0..self.width).map(|at| self.raw(0, at).trim().to_string()).collect();
            self.header = Some(names);
        }
    }

    /// The cell of a line, the header counted.
    fn raw(&self, line: usize, column: usize) -> &str {
        let at = line * self.width + column;
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }

    /// How many lines are no rows.
    fn skipped(&self) -> usize {
        usize::from(self.header.is_some())
    }

    /// How many rows.
    pub(super) fn rows(&self) -> usize {
        self.lines.len() - self.skipped()
    }

    /// How many columns.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// What the first line calls a column, or its number from 1.
    pub(super) fn name(&self, column: usize) -> String {
        let named = self.header.as_ref().map(|h| h[column].clone()).filter(|name| !name.is_empty());
        named.unwrap_or_else(|| format!("column {}", column + 1))
    }

    /// The numbers of a column if half of its cells are such; the others are NaN.
    pub(super) fn mostly_numbers(&self, column: usize) -> Option<Vec<f64>> {
        let cell = |row| number(self.cell(row, column)).unwrap_or(f64::NAN);
        let values: Vec<f64> = (0..self.rows()).map(cell).collect();
        let none = values.iter().filter(|v| v.is_nan()).count();
        (2 * none <= values.len()).then_some(values)
    }

    /// A cell.
    pub(super) fn cell(&self, row: usize, column: usize) -> &str {
        self.raw(row + self.skipped(), column)
    }

    /// `line 3 (row 2), column 1 (length)`
    fn place(&self, row: usize, column: usize) -> String {
        let line = self.lines[row + self.skipped()];
        let name = self.header.as_ref().map_or(String::new(), |h| format!(" ({})", h[column]));
        format!("line {line} (row {}), column {}{name}", row + 1, column + 1)
    }

    /// The numbers of some columns, row after row. Numbers that are not finite are an error unless
    /// they are `lenient`ly kept.
    pub(super) fn numbers(&self, columns: Range<usize>, lenient: bool) -> Result<Vec<f64>, String> {
        let mut values = Vec::with_capacity(self.rows() * columns.len());
        for row in 0..self.rows() {
            for column in columns.clone() {
                let cell = self.cell(row, column).trim();
                match cell.parse::<f64>() {
                    Ok(value) if value.is_finite() || lenient => values.push(value),
                    Ok(_) => {
                        let place = self.place(row, column);
                        return Err(format!("{place}: `{}` is not finite", shown(cell)));
                    }
                    Err(_) if cell.is_empty() && lenient => values.push(f64::NAN),
                    Err(_) => return Err(self.no_number(row, column)),
                }
            }
        }
        Ok(values)
    }

    fn no_number(&self, row: usize, column: usize) -> String {
        let (cell, place) = (self.cell(row, column).trim(), self.place(row, column));
        if cell.is_empty() {
            return format!("{place}: the cell is empty, a number is expected");
        }
        let mut message = format!("{place}: `{}` is no number", shown(cell));
        if self.width == 1 && cell.contains(char::is_whitespace) {
            message.push_str("; columns with blanks between them are read by the format `text`");
        }
        message
    }

    /// The labels of a column.
    pub(super) fn labels(&self, column: usize) -> Result<RawLabels, String> {
        let mut labels = RawLabels::default();
        for row in 0..self.rows() {
            let cell = self.cell(row, column);
            if cell.trim().is_empty() {
                let place = self.place(row, column);
                return Err(format!("{place}: the cell is empty, a label is expected"));
            }
            labels.push(cell).map_err(|e| format!("{}: {e}", self.place(row, column)))?;
        }
        Ok(labels)
    }
}

/// The number that a cell is.
pub(super) fn number(cell: &str) -> Option<f64> {
    cell.trim().parse().ok()
}

/// The text of a cell for a message.
fn shown(cell: &str) -> String {
    let short: String = cell.chars().take(40).collect();
    if short.len() < cell.len() { format!("{short}..") } else { short }
}

/// The text behind a byte order mark.
fn utf8(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("the text is UTF-16; save it as UTF-8".into());
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|bad| {
        let valid = bad.valid_up_to();
        let line = bytes[..valid].iter().filter(|b| **b == b'\n').count() + 1;
        format!("line {line} (byte {valid}) is no UTF-8 text")
    })
}

/// The most frequent of `,`, `;` and tab outside quotes in the first line; the comma if none is.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in line.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(d, _)| *d == byte && !quoted) {
            *count += 1;
        }
    }
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    best.map_or(b',', |(delimiter, _)| *delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Result<Cells, String> {
        Cells::read(text.as_bytes(), Separator::Found)
    }

    #[test]
    fn separators_quotes_and_header() {
        for text in [
            "a,\"b,c\"\n1,\"2\"\n3,4\n",
            "a;\"b,c\"\n1;2\n3;4",
            "a\t\"b,c\"\r\n1\t2\r\n\r\n3\t4\r\n",
        ] {
            let cells = csv(text).unwrap();
            assert_eq!((cells.rows(), cells.width()), (2, 2), "{text}");
            assert_eq!((cells.name(0), cells.name(1)), ("a".into(), "b,c".into()));
            assert_eq!(cells.numbers(0..2, false), Ok(vec![1.0, 2.0, 3.0, 4.0]));
        }
        assert_eq!(csv("1,2\n3,4\n").unwrap().name(1), "column 2");
        assert_eq!(csv("\u{feff}1,2\n").unwrap().numbers(0..1, false), Ok(vec![1.0]));
        // Text columns alone: every line is a row.
        assert_eq!(csv("a,b\nc,d\n").unwrap().rows(), 2);
    }

    #[test]
    fn blanks() {
        let text = b"# x y\n 1   2 \n\n\t3 4 # last\n";
        let cells = Cells::read(text, Separator::Blanks).unwrap();
        assert_eq!(cells.numbers(0..2, false), Ok(vec![1.0, 2.0, 3.0, 4.0]));
        assert_eq!(cells.place(1, 0), "line 4 (row 2), column 1");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let numbers = |text: &str| csv(text).and_then(|c| c.numbers(0..2, false)).unwrap_err();
        assert_eq!(numbers(""), "the file is empty");
        assert_eq!(numbers(" \n\n"), "the file is empty");
        assert_eq!(numbers("a,b\n"), "the file has a header and no rows");
        assert_eq!(numbers("1,2\n3,4,5\n"), "line 2 (row 2) has 3 columns, the first row has 2");
        assert_eq!(numbers("a,b\n1,2\n3,x\n"), "line 3 (row 2), column 2 (b): `x` is no number");
        assert_eq!(numbers("1,2\n3,NaN\n"), "line 2 (row 2), column 2: `NaN` is not finite");
        assert_eq!(numbers("1,2\n3,1e999\n"), "line 2 (row 2), column 2: `1e999` is not finite");
        assert_eq!(
            numbers("1,2\n3,\n"),
            "line 2 (row 2), column 2: the cell is empty, a number is expected"
        );
        let bad = Cells::read(b"1,2\n\xff,3\n", Separator::Found).unwrap_err();
        assert_eq!(bad, "line 2 (byte 4) is no UTF-8 text");
        let hint = csv("1 2\n").and_then(|c| c.numbers(0..1, false)).unwrap_err();
        assert!(hint.ends_with("by the format `text`"), "{hint}");
    }

    #[test]
    fn a_quote_that_never_closes_is_no_endless_cell() {
        assert!(csv("1,2\n\"3,4\n5,6\n").is_err());
    }

    #[test]
    fn missing_numbers_are_kept_where_they_are_looked_for() {
        let values = csv("1,2\n,inf\n").unwrap().numbers(0..2, true).unwrap();
        assert!(values[2].is_nan() && values[3].is_infinite());
    }

    #[test]
    fn labels() {
        let labels = csv("1,b\n2,a\n").unwrap().labels(1).unwrap();
        assert_eq!((labels.len(), labels.different()), (2, 2));
        assert!(csv("1,b\n2,\n").unwrap().labels(1).is_err());
    }
}
