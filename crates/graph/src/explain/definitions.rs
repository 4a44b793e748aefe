//! What functions are, in terms of simpler ones, and what their derivatives come to by that.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::full::Steps;
use super::{Detail, Fact, Step, call, formula, name, shapes};
use crate::differentiate::{Refusal, gradients, pulled, resolved};
use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Statement};
use crate::op::{Misfit, Op};
use crate::record::{At, Differential};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::{Kind, Type};

/// The definitions, as an equation file.
const TEXT: &str = include_str!("../std/definitions.eqn");

/// A definition: `left` is one op applied to names.
struct Definition {
    left: NodeId,
    right: NodeId,
}

fn definitions() -> &'static (Module, Vec<Definition>) {
    static READ: OnceLock<(Module, Vec<Definition>)> = OnceLock::new();
    READ.get_or_init(|| {
        let parsed = chainrule_syntax::parse(TEXT);
        let blocks: Vec<_> = parsed.file.blocks.iter().collect();
        let (module, _) = crate::elaborate::module_as_written(TEXT, &blocks, &parsed.file.broken);
        let sides = |claim: &crate::module::Claim| match &claim.statement {
            Some(Statement::Links(left, sides)) => {
                Some(Definition { left: *left, right: sides.first()?.1 })
            }
            _ => None,
        };
        let list = module.claims.iter().filter_map(sides).collect();
        (module, list)
    })
}

/// An op's definition over fresh names of a module.
struct Instance {
    /// The op applied to the names.
    value: NodeId,
    /// What it is.
    body: NodeId,
    /// The first argument.
    argument: (SymbolId, NodeId),
    at: At,
}

fn instance(
    steps: &mut Steps,
    op: &Op,
    classes: Option<&Size>,
) -> Result<Option<Instance>, Refusal> {
    let (known, list) = definitions();
    let same = |d: &&Definition| known.graph.node(d.left).op.def().name == op.def().name;
    let Some(found) = list.iter().find(same) else { return Ok(None) };
    let left = known.graph.node(found.left).clone();
    let mut values: BTreeMap<SymbolId, NodeId> = BTreeMap::new();
    let mut inputs = Vec::new();
    let mut argument = None;
    for input in &left.inputs {
        let Some(id) = super::symbol_of(known, *input) else { return Ok(None) };
        let own = known.graph.ty(*input);
        let ty = match (&own.kind, own.dims.len(), classes) {
            (Kind::Label(_), _, Some(n)) => Type::scalar().with_kind(Kind::Label(n.clone())),
            (_, 1, Some(n)) => Type::array(vec![n.clone()]),
            (_, 0, _) => Type::scalar(),
            _ => return Ok(None),
        };
        let (symbol, read) = steps.letter(&known.symbol(id).name, &ty)?;
        argument.get_or_insert((symbol, read));
        values.insert(id, read);
        inputs.push(read);
    }
    let Some(argument) = argument else { return Ok(None) };
    let module = &mut steps.module;
    let value = Terms::of(module).op(left.op.clone(), &inputs)?;
    let body = built(known, found.right, module, &values)?;
    let at = At { op: left.op, node: value, inputs, riding: Vec::new() };
    Ok(Some(Instance { value, body, argument, at }))
}

/// A term of the definitions over the names of a module.
fn built(
    known: &Module,
    root: NodeId,
    module: &mut Module,
    values: &BTreeMap<SymbolId, NodeId>,
) -> Result<NodeId, Refusal> {
    let mut done: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in super::flat::behind(known, root) {
        let node = known.graph.node(id);
        let now = match super::symbol_of(known, id).and_then(|s| values.get(&s)) {
            Some(value) => *value,
            None => {
                let inputs: Vec<NodeId> = node.inputs.iter().map(|i| done[i]).collect();
                let dims = inputs.first().map(|i| module.graph.ty(*i).dims.clone());
                let op = match &node.op {
                    // The sizes of the definitions are not those of the module.
                    Op::Lift { from, .. } if from.is_empty() => Op::Lift {
                        axes: Vec::new(),
                        dims: sizes_of(known, node, module, values),
                        from: Vec::new(),
                    },
                    Op::Lift { from, .. } => Op::Lift {
                        axes: Vec::new(),
                        dims: dims.unwrap_or_default(),
                        from: from.clone(),
                    },
                    op => op.clone(),
                };
                Terms::of(module).op(op, &inputs)?
            }
        };
        done.insert(id, now);
    }
    Ok(done[&root])
}

