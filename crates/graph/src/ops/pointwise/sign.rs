//! The sign.

use super::{at_zero, call, kinked};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Op, OpDef};
use crate::record::Differential;
use crate::scalar::Scalar;

fn eval<S: Scalar>(_: &Op, x: &[S]) -> S {
    let x = x[0].real();
    S::from_f64(if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    })
}

/// -1, 0 or 1.
pub(crate) static SIGN: OpDef = kinked(
    OpDef {
        differential: Differential::Zero,
        ..call(
            "sign",
            instances_of!(Entrywise, eval),
            |_| Machine::Sign,
            |_, _, _| Ok(None),
            &["x : R[n]; sign(x)"],
        )
    },
    at_zero,
);
