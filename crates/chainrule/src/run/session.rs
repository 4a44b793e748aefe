//! A session: the trainings of a run one after the other, with checkpoints.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checkpoint::Checkpoints;
use super::metrics::Metrics;
use super::record::TrainingRecord;
use super::{Chosen, Folder, Manifest};
use crate::data::Dataset;
use crate::train::{Control, EpochReport, Facts, Peak, Progress, Summary, Trainer, TrainingRef};
use crate::{Error, ErrorKind};

/// Epochs that follow each other faster share a checkpoint: bringing a file to the disk takes some
/// milliseconds, an epoch of a small net takes less.
const LEAST: Duration = Duration::from_secs(1);

/// What hears of a session.
pub trait Watch {
    /// A training begins or goes on.
    fn begin(&mut self, _facts: &Facts, _from: &Progress) {}
    /// A step is done. This is called in the innermost loop.
    fn step(&mut self, _progress: &Progress) {}
    /// An epoch is done.
    fn epoch(&mut self, _report: &EpochReport, _progress: &Progress) {}
    /// A training is done.
    fn done(&mut self, _summary: &Summary) {}
    /// A training met a value that is no number: it is at its end, the others go on.
    fn diverged(&mut self, _summary: &Summary, _error: &Error) {}
    /// Whether to stop after this step, to go on some other time.
    fn stop(&self) -> bool {
        false
    }
}

/// How a session ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// All trainings are at their ends; [`Summary::diverged`] says which failed.
    Done(Vec<Summary>),
    /// It was stopped: what was done before, the training that was running, how far it was.
    Stopped(Vec<Summary>, String, Progress),
}

/// The trainings of a run.
#[derive(Debug)]
pub struct Session<'m> {
    /// The trainings, in the order of the record.
    pub chosen: &'m Chosen,
    /// The data of each model of the file that is trained.
    pub data: Vec<Option<Arc<Dataset>>>,
    /// How long a training runs within an epoch before a checkpoint is due.
    pub every: Duration,
}

impl Session<'_> {
    /// Trains what is not done yet. Without a folder nothing is kept. A training that diverges ends
    /// alone: it is recorded as such, and the others go on.
    ///
    /// ```
    /// use chainrule::run::{Outcome, Watch};
    ///
    /// struct Silent;
    /// impl Watch for Silent {}
    /// ```
    ///
    /// # Errors
    ///
    /// A training fails, or the folder cannot be written; the last checkpoints stay good.
    pub fn run(&self, folder: Option<&Folder>, watch: &mut dyn Watch) -> Result<Outcome, Error> {
        let mut kept =
            folder.map(|folder| Ok::<_, Error>((folder, folder.metrics()?))).transpose()?;
        let mut done = Vec::new();
        for (at, which) in self.chosen.trainings.iter().enumerate() {
            let keep = kept.as_mut().and_then(|(folder, metrics)| {
                let training = folder.record().trainings.get(at)?;
                let checkpoints = folder.checkpoints(training);
                Some(Keep { folder, training, checkpoints, metrics, last: None })
            });
            let mut running = Running { session: self, keep, watch, peak: None };
            match running.train(*which)? {
                Ended::Done(summary) => done.push(*summary),
                Ended::Stopped(name, progress) => {
                    return Ok(Outcome::Stopped(done, name, progress));
                }
            }
            if let Some((folder, _)) = &kept {
                folder.results(&done)?;
            }
        }
        Ok(Outcome::Done(done))
    }
}

enum Ended {
    Done(Box<Summary>),
    Stopped(String, Progress),
}

/// Where a training is kept.
struct Keep<'a> {
    folder: &'a Folder,
    training: &'a TrainingRecord,
    checkpoints: Checkpoints,
    metrics: &'a mut Metrics,
    last: Option<Manifest>,
}

/// A training of a session.
struct Running<'a> {
    session: &'a Session<'a>,
    keep: Option<Keep<'a>>,
    watch: &'a mut dyn Watch,
    peak: Option<Peak>,
}

