//! `lift`: copies along axes that a value lacks. `b` in `W X + b` is `b ones(N)^T`.

use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::types::{Type, union};

fn infer(op: &Op, inputs: &[&Type], _: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Lift { axes, dims, from } = op else {
        return Err(Misfit::new("bug", "lift without parameters"));
    };
    let x = inputs[0];
    let kept: Vec<_> = from.iter().map(|&i| dims[i].clone()).collect();
    if kept != x.dims {
        return Err(Misfit::new("lift", "the kept axes differ from the value's"));
    }
    Ok(Type { axes: union(&x.axes, axes), dims: dims.clone(), kind: x.kind.clone() })
}

/// `y[.., n] = x[..]` for each new axis.
pub(crate) static LIFT: OpDef =
    OpDef { name: "lift", infer, notation: Notation::Silent, cost: Cost::Free };
