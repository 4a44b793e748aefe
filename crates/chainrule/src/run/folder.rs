//! The folder of a run: made whole, opened with care, locked while it is written.

mod place;

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::checkpoint::Checkpoints;
use super::metrics::{self, Metrics};
use super::record::{Equations, RESULT, Record, TrainingRecord, plain};
use super::{atomic, fields, network};
use crate::bytes::sha256;
use crate::train::{Network, Summary};
use crate::{Error, Model};

pub use place::Place;
use place::{BEGUN, TEMPORARY, relative, settle, sweep, vacant};

/// The file that says what the folder is.
const RECORD: &str = "run.json";
const METRICS: &str = "metrics.jsonl";
const RESULTS: &str = "results.json";
const LOCK: &str = ".lock";
/// A longer record is not read; it holds the row numbers of the split.
const RECORD_BYTES: u64 = 256 << 20;

/// The folder of a run.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    record: Record,
    equations: Equations,
    lock: Option<File>,
}

impl Folder {
    /// Makes the folder of a new run with its record and its equations, in one step.
    ///
    /// # Errors
    ///
    /// The place is taken, or cannot be written: then nothing is left behind.
    pub fn create(place: &Place, record: Record, model: &Model) -> Result<Folder, Error> {
        let root = match place {
            Place::Numbered(root, _) => root.as_path(),
            Place::At(path) => path.parent().unwrap_or(Path::new("")),
        };
        atomic::folder(root).map_err(|cause| Error::io("making", root, cause))?;
        if let Place::At(path) = place {
            vacant(path)?;
        }
        sweep(root);
        static MADE: AtomicU64 = AtomicU64::new(0);
        let (id, at) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let temporary = root.join(format!("{BEGUN}{id}-{at}{TEMPORARY}"));
        let _ = fs::remove_dir_all(&temporary);
        let made = fill(&temporary, record, model).and_then(|made| settle(place, made));
        if made.is_err() {
            let _ = fs::remove_dir_all(&temporary);
        }
        made
    }

    /// Opens the folder of a run.
    ///
    /// # Errors
    ///
    /// It is not there, is no run, or is of a newer program.
    pub fn open(path: &Path) -> Result<Folder, Error> {
        let file = path.join(RECORD);
        let bytes = match (fs::metadata(path), bounded(&file, RECORD_BYTES)) {
            (Err(cause), _) if cause.kind() == io::ErrorKind::NotFound => {
                let message = format!(
                    "there is no run `{}`: a run is a folder that `chainrule train` made, such as \
                     `runs/iris-1`",
                    path.display()
                );
                return Err(Error::not_found(message));
            }
            (Err(cause), _) => return Err(Error::io("reading", path, cause)),
            (Ok(meta), _) if !meta.is_dir() => {
                let message = format!(
                    "`{}` is a file; a run is a folder that `chainrule train` made, such as \
                     `runs/iris-1`",
                    path.display()
                );
                return Err(Error::not_found(message));
            }
            (Ok(_), Err(cause)) if cause.kind() == io::ErrorKind::NotFound => {
                let message = format!("`{}` is no run: it has no `{RECORD}`", path.display());
                return Err(Error::not_found(message));
            }
            (Ok(_), Err(cause)) => return Err(Error::io("reading", &file, cause)),
            (Ok(_), Ok(bytes)) => bytes,
        };
        let (record, equations) = Record::parse(&bytes)
            .map_err(|why| Error::failed(format!("`{}` cannot be used: {why}", file.display())))?;
        Ok(Folder { path: path.into(), record, equations, lock: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the run was made from.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The equations, as they were trained.
    ///
    /// # Errors
    ///
    /// They cannot be read, or have mistakes.
    pub fn model(&self) -> Result<Model, Error> {
        let path = self.path.join(&self.equations.file);
        let (_, text) = crate::read_text(&path)?;
        Model::parse(path.display().to_string(), text)
    }

    /// Whether the equations are those that were trained, to the byte.
    ///
    /// # Errors
    ///
    /// They are others, with both SHA-256; or they cannot be read.
    pub fn same_equations(&self) -> Result<(), Error> {
        let Some(was) = &self.equations.sha256 else { return Ok(()) };
        let path = self.path.join(&self.equations.file);
        let bytes =
            bounded(&path, RECORD_BYTES).map_err(|cause| Error::io("reading", &path, cause))?;
        let is = sha256(&bytes);
        if is == *was {
            return Ok(());
        }
        Err(Error::failed(format!(
            "the equations changed: `{}` has the SHA-256 {is}, the run was made with {was}; \
             `chainrule train` begins a run with other equations",
            path.display()
        )))
    }

    /// The folder in which the equation file stood, if it is still there.
    pub fn home(&self) -> Option<PathBuf> {
        let home = self.path.join(self.record.home.as_deref()?);
        home.is_dir().then_some(home)
    }

    /// Whether every training is at its end.
    pub fn is_done(&self) -> bool {
        let done = |training: &TrainingRecord| {
            let manifest = || self.checkpoints(training).manifest();
            training.result.is_some()
                || manifest().is_ok_and(|found| found.is_some_and(|manifest| manifest.done))
        };
        self.record.trainings.iter().all(done)
    }

    /// Keeps other programs from writing to the run until this value is dropped.
    ///
    /// # Errors
    ///
    /// Another program has it.
    pub fn lock(&mut self) -> Result<(), Error> {
        let path = self.path.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|cause| Error::io("writing", &path, cause))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Error::failed(format!(
                "`{}` is being written by another program",
                self.path.display()
            ))),
            // Some file systems have no locks; then nothing keeps two programs apart.
            Err(TryLockError::Error(_)) | Ok(()) => {
                self.lock = Some(file);
                Ok(())
            }
        }
    }

