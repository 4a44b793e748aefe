//! `run.json`: what a run was made from.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fields::{self, exact_conv, field, list, maybe, text, texts, whole};
use super::tensors::precision_text;
use super::{Chosen, FORMAT, Machine, PROGRAM, check_format, clock, precision_of};
use crate::Error;
use crate::data::Dataset;
use crate::train::{Precision, Summary};

/// Most threads that a run can ask for.
const THREADS: u64 = 1024;
/// Most seconds between checkpoints: a day.
const CHECKPOINT: u64 = 86_400;
/// The key of what a training came to that diverged.
pub(crate) const RESULT: &str = "result";

/// What a caller set instead of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// `--seed`
    pub seed: Option<u64>,
    /// `--epochs`
    pub epochs: Option<u64>,
    /// `--set`, as it was given.
    pub set: Vec<(String, String)>,
    /// The number type.
    pub precision: Precision,
    /// `--exact-conv`
    pub exact: bool,
    /// How many threads; 0 for as many as the machine has cores.
    pub threads: usize,
    /// Seconds between checkpoints within an epoch.
    pub checkpoint: u64,
}

/// One training of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct TrainingRecord {
    /// Its name.
    pub name: String,
    /// Its name in the folders `checkpoint` and `models`.
    pub folder: String,
    /// What it came to if it diverged: such a training has no model file that could say it, and is
    /// not run again.
    pub result: Option<Summary>,
}

/// The data of one model of the file.
#[derive(Clone, PartialEq, Debug)]
pub struct DataRecord {
    /// The model's name.
    pub model: String,
    /// The files: name as written, SHA-256, bytes.
    pub sources: Vec<(String, String, u64)>,
    /// The sizes that the data decided.
    pub sizes: Vec<(String, u64)>,
    /// The seed of the split, if rows were drawn.
    pub split_seed: Option<u64>,
    /// The parts: name, table, how many rows, which rows: `0-9,12`.
    pub parts: Vec<(String, u64, u64, String)>,
}

/// What a run was made from.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// The words behind the program's name.
    pub command: Vec<String>,
    /// When it began, in universal time.
    pub started: String,
    /// The equation file as it was given.
    pub file: String,
    /// The folder of that file, seen from the run's folder.
    pub home: Option<String>,
    /// What was set instead of the file.
    pub settings: Settings,
    /// The trainings, in their order.
    pub trainings: Vec<TrainingRecord>,
    /// The data of each model that is trained.
    pub data: Vec<DataRecord>,
}

/// The file of the equations in the folder of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Equations {
    /// Its name.
    pub(crate) file: String,
    /// The hash of what was trained, if it was recorded.
    pub(crate) sha256: Option<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            seed: None,
            epochs: None,
            set: Vec::new(),
            precision: Precision::F32,
            exact: false,
            threads: 0,
            checkpoint: 60,
        }
    }
}

impl Settings {
    fn to_json(&self) -> Value {
        json!({
            "seed": self.seed,
            "epochs": self.epochs,
            "set": self.set.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
            "precision": precision_text(self.precision),
            "exact_conv": self.exact,
            "threads": self.threads,
            "checkpoint": self.checkpoint,
        })
    }

    fn from_json(value: &Value) -> Result<Settings, String> {
        let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
            Some([Value::String(name), Value::String(value)]) => Ok((name.clone(), value.clone())),
            _ => Err("`set` is no list of names with values".to_string()),
        };
        let at_most = |key: &str, most: u64| {
            let number = whole(value, key)?;
            let fits = (number <= most).then_some(number);
            fits.ok_or_else(|| format!("`{key}` is {number}, more than {most}"))
        };
        Ok(Settings {
            seed: maybe(value, "seed", whole)?,
            epochs: maybe(value, "epochs", whole)?,
            set: list(value, "set")?.iter().map(pair).collect::<Result<_, _>>()?,
            precision: precision_of(&text(value, "precision")?)?,
            exact: exact_conv(value)?,
            threads: at_most("threads", THREADS)? as usize,
            checkpoint: at_most("checkpoint", CHECKPOINT)?,
        })
    }
}

