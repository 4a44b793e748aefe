//! The numerator layout: cotangents as rows, products in the order of the chain.

use std::collections::BTreeMap;

use chainrule_graph::differentiate::{Line, Refusal};
use chainrule_graph::op::Over;
use chainrule_graph::terms::Terms;
use chainrule_graph::{Module, NodeId, Op, SymbolId};
use chainrule_syntax::ast::BigOp;

/// Replaces each line by its transpose, down to the names: `dJ/da = W^T dJ/dz` becomes
/// `dJ/da = dJ/dz W` with both cotangents turned. Arrays with more than two axes stay as they are.
///
/// # Errors
///
/// The graph is full.
pub(super) fn turned(module: &mut Module, lines: &mut [Line]) -> Result<(), Refusal> {
    let mut turn = Turn { rows: BTreeMap::new(), done: BTreeMap::new() };
    for line in lines {
        let value = turn.node(module, line.value)?;
        let name = module.symbol(line.symbol).name.clone();
        let ty = module.graph.ty(value).clone();
        let (symbol, read) = module.declare(&name, chainrule_graph::module::Role::Derived, &ty)?;
        turn.rows.insert(line.symbol, read);
        line.symbol = symbol;
        line.value = value;
    }
    Ok(())
}

struct Turn {
    /// The turned cotangents.
    rows: BTreeMap<SymbolId, NodeId>,
    done: BTreeMap<NodeId, NodeId>,
}

impl Turn {
    /// The transpose of a term.
    fn node(&mut self, module: &mut Module, id: NodeId) -> Result<NodeId, Refusal> {
        if let Some(done) = self.done.get(&id) {
            return Ok(*done);
        }
        let node = module.graph.node(id).clone();
        let turned = if node.ty.dims.is_empty() || node.ty.dims.len() > 2 {
            self.kept(module, id)?
        } else if matches!(node.op, Op::Add | Op::Sub) && !self.is_read(module, id) {
            Terms::of(module).transpose(id)?
        } else {
            match &node.op {
                Op::Symbol { id: symbol, .. } if self.rows.contains_key(symbol) => {
                    self.rows[symbol]
                }
                Op::MatMul if node.inputs.iter().all(|i| is_array(module, *i)) => {
                    let (a, b) = (node.inputs[0], node.inputs[1]);
                    let (a, b) = (self.node(module, a)?, self.node(module, b)?);
                    Terms::of(module).op(Op::MatMul, &[b, a])?
                }
                Op::Transpose => self.kept(module, node.inputs[0])?,
                Op::Add | Op::Sub | Op::Neg | Op::Hadamard | Op::HadamardQuotient => {
                    let inputs: Result<Vec<NodeId>, Refusal> =
                        node.inputs.iter().map(|i| self.node(module, *i)).collect();
                    Terms::of(module).op(node.op.clone(), &inputs?)?
                }
                Op::Scale => {
                    let number = self.kept(module, node.inputs[0])?;
                    let array = self.node(module, node.inputs[1])?;
                    Terms::of(module).op(Op::Scale, &[number, array])?
                }
                Op::Quotient => {
                    let array = self.node(module, node.inputs[0])?;
                    let number = self.kept(module, node.inputs[1])?;
                    Terms::of(module).op(Op::Quotient, &[array, number])?
                }
                Op::Reduce { over: Over::Named(_), .. } => {
                    let inner = self.node(module, node.inputs[0])?;
                    Terms::of(module).op(node.op.clone(), &[inner])?
                }
                // The sum over the samples of a matrix: ones in front.
                Op::Reduce { op: BigOp::Sum, over: Over::Dims(places) }
                    if places[..] == [1] && module.graph.ty(node.inputs[0]).dims.len() == 2 =>
                {
                    let count = module.graph.ty(node.inputs[0]).dims[1].clone();
                    let inner = self.node(module, node.inputs[0])?;
                    let mut terms = Terms::of(module);
                    let ones = terms.op(Op::Ones { dims: vec![count] }, &[])?;
                    let ones = terms.transpose(ones)?;
                    terms.op(Op::MatMul, &[ones, inner])?
                }
                _ => {
                    let kept = self.kept(module, id)?;
                    Terms::of(module).transpose(kept)?
                }
            }
        };
        self.done.insert(id, turned);
        Ok(turned)
    }

    /// Whether a term reads a cotangent that is turned.
    fn is_read(&self, module: &Module, id: NodeId) -> bool {
        super::blocks::reads(module, id).iter().any(|s| self.rows.contains_key(s))
    }

    /// The term itself, with turned cotangents turned back where it reads them.
    fn kept(&self, module: &mut Module, id: NodeId) -> Result<NodeId, Refusal> {
        let mut order = Vec::new();
        let mut open = vec![id];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                order.push(id);
                open.extend(&module.graph.node(id).inputs);
            }
        }
        order.sort();
        let mut made: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for id in order {
            let node = module.graph.node(id).clone();
            let new = match &node.op {
                Op::Symbol { id: symbol, ty } => match self.rows.get(symbol) {
                    Some(row) if matches!(ty.dims.len(), 1 | 2) => {
                        Terms::of(module).transpose(*row)?
                    }
                    Some(row) => *row,
                    None => id,
                },
                _ => {
                    let inputs: Vec<NodeId> =
                        node.inputs.iter().map(|i| made.get(i).copied().unwrap_or(*i)).collect();
                    if inputs[..] == node.inputs[..] {
                        id
                    } else {
                        Terms::of(module).op(node.op.clone(), &inputs)?
                    }
                }
            };
            made.insert(id, new);
        }
        Ok(made.get(&id).copied().unwrap_or(id))
    }
}

fn is_array(module: &Module, id: NodeId) -> bool {
    !module.graph.ty(id).dims.is_empty()
}
