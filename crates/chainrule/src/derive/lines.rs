//! The gradients of one value: a line a cotangent.

use std::collections::BTreeSet;

use chainrule_graph::differentiate::{self, Line, Refusal};
use chainrule_graph::simplify::{self, Simplifier};
use chainrule_graph::{Module, NodeId, Op, SymbolId, prove, raise};
use chainrule_syntax::ast::{Expr, ExprKind, Index, Layout};
use chainrule_syntax::{Span, print};

use super::equations::Written;
use super::options::{Chosen, Depth};
use super::words::{factors, rule, shape, shortened};
use super::{Block, Derive, Gradient, Step, blocks, code, explained, turn};
use crate::notation::{self, Context};

/// The line of a name: what stands at the left, and its formula as a term.
pub(super) fn step(
    module: &Module,
    (reader, context): (&raise::Reader<'_>, &Context),
    name: &str,
    value: NodeId,
    rules: String,
) -> Step {
    let mut equation = reader.equation(value);
    if raise::is_inner(module, &equation.right)
        && let Some(entry) = by_entry(module, value)
    {
        equation = entry;
    }
    let left = equation.left(tree(name));
    let (name, text) = (print::expr(&left), shortened(print::expr(&equation.right)));
    Step {
        name,
        shape: shape(module, module.graph.ty(value)),
        text,
        latex: typeset(context, &equation.right),
        rule: rules,
        shapes: factors(module, value),
        left,
        right: equation.right,
        details: Vec::new(),
        code: None,
        diagonal: None,
    }
}

/// The formula of one entry, where it says what the formula of the whole cannot.
fn by_entry(module: &Module, value: NodeId) -> Option<raise::Equation> {
    let component = prove::component(module, value)?;
    let mut indices = Vec::new();
    for names in &component.indices {
        let [one] = &names[..] else { return None };
        indices.push(Index::At(Expr { kind: ExprKind::Name(one.clone()), span: Span::default() }));
    }
    let right = component.formula;
    (!raise::is_inner(module, &right)).then_some(raise::Equation { indices, right })
}

/// A formula in LaTeX.
pub(super) fn typeset(context: &Context, formula: &Expr) -> String {
    notation::latex(&notation::typeset(context, formula))
}

/// The name of a cotangent as a tree.
fn tree(name: &str) -> Expr {
    notation::read(name)
        .unwrap_or_else(|| Expr { kind: ExprKind::Name(name.into()), span: Span::default() })
}

/// Works out the gradients and writes the lines.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub(super) fn gradients(
    module: &mut Module,
    targets: &[NodeId],
    chosen: &Chosen,
    written: &Written<'_>,
    out: &mut Derive,
) -> Result<(), Refusal> {
    let of = module.graph.node(targets[0]).inputs[0];
    let variable = |id: &NodeId| match module.graph.node(module.graph.node(*id).inputs[1]).op {
        Op::Symbol { id, .. } => Some(id),
        _ => None,
    };
    let wrt: Vec<SymbolId> = targets.iter().filter_map(variable).collect();
    let mut derivation = differentiate::derivation(module, of, &wrt)?;
    let whole = (chosen.depth != Depth::Brief).then(|| (module.clone(), derivation.clone()));
    let path: Vec<SymbolId> = derivation.lines.iter().map(|l| l.of).collect();
    if chosen.depth == Depth::Brief {
        // What is used once and short needs no line.
        let keep = kept(module, &derivation.lines, &wrt);
        derivation = simplify::inlined(module, &derivation, &keep)?;
    }
    let mut lines = derivation.lines;
    for (symbol, gradient) in wrt.iter().zip(&derivation.gradients) {
        // What was asked for has a line, even if nothing reads the variable.
        if !lines.iter().any(|l| l.of == *symbol) {
            lines.push(missing(module, &out.of, *symbol, *gradient)?);
        }
    }
    let (mut lines, ranges) = blocks::blocks(module, &lines, &wrt);
    let symbols: Vec<SymbolId> = lines.iter().map(|l| l.symbol).collect();
    if chosen.layout == Some(Layout::Numerator) {
        turn::turned(module, &mut lines)?;
    }
    let mut simplifier = Simplifier::new(module);
    for line in &mut lines {
        line.value = simplifier.node(module, line.value);
    }
    out.context = Context::of(module);
    let reader = raise::Reader::new(module);
    for (line, symbol) in lines.iter().zip(symbols) {
        let name = module.symbol(line.symbol).name.clone();
        let tools = (&reader, &out.context);
        let mut step = step(module, tools, &name, line.value, rule(&line.rules));
        if let Some((module, derivation)) = &whole {
            step.details = explained::details(module, derivation, symbol, chosen.depth)?;
        }
        out.steps.push(step);
    }
    let heads = heads(module, of, &path, &lines, &ranges);
    for (steps, head) in ranges.into_iter().zip(heads) {
        let equations = head.iter().flat_map(|s| written.equation(module, *s)).collect();
        out.blocks.push(Block { title: String::new(), equations, steps });
    }
    asked(module, &lines, &wrt, out);
    if chosen.has_numpy {
        let lines: Vec<_> = lines.iter().map(|l| (l.symbol, l.value)).collect();
        code::numpy(module, &lines, out);
    }
    notes(module, &lines, out);
    if whole.is_some() && chosen.layout == Some(Layout::Numerator) {
        out.notes.push("Sub-steps are in the layout that has the shape of the variable.".into());
    }
    Ok(())
}

