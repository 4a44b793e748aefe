//! The cross entropy of scores and a label.

use super::Parts;
use super::axis::{axis, spread, without};
use super::{call, lines, log_sum, softmax_of, weighted_sum};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Differential, Made, Whole};
use crate::scalar::Scalar;
use crate::size::Size;
use crate::terms::Terms;
use crate::types::{Kind, Type};

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let lines = lines(&w.inputs[0], w.places);
    let labels = inputs[1].iter().map(|y| y.real() as usize);
    let entry =
        |(line, y): (&Vec<usize>, usize)| Some(log_sum(inputs[0], line) - inputs[0][*line.get(y)?]);
    lines.iter().zip(labels).map(entry).collect()
}

/// `softmax(z) - onehot(y)`
fn gradient(t: &mut Terms<'_>, at: &At) -> Made {
    let p = softmax_of(t, at)?;
    let one = unit(t, at)?;
    t.sub(p, one)
}

/// `onehot(y)` in the shape of the scores: the classes stand where the scores have them.
fn unit(t: &mut Terms<'_>, at: &At) -> Made {
    let one = t.op(Op::OneHot, &at.inputs[1..2])?;
    let (ty, scores) = (t.ty(one), t.ty(at.inputs[0]));
    let place = axis(&at.op, &scores, &t.context())?.unwrap_or(0);
    if place == 0 || ty.dims.len() != scores.dims.len() {
        return t.reshape(one, &scores.dims);
    }
    if ty.dims.len() == 2 {
        return t.transpose(one);
    }
    let mut names = t.axes_of(&ty, &["k", "i", "j"]);
    let entry = t.entry(one, &names)?;
    let class = names.remove(0);
    names.insert(place, class);
    t.collect(entry, &names)
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let x = tangents[0].ok_or_else(|| Terms::bug("a cross entropy that does not move"))?;
    let gradient = gradient(t, at)?;
    weighted_sum(t, at, gradient, x)
}

fn vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let gradient = gradient(t, at)?;
    if t.ty(y).is_scalar() {
        return t.scale(y, gradient);
    }
    let spread = spread(t, at, y)?;
    t.times(spread, gradient)
}

/// `log(sum(exp(z - top))) + top - z[y]`
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let parts = Parts::of(t, at)?;
    let z = at.inputs[0];
    let log = t.op(Op::Log, &[parts.sum])?;
    let total = t.add(log, parts.top)?;
    let dims = t.ty(at.node).dims;
    let one = unit(t, at)?;
    let chosen = weighted_sum(t, at, one, z)?;
    let total = t.reshape(total, &dims)?;
    t.sub(total, chosen)
}

/// `logsumexp(z) - z[y]`
pub(crate) static CROSS_ENTROPY: OpDef = call(
    "cross_entropy",
    infer,
    Cost::Input(4),
    instances_of!(Wholes, eval),
    Differential::Custom { jvp, vjp },
    expand,
    &[
        "z : R[n] per N; y : label[n] per N; cross_entropy(z, y)",
        "z : R[n]; y : label[n] per N; cross_entropy(z, y)",
        "Z : R[n, N]; y : label[n][N]; cross_entropy(Z, y)",
        "Z : R[N, n]; y : label[n][N]; cross_entropy(Z, y)",
    ],
);
