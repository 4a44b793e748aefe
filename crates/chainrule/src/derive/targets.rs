//! What is differentiated by what: the file's lines, or the caller's names.

use chainrule_graph::module::{self, Role};
use chainrule_graph::terms::Terms;
use chainrule_graph::{Kind, Module, NodeId, Op, SymbolId};
use chainrule_syntax::Span;
use chainrule_syntax::ast::{ExprKind, Index};
use chainrule_syntax::suggest::nearest;

use super::explained::Part;
use super::options::{Chosen, DeriveOptions};
use crate::{Error, Model};

/// One derivation to work out.
#[derive(Debug)]
pub(super) struct Target {
    /// What.
    pub(super) what: What,
    /// How.
    pub(super) chosen: Chosen,
    /// Where it is asked for, if in the file.
    pub(super) span: Option<Span>,
    /// A sentence on why this is derived, if nothing asked for it.
    pub(super) note: Option<String>,
}

/// What is worked out.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// Gradients of one value, or one other derivative.
    Nodes(Vec<NodeId>),
    /// The derivative of a number or an entry by a part of a name.
    Part(Part, Part),
    /// The linearised network and its dual.
    Dual(SymbolId, Vec<SymbolId>),
}

/// The targets of each module.
///
/// # Errors
///
/// A name that the caller gives is no value of the file.
pub(super) fn targets(
    model: &Model,
    modules: &mut [Module],
    options: &DeriveOptions,
) -> Result<Vec<Vec<Target>>, Error> {
    let asked = options.of.is_some() || !options.wrt.is_empty();
    if asked {
        return asked_for(model, modules, options);
    }
    let mut all = Vec::new();
    for module in modules.iter_mut() {
        let mut list = Vec::new();
        for line in &module.derivations {
            for nodes in groups(module, &line.targets) {
                let chosen = Chosen::new(Some(line), options);
                let what = What::Nodes(nodes);
                list.push(Target { what, chosen, span: Some(line.span), note: None });
            }
        }
        all.push(list);
    }
    if all.iter().all(Vec::is_empty) {
        for (module, list) in modules.iter_mut().zip(&mut all) {
            list.extend(loss(module, options)?);
        }
    }
    for (module, list) in modules.iter_mut().zip(&mut all) {
        list.iter_mut().for_each(|target| adapt(module, target, options));
    }
    Ok(all)
}

/// The dual view of gradients, Jacobians by rows.
fn adapt(module: &mut Module, target: &mut Target, options: &DeriveOptions) {
    let What::Nodes(nodes) = &mut target.what else { return };
    let first = module.graph.node(nodes[0]).clone();
    let symbol = |module: &Module, id: NodeId| match module.graph.node(id).op {
        Op::Symbol { id, .. } => Some(id),
        _ => None,
    };
    if let (true, Op::Jac { row: false }) = (options.is_row_major, &first.op)
        && let Ok(by_rows) = Terms::of(module).op(Op::Jac { row: true }, &first.inputs)
    {
        nodes[0] = by_rows;
    }
    if let (true, Op::Grad) = (options.is_dual, &first.op)
        && let Some(of) = symbol(module, first.inputs[0])
    {
        let by = |n: &NodeId| symbol(module, module.graph.node(*n).inputs[1]);
        let wrt = nodes.iter().filter_map(by).collect();
        target.what = What::Dual(of, wrt);
    }
}

/// Gradients of one value belong together; everything else stands alone.
fn groups(module: &Module, targets: &[NodeId]) -> Vec<Vec<NodeId>> {
    let mut out: Vec<Vec<NodeId>> = Vec::new();
    for target in targets {
        let node = module.graph.node(*target);
        let of = |group: &&mut Vec<NodeId>| {
            let first = module.graph.node(group[0]);
            node.op == Op::Grad && first.op == Op::Grad && first.inputs[0] == node.inputs[0]
        };
        match out.iter_mut().find(of) {
            Some(group) => group.push(*target),
            None => out.push(vec![*target]),
        }
    }
    out
}

