//! Verdicts, and whether they are the expected ones.

use chainrule_syntax::Diagnostic;
use chainrule_syntax::ast::Expected;

use super::nearest::Nearest;
use crate::prove::Proof;

/// What a claim is found to be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// The normal forms agree: it holds for all sizes and values. All draws agree too.
    Proved,
    /// All draws agree.
    Verified,
    /// It holds except where a declared value sits on a kink. `missing`: all that fails there is
    /// that a derivative does not exist.
    TrueWhere {
        /// Whether the exception is only a missing derivative.
        missing: bool,
    },
    /// `a^T` stands for `kron(a^T, I)`.
    TrueAsFactor,
    /// It holds with every Jacobian transposed.
    TrueInLayout,
    /// The shapes fit, the values differ.
    False,
    /// It has no meaning, or its sides have different shapes.
    IllFormed,
    /// It may hold or not: its values are too large to be computed, or no drawn point gave both sides
    /// a value.
    NotTested,
}

impl Verdict {
    /// The word of the language.
    pub fn text(self) -> &'static str {
        match self {
            Verdict::Proved => "proved",
            Verdict::Verified => "verified",
            Verdict::TrueWhere { .. } => "true-where",
            Verdict::TrueAsFactor => "true-as-factor",
            Verdict::TrueInLayout => "true-in-layout",
            Verdict::False => "false",
            Verdict::IllFormed => "ill-formed",
            Verdict::NotTested => "not-tested",
        }
    }

    /// Whether this is what the file expects; any true form if it says nothing. What was not
    /// evaluated is nothing that can be expected.
    pub fn meets(self, expected: Option<Expected>) -> bool {
        use Verdict as V;
        match expected {
            None => !matches!(self, V::False | V::IllFormed | V::NotTested),
            Some(Expected::True) => {
                matches!(self, V::Proved | V::Verified | V::TrueWhere { missing: true })
            }
            Some(Expected::Verified) => self == V::Verified,
            Some(Expected::Proved) => self == V::Proved,
            Some(Expected::TrueWhere) => matches!(self, V::TrueWhere { .. }),
            Some(Expected::TrueAsFactor) => self == V::TrueAsFactor,
            Some(Expected::TrueInLayout) => self == V::TrueInLayout,
            Some(Expected::False) => self == V::False,
            Some(Expected::IllFormed) => self == V::IllFormed,
        }
    }
}

/// A claim, judged.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// What it is.
    pub verdict: Verdict,
    /// What the file expects.
    pub expected: Option<Expected>,
    /// Whether it is that.
    pub passed: bool,
    /// Why, in a sentence.
    pub message: String,
    /// Where the sides differ.
    pub counterexample: Option<Counterexample>,
    /// The largest relative difference of the sides.
    pub gap: Option<f64>,
    /// Why it holds for all sizes and values, if that was shown.
    pub proof: Option<Proof>,
    /// Why it is ill-formed, with the places in the file.
    pub ill_formed: Option<Diagnostic>,
    /// A true form near to it, if it is false or ill-formed.
    pub nearest: Option<Nearest>,
}

/// A point where a claim fails.
#[derive(Clone, PartialEq, Debug)]
pub struct Counterexample {
    /// The sizes.
    pub sizes: Vec<(String, u64)>,
    /// All values that were drawn and are read: the name, the shape, the entries.
    pub values: Vec<(String, Vec<usize>, Vec<f64>)>,
    /// The link of the chain that breaks, from 0.
    pub link: usize,
    /// The entry: indices of named axes by name, then places among the dims.
    pub entry: Vec<(Option<String>, usize)>,
    /// The left side there.
    pub left: f64,
    /// The right side there.
    pub right: f64,
    /// How far they are from what is claimed of them.
    pub wrong_by: f64,
}

/// Values with more entries are not written out in a sentence.
const MOST_ENTRIES: usize = 12;
/// Nor are more entries than this, all values together.
const MOST_IN_ALL: usize = 24;

impl Counterexample {
    /// `with n = 2, m = 3 and A (24 entries): at [0, 1] the left side is 2, the right side 4`
    pub fn text(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(|(n, v)| format!("{n} = {v}")).collect();
        let named = |(name, at): &(Option<String>, usize)| match name {
            Some(name) => format!("{name} = {at}"),
            None => at.to_string(),
        };
        let entry: Vec<String> = self.entry.iter().map(named).collect();
        let mut room = MOST_IN_ALL;
        let (mut values, mut large) = (Vec::new(), Vec::new());
        for (name, _, data) in &self.values {
            if data.len() > MOST_ENTRIES.min(room) {
                large.push(format!("{name} ({} entries)", data.len()));
                continue;
            }
            room -= data.len();
            values.push(match data.as_slice() {
                [one] => format!("{name} = {}", short(*one)),
                all => {
                    let all: Vec<String> = all.iter().map(|x| short(*x)).collect();
                    format!("{name} = ({})", all.join(", "))
                }
            });
        }
        let with: Vec<String> = sizes.into_iter().chain(values).collect();
        let large =
            if large.is_empty() { String::new() } else { format!(" and {}", large.join(", ")) };
        let with = if with.is_empty() && large.is_empty() {
            String::new()
        } else {
            format!("with {}{large}: ", with.join(", "))
        };
        let at =
            if entry.is_empty() { String::new() } else { format!("at [{}] ", entry.join(", ")) };
        let (left, right) = (short(self.left), short(self.right));
        if self.left == self.right && self.wrong_by == 0.0 {
            return format!("{with}{at}both sides are {left}");
        }
        if self.left == self.right && self.left.is_finite() {
            return format!("{with}{at}the sides differ by less than the digits of {left} show");
        }
        let (left, right) = match left == right {
            true => (format!("{:e}", self.left), format!("{:e}", self.right)),
            false => (left, right),
        };
        format!("{with}{at}the left side is {left}, the right side {right}")
    }
}

/// A number with few digits.
pub(super) fn short(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e9 {
        // No -0.
        return format!("{}", x + 0.0);
    }
    if (1e-3..1e6).contains(&x.abs()) { format!("{x:.6}") } else { format!("{x:.4e}") }
}

/// The larger of two errors; NaN, an error without a size, stays.
pub(super) fn worst(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}
