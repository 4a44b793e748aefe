//! How a training goes, for the one who waits: a bar on a terminal, lines elsewhere.

use std::time::{Duration, Instant};

use chainrule::Error;
use chainrule::run::Watch;
use chainrule::train::{EpochReport, Facts, Progress, Scores, Summary};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt::Interrupt;
use crate::shell::Shell;
use crate::table::{clock, number, seconds};

/// Lines of one training, about.
const LINES: u64 = 20;
/// After so long there is a line, however many there were.
const SILENCE: Duration = Duration::from_secs(30);
/// How often a bar is drawn.
const DRAW: Duration = Duration::from_millis(80);
/// Longer lines are cut between two values.
const WIDTH: usize = 79;

/// Shows how trainings go.
pub(crate) struct Show<'s> {
    shell: &'s Shell,
    interrupt: Interrupt,
    bar: Option<ProgressBar>,
    name: String,
    loss: String,
    /// When something was last drawn or said.
    last: Instant,
    /// Steps and seconds when the training began or went on.
    from: (u64, f64),
    /// The values of the last epoch.
    values: String,
}

impl<'s> Show<'s> {
    pub(crate) fn new(shell: &'s Shell, interrupt: Interrupt) -> Show<'s> {
        Show {
            shell,
            interrupt,
            bar: None,
            name: String::new(),
            loss: String::new(),
            last: Instant::now(),
            from: (0, 0.0),
            values: String::new(),
        }
    }

    fn draw(&mut self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(progress.step);
        let steps = (progress.step - self.from.0) as f64;
        let rate = steps / (progress.seconds - self.from.1).max(1e-9);
        let left = progress.steps.map(|all| all.saturating_sub(progress.step) as f64 / rate);
        let left = match left {
            Some(left) if left.is_finite() => format!("  {} left", clock(left)),
            _ => String::new(),
        };
        bar.set_message(format!(
            "epoch {}  {} {}{}  {rate:.0} steps/s{left}",
            of(progress.epoch + u64::from(progress.position > 0), progress.epochs),
            self.loss,
            number(if progress.position > 0 { progress.mean } else { progress.loss }),
            self.values,
        ));
    }

    /// Whether there is a line for this epoch.
    fn is_due(&self, report: &EpochReport, progress: &Progress) -> bool {
        let every = progress.epochs.map_or(1, |all| all.div_ceil(LINES));
        report.epoch <= 1
            || report.end.is_some()
            || report.epoch.is_multiple_of(every)
            || self.last.elapsed() >= SILENCE
    }
}

impl Watch for Show<'_> {
    fn begin(&mut self, facts: &Facts, from: &Progress) {
        (self.name, self.loss) = (facts.name.clone(), facts.loss.clone());
        self.from = (from.step, from.seconds);
        self.last = Instant::now();
        self.values.clear();
        if from.step > 0 {
            let text = format!("{} goes on at step {}, epoch {}", self.name, from.step, from.epoch);
            self.shell.say(&text);
        }
        self.shell.detail(&about(facts));
        if self.shell.has_bar() {
            let bar = ProgressBar::with_draw_target(from.steps, ProgressDrawTarget::stderr());
            let template = "{prefix} {wide_bar} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(self.name.clone());
            bar.set_position(from.step);
            self.bar = Some(bar);
        }
    }

    fn step(&mut self, progress: &Progress) {
        if self.bar.is_some() && self.last.elapsed() >= DRAW {
            self.last = Instant::now();
            self.draw(progress);
        }
    }

    fn epoch(&mut self, report: &EpochReport, progress: &Progress) {
        if self.bar.is_some() {
            self.values = watched(&report.scores).map_or(String::new(), |text| format!("  {text}"));
        } else if self.is_due(report, progress) {
            self.last = Instant::now();
            let width = progress.epochs.map_or(1, |all| all.to_string().len());
            let epoch = format!("{:>width$}", report.epoch);
            let epochs = progress.epochs.map_or(String::new(), |all| format!("/{all}"));
            let mut line = format!("{}  epoch {epoch}{epochs}", self.name);
            fit(&mut line, &values(&report.scores));
            self.shell.say(&line);
        }
    }

    fn done(&mut self, summary: &Summary) {
        let Some(bar) = self.bar.take() else { return };
        bar.finish_and_clear();
        let mut line = format!(
            "{}  {} epochs, {} steps, {} s",
            summary.name,
            summary.epochs,
            summary.steps,
            seconds(summary.seconds)
        );
        fit(&mut line, &values(&summary.scores));
        self.shell.say(&line);
    }