/// Without a `derive` line: the loss of the first training, or the last number of the net, by all
/// parameters or, where there are none, by all given values.
fn loss(module: &mut Module, options: &DeriveOptions) -> Result<Option<Target>, Error> {
    let wrt = variables(module);
    let Some(of) = default_of(module).filter(|_| !wrt.is_empty()) else { return Ok(None) };
    let nodes = derivatives(module, of, &wrt, false)?;
    let what = if wrt.iter().any(|w| matches!(module.symbol(*w).role, Role::Param(_))) {
        "all parameters"
    } else {
        "all given values"
    };
    let name = &module.symbol(of).name;
    let note = format!("The file has no `derive` line: this is the gradient of {name} by {what}.");
    let chosen = Chosen::new(None, options);
    let what = What::Nodes(nodes);
    Ok(Some(Target { what, chosen, span: None, note: Some(note) }))
}

/// The loss of the first training, else the last number that is defined.
fn default_of(module: &Module) -> Option<SymbolId> {
    let trained = module.trainings.first().map(|t| t.loss);
    let number = |b: &&module::Binding| {
        let symbol = module.symbol(b.symbol);
        symbol.role == Role::Defined && symbol.ty.dims.is_empty() && symbol.ty.axes.is_empty()
    };
    trained.or_else(|| module.bindings.iter().rev().find(number).map(|b| b.symbol))
}

/// All parameters, else all given values that are no labels.
fn variables(module: &Module) -> Vec<SymbolId> {
    let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
    if !params.is_empty() {
        return params;
    }
    let given = |(_, s): &(usize, &module::Symbol)| {
        let whole = matches!(s.ty.kind, Kind::Integer | Kind::Label(_) | Kind::Truth);
        matches!(s.role, Role::Given(_)) && !whole
    };
    let symbols = module.symbols.iter().enumerate().filter(given);
    symbols.map(|(i, _)| SymbolId::new(i)).collect()
}

/// `dJ/dW` of a number, `jac(z, W)` of anything else.
fn derivatives(
    module: &mut Module,
    of: SymbolId,
    wrt: &[SymbolId],
    is_row_major: bool,
) -> Result<Vec<NodeId>, Error> {
    let refused = |misfit: chainrule_graph::op::Misfit| Error::refused(misfit.message);
    let value = module.read(of).map_err(refused)?;
    let number = module.graph.ty(value).dims.is_empty();
    let mut nodes = Vec::new();
    for symbol in wrt {
        let variable = module.read(*symbol).map_err(refused)?;
        let op = if number { Op::Grad } else { Op::Jac { row: is_row_major } };
        nodes.push(Terms::of(module).op(op, &[value, variable]).map_err(refused)?);
    }
    Ok(nodes)
}

/// The caller's names, in every model that has them.
fn asked_for(
    model: &Model,
    modules: &mut [Module],
    options: &DeriveOptions,
) -> Result<Vec<Vec<Target>>, Error> {
    let mut all = Vec::new();
    for module in modules.iter_mut() {
        let known = |name: &String| part(module, name).is_some();
        let missing = options.of.iter().chain(&options.wrt).any(|name| !known(name));
        if missing {
            all.push(Vec::new());
            continue;
        }
        all.push(named(module, options)?);
    }
    if all.iter().all(Vec::is_empty) {
        return Err(unknown(model, modules, options));
    }
    Ok(all)
}

