//! The power, element by element.

use super::power::{eval, partial};
use super::{infer_elementwise, op};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Notation, OpDef};
use crate::record::Differential;

/// `a .^ b`
pub(crate) static DOT_POWER: OpDef = op(
    ".^",
    infer_elementwise,
    Notation::Own,
    instances_of!(Entrywise, eval),
    |_| Machine::Pow,
    Differential::Pointwise(partial),
    &["x : R+[n]; y : R[n]; x .^ y", "x : R[n]; x .^ 2", "x : R[n]; x .^ 3"],
);
