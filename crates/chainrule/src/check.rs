//! Checking a model: gradients, optimizers and claims, as data and as a table.

mod excerpt;
mod judged;
mod text;

use chainrule_graph::Module;
use chainrule_graph::check::{self, Gradient, Judged, Report, Settings};

use crate::{Diagnostic, Error, Model, Snippet, Source};

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
    /// For each claim that is ill-formed the line with the places in question, else nothing.
    pub excerpts: Vec<String>,
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

    /// The claims alone, each with its verdict and why; with `steps` the rules of its proof.
    pub fn judgements(&self, steps: bool) -> String {
        let pages: Vec<String> = self.models.iter().map(|m| judged::page(m, steps)).collect();
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
            let excerpts = excerpts(self.source(), &report, Clone::clone);
            models.push(CheckedModel { name: module.name.clone(), report, excerpts });
        }
        Ok(Checked { models })
    }

    /// Judges the claims of the file alone; see [`Model::check`].
    ///
    /// ```
    /// use chainrule::{CheckOptions, Model};
    ///
    /// let text = "given x : R\nclaim \"a\" exp(x) exp(-x) = 1\n";
    /// let judged = Model::parse("a.eqn", text)?.judge(&CheckOptions::default());
    /// assert!(judged.passed());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn judge(&self, options: &CheckOptions) -> Checked {
        judge(self, options, |report| excerpts(self.source(), report, Clone::clone))
    }
}

impl Snippet {
    /// Judges the claim of the snippet.
    ///
    /// ```
    /// use chainrule::{CheckOptions, Last, Model};
    ///
    /// let text = "os : R[m]; hs : R[h]; W : R[m, h]; L = os^T W hs; dL/dW = os hs";
    /// let judged = Model::snippet(text, Last::Claim)?.judge(&CheckOptions::default());
    /// let claim = &judged.models[0].report.claims[0];
    /// assert_eq!(claim.verdict.text(), "ill-formed");
    /// assert_eq!(claim.nearest.as_ref().unwrap().text, "os hs^T");
    /// assert!(judged.models[0].excerpts[0].contains("^^ h x 1"));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn judge(&self, options: &CheckOptions) -> Checked {
        // The line that is shown is the snippet's own.
        let shown = |found: &Diagnostic| self.found(found.clone());
        judge(self.model(), options, |report| excerpts(self.source(), report, shown))
    }
}

fn judge(
    model: &Model,
    options: &CheckOptions,
    excerpts: impl Fn(&Report) -> Vec<String>,
) -> Checked {
    let settings = Settings { seed: options.seed, draws: options.draws };
    let judged = |module: &Module| {
        let report = check::judge(module, &settings);
        CheckedModel { name: module.name.clone(), excerpts: excerpts(&report), report }
    };
    Checked { models: model.modules().iter().map(judged).collect() }
}

/// Where each claim is ill-formed; `shown` moves a place of the file to the source.
fn excerpts(
    source: &Source,
    report: &Report,
    shown: impl Fn(&Diagnostic) -> Diagnostic,
) -> Vec<String> {
    let excerpt = |claim: &Judged| match &claim.ill_formed {
        Some(found) => excerpt::of(source.text(), &shown(found)),
        None => String::new(),
    };
    report.claims.iter().map(excerpt).collect()
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
