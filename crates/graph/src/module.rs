//! What an equation file means: names with types, ordered bindings, statements to act on.

use std::sync::Arc;

use chainrule_syntax::ast::{
    self, BlockWord, CheckOption, DeriveOption, Expected, Layout, Relation, TypeExpr,
};
use chainrule_syntax::{Diagnostic, Span};

use crate::axis::Axes;
use crate::graph::Graph;
use crate::index::{AxisId, NodeId, SymbolId};
use crate::op::Context;
use crate::size::{Size, Sizes};
use crate::types::Type;

/// Where a parameter starts, or how a value is drawn.
#[derive(Clone, PartialEq, Debug)]
pub enum Start {
    /// Not said.
    None,
    /// An expression.
    Value(NodeId),
    /// A distribution with its numbers.
    Drawn(String, Vec<f64>),
}

/// What a name stands for.
#[derive(Clone, PartialEq, Debug)]
pub enum Role {
    /// An input from data.
    Data,
    /// Trained.
    Param(Start),
    /// Drawn at every training step.
    Noise(Start),
    /// Free, drawn when a claim is checked.
    Given(Start),
    /// A constant and its value.
    Const(NodeId),
    /// Defined in `net`.
    Defined,
    /// A quantity of `show`.
    Metric,
    /// A name inside an optimizer.
    Local,
    /// The cotangent of another name, with its formula.
    Derived,
}

/// A named value.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// The name, `W[2]` for a member of a family.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// Its type.
    pub ty: Arc<Type>,
    /// Where it is declared.
    pub span: Span,
    /// Where its type is written, if it is.
    pub type_span: Option<Span>,
}

/// `symbol = value`: the equations in the author's order.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name that is defined.
    pub symbol: SymbolId,
    /// As written, over names.
    pub value: NodeId,
    /// With the stable forms put in.
    pub stable: NodeId,
    /// Names that a stable form looked through. A derivative by one of them is that of `value`: the
    /// stable form no longer reads it.
    pub through: Vec<SymbolId>,
    /// The statement.
    pub span: Span,
    /// The right side.
    pub value_span: Span,
}

/// Something the reader put in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Where.
    pub span: Span,
    /// Which kind.
    pub kind: NoteKind,
    /// What, in a sentence.
    pub text: String,
}

/// The kinds of [`Note`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoteKind {
    /// A value was lifted along an axis.
    Lift,
    /// A stable form was put in.
    Stable,
}

/// What a claim says, typed.
#[derive(Clone, Debug)]
pub enum Statement {
    /// The first side has this type.
    Type(NodeId, Type),
    /// The sides of a chain: first, then each relation with the side behind it.
    Links(NodeId, Vec<(Relation, NodeId)>),
}

/// A claim to be judged.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// As it is written.
    pub written: Arc<ast::Claim>,
    /// Its place.
    pub span: Span,
    /// The indices it holds for.
    pub forall: Vec<AxisId>,
    /// What it says, if its shapes fit.
    pub statement: Option<Statement>,
    /// What it says, if every side has a shape, fitting or not.
    pub sides: Option<Statement>,
    /// What it says with every Jacobian transposed, if it is ill-formed as written and fits so.
    pub turned: Option<Statement>,
    /// `if`
    pub condition: Option<NodeId>,
    /// `for A = I`: values that replace symbols.
    pub replaced: Vec<(SymbolId, NodeId)>,
    /// The layout of its Jacobians.
    pub layout: Option<Layout>,
    /// The verdict it must get.
    pub expect: Option<Expected>,
    /// Why it is ill-formed, if it is.
    pub ill_formed: Vec<Diagnostic>,
}

/// A derivation to print.
#[derive(Clone, Debug)]
pub struct Derivation {
    /// The derivatives asked for.
    pub targets: Vec<NodeId>,
    /// How.
    pub options: Vec<DeriveOption>,
    /// The statement.
    pub span: Span,
}

/// A function of the file or of the standard library.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub params: Vec<ast::Parameter>,
    /// Local definitions, in order.
    pub locals: Vec<ast::Definition>,
    /// What it computes.
    pub body: ast::Expr,
    /// Stated derivatives: primes and right side.
    pub stated: Vec<(u32, Vec<ast::Name>, ast::Expr)>,
    /// Where its name is declared.
    pub span: Span,
    /// Whether it belongs to the standard library (its places are not those of the file).
    pub standard: bool,
}

