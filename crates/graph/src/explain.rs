//! How a line of a derivation comes about, as data.
//!
//! A line says `dJ/dW = dJ/dz a^T` and names a rule. Here the same is said in full: which equation
//! reads the value, the rule in general, the rule at this place, what is put in and cleaned up; or
//! entry by entry, with sums and deltas. Where a stable form was differentiated (the logarithm of a
//! softmax), the derivation goes the long way through the equations as they are written and ends at
//! the same formula.
//!
//! Nothing here knows an example: everything follows from the records of the ops, from the equations
//! and from the definitions in `std/definitions.eqn`. Every step carries a [`Fact`] that can be
//! checked by numbers; the tests do.

mod cases;
mod definitions;
mod delta;
mod dual;
mod entry;
mod flat;
mod full;
mod index;
mod jacobian;
mod rule;
mod slice;
mod soft;
mod walk;

use chainrule_syntax::Span;
use chainrule_syntax::ast::{Entry, Expr, ExprKind, Index, Name};

use crate::differentiate::{Derivation, Refusal};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::types::{Kind, Type};

pub use dual::{Dual, dual};
pub use jacobian::{Blocks, blocks, jacobian};
pub use slice::{sliced, varied, varied_entry};

/// One equality of an explanation: `left = right   [reason]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Detail {
    /// The left side; without one the chain goes on: `  = right`.
    pub left: Option<Expr>,
    /// The right side.
    pub right: Expr,
    /// Why, in a few words.
    pub reason: String,
    /// The shapes of the factors, or of the value.
    pub shapes: String,
}

/// What an equality says, over the terms of [`Explained::module`].
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// Both are equal, whatever the values of the names.
    Equal(NodeId, NodeId),
    /// The gradient of a number by a name.
    Gradient {
        /// The number, or one number a sample.
        of: NodeId,
        /// The variable.
        wrt: SymbolId,
        /// Its gradient.
        formula: NodeId,
    },
    /// `d of[rows] / d wrt[columns]`
    Entries {
        /// The array.
        of: NodeId,
        /// The variable.
        wrt: SymbolId,
        /// The indices of the array.
        rows: Vec<AxisId>,
        /// The indices of the variable. One that is among `rows` too is the case of equal indices.
        columns: Vec<AxisId>,
        /// What it is.
        formula: NodeId,
        /// Indices for which it is said only where they differ.
        differ: Vec<(AxisId, AxisId)>,
    },
}

/// An equality with what it says.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// As it is printed.
    pub detail: Detail,
    /// As it can be checked.
    pub fact: Fact,
}

/// An explanation and the module that its terms belong to.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// The module that was explained, with names for inner values.
    pub module: Module,
    /// The equalities, in order.
    pub steps: Vec<Step>,
}

impl Explained {
    /// The equalities as they are printed.
    pub fn details(&self) -> Vec<Detail> {
        self.steps.iter().map(|s| s.detail.clone()).collect()
    }
}

/// How far an explanation goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Every rule expanded.
    Full,
    /// Entry by entry, with sums and deltas.
    Index,
}

/// How line `at` of a derivation of `module` comes about.
///
/// # Errors
///
/// There is no such line, an op has no derivative, or a limit is reached.
///
/// ```
/// use chainrule_graph::{differentiate, explain, read};
/// use chainrule_syntax::print;
/// let text = "size n, m\ngiven\n  x : R[m]\n  W : R[n, m]\nnet\n  z = W x\n  J = ||z||^2\n";
/// let mut module = read(text).modules[0].clone();
/// let (j, w) = (module.find("J").ok_or("no J")?, module.find("W").ok_or("no W")?);
/// let j = module.read(j).map_err(|e| e.message)?;
/// let derivation = differentiate::derivation(&mut module, j, &[w])?;
/// let last = derivation.lines.len() - 1;
/// let details = explain::line(&module, &derivation, last, explain::Depth::Index)?;
/// assert!(details.iter().any(|d| print::expr(&d.right) == "1[i == k] x[l]"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn line(
    module: &Module,
    derivation: &Derivation,
    at: usize,
    depth: Depth,
) -> Result<Vec<Detail>, Refusal> {
    explained(module, derivation, at, depth).map(|e| e.details())
}

/// The same, with the facts.
///
/// # Errors
///
/// There is no such line, an op has no derivative, or a limit is reached.
pub fn explained(
    module: &Module,
    derivation: &Derivation,
    at: usize,
    depth: Depth,
) -> Result<Explained, Refusal> {
    match depth {
        Depth::Full => full::full(module, derivation, at),
        Depth::Index => index::index(module, derivation, at),
    }
}

