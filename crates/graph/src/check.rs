//! The check of a module: gradients against three other ways to get them, claims against numbers.
//!
//! Nothing is read and nothing is timed: sizes and values are drawn, so a file is checked without
//! its data, and the same seed gives the same answer.

mod claim;
mod collect;
mod counter;
mod gradient;
mod kinks;
mod mutants;
mod nearest;
mod optimizer;
mod own;
mod point;
pub(crate) mod sizes;
mod stated;
mod verdict;

use crate::differentiate::Refusal;
use crate::interpret::Failure;
use crate::module::Module;
pub use collect::{Target, targets};
pub use gradient::{Gradient, against};
pub use mutants::{Fate, Mutant, mutants};
pub use nearest::Nearest;
pub use optimizer::Stepped;
pub use own::own;
pub use verdict::{Counterexample, Judged, Verdict};

/// What a check is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// What the random numbers depend on.
    pub seed: u64,
    /// How many draws a claim gets; 3 unless the file says otherwise.
    pub draws: Option<u64>,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Each derivative that was checked.
    pub gradients: Vec<Gradient>,
    /// The optimizers of the file.
    pub optimizers: Vec<Stepped>,
    /// The claims, in order.
    pub claims: Vec<Judged>,
    /// The stated derivatives of the file's functions.
    pub stated: Vec<Judged>,
    /// What a reader should know: constants that were drawn.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether everything holds, and there was something to check.
    pub fn passed(&self) -> bool {
        !self.is_empty()
            && self.gradients.iter().all(|g| g.passed)
            && self.optimizers.iter().all(|o| o.passed)
            && self.claims.iter().chain(&self.stated).all(|c| c.passed)
    }

    /// Whether there was nothing to check.
    pub fn is_empty(&self) -> bool {
        self.gradients.is_empty() && self.claims.is_empty() && self.stated.is_empty()
    }
}

/// Why something could not be checked, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stop(pub(crate) String);

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop(refusal.0)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop(failure.0)
    }
}

impl From<String> for Stop {
    fn from(text: String) -> Stop {
        Stop(text)
    }
}

impl From<crate::op::Misfit> for Stop {
    fn from(misfit: crate::op::Misfit) -> Stop {
        Stop(misfit.message)
    }
}

/// Checks gradients, optimizers, stated derivatives and claims.
pub fn check(module: &Module, settings: &Settings) -> Report {
    let mut report = Report::default();
    let what = &module.check.what;
    let named = |name: &str| what.iter().any(|w| w == name);
    // `check W1, "eq. 3"`: of the kinds that are named only those.
    let values = !named("all") && module.symbols.iter().any(|s| named(&s.name));
    let claims = !named("all") && module.claims.iter().any(|c| named(&c.name));
    let mut asked = targets(module);
    asked.retain(|target| !values || named(&module.symbol(target.wrt).name));
    report.gradients = gradient::checked(module, &asked, settings);
    let zero = point::zero_constants(module);
    if !zero.is_empty() && !report.gradients.is_empty() {
        let names = zero.join(", ");
        report.notes.push(format!("constants that are 0 were drawn for the gradients: {names}"));
    }
    report.notes.extend(bounded(module, settings));
    report.optimizers = optimizer::checked(module, settings);
    report.stated = stated::judged(module, settings);
    report.claims = claim::judged(module, settings);
    report.claims.retain(|c| !claims || named(&c.name));
    report
}

/// Judges the claims and the stated derivatives alone.
///
/// ```
/// use chainrule_graph::{check, read};
///
/// let text = "size n, m
/// given
///   A : R[m, n]
///   x : R[n]
/// claim \"norm\" grad(||A x||^2, x) = 2 A (A x)
/// ";
/// let report = check::judge(&read(text).modules[0], &check::Settings::default());
/// let claim = &report.claims[0];
/// assert_eq!(claim.verdict, check::Verdict::IllFormed);
/// assert_eq!(claim.message, "(m x n)(m x 1): inner sizes n and m differ");
/// let nearest = claim.nearest.as_ref().unwrap();
/// assert_eq!(nearest.text, "2 A^T (A x)");
/// assert_eq!(nearest.edit, "transpose A");
/// ```
pub fn judge(module: &Module, settings: &Settings) -> Report {
    let stated = stated::judged(module, settings);
    let claims = claim::judged(module, settings);
    Report { stated, claims, ..Report::default() }
}

/// More draws than this are not taken.
const MOST_DRAWS: f64 = 1000.0;
/// Sizes of more than this make a check slow.
const LARGE_SIZE: f64 = 64.0;

/// What the file asks for that is too much.
fn bounded(module: &Module, settings: &Settings) -> Vec<String> {
    use chainrule_syntax::ast::CheckOption;
    let note = |option: &CheckOption| match option {
        CheckOption::Number(word, n) if word.text == "draws" && n.value > MOST_DRAWS => {
            settings.draws.is_none().then(|| {
                format!("`draws {}` is more than {MOST_DRAWS}: {MOST_DRAWS} are taken", n.text)
            })
        }
        CheckOption::Random(size, low, _) if low.value > LARGE_SIZE => Some(format!(
            "sizes of {} and more (`{}`) make a check slow; small ones find the same mistakes",
            low.text, size.text
        )),
        _ => None,
    };
    module.check.options.iter().filter_map(note).collect()
}
