//! Checking a model: gradients, optimizers and claims, as data and as a table.

mod text;

use chainrule_graph::check::{self, Gradient, Report, Settings};

use crate::Model;

/// What to check with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CheckOptions {
    /// What the random numbers depend on.
    pub seed: u64,
    /// How many draws a claim gets; the file's number, or 3, unless given.
    pub draws: Option<u64>,
    /// Checks at the file's own sizes and start values instead, with so many rows of drawn data.
    pub rows: Option<u64>,
}

/// What a check found, a report for each model of the file.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The models.
    pub models: Vec<CheckedModel>,
}

/// What a check found in one model.
#[derive(Clone, Debug)]
pub struct CheckedModel {
    /// The name of the model.
    pub name: String,
    /// What was found.
    pub report: Report,
}

impl Checked {
    /// Whether everything holds, and there was something to check.
    pub fn passed(&self) -> bool {
        !self.is_empty() && self.models.iter().all(|m| m.report.is_empty() || m.report.passed())
    }

    /// Whether there was nothing to check.
    pub fn is_empty(&self) -> bool {
        self.models.iter().all(|m| m.report.is_empty())
    }

    /// The tables that the program prints.
    pub fn text(&self) -> String {
        let pages: Vec<String> = self.models.iter().map(text::page).collect();
        pages.join("\n")
    }
}

impl Model {
    /// Checks gradients against three other ways to get them, optimizers against their recurrence,
    /// and every claim against drawn numbers. No data is read.
    ///
    /// ```
    /// use chainrule::{CheckOptions, Model};
    ///
    /// let iris = Model::read("iris")?;
    /// let checked = iris.check(&CheckOptions::default());
    /// assert!(checked.passed());
    /// assert_eq!(checked.models[0].report.claims[0].verdict.text(), "ill-formed");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn check(&self, options: &CheckOptions) -> Checked {
        let settings = Settings { seed: options.seed, draws: options.draws };
        let models = self.modules().iter().map(|module| {
            let report = match options.rows {
                None => check::check(module, &settings),
                Some(rows) => {
                    Report { gradients: check::own(module, &settings, rows), ..Report::default() }
                }
            };
            CheckedModel { name: module.name.clone(), report }
        });
        Checked { models: models.collect() }
    }
}

/// `dJ/dW`, or the words for a longer one.
fn title(gradient: &Gradient) -> String {
    let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "_[]'".contains(c));
    if plain(&gradient.of) && plain(&gradient.name) {
        format!("d{}/d{}", gradient.of, gradient.name)
    } else {
        format!("{} by {}", gradient.of, gradient.name)
    }
}
