//! One source line cut to the width of the screen around the places that are marked in it.
//!
//! The work is bounded by the width, not by the line, so a line of a megabyte costs nothing.

use std::ops::Range;

use super::text::{columns, columns_of, shown};

/// Stands for what was cut away.
const CUT: &str = "...";

/// A marked place of a line.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// Bytes of the line.
    pub(super) span: Range<usize>,
    /// Columns of the label that must fit beside or below it.
    pub(super) label: usize,
}

/// A line that fits on the screen.
#[derive(Debug)]
pub(super) struct Window<'a> {
    line: &'a str,
    /// The bytes of the line that are shown, in order.
    pieces: Vec<Range<usize>>,
}

impl<'a> Window<'a> {
    /// Cuts `line` to `room` columns; `None` if the marks or their labels cannot fit.
    pub(super) fn cut(line: &'a str, marks: &[Mark], room: usize) -> Option<Window<'a>> {
        if line.len() <= 4 * room {
            let whole = Window::around(line, std::slice::from_ref(&(0..line.len())), 0, 0, 0);
            if whole.holds(marks, room, true) {
                return Some(whole);
            }
        }
        Window::part(line, marks, room, false).or_else(|| Window::part(line, marks, room, true))
    }

    /// As much of `line` as fits; `hanging` if a label may stand below its carets.
    fn part(line: &'a str, marks: &[Mark], room: usize, hanging: bool) -> Option<Window<'a>> {
        let places = places(line, marks, room);
        let holds = |left, middle, right| {
            Window::around(line, &places, left, middle, right).holds(marks, room, hanging)
        };
        let few = 8;
        let middle = most(room, |n| holds(0, n, few)).or_else(|| most(room, |n| holds(0, n, 0)))?;
        let left = most(room, |n| holds(n, middle, few))
            .or_else(|| most(room, |n| holds(n, middle, 0)))?;
        let right = most(room, |n| holds(left, middle, n))?;
        Some(Window::around(line, &places, left, middle, right))
    }

    /// The window that shows `places` and some characters before, between and after them.
    fn around(
        line: &'a str,
        places: &[Range<usize>],
        left: usize,
        middle: usize,
        right: usize,
    ) -> Window<'a> {
        let mut pieces: Vec<Range<usize>> = Vec::new();
        for (i, place) in places.iter().enumerate() {
            let before = if i == 0 { left } else { middle };
            let after = if i + 1 == places.len() { right } else { middle };
            let start = back(line, place.start, before);
            let end = forth(line, place.end, after);
            match pieces.last_mut() {
                // What is cut must be longer than the dots that stand for it.
                Some(last) if back(line, start, CUT.len()) <= last.end => {
                    last.end = end.max(last.end);
                }
                _ => pieces.push(start..end),
            }
        }
        if let Some(first) = pieces.first_mut()
            && back(line, first.start, CUT.len()) == 0
        {
            first.start = 0;
        }
        if let Some(last) = pieces.last_mut()
            && forth(line, last.end, CUT.len()) == line.len()
        {
            last.end = line.len();
        }
        Window { line, pieces }
    }

    /// Whether the text and the labels of `marks` fit in `room` columns.
    fn holds(&self, marks: &[Mark], room: usize, hanging: bool) -> bool {
        let text = self.text();
        let labelled = || marks.iter().filter(|m| m.label > 0);
        let column = |at| columns(&text[..self.position(at)]);
        columns(&text) <= room
            && labelled().all(|m| column(m.span.start) + m.label <= room)
            // The rightmost label stands beside its carets, the others below theirs.
            && labelled()
                .max_by_key(|m| m.span.start)
                .is_none_or(|m| self.is_beside(m, room) || hanging && self.can_hang(m))
    }

    /// Whether the label of `mark` fits beside its carets.
    fn is_beside(&self, mark: &Mark, room: usize) -> bool {
        let text = self.text();
        let column = |at| columns(&text[..self.position(at)]);
        column(mark.span.end).max(column(mark.span.start) + 1) + 1 + mark.label <= room
    }

    /// Whether the label of `mark` can be made to stand below its carets: see [`Self::hangs`].
    fn can_hang(&self, mark: &Mark) -> bool {
        self.line[mark.span.clone()].chars().nth(1).is_some()
    }

    /// Whether the label of `mark` must stand below its carets to fit.
    pub(super) fn hangs(&self, mark: &Mark, room: usize) -> bool {
        mark.label > 0 && !self.is_beside(mark, room) && self.can_hang(mark)
    }

    /// What is shown.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let mut at = 0;
        for piece in &self.pieces {
            if piece.start > at {
                out.push_str(CUT);
            }
            out.extend(self.line[piece.clone()].chars().map(shown));
            at = piece.end;
        }
        if at < self.line.len() {
            out.push_str(CUT);
        }
        out
    }

