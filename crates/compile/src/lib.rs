//! From the lowered graph to programs: sizes are bound, layouts chosen, loops fused, memory planned.
//!
//! Pure: no IO, no threads, no clock.
#![forbid(unsafe_code)]

mod bind;
mod body;
pub mod draft;
mod nodes;
mod product;
mod refused;

pub use bind::MOST_BYTES;
pub use refused::Refused;
