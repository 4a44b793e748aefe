//! chainrule: the equations of a neural network, written once.
//!
//! This is the facade that programs and the command line stand on. [`Model`] reads an equation file
//! and knows its names, types and shapes; [`Show`] explains it; [`builder`] makes one from Rust.
//!
//! ```
//! use chainrule::Model;
//!
//! let model = Model::parse("net.eqn", "\
//! size d = 4, H = 16
//! batch N
//! data
//!   x : R[d] per N
//! param
//!   W : R[H, d] ~ he
//! net
//!   z = relu(W x)
//! ")?;
//! let net = &model.modules()[0];
//! let z = net.find("z").expect("z is defined");
//! assert_eq!(net.type_text(&net.symbol(z).ty), "R[H] per N");
//! assert_eq!(net.sizes.text(&net.parameter_count()), "d H");
//! # Ok::<(), chainrule::Error>(())
//! ```
#![forbid(unsafe_code)]

/// The page of the repository: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;

pub mod bench;
mod builtin;
mod bytes;
mod check;
pub mod data;
mod derive;
mod error;
pub mod export;
mod isa;
mod lowered;
mod model;
pub mod notation;
mod planned;
pub mod run;
mod show;
mod snippet;
pub mod train;
mod training;

pub use builtin::{BUILTIN, builtin};
pub use chainrule_graph as graph;
pub use chainrule_graph::builder;
pub use chainrule_graph::{Module, Size, Type};
pub use chainrule_syntax as syntax;
pub use chainrule_syntax::{Diagnostic, Edit, Label, Repair, Severity, Source, Span};
pub use check::{CheckOptions, Checked, CheckedModel};
pub use derive::{
    Block, Depth, Derive, DeriveOptions, Detail, Document, Form, Gradient, LayoutChoice, Named,
    Step,
};
pub use error::{Error, ErrorKind};
pub use lowered::{LoweredPage, ShownContraction};
pub use model::{Model, format, read_text};
pub use planned::PlannedPage;
pub use show::{
    Cost, Equation, Piece, Row, Setting, Show, ShownClaim, ShownNote, ShownSize, ShownTraining,
};
pub use snippet::{Last, Snippet};
pub use train::{TrainSettings, Trainer};
pub use training::Prepared;
