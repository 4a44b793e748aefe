//! All entries as one column.

use super::{call, identity};
use crate::index::NodeId;
use crate::op::{Context, Misfit, Notation, Op, OpDef};
use crate::ops::numbers;
use crate::record::{At, Made};
use crate::size::Size;
use crate::spec::{Ix, Map, Place, Spec};
use crate::terms::Terms;
use crate::types::Type;

fn infer(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "`vec`")?;
    let x = inputs[0];
    Ok(x.with_dims(vec![Size::product(&x.dims)?]))
}

/// The first index runs fastest: `i + n (j + m k)`.
fn spec(op: &Op, inputs: &[&Type], _: &Type, _: &Context<'_>) -> Option<Spec> {
    let Op::Vec { row } = op else { return None };
    let dims = &inputs[0].dims;
    let mut map = Map::number(0);
    let mut stride = Size::number(1);
    let order: Vec<usize> =
        if *row { (0..dims.len()).rev().collect() } else { (0..dims.len()).collect() };
    for i in order {
        map.terms.push((Ix::Local(i as u32), stride.clone()));
        stride = stride.times(&dims[i]).ok()?;
    }
    Some(Spec::new(dims.clone(), vec![identity(inputs[0])], Place::maps(vec![map])))
}

fn vjp(t: &mut Terms<'_>, at: &At, cotangent: NodeId, _: usize) -> Made {
    let Op::Vec { row } = at.op else { return Err(Terms::bug("vec")) };
    let dims = t.ty(at.inputs[0]).dims;
    if row || dims.len() < 2 {
        return t.reshape(cotangent, &dims);
    }
    let turned: Vec<Size> = dims.iter().rev().cloned().collect();
    let turned = t.op(Op::Reshape { dims: turned }, &[cotangent])?;
    if dims.len() == 2 {
        return if t.ty(turned).dims.len() == 2 {
            t.transpose(turned)
        } else {
            t.reshape(turned, &dims)
        };
    }
    let letters = ["i", "j", "k", "l"].into_iter().cycle();
    let turned_dims = dims.iter().rev().zip(letters);
    let names: Vec<_> = turned_dims.map(|(d, name)| t.fresh_axis(name, d.clone())).collect();
    let entry = t.entry(turned, &names)?;
    let back: Vec<_> = names.into_iter().rev().collect();
    t.collect(entry, &back)
}

/// All entries as one column.
pub(crate) static VEC: OpDef = OpDef {
    notation: Notation::Own,
    ..call(
        "vec",
        infer,
        spec,
        1,
        vjp,
        &[
            "A : R[n, m]; vec(A)",
            "A : R[n, m]; vec(A, order = row)",
            "A : R[n, m, k]; vec(A)",
            "A : R[n, m, k]; vec(A, order = row)",
            "A : R[n, m, k] per N; vec(A)",
            "A : R[1, n]; vec(A)",
            "a : R; vec(a)",
        ],
    )
};
