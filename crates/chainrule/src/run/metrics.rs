//! The curves: one JSON object a line, appended.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::atomic;
use crate::Error;
use crate::train::{EpochReport, Record};

/// A longer line is not one of ours.
const LINE_BYTES: u64 = 1 << 20;

/// The file of the curves, open for appending.
#[derive(Debug)]
pub(crate) struct Metrics {
    path: PathBuf,
    file: File,
}

impl Metrics {
    /// Opens the file, or makes an empty one.
    pub(crate) fn open(path: PathBuf) -> Result<Metrics, Error> {
        let file = OpenOptions::new().append(true).create(true).open(&path);
        match file {
            Ok(file) => Ok(Metrics { path, file }),
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
        written.map_err(|cause| Error::io("writing", &self.path, cause))
    }

    /// Brings the lines to the disk.
    ///
    /// # Errors
    ///
    /// The disk refuses.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(|cause| Error::io("writing", &self.path, cause))
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

/// Drops what is newer than the checkpoints: `last` gives the step of a training's checkpoint, if
/// it has one. Half a line at the end goes too.
///
/// # Errors
///
/// The file cannot be read or written.
pub(crate) fn repair(path: &Path, last: impl Fn(&str) -> Option<u64>) -> Result<(), Error> {
    let kept = match kept(path, last) {
        Ok(kept) => kept,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(Error::io("reading", path, cause)),
    };
    match kept {
        None => Ok(()),
        Some(lines) => {
            atomic::write(path, |out| lines.iter().try_for_each(|line| out.write_all(line)))
                .map(|_| ())
        }
    }
}

/// The lines that stay, with their ends; `None` if all of them do.
fn kept(path: &Path, last: impl Fn(&str) -> Option<u64>) -> io::Result<Option<Vec<Vec<u8>>>> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut lines, mut changed) = (Vec::new(), false);
    loop {
        let mut line = Vec::new();
        if io::Read::take(&mut reader, LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.ends_with(b"\n") && stays(&line, &last) {
            lines.push(line);
        } else {
            changed = true;
        }
    }
    Ok(changed.then_some(lines))
}

fn stays(line: &[u8], last: &impl Fn(&str) -> Option<u64>) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(line) else { return false };
    match (value["training"].as_str().map(last), value["step"].as_u64()) {
        (Some(Some(last)), Some(step)) => step <= last,
        _ => false,
    }
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
        (1..=2).for_each(|n| {
            metrics.add("gd", &[], Some(&report(n)), 0.0).expect("it can be written")
        });
        let two = std::fs::read(&path).expect("it is there");
        metrics.add("gd", &[], Some(&report(3)), 0.0).expect("it can be written");
        metrics.add("nag", &[], Some(&report(1)), 0.0).expect("it can be written");
        let all = std::fs::read(&path).expect("it is there");
        let last = |name: &str| (name == "gd").then_some(20);
        for cut in two.len()..=all.len() {
            std::fs::write(&path, &all[..cut]).expect("it can be written");
            repair(&path, last).expect("it can be repaired");
            assert_eq!(std::fs::read(&path).expect("it is there"), two, "{cut} bytes");
        }
        repair(&path, last).expect("nothing is to be done");
        repair(&folder.path().join("none"), last).expect("no file is no curves");
        assert_eq!(folder.names(), ["metrics.jsonl"]);
    }
}
