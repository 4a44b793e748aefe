//! `correlate(w, x)`: `y[i] = sum[j] w[j] x[i+j]`, by its index maps.

use chainrule_graph::index::NodeId;
use chainrule_graph::op::{Affine, Context, Cost, Misfit, Notation, Op, OpDef, Position};
use chainrule_graph::record::{At, Differential, Eval, Lowering, Made};
use chainrule_graph::spec::{Ix, Map, Place, Spec};
use chainrule_graph::terms::Terms;
use chainrule_graph::{Size, Type};

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let [w, x] = inputs else {
        return Err(Misfit::new("argument-count", "`correlate` takes two arguments"));
    };
    match (w.dims.as_slice(), x.dims.as_slice()) {
        ([m], [n]) => {
            let left = n.minus(m)?.plus(&Size::number(1))?;
            Ok(Type { axes: w.union(x), ..Type::array(vec![left]) })
        }
        _ => Err(Misfit::new("correlate", "`correlate` needs two columns")
            .operand(0, c.shape(w))
            .operand(1, c.shape(x))),
    }
}

fn spec(_: &Op, inputs: &[&Type], output: &Type, _: &Context<'_>) -> Option<Spec> {
    let space = vec![output.dims[0].clone(), inputs[0].dims[0].clone()];
    let one = Size::number(1);
    let both = Map {
        terms: vec![(Ix::Local(0), one.clone()), (Ix::Local(1), one)],
        constant: Size::number(0),
    };
    let read = vec![Place::of(&[1]), Place::maps(vec![both])];
    Some(Spec::new(space, read, Place::of(&[0])))
}

/// `dw = correlate(Y, x)`; `dx[i+j] += Y[i] w[j]`
fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, k: usize) -> Made {
    let (w, x) = (at.inputs[0], at.inputs[1]);
    if k == 0 {
        let made = t.op(at.op.clone(), &[cotangent, x])?;
        let dims = t.ty(w).dims;
        return t.reshape(made, &dims);
    }
    let (rows, taps) = (t.ty(cotangent).dims[0].clone(), t.ty(w).dims[0].clone());
    let (i, j) = (t.fresh_axis("i", rows), t.fresh_axis("j", taps));
    let (y, w) = (t.entry(cotangent, &[i])?, t.entry(w, &[j])?);
    let product = t.scale(y, w)?;
    let place = Affine { terms: vec![(i, 1), (j, 1)], constant: Size::number(0) };
    let scatter = Op::Scatter {
        positions: vec![Position::Affine(place)],
        dims: t.ty(x).dims,
        over: vec![i, j],
        pad: false,
    };
    t.op(scatter, &[product])
}

/// The record.
pub(crate) static CORRELATE: OpDef = OpDef {
    name: "correlate",
    infer,
    notation: Notation::Call,
    cost: Cost::Output(2),
    eval: Eval::Multilinear,
    spec: Some(spec),
    reach: None,
    differential: Differential::Multilinear { inputs: 2, vjp },
    lowering: Lowering::Multilinear,
    kink: None,
    samples: &[
        "w : R[3]; x : R[m + 2]; correlate(w, x)",
        "w : R[n]; x : R[n + m] per N; correlate(w, x)",
        "w : R[2] per N; x : R[k] per N; correlate(w, x) .* correlate(w, x)",
    ],
};
