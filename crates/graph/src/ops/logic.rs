//! Conditions, and conditions as numbers.

use chainrule_syntax::ast::Comparison;

use super::same_shape;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::record::{Differential, Entrywise, Eval, Lowering, Sample};
use crate::scalar::Scalar;
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

fn number<S: Scalar>(truth: bool) -> S {
    S::from_f64(f64::from(u8::from(truth)))
}

fn compare<S: Scalar>(op: &Op, x: &[S]) -> S {
    let Op::Compare { op } = op else { return x[0] };
    let (a, b) = (x[0].real(), x[1].real());
    number(match op {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterEqual => a >= b,
    })
}

fn and<S: Scalar>(_: &Op, x: &[S]) -> S {
    number(x[0].real() != 0.0 && x[1].real() != 0.0)
}

fn or<S: Scalar>(_: &Op, x: &[S]) -> S {
    number(x[0].real() != 0.0 || x[1].real() != 0.0)
}

fn not<S: Scalar>(_: &Op, x: &[S]) -> S {
    number(x[0].real() == 0.0)
}

fn same<S: Scalar>(_: &Op, x: &[S]) -> S {
    x[0]
}

fn gap(_: &Op, x: &[f64]) -> f64 {
    x[0] - x[1]
}

const fn op(
    name: &'static str,
    infer: Infer,
    eval: Entrywise,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost: Cost::Output(1),
        eval: Eval::Entrywise(eval),
        spec: None,
        reach: None,
        differential: Differential::Zero,
        lowering: Lowering::Entrywise,
        kink: None,
        samples,
    }
}

/// `a < b`
pub(crate) static COMPARE: OpDef = OpDef {
    kink: Some(gap),
    ..op(
        "compare",
        infer_compare,
        instances_of!(Entrywise, compare),
        &["x, y : R[n]; 1[x > y] .* x"],
    )
};
/// `a and b`
pub(crate) static AND: OpDef =
    op("and", infer_logic, instances_of!(Entrywise, and), &["x, y : R; x 1[x > 0 and y > 0]"]);
/// `a or b`
pub(crate) static OR: OpDef =
    op("or", infer_logic, instances_of!(Entrywise, or), &["x, y : R; x 1[x > 0 or y > 0]"]);
/// `not a`
pub(crate) static NOT: OpDef =
    op("not", infer_logic, instances_of!(Entrywise, not), &["x : R; x 1[not x > 0]"]);
/// `1[a < b]`
pub(crate) static INDICATOR: OpDef = OpDef {
    cost: Cost::Free,
    ..op("indicator", infer_indicator, instances_of!(Entrywise, same), &["x : R[n]; x .* 1[x > 0]"])
};
