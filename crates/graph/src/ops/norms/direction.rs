//! The unit vector of a value: the gradient of its length.

use chainrule_syntax::ast::{Comparison, NormKind};

use super::{euclid, op, same};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Op, OpDef};
use crate::record::{At, Differential, Lowering, Made, Whole};
use crate::scalar::Scalar;
use crate::terms::Terms;

fn eval<S: Scalar>(_: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let length = euclid(inputs[0]);
    if length.real() == 0.0 {
        return Some(vec![S::from_f64(0.0); inputs[0].len()]);
    }
    Some(inputs[0].iter().map(|x| *x / length).collect())
}

/// `d(x / ||x||) = (dx - d <d, dx>) / ||x||`; the map is symmetric, so this is both modes.
fn rule(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    let along = t.inner(at.node, y)?;
    let part = t.scale(along, at.node)?;
    let rest = t.sub(y, part)?;
    let length = t.op(Op::Norm { kind: NormKind::Frobenius }, &at.inputs)?;
    t.quotient(rest, length)
}

/// 0 / 0 is declared to be 0.
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let x = at.inputs[0];
    let length = t.op(Op::Norm { kind: NormKind::Frobenius }, &[x])?;
    let zero = t.number(0.0)?;
    let ty = t.ty(length);
    let zero = t.lifted(zero, &ty)?;
    let truth = t.op(Op::Compare { op: Comparison::Equal }, &[length, zero])?;
    let hit = t.op(Op::Indicator, &[truth])?;
    let safe = t.op(Op::Add, &[length, hit])?;
    t.quotient(x, safe)
}

/// `x / ||x||`
pub(crate) static DIRECTION: OpDef = op(
    "direction",
    same,
    instances_of!(Wholes, eval),
    Differential::Custom {
        jvp: |t, at, tangents| {
            let tangent = tangents[0].ok_or_else(|| Terms::bug("no tangent"))?;
            rule(t, at, tangent)
        },
        vjp: |t, at, cotangent, _| rule(t, at, cotangent),
    },
    Lowering::Expand(expand),
    &[],
);
