//! The two ways to write a net: for one sample, or for the whole batch.
//!
//! Per sample a value carries the batch axis silently: `z = W x + b` with `x : R[d] per N`. For the
//! batch the axis is written: `z = W x + b ones(N)^T` with `x : R[d, N]`. Both say the same; which
//! one a text uses is a matter of taste, so a derivation can be printed in either. A column is a
//! column of the matrix (`R[d] per N` and `R[d, N]`), a row is a row of it (`R[1, d] per N` and
//! `R[N, d]`), a number is an entry of a vector (`R per N` and `R[N]`).
//!
//! A sum of products over the samples is one product over the batch:
//! `sum[N] e a^T` is `E A^T`, and `sum[N] e` is `E ones(N)`.

mod access;
mod batch;
mod rules;
mod sample;
mod single;
mod whole;

use std::collections::BTreeSet;

use crate::axis::Axis;
use crate::differentiate::Refusal;
use crate::index::{AxisId, NodeId, SizeId, SymbolId};
use crate::module::{Module, NoteKind, Role, Start, Statement};
use crate::op::{Misfit, Op};
use crate::size::Size;
use crate::terms::Terms;
use crate::types::Type;

/// A module in another form, and what has no such form.
#[derive(Clone, Debug)]
pub struct Form {
    /// The module: the same names, in the same order.
    pub module: Module,
    /// Derivatives and claims without a counterpart, a sentence each; they are left out.
    pub left_out: Vec<String>,
}

/// `module` for the whole batch: every name `per N` has `N` written as an axis.
///
/// # Errors
///
/// An equation has no form over the batch, or a limit is reached.
///
/// ```
/// use chainrule_graph::{forms, raise, read};
/// let text = "size d, H\nbatch N\ngiven\n  x : R[d] per N\nparam\n  W : R[H, d] = 0\n  b : R[H] = 0\nnet\n  z = W x + b\n";
/// let module = forms::batch(&read(text).modules[0])?;
/// let z = module.find("z").and_then(|z| module.binding(z)).map(|b| b.value);
/// assert_eq!(raise::text(&module, z.ok_or("no z")?), "W x + b");
/// let x = module.find("x").ok_or("no x")?;
/// assert_eq!(module.type_text(&module.symbol(x).ty), "R[d, N]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn batch(module: &Module) -> Result<Module, Refusal> {
    batch_form(module).map(|form| form.module)
}

/// The same, with what was left out.
///
/// # Errors
///
/// An equation has no form over the batch, or a limit is reached.
pub fn batch_form(module: &Module) -> Result<Form, Refusal> {
    let mut form = Form { module: module.clone(), left_out: Vec::new() };
    let silent: BTreeSet<AxisId> =
        module.symbols.iter().flat_map(|s| s.ty.axes.iter().copied()).collect();
    for axis in silent {
        if let Some(size) = form.module.axes.get(axis).batch {
            let index = index_of(&mut form.module, axis);
            let mut pass = batch::Batch::new(&mut form.module, axis, size, index);
            let mut left_out = Vec::new();
            pass.run(&mut left_out)?;
            form.left_out.append(&mut left_out);
            settle(&mut form.module);
        }
    }
    Ok(form)
}

/// `module` for one sample: every name with a batch axis among its sizes carries it silently.
///
/// # Errors
///
/// An equation mixes the samples, or a limit is reached. The sentence names the equation.
///
/// ```
/// use chainrule_graph::{forms, raise, read};
/// let text = "size d, H\nbatch N\ngiven\n  X : R[d, N]\n  E : R[H, N]\nnet\n  G = E X^T\n";
/// let module = forms::sample(&read(text).modules[0])?;
/// let g = module.find("G").and_then(|g| module.binding(g)).map(|b| b.value);
/// assert_eq!(raise::text(&module, g.ok_or("no G")?), "sum[N] E X^T");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sample(module: &Module) -> Result<Module, Refusal> {
    sample_form(module).map(|form| form.module)
}

