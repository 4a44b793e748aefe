//! What is wrong with a model, told in places of the program that builds it.

use std::error::Error;
use std::fmt;
use std::panic::Location;

use chainrule_syntax::Severity;

use super::node::Place;

/// One mistake (or warning): where in the program, what, and what would mend it.
///
/// `Display` gives the place, the message, the equation with marks below it, and the rest:
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (h, d) = (net.size("H", 16), net.size("d", 4));
/// let (w, x) = (net.given("W", real([d, h])), net.given("x", real(d)));
/// net.define("z", w.matmul(x)); let line = line!();
/// let errors = net.finish().unwrap_err();
/// let problem: &Problem = &errors.problems()[0];
/// let place = format!("{}:{line}:19: inner sizes H and d differ", file!());
/// let marked = "\n      z = W x\n          ^ d x H\n            - d x 1\n";
/// assert!(problem.to_string().starts_with(&place));
/// assert!(problem.to_string().contains(marked));
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    pub(super) severity: Severity,
    code: &'static str,
    message: String,
    at: Place,
    pub(super) equation: String,
    pub(super) marks: Vec<Mark>,
    related: Vec<(Place, String)>,
    pub(super) notes: Vec<String>,
    pub(super) repairs: Vec<String>,
}

/// A marked part of the equation.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    /// From 1, in characters.
    pub(super) column: usize,
    pub(super) width: usize,
    pub(super) primary: bool,
    pub(super) text: String,
}

impl Problem {
    /// A mistake without an equation.
    pub(super) fn new(code: &'static str, message: String, at: Place) -> Problem {
        Problem {
            severity: Severity::Error,
            code,
            message,
            at,
            equation: String::new(),
            marks: Vec::new(),
            related: Vec::new(),
            notes: Vec::new(),
            repairs: Vec::new(),
        }
    }

    /// Whether it says the same about the same place.
    pub(super) fn is_same(&self, other: &Problem) -> bool {
        (self.code, self.at, &self.message) == (other.code, other.at, &other.message)
    }

    /// With another place that explains it.
    pub(super) fn related(mut self, at: Place, text: String) -> Problem {
        self.related.push((at, text));
        self
    }

    /// With the builder's words for repairs that are spelled differently in Rust.
    pub(super) fn advised(mut self) -> Problem {
        let advice: &[&str] = match self.code {
            "two-arrays" => {
                &["entry by entry: `.hadamard(..)`", "the matrix product: `.matmul(..)`"]
            }
            "array-division" => {
                &["entry by entry: `.hadamard_div(..)`", "times the inverse: `.matmul(b.inv())`"]
            }
            "matrix-norm" => {
                &["the Frobenius norm: `.norm_f()`", "the spectral norm: `.norm_spec()`"]
            }
            "softmax-axis" => &["columns sum to 1: `.axis(0)`", "rows sum to 1: `.axis(1)`"],
            "gradient-of-array" => &["the Jacobian: `jac(f, x)`"],
            _ => return self,
        };
        self.repairs = advice.iter().map(ToString::to_string).collect();
        self
    }

    /// Whether it is an error or a warning.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let errors = Scope::new("no name").finish().unwrap_err();
    /// assert_eq!(errors.problems()[0].severity(), chainrule_syntax::Severity::Error);
    /// ```
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// A stable name for the kind of mistake.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let errors = Scope::new("no name").finish().unwrap_err();
    /// assert_eq!(errors.problems()[0].code(), "not-a-name");
    /// ```
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// One sentence.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let errors = Scope::new("for").finish().unwrap_err();
    /// let message = "`for` is a reserved word of the language";
    /// assert_eq!(errors.problems()[0].message(), message);
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where the operation stands that went wrong.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let (net, line) = (Scope::new("no name"), line!());
    /// let errors = net.finish().unwrap_err();
    /// assert_eq!(errors.problems()[0].location().line(), line);
    /// ```
    pub fn location(&self) -> &'static Location<'static> {
        self.at
    }

