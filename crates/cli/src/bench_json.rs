//! What `bench` prints: lines of JSON, rows of a table.

use chainrule::bench::{Inferred, Measured};
use serde_json::{Value, json};

use crate::commands::bench::Row;

/// The name under which it stands beside other systems.
const PEER: &str = "chainrule";

/// So many digits after the point.
fn rounded(value: f64, digits: i32) -> f64 {
    let by = 10_f64.powi(digits);
    (value * by).round() / by
}

/// A measurement as one value.
pub(crate) fn value(row: &Row) -> Value {
    match row {
        Row::Train(m) => train(m),
        Row::Infer(m) => infer(m),
    }
}

fn train(m: &Measured) -> Value {
    let (least, greatest) = m.range();
    json!({
        "peer": PEER,
        "workload": m.workload,
        "threads": m.threads,
        "batch": m.batch,
        "data": m.data,
        "steps": m.steps,
        "repeats": m.seconds.len(),
        "ms_step": rounded(m.median() * 1e3, 6),
        "ms_step_min": rounded(least * 1e3, 6),
        "ms_step_max": rounded(greatest * 1e3, 6),
        "s_epoch": rounded(m.median() * m.epoch_steps as f64, 6),
        "first_step_s": rounded(m.first, 4),
        // There is nothing to import.
        "import_s": null,
        "rss_mb": m.memory.map(|(peak, _)| rounded(peak, 1)),
        "base_rss_mb": m.memory.map(|(_, base)| rounded(base, 1)),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn infer(m: &Inferred) -> Value {
    json!({
        "peer": PEER,
        "workload": format!("W7-{}", m.workload),
        "batch": m.rows,
        "threads": m.threads,
        "us": rounded(m.median() * 1e6, 2),
        "us_min": rounded(m.least() * 1e6, 2),
        "rows_per_s": (m.rows as f64 / m.median()).round(),
        "first_s": rounded(m.first, 4),
        "import_s": null,
        "rss_mb": m.memory.map(|peak| rounded(peak, 1)),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// The table: which head stands above the rows.
#[derive(Default)]
pub(crate) struct Head(Option<bool>);

impl Head {
    /// A row, under a head if the one before has another.
    pub(crate) fn row(&mut self, row: &Row) -> String {
        let training = matches!(row, Row::Train(_));
        let head = match (self.0 == Some(training), training) {
            (true, _) => "",
            (_, true) => {
                "workload  threads  batch  data   ms/step      min      max  s/epoch  first ms   MB\n"
            }
            (_, false) => {
                "workload  threads   rows            us      min         rows/s      first ms   MB\n"
            }
        };
        let gap = if head.is_empty() || self.0.is_none() { "" } else { "\n" };
        self.0 = Some(training);
        format!("{gap}{head}{}\n", line(row))
    }
}

fn line(row: &Row) -> String {
    let memory = |mb: Option<f64>| mb.map_or("-".into(), |mb| format!("{mb:.0}"));
    match row {
        Row::Train(m) => {
            let (least, greatest) = m.range();
            format!(
                "{:8}  {:>7}  {:>5}  {:5}{:>9}{:>9}{:>9}{:>9}{:>10}{:>5}",
                m.workload,
                m.threads,
                m.batch,
                m.data,
                digits(m.median() * 1e3),
                digits(least * 1e3),
                digits(greatest * 1e3),
                digits(m.median() * m.epoch_steps as f64),
                digits(m.first * 1e3),
                memory(m.memory.map(|(peak, _)| peak)),
            )
        }
        Row::Infer(m) => format!(
            "W7-{:5}  {:>7}  {:>5}  {:>12}{:>9}{:>15}{:>14}{:>5}",
            m.workload,
            m.threads,
            m.rows,
            digits(m.median() * 1e6),
            digits(m.least() * 1e6),
            digits(m.rows as f64 / m.median()),
            digits(m.first * 1e3),
            memory(m.memory),
        ),
    }
}

/// Four digits that count.
fn digits(value: f64) -> String {
    let before = value.abs().max(1e-9).log10().floor() as i32;
    let after = usize::try_from(3 - before).unwrap_or(0);
    format!("{value:.after$}")
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn four_digits_count() {
        for (value, text) in [(1234.56, "1235"), (12.3456, "12.35"), (0.00123456, "0.001235")] {
            assert_eq!(digits(value), text);
        }
    }
}