/// The gradients that were asked for, each with its line's formula.
fn asked(module: &Module, lines: &[Line], wrt: &[SymbolId], out: &mut Derive) {
    for symbol in wrt {
        let Some(at) = lines.iter().position(|l| l.of == *symbol) else { continue };
        let step = &out.steps[at];
        out.gradients.push(Gradient {
            wrt: module.symbol(*symbol).name.clone(),
            shape: step.shape.clone(),
            text: step.text.clone(),
            latex: step.latex.clone(),
        });
    }
}

/// Lines that stay whatever their length: those asked for, and those that index equations read.
fn kept(module: &Module, lines: &[Line], wrt: &[SymbolId]) -> Vec<SymbolId> {
    let mut keep = wrt.to_vec();
    let (mut seen, mut read) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<NodeId> = lines.iter().map(|l| l.value).collect();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = module.graph.node(id);
        if matches!(node.op, Op::Access { .. })
            && let Op::Symbol { id, .. } = module.graph.node(node.inputs[0]).op
        {
            read.insert(id);
        }
        open.extend(&node.inputs);
    }
    keep.extend(lines.iter().filter(|l| read.contains(&l.symbol)).map(|l| l.of));
    keep
}

/// A line for a variable that nothing reads.
fn missing(
    module: &mut Module,
    of: &str,
    symbol: SymbolId,
    value: NodeId,
) -> Result<Line, Refusal> {
    let name = format!("d{of}/d{}", module.symbol(symbol).name);
    let ty = module.graph.ty(value).clone();
    let (id, _) = module.declare(&name, chainrule_graph::module::Role::Derived, &ty)?;
    Ok(Line { of: symbol, symbol: id, value, rules: Vec::new() })
}

/// For each block the names whose equations it goes through, outermost first.
fn heads(
    module: &Module,
    of: NodeId,
    path: &[SymbolId],
    lines: &[Line],
    ranges: &[std::ops::Range<usize>],
) -> Vec<Vec<SymbolId>> {
    let mut seen: BTreeSet<SymbolId> = BTreeSet::new();
    let mut out = Vec::new();
    for (i, range) in ranges.iter().enumerate() {
        let mut names: Vec<SymbolId> = Vec::new();
        if i == 0 {
            // From the value down to the first cotangent.
            let lined: BTreeSet<SymbolId> = path.iter().copied().collect();
            let mut open: Vec<SymbolId> = blocks::reads(module, of).into_iter().collect();
            while let Some(symbol) = open.pop() {
                let Some(binding) = module.binding(symbol) else { continue };
                if lined.contains(&symbol) || !seen.insert(symbol) {
                    continue;
                }
                names.push(symbol);
                open.extend(blocks::reads(module, binding.stable));
                open.extend(blocks::reads(module, binding.value));
            }
        }
        // As far as the block goes; also what has no line of its own.
        let place = |l: &Line| path.iter().position(|s| *s == l.of && module.binding(*s).is_some());
        let last = lines[range.clone()].iter().filter_map(place).max();
        let end = if i + 1 == ranges.len() { path.len() } else { last.map_or(0, |l| l + 1) };
        for symbol in &path[..end] {
            if module.binding(*symbol).is_some() && seen.insert(*symbol) {
                names.push(*symbol);
            }
        }
        names.sort_by(|a, b| b.cmp(a));
        out.push(names);
    }
    out
}

/// What formulas do not say: which of several maxima counts, what lies outside an array.
fn notes(module: &Module, lines: &[Line], out: &mut Derive) {
    let (mut first, mut seen) = (false, BTreeSet::new());
    let mut open: Vec<NodeId> = lines.iter().map(|l| l.value).collect();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let node = module.graph.node(id);
        first |= matches!(node.op, Op::First { .. });
        open.extend(&node.inputs);
    }
    if first {
        out.notes.push("Of several equal maxima the first one counts.".into());
    }
    if out.steps.iter().any(|s| s.text.contains("; pad]")) {
        out.notes.push("Entries outside an array are 0.".into());
    }
}
