//! Tree to module: names get meanings, expressions get types, lifts become explicit.
//!
//! One statement at a time, in the author's order. A mistake is reported once: what it spoils has
//! no type afterwards ([`None`] instead of a node), and nothing built from it is reported again.
//! A claim's mistake is the claim's verdict (ill-formed), not the file's error.

mod access;
mod align;
mod big;
mod block;
mod call;
mod claim;
mod data;
mod declare;
mod define;
mod derivative;
mod expr;
mod family;
mod fixes;
mod function;
mod lines;
mod name;
mod optimizer;
mod product;
mod range;
mod report;
mod scope;
mod settings;
mod size;
mod sum;
mod table;
mod train;
mod types;

use std::collections::HashMap;

use chainrule_syntax::ast::{Block, BlockWord, File, Name};
use chainrule_syntax::{Diagnostic, Span};

use crate::index::{AxisId, NodeId};
use crate::module::{Function, Module};
pub(crate) use optimizer::standard_optimizers;
pub(crate) use range::Use;
pub(crate) use scope::{Meaning, Scope};
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
    pub(crate) later: HashMap<String, (Span, BlockWord)>,
    /// Functions by name: the file's own, then the standard library's.
    pub(crate) functions: HashMap<String, Function>,
    /// Function bodies being expanded, innermost last.
    pub(crate) expanding: Vec<String>,
    /// Expansions done, by function and arguments.
    pub(crate) expanded: HashMap<(String, Vec<NodeId>), Value>,
    /// The call from which a body outside the file is expanded: mistakes are reported there.
    pub(crate) foreign: Option<Span>,
    /// Accesses of this statement, for the ranges of its indices.
    pub(crate) uses: Vec<Use>,
    /// Indices introduced in this statement.
    pub(crate) indices: Vec<AxisId>,
    /// Names reported as undefined in this statement: each once.
    pub(crate) undefined: std::collections::BTreeSet<String>,
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
}

/// Elaborates the blocks of one model, and puts stable forms in.
pub(crate) fn module(text: &str, blocks: &[&Block], broken: &[Name]) -> (Module, Vec<Diagnostic>) {
    let (mut module, diagnostics) = module_as_written(text, blocks, broken);
    crate::stable::put_in(&mut module);
    (module, diagnostics)
}

/// Elaborates the blocks of one model.
pub(crate) fn module_as_written(
    text: &str,
    blocks: &[&Block],
    broken: &[Name],
) -> (Module, Vec<Diagnostic>) {
    let mut elaborator = Elaborator {
        text,
        out: Module::default(),
        scope: Scope::default(),
        diagnostics: Vec::new(),
        later: block::declared_names(blocks),
        functions: HashMap::new(),
        expanding: Vec::new(),
        expanded: HashMap::new(),
        foreign: None,
        uses: Vec::new(),
        indices: Vec::new(),
        undefined: std::collections::BTreeSet::new(),
        broken_families: std::collections::BTreeSet::new(),
        in_claim: false,
        turned: false,
        in_optimizer: false,
        depth: 0,
    };
    for name in broken {
        elaborator.scope.declare(&name.text, Meaning::Unknown, name.span);
    }
    elaborator.standard_functions();
    for block in blocks {
        elaborator.block(block);
    }
    elaborator.finish();
    (elaborator.out, elaborator.diagnostics)
}

/// The blocks of each model of a file.
///
/// With at most one `model` line every block is the model's. With several, `size`, `batch`,
/// `const`, `data`, `fn` and `optimizer` blocks are shared with all later models, and so is
/// everything before the first `model` line; the rest belongs to its own model.
pub(crate) fn models(file: &File) -> Vec<Vec<&Block>> {
    let starts: Vec<usize> =
        (0..file.blocks.len()).filter(|&i| file.blocks[i].word == BlockWord::Model).collect();
    if starts.len() < 2 {
        return vec![file.blocks.iter().collect()];
    }
    let shared = |word: BlockWord| {
        use BlockWord::{Batch, Const, Data, Fn, Optimizer, Size};
        matches!(word, Size | Batch | Const | Data | Fn | Optimizer)
    };
    let mut models = Vec::new();
    for (k, &start) in starts.iter().enumerate() {
        let end = starts.get(k + 1).copied().unwrap_or(file.blocks.len());
        let earlier = file.blocks[..start].iter().enumerate();
        let mut blocks: Vec<&Block> =
            earlier.filter(|(i, b)| *i < starts[0] || shared(b.word)).map(|(_, b)| b).collect();
        blocks.extend(&file.blocks[start..end]);
        models.push(blocks);
    }
    models
}
