//! Tree to module: names get meanings, expressions get types, lifts become explicit.
//!
//! One statement at a time, in the author's order. A mistake is reported once: what it spoils has
//! no type afterwards ([`None`] instead of a node), and nothing built from it is reported again.
//! A claim's mistake is the claim's verdict (ill-formed), not the file's error.

mod access;
mod again;
mod align;
mod big;
mod block;
mod budget;
mod call;
mod claim;
mod constant;
mod data;
mod declare;
mod define;
mod derivative;
mod expr;
mod family;
mod fixes;
mod function;
mod lines;
mod models;
mod name;
mod optimizer;
mod product;
mod range;
mod report;
mod scope;
mod settings;
mod size;
mod standard;
mod sum;
mod table;
mod train;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chainrule_syntax::ast::{Block, BlockWord, Name};
use chainrule_syntax::{Diagnostic, Span};

use crate::index::{AxisId, NodeId, SizeId, SymbolId};
use crate::module::{Function, Module};
use crate::op::OpDef;
use crate::size::Size;
pub(crate) use again::{Names, again};
use budget::{Budget, LineIndex};
pub(crate) use models::{Blocks, models};
pub(crate) use optimizer::standard_optimizers;
pub(crate) use range::Use;
pub(crate) use scope::{Meaning, Scope};
pub(crate) use settings::depends_on_fan;
pub(crate) use types::type_text;

/// A node, or nothing if a mistake was reported.
pub(crate) type Value = Option<NodeId>;

/// A file being elaborated.
pub(crate) struct Elaborator<'a> {
    pub(crate) text: &'a str,
    pub(crate) out: Module,
    pub(crate) scope: Scope,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Every name the file declares anywhere, with its block: for "used before its definition".
    pub(crate) later: HashMap<&'a str, (Span, BlockWord)>,
    /// Functions by name: the file's own, then the standard library's.
    pub(crate) functions: HashMap<String, Arc<Function>>,
    /// Ops from outside, each a function by its record's name.
    pub(crate) ops: Vec<&'static OpDef>,
    /// Function bodies being expanded, innermost last.
    pub(crate) expanding: Vec<String>,
    /// Expansions done, by function (its address) and arguments.
    pub(crate) expanded: HashMap<(usize, Box<[NodeId]>), Value>,
    /// The call from which a body outside the file is expanded: mistakes are reported there.
    pub(crate) foreign: Option<Span>,
    /// Accesses of this statement, for the ranges of its indices.
    pub(crate) uses: Vec<Use>,
    /// Indices introduced in this statement.
    pub(crate) indices: Vec<AxisId>,
    /// Names reported as undefined in this statement: each once.
    pub(crate) undefined: std::collections::BTreeSet<String>,
    /// Whether a `train` line could not be read or does not fit.
    pub(crate) broken_training: bool,
    /// Families of which a member could not be defined.
    pub(crate) broken_families: std::collections::BTreeSet<String>,
    /// Inside a claim: derivatives may be 0, layouts may turn.
    pub(crate) in_claim: bool,
    /// Jacobians have rows for inputs: `layout denominator`.
    pub(crate) turned: bool,
    /// Inside an optimizer.
    pub(crate) in_optimizer: bool,
    /// Depth of expansion and of expressions.
    pub(crate) depth: u32,
    /// What the file may still ask for.
    pub(crate) budget: Budget,
    pub(crate) lines: LineIndex,
    /// What the nodes of the graph come to, as far as it was asked for.
    pub(crate) constants: Vec<Option<f64>>,
    /// The symbols that the value asked for last depends on.
    pub(crate) dependencies: Option<(NodeId, HashSet<SymbolId>)>,
    /// Where names were used in the first member of the family being read, with one of the nodes.
    pub(crate) noted: HashMap<Span, NodeId>,
    /// The length of the bundle of all parameters in an optimizer.
    pub(crate) bundle: Option<SizeId>,
    /// How many symbols are counted, and how many trained values they have.
    pub(crate) trained: (usize, Size),
    /// Whether a parameter is declared.
    pub(crate) has_params: bool,
    /// Warnings reported.
    pub(crate) warnings: usize,
    /// Names given to claims and to trainings.
    pub(crate) taken: Taken,
    /// Diagnostics from here on are those of the claim being read.
    pub(crate) first_found: usize,
    /// Names that functions are differentiated by, one a type. Looked up, never iterated.
    pub(crate) arguments: HashMap<crate::types::Type, NodeId>,
    /// A member of a family is being read, and whether it is not the first.
    pub(crate) member: Option<bool>,
    /// Indices by name and range, where a claim is read in many variants: equal terms are then one
    /// node.
    pub(crate) reused: Option<HashMap<(String, Size), AxisId>>,
}

