//! Every rule expanded.

use std::collections::BTreeSet;

use chainrule_syntax::ast::Expr;

use super::flat::{behind, is_plain};
use super::walk::{Walk, walk};
use super::{
    Detail, Explained, Fact, Step, definitions, formula, name, rule, shapes, soft, symbol_of,
};
use crate::differentiate::{Derivation, Line, Refusal};
use crate::index::{NodeId, SymbolId};
use crate::module::Module;
use crate::op::Op;
use crate::simplify::Simplifier;
use crate::types::Type;

/// An explanation being written.
pub(super) struct Steps {
    pub(super) module: Module,
    steps: Vec<Step>,
    /// Rules and definitions that have been said.
    said: BTreeSet<String>,
    /// Letters that stand for any value of a type.
    letters: Vec<(String, Type, SymbolId)>,
    simplifier: Simplifier,
}

impl Steps {
    pub(super) fn new(mut module: Module) -> Steps {
        let simplifier = Simplifier::new(&mut module);
        let (steps, said, letters) = (Vec::new(), BTreeSet::new(), Vec::new());
        Steps { module, steps, said, letters, simplifier }
    }

    pub(super) fn done(self) -> Explained {
        Explained { module: self.module, steps: self.steps }
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// `left = right`, or `  = right` after what `a` is.
    pub(super) fn equal(&mut self, left: Option<Expr>, a: NodeId, b: NodeId, reason: &str) {
        let right = formula(&self.module, b);
        let shapes = shapes(&self.module, b);
        let detail = Detail { left, right, reason: reason.into(), shapes };
        self.push(Step { detail, fact: Fact::Equal(a, b) });
    }

    /// The chain goes on, if the next member reads differently.
    pub(super) fn chain(&mut self, a: NodeId, b: NodeId, reason: &str) {
        if a != b && formula(&self.module, a) != formula(&self.module, b) {
            self.equal(None, a, b, reason);
        }
    }

    /// A formula as a textbook writes it.
    pub(super) fn tidy(&mut self, node: NodeId) -> NodeId {
        // An index equation reads as one.
        if matches!(self.module.graph.node(node).op, Op::Scatter { .. } | Op::Collect { .. }) {
            return node;
        }
        self.simplifier.node(&mut self.module, node)
    }

    /// The same formula written shorter, if it can be, with the rules that do it.
    pub(super) fn shorter(&mut self, node: NodeId) -> NodeId {
        self.simplifier.take_applied();
        let short = self.tidy(node);
        let mut rules: Vec<String> = Vec::new();
        for applied in self.simplifier.take_applied() {
            if !rules.contains(&applied.rule) {
                rules.push(applied.rule);
            }
        }
        rules.truncate(4);
        let reason = if rules.is_empty() { "cleaned up".into() } else { rules.join(", ") };
        self.chain(node, short, &reason);
        short
    }

    /// A letter for any value of a type: the same one each time.
    pub(super) fn letter(&mut self, text: &str, ty: &Type) -> Result<(SymbolId, NodeId), Refusal> {
        let known = self.letters.iter().find(|(t, own, _)| t == text && own == ty).map(|l| l.2);
        if let Some(symbol) = known {
            return Ok((symbol, self.module.read(symbol)?));
        }
        let (symbol, read) = rule::declare(&mut self.module, &[text, "q", "v"], ty)?;
        self.letters.push((text.into(), ty.clone(), symbol));
        Ok((symbol, read))
    }

    /// What the last step ends with.
    fn last(&self) -> Option<&Expr> {
        self.steps.last().map(|s| &s.detail.right)
    }

    /// Whether this is said for the first time.
    pub(super) fn first(&mut self, what: String) -> bool {
        self.said.insert(what)
    }
}

/// The long way to line `at`, rule by rule.
pub(super) fn full(
    module: &Module,
    derivation: &Derivation,
    at: usize,
) -> Result<Explained, Refusal> {
    let mut walk = walk(module, derivation, at, true)?;
    let mut steps = Steps::new(std::mem::take(&mut walk.flat.module));
    let of = walk.flat.of;
    for line in walk.lines.clone() {
        equations(&mut steps, &walk, &line);
        numbers(&mut steps, &walk, &line)?;
        for (node, k) in readers(&steps.module, &walk, line.of) {
            definition(&mut steps, &walk, node)?;
            general(&mut steps, node, k)?;
        }
        instance(&mut steps, of, &line);
        collapsed(&mut steps, &walk, &line)?;
    }
    walk.flat.module = std::mem::take(&mut steps.module);
    let last = walk.lines.last().map(|l| l.value);
    let (value, short) = (last.unwrap_or(walk.line.value), walk.line.value);
    let whole = walk.put_in(value)?;
    steps.module = std::mem::take(&mut walk.flat.module);
    let whole = steps.tidy(whole);
    end(&mut steps, value, whole, short);
    Ok(steps.done())
}

/// The last line with everything put in, and the line as it is printed.
fn end(steps: &mut Steps, value: NodeId, whole: NodeId, short: NodeId) {
    let text = |s: &Steps, n: NodeId| formula(&s.module, n);
    let short_text = text(steps, short);
    let tidied = steps.tidy(short);
    let tidied = text(steps, tidied);
    let ended = steps.last() == Some(&short_text) || steps.last() == Some(&tidied);
    if text(steps, value) == short_text || ended {
        return;
    }
    if text(steps, whole) != text(steps, short) && text(steps, whole) != text(steps, value) {
        steps.equal(None, value, whole, "everything put in");
    }
    steps.equal(None, whole, short, "the same, cleaned up");
}

/// The equations that read a value, and the inner values they are made of.
fn equations(steps: &mut Steps, walk: &Walk, line: &Line) {
    let mut open = vec![line.of];
    let copies: BTreeSet<SymbolId> = walk.flat.copies.values().copied().collect();
    let mut found = BTreeSet::new();
    while let Some(symbol) = open.pop() {
        for (reader, value) in &walk.flat.equations {
            let reads = behind(&steps.module, *value)
                .iter()
                .any(|n| symbol_of(&steps.module, *n) == Some(symbol));
            if reads && found.insert(*reader) && !copies.contains(reader) {
                open.push(*reader);
            }
        }
    }
    for (reader, value) in &walk.flat.equations {
        let text = steps.module.symbol(*reader).name.clone();
        if !found.contains(reader) || !steps.first(format!("equation {text}")) {
            continue;
        }
        let reason = if copies.contains(reader) {
            format!("the equation that reads `{}`", steps.module.symbol(line.of).name)
        } else {
            "a name for an inner value".into()
        };
        let Ok(own) = steps.module.read(*reader) else { continue };
        let equation = crate::raise::equation(&steps.module, *value);
        let detail = Detail {
            left: Some(equation.left(name(&text))),
            right: equation.right,
            reason,
            shapes: shapes(&steps.module, *value),
        };
        steps.push(Step { detail, fact: Fact::Equal(own, *value) });
    }
}

/// What is sent back by equations whose cotangent is one number, such as `1/N`: it has no line.
fn numbers(steps: &mut Steps, walk: &Walk, line: &Line) -> Result<(), Refusal> {
    let (of, top) = (walk.flat.of, symbol_of(&steps.module, walk.flat.of));
    for (reader, value) in &walk.flat.equations {
        let reads = behind(&steps.module, *value)
            .iter()
            .any(|n| symbol_of(&steps.module, *n) == Some(line.of));
        if !reads || Some(*reader) == top || walk.cotangent(*reader).is_some() {
            continue;
        }
        let (Some(top), text) = (top, steps.module.symbol(*reader).name.clone()) else { continue };
        if !steps.first(format!("number {text}")) {
            continue;
        }
        let made = crate::differentiate::gradients(&mut steps.module, of, &[*reader])?[0];
        let made = steps.tidy(made);
        if crate::terms::Terms::of(&mut steps.module).is_zero(made) {
            continue;
        }
        let top = steps.module.symbol(top).name.clone();
        let detail = Detail {
            left: Some(name(&format!("d{top}/d{text}"))),
            right: formula(&steps.module, made),
            reason: format!("how much of `{text}` is in `{top}`"),
            shapes: String::new(),
        };
        let fact = Fact::Gradient { of, wrt: *reader, formula: made };
        steps.push(Step { detail, fact });
    }
    Ok(())
}

/// The nodes that read a name, with the place of the input.
pub(super) fn readers(module: &Module, walk: &Walk, symbol: SymbolId) -> Vec<(NodeId, usize)> {
    let mut found = Vec::new();
    for (_, value) in &walk.flat.equations {
        for id in behind(module, *value) {
            let node = module.graph.node(id);
            for (k, input) in node.inputs.iter().enumerate() {
                // A transposed or negated name is the name.
                let mut inner = *input;
                while module.graph.node(inner).op == Op::Transpose
                    || is_plain(module, inner) && module.graph.node(inner).inputs.len() == 1
                {
                    inner = module.graph.node(inner).inputs[0];
                }
                let own = symbol_of(module, inner) == Some(symbol) && !is_plain(module, id);
                let turned = node.op == Op::Transpose;
                if own && !turned && !found.contains(&(id, k)) {
                    found.push((id, k));
                }
            }
        }
    }
    found
}

fn definition(steps: &mut Steps, walk: &Walk, node: NodeId) -> Result<(), Refusal> {
    let op = steps.module.graph.node(node).op.clone();
    let function = op.def().name;
    if !steps.first(format!("definition {function}")) {
        return Ok(());
    }
    for step in definitions::defined(steps, node)? {
        steps.push(step);
    }
    if matches!(op, Op::Softmax { .. }) {
        let named = walk.flat.equations.iter().find(|(_, v)| *v == node).map(|(s, _)| *s);
        soft::jacobian(steps, node, named)?;
    }
    Ok(())
}

fn general(steps: &mut Steps, node: NodeId, k: usize) -> Result<(), Refusal> {
    let op = steps.module.graph.node(node).op.def().name;
    let types: Vec<usize> = steps
        .module
        .graph
        .node(node)
        .inputs
        .iter()
        .map(|i| steps.module.graph.ty(*i).dims.len())
        .collect();
    if !steps.first(format!("rule {op} {k} {types:?}")) {
        return Ok(());
    }
    if let Some(step) = rule::general(steps, node, k)? {
        steps.push(step);
    }
    Ok(())
}

/// The rule at this place.
fn instance(steps: &mut Steps, of: NodeId, line: &Line) {
    let text = steps.module.symbol(line.symbol).name.clone();
    let equation = crate::raise::equation(&steps.module, line.value);
    let detail = Detail {
        left: Some(equation.left(name(&text))),
        right: equation.right,
        reason: reason(line),
        shapes: shapes(&steps.module, line.value),
    };
    let fact = Fact::Gradient { of, wrt: line.of, formula: line.value };
    steps.push(Step { detail, fact });
    steps.shorter(line.value);
}

/// The names of the rules of a line.
pub(super) fn reason(line: &Line) -> String {
    let mut words: Vec<&str> = Vec::new();
    for rule in &line.rules {
        let word = match *rule {
            "matmul" => "product",
            ".*" => "entry-wise product",
            "+" | "-" => "sum",
            "reduce" => "sum over entries",
            "lift" => "copies",
            "access" => "entry",
            "scale" => "factor",
            "/" | "./" => "quotient",
            other => other,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() {
        "the chain rule".into()
    } else {
        format!("chain rule: {}", words.join(", "))
    }
}

/// Behind a softmax of a logarithm the denominators cancel.
fn collapsed(steps: &mut Steps, walk: &Walk, line: &Line) -> Result<(), Refusal> {
    for (node, _) in readers(&steps.module, walk, line.of) {
        if !matches!(steps.module.graph.node(node).op, Op::Softmax { .. }) {
            continue;
        }
        let Some((symbol, _)) = walk.flat.equations.iter().find(|(_, v)| *v == node) else {
            continue;
        };
        let above = walk.lines.iter().find(|l| l.of == *symbol).cloned();
        let Some(above) = above else { continue };
        let p = steps.module.read(*symbol)?;
        let cotangent = opened(steps, walk, above.value)?;
        let mut t = crate::terms::Terms::of(&mut steps.module);
        let at = t.at(node);
        let place = crate::record::At { node: p, ..at };
        let Some(written) = crate::differentiate::pulled(&mut t, &place, cotangent, 0)? else {
            continue;
        };
        let written = steps.tidy(written);
        steps.chain(line.value, written, "the cotangent put in");
        let text = steps.module.symbol(line.symbol).name.clone();
        soft::collapse(steps, &text, (p, cotangent, written))?;
    }
    Ok(())
}

/// A formula with the inner names in it replaced by what they are.
fn opened(steps: &mut Steps, walk: &Walk, node: NodeId) -> Result<NodeId, Refusal> {
    let copies: BTreeSet<SymbolId> = walk.flat.copies.values().copied().collect();
    let mut values: Vec<(SymbolId, NodeId)> =
        walk.flat.equations.iter().filter(|(s, _)| !copies.contains(s)).copied().collect();
    values.extend(walk.lines.iter().map(|l| (l.symbol, l.value)));
    super::walk::replaced(&mut steps.module, node, &values)
}
