//! Reading changed claims in the scope of the file.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chainrule_syntax::ast::{self, Assertion, Binder, Expr, Relation};

use super::super::claim::links::{self, Sides};
use super::super::{Settings, collect};
use super::{broken_link, is_equation};
use crate::differentiate::{resolve, resolved};
use crate::edit::{Kind, Vocabulary};
use crate::elaborate::{Elaborator, again};
use crate::index::{NodeId, SymbolId};
use crate::module::{Claim, Module, Statement};
use crate::op::Op;

/// A form that conforms.
pub(crate) struct Tried {
    pub(crate) expr: Expr,
    pub(crate) what: String,
    pub(crate) rank: (u32, u32, Kind),
    pub(crate) length: usize,
    /// Both sides, without derivative operators.
    pub(crate) nodes: [NodeId; 2],
    /// Whether they have one shape; otherwise that of the other one's transpose.
    pub(crate) fits: bool,
}

/// The claim in its file, to be read in variants.
pub(crate) struct Trial {
    /// The module as it was before any variant was read.
    base: Module,
    elaborator: Elaborator<'static>,
    done: BTreeMap<NodeId, NodeId>,
    /// The claim without its sides: indices, condition, names.
    template: ast::Claim,
    condition: Option<NodeId>,
    replaced: Vec<(SymbolId, NodeId)>,
    /// The side that is not changed, with and without its derivative operators.
    fixed: Option<(NodeId, NodeId)>,
    /// Whether the side that changes holds the other one as it is written.
    holds: bool,
    /// Texts that were read. Looked up, never iterated.
    seen: HashSet<String>,
}

impl Trial {
    pub(crate) fn of(module: &Module, claim: &Claim) -> Trial {
        let mut template = ast::Claim::clone(&claim.written);
        template.expect = None;
        // Indices that the first side's brackets bring are named: either side may change.
        if template.forall.is_none() && !claim.forall.is_empty() {
            let binder = |axis: &crate::index::AxisId| {
                let axis = module.axes.get(*axis);
                let name = ast::Name { text: axis.name.clone(), span: axis.span };
                let range = axis.extent.as_ref().map(|extent| module.sizes.text(extent));
                let plain = |text: &String| text.chars().all(|c| c.is_alphanumeric() || c == '_');
                let range =
                    range.filter(plain).map(|text| crate::edit::tree::name_or_number(&text));
                Binder { name, range }
            };
            template.forall = Some(claim.forall.iter().map(binder).collect());
        }
        Trial {
            base: module.clone(),
            elaborator: again(module.clone()),
            done: BTreeMap::new(),
            template,
            condition: None,
            replaced: Vec::new(),
            fixed: None,
            holds: false,
            seen: HashSet::new(),
        }
    }

    pub(crate) fn module(&self) -> &Module {
        &self.elaborator.out
    }

    pub(crate) fn condition(&self) -> Option<NodeId> {
        self.condition
    }

    pub(crate) fn template(&self) -> &ast::Claim {
        &self.template
    }

