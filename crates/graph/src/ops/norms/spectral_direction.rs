//! `u v^T` of the greatest singular value: the gradient of the spectral norm.

use super::{leading, op, same};
use crate::instances_of;
use crate::op::OpDef;
use crate::record::{Differential, Lowering, Whole};
use crate::scalar::Scalar;

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let (u, v, columns) = leading(&w.inputs[0], inputs[0]);
    let entry = |at: usize| S::from_f64(u[at / columns] * v[at % columns]);
    Some((0..inputs[0].len()).map(entry).collect())
}

/// `u v^T`
pub(crate) static SPECTRAL_DIRECTION: OpDef = op(
    "spectral_direction",
    same,
    instances_of!(Wholes, eval),
    Differential::Refused(
        "the spectral norm has no second derivative here: `||W||_F` has one of any order",
    ),
    Lowering::Opaque,
    &[],
);
