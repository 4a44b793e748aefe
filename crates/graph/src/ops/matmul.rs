//! The matrix product and the transpose. Columns are `[n]`, rows `[1, n]`.

use super::numbers;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::size::Size;
use crate::types::{Kind, Type};

fn infer_matmul(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn infer_transpose(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a transpose")?;
    let x = inputs[0];
    let dims = match x.dims.as_slice() {
        [] => Vec::new(),
        [n] => vec![Size::number(1), n.clone()],
        [n, m] => vec![m.clone(), n.clone()],
        more => {
            let message = format!("a transpose needs a matrix; this has {} axes", more.len());
            return Err(Misfit::new("matrix-axes", message).operand(0, c.shape(x)));
        }
    };
    let kind = match x.kind {
        Kind::Sym | Kind::Spd => x.kind.clone(),
        _ => Kind::Real,
    };
    Ok(x.with_dims(dims).with_kind(kind))
}

/// `A B`
pub(crate) static MATMUL: OpDef =
    OpDef { name: "matmul", infer: infer_matmul, notation: Notation::Product, cost: Cost::MatMul };
/// `A^T`
pub(crate) static TRANSPOSE: OpDef =
    OpDef { name: "transpose", infer: infer_transpose, notation: Notation::Own, cost: Cost::Free };