impl DataRecord {
    /// What the data of every model are that is trained.
    ///
    /// # Errors
    ///
    /// Those of one are missing.
    pub fn all(chosen: &Chosen, data: &[Option<Arc<Dataset>>]) -> Result<Vec<DataRecord>, Error> {
        let mut models: Vec<usize> = chosen.trainings.iter().map(|which| which.model).collect();
        models.dedup();
        let record = |model: usize| {
            let data = data.get(model).and_then(Option::as_ref);
            let data =
                data.ok_or_else(|| Error::failed("the data of a model are missing".into()))?;
            Ok(DataRecord::of(&chosen.model.modules()[model].name, data))
        };
        models.into_iter().map(record).collect()
    }

    /// What the data of a model are.
    pub fn of(model: &str, data: &Dataset) -> DataRecord {
        let sources = data.sources.iter();
        let parts = data.parts.iter();
        DataRecord {
            model: model.into(),
            sources: sources.map(|s| (s.name.clone(), s.sha256.clone(), s.bytes)).collect(),
            sizes: data.sizes.clone(),
            split_seed: data.split_seed,
            parts: parts
                .map(|p| (p.name.clone(), p.table as u64, p.rows.len() as u64, ranges(&p.rows)))
                .collect(),
        }
    }

    fn to_json(&self) -> Value {
        let source = |(name, sha256, bytes): &(String, String, u64)| json!({ "name": name, "sha256": sha256, "bytes": bytes });
        let part = |(name, table, count, rows): &(String, u64, u64, String)| json!({ "name": name, "table": table, "count": count, "rows": rows });
        json!({
            "model": self.model,
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
            "sizes": self.sizes.iter().map(|(name, n)| json!([name, n])).collect::<Vec<_>>(),
            "split_seed": self.split_seed,
            "parts": self.parts.iter().map(part).collect::<Vec<_>>(),
        })
    }

    fn from_json(value: &Value) -> Result<DataRecord, String> {
        let source = |s: &Value| Ok((text(s, "name")?, text(s, "sha256")?, whole(s, "bytes")?));
        let part = |p: &Value| {
            Ok((text(p, "name")?, whole(p, "table")?, whole(p, "count")?, text(p, "rows")?))
        };
        let size = |s: &Value| match s.as_array().map(Vec::as_slice) {
            Some([Value::String(name), n]) if n.is_u64() => {
                Ok((name.clone(), n.as_u64().unwrap_or_default()))
            }
            _ => Err("`sizes` is no list of names with numbers".to_string()),
        };
        Ok(DataRecord {
            model: text(value, "model")?,
            sources: list(value, "sources")?.iter().map(source).collect::<Result<_, String>>()?,
            sizes: list(value, "sizes")?.iter().map(size).collect::<Result<_, String>>()?,
            split_seed: maybe(value, "split_seed", whole)?,
            parts: list(value, "parts")?.iter().map(part).collect::<Result<_, String>>()?,
        })
    }

    /// Whether the data are those of the run.
    ///
    /// # Errors
    ///
    /// The first difference, in words.
    pub fn compare(&self, now: &DataRecord) -> Result<(), String> {
        let (old, new) = (&self.sources, &now.sources);
        let changed = old.iter().zip(new).find(|(was, is)| was.1 != is.1);
        if let Some(((name, was, _), (_, is, _))) = changed {
            return Err(format!(
                "the data changed: \"{name}\" has the SHA-256 {is}, the run was made with {was}"
            ));
        }
        if old.len() != new.len() {
            let (now, then) = (new.len(), old.len());
            return Err(format!("the data come from {now} files, those of the run from {then}"));
        }
        if self.sizes != now.sizes || self.parts != now.parts {
            return Err("the rows are split in another way than the run's (see run.json)".into());
        }
        Ok(())
    }
}

