//! Checking a model: gradients, optimizers and claims, as data and as a table.

mod text;

use chainrule_graph::check::{self, Gradient, Report, Settings};

use crate::{Error, Model};

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
    /// let checked = iris.check(&CheckOptions::default())?;
    /// assert!(checked.passed());
    /// assert_eq!(checked.models[0].report.claims[0].verdict.text(), "ill-formed");
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// With [`CheckOptions::rows`], the file's own sizes are too large for the check.
    pub fn check(&self, options: &CheckOptions) -> Result<Checked, Error> {
        let settings = Settings { seed: options.seed, draws: options.draws };
        let mut models = Vec::new();
        for module in self.modules() {
            let report = match options.rows {
                None => check::check(module, &settings),
                Some(rows) => {
                    let gradients = check::own(module, &settings, rows).map_err(Error::failed)?;
                    Report { gradients, ..Report::default() }
                }
            };
            models.push(CheckedModel { name: module.name.clone(), report });
        }
        Ok(Checked { models })
    }
}

/// `dJ/dW`, or with the operator of the language: `jac(F, X)`, `hess(l, z)`.
fn title(gradient: &Gradient) -> String {
    let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "_[]'".contains(c));
    let (of, name) = (&gradient.of, &gradient.name);
    match gradient.operator {
        "grad" if name.contains(' ') => format!("{of} by {name}"),
        "grad" if plain(of) && plain(name) => format!("d{of}/d{name}"),
        operator => format!("{operator}({of}, {name})"),
    }
}
