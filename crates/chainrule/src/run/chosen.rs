//! What of a file is trained, with what a caller sets instead of it.

use chainrule_graph::module::Training;

use super::Settings;
use crate::data::DataSettings;
use crate::train::{Batch, TrainSettings, TrainingRef};
use crate::{Error, Model, Setting};

/// Options that are whole numbers.
const WHOLE: [&str; 5] = ["epochs", "steps", "batch", "seed", "split.seed"];

/// The trainings of a file that were asked for, with settings sorted by what they set.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The file with everything that was set in place.
    pub model: Model,
    /// What is set of the trainings.
    pub settings: TrainSettings,
    /// What is set of the data.
    pub data: DataSettings,
    /// The trainings, in the order of the file.
    pub trainings: Vec<TrainingRef>,
}

impl Chosen {
    /// Sorts the settings; `only` names the trainings, all if it is empty. A name with settings
    /// (`sgd H=2`) may be shortened to its first word, which then stands for all of them, and so
    /// does the name of a model for its trainings.
    ///
    /// ```
    /// use chainrule::Model;
    /// use chainrule::run::{Chosen, Settings};
    ///
    /// let set = [("H", "8"), ("step", "0.1"), ("split.seed", "3"), ("epochs", "5")];
    /// let set = set.map(|(name, value)| (name.to_string(), value.to_string()));
    /// let settings = Settings { set: set.to_vec(), ..Settings::default() };
    /// let chosen = Chosen::new(&Model::read("iris")?, &settings, &["nag".to_string()])?;
    /// assert_eq!(chosen.trainings.len(), 1);
    /// assert_eq!(chosen.settings.epochs, Some(5));
    /// assert_eq!(chosen.settings.set, [("step".to_string(), 0.1)]);
    /// assert_eq!(chosen.data.split_seed, Some(3));
    /// assert_eq!(chosen.model.show()[0].parameters, Some(67));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name is unknown, or a value is none that it can have.
    pub fn new(model: &Model, settings: &Settings, only: &[String]) -> Result<Chosen, Error> {
        let mut chosen = Chosen {
            model: model.clone(),
            settings: TrainSettings {
                seed: settings.seed,
                epochs: settings.epochs,
                precision: settings.precision,
                exact: settings.exact,
                threads: settings.threads,
                ..TrainSettings::default()
            },
            data: DataSettings::default(),
            trainings: trainings(model, &[])?,
        };
        for (name, given) in [("epochs", settings.epochs), ("seed", settings.seed)] {
            if given.is_some() && settings.set.iter().any(|(set, _)| set == name) {
                let message = format!("`{name}` is given twice, by --{name} and by --set {name}");
                return Err(Error::setting(message));
            }
        }
        let own = model.settings();
        let mut written = Vec::new();
        if !chosen.trainings.is_empty() {
            written.extend(settings.epochs.map(|n| ("epochs".to_string(), n.to_string())));
            written.extend(settings.seed.and_then(|n| exactly_written("seed", n)));
        }
        for (name, value) in &settings.set {
            if own.contains(name) {
                written.push((name.clone(), value.clone()));
            } else {
                chosen.set(name, value)?;
                written.extend(text_of(name, value));
            }
        }
        // What is set comes before what `with` and `for .. in {..}` set: a grid over that name is
        // one training then.
        let written: Vec<Setting<'_>> =
            written.iter().map(|(name, value)| Setting { name, value }).collect();
        chosen.model = model.overridden(&written)?;
        chosen.trainings = trainings(&chosen.model, only)?;
        chosen.all_used()?;
        Ok(chosen)
    }

    /// Every setting of an optimizer must be one of a training that was asked for.
    fn all_used(&self) -> Result<(), Error> {
        let other = self.settings.set.iter().find(|(name, _)| !self.is_of_optimizer(name));
        other.map_or(Ok(()), |(name, _)| Err(self.unknown(name)))
    }

