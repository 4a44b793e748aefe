//! Functions of one argument, entry by entry.
//!
//! At a kink the value is fixed here: `relu'(0) = 0`, `abs'(0) = 0`, `sign(0) = 0`.

use super::numbers;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::types::{Kind, Type};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, &format!("`{}`", op.def().name))?;
    Ok(inputs[0].with_kind(Kind::Real))
}

const fn call(name: &'static str) -> OpDef {
    OpDef { name, infer, notation: Notation::Call, cost: Cost::Output(1) }
}

/// `e^x`
pub(crate) static EXP: OpDef = call("exp");
/// The natural logarithm.
pub(crate) static LOG: OpDef = call("log");
/// The square root.
pub(crate) static SQRT: OpDef = call("sqrt");
/// The sine.
pub(crate) static SIN: OpDef = call("sin");
/// The cosine.
pub(crate) static COS: OpDef = call("cos");
/// The tangent.
pub(crate) static TAN: OpDef = call("tan");
/// The hyperbolic tangent.
pub(crate) static TANH: OpDef = call("tanh");
/// `1 / (1 + e^-x)`
pub(crate) static SIGMOID: OpDef = call("sigmoid");
/// `log(1 + e^x)`
pub(crate) static SOFTPLUS: OpDef = call("softplus");
/// `max(x, 0)`, derivative 0 at 0.
pub(crate) static RELU: OpDef = call("relu");
/// `|x|`, derivative 0 at 0.
pub(crate) static ABS: OpDef = call("abs");
/// -1, 0 or 1.
pub(crate) static SIGN: OpDef = call("sign");
