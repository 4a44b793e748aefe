//! Leaves: named values, numbers, sizes, indices, constant arrays.

use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::record::{Differential, Eval, Lowering};
use crate::types::{Kind, Type};

fn infer(op: &Op, _: &[&Type], _: &Context<'_>) -> Result<Type, Misfit> {
    Ok(match op {
        Op::Symbol { ty, .. } => Type::clone(ty),
        Op::Number { bits } => {
            let whole = f64::from_bits(*bits).fract() == 0.0;
            Type::scalar().with_kind(if whole { Kind::Integer } else { Kind::Real })
        }
        Op::SizeNumber { .. } => Type::scalar().with_kind(Kind::Integer),
        Op::IndexNumber { axis } => {
            Type { axes: vec![*axis], dims: Vec::new(), kind: Kind::Integer }
        }
        Op::Identity { n } => Type::array(vec![n.clone(), n.clone()]).with_kind(Kind::Sym),
        Op::Ones { dims } | Op::Zeros { dims } => Type::array(dims.clone()),
        _ => Type::scalar(),
    })
}

const fn leaf(name: &'static str) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost: Cost::Free,
        eval: Eval::Leaf,
        spec: None,
        reach: None,
        differential: Differential::Zero,
        lowering: Lowering::Leaf,
        kink: None,
        samples: &[],
    }
}

/// A named value.
pub(crate) static SYMBOL: OpDef = leaf("symbol");
/// A number.
pub(crate) static NUMBER: OpDef = leaf("number");
/// A size as a number.
pub(crate) static SIZE: OpDef = leaf("size");
/// An index as a number.
pub(crate) static INDEX: OpDef = leaf("index");
/// The circle number.
pub(crate) static PI: OpDef = leaf("pi");
/// The identity matrix.
pub(crate) static IDENTITY: OpDef = leaf("I");
/// Ones.
pub(crate) static ONES: OpDef = leaf("ones");
/// Zeros.
pub(crate) static ZEROS: OpDef = leaf("zeros");