impl Record {
    /// The record of a run that begins now: `file` is the equation file as it was given, `home` the
    /// folder in which it stands, `command` the words behind the program's name.
    ///
    /// # Errors
    ///
    /// The data of a model that is trained are missing.
    pub fn new(
        file: &str,
        home: &Path,
        command: Vec<String>,
        settings: Settings,
        chosen: &Chosen,
        data: &[Option<Arc<Dataset>>],
    ) -> Result<Record, Error> {
        let mut folders: Vec<String> = Vec::new();
        let mut trainings = Vec::new();
        for which in &chosen.trainings {
            let name = chosen.name(*which);
            let first = plain(&name);
            let numbered = (2..).map(|n| format!("{first}-{n}"));
            let folder =
                std::iter::once(first.clone()).chain(numbered).find(|f| !folders.contains(f));
            let folder = folder.unwrap_or(first);
            folders.push(folder.clone());
            trainings.push(TrainingRecord { name, folder, result: None });
        }
        Ok(Record {
            command,
            started: clock::now(),
            file: file.into(),
            home: home.to_str().map(Into::into),
            settings,
            trainings,
            data: DataRecord::all(chosen, data)?,
        })
    }

    /// The text of the file.
    pub(crate) fn text(&self, equations: &Equations) -> String {
        let training = |t: &TrainingRecord| {
            let mut value = json!({ "name": t.name, "folder": t.folder });
            if let Some(result) = &t.result {
                value[RESULT] = result.to_json();
            }
            value
        };
        let value = json!({
            "kind": "run",
            "format": FORMAT,
            "program": PROGRAM,
            "command": self.command,
            "started": self.started,
            "file": self.file,
            "home": self.home,
            "equations": equations.file,
            "equations_sha256": equations.sha256,
            "settings": self.settings.to_json(),
            "trainings": self.trainings.iter().map(training).collect::<Vec<_>>(),
            "data": self.data.iter().map(DataRecord::to_json).collect::<Vec<_>>(),
            "machine": Machine::here().to_json(self.settings.threads),
        });
        format!("{value:#}\n")
    }

    /// Reads the text of the file, and which equations it names.
    ///
    /// # Errors
    ///
    /// It is no such file: what is wrong, in words.
    pub(crate) fn parse(bytes: &[u8]) -> Result<(Record, Equations), String> {
        let value = fields::json(bytes)?;
        check_format(&value)?;
        let training = |t: &Value| {
            let result = |t: &Value, key: &str| Summary::from_json(field(t, key)?);
            let training = TrainingRecord {
                name: text(t, "name")?,
                folder: text(t, "folder")?,
                result: maybe(t, RESULT, result)?,
            };
            if is_plain(&training.folder) {
                Ok(training)
            } else {
                Err(format!("`{}` is not the name of a folder", training.folder))
            }
        };
        let record = Record {
            command: texts(&value, "command")?,
            started: text(&value, "started")?,
            file: text(&value, "file")?,
            home: maybe(&value, "home", text)?,
            settings: Settings::from_json(field(&value, "settings")?)?,
            trainings: list(&value, "trainings")?
                .iter()
                .map(training)
                .collect::<Result<_, String>>()?,
            data: list(&value, "data")?
                .iter()
                .map(DataRecord::from_json)
                .collect::<Result<_, String>>()?,
        };
        let equations = Equations {
            file: text(&value, "equations")?,
            sha256: maybe(&value, "equations_sha256", text)?,
        };
        if !is_plain(&equations.file) {
            return Err(format!("`{}` is not the name of a file in the folder", equations.file));
        }
        Ok((record, equations))
    }
}

/// Whether a name is one of a file in its folder, whatever system reads it.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && name == plain(name)
}

/// A name that every file system takes.
pub(crate) fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_=.+".contains(c) { c } else { '-' };
    let text: String = name.chars().map(plain).take(100).collect();
    let text = text.trim_start_matches('.').trim_end_matches('.').to_string();
    if text.is_empty() { "unnamed".into() } else { text }
}

