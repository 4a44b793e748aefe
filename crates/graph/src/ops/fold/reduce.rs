//! Sums, means, extrema, products over axes.

use chainrule_syntax::ast::BigOp;

use super::groups::{extremes, groups};
use super::{count, dims_of, extents, kept_place, reach, reduced, spread};
use crate::index::NodeId;
use crate::instances_of;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef, Over};
use crate::ops::numbers;
use crate::record::{At, Differential, Eval, Lowering, Made, Whole};
use crate::scalar::Scalar;
use crate::spec::{Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(op: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
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

fn spec(op: &Op, inputs: &[&Type], output: &Type, c: &Context<'_>) -> Option<Spec> {
    let Op::Reduce { op: word, over } = op else { return None };
    let x = inputs[0];
    let divide = match word {
        BigOp::Sum => Vec::new(),
        BigOp::Mean => extents(over, x, c.axes)?,
        _ => return None,
    };
    let places = dims_of(over, x);
    let read = vec![Place::locals(0, x.dims.len())];
    let output = kept_place(x.dims.len(), &places, output);
    Some(Spec { divide, ..Spec::new(x.dims.clone(), read, output) })
}

fn eval<S: Scalar>(w: &Whole<'_>, inputs: &[&[S]]) -> Option<Vec<S>> {
    let Op::Reduce { op, .. } = w.op else { return None };
    let (x, groups) = (inputs[0], groups(&w.inputs[0], w.places));
    Some(match op {
        BigOp::Max | BigOp::Min => {
            let best = extremes(*op, x, &groups);
            best.into_iter().collect::<Option<Vec<usize>>>()?.into_iter().map(|i| x[i]).collect()
        }
        _ => {
            let mut out = vec![S::from_f64(1.0); groups.0];
            x.iter().zip(&groups.1).for_each(|(v, group)| out[*group] = out[*group] * *v);
            out
        }
    })
}

/// What an entry's change counts: 1 where the extreme stands, the product of the others.
fn weight(t: &mut Terms<'_>, at: &At) -> Result<Option<NodeId>, Misfit> {
    let Op::Reduce { op, over } = &at.op else { return Err(Terms::bug("reduce")) };
    let over = over.clone();
    match op {
        BigOp::Sum | BigOp::Mean => Ok(None),
        BigOp::Max | BigOp::Min => t.op(Op::First { op: *op, over }, &at.inputs).map(Some),
        BigOp::Prod => t.op(Op::Others { over }, &at.inputs).map(Some),
    }
}

fn jvp(t: &mut Terms<'_>, at: &At, tangents: &[Option<NodeId>]) -> Made {
    let Op::Reduce { over, .. } = &at.op else { return Err(Terms::bug("reduce")) };
    let tangent = tangents[0].ok_or_else(|| Terms::bug("a reduction that does not move"))?;
    let Some(weight) = weight(t, at)? else { return t.op(at.op.clone(), &[tangent]) };
    let product = t.times(weight, tangent)?;
    t.op(Op::Reduce { op: BigOp::Sum, over: over.clone() }, &[product])
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Reduce { op, over } = &at.op else { return Err(Terms::bug("reduce")) };
    let x = t.ty(at.inputs[0]);
    if let Some(weight) = weight(t, at)? {
        let copies = spread(t, cotangent, over, &x)?;
        return t.times(weight, copies);
    }
    if *op == BigOp::Sum {
        return spread(t, cotangent, over, &x);
    }
    let count = count(t, over, &x)?;
    let share = t.quotient(cotangent, count)?;
    spread(t, share, over, &x)
}

/// `sum`, `mean`, `max`, `min`, `prod`.
pub(crate) static REDUCE: OpDef = OpDef {
    name: "reduce",
    infer,
    notation: Notation::Own,
    cost: Cost::Input(1),
    eval: Eval::Whole(instances_of!(Wholes, eval)),
    spec: Some(spec),
    reach: Some(reach),
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
        "x : R[n] per N; prod[N] x",
        "X : R[n, 1, k]; sum(X, axis = 2)",
        "X : R[n, 1, k] per N; prod(X, axis = 2)",
        "x : R[n] per N; min[N] x",
        "A : R[n, m]; prod[i in n, j in m] A[i,j]",
        "A : R[n, m] per N; max(A)",
        "x : R[n]; prod(x)",
        "A : R[n, m]; max[i in n] A[i,:]",
    ],
};