/// One line of an optimizer.
#[derive(Clone, Debug)]
pub struct OptimizerLine {
    /// The name.
    pub name: String,
    /// The state that starts so, or the state (or `p`) whose next value this is; no name of its own
    /// for a value between.
    pub symbol: Option<SymbolId>,
    /// Whether this is the next value of a state (or of `p`).
    pub next: bool,
    /// The line as it is written: `t' = (1 + sqrt(1 + 4 t^2)) / 2`.
    pub text: String,
    /// The value.
    pub value: NodeId,
    /// Whether it is one value a parameter entry, or one number.
    pub bundle: bool,
}

/// An optimizer, typed.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// Its name.
    pub name: String,
    /// Where it is from: the comment that stands directly above it, or nothing.
    pub source: String,
    /// The parameters, one long vector.
    pub p: SymbolId,
    /// The loss `J`.
    pub loss: SymbolId,
    /// The counts it can read: `step epoch steps epochs`, less those that a setting hides.
    pub inputs: Vec<(String, SymbolId)>,
    /// Its settings with their defaults.
    pub params: Vec<(String, Option<f64>)>,
    /// The names of its settings, in the order of `params`.
    pub settings: Vec<SymbolId>,
    /// Its states with their start values.
    pub states: Vec<OptimizerLine>,
    /// Its lines in order.
    pub lines: Vec<OptimizerLine>,
    /// Where it is declared.
    pub span: Span,
    /// Whether it belongs to the standard library.
    pub standard: bool,
}

/// A bound on gradients, as a function of the standard library applied to two names.
#[derive(Clone, Debug)]
pub struct Clip {
    /// `norm` or `value`.
    pub name: String,
    /// The gradient, one long vector.
    pub gradient: SymbolId,
    /// The number behind the word.
    pub limit: SymbolId,
    /// The gradient within the bound.
    pub value: NodeId,
}

/// A training to run, its names resolved.
#[derive(Clone, Debug)]
pub struct Training {
    /// Its name.
    pub name: String,
    /// The loss.
    pub loss: SymbolId,
    /// The optimizer.
    pub optimizer: String,
    /// Its place among the optimizers of the module.
    pub recipe: usize,
    /// The optimizer's settings.
    pub settings: Vec<(String, f64)>,
    /// `epochs`, `batch` (`None` for all rows), `seed` and the like, also those behind `with` and
    /// `for`.
    pub options: Vec<(String, Option<f64>)>,
    /// `schedule`, `stop`, `clip`: the word, the rule's name, all its numbers in their order
    /// ([`Rule`](crate::schedule::Rule)).
    pub rules: Vec<(String, String, Vec<f64>)>,
    /// Sizes and constants that this training sets.
    pub with: Vec<(String, f64)>,
    /// The statement.
    pub span: Span,
}

/// A statement that is kept as written, its names checked.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The block it stands in.
    pub word: BlockWord,
    /// The statement.
    pub statement: ast::Statement,
}

/// How checks draw.
#[derive(Clone, Debug, Default)]
pub struct CheckSettings {
    /// What is checked; empty for everything.
    pub what: Vec<String>,
    /// The options.
    pub options: Vec<CheckOption>,
}

/// One model of a file, elaborated.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its name; empty if the file gives none.
    pub name: String,
    /// Size names.
    pub sizes: Sizes,
    /// Named axes.
    pub axes: Axes,
    /// The terms.
    pub graph: Graph,
    /// Named values, in the order they are declared.
    pub symbols: Vec<Symbol>,
    /// The equations, in the order of their symbols.
    pub bindings: Vec<Binding>,
    /// Metrics of `show`: their symbols.
    pub metrics: Vec<SymbolId>,
    /// Claims.
    pub claims: Vec<Claim>,
    /// Derivations.
    pub derivations: Vec<Derivation>,
    /// Functions of the file.
    pub functions: Vec<Arc<Function>>,
    /// Optimizers of the file, and those of the standard library that a training uses.
    pub optimizers: Vec<Optimizer>,
    /// The bounds on gradients that trainings use.
    pub clips: Vec<Clip>,
    /// Trainings.
    pub trainings: Vec<Training>,
    /// Data sources, splits, plots, exports.
    pub kept: Vec<Kept>,
    /// How checks draw.
    pub check: CheckSettings,
    /// Lifts and stable forms.
    pub notes: Vec<Note>,
    /// The type of every name where it is used.
    pub uses: Vec<(Span, Arc<Type>)>,
    /// What must hold of the sizes for every index to stay inside: at least 0.
    pub requirements: Vec<(Size, Span)>,
    /// How many steps elaboration took.
    pub(crate) steps: usize,
    /// Declared types, for printing.
    pub types: Vec<(SymbolId, Arc<TypeExpr>)>,
    /// What the names of the file mean, to read more claims in it.
    pub(crate) names: Arc<crate::elaborate::Names>,
}

