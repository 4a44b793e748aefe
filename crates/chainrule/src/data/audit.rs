//! What is suspicious about data: numbers that are none, labels that do not occur, entries that
//! never change, rows that are there twice.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::scaling::statistics;
use super::{Column, Dataset, Finding, LabelNames, Values};

impl Dataset {
    /// What is suspicious. Rows are compared by their values without the labels.
    pub fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        self.not_finite(&mut found);
        self.missing_labels(&mut found);
        self.numbered_labels(&mut found);
        self.constant(&mut found);
        self.duplicates(&mut found);
        found
    }

    fn is_label(&self, column: &Column) -> bool {
        self.label_names(&column.name).is_some()
    }

    fn not_finite(&self, found: &mut Vec<Finding>) {
        for table in &self.tables {
            for column in &table.columns {
                let wrong = |i: &usize| !column.values.get(*i).is_finite();
                if matches!(column.values, Values::U8(_)) {
                    continue;
                }
                let count = (0..column.values.len()).filter(wrong).count();
                let Some(first) = (0..column.values.len()).find(wrong) else { continue };
                let entry = entry(column, first % column.width);
                let (is, s) = if count == 1 { ("is", "") } else { ("are", "s") };
                let message = format!(
                    "{count} value{s} of `{}` {is} no finite number{s}: the first is {entry} of row {}",
                    column.name,
                    first / column.width + 1
                );
                found.push(Finding { code: "not-finite", message, count, note: false });
            }
        }
    }

    fn missing_labels(&self, found: &mut Vec<Finding>) {
        let Some(train) = self.parts.iter().position(|part| part.name == "train") else { return };
        let summary = self.summary(None);
        for (name, labels) in &summary.labels {
            let none = labels.iter().filter(|label| label.rows[train] == 0);
            let none: Vec<&str> = none.map(|label| label.name.as_str()).collect();
            if none.is_empty() {
                continue;
            }
            let shown = none.iter().take(8).map(|n| format!("`{n}`")).collect::<Vec<_>>();
            let more = if none.len() > 8 { ", .." } else { "" };
            let (class, has) = if none.len() == 1 { ("class", "has") } else { ("classes", "have") };
            let message = format!(
                "{} {class} of `{name}` {has} no row in the training part: {}{more}",
                none.len(),
                shown.join(", ")
            );
            let count = none.len();
            found.push(Finding { code: "label-missing", message, count, note: true });
        }
    }

    fn numbered_labels(&self, found: &mut Vec<Finding>) {
        for LabelNames { symbol, names } in &self.labels {
            let moved = |(class, name): (usize, &String)| {
                name.parse::<i64>().is_ok_and(|n| n != class as i64)
            };
            let count = names.iter().enumerate().filter(|named| moved(*named)).count();
            if count < names.len() || count < 2 {
                continue;
            }
            let message = format!(
                "the labels of `{symbol}` are numbered in order: `{}` is class 0, `{}` class {}",
                names[0],
                names[count - 1],
                count - 1
            );
            found.push(Finding { code: "label-numbered", message, count, note: true });
        }
    }

    fn constant(&self, found: &mut Vec<Finding>) {
        let Some(train) = self.part("train").filter(|part| part.rows.len() > 1) else { return };
        for column in &self.tables[train.table].columns {
            if self.is_label(column) {
                continue;
            }
            let all = statistics(&column.values, column.width, &train.rows);
            let never = |j: &usize| all[*j].min == all[*j].max;
            let count = (0..column.width).filter(never).count();
            let Some(first) = (0..column.width).find(never) else { continue };
            let entry = entry(column, first);
            // Pixels at the edge of an image are often always black.
            let note = matches!(column.values, Values::U8(_)) && column.width > 1;
            let message = if column.width == 1 {
                format!("`{}` is always {} in the training part", column.name, all[first].min)
            } else {
                let changes = if count == 1 { "never changes" } else { "never change" };
                format!(
                    "{count} of the {} entries of `{}` {changes} in the training part: the first \
                     is {entry}, always {}",
                    column.width, column.name, all[first].min
                )
            };
            found.push(Finding { code: "constant", message, count, note });
        }
    }

    fn duplicates(&self, found: &mut Vec<Finding>) {
        let mut known: HashMap<u64, Vec<Known>> = HashMap::new();
        let parts = self.parts.len();
        let mut inside = vec![Pairs::default(); parts];
        let mut across = vec![Pairs::default(); parts * parts];
        if self.tables[0].columns.iter().all(|column| self.is_label(column)) {
            return;
        }
        for (at, part) in self.parts.iter().enumerate() {
            for row in &part.rows {
                let row = *row as usize;
                let group = known.entry(self.hash(part.table, row)).or_default();
                let same = |known: &&mut Known| self.same((part.table, row), known.seen[0]);
                match group.iter_mut().find(same) {
                    None => group.push(Known { seen: vec![(part.table, row)], parts: vec![at] }),
                    Some(known) => {
                        let again = known.parts.iter().position(|p| *p == at);
                        let (pairs, first) = match again {
                            Some(i) => (&mut inside[at], known.seen[i]),
                            None => (&mut across[known.parts[0] * parts + at], known.seen[0]),
                        };
                        pairs.count += 1;
                        let rows = (first.1 + 1, row + 1);
                        let ordered = (rows.0.min(rows.1), rows.0.max(rows.1));
                        pairs.first.get_or_insert(if again.is_some() { ordered } else { rows });
                        if again.is_none() {
                            known.seen.push((part.table, row));
                            known.parts.push(at);
                        }
                    }
                }
            }
        }
        for (pairs, part) in inside.iter().zip(&self.parts) {
            let Some((a, b)) = pairs.first else { continue };
            let (rows, are, copies) = words(pairs.count);
            let place = if parts == 1 { String::new() } else { format!(" of {}", part.name) };
            let message = format!(
                "{} {rows}{place} {are} {copies} of an earlier one: rows {a} and {b} are the first",
                pairs.count
            );
            found.push(Finding { code: "duplicate", message, count: pairs.count, note: false });
        }
        for (at, pairs) in across.iter().enumerate() {
            let Some((a, b)) = pairs.first else { continue };
            let (one, other) = (&self.parts[at / parts].name, &self.parts[at % parts].name);
            let (rows, are, _) = words(pairs.count);
            let message = format!(
                "{} {rows} of {other} {are} in {one} as well: {one} row {a} and {other} row {b} are \
                 the first",
                pairs.count
            );
            found.push(Finding { code: "overlap", message, count: pairs.count, note: false });
        }
    }

    fn hash(&self, table: usize, row: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        for column in &self.tables[table].columns {
            if self.is_label(column) {
                continue;
            }
            let range = row * column.width..(row + 1) * column.width;
            match &column.values {
                Values::U8(values) => hasher.write(&values[range]),
                Values::F32(values) => {
                    values[range].iter().for_each(|v| v.to_bits().hash(&mut hasher));
                }
                Values::F64(values) => {
                    values[range].iter().for_each(|v| v.to_bits().hash(&mut hasher));
                }
            }
        }
        hasher.finish()
    }

    /// Whether two rows, each of a table, have the same values.
    fn same(&self, (table, row): (usize, usize), (of, other): (usize, usize)) -> bool {
        let pairs = self.tables[table].columns.iter().zip(&self.tables[of].columns);
        let mut pairs = pairs.filter(|(column, _)| !self.is_label(column));
        pairs.all(|(a, b)| {
            let entry = |j| {
                let (a, b) = (a.values.get(row * a.width + j), b.values.get(other * b.width + j));
                a.to_bits() == b.to_bits()
            };
            (0..a.width).all(entry)
        })
    }
}

/// Rows with the same values: the first of each part.
struct Known {
    seen: Vec<(usize, usize)>,
    parts: Vec<usize>,
}

/// How many rows are there again, and the first two, from 1.
#[derive(Clone, Default)]
struct Pairs {
    count: usize,
    first: Option<(usize, usize)>,
}

fn words(count: usize) -> (&'static str, &'static str, &'static str) {
    if count == 1 { ("row", "is", "a copy") } else { ("rows", "are", "copies") }
}

/// `entry 3`, or `the value` of a name with one.
fn entry(column: &Column, j: usize) -> String {
    if column.width == 1 { "that".into() } else { format!("entry {}", j + 1) }
}