/// The same, with what was left out.
///
/// # Errors
///
/// An equation mixes the samples, or a limit is reached.
pub fn sample_form(module: &Module) -> Result<Form, Refusal> {
    let mut form = Form { module: module.clone(), left_out: Vec::new() };
    let written: BTreeSet<SizeId> = module
        .symbols
        .iter()
        .flat_map(|s| s.ty.written_batches(&module.sizes))
        .map(|(_, size)| size)
        .collect();
    for size in written {
        let axis = axis_of(&mut form.module, size);
        let mut pass = sample::Sample::new(&mut form.module, axis, size);
        let mut left_out = Vec::new();
        pass.run(&mut left_out)?;
        form.left_out.append(&mut left_out);
        settle(&mut form.module);
    }
    Ok(form)
}

/// A pass over a module: what each of its terms becomes.
trait Translation {
    fn module(&mut self) -> &mut Module;
    /// The type of a name.
    fn ty(&self, ty: &Type) -> Type;
    /// A term without free indices.
    fn term(&mut self, node: NodeId) -> Result<NodeId, Refusal>;
    /// The sides of a statement with indices; the indices it holds for may become more or fewer.
    fn indexed(
        &mut self,
        nodes: &[NodeId],
        forall: &mut Vec<AxisId>,
    ) -> Result<Vec<NodeId>, Refusal>;
}

/// Translates names, equations, statements.
fn translate(pass: &mut impl Translation, left_out: &mut Vec<String>) -> Result<(), Refusal> {
    let changed = names(pass);
    for at in 0..pass.module().bindings.len() {
        let (symbol, value) = (pass.module().bindings[at].symbol, pass.module().bindings[at].value);
        let name = pass.module().symbol(symbol).name.clone();
        let now = pass.term(value).map_err(|Refusal(why)| Refusal(format!("`{name}`: {why}")))?;
        let binding = &mut pass.module().bindings[at];
        (binding.value, binding.stable) = (now, now);
        binding.through.clear();
    }
    starts(pass, &changed)?;
    derivations(pass, left_out);
    claims(pass, left_out);
    Ok(())
}

/// Gives every name its new type; the names that changed.
fn names(pass: &mut impl Translation) -> Vec<SymbolId> {
    let mut changed = Vec::new();
    for at in 0..pass.module().symbols.len() {
        let own = pass.module().symbols[at].ty.clone();
        let ty = pass.ty(&own);
        if ty != *own {
            let module = pass.module();
            module.symbols[at].ty = module.graph.shared(ty);
            changed.push(SymbolId::new(at));
        }
    }
    pass.module().types.retain(|(id, _)| !changed.contains(id));
    changed
}

/// Values that a declaration gives.
fn starts(pass: &mut impl Translation, changed: &[SymbolId]) -> Result<(), Refusal> {
    for id in changed {
        let role = pass.module().symbol(*id).role.clone();
        if let Role::Given(Start::Value(value)) = role
            && !pass.module().graph.ty(value).is_scalar()
        {
            let now = pass.term(value)?;
            pass.module().symbols[id.index()].role = Role::Given(Start::Value(now));
        }
    }
    Ok(())
}

fn derivations(pass: &mut impl Translation, left_out: &mut Vec<String>) {
    for at in 0..pass.module().derivations.len() {
        let targets = pass.module().derivations[at].targets.clone();
        let mut kept = Vec::new();
        for target in targets {
            match pass.term(target) {
                Ok(now) => kept.push(now),
                Err(Refusal(why)) => left_out.push(why),
            }
        }
        pass.module().derivations[at].targets = kept;
    }
}

fn claims(pass: &mut impl Translation, left_out: &mut Vec<String>) {
    let claims = std::mem::take(&mut pass.module().claims);
    let mut kept = Vec::new();
    for claim in claims {
        match translated_claim(pass, &claim) {
            Ok(now) => kept.push(now),
            Err(Refusal(why)) => left_out.push(format!("claim \"{}\": {why}", claim.name)),
        }
    }
    pass.module().claims = kept;
}

