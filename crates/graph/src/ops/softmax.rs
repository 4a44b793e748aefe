//! Softmax and its relatives: they run over the axes that are no batch axes.

use super::numbers;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::size::Size;
use crate::types::{Kind, Type};

/// The axis it runs over; `None` for a scalar.
fn axis(op: &Op, x: &Type, c: &Context<'_>) -> Result<Option<usize>, Misfit> {
    let name = op.def().name;
    let given = match op {
        Op::Softmax { axis } | Op::LogSoftmax { axis } | Op::LogSumExp { axis } => *axis,
        _ => None,
    };
    if let Some(axis) = given {
        if axis >= x.dims.len() {
            let message = format!("there is no axis {axis}: the value has {} axes", x.dims.len());
            return Err(Misfit::new("no-such-axis", message).operand(0, c.shape(x)));
        }
        return Ok(Some(axis));
    }
    let free = x.element_dims(c.sizes);
    // A row counts as its one long axis.
    let long: Vec<usize> = free.iter().copied().filter(|&i| !x.dims[i].is_one()).collect();
    match (free.as_slice(), long.as_slice()) {
        ([], _) => Ok(None),
        ([one], _) | (_, [one]) => Ok(Some(*one)),
        _ => Err(Misfit::new(
            "softmax-axis",
            format!("`{name}` of {}: which axis is meant?", c.shape(x)),
        )
        .operand(0, format!("{} axes and no batch axis among them", free.len()))
        .note(
            "`axis = 0` runs down the columns (each column sums to 1), `axis = 1` along the rows",
        )),
    }
}

fn infer_same(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, &format!("`{}`", op.def().name))?;
    let over = axis(op, inputs[0], c)?;
    let prob = matches!(op, Op::Softmax { .. }) && inputs[0].dims.len() == 1 && over.is_some();
    Ok(inputs[0].with_kind(if prob { Kind::Prob } else { Kind::Real }))
}

/// The dims without `axis`: a row without its long axis is a number.
fn without(x: &Type, axis: Option<usize>, keep: bool) -> Vec<Size> {
    let mut dims = x.dims.clone();
    match axis {
        Some(axis) if keep && dims.len() == 2 => dims[axis] = Size::number(1),
        Some(axis) => {
            dims.remove(axis);
        }
        None => {}
    }
    if !keep && x.dims.len() == 2 && dims.iter().all(Size::is_one) { Vec::new() } else { dims }
}

fn infer_reduced(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`logsumexp`")?;
    let x = inputs[0];
    let keep = matches!(op, Op::LogSumExp { axis: Some(_) });
    Ok(x.with_dims(without(x, axis(op, x, c)?, keep)))
}

fn infer_cross_entropy(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let (z, y) = (inputs[0], inputs[1]);
    numbers(&[z], c, "`cross_entropy`")?;
    let Kind::Label(classes) = &y.kind else {
        let message = "`cross_entropy(z, y)` needs a label as its second argument";
        return Err(Misfit::new("not-a-label", message).operand(1, c.shape(y)));
    };
    let at = axis(op, z, c)?;
    let size = at.map_or(Size::number(1), |i| z.dims[i].clone());
    if size != *classes {
        let (k, n) = (c.sizes.text(classes), c.sizes.text(&size));
        let message = format!("labels run to {k}-1, the axis has size {n}");
        return Err(Misfit::new("label-size", message)
            .operand(0, c.shape(z))
            .operand(1, c.shape(y)));
    }
    let dims = without(z, at, false);
    if dims != y.dims {
        let message = "the scores and the labels have different batch axes";
        return Err(Misfit::new("label-batch", message)
            .operand(0, c.shape(z))
            .operand(1, c.shape(y)));
    }
    Ok(Type { axes: z.union(y), ..Type::array(dims) })
}

const fn call(name: &'static str, infer: crate::op::Infer, cost: Cost) -> OpDef {
    OpDef { name, infer, notation: Notation::Own, cost }
}

/// `exp(z) / sum(exp(z))`
pub(crate) static SOFTMAX: OpDef = call("softmax", infer_same, Cost::Input(5));
/// `z - logsumexp(z)`
pub(crate) static LOG_SOFTMAX: OpDef = call("logsoftmax", infer_same, Cost::Input(5));
/// `log(sum(exp(z)))`
pub(crate) static LOG_SUM_EXP: OpDef = call("logsumexp", infer_reduced, Cost::Input(4));
/// `logsumexp(z) - z[y]`
pub(crate) static CROSS_ENTROPY: OpDef = call("cross_entropy", infer_cross_entropy, Cost::Input(4));
