//! The syntax tree: what was written, with its places; nothing is decided here.
//!
//! A file is a list of [`Block`]s, a block a list of statements. Expressions keep the author's
//! parentheses and the flat lists of sums and products, so that printing gives the text back.
//! Two trees are compared without their places by [`crate::print`]ing them.

mod block;
mod claim;
mod expr;
mod stmt;

pub use block::*;
pub use claim::*;
pub use expr::*;
pub use stmt::*;
