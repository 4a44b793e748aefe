//! Softmax and its relatives: they run over the axes that are no batch axes.

use chainrule_syntax::ast::BigOp;

use super::numbers;
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Infer, Misfit, Notation, Op, OpDef, Over};
use crate::record::{At, Differential, Eval, Lowering, Made, Reach, Sample, Whole, Wholes};
use crate::scalar::Scalar;
use crate::size::Size;
use crate::terms::Terms;
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

fn reach(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Reach {
    let places = axis(op, inputs[0], c).ok().flatten().into_iter().collect();
    Reach { axes: Vec::new(), places }
}

/// For each line along the axis: the places of its entries.
fn lines(dims: &[usize], places: &[usize]) -> Vec<Vec<usize>> {
    // Without an axis (a number for each sample) every entry is a line.
    let Some(&axis) = places.first() else {
        return (0..dims.iter().product()).map(|i| vec![i]).collect();
    };
    let inner: usize = dims[axis + 1..].iter().product();
    let outer: usize = dims[..axis].iter().product();
    let n = dims[axis];
    let line = |o: usize, i: usize| (0..n).map(|k| (o * n + k) * inner + i).collect();
    let all = (0..outer).flat_map(|o| (0..inner).map(move |i| (o, i)));
    all.map(|(o, i)| line(o, i)).collect()
}

/// `log(sum(exp(x)))` of one line, about its greatest entry.
fn log_sum<S: Scalar>(x: &[S], line: &[usize]) -> S {
    let top = line.iter().map(|i| x[*i].real()).fold(f64::NEG_INFINITY, f64::max);
    let top = S::from_f64(top);
    let sum = line.iter().fold(S::from_f64(0.0), |sum, i| sum + (x[*i] - top).exp());
    sum.ln() + top
}

fn softmax<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let mut out = inputs[0].to_vec();
    for line in lines(&w.inputs[0], w.places) {
        let total = log_sum(inputs[0], &line);
        line.iter().for_each(|i| out[*i] = (inputs[0][*i] - total).exp());
    }
    Some(out)
}

fn log_softmax<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let mut out = inputs[0].to_vec();
    for line in lines(&w.inputs[0], w.places) {
        let total = log_sum(inputs[0], &line);
        line.iter().for_each(|i| out[*i] = inputs[0][*i] - total);
    }
    Some(out)
}

fn log_sum_exp<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let lines = lines(&w.inputs[0], w.places);
    Some(lines.iter().map(|line| log_sum(inputs[0], line)).collect())
}

fn cross_entropy<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let lines = lines(&w.inputs[0], w.places);
    let labels = inputs[1].iter().map(|y| y.real() as usize);
    let entry =
        |(line, y): (&Vec<usize>, usize)| Some(log_sum(inputs[0], line) - inputs[0][*line.get(y)?]);
    lines.iter().zip(labels).map(entry).collect()
}

/// Sums along the axis of `at`, copied back along it.
fn along(t: &mut Terms<'_>, at: &At, x: NodeId) -> Made {
    let ty = t.ty(at.inputs[0]);
    let Some(axis) = axis(&at.op, &ty, &t.context())? else { return Ok(x) };
    let sum = t.sum_dims(x, vec![axis])?;
    spread(t, at, sum)
}

/// Copies a value without the axis of `at` along it.
fn spread(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    let ty = t.ty(at.inputs[0]);
    let Some(axis) = axis(&at.op, &ty, &t.context())? else { return Ok(y) };
    super::reduce::spread(t, y, &Over::Dims(vec![axis]), &ty)
}

/// The same op family along the same axis.
fn softmax_of(t: &mut Terms<'_>, at: &At) -> Made {
    let axis = match at.op {
        Op::Softmax { axis } | Op::LogSoftmax { axis } | Op::LogSumExp { axis } => axis,
        _ => None,
    };
    t.op(Op::Softmax { axis }, &at.inputs[..1])
}