/// Row numbers as ranges: `0-9,12`.
fn ranges(rows: &[u32]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let mut end = at;
        while end + 1 < rows.len() && rows[end].checked_add(1) == Some(rows[end + 1]) {
            end += 1;
        }
        parts.push(match end - at {
            0 => rows[at].to_string(),
            _ => format!("{}-{}", rows[at], rows[end]),
        });
        at = end + 1;
    }
    parts.join(",")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record with everything in it.
    pub(crate) fn record() -> Record {
        Record {
            command: vec!["train".into(), "iris".into()],
            started: "2026-01-02T03:04:05Z".into(),
            file: "iris".into(),
            home: Some("../..".into()),
            settings: Settings {
                seed: Some(u64::MAX),
                epochs: None,
                set: vec![("split.seed".into(), "3".into())],
                precision: Precision::F64,
                exact: true,
                threads: 2,
                checkpoint: 60,
            },
            trainings: vec![TrainingRecord {
                name: "gd H=2".into(),
                folder: plain("gd H=2"),
                result: Some(crate::run::summary::tests::gone()),
            }],
            data: vec![DataRecord {
                model: "iris".into(),
                sources: vec![("iris.csv".into(), "ab".repeat(32), 4000)],
                sizes: vec![("d".into(), 4)],
                split_seed: Some(7),
                parts: vec![("train".into(), 0, 3, "0-1,5".into())],
            }],
        }
    }

    fn equations() -> Equations {
        Equations { file: "iris.eqn".into(), sha256: Some("ef".repeat(32)) }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = record().text(&equations());
        assert_eq!(Record::parse(text.as_bytes()), Ok((record(), equations())));
        for cut in 0..text.trim_end().len() {
            assert!(Record::parse(&text.as_bytes()[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = record().text(&equations());
        let cases = [
            ("\"format\": 1", "\"format\": 2", "newer"),
            ("\"iris.eqn\"", "\"../iris.eqn\"", "not the name of a file"),
            ("\"gd-H=2\"", "\"/etc\"", "not the name of a folder"),
            ("\"f64\"", "\"f16\"", "f32 or f64"),
            ("\"0-1,5\"", "7", "`rows` is no text"),
            ("\"checkpoint\": 60", "\"checkpoint\": 18446744073709551615", "more than 86400"),
        ];
        for (old, new, expected) in cases {
            let changed = text.replacen(old, new, 1);
            assert_ne!(changed, text, "{old}");
            let message = Record::parse(changed.as_bytes()).expect_err("it is wrong");
            assert!(message.contains(expected), "{message}\nnot: {expected}");
        }
        // The machine has a field of that name, too.
        let many = text.replace("\"threads\": 2", "\"threads\": 1000000");
        let message = Record::parse(many.as_bytes()).expect_err("it is wrong");
        assert!(message.contains("more than 1024"), "{message}");
    }

    #[test]
    fn rows_are_ranges() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[0, 1, 2, 5, 4, 3, 9, 10]), "0-2,5,4,3,9-10");
        assert_eq!(ranges(&[u32::MAX, 0]), "4294967295,0");
    }

    #[test]
    fn names_of_folders() {
        assert_eq!(plain("sgd H=2 epochs=50"), "sgd-H=2-epochs=50");
        assert_eq!(plain("../../x"), "-..-x");
        assert_eq!(plain(".."), "unnamed");
        assert!(is_plain("a.eqn") && !is_plain("../a") && !is_plain(".lock") && !is_plain(""));
    }

    #[test]
    fn changed_data_are_named() {
        let (old, mut new) = (record().data[0].clone(), record().data[0].clone());
        assert_eq!(old.compare(&new), Ok(()));
        new.sources[0].1 = "cd".repeat(32);
        let message = old.compare(&new).expect_err("they changed");
        assert!(message.contains("abab") && message.contains("cdcd"), "{message}");
        let other = DataRecord { parts: vec![], ..old.clone() };
        assert!(old.compare(&other).expect_err("another split").contains("split"));
    }
}