/// The dims of a term of the definitions, in the sizes of the module: those of its vectors.
fn sizes_of(
    known: &Module,
    node: &crate::graph::Node,
    module: &Module,
    values: &BTreeMap<SymbolId, NodeId>,
) -> Vec<Size> {
    let vector = values.iter().find(|(s, _)| known.symbol(**s).ty.dims == node.ty.dims);
    vector.map_or_else(Vec::new, |(_, v)| module.graph.ty(*v).dims.clone())
}

/// The classes or entries that a function of vectors runs over.
fn classes(module: &Module, at: &At) -> Option<Size> {
    let ty = module.graph.ty(*at.inputs.first()?);
    match &at.op {
        Op::Softmax { axis: Some(axis) }
        | Op::LogSoftmax { axis: Some(axis) }
        | Op::LogSumExp { axis: Some(axis) } => ty.dims.get(*axis).cloned(),
        _ => match ty.element_dims(&module.sizes).as_slice() {
            [one] => Some(ty.dims[*one].clone()),
            _ => None,
        },
    }
}

/// The definition of a node's op and its derivative by it; nothing for ops without a definition.
pub(super) fn defined(steps: &mut Steps, node: NodeId) -> Result<Vec<Step>, Refusal> {
    let at = Terms::of(&mut steps.module).at(node);
    let classes = classes(&steps.module, &at);
    let Some(it) = instance(steps, &at.op, classes.as_ref())? else { return Ok(Vec::new()) };
    let module = &mut steps.module;
    let function = it.at.op.def().name;
    let step =
        |module: &Module, left: Option<chainrule_syntax::ast::Expr>, a, b, reason: &str| Step {
            detail: Detail {
                left,
                right: formula(module, b),
                reason: reason.into(),
                shapes: shapes(module, b),
            },
            fact: Fact::Equal(a, b),
        };
    let written = crate::raise::expr(module, it.value);
    let definition = step(module, Some(written.clone()), it.value, it.body, "the definition");
    let mut out = vec![definition];
    let ty = module.graph.ty(it.value).clone();
    if !ty.is_scalar() {
        // A softmax: its Jacobian is said entry by entry.
        return Ok(out);
    }
    let by_body = gradients(module, it.body, &[it.argument.0])?[0];
    let by_record = record(module, &it)?;
    let argument = name(&module.symbol(it.argument.0).name);
    let left = match it.at.op.def().differential {
        Differential::Pointwise(_) => call(function, 1, vec![argument]),
        _ => call("grad", 0, vec![written, argument]),
    };
    let (by_body, by_record) = (plain(module, by_body)?, plain(module, by_record)?);
    let (by_body, by_record) = (steps.tidy(by_body), steps.tidy(by_record));
    let module = &steps.module;
    out.push(step(module, Some(left), by_record, by_body, "the definition differentiated"));
    if by_body != by_record {
        out.push(step(module, None, by_body, by_record, "written with the function itself"));
    }
    Ok(out)
}

fn plain(module: &mut Module, node: NodeId) -> Result<NodeId, Refusal> {
    resolved(module, node, &mut BTreeMap::new())
}

/// The derivative as the record says it.
fn record(module: &mut Module, it: &Instance) -> Result<NodeId, Refusal> {
    let mut t = Terms::of(module);
    let made = match it.at.op.def().differential {
        Differential::Pointwise(partial) => partial(&mut t, &it.at, 0)?,
        _ => {
            let one = t.number(1.0)?;
            pulled(&mut t, &it.at, one, 0)?
        }
    };
    made.ok_or_else(|| Refusal::from(Misfit::new("bug", "a function without a derivative")))
}
