//! Columns: blanks put in until neighbours agree.

use super::columns::Column;
use super::rows::Row;

/// Most blanks that a column may cost one row.
const PADDING: usize = 24;
/// The last place where comments and verdicts of several rows begin together.
const LAST: usize = 100;
/// Blanks before a comment, at least.
const GAP: usize = 2;

/// Aligns the columns of neighbouring rows.
pub(super) fn columns(rows: &mut [Row<'_>]) {
    for run in rows.chunk_by_mut(|a, b| a.run.is_some() && a.run == b.run && !b.blank_above) {
        for column in Column::ALL {
            align(run, column);
        }
    }
}

/// Aligns one column in a run of rows; those without it do not count.
fn align(run: &mut [Row<'_>], column: Column) {
    let last = if column == Column::Expect { LAST } else { usize::MAX };
    let column = column as usize;
    let width = |row: &Row<'_>| row.cuts[column].map(|at| row.text[..at].chars().count());
    let cells: Vec<(usize, usize)> =
        run.iter().enumerate().filter_map(|(at, row)| Some((at, width(row)?))).collect();
    for group in groups(&cells, |least, most| most - least <= PADDING && most <= last) {
        let most = group.iter().map(|(_, width)| *width).max().unwrap_or(0);
        for (at, width) in group {
            pad(&mut run[*at], column, most - width);
        }
    }
}

/// Puts blanks in front of a column; what stands behind it moves.
fn pad(row: &mut Row<'_>, column: usize, blanks: usize) {
    let Some(place) = row.cuts[column] else { return };
    row.text.insert_str(place, &" ".repeat(blanks));
    for cut in row.cuts.iter_mut().flatten().filter(|cut| **cut >= place) {
        *cut += blanks;
    }
}

/// Aligns the comments behind the rows of each paragraph.
pub(super) fn comments(rows: &mut [Row<'_>]) {
    let is_code = |row: &Row<'_>| !row.text.is_empty();
    for paragraph in rows.chunk_by_mut(|a, b| is_code(a) && is_code(b) && !b.blank_above) {
        let cells: Vec<(usize, usize)> = paragraph
            .iter()
            .enumerate()
            .filter(|(_, row)| row.comment.is_some() && is_code(row))
            .map(|(at, row)| (at, row.indent + row.text.chars().count()))
            .collect();
        for group in groups(&cells, |_, most| most + GAP <= LAST) {
            let most = group.iter().map(|(_, width)| *width).max().unwrap_or(0);
            for (at, width) in group {
                paragraph[*at].gap = most - width + GAP;
            }
        }
    }
}

/// Cuts the cells, pairs of a row and a width, where a group would no longer fit: the narrowest
/// and the widest of each group satisfy `fit`, or it has one cell.
fn groups(cells: &[(usize, usize)], fit: impl Fn(usize, usize) -> bool) -> Vec<&[(usize, usize)]> {
    let mut groups = Vec::new();
    let (mut start, mut least, mut most) = (0, usize::MAX, 0);
    for (at, (_, width)) in cells.iter().enumerate() {
        (least, most) = (least.min(*width), most.max(*width));
        if at > start && !fit(least, most) {
            groups.push(&cells[start..at]);
            (start, least, most) = (at, *width, *width);
        }
    }
    if start < cells.len() {
        groups.push(&cells[start..]);
    }
    groups
}
