//! The end of building: the model is printed, read, and what is wrong with it is told.

use std::panic::Location;

use chainrule_syntax::{Severity, limits};

use super::places::Places;
use super::problem::{BuildErrors, Problem};
use super::{Scope, scope};
use crate::module::Module;

/// A model that was built.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// net.given("x", real(3));
/// let built: Built = net.finish().unwrap();
/// assert_eq!(built.module.name, "example");
/// assert_eq!(built.text, "model example\n\ngiven\n  x : R[3]\n");
/// assert!(built.warnings().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Built {
    /// What it means.
    pub module: Module,
    /// Its equation file; reading it gives the same module.
    pub text: String,
    warnings: Vec<Problem>,
}

impl Built {
    /// What is probably not as meant.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (w, v) = (net.param("w", scalar(), 1), net.param("v", scalar(), 1));
    /// let j = net.define("J", w.pow(2));
    /// net.derive(grad(j, v));
    /// let built = net.finish().unwrap();
    /// assert_eq!(built.warnings()[0].code(), "zero-derivative");
    /// ```
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

impl Scope {
    /// The equation file so far.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.batch("N");
    /// assert_eq!(net.text(), "model example\n\nbatch N\n");
    /// ```
    #[must_use]
    pub fn text(&self) -> String {
        self.state.borrow().draft().text
    }

    /// The model, with its equation file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the model, each mistake at the line of the program that built
    /// the operation which does not fit.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let (a, b) = (net.given("a", real(3)), net.given("b", real(4)));
    /// let (c, line) = (net.define("c", a + b), line!());
    /// net.define("d", 2 * c); // not a second mistake
    /// let errors = net.finish().unwrap_err();
    /// assert_eq!(errors.problems().len(), 1);
    /// assert_eq!(errors.problems()[0].location().line(), line);
    /// ```
    #[track_caller]
    pub fn finish(&self) -> Result<Built, BuildErrors> {
        let here = Location::caller();
        let state = self.state.borrow();
        let top = state.entries.first().map_or(here, scope::Entry::at);
        let draft = state.draft();
        let mut reading = crate::read(&draft.text);
        let places = Places::find(&state, &draft, &mut reading.file, top);
        let mut problems = state.problems.clone();
        problems.extend(places.problems.iter().cloned());
        problems.extend(reading.diagnostics.iter().filter_map(|found| places.problem(found)));
        problems.sort_by_key(Problem::location);
        let mut omitted = state.omitted + reading.omitted;
        omitted += problems.len().saturating_sub(limits::DIAGNOSTICS);
        let text = draft.text;
        if omitted > 0 || problems.iter().any(|problem| problem.severity() == Severity::Error) {
            problems.truncate(limits::DIAGNOSTICS);
            return Err(BuildErrors { problems, omitted, text });
        }
        let module = reading.modules.into_iter().next().unwrap_or_default();
        Ok(Built { module, text, warnings: problems })
    }
}