/// A formula as it is read.
fn formula(module: &Module, node: NodeId) -> Expr {
    crate::raise::equation(module, node).right
}

/// A name.
fn name(text: &str) -> Expr {
    let kind = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
        Some((family, member)) if member.parse::<u32>().is_ok() => {
            let base =
                Box::new(Expr { kind: ExprKind::Name(family.into()), span: Span::default() });
            let indices = vec![Index::At(name(member))];
            ExprKind::Access { base, indices, pad: false, bracket: Span::default() }
        }
        _ => ExprKind::Name(text.into()),
    };
    Expr { kind, span: Span::default() }
}

/// A call of a function.
fn call(function: &str, primes: u32, args: Vec<Expr>) -> Expr {
    let function = Name { text: function.into(), span: Span::default() };
    let args =
        args.into_iter().map(|value| chainrule_syntax::ast::Arg { name: None, value }).collect();
    Expr { kind: ExprKind::Call { function, primes, args }, span: Span::default() }
}

/// `z[i]`, or `z` without indices.
fn entry_of(base: Expr, module: &Module, axes: &[AxisId]) -> Expr {
    if axes.is_empty() {
        return base;
    }
    let indices = indices(module, axes);
    let kind =
        ExprKind::Access { base: Box::new(base), indices, pad: false, bracket: Span::default() };
    Expr { kind, span: Span::default() }
}

fn indices(module: &Module, axes: &[AxisId]) -> Vec<Index> {
    axes.iter().map(|a| Index::At(name(&module.axes.get(*a).name))).collect()
}

/// `dz[i]/dW[k,l]`
fn derivative(module: &Module, of: &str, rows: &[AxisId], by: &str, columns: &[AxisId]) -> Expr {
    let entry = |text: &str, axes: &[AxisId]| Entry {
        name: Name { text: text.into(), span: Span::default() },
        indices: (!axes.is_empty()).then(|| indices(module, axes)),
        span: Span::default(),
    };
    let kind = ExprKind::Derivative { of: entry(of, rows), by: vec![entry(by, columns)] };
    Expr { kind, span: Span::default() }
}

/// The shapes of the factors of a product, else that of the value: `(K x N)(N x H)`.
fn shapes(module: &Module, node: NodeId) -> String {
    use crate::op::{Op, Over};
    if module.graph.ty(node).is_scalar() {
        return String::new();
    }
    let own = |id: NodeId| {
        let ty = module.graph.ty(id);
        module.context().shape(&Type { kind: Kind::Real, axes: Vec::new(), dims: ty.dims.clone() })
    };
    let mut at = node;
    loop {
        let n = module.graph.node(at);
        at = match &n.op {
            Op::Reduce { over: Over::Named(_), .. } | Op::Neg | Op::Quotient => n.inputs[0],
            Op::Scale => n.inputs[1],
            _ => break,
        };
    }
    let mut factors = Vec::new();
    let mut open = vec![at];
    while let Some(id) = open.pop() {
        let n = module.graph.node(id);
        match n.op {
            Op::MatMul => open.extend([n.inputs[1], n.inputs[0]]),
            _ if module.graph.ty(id).dims.len() == 1 => factors.push(format!("({} x 1)", own(id))),
            _ => factors.push(format!("({})", own(id))),
        }
    }
    if (2..=4).contains(&factors.len()) { factors.concat() } else { own(node) }
}

/// Whether a name is in use anywhere in a module.
fn is_taken(module: &Module, text: &str) -> bool {
    (0..module.axes.len()).any(|at| module.axes.get(AxisId::new(at)).name == text)
        || module.symbols.iter().any(|s| s.name == text)
        || module.sizes.base().any(|(_, def)| def.name == text)
        || module.sizes.derived().iter().any(|(known, ..)| known == text)
}

/// The first of some names that is free, else one with a number behind it.
fn free_name(module: &Module, choices: &[&str]) -> String {
    match choices.iter().find(|c| !is_taken(module, c)) {
        Some(free) => (*free).into(),
        None => {
            let base = choices.first().copied().unwrap_or("u");
            let numbered = (1..10_000).map(|n| format!("{base}{n}"));
            numbered.into_iter().find(|n| !is_taken(module, n)).unwrap_or_else(|| base.into())
        }
    }
}

/// The name of a symbol that a node reads.
fn symbol_of(module: &Module, node: NodeId) -> Option<SymbolId> {
    match module.graph.node(node).op {
        crate::op::Op::Symbol { id, .. } => Some(id),
        _ => None,
    }
}
