//! The unsafe island: arena, pool, instruction runner and micro-kernels of chainrule.
//!
//! A [`Program`] is plain data: instructions over places of one arena. An [`Engine`] owns the arena
//! and the pool, checks a program once when it is loaded, and runs it without taking memory.
//!
//! The same program on the same data gives the same bits for any number of threads: what a shard of
//! an instruction does follows from the program, each entry is computed by one thread in a fixed
//! order, and folds that are cut in parts combine them in order. Bits may differ between
//! instruction sets ([`Isa`]), whose rounding of `x y + z` differs.

mod arena;
mod call;
mod column;
mod contract;
mod eight;
mod element;
mod engine;
mod gather;
mod gemm;
mod isa;
mod kernel;
mod loops;
pub mod noise;
mod pointwise;
mod pool;
pub mod probe;
pub mod program;
mod scatter;
mod select;
mod space;
mod then;
mod tree;
mod validate;
mod vector;
mod vmath;
mod window;
mod winograd;

pub use engine::{Column, Engine, Loaded, Range, Refused, Run, Threads, Values};
pub use isa::Isa;
pub use program::Program;
