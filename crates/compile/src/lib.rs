//! From the lowered graph to programs: sizes are bound, layouts chosen, loops fused, memory planned.
//!
//! Pure: no IO, no threads, no clock.
#![forbid(unsafe_code)]