fn named(module: &mut Module, options: &DeriveOptions) -> Result<Vec<Target>, Error> {
    let line = module.derivations.first().cloned();
    let whole = |symbol| Part { symbol, places: Vec::new() };
    let of = match &options.of {
        Some(name) => part(module, name),
        None => {
            line.as_ref().and_then(|l| of_line(module, l)).or_else(|| default_of(module)).map(whole)
        }
    };
    let Some(of) = of else {
        let message = "the file does not say what is differentiated: `--of NAME`";
        return Err(Error::setting(message.into()));
    };
    let wrt: Vec<Part> = if options.wrt.is_empty() {
        variables(module).into_iter().filter(|w| *w != of.symbol).map(whole).collect()
    } else {
        // A name that is given twice has one line.
        let mut seen = std::collections::BTreeSet::new();
        let names = options.wrt.iter().filter(|name| seen.insert(name.trim()));
        names.filter_map(|name| part(module, name)).collect()
    };
    if wrt.is_empty() {
        let message = "the file has no parameters: `--wrt NAME` says by what is differentiated";
        return Err(Error::setting(message.into()));
    }
    for part in &wrt {
        let symbol = module.symbol(part.symbol);
        let what = match symbol.ty.kind {
            Kind::Label(_) => Some("a label"),
            Kind::Integer => Some("a whole number"),
            _ => None,
        };
        if let Some(what) = what {
            let message = format!("`{}` is {what}: there is no derivative by it", symbol.name);
            return Err(Error::setting(message));
        }
    }
    let chosen = Chosen::new(line.as_ref(), options);
    let target = |what| Target { what, chosen, span: None, note: None };
    let parts = |p: &&Part| !of.places.is_empty() || !p.places.is_empty();
    let mut out: Vec<Target> = wrt
        .iter()
        .filter(parts)
        .map(|wrt| target(What::Part(of.clone(), covering(module, wrt))))
        .collect();
    let plain: Vec<SymbolId> = wrt.iter().filter(|p| !parts(p)).map(|p| p.symbol).collect();
    if options.is_dual && !plain.is_empty() {
        out.push(target(What::Dual(of.symbol, plain)));
    } else if !plain.is_empty() {
        let nodes = derivatives(module, of.symbol, &plain, options.is_row_major)?;
        let all = groups(module, &nodes);
        out.splice(0..0, all.into_iter().map(|nodes| target(What::Nodes(nodes))));
    }
    Ok(out)
}

/// A whole name as a part: all of every axis.
fn covering(module: &Module, part: &Part) -> Part {
    let axes = module.symbol(part.symbol).ty.dims.len();
    match part.places.is_empty() {
        true => Part { symbol: part.symbol, places: vec![None; axes] },
        false => part.clone(),
    }
}

/// `W`, `W[i,:]`, `W[2]` of a family: a name of the module with indices, if it is one.
fn part(module: &Module, text: &str) -> Option<Part> {
    let parsed = crate::notation::read(text)?;
    let printed = chainrule_syntax::print::expr(&parsed);
    if let Some(symbol) = module.find(&printed) {
        return Some(Part { symbol, places: Vec::new() });
    }
    let ExprKind::Access { base, indices, pad: false, .. } = &parsed.kind else { return None };
    let symbol = module.find(&chainrule_syntax::print::expr(base))?;
    let place = |index: &Index| match index {
        Index::All(_) => Some(None),
        Index::At(at) => match &at.kind {
            ExprKind::Name(letter) => Some(Some(letter.clone())),
            _ => None,
        },
    };
    let places: Option<Vec<Option<String>>> = indices.iter().map(place).collect();
    let places = places.filter(|p| p.len() == module.symbol(symbol).ty.dims.len())?;
    Some(Part { symbol, places })
}

/// What a `derive` line differentiates, if that has a name.
fn of_line(module: &Module, line: &module::Derivation) -> Option<SymbolId> {
    let target = module.graph.node(*line.targets.first()?);
    match module.graph.node(*target.inputs.first()?).op {
        Op::Symbol { id, .. } => Some(id),
        _ => None,
    }
}

/// The first name that no model has, with one that is near.
fn unknown(model: &Model, modules: &[Module], options: &DeriveOptions) -> Error {
    let names = options.of.iter().chain(&options.wrt);
    let missing = |name: &&String| modules.iter().all(|m| part(m, name).is_none());
    let name = names.clone().find(missing).or_else(|| names.clone().next());
    let name = name.map_or("", String::as_str);
    let known: Vec<&str> = modules
        .iter()
        .flat_map(|m| &m.symbols)
        .filter(|s| !matches!(s.role, Role::Local | Role::Derived))
        .map(|s| s.name.as_str())
        .collect();
    let file = model.source().name();
    Error::setting(match nearest(name, known.iter().copied()) {
        Some(near) => format!("{file} has no value `{name}`; did you mean `{near}`?"),
        None => format!("{file} has no value `{name}`; it has {}", known.join(", ")),
    })
}
