//! The unsafe island: arena, pool, instruction runner and micro-kernels of chainrule.
//!
//! A [`Program`] is plain data: instructions over places of one arena. An engine owns the arena
//! and the pool, checks a program once when it is loaded, and runs it without taking memory.

pub mod program;

pub use program::Program;