fn translated_claim(
    pass: &mut impl Translation,
    claim: &crate::module::Claim,
) -> Result<crate::module::Claim, Refusal> {
    let Some(statement) = &claim.statement else {
        return Err(Refusal("what has no shape has no other form".into()));
    };
    let mut out = crate::module::Claim { sides: None, turned: None, ..claim.clone() };
    for (_, value) in &mut out.replaced {
        *value = pass.term(*value)?;
    }
    out.statement = Some(match statement {
        Statement::Type(node, ty) => Statement::Type(pass.term(*node)?, pass.ty(ty)),
        Statement::Links(first, links) => {
            let mut nodes = vec![*first];
            nodes.extend(links.iter().map(|(_, side)| *side));
            nodes.extend(claim.condition);
            let mut now = pass.indexed(&nodes, &mut out.forall)?;
            if claim.condition.is_some() {
                out.condition = now.pop();
            }
            let rest = links.iter().zip(&now[1..]).map(|((r, _), side)| (*r, *side));
            Statement::Links(now[0], rest.collect())
        }
    });
    Ok(out)
}

/// Stable forms for the equations as they now are.
fn settle(module: &mut Module) {
    module.notes.retain(|n| n.kind != NoteKind::Stable);
    crate::stable::put_in(module);
}

/// An index that runs over the samples, under a name that is free.
fn index_of(module: &mut Module, axis: AxisId) -> AxisId {
    let batch = module.axes.get(axis).clone();
    let small = batch.name.to_lowercase();
    let taken = |module: &Module, name: &str| {
        (0..module.axes.len()).any(|at| module.axes.get(AxisId::new(at)).name == name)
            || module.symbols.iter().any(|s| s.name == name)
            || module.sizes.base().any(|(_, def)| def.name == name)
            || module.sizes.derived().iter().any(|(known, ..)| known == name)
    };
    let choices = [small.as_str(), "i", "j", "s", "t", "k", "r"];
    let free = choices.into_iter().find(|name| !taken(module, name)).unwrap_or("sample");
    let (name, extent) = (free.to_string(), batch.batch.map(Size::name));
    module.axes.add(Axis { name, extent, batch: None, span: batch.span })
}

/// The silent axis of a batch size.
fn axis_of(module: &mut Module, size: SizeId) -> AxisId {
    if let Some(axis) = module.axes.of_batch(size) {
        return axis;
    }
    let name = module.sizes.get(size).name.clone();
    let span = module.sizes.get(size).span;
    module.axes.add(Axis { name, extent: Some(Size::name(size)), batch: Some(size), span })
}

/// The same entries in the same order, where only dims of one entry differ.
fn fitted(t: &mut Terms<'_>, node: NodeId, dims: &[Size]) -> Result<Option<NodeId>, Misfit> {
    let own = t.ty(node).dims;
    if own == dims {
        return Ok(Some(node));
    }
    let long = |dims: &[Size]| dims.iter().filter(|d| !d.is_one()).cloned().collect::<Vec<_>>();
    if long(&own) == long(dims) { t.reshape(node, dims).map(Some) } else { Ok(None) }
}

/// A term as it is written: `dl/dW` for a gradient of names.
fn text(module: &Module, node: NodeId) -> String {
    let n = module.graph.node(node);
    let name = |id: NodeId| match module.graph.node(id).op {
        Op::Symbol { id, .. } => Some(module.symbol(id).name.clone()),
        _ => None,
    };
    match (&n.op, n.inputs.as_slice()) {
        (Op::Grad, [of, by]) => match (name(*of), name(*by)) {
            (Some(of), Some(by)) => format!("d{of}/d{by}"),
            _ => crate::raise::text(module, node),
        },
        _ => crate::raise::text(module, node),
    }
}

/// Whether a term is ones everywhere.
fn is_ones(t: &Terms<'_>, node: NodeId) -> bool {
    let node_ = t.graph.node(node);
    match node_.op {
        Op::Transpose => t.constant(node_.inputs[0]) == Some(1.0),
        _ => t.constant(node) == Some(1.0),
    }
}
