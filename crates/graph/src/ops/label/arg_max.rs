//! The class of the largest entry.

use super::op;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::ops::numbers;
use crate::record::{Lowering, Reach, Whole};
use crate::scalar::Scalar;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn reach(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Reach {
    Reach { axes: Vec::new(), places: inputs[0].element_dims(c.sizes) }
}

/// The place along `axis` of the first greatest entry of each line.
fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let (dims, axis) = (&w.inputs[0], *w.places.first()?);
    let inner: usize = dims[axis + 1..].iter().product();
    let outer: usize = dims[..axis].iter().product();
    let mut out = Vec::with_capacity(outer * inner);
    for at in 0..outer * inner {
        let entry = |k: usize| inputs[0][(at / inner * dims[axis] + k) * inner + at % inner];
        let mut best = 0;
        for k in 1..dims[axis] {
            if entry(k).real() > entry(best).real() {
                best = k;
            }
        }
        out.push(S::from_f64(best as f64));
    }
    Some(out)
}

/// `label[K]` of the largest entry, ties to the first.
pub(crate) static ARG_MAX: OpDef = op(
    "argmax",
    infer,
    Cost::Input(1),
    instances_of!(Wholes, eval),
    reach,
    Lowering::Opaque,
    &["z : R[n] per N; y : label[n] per N; 1[argmax(z) == y]"],
);