    /// Where byte `at` of the line is in the shown text.
    pub(super) fn position(&self, at: usize) -> usize {
        let mut out = 0;
        let mut last = 0;
        for piece in &self.pieces {
            if piece.start > last {
                out += CUT.len();
            }
            let end = at.clamp(piece.start, piece.end);
            let text = &self.line[piece.start..end];
            out += text.chars().map(|c| shown(c).len_utf8()).sum::<usize>();
            if at <= piece.end {
                return out;
            }
            last = piece.end;
        }
        out
    }
}

/// The bytes that must be shown: each mark, of a long one its head and its tail.
fn places(line: &str, marks: &[Mark], room: usize) -> Vec<Range<usize>> {
    let third = room / 3;
    let mut places: Vec<Range<usize>> = Vec::new();
    for Range { start, end } in marks.iter().map(|m| m.span.clone()) {
        if forth(line, start, 2 * third) >= end {
            places.push(start..end);
        } else {
            places.push(start..forth(line, start, third));
            places.push(back(line, end, third)..end);
        }
    }
    if places.is_empty() {
        places.push(0..0);
    }
    places.sort_by_key(|p| (p.start, p.end));
    places
}

/// The largest number up to `limit` for which `fits` holds, if fitting ends somewhere.
fn most(limit: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    if !fits(0) {
        return None;
    }
    let (mut good, mut bad) = (0, limit + 1);
    while bad - good > 1 {
        let middle = usize::midpoint(good, bad);
        if fits(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good)
}

/// The place at most `room` columns before byte `at`.
fn back(line: &str, at: usize, room: usize) -> usize {
    let mut left = room;
    let mut place = at;
    for (i, c) in line[..at].char_indices().rev() {
        let Some(rest) = left.checked_sub(columns_of(c)) else { break };
        left = rest;
        place = i;
    }
    place
}

/// The place at most `room` columns after byte `at`.
fn forth(line: &str, at: usize, room: usize) -> usize {
    let mut left = room;
    let mut place = at;
    for (i, c) in line[at..].char_indices() {
        let Some(rest) = left.checked_sub(columns_of(c)) else { break };
        left = rest;
        place = at + i + c.len_utf8();
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(line: &str, what: &str, label: usize) -> Mark {
        let start = line.find(what).expect("the text is in the line");
        Mark { span: start..start + what.len(), label }
    }

    #[test]
    fn a_line_that_fits_is_whole() {
        let window = Window::cut("  z = W x", &[], 20).expect("fits");
        assert_eq!((window.text().as_str(), window.position(6)), ("  z = W x", 6));
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let line = "abcdefghijklmnopqrstuvwxyz0123456789";
        let cut = |what| Window::cut(line, &[mark(line, what, 0)], 20).expect("fits").text();
        assert_eq!(cut("c"), "abcdefghijklmnopq...");
        assert_eq!(cut("r"), "...mnopqrstuvwxyz...");
        assert_eq!(cut("89"), "...tuvwxyz0123456789");
    }

    #[test]
    fn two_marks_far_apart_are_both_shown() {
        let line = format!("aa{}zz", "-".repeat(1000));
        let window = Window::cut(&line, &[mark(&line, "aa", 3), mark(&line, "zz", 3)], 30);
        let window = window.expect("fits");
        assert_eq!(window.text(), "aa---------...---------zz");
        assert_eq!(window.position(1002), 23);
    }

    #[test]
    fn a_label_that_is_too_long_does_not_fit() {
        assert!(Window::cut("z = W x", &[mark("z = W x", "x", 40)], 30).is_none());
    }

    #[test]
    fn a_megabyte_is_cut_at_once() {
        let line = "漢".repeat(400_000);
        let at = line.len() / 2 / 3 * 3;
        let marks = [Mark { span: at..line.len(), label: 5 }];
        let window = Window::cut(&line, &marks, 75).expect("fits");
        assert!(columns(&window.text()) <= 75, "{}", window.text());
    }
}
