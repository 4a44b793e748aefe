//! Choices as a function of a seed.

use chainrule_graph::random::Random;

/// A row of choices.
pub(crate) struct Dice {
    random: Random,
    at: u64,
}

impl Dice {
    /// The choices of a seed.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice { random: Random::new(seed, 99), at: 0 }
    }

    /// `0..n`
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.at += 1;
        (self.random.uniform(self.at) * n as f64) as usize
    }

    /// True in `percent` of 100.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(crate) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        let at = self.below(all.len());
        all[at].clone()
    }

    /// A number with a few digits, in `-2 .. 2`, not near 0.
    pub(crate) fn number(&mut self) -> f64 {
        let size = 0.3 + 0.1 * self.below(16) as f64;
        if self.chance(50) { size } else { -size }
    }
}
