//! The power of a matrix by a whole number.

use super::{call, moving, rows};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::square;
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::Scalar;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    square(inputs, c, "a matrix power")
}

fn multiply<S: Scalar>(n: usize, a: &[S], b: &[S]) -> Vec<S> {
    let entry = |at: usize| {
        let (i, j) = (at / n, at % n);
        (0..n).fold(S::from_f64(0.0), |sum, k| sum + a[i * n + k] * b[k * n + j])
    };
    (0..n * n).map(entry).collect()
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::MatrixPower { power } = w.op else { return None };
    let n = rows(w);
    let unit = |at: usize| S::from_f64(f64::from(u8::from(at / n == at % n)));
    let mut out: Vec<S> = (0..n * n).map(unit).collect();
    for _ in 0..*power {
        out = multiply(n, &out, inputs[0]);
    }
    Some(out)
}

fn power_of(t: &mut Terms<'_>, x: NodeId, power: u32) -> Made {
    match power {
        0 => {
            let n = t.ty(x).dims.first().cloned().unwrap_or_else(|| Size::number(1));
            t.op(Op::Identity { n }, &[])
        }
        1 => Ok(x),
        _ => t.op(Op::MatrixPower { power }, &[x]),
    }
}

/// `sum of A^i M A^(k-1-i)`
fn powers(t: &mut Terms<'_>, a: NodeId, m: NodeId, k: u32) -> Made {
    let mut total = None;
    for i in 0..k {
        let (left, right) = (power_of(t, a, i)?, power_of(t, a, k - 1 - i)?);
        let product = t.matmul(left, m)?;
        let product = t.matmul(product, right)?;
        total = Some(match total {
            Some(sum) => t.add(sum, product)?,
            None => product,
        });
    }
    match total {
        Some(total) => Ok(total),
        None => {
            let ty = t.ty(m);
            t.zeros(&ty)
        }
    }
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let Op::MatrixPower { power } = at.op else { return Err(Terms::bug("power")) };
    powers(t, at.inputs[0], moving(tangents)?, power)
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::MatrixPower { power } = at.op else { return Err(Terms::bug("power")) };
    let turned = t.transpose(at.inputs[0])?;
    powers(t, turned, cotangent, power)
}

/// `A^k`
pub(crate) static MATRIX_POWER: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "power",
        infer,
        Cost::Cubic(2),
        instances_of!(Wholes, eval),
        Differential::Custom { jvp, vjp },
        &["A : R[n, n]; A^3", "A : R[n, n] per N; A^2", "S : Sym[n]; S^3"],
    )
};
