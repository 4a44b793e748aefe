//! The matrix product. Columns are `[n]`, rows `[1, n]`.

use crate::index::NodeId;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::size::Size;
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a matrix product")?;
    let (a, b) = (inputs[0], inputs[1]);
    let (Some((rows, k)), Some((l, columns))) = (a.matrix(), b.matrix()) else {
        let at = usize::from(a.matrix().is_some());
        let axes = inputs[at].dims.len();
        let message = format!("a matrix product needs matrices or vectors; this has {axes} axes");
        return Err(Misfit::new("matrix-axes", message).operand(at, c.shape(inputs[at])));
    };
    if k != l {
        return Err(inner_sizes(a, b, &k, &l, c));
    }
    let axes = a.union(b);
    // Outer sizes that are both the literal 1 make a number: `x^T y`.
    let dims = if rows.is_one() && columns.is_one() { Vec::new() } else { vec![rows, columns] };
    Ok(Type { axes, ..Type::array(dims) })
}

fn inner_sizes(a: &Type, b: &Type, k: &Size, l: &Size, c: &Context<'_>) -> Misfit {
    let (x, y) = (c.sizes.text(k), c.sizes.text(l));
    let full = |ty: &Type| match ty.dims.as_slice() {
        [n] => format!("{} x 1", c.sizes.text(n)),
        _ => c.shape(ty),
    };
    let mut misfit =
        Misfit::new("inner-sizes", format!("inner sizes {x} and {y} differ in this product"))
            .operand(0, full(a))
            .operand(1, full(b));
    let (p, q) = (k.value(c.sizes), l.value(c.sizes));
    if p.is_some() && p == q {
        misfit = misfit.note(format!(
            "both are {} in this file, but sizes are equal only if their formulas are",
            p.and_then(crate::size::Ratio::whole).unwrap_or(0)
        ));
    }
    misfit
}

/// Rows and columns; a number is 1 by 1.
pub(super) fn rows_columns(ty: &Type) -> (Size, Size) {
    ty.matrix().unwrap_or_else(|| (Size::number(1), Size::number(1)))
}

fn spec(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let ((rows, inner), (_, columns)) = (rows_columns(inputs[0]), rows_columns(inputs[1]));
    let read = vec![Place::matrix(inputs[0], 0, 1), Place::matrix(inputs[1], 1, 2)];
    Some(Spec::new(vec![rows, inner, columns], read, Place::matrix(output, 0, 2)))
}

/// `dL/dA = Y B^T`, `dL/dB = A^T Y`
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    let other = t.transpose(at.inputs[1 - k])?;
    if k == 0 { t.matmul(cotangent, other) } else { t.matmul(other, cotangent) }
}

/// `A B`
pub(crate) static MATMUL: OpDef = OpDef {
    name: "matmul",
    infer,
    notation: Notation::Product,
    cost: Cost::MatMul,
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 2, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[
        "A : R[n, m]; B : R[m, k]; A B",
        "A, B : R[n, n]; A B",
        "A : R[n, m]; x : R[m]; A x",
        "x, y : R[n]; x^T y",
        "x : R[n]; y : R[m]; x y^T",
        "A : R[n, m]; x : R[m] per N; A x",
        "A : R[n, m] per N; B : R[m, k] per N; A B",
        "x : R[1, n]; A : R[n, m]; x A",
        "x : R[1, n]; y : R[n] per N; x y",
        "x : R[n] per N; y : R[m]; x y^T",
    ],
};
