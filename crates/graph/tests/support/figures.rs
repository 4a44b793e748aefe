//! How far two ways to the same number may be apart, and how far they were.

/// What is compared.
pub(crate) const NAMES: [&str; 9] = [
    "forward",
    "named",
    "complex step",
    "differences",
    "second",
    "twice reverse",
    "digits",
    "spec",
    "lowered",
];
/// Reverse against forward mode.
pub(crate) const FORWARD: usize = 0;
/// Reverse mode against reverse mode with names for cotangents.
pub(crate) const NAMED: usize = 1;
/// Reverse mode against complex step.
pub(crate) const COMPLEX: usize = 2;
/// Reverse mode against Richardson differences with frozen branches.
pub(crate) const DIFFERENCES: usize = 3;
/// Forward over reverse against complex step of the gradient.
pub(crate) const SECOND: usize = 4;
/// Reverse over reverse against forward over reverse.
pub(crate) const TWICE: usize = 5;
/// `f64` against double-double.
pub(crate) const DIGITS: usize = 6;
/// The stated transpose against the transposed index maps.
pub(crate) const SPEC: usize = 7;
/// Lowered loops against the interpreter.
pub(crate) const LOWERED: usize = 8;

const LIMITS: [f64; 9] = [1e-11, 1e-11, 1e-10, 1e-7, 1e-9, 1e-9, 1e-12, 1e-12, 1e-11];

/// The greatest errors, each relative to the largest entry.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Figures {
    /// By the places above.
    pub(crate) errors: [f64; 9],
}

impl Figures {
    /// Notes an error at a scale; what is no number counts as infinite.
    pub(crate) fn note(&mut self, which: usize, error: f64, scale: f64) {
        let relative = if error == 0.0 { 0.0 } else { error / scale };
        let relative = if relative.is_nan() { f64::INFINITY } else { relative };
        self.errors[which] = self.errors[which].max(relative);
    }

    /// Notes the distance of two arrays.
    pub(crate) fn compare(&mut self, which: usize, a: &[f64], b: &[f64]) {
        let scale = largest(a).max(largest(b));
        if a.len() != b.len() {
            return self.note(which, f64::NAN, 1.0);
        }
        a.iter().zip(b).for_each(|(x, y)| self.note(which, (x - y).abs(), scale));
    }

    /// The greater of both.
    pub(crate) fn merge(&mut self, other: &Figures) {
        for (mine, theirs) in self.errors.iter_mut().zip(&other.errors) {
            *mine = mine.max(*theirs);
        }
    }

    /// What is beyond its limit.
    pub(crate) fn beyond(&self) -> Vec<String> {
        let all = self.errors.iter().zip(LIMITS).zip(NAMES);
        all.filter(|((error, limit), _)| **error > *limit)
            .map(|((error, limit), name)| format!("{name}: {error:.1e} > {limit:.0e}"))
            .collect()
    }

    /// All figures in a line.
    pub(crate) fn line(&self) -> String {
        let all = self.errors.iter().zip(NAMES);
        all.map(|(error, name)| format!("{name} {error:.1e}")).collect::<Vec<_>>().join(", ")
    }
}

/// The largest magnitude.
pub(crate) fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |most, v| most.max(v.abs()))
}
