//! Reductions: sums, means, extrema, products, and the inner product.

use chainrule_syntax::ast::BigOp;

use super::{fold, numbers, same_shape};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Over};
use crate::record::{At, Differential, Eval, Lowering, Made};
use crate::size::Size;
use crate::spec::{Map, Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer_reduce(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let Op::Reduce { op: word, over } = op else { return Err(Misfit::new("bug", "reduce")) };
    numbers(inputs, c, &format!("`{}`", word.text()))?;
    let x = inputs[0];
    let dims = match over {
        Over::All => Vec::new(),
        Over::Axis(axis) | Over::Batch(axis) if *axis >= x.dims.len() => {
            let message = format!("there is no axis {axis}: the value has {} axes", x.dims.len());
            return Err(Misfit::new("no-such-axis", message).operand(0, c.shape(x)));
        }
        Over::Axis(axis) => reduced(x, *axis, true),
        Over::Batch(axis) => reduced(x, *axis, false),
        Over::Dims(places) => {
            let kept = (0..x.dims.len()).filter(|i| !places.contains(i));
            kept.map(|i| x.dims[i].clone()).collect()
        }
        Over::Named(axes) => {
            if axes.iter().any(|a| !x.axes.contains(a)) {
                let message = "a reduction over an axis that the value lacks";
                return Err(Misfit::new("no-such-axis", message).operand(0, c.shape(x)));
            }
            let rest = x.axes.iter().filter(|a| !axes.contains(a)).copied().collect();
            return Ok(Type { axes: rest, ..x.with_kind(crate::types::Kind::Real) });
        }
    };
    Ok(x.with_dims(dims))
}

/// Matrices keep the orientation: `sum(A, axis = 0)` is a row.
fn reduced(x: &Type, axis: usize, keep: bool) -> Vec<Size> {
    let mut dims = x.dims.clone();
    if dims.len() == 2 && (keep || axis == 0) {
        dims[axis] = Size::number(1);
        let scalar = dims.iter().all(Size::is_one);
        return if scalar { vec![Size::number(1)] } else { dims };
    }
    dims.remove(axis);
    dims
}

/// Where the entries that are left stand in the result: a dim that was reduced and is kept is 0.
pub(crate) fn kept_place(count: usize, places: &[usize], output: &Type) -> Place {
    let kept: Vec<usize> = (0..count).filter(|i| !places.contains(i)).collect();
    if kept.len() >= output.dims.len() {
        let kept: Vec<u32> = kept.iter().take(output.dims.len()).map(|i| *i as u32).collect();
        return Place::of(&kept);
    }
    let full = (0..count as u32)
        .map(|i| if places.contains(&(i as usize)) { Map::number(0) } else { Map::local(i) });
    Place::maps(full.take(output.dims.len()).collect())
}

fn spec_reduce(op: &Op, inputs: &[&Type], output: &Type, c: &Context<'_>) -> Option<Spec> {
    let Op::Reduce { op: word, over } = op else { return None };
    let x = inputs[0];
    let divide = match (word, over) {
        (BigOp::Sum, _) => Vec::new(),
        (BigOp::Mean, Over::Named(axes)) => {
            axes.iter().map(|a| c.axes.get(*a).extent.clone()).collect::<Option<Vec<Size>>>()?
        }
        (BigOp::Mean, _) => fold::dims_of(over, x).into_iter().map(|i| x.dims[i].clone()).collect(),
        _ => return None,
    };
    let places = fold::dims_of(over, x);
    let read = vec![Place::locals(0, x.dims.len())];
    let output = kept_place(x.dims.len(), &places, output);
    Some(Spec { divide, ..Spec::new(x.dims.clone(), read, output) })
}

/// The number of entries that a mean divides by.
fn count(t: &mut Terms<'_>, over: &Over, x: &Type) -> Made {
    let sizes: Option<Vec<Size>> = match over {
        Over::Named(axes) => axes.iter().map(|a| t.axes.get(*a).extent.clone()).collect(),
        _ => Some(fold::dims_of(over, x).into_iter().map(|i| x.dims[i].clone()).collect()),
    };
    let sizes = sizes.ok_or_else(|| Terms::bug("an axis without extent"))?;
    let size = Size::product(&sizes)?;
    t.size(&size)
}

/// The transpose of a sum: copies along what was summed.
pub(crate) fn spread(t: &mut Terms<'_>, y: NodeId, over: &Over, x: &Type) -> Made {
    let from: Vec<usize> = match over {
        Over::Named(axes) => {
            let op = Op::Lift { axes: axes.clone(), dims: x.dims.clone(), from: all(x) };
            return t.op(op, &[y]);
        }
        _ => {
            let places = fold::dims_of(over, x);
            (0..x.dims.len()).filter(|i| !places.contains(i)).collect()
        }
    };
    // `[n, 1]` is `[n]`, so of the dims that are left the last may be none of the sum's.
    let column = from.len() == 2 && x.dims[from[1]].is_one();
    let from = if column { vec![from[0]] } else { from };
    let kept: Vec<Size> = from.iter().map(|i| x.dims[*i].clone()).collect();
    // A sum of all dims leaves a number, and a number may be kept as one entry.
    let y = t.reshape(y, &kept)?;
    let node = t.graph.node(y).clone();
    if node.op == Op::Neg {
        let copies = spread(t, node.inputs[0], over, x)?;
        return t.neg(copies);
    }
    if let (Op::Lift { from, axes, .. }, false) = (&node.op, kept.is_empty())
        && from.is_empty()
        && axes.is_empty()
    {
        // Copies of copies of a number.
        let op = Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from: Vec::new() };
        return t.op(op, &node.inputs);
    }
    t.op(Op::Lift { axes: Vec::new(), dims: x.dims.clone(), from }, &[y])
}

