//! Draws as the engine's documentation defines them, by the generator of the graph crate.

use chainrule_graph::random::Random;
use chainrule_kernels::program::Law;

/// The seed of every run.
pub(crate) const SEED: u64 = 11;

/// The draw of entry `e` in row `row` of the batch.
pub(crate) fn draw(law: Law, stream: u32, step: u64, row: usize, e: usize) -> f64 {
    let random = Random::new(SEED, step & 0xffff_ffff | u64::from(stream) << 32);
    let counter = |coordinate: usize| coordinate as u64 | (row as u64) << 32;
    match law {
        Law::Bernoulli(p) => {
            let word = random.block(counter(e / 4))[e % 4];
            f64::from(u8::from(f64::from(word) < p * f64::powi(2.0, 32)))
        }
        Law::Uniform(low, high) => low + (high - low) * random.uniform(counter(e)),
        Law::Normal(mean, sd) => mean + sd * random.normal(counter(e)),
    }
}
