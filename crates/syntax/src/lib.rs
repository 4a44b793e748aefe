//! Text of an equation file to its tree, and back.
//!
//! This crate is the lowest floor: `&str` in, a [`File`](ast::File) and [`Diagnostic`]s out, nothing
//! else. It decides nothing about shapes or meaning. Where things live:
//!
//! - [`lex`]: text to tokens, lines, comments; [`lines`]: which lines belong together
//! - [`mod@parse`]: the grammar (in the module's header) and its recursive descent
//! - [`ast`]: the tree
//! - [`mod@print`]: the tree as text; [`mod@format`]: the author's text, tidied
//! - [`vocabulary`]: the words of the language
//! - [`diagnostic`]: what is wrong, as data
//! - [`limits`]: what a file may ask for
#![forbid(unsafe_code)]

pub mod ast;
pub mod diagnostic;
pub mod format;
pub mod lex;
pub mod limits;
pub mod lines;
pub mod parse;
pub mod print;
pub mod source;
pub mod span;
pub mod suggest;
pub mod token;
pub mod vocabulary;

pub use diagnostic::{Diagnostic, Edit, Label, Repair, Severity};
pub use format::format;
pub use parse::{Parsed, parse, parse_with};
pub use source::Source;
pub use span::Span;