    /// The line of the equation file; empty if the mistake has none.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.define("f", net.name("x"));
    /// let errors = net.finish().unwrap_err();
    /// assert_eq!(errors.problems()[0].equation(), "  f = x");
    /// ```
    pub fn equation(&self) -> &str {
        &self.equation
    }

    /// Further places with what they have to do with it.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.given("x", scalar());
    /// net.given("x", scalar()); let line = line!();
    /// let errors = net.finish().unwrap_err();
    /// let (place, text) = errors.problems()[0].elsewhere().next().unwrap();
    /// assert_eq!((place.line(), text), (line - 1, "first defined here"));
    /// ```
    pub fn elsewhere(&self) -> impl Iterator<Item = (&'static Location<'static>, &str)> {
        self.related.iter().map(|(at, text)| (*at, text.as_str()))
    }

    /// Further facts.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.given("x", scalar());
    /// net.given("x", scalar());
    /// let errors = net.finish().unwrap_err();
    /// assert!(errors.problems()[0].notes()[0].contains("choose another name"));
    /// ```
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What would mend it, best first.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// let x = net.given("x", real(3));
    /// net.define("y", x * x);
    /// let errors = net.finish().unwrap_err();
    /// assert_eq!(errors.problems()[0].repairs()[0], "entry by entry: `.hadamard(..)`");
    /// ```
    pub fn repairs(&self) -> &[String] {
        &self.repairs
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, "{}: {kind}{}", self.at, self.message)?;
        if !self.equation.is_empty() {
            write!(f, "\n    {}", self.equation)?;
        }
        for mark in &self.marks {
            let line = if mark.primary { "^" } else { "-" }.repeat(mark.width);
            let indent = " ".repeat(mark.column - 1);
            write!(f, "\n    {indent}{}", format!("{line} {}", mark.text).trim_end())?;
        }
        for (at, text) in &self.related {
            write!(f, "\n    {at}: {text}")?;
        }
        for note in &self.notes {
            write!(f, "\n    note: {note}")?;
        }
        for repair in &self.repairs {
            write!(f, "\n    try: {repair}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a model, in the order of the program's lines.
///
/// `Display` and `Debug` show it all, so that `unwrap` and `main() -> Result<(), _>` are readable.
///
/// ```
/// # use chainrule_graph::builder::*;
/// let net = Scope::new("example");
/// let (a, b) = (net.given("a", real(3)), net.given("b", real(4)));
/// net.define("u", a + b);
/// net.define("v", a * a);
/// let errors: BuildErrors = net.finish().unwrap_err();
/// assert_eq!(errors.problems().len(), 2);
/// assert!(errors.to_string().ends_with("2 errors in the model"));
/// ```
#[derive(Clone)]
pub struct BuildErrors {
    pub(super) problems: Vec<Problem>,
    pub(super) omitted: usize,
    pub(super) text: String,
}

impl BuildErrors {
    /// The mistakes, and the warnings.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let errors = Scope::new("no name").finish().unwrap_err();
    /// assert_eq!(errors.problems().len(), 1);
    /// ```
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many more there are.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// assert_eq!(Scope::new("no name").finish().unwrap_err().omitted(), 0);
    /// ```
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// The equation file that the model would be.
    ///
    /// ```
    /// # use chainrule_graph::builder::*;
    /// let net = Scope::new("example");
    /// net.define("f", net.name("x"));
    /// assert_eq!(net.finish().unwrap_err().text(), "model example\n\nnet\n  f = x\n");
    /// ```
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}\n")?;
        }
        let errors = self.problems.iter().filter(|p| p.severity == Severity::Error).count();
        let errors = errors + self.omitted;
        let s = if errors == 1 { "" } else { "s" };
        write!(f, "{errors} error{s} in the model")
    }
}

/// The same as `Display`, on lines of its own.
impl fmt::Debug for BuildErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl Error for BuildErrors {}
