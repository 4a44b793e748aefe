//! Entries put elsewhere: diagonals, Kronecker products, vec, reshape.

pub(crate) mod diag;
pub(crate) mod diag_vector;
pub(crate) mod kron;
pub(crate) mod reshape;
pub(crate) mod vec;

use crate::op::{Cost, Infer, Notation, OpDef};
use crate::record::{Differential, Eval, Lowering, Sample, SpecFn, VjpFn};
use crate::spec::Place;
use crate::types::Type;

/// Every entry at its own place.
fn identity(ty: &Type) -> Place {
    Place::locals(0, ty.dims.len())
}

const fn call(
    name: &'static str,
    infer: Infer,
    spec: SpecFn,
    inputs: usize,
    vjp: VjpFn,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost: Cost::Free,
        eval: Eval::Multilinear,
        spec: Some(spec),
        reach: None,
        differential: Differential::Multilinear { inputs, vjp },
        lowering: Lowering::Multilinear,
        kink: None,
        samples,
    }
}
