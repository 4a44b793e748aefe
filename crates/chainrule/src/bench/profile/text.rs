//! A profile as text.

use std::fmt::Write as _;

use super::Profile;

/// Instructions that are shown unless all are asked for.
const SHOWN: usize = 20;

/// Columns of the page.
const WIDTH: usize = 80;

impl Profile {
    /// The profile as text of at most 80 columns: the groups, then the instructions, the longest
    /// first; without `all` at most 20 of them.
    pub fn text(&self, all: bool) -> String {
        let (s, threads) = (if self.threads == 1 { "" } else { "s" }, self.threads);
        let mut out = format!(
            "{}: a step of {} on {} rows, {} {}, {threads} thread{s}\n",
            self.file, self.training, self.rows, self.precision, self.isa
        );
        if let Some(why) = &self.missing {
            let why = why.split([';', '\n']).next().unwrap_or_default();
            let _ = writeln!(out, "its data are missing, these are made up: {}", cut(why, 150));
        }
        let _ = writeln!(out, "\n{:>10}  share GFLOP/s   GB/s  group", "us");
        for group in self.groups() {
            let rates = rates(group.seconds, group.flops, group.bytes);
            let _ = writeln!(
                out,
                "{}{rates}  {} ({})",
                self.time(group.seconds),
                group.name,
                group.count
            );
        }
        let none = " ".repeat(15);
        let _ = writeln!(out, "{}{none}  rest: order of rows, loss", self.time(self.rest()));
        let _ = writeln!(out, "{}{none}  a step, median of {}", self.time(self.step), self.steps);
        let _ = writeln!(
            out,
            "\n{:>10}  share GFLOP/s   GB/s  {:11} {:13} line what",
            "us", "group", "extents"
        );
        let mut sorted = self.sorted();
        let joined = sorted.iter().filter(|one| one.seconds.is_none()).count();
        sorted.truncate(if all { sorted.len() } else { sorted.len() - joined });
        let shown = if all { sorted.len() } else { SHOWN.min(sorted.len()) };
        for one in &sorted[..shown] {
            let extents: Vec<String> = one.extents.iter().map(ToString::to_string).collect();
            let times = match one.seconds {
                Some(seconds) => self.time(seconds) + &rates(seconds, one.flops, one.bytes),
                None => format!("{:>10}{:22}", "joined", ""),
            };
            let line = format!(
                "{times}  {:11} {:13} {:>4} ",
                one.group,
                cut(&extents.join("x"), 13),
                one.line.map_or(String::new(), |line| line.to_string()),
            );
            let room = WIDTH.saturating_sub(line.chars().count());
            let _ = writeln!(out, "{line}{}", cut(&one.name, room));
        }
        if shown < sorted.len() {
            let left = sorted[shown..].iter().filter_map(|one| one.seconds).sum();
            let more = sorted.len() - shown;
            let _ = writeln!(out, "{}{none}  {more} more (--all)", self.time(left));
        }
        if joined > 0 {
            let _ = writeln!(out, "\n{joined} are done with the product before them, in its time.");
        }
        let _ = writeln!(out, "\nGB/s counts every array that is read or written once.");
        out
    }

    /// Microseconds, and their share of the step.
    fn time(&self, seconds: f64) -> String {
        let digits = if self.step < 1e-3 { 2 } else { 1 };
        let share = 100.0 * seconds / self.step;
        format!("{:>10.digits$} {share:>5.1}%", seconds * 1e6)
    }
}

/// Operations and bytes a second; nothing where there are none.
fn rates(seconds: f64, flops: u64, bytes: u64) -> String {
    let rate = |count: u64| match count {
        0 => String::new(),
        n => format!("{:.1}", n as f64 / seconds / 1e9),
    };
    format!(" {:>7} {:>6}", rate(flops), rate(bytes))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.into();
    }
    let start: String = text.chars().take(most.saturating_sub(2)).collect();
    format!("{}..", start.trim_end())
}