/// `P .* (Y - sum(P .* Y))`: the map is symmetric, so this is both modes.
fn softmax_rule(t: &mut Terms<'_>, at: &At, y: NodeId) -> Made {
    let weighted = t.times(at.node, y)?;
    let mean = along(t, at, weighted)?;
    let rest = t.sub(y, mean)?;
    t.times(at.node, rest)
}

/// `Y - P .* sum(Y)`
fn log_softmax_vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let p = softmax_of(t, at)?;
    let total = along(t, at, y)?;
    let product = t.times(p, total)?;
    t.sub(y, product)
}

/// `X - sum(P .* X)`
fn log_softmax_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let x = tangents[0].ok_or_else(|| Terms::bug("a softmax that does not move"))?;
    let p = softmax_of(t, at)?;
    let weighted = t.times(p, x)?;
    let mean = along(t, at, weighted)?;
    t.sub(x, mean)
}

fn log_sum_exp_vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let p = softmax_of(t, at)?;
    let spread = spread(t, at, y)?;
    t.times(p, spread)
}

/// `sum(W .* X)` along the axis, in the shape of the result.
fn weighted_sum(t: &mut Terms<'_>, at: &At, w: NodeId, x: NodeId) -> Made {
    let product = t.times(w, x)?;
    let (ty, dims) = (t.ty(at.inputs[0]), t.ty(at.node).dims);
    let sum = match axis(&at.op, &ty, &t.context())? {
        Some(axis) => t.sum_dims(product, vec![axis])?,
        None => product,
    };
    t.reshape(sum, &dims)
}

fn log_sum_exp_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let x = tangents[0].ok_or_else(|| Terms::bug("a softmax that does not move"))?;
    let p = softmax_of(t, at)?;
    weighted_sum(t, at, p, x)
}

/// `softmax(z) - onehot(y)`
fn cross_entropy_gradient(t: &mut Terms<'_>, at: &At) -> Made {
    let p = softmax_of(t, at)?;
    let one = t.op(Op::OneHot, &at.inputs[1..2])?;
    let dims = t.ty(p).dims;
    let one = t.reshape(one, &dims)?;
    t.sub(p, one)
}

fn cross_entropy_vjp(t: &mut Terms<'_>, at: &At, y: NodeId, _: usize) -> Made {
    let gradient = cross_entropy_gradient(t, at)?;
    if t.ty(y).is_scalar() {
        return t.scale(y, gradient);
    }
    let spread = spread(t, at, y)?;
    t.times(spread, gradient)
}

fn cross_entropy_jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let x = tangents[0].ok_or_else(|| Terms::bug("a cross entropy that does not move"))?;
    let gradient = cross_entropy_gradient(t, at)?;
    weighted_sum(t, at, gradient, x)
}

/// In terms of exponentials, sums and extrema.
fn expand(t: &mut Terms<'_>, at: &At) -> Made {
    let z = at.inputs[0];
    let ty = t.ty(z);
    let over = match axis(&at.op, &ty, &t.context())? {
        Some(axis) => Over::Dims(vec![axis]),
        None if ty.is_scalar() => Over::All,
        None => Over::Dims(Vec::new()),
    };
    let top = t.op(Op::Reduce { op: BigOp::Max, over: over.clone() }, &[z])?;
    let spread = super::reduce::spread(t, top, &over, &ty)?;
    let shifted = t.sub(z, spread)?;
    let powers = t.op(Op::Exp, &[shifted])?;
    let sum = t.op(Op::Reduce { op: BigOp::Sum, over: over.clone() }, &[powers])?;
    if matches!(at.op, Op::Softmax { .. }) {
        let total = super::reduce::spread(t, sum, &over, &ty)?;
        return t.divide(powers, total);
    }
    let log = t.op(Op::Log, &[sum])?;
    if matches!(at.op, Op::LogSoftmax { .. }) {
        let log = super::reduce::spread(t, log, &over, &ty)?;
        return t.sub(shifted, log);
    }
    let total = t.add(log, top)?;
    let dims = t.ty(at.node).dims;
    if matches!(at.op, Op::LogSumExp { .. }) {
        return t.reshape(total, &dims);
    }
    let one = t.op(Op::OneHot, &at.inputs[1..2])?;
    let one = t.reshape(one, &ty.dims)?;
    let chosen = weighted_sum(t, at, one, z)?;
    let total = t.reshape(total, &dims)?;
    t.sub(total, chosen)
}