impl Running<'_> {
    fn train(&mut self, which: TrainingRef) -> Result<Ended, Error> {
        if let Some(keep) = &mut self.keep {
            keep.last = keep.checkpoints.manifest()?;
            if let Some(result) = &keep.training.result {
                return Ok(Ended::Done(Box::new(result.clone())));
            }
            if keep.last.as_ref().is_some_and(|manifest| manifest.done) {
                return Ok(Ended::Done(Box::new(keep.folder.summary(keep.training)?)));
            }
        }
        let session = self.session;
        let data = session.data.get(which.model).and_then(Option::clone);
        let data = data.ok_or_else(|| Error::failed("the data of a model are missing".into()))?;
        let chosen = session.chosen;
        let mut trainer = Trainer::new(&chosen.model, which, data, &chosen.settings_of(which))?;
        if let Some(Keep { checkpoints, last: Some(manifest), .. }) = &self.keep {
            let state = checkpoints.restore(manifest, &trainer.state())?;
            trainer.restore(&state)?;
        }
        if let Some(keep) = &self.keep {
            let (name, loss) = (&trainer.facts().name, &trainer.facts().loss);
            self.peak = Peak::on(&keep.folder.metrics_path(), name, loss);
        }
        let (facts, progress) = (trainer.facts().clone(), trainer.progress());
        self.watch.begin(&facts, &progress);
        match self.epochs(&mut trainer) {
            Ok(true) => self.finish(trainer).map(|summary| Ended::Done(Box::new(summary))),
            Ok(false) => Ok(Ended::Stopped(facts.name, trainer.progress())),
            Err(error) if error.kind() == ErrorKind::NotFinite => {
                let summary = self.diverged(trainer, &error)?;
                Ok(Ended::Done(Box::new(summary)))
            }
            Err(error) => Err(error),
        }
    }

    /// Trains to the end; false if it was stopped before.
    fn epochs(&mut self, trainer: &mut Trainer) -> Result<bool, Error> {
        let every = self.session.every;
        let mut last = Instant::now();
        while trainer.end().is_none() {
            let watch = &mut *self.watch;
            let due = last.checked_add(every);
            let kept = self.keep.is_some();
            let report = trainer.epoch(&mut |progress| {
                watch.step(progress);
                if watch.stop() || (kept && due.is_some_and(|due| Instant::now() >= due)) {
                    Control::Pause
                } else {
                    Control::Continue
                }
            })?;
            let progress = trainer.progress();
            let records = if report.is_none() { trainer.take_records() } else { Vec::new() };
            if let Some(keep) = &mut self.keep {
                let name = &trainer.facts().name;
                keep.metrics.add(name, &records, report.as_ref(), progress.seconds)?;
            }
            if let Some(report) = &report {
                let at = (report.epoch, report.step);
                self.peak = Peak::of(self.peak.take(), at, &report.scores);
                self.watch.epoch(report, &progress);
            }
            let stop = self.watch.stop() && trainer.end().is_none();
            if stop || report.is_none() || last.elapsed() >= every.min(LEAST) {
                self.checkpoint(trainer)?;
                last = Instant::now();
            }
            if stop {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn checkpoint(&mut self, trainer: &Trainer) -> Result<(), Error> {
        let Some(keep) = &mut self.keep else { return Ok(()) };
        let length = keep.metrics.sync()?;
        keep.last = Some(keep.checkpoints.commit(&trainer.state(), length)?);
        Ok(())
    }

    /// Whether the newest checkpoint is where the training stands.
    fn is_kept(&self, trainer: &Trainer) -> bool {
        let Some(Keep { last: Some(last), metrics, .. }) = &self.keep else { return false };
        let at = trainer.progress();
        (last.step, last.epoch, last.position) == (at.step, at.epoch, at.position)
            && last.metrics == metrics.length()
    }

    /// The end of a training that diverged. The checkpoint is that before the step that went wrong;
    /// once the record has the result the training counts as ended.
    fn diverged(&mut self, mut trainer: Trainer, error: &Error) -> Result<Summary, Error> {
        if let Some(keep) = &mut self.keep {
            let (name, seconds) = (trainer.facts().name.clone(), trainer.progress().seconds);
            keep.metrics.add(&name, &trainer.take_records(), None, seconds)?;
        }
        self.checkpoint(&trainer)?;
        let summary = Summary { best: self.peak.take(), ..trainer.finish()?.summary };
        if let Some(Keep { folder, training, .. }) = &self.keep {
            folder.diverged(training, &summary)?;
        }
        self.watch.diverged(&summary, error);
        Ok(summary)
    }

    fn finish(&mut self, trainer: Trainer) -> Result<Summary, Error> {
        if !self.is_kept(&trainer) {
            self.checkpoint(&trainer)?;
        }
        let trained = trainer.finish()?;
        let summary = Summary { best: self.peak.take(), ..trained.summary };
        if let Some(Keep { folder, training, checkpoints, last: Some(manifest), .. }) = &self.keep {
            folder.save(training, &trained.network, &summary)?;
            checkpoints.finish(manifest)?;
        }
        self.watch.done(&summary);
        Ok(summary)
    }
}
