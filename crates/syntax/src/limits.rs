//! Bounds on what a file may ask for, each with its own error.
//!
//! Input is hostile until proven otherwise: every bound is checked before memory is taken.

/// Longest text that is read, in bytes.
pub const TEXT_BYTES: usize = 10 << 20;
/// Most tokens in a file.
pub const TOKENS: usize = 2_000_000;
/// Most blocks and statements of a file; a statement that lists several names counts for each.
pub const STATEMENTS: usize = 150_000;
/// Most models of a file.
pub const MODELS: usize = 100;
/// Deepest nesting of brackets, norms, suffixes and negations.
pub const NESTING: u32 = 256;
/// Most nodes of a file's syntax tree, and of its graph after expansion.
pub const NODES: usize = 1_000_000;
/// Most steps of elaboration: a node of the tree counts one each time it is expanded, a product of
/// sizes one for each product of terms.
pub const STEPS: usize = 3_000_000;
/// Longest name, in bytes.
pub const NAME_BYTES: usize = 200;
/// Most axes of a value, written or silent, and most indices of one bracket.
pub const AXES: usize = 32;
/// Most parameters of a function or an optimizer.
pub const PARAMETERS: usize = 256;
/// Highest derivative that primes may ask for: `f''(x)`.
pub const PRIMES: u32 = 16;
/// Most diagnostics kept for one file; the rest are counted.
pub const DIAGNOSTICS: usize = 200;
/// Elements of one value: sizes stay below this.
pub const ELEMENTS: u128 = 1 << 40;
/// Most members of one indexed family (`h[l] = .. for l in 1..L`).
pub const MEMBERS: u64 = 10_000;
/// Most trainings of a model, those of `for .. in {..}` counted one by one.
pub const TRAININGS: usize = 1_000;
/// Most sizes and constants that one training sets.
pub const SETTINGS: usize = 100;
