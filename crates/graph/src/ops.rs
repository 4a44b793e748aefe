//! The records of the operations, a file an operation.
//!
//! An operation's file is named after it. What a family shares stands in a file that is named after
//! the family, its members in the folder of that name. Two families stay together, since a record
//! of theirs is one line: the leaves (`leaf.rs`), and the derivatives, which are only a shape rule
//! until differentiation replaces them (`derivative.rs`).

pub(crate) mod arith;
pub(crate) mod derivative;
pub(crate) mod extremum;
pub(crate) mod fold;
pub(crate) mod index;
pub(crate) mod inner;
pub(crate) mod label;
pub(crate) mod leaf;
pub(crate) mod lift;
pub(crate) mod linalg;
pub(crate) mod logic;
pub(crate) mod matmul;
pub(crate) mod norms;
pub(crate) mod pointwise;
pub(crate) mod shape;
pub(crate) mod soft;
pub(crate) mod transpose;

use crate::op::{Context, Misfit, Op};
use crate::types::Type;

/// All inputs must be numbers one can compute with.
pub(crate) fn numbers(inputs: &[&Type], context: &Context<'_>, what: &str) -> Result<(), Misfit> {
    for (i, ty) in inputs.iter().enumerate() {
        if !ty.is_number() {
            let is = context.shape(ty);
            let misfit = Misfit::new("not-a-number", format!("{what} needs numbers"));
            let note = match ty.kind {
                crate::types::Kind::Truth => "a condition as a number is `1[..]`",
                _ => "a label as numbers is `onehot(y)`, an entry by a label is `p[y]`",
            };
            return Err(misfit.operand(i, is).note(note));
        }
    }
    Ok(())
}

/// The first input must be a square matrix (or a scalar); returns its type.
pub(crate) fn square(inputs: &[&Type], context: &Context<'_>, what: &str) -> Result<Type, Misfit> {
    numbers(inputs, context, what)?;
    let ty = inputs[0];
    match ty.matrix() {
        Some((n, m)) if n == m => Ok(ty.with_kind(crate::types::Kind::Real)),
        _ => {
            let misfit = Misfit::new("not-square", format!("{what} needs a square matrix"));
            Err(misfit.operand(0, context.shape(ty)))
        }
    }
}

/// Two inputs of the same shape; returns the type with the axes of both.
pub(crate) fn same_shape(
    inputs: &[&Type],
    context: &Context<'_>,
    code: &'static str,
    what: &str,
) -> Result<Type, Misfit> {
    let (a, b) = (inputs[0], inputs[1]);
    if a.dims == b.dims {
        let axes = a.union(b);
        return Ok(Type { axes, dims: a.dims.clone(), kind: crate::types::Kind::Real });
    }
    let (x, y) = (context.shape(a), context.shape(b));
    let mut misfit = Misfit::new(code, format!("{what} needs equal shapes: {x} and {y} differ"));
    if a.dims.len() == b.dims.len() {
        let by_value = a.dims.iter().zip(&b.dims).all(|(p, q)| {
            let (p, q) = (p.value(context.sizes), q.value(context.sizes));
            p.is_some() && p == q
        });
        if by_value {
            misfit = misfit.note(
                "the numbers behind the sizes are equal, but sizes are equal only if their formulas are",
            );
        }
    }
    Err(misfit.operand(0, x).operand(1, y))
}

/// Where two inputs are equal: the kink of comparisons and extrema.
fn gap(_: &Op, x: &[f64]) -> f64 {
    x[0] - x[1]
}
