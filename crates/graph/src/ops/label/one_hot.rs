//! Classes as unit vectors.

use chainrule_syntax::ast::Comparison;

use super::op;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::record::{At, Lowering, Made, Reach, Whole};
use crate::scalar::Scalar;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn reach(_: &Op, _: &[&Type], _: &Context<'_>) -> Reach {
    Reach { axes: Vec::new(), places: vec![0] }
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
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
    let equal = Op::Compare { op: Comparison::Equal };
    let truth = t.op(equal, &[label, index])?;
    let hit = t.op(Op::Indicator, &[truth])?;
    let mut axes = vec![axis];
    axes.extend(others);
    let all = t.collect(hit, &axes)?;
    t.reshape(all, &ty.dims)
}

/// The unit vector of a label.
pub(crate) static ONE_HOT: OpDef = op(
    "onehot",
    infer,
    Cost::Free,
    instances_of!(Wholes, eval),
    reach,
    Lowering::Expand(expand),
    &["y : label[n] per N; x : R[n]; inner(x, onehot(y))"],
);
