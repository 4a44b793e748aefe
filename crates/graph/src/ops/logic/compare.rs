//! Comparisons.

use chainrule_syntax::ast::Comparison;

use super::{number, op};
use crate::instances_of;
use crate::machine::Machine;
use crate::op::{Context, Misfit, Op, OpDef};
use crate::ops::{gap, same_shape};
use crate::scalar::Scalar;
use crate::types::{Kind, Type};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn eval<S: Scalar>(op: &Op, x: &[S]) -> S {
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

fn machine(op: &Op) -> Machine {
    match op {
        Op::Compare { op } => Machine::comparison(*op),
        _ => Machine::Own,
    }
}

/// `a < b`
pub(crate) static COMPARE: OpDef = OpDef {
    kink: Some(gap),
    ..op("compare", infer, instances_of!(Entrywise, eval), machine, &["x, y : R[n]; 1[x > y] .* x"])
};