    /// One that has read no variant.
    pub(crate) fn fresh(&self) -> Elaborator<'static> {
        again(self.base.clone())
    }

    pub(crate) fn is_new(&mut self, text: &str) -> bool {
        self.seen.insert(text.to_owned())
    }

    /// The claim with these two sides.
    pub(crate) fn with(&self, left: &Expr, right: &Expr) -> ast::Claim {
        let mut claim = self.template.clone();
        claim.first = left.clone();
        claim.assertion = Assertion::Links(vec![(Relation::Equal, right.clone())]);
        claim
    }

    /// The variant with these sides, typed.
    pub(crate) fn typed(&mut self, left: &Expr, right: &Expr) -> Claim {
        let claim = Arc::new(self.with(left, right));
        self.elaborator.variant(&claim)
    }

    /// The link that is at fault, and which of its sides may be changed, in order.
    pub(crate) fn fault(
        &mut self,
        sides: &[Expr],
        written: &[(Relation, Expr)],
        broken: Option<usize>,
        settings: &Settings,
    ) -> Option<(usize, &'static [usize])> {
        const BOTH: &[usize] = &[1, 0];
        if let Some(link) = broken {
            return is_equation(written.get(link)?.0).then_some((link, BOTH));
        }
        for (link, (relation, _)) in written.iter().enumerate() {
            let (left, right) = (&sides[link], &sides[link + 1]);
            let typed = self.typed(left, right);
            let Some(Statement::Links(first, rest)) = &typed.statement else {
                if !is_equation(*relation) {
                    return None;
                }
                let alone = |t: &mut Trial, e: &Expr| t.typed(e, e).statement.is_some();
                return match (alone(self, left), alone(self, right)) {
                    (true, true) => Some((link, BOTH)),
                    (true, false) => Some((link, &[1])),
                    (false, true) => Some((link, &[0])),
                    (false, false) => None,
                };
            };
            let nodes = [*first, rest.first()?.1];
            let sides = self.sides(&typed, &nodes)?;
            let tested = links::test(&self.elaborator.out, &sides, settings).ok()?;
            if broken_link(&tested).is_some() && is_equation(*relation) {
                return Some((link, BOTH));
            }
        }
        None
    }

    /// Two terms as the sides of a link, without derivative operators.
    fn sides(&mut self, claim: &Claim, nodes: &[NodeId]) -> Option<Sides> {
        let mut plain = Vec::new();
        for node in nodes {
            plain.push(resolved(&mut self.elaborator.out, *node, &mut self.done).ok()?);
        }
        self.clauses(claim)?;
        Some(Sides {
            nodes: plain,
            relations: vec![Relation::Equal; nodes.len() - 1],
            condition: self.condition,
            replaced: self.replaced.clone(),
            plain: false,
        })
    }

    /// The claim's condition and replaced values, without derivative operators.
    fn clauses(&mut self, claim: &Claim) -> Option<()> {
        let module = &mut self.elaborator.out;
        self.condition = match claim.condition {
            Some(node) => Some(resolved(module, node, &mut self.done).ok()?),
            None => None,
        };
        self.replaced.clear();
        for (symbol, node) in &claim.replaced {
            self.replaced.push((*symbol, resolved(module, *node, &mut self.done).ok()?));
        }
        Some(())
    }

    /// Gets ready to change one side: the other one is typed by itself.
    pub(crate) fn start(&mut self, pair: &[Expr; 2], side: usize) -> Option<()> {
        self.seen.clear();
        // The other side itself says nothing.
        self.seen.insert(chainrule_syntax::print::expr(&pair[1 - side]));
        let other = &pair[1 - side];
        let typed = self.typed(other, other);
        let Some(Statement::Links(node, _)) = typed.statement.clone() else { return None };
        // Definitions that hold derivatives are resolved once, for all variants.
        let symbols: Vec<SymbolId> =
            self.elaborator.out.bindings.iter().map(|b| b.symbol).collect();
        for symbol in symbols {
            let read = self.elaborator.out.read(symbol).ok()?;
            resolved(&mut self.elaborator.out, read, &mut self.done).ok()?;
        }
        let sides = self.sides(&typed, &[node])?;
        self.fixed = Some((node, sides.nodes[0]));
        let named: Vec<String> = self.names_of(node);
        let text = chainrule_syntax::print::expr(other);
        self.holds = std::iter::once(&text).chain(&named).any(|text| holds(&pair[side], text));
        Some(())
    }

    /// The side that is not changed, as it is written.
    pub(crate) fn kept(&self) -> Option<NodeId> {
        self.fixed.map(|(node, _)| node)
    }

    /// The names that stand for a term.
    fn names_of(&self, node: NodeId) -> Vec<String> {
        let module = &self.elaborator.out;
        let bound = module.bindings.iter().filter(|b| b.value == node || b.stable == node);
        bound.map(|b| module.symbol(b.symbol).name.clone()).collect()
    }

    /// A side that is not changed, for drawing sizes.
    pub(crate) fn alone(&self) -> Option<Sides> {
        let (_, node) = self.fixed?;
        Some(Sides {
            nodes: vec![node, node],
            relations: vec![Relation::Equal],
            condition: self.condition,
            replaced: self.replaced.clone(),
            plain: false,
        })
    }

    /// Both sides of a variant without derivative operators, and whether their shapes are the same;
    /// nothing if it does not conform.
    pub(crate) fn read(
        &mut self,
        pair: &[Expr; 2],
        side: usize,
        changed: &Expr,
    ) -> Option<([NodeId; 2], bool)> {
        let (left, right) = if side == 0 { (changed, &pair[1]) } else { (&pair[0], changed) };
        let typed = self.typed(left, right);
        let fits = typed.statement.is_some();
        let Some(Statement::Links(first, rest)) =
            (if fits { typed.statement } else { typed.sides })
        else {
            return None;
        };
        let [(_, second)] = rest.as_slice() else { return None };
        let graph = &self.elaborator.out.graph;
        if !fits {
            let (a, b) = (graph.ty(first), graph.ty(*second));
            let turned: Vec<_> = b.dims.iter().rev().cloned().collect();
            let column = a.dims.len() == 1 || b.dims.len() == 1;
            if column || a.dims.len() != 2 || a.dims != turned || a.axes != b.axes {
                return None;
            }
        }
        if self.is_hollow(if side == 0 { first } else { *second }) {
            return None;
        }
        let mut plain = |node: NodeId| resolve(&mut self.elaborator.out, node, &mut self.done).ok();
        Some(([plain(first)?, plain(*second)?], fits))
    }

    /// Both sides of a variant without derivative operators, if it conforms.
    pub(crate) fn conforming(
        &mut self,
        pair: &[Expr; 2],
        side: usize,
        changed: &Expr,
    ) -> Option<[NodeId; 2]> {
        let (left, right) = if side == 0 { (changed, &pair[1]) } else { (&pair[0], changed) };
        let Some(Statement::Links(first, rest)) = self.typed(left, right).statement else {
            return None;
        };
        let second = rest.first()?.1;
        let mut plain = |node| resolve(&mut self.elaborator.out, node, &mut self.done).ok();
        Some([plain(first)?, plain(second)?])
    }

    /// Whether a changed side is only the other side again: as a part, or by a name for it.
    fn is_hollow(&self, changed: NodeId) -> bool {
        let Some((fixed, _)) = self.fixed else { return true };
        let module = &self.elaborator.out;
        // A number or a size is what it is, however it is come by.
        let op = &module.graph.node(fixed).op;
        if matches!(op, Op::SizeNumber { .. } | Op::Number { .. }) {
            return false;
        }
        if self.holds {
            return changed == fixed;
        }
        let again = |id: &NodeId| *id == fixed || self.names_fixed(*id, fixed);
        collect::nodes(module, changed).iter().any(again)
    }

    /// Whether a node is a name for the side that stays.
    fn names_fixed(&self, node: NodeId, fixed: NodeId) -> bool {
        let module = &self.elaborator.out;
        let Op::Symbol { id, .. } = module.graph.node(node).op else { return false };
        module.binding(id).is_some_and(|b| b.value == fixed || b.stable == fixed)
    }

    /// Whether a factor is a name for the side that stays.
    pub(crate) fn is_name_for_fixed(&self, name: &str) -> bool {
        let Some((fixed, _)) = self.fixed else { return true };
        let module = &self.elaborator.out;
        let binding = module.find(name).and_then(|id| module.binding(id));
        binding.is_some_and(|b| b.value == fixed || b.stable == fixed)
    }

    /// The nodes of the named values.
    pub(crate) fn value_nodes(&mut self, vocabulary: &Vocabulary) -> Vec<(String, NodeId)> {
        let mut nodes = Vec::new();
        for value in vocabulary.values.iter().filter(|v| !v.label) {
            let module = &mut self.elaborator.out;
            let Some(symbol) = module.find(&value.name) else { continue };
            let Ok(read) = module.read(symbol) else { continue };
            if let Ok(plain) = resolve(module, read, &mut self.done) {
                nodes.push((value.name.clone(), plain));
            }
        }
        nodes
    }
}

/// Whether a formula has a part that is written so.
fn holds(e: &Expr, text: &str) -> bool {
    let below = || crate::edit::tree::children(e).into_iter().any(|child| holds(child, text));
    chainrule_syntax::print::expr(e) == text || below()
}
