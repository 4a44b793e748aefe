//! From the lowered graph to programs: sizes are bound, layouts chosen, loops fused, memory planned.
//!
//! Pure: no IO, no threads, no clock.
#![forbid(unsafe_code)]

mod alone;
mod bind;
mod body;
pub mod check_plan;
pub mod draft;
mod emit;
mod fuse;
mod halo;
mod layout;
mod measure;
mod nodes;
mod page;
pub mod plan;
mod positive;
mod product;
mod refine;
mod refused;
mod settle;
mod split;
mod training;
mod unroll;
mod window;

pub use alone::{Alone, alone};
pub use bind::MOST_BYTES;
pub use layout::{Home, Layout, StateHome, StateStart};
pub use measure::{Measure, Outputs};
pub use page::{Line, Page, page};
pub use refused::Refused;
pub use training::{Origin, Step, Training, noise_stream};
