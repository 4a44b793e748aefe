//! Derivatives as expressions; differentiation replaces them by what they come to.
//!
//! The gradient of a scalar has the shape of the variable. A Jacobian has rows for outputs and
//! columns for inputs, both by `vec`. With a batch axis everything is taken within one sample.

use super::numbers;
use crate::op::{Context, Cost, Misfit, Notation, Op, OpDef};
use crate::record::{Differential, Eval, Lowering};
use crate::size::Size;
use crate::types::{Kind, Type};

fn infer_prime(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    numbers(inputs, c, "a derivative")?;
    Ok(inputs[0].with_kind(Kind::Real))
}

/// The number of entries.
fn entries(ty: &Type) -> Result<Size, Misfit> {
    Ok(Size::product(&ty.dims)?)
}

fn differentiable(x: &Type, at: usize, c: &Context<'_>) -> Result<(), Misfit> {
    if x.is_number() && x.kind != Kind::Integer {
        return Ok(());
    }
    let what = if x.kind == Kind::Integer { "a whole number".into() } else { c.shape(x) };
    Err(Misfit::new("not-differentiable", "a derivative is taken by real values only")
        .operand(at, what))
}

fn infer_grad(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let (f, x) = (inputs[0], inputs[1]);
    numbers(&[f], c, "a derivative")?;
    differentiable(x, 1, c)?;
    if !f.is_scalar() {
        let message = "a gradient is that of a number";
        return Err(Misfit::new("gradient-of-array", message)
            .operand(0, format!("has shape {}", c.shape(f))));
    }
    Ok(Type { axes: f.union(x), dims: x.dims.clone(), kind: Kind::Real })
}

fn infer_jac(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let (f, x) = (inputs[0], inputs[1]);
    numbers(&[f], c, "`jac`")?;
    differentiable(x, 1, c)?;
    let (rows, columns) = (entries(f)?, entries(x)?);
    let dims = if f.is_scalar() && x.is_scalar() { Vec::new() } else { vec![rows, columns] };
    Ok(Type { axes: f.union(x), ..Type::array(dims) })
}

fn infer_hess(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let (l, x) = (inputs[0], inputs[1]);
    let gradient = infer_grad(&Op::Grad, inputs, c)?;
    let n = entries(x)?;
    let dims: Vec<Size> = if x.is_scalar() { Vec::new() } else { vec![n.clone(), n] };
    let kind = if l.is_scalar() && !x.is_scalar() { Kind::Sym } else { Kind::Real };
    Ok(gradient.with_dims(dims).with_kind(kind))
}

fn infer_hvp(_: &Op, inputs: &[&Type], c: &Context<'_>) -> Result<Type, Misfit> {
    let gradient = infer_grad(&Op::Grad, inputs, c)?;
    let (x, q) = (inputs[1], inputs[2]);
    if x.dims != q.dims {
        let message = "`hvp(L, x, q)` needs a vector `q` of the shape of `x`";
        return Err(Misfit::new("hvp-shape", message)
            .operand(1, c.shape(x))
            .operand(2, c.shape(q)));
    }
    Ok(Type { axes: crate::types::union(&gradient.axes, &q.axes), ..gradient })
}

const fn op(name: &'static str, infer: crate::op::Infer, notation: Notation) -> OpDef {
    OpDef {
        name,
        infer,
        notation,
        cost: Cost::Free,
        eval: Eval::Resolved,
        spec: None,
        reach: None,
        differential: Differential::Refused("a derivative stands where its formula should"),
        lowering: Lowering::Opaque,
        kink: None,
        samples: &[],
    }
}

/// `f'(x)`
pub(crate) static PRIME: OpDef = op("prime", infer_prime, Notation::Own);
/// `dJ/dX`
pub(crate) static GRAD: OpDef = op("grad", infer_grad, Notation::Call);
/// `jac(F, X)`
pub(crate) static JAC: OpDef = op("jac", infer_jac, Notation::Own);
/// `hess(l, z)`
pub(crate) static HESS: OpDef = op("hess", infer_hess, Notation::Call);
/// `hvp(L, x, q)`
pub(crate) static HVP: OpDef = op("hvp", infer_hvp, Notation::Call);
