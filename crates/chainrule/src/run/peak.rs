//! The best epoch of a training, seen from its curve.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use serde_json::{Value, json};

use super::fields::{exact, exactly, text, whole};
use crate::train::{Peak, Scores};

/// Longer lines are not ours.
const LINE_BYTES: u64 = 1 << 20;

impl Peak {
    /// The better one of a peak so far and the end of an epoch.
    pub(crate) fn of(
        old: Option<Peak>,
        (epoch, step): (u64, u64),
        scores: &[Scores],
    ) -> Option<Peak> {
        let part = part(|part| scores.iter().any(|s| s.part == part))?.to_string();
        let scores = scores.iter().find(|s| s.part == part)?;
        let (name, value) = scores.values.first()?.clone();
        // JSON has no other numbers: a curve that is read again must tell the same.
        if !value.is_finite() {
            return old;
        }
        let better = old.as_ref().is_none_or(|old| value < old.value);
        if better { Some(Peak { epoch, step, part, name, value }) } else { old }
    }

    /// The peak of what is on the curve of a training already; `loss` is its loss's name.
    pub(crate) fn on(path: &Path, training: &str, loss: &str) -> Option<Peak> {
        let mut reader = BufReader::new(File::open(path).ok()?);
        let mut peak = None;
        loop {
            let mut line = Vec::new();
            let read: io::Result<usize> =
                reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line);
            if read.ok()? == 0 {
                return peak;
            }
            let Ok(value) = serde_json::from_slice::<Value>(&line) else { continue };
            if value["training"] != training || value["end"] != true {
                continue;
            }
            let Some(part) = part(|part| value[part].is_object()) else { continue };
            let scores = Scores {
                part: part.into(),
                rows: 0,
                values: vec![(loss.into(), value[part][loss].as_f64().unwrap_or(f64::NAN))],
            };
            if let (Some(epoch), Some(step)) = (value["epoch"].as_u64(), value["step"].as_u64()) {
                peak = Peak::of(peak, (epoch, step), &[scores]);
            }
        }
    }

    /// `{"epoch", "step", "part", "name", "value"}`; `exact` has the value's bits.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "epoch": self.epoch,
            "step": self.step,
            "part": self.part,
            "name": self.name,
            "value": self.value,
            "exact": exact(self.value),
        })
    }

    pub(crate) fn from_json(value: &Value) -> Result<Peak, String> {
        Ok(Peak {
            epoch: whole(value, "epoch")?,
            step: whole(value, "step")?,
            part: text(value, "part")?,
            name: text(value, "name")?,
            value: exactly(value, "exact")?,
        })
    }
}

/// The part that is looked at.
fn part(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    ["validation", "train"].into_iter().find(|part| has(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::scratch::Scratch;

    #[test]
    fn the_least_loss_counts() {
        let scores = |part: &str, value: f64| Scores {
            part: part.into(),
            rows: 1,
            values: vec![("J".into(), value)],
        };
        let mut peak = None;
        for (epoch, value) in [
            (0, f64::NAN),
            (0, f64::INFINITY),
            (1, 3.0),
            (2, 1.0),
            (3, f64::NAN),
            (4, 1.0),
            (5, 2.0),
        ] {
            let all = [scores("train", -value), scores("validation", value)];
            peak = Peak::of(peak, (epoch, epoch), &all);
        }
        let peak = peak.expect("a peak");
        assert_eq!((peak.epoch, peak.part.as_str(), peak.value), (2, "validation", 1.0));
        assert_eq!(Peak::from_json(&peak.to_json()), Ok(peak));
    }

    #[test]
    fn a_curve_on_the_disk_is_the_same() {
        let folder = Scratch::new("peak");
        let path = folder.path().join("metrics.jsonl");
        let line = |training: &str, epoch: u64, end: bool, loss: f64| {
            let train = json!({ "J": loss });
            json!({ "training": training, "epoch": epoch, "step": epoch, "end": end, "train": train })
        };
        let lines = [
            line("a", 1, true, 0.5),
            line("a", 1, false, 0.1),
            line("b", 1, true, 0.2),
            line("a", 2, true, 0.4),
            line("a", 3, true, 0.6),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text + "{half").expect("it can be written");
        let peak = Peak::on(&path, "a", "J").expect("a peak");
        assert_eq!((peak.epoch, peak.value), (2, 0.4));
        assert_eq!(Peak::on(&path, "c", "J"), None);
    }
}
