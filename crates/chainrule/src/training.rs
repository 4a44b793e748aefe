//! One training of a file with all its numbers in place.
//!
//! A number that is set, by `with`, `for .. in {..}` or from outside, changes what the file says
//! before it is read: sizes that follow from it, start values, settings and counts all follow.

mod edits;

use chainrule_graph::Module;
use chainrule_graph::module::Training;

use crate::show::{Setting, apply};
use crate::{Error, Model};

/// A training, its file read again with the numbers that it sets.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The file as this training sees it.
    pub model: Model,
    /// Its model.
    pub module: Module,
    /// The training.
    pub training: Training,
}

impl Model {
    /// The same file with numbers set from outside, as `--set H=8 --set step=0.1 --epochs 5` do.
    ///
    /// What a name may be, in this order: a size or a constant; `epochs steps batch seed minutes`
    /// of every training (`batch` may be `all`); a setting of every optimizer that has it; and
    /// `split.seed`. What is set here comes before what `with` and `for .. in {..}` set: a grid over
    /// that name becomes one training.
    ///
    /// ```
    /// use chainrule::{Model, Setting};
    ///
    /// let circles = Model::read("circles")?;
    /// assert_eq!(circles.modules()[0].trainings.len(), 8);
    /// let set = [("H", "3"), ("step", "0.1"), ("split.seed", "9")];
    /// let set: Vec<Setting> = set.iter().map(|(name, value)| Setting { name, value }).collect();
    /// let circles = circles.overridden(&set)?;
    /// let trainings = &circles.modules()[0].trainings;
    /// assert_eq!(trainings.len(), 2);
    /// assert_eq!(trainings[0].settings[0], ("step".to_string(), 0.1));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A name is none of these, a value is no number, or the file has mistakes with these numbers.
    pub fn overridden(&self, set: &[Setting<'_>]) -> Result<Model, Error> {
        if set.is_empty() {
            return Ok(self.clone());
        }
        let text = edits::apply(set, self)?;
        Model::parse(self.source().name(), text)
    }

    /// The training with this place in the model with this place, the file read again with the
    /// sizes and constants that the training sets.
    ///
    /// ```
    /// let circles = chainrule::Model::read("circles")?;
    /// let last = circles.for_training(0, 7)?;
    /// assert_eq!(last.training.name, "sgd H=8 epochs=100");
    /// let first = circles.for_training(0, 0)?;
    /// let sizes = &first.module.sizes;
    /// let count = first.module.parameter_count().value(sizes).and_then(|n| n.whole());
    /// assert_eq!(count, Some(2 * 3 + 2 * 3));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no such training, or the file has mistakes with its numbers.
    pub fn for_training(&self, module: usize, training: usize) -> Result<Prepared, Error> {
        let find = |model: &Model| {
            let module = model.modules().get(module)?.clone();
            let training = module.trainings.get(training)?.clone();
            Some((module, training))
        };
        let missing = || {
            let name = self.source().name();
            Error::setting(format!("{name} has no training {training} in its model {module}"))
        };
        let (own, wanted) = find(self).ok_or_else(missing)?;
        if wanted.with.is_empty() {
            return Ok(Prepared { model: self.clone(), module: own, training: wanted });
        }
        let numbers: Vec<(String, String)> =
            wanted.with.iter().map(|(name, x)| (name.clone(), format!("{x:?}"))).collect();
        let set = numbers.iter().map(|(name, value)| Setting {
            name,
            // A size is a whole number: no `.0`.
            value: value.strip_suffix(".0").unwrap_or(value),
        });
        let text = apply(set, self.source(), self.file())?;
        let model = Model::parse(self.source().name(), text)?;
        let (module, training) = find(&model).ok_or_else(missing)?;
        Ok(Prepared { model, module, training })
    }
}
