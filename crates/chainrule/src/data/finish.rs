//! The last steps of reading: labels get numbers, columns their scaling.

use chainrule_graph::Kind;

use super::labels::{Classes, RawLabels};
use super::plan::Origin;
use super::read::State;
use super::scaling::scaling;
use super::{LabelNames, Part, Table, Values, bind};
use crate::Error;

impl State<'_, '_> {
    /// The number of classes, if the declared size has one.
    pub(super) fn class_count(&self, at: usize) -> Option<usize> {
        let Kind::Label(size) = &self.plan.wanted[at].kind else { return None };
        bind::number(size, &self.sizes).and_then(|n| usize::try_from(n).ok())
    }

    /// The classes of a label; a free size gets their number.
    pub(super) fn classes_of(&mut self, at: usize, labels: &RawLabels) -> Result<Classes, Error> {
        let count = self.class_count(at);
        let wanted = &self.plan.wanted[at];
        let classes = match labels.classes(count) {
            Ok(classes) => classes,
            Err(cause) => {
                let path = wanted.origin.file();
                let path = path.map_or(String::new(), |t| format!(" (\"{}\")", t.path));
                let message = format!("`{} : {}`{path}: {cause}", wanted.name, wanted.text);
                if !self.reader.lenient {
                    return Err(Error::failed(message));
                }
                let others = labels.classes(None).map_err(|_| Error::failed(message.clone()))?;
                self.found.push(message);
                others
            }
        };
        if count.is_none()
            && let Kind::Label(size) = &wanted.kind
            && !bind::solve(&mut self.sizes, size, classes.names.len() as u64)
        {
            return Err(Error::failed(format!(
                "`{} : {}` cannot have {} classes",
                wanted.name,
                wanted.text,
                classes.names.len()
            )));
        }
        Ok(classes)
    }

    /// The numbers of labels.
    pub(super) fn numbered(&mut self, at: usize, labels: &RawLabels) -> Result<Values, Error> {
        let place = self.classes.iter().position(|(of, _)| *of == at);
        let Some(place) = place else {
            let name = &self.plan.wanted[at].name;
            return Err(Error::failed(format!("`{name}` has no classes")));
        };
        loop {
            let classes = &mut self.classes[place].1;
            match labels.numbers(classes) {
                Ok(numbers) => return Ok(values(numbers, classes.names.len())),
                Err((row, label)) => {
                    let names: Vec<String> =
                        classes.names.iter().take(12).map(|n| format!("`{n}`")).collect();
                    let more = if classes.names.len() > 12 { ", .." } else { "" };
                    let message = format!(
                        "`{}`, row {row}: the label `{label}` is none of the training's: {}{more}",
                        self.plan.wanted[at].name,
                        names.join(", ")
                    );
                    if !self.reader.lenient {
                        return Err(Error::failed(message));
                    }
                    classes.names.push(label);
                    self.found.push(message);
                }
            }
        }
    }

    /// Works out the scaling from the training part and gives it to every table.
    pub(super) fn scale(&self, tables: &mut [Table], parts: &[Part]) -> Result<(), Error> {
        let train = parts.iter().find(|part| part.name == "train");
        let rows = train.map_or(&[][..], |part| &part.rows);
        for (at, wanted) in self.plan.wanted.iter().enumerate() {
            let Origin::File(take) = &wanted.origin else { continue };
            if wanted.is_label() && !take.scales.is_empty() {
                return Err(Error::failed(format!(
                    "`{}` is a label: it cannot be scaled",
                    wanted.name
                )));
            }
            let column = &tables[0].columns[at];
            let values = &column.values;
            if self.reader.lenient && (0..values.len()).any(|i| !values.get(i).is_finite()) {
                // They are reported; numbers without a value have no mean.
                continue;
            }
            let found = scaling(&take.scales, &column.values, column.width, rows)
                .map_err(|e| Error::failed(format!("`{}`: {e}", wanted.name)))?;
            for table in tables.iter_mut() {
                table.columns[at].scale.clone_from(&found.scale);
                table.columns[at].shift.clone_from(&found.shift);
            }
        }
        Ok(())
    }

    /// What the classes are called.
    pub(super) fn label_names(&self) -> Vec<LabelNames> {
        let names = |(at, classes): &(usize, Classes)| LabelNames {
            symbol: self.plan.wanted[*at].name.clone(),
            names: classes.names.clone(),
        };
        self.classes.iter().map(names).collect()
    }
}

/// The classes of the rows, as bytes if they are few.
fn values(numbers: Vec<u32>, classes: usize) -> Values {
    if classes <= 256 {
        Values::U8(numbers.into_iter().map(|n| n as u8).collect())
    } else {
        Values::F64(numbers.into_iter().map(f64::from).collect())
    }
}