    /// The model file of a training.
    pub fn model_path(&self, training: &TrainingRecord) -> PathBuf {
        self.path.join("models").join(format!("{}.safetensors", training.folder))
    }

    /// The network of a training that is done, with the values that were measured then.
    ///
    /// # Errors
    ///
    /// It is not done, it diverged, or its file cannot be used.
    pub fn network(&self, training: &TrainingRecord) -> Result<(Network, Option<Summary>), Error> {
        let result = training.result.as_ref();
        if let Some(diverged) = result.and_then(|result| result.diverged.as_ref()) {
            return Err(Error::failed(format!(
                "the training `{}` diverged and has no model: {}",
                training.name, diverged.message
            )));
        }
        let path = self.model_path(training);
        if !path.exists() {
            let message = format!(
                "the training `{}` is not done yet: `chainrule resume {}` goes on with it",
                training.name,
                self.path.display()
            );
            return Err(Error::not_found(message));
        }
        network::open(&path)
    }

    /// The training of this name, or of this first word if there is only one.
    pub fn training(&self, name: &str) -> Option<&TrainingRecord> {
        self.record.trainings.iter().find(|training| training.name == name)
    }

    /// What a training came to that is done or diverged.
    ///
    /// # Errors
    ///
    /// Its model file cannot be used.
    pub fn summary(&self, training: &TrainingRecord) -> Result<Summary, Error> {
        if let Some(result) = &training.result {
            return Ok(result.clone());
        }
        network::summary(&self.model_path(training))
    }

    /// Writes the model file of a training.
    pub(crate) fn save(
        &self,
        training: &TrainingRecord,
        network: &Network,
        result: &Summary,
    ) -> Result<(), Error> {
        let path = self.model_path(training);
        let folder = path.parent().unwrap_or(&self.path);
        atomic::folder(folder).map_err(|cause| Error::io("making", folder, cause))?;
        atomic::write(&path, |out| super::network::write(out, network, Some(result))).map(|_| ())
    }

    /// Puts down in the record that a training diverged, beside what is there by now.
    pub(crate) fn diverged(
        &self,
        training: &TrainingRecord,
        result: &Summary,
    ) -> Result<(), Error> {
        let path = self.path.join(RECORD);
        let unusable = |why| Error::failed(format!("`{}` cannot be used: {why}", path.display()));
        let bytes = bounded(&path, RECORD_BYTES).map_err(|c| Error::io("reading", &path, c))?;
        let mut record = fields::json(&bytes).map_err(unusable)?;
        let all = record["trainings"].as_array_mut().into_iter().flatten();
        let own = all.into_iter().find(|t| t["name"] == training.name.as_str());
        let own = own.ok_or_else(|| unusable(format!("it has no training `{}`", training.name)))?;
        own[RESULT] = result.to_json();
        atomic::text(&path, &format!("{record:#}\n")).map(|_| ())
    }

    /// Writes what the trainings came to.
    pub(crate) fn results(&self, done: &[Summary]) -> Result<(), Error> {
        let trainings: Vec<_> = done.iter().map(Summary::to_json).collect();
        let text = format!("{:#}\n", json!({ "trainings": trainings }));
        atomic::text(&self.path.join(RESULTS), &text).map(|_| ())
    }

    /// The checkpoints of a training.
    pub(crate) fn checkpoints(&self, training: &TrainingRecord) -> Checkpoints {
        Checkpoints::new(self.path.join("checkpoint").join(&training.folder), &training.name)
    }

