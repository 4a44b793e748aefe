//! The simplifier of what is printed: derivatives as a textbook writes them.
//!
//! A value is seen as a sum of terms, a term as a rational coefficient, powers of numbers and one
//! array: a chain of matrix products or a product entry by entry. Numbers stand on the left, equal
//! terms are merged, a factor of all terms is pulled out where that is shorter, transposes stand at
//! the factors, and a value that the author named is its name. Products of sums are never
//! multiplied out. Every rule has a name; those that are equations are the claims of
//! `std/identities.eqn`, used from left to right.
//!
//! What is trained never sees this: a simplified formula has the value of the old one, not its bits.

mod entries;
mod factor;
mod finish;
mod inline;
mod length;
mod named;
mod power;
mod rules;
mod special;
mod sum;
mod term;
mod turn;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::index::NodeId;
use crate::module::Module;
use named::Names;

pub use inline::{inlined, replaced, simplified_lines, written_out};

/// Most terms made for one formula; what is left then stays as it is.
const BUDGET: usize = 4_000;

/// A rule that was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applied {
    /// Its name: a claim of `std/identities.eqn`, or a rule of the arrangement.
    pub rule: String,
    /// The term.
    pub before: NodeId,
    /// What it became.
    pub after: NodeId,
}

/// Simplifies formulas of one module: names are looked up once, shared parts are done once.
///
/// ```
/// use chainrule_graph::{differentiate, raise, simplify::Simplifier};
/// let text = "size n\ngiven\n  A : Sym[n]\n  x : R[n]\nnet\n  J = x^T A x\n";
/// let mut module = chainrule_graph::read(text).modules.remove(0);
/// let (of, x) = (module.find("J").unwrap(), module.find("x").unwrap());
/// let of = module.read(of).unwrap();
/// let gradient = differentiate::gradients(&mut module, of, &[x]).unwrap()[0];
/// let mut simplifier = Simplifier::new(&mut module);
/// let short = simplifier.node(&mut module, gradient);
/// assert_eq!(raise::equation(&module, short).text(), "2 A x");
/// ```
#[derive(Debug)]
pub struct Simplifier {
    /// What a node became.
    done: BTreeMap<NodeId, NodeId>,
    names: Names,
    /// Nodes of the author's equations: their sums keep their order.
    written: BTreeSet<NodeId>,
    lengths: BTreeMap<NodeId, usize>,
    applied: Vec<Applied>,
    left: usize,
    /// How deep rules are used inside rules.
    depth: usize,
    /// Sums that are parts of longer ones.
    inner: BTreeSet<NodeId>,
    /// The formula being simplified.
    root: Option<NodeId>,
    /// Whether what is computed where an entry is 0 must stay.
    exact: bool,
}

impl Simplifier {
    /// A simplifier that writes the names of `module` for their values.
    pub fn new(module: &mut Module) -> Simplifier {
        let mut simplifier = Simplifier::without_names(module);
        simplifier.names = Names::of(&mut simplifier, module, &[]);
        simplifier
    }

    /// The same; a value of these names is written out.
    pub fn except(module: &mut Module, names: &[crate::SymbolId]) -> Simplifier {
        let mut simplifier = Simplifier::without_names(module);
        simplifier.names = Names::of(&mut simplifier, module, names);
        simplifier
    }

    /// A simplifier that puts no name for a value.
    pub fn without_names(module: &Module) -> Simplifier {
        Simplifier {
            done: BTreeMap::new(),
            names: Names::default(),
            written: walk::written(module),
            lengths: BTreeMap::new(),
            applied: Vec::new(),
            left: BUDGET,
            depth: 0,
            inner: BTreeSet::new(),
            root: None,
            exact: false,
        }
    }

    /// The same simplifier for formulas that are computed, not read: no rule divides by what may be
    /// 0. `x / ||x||` stays the direction, which is 0 for `x = 0`, and the products of all other
    /// entries stay, which exist where an entry is 0.
    ///
    /// ```
    /// use chainrule_graph::{Op, differentiate, simplify::Simplifier};
    /// let text = "size n\ngiven\n  x : R[n]\nnet\n  J = ||x||\n";
    /// let mut module = chainrule_graph::read(text).modules.remove(0);
    /// let (of, x) = (module.find("J").unwrap(), module.find("x").unwrap());
    /// let of = module.read(of).unwrap();
    /// let gradient = differentiate::gradients(&mut module, of, &[x]).unwrap()[0];
    /// let mut simplifier = Simplifier::new(&mut module).exact();
    /// let short = simplifier.node(&mut module, gradient);
    /// assert_eq!(module.graph.node(short).op, Op::Direction);
    /// ```
    #[must_use]
    pub fn exact(mut self) -> Simplifier {
        self.exact = true;
        self.done.clear();
        self
    }

    /// The simplified formula, of the same value and type; `node` itself where nothing is shorter.
    pub fn node(&mut self, module: &mut Module, node: NodeId) -> NodeId {
        self.left = BUDGET;
        self.root = Some(node);
        if self.inner.remove(&node) {
            self.done.remove(&node);
        }
        self.walked(module, node)
    }

    /// The rules used since this was last asked.
    pub fn take_applied(&mut self) -> Vec<Applied> {
        std::mem::take(&mut self.applied)
    }
}

/// `node` as a textbook writes it; the value and the type stay.
pub fn simplified(module: &mut Module, node: NodeId) -> NodeId {
    Simplifier::new(module).node(module, node)
}

/// The same, with the rules that were used, innermost first.
pub fn traced(module: &mut Module, node: NodeId) -> (NodeId, Vec<Applied>) {
    let mut simplifier = Simplifier::new(module);
    simplifier.take_applied();
    let out = simplifier.node(module, node);
    (out, simplifier.take_applied())
}