    fn diverged(&mut self, _summary: &Summary, error: &Error) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.shell.told(error);
    }

    fn stop(&self) -> bool {
        self.interrupt.asked()
    }
}

impl Drop for Show<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// The first quantity of the validation part, else of the training part: what is decided on while
/// a training goes must not be the test part.
fn watched(scores: &[Scores]) -> Option<String> {
    let of = |part: &str| scores.iter().find(|s| s.part == part).and_then(|s| s.values.get(1));
    let shown =
        |part: &str, (name, value): &(String, f64)| format!("{part}{name} {}", number(*value));
    let validation = of("validation").map(|found| shown("validation ", found));
    validation.or_else(|| of("train").map(|found| shown("", found)))
}

/// `3/10`, or `3` where no limit is known.
fn of(epoch: u64, all: Option<u64>) -> String {
    all.map_or_else(|| epoch.to_string(), |all| format!("{}/{all}", epoch.min(all)))
}

/// The values of an epoch, what a reader looks for first: the first part's loss, the first
/// quantity of every part, the other losses, the rest.
fn values(scores: &[Scores]) -> Vec<String> {
    let shown = |at: usize, scores: &Scores, quantity: usize| {
        let part = if at == 0 { String::new() } else { format!("{} ", scores.part) };
        let (name, value) = scores.values.get(quantity)?;
        Some((at, quantity, format!("{part}{name} {}", number(*value))))
    };
    let parts = scores.iter().enumerate();
    let mut all: Vec<(usize, usize, String)> = parts
        .flat_map(|(at, s)| (0..s.values.len()).filter_map(move |k| shown(at, s, k)))
        .collect();
    let rank = |(at, quantity): (usize, usize)| match (at, quantity) {
        (0, 0) => 0,
        (_, 1) => 1,
        (_, 0) => 2,
        _ => 3,
    };
    all.sort_by_key(|(at, quantity, _)| (rank((*at, *quantity)), *at, *quantity));
    all.into_iter().map(|(_, _, text)| text).collect()
}

/// Adds values while there is room.
fn fit(line: &mut String, values: &[String]) {
    for value in values {
        if line.chars().count() + 2 + value.chars().count() > WIDTH {
            break;
        }
        line.push_str("  ");
        line.push_str(value);
    }
}

/// What is fixed about a training, in a line.
fn about(facts: &Facts) -> String {
    let settings: Vec<String> =
        facts.settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let batch = if facts.batch == facts.rows {
        "all in a step".to_string()
    } else {
        format!("{} a step", facts.batch)
    };
    let rules: String = facts.rules.iter().map(|rule| format!(", {rule}")).collect();
    format!(
        "{}: {}({}), {} parameters, {} rows, {batch}, seed {}, {:?}, threads {}{rules}",
        facts.name,
        facts.optimizer,
        settings.join(", "),
        facts.parameters,
        facts.rows,
        facts.seed,
        facts.precision,
        facts.threads,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_does_not_show_the_test_part() {
        let scores = |part: &str, value: f64| Scores {
            part: part.into(),
            rows: 10,
            values: vec![("J".into(), 0.5), ("accuracy".into(), value)],
        };
        let (train, validation, test) =
            (scores("train", 0.9), scores("validation", 0.8), scores("test", 0.7));
        let all = [train.clone(), validation, test.clone()];
        assert_eq!(watched(&all).as_deref(), Some("validation accuracy 0.8000"));
        assert_eq!(watched(&[train, test.clone()]).as_deref(), Some("accuracy 0.9000"));
        assert_eq!(watched(&[test]), None);
    }

    #[test]
    fn a_line_is_cut_between_values() {
        let scores = |part: &str| Scores {
            part: part.into(),
            rows: 10,
            values: vec![("J".into(), 0.5), ("accuracy".into(), 0.9)],
        };
        let values = values(&[scores("train"), scores("test")]);
        assert_eq!(
            values,
            ["J 0.5000", "accuracy 0.9000", "test accuracy 0.9000", "test J 0.5000"]
        );
        let mut line = "x".repeat(50);
        fit(&mut line, &values);
        assert!(line.ends_with("J 0.5000  accuracy 0.9000"), "{line}");
        assert!(line.len() <= WIDTH);
    }
}
