//! Labels: the class of the largest entry, and classes as unit vectors.

use super::numbers;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef};
use crate::record::{At, Differential, Eval, Lowering, Made, Reach, Sample, Whole, Wholes};
use crate::scalar::Scalar;
use crate::size::Size;
use crate::terms::Terms;
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

fn reach(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Reach {
    let places = match op {
        Op::ArgMax => inputs[0].element_dims(c.sizes),
        _ => vec![0],
    };
    Reach { axes: Vec::new(), places }
}

/// The place along `axis` of the first greatest entry of each line.
fn argmax<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
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

fn onehot<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let classes = *w.output.first()?;
    let one = |k: usize, y: &S| S::from_f64(f64::from(u8::from(y.real() == k as f64)));
    Some((0..classes).flat_map(|k| inputs[0].iter().map(move |y| one(k, y))).collect())
}

/// `1[k == y]` for every class k.
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let ty = t.ty(at.node);
    let classes = ty.dims.first().cloned().unwrap_or_else(|| Size::number(1));
    let axis = t.fresh_axis("k", classes);
    let label_ty = t.ty(at.inputs[0]);
    let others = t.axes_of(&label_ty, &["n"]);
    let label = t.entry(at.inputs[0], &others)?;
    let index = t.op(Op::IndexNumber { axis }, &[])?;
    let equal = Op::Compare { op: chainrule_syntax::ast::Comparison::Equal };
    let truth = t.op(equal, &[label, index])?;
    let hit = t.op(Op::Indicator, &[truth])?;
    let mut axes = vec![axis];
    axes.extend(others);
    let all = t.collect(hit, &axes)?;
    t.reshape(all, &ty.dims)
}

const fn op(
    name: &'static str,
    infer: Infer,
    cost: Cost,
    eval: Wholes,
    lowering: Lowering,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Call,
        cost,
        eval: Eval::Whole(eval),
        spec: None,
        reach: Some(reach),
        differential: Differential::Zero,
        lowering,
        kink: None,
        samples,
    }
}

/// `label[K]` of the largest entry, ties to the first.
pub(crate) static ARG_MAX: OpDef = op(
    "argmax",
    infer_argmax,
    Cost::Input(1),
    instances_of!(Wholes, argmax),
    Lowering::Opaque,
    &["z : R[n] per N; y : label[n] per N; 1[argmax(z) == y]"],
);
/// The unit vector of a label.
pub(crate) static ONE_HOT: OpDef = op(
    "onehot",
    infer_onehot,
    Cost::Free,
    instances_of!(Wholes, onehot),
    Lowering::Expand(expand),
    &["y : label[n] per N; x : R[n]; inner(x, onehot(y))"],
);
