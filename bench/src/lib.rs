//! What the benchmarks share.

/// How many threads: `CHAINRULE_THREADS`, else as many as the machine has cores.
pub fn threads() -> usize {
    let given = std::env::var("CHAINRULE_THREADS").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}
