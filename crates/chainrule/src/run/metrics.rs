//! The curves: one JSON object a line, appended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::Error;
use crate::train::{EpochReport, Record};

/// The file of the curves, open for appending.
#[derive(Debug)]
pub(crate) struct Metrics {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Metrics {
    /// Opens the file, or makes an empty one.
    pub(crate) fn open(path: PathBuf) -> Result<Metrics, Error> {
        let open = || {
            let file = OpenOptions::new().append(true).create(true).open(&path)?;
            super::atomic::sync(path.parent().unwrap_or(Path::new("")))?;
            Ok((file.metadata()?.len(), file))
        };
        match open() {
            Ok((length, file)) => Ok(Metrics { path, file, length }),
            Err(cause) => Err(Error::io("writing", &path, cause)),
        }
    }

    /// Adds the points within an epoch and, at its end, the values there.
    ///
    /// # Errors
    ///
    /// The file cannot be written. What is there of these lines is newer than the last checkpoint:
    /// [`repair`] drops it.
    pub(crate) fn add(
        &mut self,
        training: &str,
        records: &[Record],
        epoch: Option<&EpochReport>,
        seconds: f64,
    ) -> Result<(), Error> {
        let mut lines = samples(training, records);
        if let Some(epoch) = epoch {
            lines.extend(samples(training, &epoch.records));
            lines.push(end(training, epoch, seconds));
        }
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let written = self.file.write_all(text.as_bytes());
        self.length += text.len() as u64;
        written.map_err(|cause| Error::io("writing", &self.path, cause))
    }

    /// How long the file is.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Brings the lines to the disk; how long the file is.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub(crate) fn sync(&self) -> Result<u64, Error> {
        let synced = self.file.sync_data().map(|()| self.length);
        synced.map_err(|cause| Error::io("writing", &self.path, cause))
    }
}

/// What every line begins with.
fn line(training: &str, epoch: u64, step: u64, end: bool) -> Value {
    json!({ "training": training, "epoch": epoch, "step": step, "end": end })
}

/// The points within an epoch.
fn samples(training: &str, records: &[Record]) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    for Record { epoch, step, part, name, value, .. } in records.iter().filter(|r| !r.end) {
        if lines.last().and_then(|line| line["step"].as_u64()) != Some(*step) {
            lines.push(line(training, *epoch, *step, false));
        }
        if let Some(line) = lines.last_mut() {
            put(line, part, name, *value);
        }
    }
    lines
}

/// The values at the end of an epoch.
fn end(training: &str, epoch: &EpochReport, seconds: f64) -> Value {
    let mut end = line(training, epoch.epoch, epoch.step, true);
    end["seconds"] = json!(seconds);
    for scores in &epoch.scores {
        scores.values.iter().for_each(|(name, value)| put(&mut end, &scores.part, name, *value));
    }
    for Record { part, name, value, .. } in epoch.records.iter().filter(|r| r.end) {
        put(&mut end, part, name, *value);
    }
    end
}

fn put(line: &mut Value, part: &str, name: &str, value: f64) {
    if line[part].is_null() {
        line[part] = Value::Object(Map::new());
    }
    line[part][name] = json!(value);
}

/// Drops what was added after the file had `length` bytes: what the last checkpoint does not know.
///
/// # Errors
///
/// The file cannot be written.
pub(crate) fn repair(path: &Path, length: u64) -> Result<(), Error> {
    let cut = || {
        let file = match File::options().write(true).open(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        if file.metadata()?.len() > length {
            file.set_len(length)?;
            file.sync_all()?;
        }
        Ok(())
    };
    cut().map_err(|cause| Error::io("writing", path, cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::scratch::Scratch;
    use crate::train::Scores;

    fn report(epoch: u64) -> EpochReport {
        let sample = |step, name: &str, end| Record {
            epoch: epoch - 1,
            step,
            part: "train".into(),
            name: name.into(),
            value: 0.5,
            end,
        };
        EpochReport {
            epoch,
            step: 10 * epoch,
            mean: 0.5,
            scores: vec![
                Scores { part: "train".into(), rows: 100, values: vec![("J".into(), 0.25)] },
                Scores { part: "test".into(), rows: 10, values: vec![("J".into(), f64::NAN)] },
            ],
            records: vec![
                sample(10 * epoch - 5, "J", false),
                sample(10 * epoch - 5, "accuracy", false),
                sample(10 * epoch - 2, "J", false),
                sample(10 * epoch, "J_step", true),
            ],
            best: false,
            end: None,
        }
    }

    #[test]
    fn a_line_for_each_point_of_the_curves() {
        let lines = samples("gd", &report(3).records);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["train"], json!({ "J": 0.5, "accuracy": 0.5 }));
        assert_eq!((lines[1]["step"].as_u64(), lines[1]["end"].as_bool()), (Some(28), Some(false)));
        let end = end("gd", &report(3), 1.5);
        assert_eq!(end["train"], json!({ "J": 0.25, "J_step": 0.5 }));
        assert_eq!(end["test"], json!({ "J": null }));
    }

    #[test]
    fn what_is_newer_than_the_checkpoint_is_dropped() {
        let folder = Scratch::new("metrics");
        let path = folder.path().join("metrics.jsonl");
        let mut metrics = Metrics::open(path.clone()).expect("it can be written");
        for n in 1..=2 {
            metrics.add("gd", &[], Some(&report(n)), 0.0).expect("it can be written");
        }
        let length = metrics.sync().expect("it can be synced");
        let two = std::fs::read(&path).expect("it is there");
        assert_eq!(length, two.len() as u64);
        metrics.add("gd", &[], Some(&report(3)), 0.0).expect("it can be written");
        metrics.add("nag", &[], Some(&report(1)), 0.0).expect("it can be written");
        let all = std::fs::read(&path).expect("it is there");
        for cut in two.len()..=all.len() {
            std::fs::write(&path, &all[..cut]).expect("it can be written");
            repair(&path, length).expect("it can be repaired");
            assert_eq!(std::fs::read(&path).expect("it is there"), two, "{cut} bytes");
        }
        repair(&path, length + 9).expect("nothing is to be done");
        assert_eq!(std::fs::read(&path).expect("it is there"), two);
        let again = Metrics::open(path.clone()).expect("it can be opened");
        assert_eq!(again.sync().expect("it can be synced"), length);
        repair(&folder.path().join("none"), 0).expect("no file is no curves");
        assert_eq!(folder.names(), ["metrics.jsonl"]);
    }
}