fn all(x: &Type) -> Vec<usize> {
    (0..x.dims.len()).collect()
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let Op::Reduce { op, over } = &at.op else { return Err(Terms::bug("reduce")) };
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a reduction that does not move"))?;
    let sum = Op::Reduce { op: BigOp::Sum, over: over.clone() };
    match op {
        BigOp::Sum | BigOp::Mean => t.op(at.op.clone(), &[tangent]),
        BigOp::Max | BigOp::Min => {
            let chosen = t.op(Op::First { op: *op, over: over.clone() }, &at.inputs)?;
            let product = t.times(chosen, tangent)?;
            t.op(sum, &[product])
        }
        BigOp::Prod => {
            let others = t.op(Op::Others { over: over.clone() }, &at.inputs)?;
            let product = t.times(others, tangent)?;
            t.op(sum, &[product])
        }
    }
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Reduce { op, over } = &at.op else { return Err(Terms::bug("reduce")) };
    let x = t.ty(at.inputs[0]);
    match op {
        BigOp::Sum => spread(t, cotangent, over, &x),
        BigOp::Mean => {
            let count = count(t, over, &x)?;
            let share = t.quotient(cotangent, count)?;
            spread(t, share, over, &x)
        }
        BigOp::Max | BigOp::Min => {
            let chosen = t.op(Op::First { op: *op, over: over.clone() }, &at.inputs)?;
            let spread = spread(t, cotangent, over, &x)?;
            t.times(chosen, spread)
        }
        BigOp::Prod => {
            let others = t.op(Op::Others { over: over.clone() }, &at.inputs)?;
            let spread = spread(t, cotangent, over, &x)?;
            t.times(others, spread)
        }
    }
}

fn infer_inner(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`inner`")?;
    let both = same_shape(inputs, c, "inner-shapes", "`inner`")?;
    Ok(both.with_dims(Vec::new()))
}

fn spec_inner(_: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let place = Place::locals(0, inputs[0].dims.len());
    let read = vec![place.clone(), place];
    Some(Spec::new(inputs[0].dims.clone(), read, Place::of(&[])))
}

fn inner_vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    t.scale(cotangent, at.inputs[1 - k])
}

/// `sum`, `mean`, `max`, `min`, `prod`.
pub(crate) static REDUCE: OpDef = OpDef {
    name: "reduce",
    infer: infer_reduce,
    notation: Notation::Own,
    cost: Cost::Input(1),
    eval: Eval::Whole(instances_of!(Wholes, fold::reduce)),
    spec: Some(spec_reduce),
    reach: Some(fold::reach),
    differential: Differential::Custom { jvp, vjp },
    lowering: Lowering::Fold,
    kink: None,
    samples: &[
        "A : R[n, m]; sum(A)",
        "A : R[n, m]; sum(A, axis = 0)",
        "A : R[n, m]; mean(A, axis = 1)",
        "x : R[n] per N; mean[N] x",
        "X : R[n, N]; sum[N] X",
        "A : R[n, m]; max(A)",
        "A : R[n, m]; min(A, axis = 1)",
        "A : R[n, m]; mean(A, axis = 0)",
        "A : R[n, m]; max(A, axis = 0)",
        "A : R[n, m]; prod(A, axis = 1)",
        "A : R[n, m] per N; prod(A, axis = 0)",
        "A : R[n, m] per N; mean(A, axis = 1)",
        "x : R[1, n]; sum(x, axis = 1)",
        "x : R[1, n]; max(x, axis = 0)",
        "x : R[n]; sum(x, axis = 0)",
        "X : R[n, N]; mean[N] X",
        "X : R[n, N]; max[N] X",
        "X : R[N, n]; prod[N] X",
        "X : R[n, m, k]; sum(X)",
        "X : R[n, 1, k]; sum(X, axis = 2)",
        "X : R[n, 1, k] per N; prod(X, axis = 2)",
        "x : R[n] per N; prod[N] x",
        "x : R[n] per N; min[N] x",
        "A : R[n, m]; prod[i in n, j in m] A[i,j]",
        "A : R[n, m] per N; max(A)",
        "x : R[n]; prod(x)",
        "A : R[n, m]; max[i in n] A[i,:]",
    ],
};
/// `sum(A .* B)`
pub(crate) static INNER: OpDef = OpDef {
    name: "inner",
    infer: infer_inner,
    notation: Notation::Call,
    cost: Cost::Input(2),
    eval: Eval::Multilinear,
    spec: Some(spec_inner),
    reach: None,
    differential: Differential::Multilinear { inputs: 2, vjp: inner_vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[
        "A, B : R[n, m]; inner(A, B)",
        "A : R[n, m]; B : R[n, m] per N; inner(A, B)",
        "a, b : R per N; inner(a, b)",
        "a, b : R[1, n] per N; inner(a, b)",
    ],
};