    /// The file of the curves.
    pub(crate) fn metrics_path(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// The curves, as they were at the checkpoints, open for appending.
    pub(crate) fn metrics(&self) -> Result<Metrics, Error> {
        let path = self.metrics_path();
        let mut length = 0;
        for training in &self.record.trainings {
            let manifest = self.checkpoints(training).manifest()?;
            length = manifest.map_or(length, |manifest| length.max(manifest.metrics));
        }
        metrics::repair(&path, length)?;
        Metrics::open(path)
    }
}

/// Reads a file that must not be longer than `limit`.
pub(crate) fn bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// A complete folder under a temporary name.
fn fill(path: &Path, mut record: Record, model: &Model) -> Result<Folder, Error> {
    fs::create_dir(path).map_err(|cause| Error::io("making", path, cause))?;
    let stem = Path::new(&record.file).file_stem().and_then(OsStr::to_str).unwrap_or("net");
    let text = model.source().text();
    let equations =
        Equations { file: format!("{}.eqn", plain(stem)), sha256: Some(sha256(text.as_bytes())) };
    record.home = record
        .home
        .as_deref()
        .and_then(|home| relative(path, Path::new(if home.is_empty() { "." } else { home })));
    put(&path.join(&equations.file), text)?;
    put(&path.join(RECORD), &record.text(&equations))?;
    atomic::sync(path).map_err(|cause| Error::io("writing", path, cause))?;
    Ok(Folder { path: path.into(), record, equations, lock: None })
}

fn put(path: &Path, text: &str) -> Result<(), Error> {
    let put = || {
        let mut file = File::create_new(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    put().map_err(|cause| Error::io("writing", path, cause))
}

#[cfg(test)]
mod tests {
    use super::super::record;
    use super::*;
    use crate::run::scratch::Scratch;

    fn create(place: &Place) -> Result<Folder, Error> {
        let model = Model::read("iris").expect("built in");
        Folder::create(place, record::tests::record(), &model)
    }

    #[test]
    fn numbers_go_up() {
        let scratch = Scratch::new("numbers");
        let root = scratch.path().join("runs");
        let place = Place::Numbered(root.clone(), "iris".into());
        for n in [1, 2, 5] {
            if n == 5 {
                fs::create_dir(root.join("iris-4")).expect("a folder");
            }
            let folder = create(&place).expect("it can be made");
            assert_eq!(folder.path(), root.join(format!("iris-{n}")));
            let open = Folder::open(folder.path()).expect("it can be opened");
            assert_eq!(open.record(), folder.record());
            assert_eq!(open.model().expect("equations").modules()[0].name, "iris");
        }
        let mut names: Vec<_> = fs::read_dir(&root)
            .expect("it is there")
            .map(|e| e.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["iris-1", "iris-2", "iris-4", "iris-5"]);
    }

    #[test]
    fn several_at_once_have_a_number_each() {
        let scratch = Scratch::new("at-once");
        let place = Place::Numbered(scratch.path().into(), "iris".into());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| create(&place).expect("it can be made"));
            }
        });
        assert_eq!(scratch.names(), ["iris-1", "iris-2", "iris-3", "iris-4"]);
    }

    #[test]
    fn nothing_is_written_over() {
        let scratch = Scratch::new("over");
        let place = Place::At(scratch.path().join("a/b"));
        create(&place).expect("it can be made");
        let error = create(&place).expect_err("it is taken").to_string();
        assert!(error.contains("resume"), "{error}");
        fs::write(scratch.path().join("file"), "x").expect("it can be written");
        let file = create(&Place::At(scratch.path().join("file"))).expect_err("it is taken");
        assert!(file.to_string().contains("exists already"), "{file}");
        fs::create_dir(scratch.path().join("empty")).expect("a folder");
        create(&Place::At(scratch.path().join("empty"))).expect("an empty folder is vacant");
        assert_eq!(scratch.names(), ["a", "empty", "file"]);
    }

    #[test]
    fn what_is_no_run_is_said() {
        let scratch = Scratch::new("norun");
        let message = |path: &Path| Folder::open(path).expect_err("it is no run").to_string();
        assert!(message(&scratch.path().join("none")).contains("there is no run"));
        assert!(message(scratch.path()).contains("no `run.json`"));
        let file = scratch.path().join("file");
        fs::write(&file, "x").expect("it can be written");
        assert!(message(&file).contains("is a file"));
        let newer = scratch.path().join("newer");
        fs::create_dir(&newer).expect("a folder");
        fs::write(newer.join(RECORD), "{\"format\": 7, \"program\": \"chainrule 9.0.0\"}")
            .expect("written");
        assert!(message(&newer).contains("chainrule 9.0.0"), "{}", message(&newer));
    }

    #[test]
    fn one_writer_at_a_time() {
        let scratch = Scratch::new("lock");
        let mut one = create(&Place::At(scratch.path().join("run"))).expect("it can be made");
        let mut other = Folder::open(one.path()).expect("it can be opened");
        one.lock().expect("nobody has it");
        assert!(other.lock().expect_err("it is taken").to_string().contains("another program"));
        drop(one);
        other.lock().expect("nobody has it");
    }
}
