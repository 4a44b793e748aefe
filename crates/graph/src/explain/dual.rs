//! The derivative network and its dual: the linearised graph, and the same graph with every arrow
//! turned round.
//!
//! A tangent line says how a value moves when what it reads moves: `dy = A dx + dA x`. Every line is
//! linear in the tangents. Its transpose sends a cotangent the other way; the order is reversed, and
//! where several arrows leave a value their contributions are added. 1 is fed in at the end, and what
//! comes out at the names is the gradient. (Griewank and Walther, *Evaluating Derivatives*, 2nd ed.,
//! SIAM 2008, chapter 3.)

use std::collections::{BTreeMap, BTreeSet};

use super::flat::{behind, flat};
use super::full::reason;
use super::{Detail, Fact, Step, call, formula, is_taken, name, shapes, symbol_of};
use crate::differentiate::{self, Line, Refusal};
use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Role, Start};
use crate::types::{Kind, Type};

/// Both networks.
#[derive(Clone, Debug)]
pub struct Dual {
    /// The module, with names for tangents and cotangents.
    pub module: Module,
    /// The equations.
    pub equations: Vec<Detail>,
    /// `dy = A dx + dA x`: one line an equation, in their order.
    pub tangents: Vec<Step>,
    /// `dL/dx = A^T dL/dy`: the transposes, in reversed order; the first feeds in 1.
    pub cotangents: Vec<Step>,
    /// From each name that moves to the name of its tangent.
    pub moves: Vec<(SymbolId, SymbolId)>,
    /// The value.
    pub of: NodeId,
    /// The gradients, in the order asked for.
    pub gradients: Vec<NodeId>,
}

/// The derivative network of `of` by some names, and its dual.
///
/// # Errors
///
/// `of` is no named number, an op has no derivative, or a limit is reached.
pub fn dual(module: &Module, of: SymbolId, wrt: &[SymbolId]) -> Result<Dual, Refusal> {
    let mut module = module.clone();
    let top = module.read(of)?;
    let top = differentiate::resolved(&mut module, top, &mut BTreeMap::new())?;
    let mut flat = flat(&module, top, &wrt.iter().copied().collect(), false)?;
    let top = flat.of;
    let derivation = differentiate::derivation(&mut flat.module, top, wrt)?;
    let active = active(&flat.module, &flat.equations, wrt);
    let mut module = flat.module;
    let mut out = Dual {
        module: Module::default(),
        equations: Vec::new(),
        tangents: Vec::new(),
        cotangents: Vec::new(),
        moves: Vec::new(),
        of: top,
        gradients: derivation.gradients.clone(),
    };
    let mut tangents: BTreeMap<SymbolId, NodeId> = BTreeMap::new();
    for symbol in wrt {
        let (id, read) = moving(&mut module, *symbol)?;
        tangents.insert(*symbol, read);
        out.moves.push((*symbol, id));
    }
    for (symbol, value) in flat.equations {
        let text = module.symbol(symbol).name.clone();
        out.equations.push(Detail {
            left: Some(name(&text)),
            right: formula(&module, value),
            reason: String::new(),
            shapes: shapes(&module, value),
        });
        if active.contains(&symbol) {
            let (step, id, read) = tangent(&mut module, symbol, value, &tangents)?;
            out.tangents.push(step);
            tangents.insert(symbol, read);
            out.moves.push((symbol, id));
        }
    }
    out.cotangents.push(seed(&mut module, top, of)?);
    let lines = derivation.lines.iter().filter(|line| line.value != top);
    out.cotangents.extend(lines.map(|line| transposed(&module, top, line)));
    out.module = module;
    Ok(out)
}

/// The transpose of the lines that read a value.
fn transposed(module: &Module, top: NodeId, line: &Line) -> Step {
    let text = module.symbol(line.symbol).name.clone();
    let equation = crate::raise::equation(module, line.value);
    let count = line.rules.len();
    let reason = if count > 1 {
        format!("transposed; {count} arrows leave it, their parts are added")
    } else {
        format!("transposed; {}", reason(line))
    };
    let detail = Detail {
        left: Some(equation.left(name(&text))),
        right: equation.right,
        reason,
        shapes: shapes(module, line.value),
    };
    Step { detail, fact: Fact::Gradient { of: top, wrt: line.of, formula: line.value } }
}

/// The names that move.
fn active(
    module: &Module,
    equations: &[(SymbolId, NodeId)],
    wrt: &[SymbolId],
) -> BTreeSet<SymbolId> {
    let mut active: BTreeSet<SymbolId> = wrt.iter().copied().collect();
    for (symbol, value) in equations {
        let reads = behind(module, *value).into_iter().filter_map(|n| symbol_of(module, n));
        if reads.into_iter().any(|s| active.contains(&s)) {
            active.insert(*symbol);
        }
    }
    active
}

/// A name for a tangent.
fn moving(module: &mut Module, symbol: SymbolId) -> Result<(SymbolId, NodeId), Refusal> {
    let ty = module.symbol(symbol).ty.clone();
    let ty = Type { kind: Kind::Real, ..(*ty).clone() };
    let text = tangent_name(module, symbol);
    Ok(module.declare(&text, Role::Given(Start::None), &ty)?)
}

fn tangent_name(module: &Module, symbol: SymbolId) -> String {
    let own = &module.symbol(symbol).name;
    let plain = format!("d{own}");
    if is_taken(module, &plain) { format!("delta_{own}") } else { plain }
}

/// The line of one equation: what it reads moves, each name on its own.
fn tangent(
    module: &mut Module,
    symbol: SymbolId,
    value: NodeId,
    tangents: &BTreeMap<SymbolId, NodeId>,
) -> Result<(Step, SymbolId, NodeId), Refusal> {
    let read: BTreeSet<SymbolId> =
        behind(module, value).into_iter().filter_map(|n| symbol_of(module, n)).collect();
    let seeds: Vec<(SymbolId, NodeId)> =
        read.iter().filter_map(|s| Some((*s, *tangents.get(s)?))).collect();
    let moved = differentiate::tangent(module, value, &seeds)?;
    let text = tangent_name(module, symbol);
    let detail = Detail {
        left: Some(name(&text)),
        right: formula(module, moved),
        reason: format!("the tangent of `{}`", module.symbol(symbol).name),
        shapes: shapes(module, moved),
    };
    let own = differentiate::name(module, text, moved)?;
    let Some(id) = symbol_of(module, own) else {
        return Err(Refusal("a name is a symbol".into()));
    };
    Ok((Step { detail, fact: Fact::Equal(own, moved) }, id, own))
}

/// `dL/dL = 1`
fn seed(module: &mut Module, top: NodeId, of: SymbolId) -> Result<Step, Refusal> {
    let ty = module.graph.ty(top).clone();
    let one = crate::terms::Terms::of(module).ones(&ty)?;
    let text = module.symbol(of).name.clone();
    let left = if text.chars().all(char::is_alphanumeric) {
        name(&format!("d{text}/d{text}"))
    } else {
        call("grad", 0, vec![name(&text), name(&text)])
    };
    let detail = Detail {
        left: Some(left),
        right: formula(module, one),
        reason: "1 is fed in".into(),
        shapes: shapes(module, one),
    };
    Ok(Step { detail, fact: Fact::Equal(one, one) })
}
