//! Functions of one argument, entry by entry.
//!
//! At a kink the value is fixed here: `relu'(0) = 0`, `abs'(0) = 0`, `sign(0) = 0`.

pub(crate) mod abs;
pub(crate) mod cos;
pub(crate) mod exp;
pub(crate) mod log;
pub(crate) mod relu;
pub(crate) mod sigmoid;
pub(crate) mod sign;
pub(crate) mod sin;
pub(crate) mod softplus;
pub(crate) mod sqrt;
pub(crate) mod tan;
pub(crate) mod tanh;

use crate::index::NodeId;
use crate::machine::MachineFn;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Entrywise, Eval, KinkFn, Lowering, Made, Sample};
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, &format!("`{}`", op.def().name))?;
    Ok(inputs[0].with_kind(Kind::Real))
}

/// The derivative of each entry; `None` if it is 0 everywhere.
type Partial = fn(&mut Terms<'_>, &At, usize) -> Result<Option<NodeId>, Misfit>;

const fn call(
    name: &'static str,
    eval: Entrywise,
    machine: MachineFn,
    partial: Partial,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost: Cost::Output(1),
        eval: Eval::Entrywise(eval),
        spec: None,
        reach: None,
        differential: Differential::Pointwise(partial),
        lowering: Lowering::Entrywise(machine),
        kink: None,
        samples,
    }
}

#[allow(clippy::needless_pass_by_value)] // a record is made of a record
const fn kinked(def: OpDef, kink: KinkFn) -> OpDef {
    OpDef { kink: Some(kink), ..def }
}

/// The only kink is at 0.
fn at_zero(_: &Op, x: &[f64]) -> f64 {
    x[0]
}

/// A constant of the type of `x`.
fn constant(t: &mut Terms<'_>, value: f64, x: NodeId) -> Made {
    let number = t.number(value)?;
    let ty = t.ty(x);
    t.lifted(number, &ty)
}

/// `1 ./ x`
fn one_over(t: &mut Terms<'_>, x: NodeId) -> Made {
    let one = constant(t, 1.0, x)?;
    t.divide(one, x)
}
