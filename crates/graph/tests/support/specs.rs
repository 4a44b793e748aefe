//! A stated transpose against the transposed index maps.

use std::rc::Rc;

use chainrule_graph::index::NodeId;
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::terms::Terms;
use chainrule_graph::{Kind, Module, Type, differentiate};

use super::draw;
use super::figures::{Figures, SPEC};
use super::problem::free;

/// For an op with index maps: its reverse rule, for each real input, against the maps turned round,
/// at fresh names for the inputs and the cotangent. How many inputs were compared.
///
/// # Errors
///
/// A rule refuses, or a value does not exist.
pub(crate) fn check(
    module: &Module,
    numbers: &Numbers,
    node: NodeId,
    seed: u64,
    out: &mut Figures,
) -> Result<usize, String> {
    let old = module.graph.node(node).clone();
    let types: Vec<Type> = old.inputs.iter().map(|i| module.graph.ty(*i).clone()).collect();
    let borrowed: Vec<&Type> = types.iter().collect();
    let Some(spec) = old.op.def().spec else { return Ok(0) };
    let Some(spec) = spec(&old.op, &borrowed, &old.ty, &module.context()) else { return Ok(0) };
    let mut module = module.clone();
    let names: Vec<_> = types.iter().map(|ty| free(&mut module, "x", ty)).collect();
    let nodes: Vec<NodeId> = names.iter().map(|(_, node)| *node).collect();
    let (c, cotangent) = free(&mut module, "c", &old.ty.with_kind(Kind::Real));
    let mut t = Terms::of(&mut module);
    let made = |e: chainrule_graph::Misfit| e.message;
    let value = t.op(old.op.clone(), &nodes).map_err(made)?;
    let inner = t.inner(cotangent, value).map_err(made)?;
    let axes = t.ty(inner).axes;
    let loss = t.sum_axes(inner, axes).map_err(made)?;
    let wrt: Vec<_> = names.iter().take(spec.inputs.len()).map(|(id, _)| *id).collect();
    let rules = differentiate::gradients(&mut module, loss, &wrt).map_err(|e| e.to_string())?;
    module.verify()?;
    let values = draw::values(&module, numbers, seed);
    let mut it: Interpreter<'_, f64> = Interpreter::new(&module, numbers.clone());
    for (id, _) in names.iter().chain([&(c, cotangent)]) {
        it.set(*id, values[id.index()].clone().expect("drawn"));
    }
    let given = |id: chainrule_graph::SymbolId| -> Rc<Tensor<f64>> {
        Rc::new(values[id.index()].clone().expect("drawn"))
    };
    for (k, rule) in rules.iter().enumerate() {
        let mut inputs: Vec<_> = names.iter().map(|(id, _)| given(*id)).collect();
        inputs[k] = given(c);
        let turned = it.contraction(&spec.transposed(k), &inputs, &types[k]);
        let turned = turned.map_err(|e| e.to_string())?;
        let stated = it.value(*rule).map_err(|e| e.to_string())?;
        if stated.shape != turned.shape {
            return Err(format!("a cotangent of shape {:?}, not {:?}", stated.shape, turned.shape));
        }
        out.compare(SPEC, &stated.data, &turned.data);
    }
    Ok(rules.len())
}
