//! Bounds on what a file may ask for, each with its own error.
//!
//! Input is hostile until proven otherwise: every bound is checked before memory is taken.

/// Longest text that is read, in bytes.
pub const TEXT_BYTES: usize = 10 << 20;
/// Most tokens in a file.
pub const TOKENS: usize = 4_000_000;
/// Deepest nesting of brackets, norms, suffixes and negations.
pub const NESTING: u32 = 256;
/// Most nodes of a file's syntax tree, and of its graph after expansion.
pub const NODES: usize = 1_000_000;
/// Longest name, in bytes.
pub const NAME_BYTES: usize = 200;
/// Most diagnostics kept for one file; the rest are counted.
pub const DIAGNOSTICS: usize = 200;
/// Elements of one value: sizes stay below this.
pub const ELEMENTS: u128 = 1 << 40;
/// Most members of one indexed family (`h[l] = .. for l in 1..L`).
pub const MEMBERS: u64 = 10_000;
/// Most trainings that one `for .. in {..}` may ask for.
pub const TRAININGS: usize = 1_000;
