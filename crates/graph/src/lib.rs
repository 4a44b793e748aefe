//! The pure core: equations with shapes, as a graph.
#![forbid(unsafe_code)]

pub mod axis;
pub mod builder;
pub mod check;
pub mod cost;
pub mod differentiate;
pub mod edit;
mod elaborate;
pub mod elementary;
pub mod explain;
pub mod forms;
pub mod graph;
pub mod index;
pub mod interpret;
pub mod lower;
pub mod machine;
pub mod module;
pub mod op;
mod ops;
pub mod prove;
pub mod raise;
pub mod random;
mod read;
pub mod record;
mod repair;
pub mod scalar;
pub mod schedule;
pub mod simplify;
pub mod size;
pub mod spec;
mod stable;
pub mod start;
pub mod terms;
pub mod types;
pub mod update;

pub use axis::{Axes, Axis};
pub use builder::{BuildErrors, Built, Expr, Scope};
pub use graph::{Graph, Node};
pub use index::{AxisId, NodeId, SizeId, SymbolId};
pub use module::Module;
pub use op::{Context, Misfit, Op, OpDef};
pub use read::{Reading, read, read_with, standard_optimizers};
pub use size::{Ratio, Size, SizeDef, Sizes};
pub use types::{Kind, Type};
