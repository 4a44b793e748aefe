//! What one forward evaluation costs: operations and bytes, as polynomials in the sizes.
//!
//! A multiplication with an addition counts two operations, any other entry-wise operation or
//! function one an entry (see [`Cost`]). Every term counts once, however often it is used. With a
//! batch axis N the result is a polynomial in N: its linear part is the cost of a row.

use std::collections::BTreeSet;

use crate::index::{NodeId, SizeId};
use crate::module::Module;
use crate::op::Cost;
use crate::size::{Ratio, Size, TooLarge};
use crate::types::Type;

/// Bytes of a value in training: single precision.
pub const BYTES: i64 = 4;

/// The cost of a model's equations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Forward {
    /// Floating-point operations of all equations.
    pub flops: Size,
    /// Bytes of all named values that are computed.
    pub value_bytes: Size,
    /// Bytes of the parameters.
    pub parameter_bytes: Size,
}

/// The entries of a value, all axes counted.
///
/// # Errors
///
/// The polynomial outgrows its bounds.
pub fn points(module: &Module, ty: &Type) -> Result<Size, TooLarge> {
    let mut total = Size::product(&ty.dims)?;
    for axis in &ty.axes {
        if let Some(extent) = &module.axes.get(*axis).extent {
            total = total.times(extent)?;
        }
    }
    Ok(total)
}

/// Operations of one node.
///
/// # Errors
///
/// The polynomial outgrows its bounds.
pub fn node_flops(module: &Module, id: NodeId) -> Result<Size, TooLarge> {
    let node = module.graph.node(id);
    let input = |i: usize| points(module, module.graph.ty(node.inputs[i]));
    match node.op.def().cost {
        Cost::Free => Ok(Size::number(0)),
        Cost::Output(k) => points(module, &node.ty)?.times(&Size::number(k)),
        Cost::Input(k) => input(0)?.times(&Size::number(k)),
        Cost::MatMul => {
            let inner = module.graph.ty(node.inputs[0]).matrix().map(|(_, k)| k);
            let inner = inner.unwrap_or_else(|| Size::number(1));
            points(module, &node.ty)?.times(&inner)?.times(&Size::number(2))
        }
        Cost::Cubic(k) => {
            let rows = module.graph.ty(node.inputs[0]).matrix().map(|(n, _)| n);
            input(0)?.times(&rows.unwrap_or_else(|| Size::number(1)))?.times(&Size::number(k))
        }
    }
}

/// The cost of all equations of `module`, metrics left out.
///
/// # Errors
///
/// A polynomial outgrows its bounds.
pub fn forward(module: &Module) -> Result<Forward, TooLarge> {
    let mut seen = BTreeSet::new();
    let (mut flops, mut entries) = (Vec::new(), Vec::new());
    for binding in &module.bindings {
        if module.metrics.contains(&binding.symbol) {
            continue;
        }
        let mut open = vec![binding.value];
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                flops.push(node_flops(module, id)?);
                open.extend(&module.graph.node(id).inputs);
            }
        }
        entries.push(points(module, module.graph.ty(binding.value))?);
    }
    let bytes = Ratio::whole_number(i128::from(BYTES));
    Ok(Forward {
        flops: Size::total(&flops)?,
        value_bytes: Size::total(&entries)?.scaled(bytes)?,
        parameter_bytes: module.parameter_count().scaled(bytes)?,
    })
}

/// The batch axis that costs are counted by: the first one declared.
pub fn batch(module: &Module) -> Option<SizeId> {
    module.sizes.base().find(|(_, def)| def.batch).map(|(id, _)| id)
}