    /// Sets what is no size and no constant.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let settings = &mut self.settings;
        match name {
            "split.seed" => self.data.split_seed = Some(whole(name, value, 0)?),
            "seed" => settings.seed = Some(whole(name, value, 0)?),
            "epochs" => settings.epochs = Some(whole(name, value, 1)?),
            "steps" => settings.steps = Some(whole(name, value, 1)?),
            "batch" if value == "all" => settings.batch = Some(Batch::All),
            "batch" => settings.batch = Some(Batch::Rows(whole(name, value, 1)?)),
            "minutes" => {
                let minutes = number(name, value)?;
                if minutes <= 0.0 {
                    return Err(wrong(name, value, "a number above 0"));
                }
                settings.minutes = Some(minutes);
            }
            _ if self.is_of_optimizer(name) => {
                let value = number(name, value)?;
                self.settings.set.push((name.into(), value));
            }
            _ => return Err(self.unknown(name)),
        }
        Ok(())
    }

    fn is_of_optimizer(&self, name: &str) -> bool {
        let has = |training: &Training| training.settings.iter().any(|(known, _)| known == name);
        self.trainings.iter().any(|which| has(training(&self.model, *which)))
    }

    fn unknown(&self, name: &str) -> Error {
        let mut known = self.model.settings();
        known.extend(["epochs", "steps", "batch", "seed", "minutes", "split.seed"].map(Into::into));
        for which in &self.trainings {
            for (setting, _) in &training(&self.model, *which).settings {
                if !known.contains(setting) {
                    known.push(setting.clone());
                }
            }
        }
        let near = chainrule_syntax::suggest::nearest(name, known.iter().map(String::as_str));
        let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
        Error::setting(format!(
            "`--set {name}`: {} has no such size, constant or training option (it has {}){near}",
            self.model.source().name(),
            known.join(", ")
        ))
    }

    /// Keeps the trainings with exactly these names, in this order.
    ///
    /// # Errors
    ///
    /// The file has none of a name.
    pub fn exactly<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<(), Error> {
        let all = self.model.trainings();
        let find = |name: &str| {
            let found = all.iter().find(|which| self.name(**which) == name).copied();
            found.ok_or_else(|| {
                let file = self.model.source().name();
                Error::failed(format!("{file} has no training `{name}`"))
            })
        };
        self.trainings = names.into_iter().map(find).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The settings of one training: those of another's optimizer are left out.
    pub fn settings_of(&self, which: TrainingRef) -> TrainSettings {
        let mut settings = self.settings.clone();
        let training = training(&self.model, which);
        settings.set.retain(|(name, _)| training.settings.iter().any(|(known, _)| known == name));
        settings
    }

    /// The name of a training, unique in the file.
    pub fn name(&self, which: TrainingRef) -> String {
        self.model.training_name(which).unwrap_or_default()
    }
}

/// The training that a reference from the same model means.
fn training(model: &Model, which: TrainingRef) -> &Training {
    &model.modules()[which.model].trainings[which.training]
}

/// The trainings with these names, in the order of the file; all without names.
fn trainings(model: &Model, only: &[String]) -> Result<Vec<TrainingRef>, Error> {
    let all = model.trainings();
    if only.is_empty() {
        return Ok(all);
    }
    let full = |which: &TrainingRef| model.training_name(*which).unwrap_or_default();
    let is = |which: &TrainingRef, asked: &str| {
        let is = |name: &str| name == asked || name.split(' ').next() == Some(asked);
        let several = model.modules().len() > 1;
        is(&training(model, *which).name)
            || is(&full(which))
            || (several && model.modules()[which.model].name == asked)
    };
    for asked in only {
        if !all.iter().any(|which| is(which, asked)) {
            let names: Vec<String> = all.iter().map(full).collect();
            let near = chainrule_syntax::suggest::nearest(asked, names.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Error::setting(format!(
                "`--only {asked}`: {} has no training of that name (it has {}){near}",
                model.source().name(),
                if names.is_empty() { "none".into() } else { names.join(", ") }
            )));
        }
    }
    Ok(all.into_iter().filter(|which| only.iter().any(|asked| is(which, asked))).collect())
}

/// A setting as the file's text can have it; a whole number without an exponent.
fn text_of(name: &str, value: &str) -> Option<(String, String)> {
    match whole(name, value, 0) {
        Ok(number) if WHOLE.contains(&name) => exactly_written(name, number),
        _ => Some((name.into(), value.trim().into())),
    }
}

/// A whole number as the file's text can have it: if the language's numbers hold it exactly.
fn exactly_written(name: &str, number: u64) -> Option<(String, String)> {
    (number <= 1 << 53).then(|| (name.into(), number.to_string()))
}

fn whole(name: &str, value: &str, least: u64) -> Result<u64, Error> {
    let number = number(name, value)?;
    let found = value.trim().parse().ok().or_else(|| {
        // 1e3 is a whole number too.
        (number.fract() == 0.0 && (0.0..1e15).contains(&number)).then_some(number as u64)
    });
    let expected = || wrong(name, value, &format!("a whole number, {least} or more"));
    found.filter(|found| *found >= least).ok_or_else(expected)
}

fn number(name: &str, value: &str) -> Result<f64, Error> {
    let found: Option<f64> = value.trim().parse().ok();
    found.filter(|found| found.is_finite()).ok_or_else(|| wrong(name, value, "a number"))
}

fn wrong(name: &str, value: &str, expected: &str) -> Error {
    Error::setting(format!("`--set {name}={value}`: {expected} is needed"))
}
