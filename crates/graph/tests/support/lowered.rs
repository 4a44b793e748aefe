//! Lowered values against the interpreter's.

use std::collections::BTreeMap;

use chainrule_graph::Module;
use chainrule_graph::index::{NodeId, SymbolId};
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::lower::{self, Lowered, Work};

use super::draw::Values;
use super::figures::{Figures, LOWERED};

/// Lowers terms and checks the structure; nothing if an op over an index has no loop.
///
/// # Errors
///
/// What else refuses, or what is broken.
pub(crate) fn lowered(module: &Module, nodes: &[NodeId]) -> Result<Option<Lowered>, String> {
    let mut module = module.clone();
    let named: Vec<(String, NodeId)> = nodes.iter().map(|n| (String::new(), *n)).collect();
    let lowered = match lower::lower(&mut module, &named) {
        Ok(lowered) => lowered,
        Err(e) if e.to_string().contains("over an index is not lowered") => return Ok(None),
        Err(e) => return Err(format!("not lowered: {e}")),
    };
    let sound = lowered.verify(&module.sizes);
    sound.map_err(|e| format!("{e}\n{}", lowered.text(&module, false)))?;
    Ok(Some(lowered))
}

/// Compares a number with what is lowered, then the rest, which has one scale; whether it is lowered.
///
/// # Errors
///
/// As [`lowered`], or a value does not exist.
pub(crate) fn compare(
    module: &Module,
    numbers: &Numbers,
    nodes: &[NodeId],
    values: &Values,
    out: &mut Figures,
) -> Result<bool, String> {
    let Some(lowered) = lowered(module, nodes)? else { return Ok(false) };
    let mut it: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    let mut inputs: BTreeMap<SymbolId, Tensor<f64>> = BTreeMap::new();
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = value {
            it.set(SymbolId::new(at), value.clone());
        }
    }
    for node in &lowered.nodes {
        if let Work::Input(symbol) = node.work {
            let value = it.given(symbol).ok_or("an input without value")?;
            let ty = &module.symbol(symbol).ty;
            let value = lower::arranged(module, ty, value).map_err(|e| e.to_string())?;
            inputs.insert(symbol, value);
        }
    }
    let found = lowered.evaluate(numbers, &inputs);
    let found = found.map_err(|e| format!("{e}\n{}", lowered.text(module, false)))?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (node, value) in nodes.iter().zip(found) {
        let wanted = it.value(*node).map_err(|e| e.to_string())?;
        let ty = module.graph.ty(*node);
        let wanted = lower::arranged(module, ty, &wanted).map_err(|e| e.to_string())?;
        if wanted.shape != value.shape {
            return Err(format!("lowered to {:?}, not {:?}", value.shape, wanted.shape));
        }
        ours.extend(wanted.data);
        theirs.extend(value.data);
    }
    out.compare(LOWERED, &ours, &theirs);
    Ok(true)
}