/// Names outside the file's name space, for what refers to them. Looked up, never iterated.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) claims: HashSet<String>,
    /// Trainings, also by the first word of a name that a grid made.
    pub(crate) trainings: HashMap<String, usize>,
    pub(crate) training_words: HashSet<String>,
    pub(crate) optimizers: HashMap<String, usize>,
    /// Optimizers of the standard library that are typed in this module.
    pub(crate) standard_optimizers: HashMap<String, usize>,
    pub(crate) metrics: HashSet<SymbolId>,
}

/// Elaborates the blocks of one model, and puts stable forms in.
pub(crate) fn module<'a>(
    text: &'a str,
    model: &Blocks<'a>,
    broken: &[Name],
    foreign: &[&'static OpDef],
) -> (Module, Vec<Diagnostic>) {
    let (mut module, diagnostics) = elaborated(text, model, broken, foreign);
    crate::stable::put_in(&mut module);
    (module, diagnostics)
}

/// Elaborates `blocks` as one model.
pub(crate) fn module_as_written(
    text: &str,
    blocks: &[&Block],
    broken: &[Name],
) -> (Module, Vec<Diagnostic>) {
    elaborated(text, &Blocks { blocks: blocks.to_vec(), models: 1, overflow: None }, broken, &[])
}

fn elaborated<'a>(
    text: &'a str,
    model: &Blocks<'a>,
    broken: &[Name],
    ops: &[&'static OpDef],
) -> (Module, Vec<Diagnostic>) {
    let mut elaborator = Elaborator::new(text, ops.to_vec(), Budget::share(model.models));
    elaborator.later = block::declared_names(&model.blocks);
    for name in broken {
        elaborator.scope.declare(&name.text, Meaning::Unknown, name.span);
    }
    elaborator.standard_functions();
    if let Some(place) = model.overflow {
        let message = "the models of this file, each with what it shares, are too long";
        elaborator.report(Diagnostic::error("limit-models", message, place, "reading stops here"));
    }
    for block in &model.blocks {
        elaborator.block(block);
    }
    elaborator.report_exhaustion();
    elaborator.out.steps = elaborator.steps_taken(model.models);
    elaborator.out.names = Names::of(elaborator.scope, elaborator.functions, elaborator.ops);
    (elaborator.out, elaborator.diagnostics)
}

impl<'a> Elaborator<'a> {
    /// One that has read nothing.
    fn new(text: &'a str, ops: Vec<&'static OpDef>, budget: Budget) -> Elaborator<'a> {
        Elaborator {
            text,
            out: Module::default(),
            scope: Scope::default(),
            diagnostics: Vec::new(),
            later: HashMap::new(),
            functions: HashMap::new(),
            ops,
            expanding: Vec::new(),
            expanded: HashMap::new(),
            foreign: None,
            uses: Vec::new(),
            indices: Vec::new(),
            undefined: std::collections::BTreeSet::new(),
            broken_training: false,
            broken_families: std::collections::BTreeSet::new(),
            in_claim: false,
            turned: false,
            in_optimizer: false,
            depth: 0,
            budget,
            lines: LineIndex::default(),
            constants: Vec::new(),
            dependencies: None,
            noted: HashMap::new(),
            bundle: None,
            trained: (0, Size::number(0)),
            has_params: false,
            warnings: 0,
            taken: Taken::default(),
            first_found: 0,
            arguments: HashMap::new(),
            member: None,
            reused: None,
        }
    }
}