const fn call(
    name: &'static str,
    infer: Infer,
    cost: Cost,
    eval: Wholes,
    differential: Differential,
    samples: &'static [Sample],
) -> OpDef {
    OpDef {
        name,
        infer,
        notation: Notation::Own,
        cost,
        eval: Eval::Whole(eval),
        spec: None,
        reach: Some(reach),
        differential,
        lowering: Lowering::Expand(expand),
        kink: None,
        samples,
    }
}

/// `exp(z) / sum(exp(z))`
pub(crate) static SOFTMAX: OpDef = call(
    "softmax",
    infer_same,
    Cost::Input(5),
    instances_of!(Wholes, softmax),
    Differential::Custom {
        jvp: |t, at, tangents| {
            let x = tangents[0].ok_or_else(|| Terms::bug("a softmax that does not move"))?;
            softmax_rule(t, at, x)
        },
        vjp: |t, at, y, _| softmax_rule(t, at, y),
    },
    &["z : R[n]; softmax(z)", "Z : R[n, m]; softmax(Z, axis = 1)", "Z : R[n, N]; softmax(Z)"],
);
/// `z - logsumexp(z)`
pub(crate) static LOG_SOFTMAX: OpDef = call(
    "logsoftmax",
    infer_same,
    Cost::Input(5),
    instances_of!(Wholes, log_softmax),
    Differential::Custom { jvp: log_softmax_jvp, vjp: log_softmax_vjp },
    &[
        "z : R[n]; logsoftmax(z)",
        "Z : R[n, m]; logsoftmax(Z, axis = 0)",
        "Z : R[N, n]; logsoftmax(Z)",
        "z : R[1, n] per N; logsoftmax(z)",
    ],
);
/// `log(sum(exp(z)))`
pub(crate) static LOG_SUM_EXP: OpDef = call(
    "logsumexp",
    infer_reduced,
    Cost::Input(4),
    instances_of!(Wholes, log_sum_exp),
    Differential::Custom { jvp: log_sum_exp_jvp, vjp: log_sum_exp_vjp },
    &[
        "z : R[n] per N; logsumexp(z)",
        "Z : R[n, m]; logsumexp(Z, axis = 0)",
        "Z : R[n, m]; logsumexp(Z, axis = 1)",
        "Z : R[n, m] per N; logsumexp(Z, axis = 1)",
        "z : R[1, n]; logsumexp(z)",
        "z : R[1, n]; logsumexp(z, axis = 1)",
        "z : R[1, n]; logsumexp(z, axis = 0)",
        "z : R[n]; logsumexp(z, axis = 0)",
        "Z : R[n, N]; logsumexp(Z)",
        "Z : R[N, n]; logsumexp(Z)",
        "z : R; logsumexp(z)",
        "Z : R[n, N]; logsumexp(2 logsumexp(Z))",
        "Z : R[n, N]; logsoftmax(logsumexp(Z)) + logsumexp(Z)",
    ],
);
/// `logsumexp(z) - z[y]`
pub(crate) static CROSS_ENTROPY: OpDef = call(
    "cross_entropy",
    infer_cross_entropy,
    Cost::Input(4),
    instances_of!(Wholes, cross_entropy),
    Differential::Custom { jvp: cross_entropy_jvp, vjp: cross_entropy_vjp },
    &[
        "z : R[n] per N; y : label[n] per N; cross_entropy(z, y)",
        "z : R[n]; y : label[n] per N; cross_entropy(z, y)",
        "Z : R[n, N]; y : label[n][N]; cross_entropy(Z, y)",
    ],
);
