//! Inverse, powers, determinant, trace of square matrices; the pseudo-inverse.

use super::{numbers, square};
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::types::{Kind, Type};

fn infer_inverse(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let kind = inputs[0].kind.clone();
    let ty = square(inputs, c, "an inverse")?;
    Ok(ty.with_kind(if matches!(kind, Kind::Sym | Kind::Spd) { kind } else { Kind::Real }))
}

fn infer_power(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    square(inputs, c, "a matrix power")
}

fn infer_pinv(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`pinv`")?;
    let x = inputs[0];
    let Some((n, m)) = x.matrix() else {
        let message = "`pinv` needs a matrix";
        return Err(Misfit::new("matrix-axes", message).operand(0, c.shape(x)));
    };
    Ok(x.with_dims(if x.is_scalar() { Vec::new() } else { vec![m, n] }))
}

fn infer_number(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let ty = square(inputs, c, &format!("`{}`", op.def().name))?;
    Ok(ty.with_dims(Vec::new()))
}

const fn call(name: &'static str, infer: crate::op::Infer, cost: Cost) -> OpDef {
    OpDef { name, infer, notation: Notation::Call, cost }
}

/// `A^-1`
pub(crate) static INVERSE: OpDef =
    OpDef { name: "inverse", infer: infer_inverse, notation: Notation::Own, cost: Cost::Cubic(2) };
/// `A^k`
pub(crate) static MATRIX_POWER: OpDef =
    OpDef { name: "power", infer: infer_power, notation: Notation::Own, cost: Cost::Cubic(2) };
/// The Moore-Penrose inverse.
pub(crate) static PSEUDO_INVERSE: OpDef = call("pinv", infer_pinv, Cost::Cubic(6));
/// The determinant.
pub(crate) static DET: OpDef = call("det", infer_number, Cost::Cubic(1));
/// `log |det A|`
pub(crate) static LOGDET: OpDef = call("logdet", infer_number, Cost::Cubic(1));
/// The sum of the diagonal.
pub(crate) static TRACE: OpDef = call("tr", infer_number, Cost::Free);
