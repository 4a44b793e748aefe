//! Labels: the class of the largest entry, and classes as unit vectors.

use super::numbers;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::size::Size;
use crate::types::{Kind, Type};

fn infer_argmax(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`argmax`")?;
    let x = inputs[0];
    let free = x.element_dims(c.sizes);
    let [axis] = free.as_slice() else {
        let message = "`argmax` needs exactly one axis that is no batch axis";
        return Err(Misfit::new("argmax-axis", message).operand(0, c.shape(x)));
    };
    let mut dims = x.dims.clone();
    let classes = dims.remove(*axis);
    Ok(x.with_dims(dims).with_kind(Kind::Label(classes)))
}

fn infer_onehot(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let y = inputs[0];
    let Kind::Label(classes) = &y.kind else {
        let message = "`onehot` needs a label";
        return Err(Misfit::new("not-a-label", message)
            .operand(0, c.shape(y))
            .note("a label is declared `y : label[K]`"));
    };
    let mut dims: Vec<Size> = vec![classes.clone()];
    dims.extend(y.dims.iter().cloned());
    Ok(y.with_dims(dims).with_kind(Kind::Mask))
}

/// `label[K]` of the largest entry, ties to the first.
pub(crate) static ARG_MAX: OpDef =
    OpDef { name: "argmax", infer: infer_argmax, notation: Notation::Call, cost: Cost::Input(1) };
/// The unit vector of a label.
pub(crate) static ONE_HOT: OpDef =
    OpDef { name: "onehot", infer: infer_onehot, notation: Notation::Call, cost: Cost::Free };
