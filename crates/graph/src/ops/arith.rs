//! Arithmetic: sums, element-wise products, scalings, powers.

use super::{numbers, same_shape};
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::types::{Kind, Type};

fn whole(inputs: &[&Type], ty: Type) -> Type {
    let whole = inputs.iter().all(|t| t.kind == Kind::Integer);
    if whole { ty.with_kind(Kind::Integer) } else { ty }
}

fn infer_neg(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`-`")?;
    Ok(whole(inputs, inputs[0].with_kind(Kind::Real)))
}

fn infer_sum(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a sum")?;
    Ok(whole(inputs, same_shape(inputs, c, "sum-shapes", "a sum")?))
}

fn infer_elementwise(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let what = format!("`{}`", op.def().name);
    numbers(inputs, c, &what)?;
    same_shape(inputs, c, "elementwise-shapes", &what)
}

/// One input must be a number, not an array.
fn scalar(inputs: &[&Type], at: usize, c: &Context<'_>, what: &str) -> Result<(), Misfit> {
    if inputs[at].is_scalar() {
        return Ok(());
    }
    let misfit = Misfit::new("not-a-scalar", format!("{what} needs a number here"));
    Err(misfit.operand(at, c.shape(inputs[at])))
}

fn infer_scale(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a product")?;
    let (s, a) = (inputs[0], inputs[1]);
    scalar(inputs, 0, c, "a scaling")?;
    let ty = Type { axes: s.union(a), dims: a.dims.clone(), kind: Kind::Real };
    Ok(whole(inputs, ty))
}

fn infer_quotient(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a quotient")?;
    let (a, s) = (inputs[0], inputs[1]);
    scalar(inputs, 1, c, "a quotient")?;
    Ok(Type { axes: a.union(s), dims: a.dims.clone(), kind: Kind::Real })
}

fn infer_power(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a power")?;
    scalar(inputs, 0, c, "a power")?;
    scalar(inputs, 1, c, "a power")?;
    Ok(Type { axes: inputs[0].union(inputs[1]), dims: inputs[0].dims.clone(), kind: Kind::Real })
}

const fn op(name: &'static str, infer: crate::op::Infer, notation: Notation) -> OpDef {
    OpDef { name, infer, notation, cost: Cost::Output(1) }
}

/// `-x`
pub(crate) static NEG: OpDef = op("-", infer_neg, Notation::Negative);
/// `x + y`
pub(crate) static ADD: OpDef = op("+", infer_sum, Notation::Plus);
/// `x - y`
pub(crate) static SUB: OpDef = op("-", infer_sum, Notation::Minus);
/// `x .* y`
pub(crate) static HADAMARD: OpDef = op(".*", infer_elementwise, Notation::DotStar);
/// `x ./ y`
pub(crate) static HADAMARD_QUOTIENT: OpDef = op("./", infer_elementwise, Notation::DotSlash);
/// `s A`
pub(crate) static SCALE: OpDef = op("scale", infer_scale, Notation::Product);
/// `A / s`
pub(crate) static QUOTIENT: OpDef = op("/", infer_quotient, Notation::Slash);
/// `a^b`
pub(crate) static POWER: OpDef = op("^", infer_power, Notation::Own);
/// `a .^ b`
pub(crate) static DOT_POWER: OpDef = op(".^", infer_elementwise, Notation::Own);
/// `max(x, y)`, ties take the first.
pub(crate) static MAXIMUM: OpDef = op("max", infer_elementwise, Notation::Call);
/// `min(x, y)`, ties take the first.
pub(crate) static MINIMUM: OpDef = op("min", infer_elementwise, Notation::Call);
