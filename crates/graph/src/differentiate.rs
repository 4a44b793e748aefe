//! Differentiation: reverse and forward mode over bindings, from one differential per op.
//!
//! A derivation walks the bindings: a named value is a leaf in every later line, and its cotangent
//! (or tangent) gets a name too. Rules speak of the named value, never of a node's number.
//! Derivatives as expressions are *resolved*: replaced by the formula they come to.

mod forward;
mod jacobian;
mod resolve;
mod reverse;
mod structure;
mod substitute;

use std::collections::BTreeMap;

use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Binding, Module, Role};
use crate::op::{Misfit, Op, Over};
use crate::record::{At, Differential};
use crate::terms::Terms;
pub(crate) use resolve::resolve;
pub use resolve::resolved;
pub(crate) use reverse::pulled;
pub use reverse::{Derivation, Line};
pub use substitute::substituted;

/// Why there is no derivative, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal(pub String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl From<Misfit> for Refusal {
    fn from(misfit: Misfit) -> Refusal {
        Refusal(misfit.message)
    }
}

/// The gradients of `of`, a number (or one number a sample), by each of `wrt`, as terms over the
/// names of `module`. Each is the total derivative, whatever else is asked for; the definitions
/// behind an intermediate name do not count for it.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub fn gradients(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
) -> Result<Vec<NodeId>, Refusal> {
    let of = resolved(module, of, &mut BTreeMap::new())?;
    gradients_of_resolved(module, of, wrt)
}

/// The same, with a name for the cotangent of every named value on the way: the lines of a
/// derivation, outermost first.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub fn derivation(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
) -> Result<Derivation, Refusal> {
    let of = resolved(module, of, &mut BTreeMap::new())?;
    reverse::derive(module, of, wrt, reverse::Naming::Total)
}

/// The same; a line of a name that a stable form looked through may leave that part out.
pub(crate) fn stable_derivation(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
) -> Result<Derivation, Refusal> {
    let of = resolved(module, of, &mut BTreeMap::new())?;
    reverse::derive(module, of, wrt, reverse::Naming::Stable)
}

/// The gradients of a term without derivative operators.
fn gradients_of_resolved(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
) -> Result<Vec<NodeId>, Refusal> {
    Ok(reverse::derive(module, of, wrt, reverse::Naming::None)?.gradients)
}

/// The tangent of `of` when each of the names moves as given; zeros if it does not move.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub fn tangent(
    module: &mut Module,
    of: NodeId,
    seeds: &[(SymbolId, NodeId)],
) -> Result<NodeId, Refusal> {
    let of = resolved(module, of, &mut BTreeMap::new())?;
    let ty = module.graph.ty(of).clone();
    match forward::tangent(module, of, seeds)? {
        Some(node) => Ok(node),
        None => Ok(Terms::of(module).zeros(&ty)?),
    }
}

/// What a binding is differentiated as: with its stable form, unless that looked through one of the
/// names.
fn value_of(binding: &Binding, wrt: &[SymbolId]) -> NodeId {
    if binding.through.iter().any(|s| wrt.contains(s)) { binding.value } else { binding.stable }
}

/// A derivative within one sample must not pass a sum over the samples.
fn no_mixing(module: &Module, at: &At, apart: &[AxisId]) -> Result<(), Refusal> {
    let gone: &[AxisId] = match &at.op {
        Op::Reduce { over: Over::Named(axes), .. } | Op::Collect { axes, .. } => axes,
        Op::Scatter { over, .. } => over,
        _ => return Ok(()),
    };
    match gone.iter().find(|a| apart.contains(a)) {
        None => Ok(()),
        Some(axis) => {
            let axis = &module.axes.get(*axis).name;
            Err(Refusal(format!(
                "a derivative within one sample of `{axis}`, of a value that mixes them all: `{}`",
                crate::raise::text(module, at.node)
            )))
        }
    }
}

/// Which names move with `wrt`, through definitions; `wrt` themselves are leaves. What is constant
/// piece by piece does not move: a label that was computed, a comparison.
struct Activity {
    /// What reads the names counts, whether it moves or not.
    reads: bool,
    /// For each symbol.
    names: Vec<bool>,
    /// For each node, as far as the graph reaches now.
    nodes: Vec<Option<bool>>,
}

impl Activity {
    /// What moves with the names.
    fn of(module: &Module, wrt: &[SymbolId], written: &[SymbolId]) -> Activity {
        Activity::counting(module, wrt, written, false)
    }

    /// What reads the names.
    fn reading(module: &Module, wrt: &[SymbolId]) -> Activity {
        Activity::counting(module, wrt, wrt, true)
    }

    fn counting(module: &Module, wrt: &[SymbolId], written: &[SymbolId], reads: bool) -> Activity {
        let mut activity = Activity {
            reads,
            names: vec![false; module.symbols.len()],
            nodes: vec![None; module.graph.len()],
        };
        wrt.iter().for_each(|s| activity.names[s.index()] = true);
        for binding in &module.bindings {
            if !wrt.contains(&binding.symbol) {
                let active = activity.node(module, value_of(binding, written));
                activity.names[binding.symbol.index()] = active;
            }
        }
        activity
    }

    /// Whether a node depends on them; node by node, never by recursion.
    fn node(&mut self, module: &Module, root: NodeId) -> bool {
        let mut open = vec![root];
        self.nodes.resize(module.graph.len(), None);
        while let Some(&id) = open.last() {
            let node = module.graph.node(id);
            let missing: Vec<NodeId> =
                node.inputs.iter().filter(|i| self.nodes[i.index()].is_none()).copied().collect();
            if missing.is_empty() {
                let still = matches!(node.op.def().differential, Differential::Zero);
                let active = match node.op {
                    Op::Symbol { id, .. } => self.names.get(id.index()).copied().unwrap_or(false),
                    _ if still && !self.reads => false,
                    _ => node.inputs.iter().any(|i| self.nodes[i.index()] == Some(true)),
                };
                self.nodes[id.index()] = Some(active);
                open.pop();
            } else {
                open.extend(missing);
            }
        }
        self.nodes[root.index()] == Some(true)
    }
}

/// Adds a derived name with its formula.
pub(crate) fn name(module: &mut Module, text: String, value: NodeId) -> Result<NodeId, Refusal> {
    let ty = module.graph.node(value).ty.clone();
    let id = SymbolId::new(module.symbols.len());
    let span = chainrule_syntax::Span::default();
    module.symbols.push(crate::module::Symbol {
        name: text,
        role: Role::Derived,
        ty: ty.clone(),
        span,
        type_span: None,
    });
    module.bindings.push(Binding {
        symbol: id,
        value,
        stable: value,
        through: Vec::new(),
        span,
        value_span: span,
    });
    Ok(Terms::of(module).op(Op::Symbol { id, ty }, &[])?)
}

/// Contributions by symbol.
type Contributions = BTreeMap<SymbolId, NodeId>;
