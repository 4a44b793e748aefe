//! Norms and what their gradients need. `||0||' = 0` is declared.

pub(crate) mod direction;
pub(crate) mod norm;
pub(crate) mod spectral_direction;

use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{Differential, Eval, Lowering, Sample, Wholes};
use crate::scalar::{Scalar, linalg};
use crate::types::{Kind, Type};

fn same(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a norm")?;
    Ok(inputs[0].with_kind(Kind::Real))
}

/// The square root of the sum of squares, scaled so that nothing overflows.
fn euclid<S: Scalar>(x: &[S]) -> S {
    let largest = x.iter().map(|v| v.real().abs()).fold(0.0, f64::max);
    if largest == 0.0 || !largest.is_finite() {
        return x.iter().fold(S::from_f64(0.0), |sum, v| sum + v.abs());
    }
    let scale = S::from_f64(largest);
    let sum = x.iter().fold(S::from_f64(0.0), |sum, v| sum + (*v / scale) * (*v / scale));
    sum.sqrt() * scale
}

fn matrix(dims: &[usize]) -> (usize, usize) {
    (dims.first().copied().unwrap_or(1), dims.get(1).copied().unwrap_or(1))
}

/// `u` and `v` of the greatest singular value, of the leading part.
fn leading<S: Scalar>(dims: &[usize], x: &[S]) -> (Vec<f64>, Vec<f64>, usize) {
    let (rows, columns) = matrix(dims);
    let leading: Vec<f64> = x.iter().map(|v| v.real()).collect();
    let (u, _, v) = linalg::top_singular(rows, columns, &leading);
    (u, v, columns)
}

const fn op(
    name: &'static str,
    infer: Infer,
    eval: Wholes,
    differential: Differential,
    lowering: Lowering,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost: Cost::Input(2),
        eval: Eval::Whole(eval),
        spec: None,
        reach: None,
        differential,
        lowering,
        kink: None,
        samples,
    }
}