impl Module {
    /// What shape rules look at.
    pub fn context(&self) -> Context<'_> {
        Context { sizes: &self.sizes, axes: &self.axes }
    }

    /// The symbol behind `id`.
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }

    /// The symbol called `name`.
    pub fn find(&self, name: &str) -> Option<SymbolId> {
        let known = |s: &Symbol| s.name == name && s.role != Role::Local;
        self.symbols.iter().position(known).map(SymbolId::new)
    }

    /// Adds a name without formula, and the node that reads it.
    ///
    /// # Errors
    ///
    /// The graph is full.
    pub fn declare(
        &mut self,
        name: &str,
        role: Role,
        ty: &Type,
    ) -> Result<(SymbolId, NodeId), crate::op::Misfit> {
        let id = SymbolId::new(self.symbols.len());
        let ty = self.graph.shared(ty.clone());
        let span = Span::default();
        let symbol = Symbol { name: name.into(), role, ty: ty.clone(), span, type_span: None };
        self.symbols.push(symbol);
        Ok((id, self.read(id)?))
    }

    /// The node that reads a name.
    ///
    /// # Errors
    ///
    /// The graph is full.
    pub fn read(&mut self, id: SymbolId) -> Result<NodeId, crate::op::Misfit> {
        let op = self.leaf(id);
        crate::terms::Terms::of(self).op(op, &[])
    }

    /// The op that reads a name.
    pub(crate) fn leaf(&self, id: SymbolId) -> crate::op::Op {
        crate::op::Op::Symbol { id, ty: self.symbol(id).ty.clone() }
    }

    /// The parameters, in the order they are declared.
    pub fn params(&self) -> impl Iterator<Item = (SymbolId, &Symbol)> {
        let numbered = self.symbols.iter().enumerate().map(|(i, s)| (SymbolId::new(i), s));
        numbered.filter(|(_, s)| matches!(s.role, Role::Param(_)))
    }

    /// The number of trained values, as a size.
    pub fn parameter_count(&self) -> Size {
        let counts: Vec<Size> =
            self.params().filter_map(|(_, s)| Size::product(&s.ty.dims).ok()).collect();
        Size::total(&counts).unwrap_or_else(|_| Size::number(0))
    }

    /// The binding of `symbol`.
    pub fn binding(&self, symbol: SymbolId) -> Option<&Binding> {
        let at = self.bindings.binary_search_by_key(&symbol, |b| b.symbol).ok()?;
        self.bindings.get(at)
    }

    /// The type as a declaration would write it: `R[H, d] per N`.
    pub fn type_text(&self, ty: &Type) -> String {
        crate::elaborate::type_text(ty, &self.sizes, &self.axes)
    }

    /// Checks the arena: every type re-derived, every name bound before it is read.
    ///
    /// # Errors
    ///
    /// What is broken, in words; only a bug of this crate can break it.
    pub fn verify(&self) -> Result<(), String> {
        self.graph.verify(&self.context())?;
        if self.bindings.windows(2).any(|pair| pair[0].symbol >= pair[1].symbol) {
            return Err("the bindings are not in the order of their symbols".into());
        }
        let bound = |s: &Symbol| matches!(s.role, Role::Defined | Role::Metric | Role::Derived);
        let mut place: Vec<usize> =
            self.symbols.iter().map(|s| if bound(s) { usize::MAX } else { 0 }).collect();
        for (i, binding) in self.bindings.iter().enumerate() {
            place[binding.symbol.index()] = i + 1;
        }
        // For each node how many bindings must come before what reads it.
        let mut needs: Vec<usize> = Vec::with_capacity(self.graph.len());
        for id in self.graph.ids() {
            let node = self.graph.node(id);
            let own = match node.op {
                crate::op::Op::Symbol { id, .. } => place.get(id.index()).copied(),
                _ => Some(0),
            };
            let inputs = node.inputs.iter().map(|input| needs[input.index()]);
            needs.push(inputs.fold(own.unwrap_or(usize::MAX), usize::max));
        }
        for (i, binding) in self.bindings.iter().enumerate() {
            let symbol = self.symbol(binding.symbol);
            let name = &symbol.name;
            for node in [binding.value, binding.stable] {
                let ty = self.graph.ty(node);
                if needs[node.index()] > i {
                    return Err(format!("`{name}` reads a name before it is bound"));
                }
                if ty.dims != symbol.ty.dims || ty.axes != symbol.ty.axes {
                    return Err(format!("`{name}` is bound to a value of another type"));
                }
                if ty.axes.iter().any(|a| !self.axes.is_batch(*a)) {
                    return Err(format!("an index is free in `{name}`"));
                }
            }
        }
        Ok(())
    }
}
