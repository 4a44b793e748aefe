//! What `bench` prints for people: rows of tables of at most 80 columns.

use chainrule::bench::{Peak, Speed, Triad};

use crate::commands::bench::Row;

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

/// The head of the kernels' table.
pub(crate) const KERNELS: &str =
    "kernel           extents             us  GFLOP/s  peak   GB/s  how\n";

/// A row of the kernels' table.
pub(crate) fn kernel(speed: &Speed, peak: Option<&Peak>) -> String {
    let extents: Vec<String> = speed.extents.iter().map(ToString::to_string).collect();
    let gflops = speed.flops / speed.seconds / 1e9;
    let share = match peak {
        Some(peak) if gflops > 0.0 => format!("{:.0} %", 100.0 * gflops / peak.gflops),
        _ => String::new(),
    };
    let gflops = if gflops > 0.0 { format!("{gflops:.1}") } else { String::new() };
    let line = format!(
        "{:16} {:14}{:>8} {gflops:>8} {share:>5} {:>6}  {}",
        speed.name,
        extents.join("x"),
        digits(speed.seconds * 1e6),
        digits3(speed.bytes / speed.seconds / 1e9),
        speed.picked,
    );
    format!("{}\n", line.trim_end())
}

/// A peak in words.
pub(crate) fn peak(peak: &Peak) -> String {
    let s = if peak.threads == 1 { "" } else { "s" };
    format!("{:.1} GFLOP/s f32 {:?}, {} thread{s}", peak.gflops, peak.isa, peak.threads)
}

/// A bandwidth in words.
pub(crate) fn triad(triad: &Triad) -> String {
    let s = if triad.threads == 1 { "" } else { "s" };
    let kb = triad.bytes >> 10;
    format!(
        "{:.1} GB/s a = b + f c, {} ({kb} kB a thread), {} thread{s}\n",
        triad.gigabytes, triad.level, triad.threads
    )
}

/// Four digits that count.
fn digits(value: f64) -> String {
    let before = value.abs().max(1e-9).log10().floor() as i32;
    let after = usize::try_from(3 - before).unwrap_or(0);
    format!("{value:.after$}")
}

/// Three digits that count.
fn digits3(value: f64) -> String {
    let before = value.abs().max(1e-9).log10().floor() as i32;
    let after = usize::try_from(2 - before).unwrap_or(0);
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
