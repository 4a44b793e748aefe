//! How lines come about, derivatives by parts of a name, and the dual view: what `explain` says, as
//! parts of the document.

use chainrule_graph::differentiate::{Derivation, Refusal};
use chainrule_graph::{Module, NodeId, Op, SymbolId, explain};
use chainrule_syntax::print;

use super::lines::typeset;
use super::options::Depth;
use super::{Block, Derive, Detail, Gradient, Step};
use crate::notation::Context;

impl From<explain::Detail> for Detail {
    fn from(detail: explain::Detail) -> Detail {
        let explain::Detail { left, right, reason, shapes } = detail;
        Detail { left, right, reason, shapes }
    }
}

fn converted(details: Vec<explain::Detail>) -> Vec<Detail> {
    details.into_iter().map(Detail::from).collect()
}

/// The sub-steps of the line of `symbol`; none at the depth `brief`.
///
/// # Errors
///
/// The line cannot be explained.
pub(super) fn details(
    module: &Module,
    derivation: &Derivation,
    symbol: SymbolId,
    depth: Depth,
) -> Result<Vec<Detail>, Refusal> {
    let depth = match depth {
        Depth::Brief => return Ok(Vec::new()),
        Depth::Full => explain::Depth::Full,
        Depth::Index => explain::Depth::Index,
    };
    match derivation.lines.iter().position(|l| l.symbol == symbol) {
        Some(at) => explain::line(module, derivation, at, depth).map(converted),
        None => Ok(Vec::new()),
    }
}

/// A Jacobian or Hessian entry by entry, with deltas.
pub(super) fn entries(module: &Module, target: NodeId) -> Vec<Detail> {
    match explain::jacobian(module, target) {
        // The first one is the matrix, which has its line.
        Ok(explained) => converted(explained.details()).into_iter().skip(1).collect(),
        Err(_) => Vec::new(),
    }
}

/// The block that stands on the diagonal of a Jacobian by rows, and how many there are.
pub(super) fn diagonal(module: &Module, target: NodeId) -> Option<super::Diagonal> {
    let node = module.graph.node(target);
    let Op::Jac { row: true } = node.op else { return None };
    let found = explain::blocks(module, node.inputs[0], node.inputs[1]).ok()??;
    Some(super::Diagonal { count: found.count, block: found.block })
}

/// Entries of a value, or the whole of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) symbol: SymbolId,
    /// The index of each axis, or all of it; empty for the whole value.
    pub(super) places: Vec<Option<String>>,
}

/// The derivative of a number, or of an entry, by a part of a name.
///
/// # Errors
///
/// The indices do not fit, or an op has no derivative.
pub(super) fn part(
    module: &mut Module,
    of: &Part,
    wrt: &Part,
    out: &mut Derive,
) -> Result<(), Refusal> {
    let columns: Vec<Option<&str>> = wrt.places.iter().map(Option::as_deref).collect();
    let explained = if of.places.is_empty() {
        let value = module.read(of.symbol)?;
        if !module.graph.ty(value).dims.is_empty() {
            let name = &module.symbol(of.symbol).name;
            let text = format!("`{name}` has several entries: say which, for example `{name}[i]`");
            return Err(Refusal(text));
        }
        explain::varied(module, value, wrt.symbol, &columns)?
    } else {
        let rows: Vec<&str> = of.places.iter().flatten().map(String::as_str).collect();
        if rows.len() < of.places.len() {
            return Err(Refusal("one entry is differentiated: every index is a letter".into()));
        }
        explain::varied_entry(module, (of.symbol, &rows), (wrt.symbol, &columns))?
    };
    let details = converted(explained.details());
    out.context = Context::of(&explained.module);
    let (Some(left), Some(last)) = (details.iter().find_map(|d| d.left.clone()), details.last())
    else {
        return Err(Refusal("there is nothing to say".into()));
    };
    let text = print::expr(&last.right);
    let latex = typeset(&out.context, &last.right);
    out.title = print::expr(&left);
    out.gradients.push(Gradient {
        wrt: written(module, wrt),
        shape: last.shapes.clone(),
        text: text.clone(),
        latex: latex.clone(),
    });
    out.steps.push(Step {
        name: print::expr(&left),
        shape: last.shapes.clone(),
        text,
        latex,
        rule: String::new(),
        shapes: String::new(),
        left,
        right: last.right.clone(),
        details: if details.len() > 1 { details } else { Vec::new() },
        code: None,
        diagonal: None,
    });
    Ok(())
}

fn written(module: &Module, part: &Part) -> String {
    let name = &module.symbol(part.symbol).name;
    let place = |p: &Option<String>| p.clone().unwrap_or_else(|| ":".into());
    let places: Vec<String> = part.places.iter().map(place).collect();
    if places.is_empty() { name.clone() } else { format!("{name}[{}]", places.join(",")) }
}

/// The linearised network, and its transpose with 1 fed in.
///
/// # Errors
///
/// An op has no derivative, or a limit is reached.
pub(super) fn dual(
    module: &Module,
    of: SymbolId,
    wrt: &[SymbolId],
    out: &mut Derive,
) -> Result<(), Refusal> {
    let dual = explain::dual(module, of, wrt)?;
    out.context = Context::of(&dual.module);
    let names: Vec<&str> = wrt.iter().map(|s| module.symbol(*s).name.as_str()).collect();
    out.title = format!("derivative network of {} by {}, and its dual", out.of, names.join(", "));
    let steps =
        |steps: Vec<explain::Step>| converted(steps.into_iter().map(|s| s.detail).collect());
    for (title, equations) in [
        ("The network", converted(dual.equations)),
        ("Linearised: how each value moves", steps(dual.tangents)),
        ("Transposed: 1 is fed in, the arrows are turned round", steps(dual.cotangents)),
    ] {
        out.blocks.push(Block { title: title.into(), equations, steps: 0..0 });
    }
    Ok(())
}
