//! Conditions, and conditions as numbers.

use super::same_shape;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::types::{Kind, Type};

fn infer_compare(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Compare { op } = op else { return Err(Misfit::new("bug", "compare")) };
    let (a, b) = (inputs[0], inputs[1]);
    for (i, ty) in inputs.iter().enumerate() {
        if ty.kind == Kind::Truth {
            return Err(Misfit::new("compared-condition", "a condition cannot be compared")
                .operand(i, "a condition"));
        }
    }
    let labels = [a, b].iter().filter(|t| matches!(t.kind, Kind::Label(_))).count();
    let integers = [a, b].iter().filter(|t| t.kind == Kind::Integer).count();
    let same_labels = a.kind == b.kind;
    let fits = labels == 0 || (labels == 2 && same_labels) || (labels == 1 && integers == 1);
    if !fits {
        return Err(Misfit::new("compared-labels", "labels of different kinds are compared")
            .operand(0, c.shape(a))
            .operand(1, c.shape(b)));
    }
    let what = format!("`{}`", op.text());
    Ok(same_shape(inputs, c, "compare-shapes", &what)?.with_kind(Kind::Truth))
}

fn infer_logic(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let name = op.def().name;
    for (i, ty) in inputs.iter().enumerate() {
        if ty.kind != Kind::Truth {
            return Err(Misfit::new("not-a-condition", format!("`{name}` needs conditions"))
                .operand(i, c.shape(ty))
                .note("a condition compares: `n > 1`, `k != y[i]`"));
        }
    }
    if inputs.len() == 2 {
        return Ok(
            same_shape(inputs, c, "compare-shapes", &format!("`{name}`"))?.with_kind(Kind::Truth)
        );
    }
    Ok(inputs[0].clone())
}

fn infer_indicator(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let x = inputs[0];
    if x.kind != Kind::Truth {
        return Err(Misfit::new("indicator", "the indicator needs a comparison: `1[Z > 0]`")
            .operand(0, c.shape(x)));
    }
    Ok(x.with_kind(Kind::Mask))
}

const fn op(name: &'static str, infer: crate::op::Infer) -> OpDef {
    OpDef { name, infer, notation: Notation::Own, cost: Cost::Output(1) }
}

/// `a < b`
pub(crate) static COMPARE: OpDef = op("compare", infer_compare);
/// `a and b`
pub(crate) static AND: OpDef = op("and", infer_logic);
/// `a or b`
pub(crate) static OR: OpDef = op("or", infer_logic);
/// `not a`
pub(crate) static NOT: OpDef = op("not", infer_logic);
/// `1[a < b]`
pub(crate) static INDICATOR: OpDef =
    OpDef { name: "indicator", infer: infer_indicator, notation: Notation::Own, cost: Cost::Free };
