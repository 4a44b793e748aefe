//! Stable forms: identities, used from left to right, that keep logarithms and exponentials from
//! overflowing. They are put in before differentiation.
//!
//! The identities are the claims of `std/stable.eqn`, an ordinary equation file: what is proved of
//! any claim is proved of them. A name of that file stands for any value of the target. Those of
//! `std/plain.eqn` are used too, without a note: they change no number.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::elaborate;
use crate::index::{NodeId, SymbolId};
use crate::module::{Module, Note, NoteKind, Role, Statement};
use crate::op::{Context, Op};
use crate::raise;
use crate::types::Kind;

/// The identities, as an equation file.
const IDENTITIES: &str = include_str!("std/stable.eqn");

/// Identities that are used without a note.
const PLAIN: &str = include_str!("std/plain.eqn");

/// One identity: `left` may be replaced by `right`.
struct Identity {
    name: String,
    left: NodeId,
    right: NodeId,
}

/// An identity applied to a node.
struct Rewrite {
    name: &'static str,
    node: NodeId,
    through: Vec<SymbolId>,
    /// Whether it is said.
    noted: bool,
}

struct Identities {
    module: Module,
    list: Vec<Identity>,
}

/// The identities, read once: those that are noted, then those that are not.
fn identities() -> &'static [Identities; 2] {
    static READ: OnceLock<[Identities; 2]> = OnceLock::new();
    READ.get_or_init(|| [IDENTITIES, PLAIN].map(read))
}

fn read(text: &str) -> Identities {
    let parsed = chainrule_syntax::parse(text);
    let blocks: Vec<_> = parsed.file.blocks.iter().collect();
    let (module, _) = elaborate::module_as_written(text, &blocks, &parsed.file.broken);
    let identity = |claim: &crate::module::Claim| match &claim.statement {
        Some(Statement::Links(left, sides)) => {
            Some(Identity { name: claim.name.clone(), left: *left, right: sides.first()?.1 })
        }
        _ => None,
    };
    let list = module.claims.iter().filter_map(identity).collect();
    Identities { module, list }
}

/// Puts stable forms into the bindings of `module`, and notes each.
pub(crate) fn put_in(module: &mut Module) {
    let mut rewritten: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut used: BTreeMap<NodeId, Rewrite> = BTreeMap::new();
    // Id order is topological: inputs are rewritten before what reads them.
    let ids: Vec<NodeId> = module.graph.ids().collect();
    for id in ids {
        let node = module.graph.node(id);
        let changed = node.inputs.iter().any(|i| rewritten.contains_key(i));
        if !changed && !starts(&node.op) {
            continue;
        }
        let mut now = id;
        if changed {
            let (op, inputs) = (node.op.clone(), node.inputs.clone());
            let inputs: Vec<NodeId> =
                inputs.iter().map(|i| rewritten.get(i).copied().unwrap_or(*i)).collect();
            let Some(rebuilt) = add(module, op, &inputs) else { continue };
            now = rebuilt;
        }
        if let Some(rewrite) = first_match(module, now) {
            now = rewrite.node;
            used.insert(id, rewrite);
        }
        if now != id {
            rewritten.insert(id, now);
        }
    }
    if rewritten.is_empty() {
        return;
    }
    for at in 0..module.bindings.len() {
        let value = module.bindings[at].value;
        let Some(&stable) = rewritten.get(&value) else { continue };
        module.bindings[at].stable = stable;
        note(module, at, value, &used);
    }
}

/// Notes every identity used inside a binding.
fn note(module: &mut Module, at: usize, value: NodeId, used: &BTreeMap<NodeId, Rewrite>) {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![value];
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(rewrite) = used.get(&id) {
            module.bindings[at].through.extend(&rewrite.through);
            if rewrite.noted {
                let (before, after) = (raise::text(module, id), raise::text(module, rewrite.node));
                let text = format!("`{before}` is computed as `{after}` ({})", rewrite.name);
                let span = module.bindings[at].value_span;
                module.notes.push(Note { span, kind: NoteKind::Stable, text });
            }
        }
        open.extend(&module.graph.node(id).inputs);
    }
}

fn add(module: &mut Module, op: Op, inputs: &[NodeId]) -> Option<NodeId> {
    let context = Context { sizes: &module.sizes, axes: &module.axes };
    module.graph.add(op, inputs, &context).ok()
}

/// Whether an identity may start with this op.
fn starts(op: &Op) -> bool {
    identities().iter().any(|set| set.list.iter().any(|i| set.module.graph.node(i.left).op == *op))
}

/// The first identity whose left side is `node`, applied.
fn first_match(module: &mut Module, node: NodeId) -> Option<Rewrite> {
    if let Some(rewrite) = log_of_entry(module, node) {
        return Some(rewrite);
    }
    for (at, set) in identities().iter().enumerate() {
        for identity in &set.list {
            let mut found = Match::default();
            if matches(&set.module, identity.left, module, node, &mut found) {
                let built = build(&set.module, identity.right, module, &found.values)?;
                let same = module.graph.ty(built).dims == module.graph.ty(node).dims
                    && module.graph.ty(built).axes == module.graph.ty(node).axes;
                if same && built != node {
                    let (name, through) = (identity.name.as_str(), found.through);
                    return Some(Rewrite { name, node: built, through, noted: at == 0 });
                }
            }
        }
    }
    None
}

/// `log(P[y[i],i])`: the logarithm of an entry is an entry of the logarithm.
fn log_of_entry(module: &mut Module, node: NodeId) -> Option<Rewrite> {
    let n = module.graph.node(node);
    if n.op != Op::Log {
        return None;
    }
    let mut through = Vec::new();
    let behind = resolved(module, n.inputs[0], &mut through)?;
    let (op, inputs) = {
        let access = module.graph.node(behind);
        (access.op.clone(), access.inputs.clone())
    };
    let Op::Access { pad: false, .. } = op else { return None };
    let log = add(module, Op::Log, &inputs[..1])?;
    let mut rewrite = first_match(module, log)?;
    let mut entries = inputs;
    entries[0] = rewrite.node;
    rewrite.node = add(module, op, &entries)?;
    rewrite.through.extend(through);
    Some(rewrite)
}

/// What a pattern's names stand for, and the names of the target that were looked through.
#[derive(Clone, Default)]
struct Match {
    values: BTreeMap<SymbolId, NodeId>,
    through: Vec<SymbolId>,
}

/// Names looked through one after the other, at most.
const ALIASES: usize = 32;

/// The value behind a chain of defined names; the names are remembered.
fn resolved(module: &Module, mut target: NodeId, through: &mut Vec<SymbolId>) -> Option<NodeId> {
    for _ in 0..ALIASES {
        let Op::Symbol { id, .. } = module.graph.node(target).op else { return Some(target) };
        let defined = module.symbols.get(id.index()).is_some_and(|s| s.role == Role::Defined);
        target = module.binding(id).filter(|_| defined)?.value;
        through.push(id);
    }
    None
}

/// Whether `target` is `pattern` with the pattern's names replaced. Defined names of the target are
/// looked through. A lift is not: under a reduction it counts; only a lifted number is a number.
fn matches(
    identities: &Module,
    pattern: NodeId,
    module: &Module,
    target: NodeId,
    found: &mut Match,
) -> bool {
    let p = identities.graph.node(pattern);
    if let Op::Symbol { id, ty } = &p.op {
        let label = |kind: &Kind| matches!(kind, Kind::Label(_));
        if label(&ty.kind) != label(&module.graph.ty(target).kind) {
            return false;
        }
        return *found.values.entry(*id).or_insert(target) == target;
    }
    let Some(target) = resolved(module, target, &mut found.through) else { return false };
    let t = module.graph.node(target);
    if let (Op::Number { .. }, Op::Lift { .. }) = (&p.op, &t.op) {
        return module.graph.node(t.inputs[0]).op == p.op;
    }
    if p.op != t.op || p.inputs.len() != t.inputs.len() {
        return false;
    }
    let orders: &[[usize; 2]] = if p.op == Op::Add { &[[0, 1], [1, 0]] } else { &[[0, 1]] };
    orders.iter().any(|order| {
        let mut trial = found.clone();
        let fits = p.inputs.iter().enumerate().all(|(i, &input)| {
            let at = if p.inputs.len() == 2 { order[i] } else { i };
            matches(identities, input, module, t.inputs[at], &mut trial)
        });
        if fits {
            *found = trial;
        }
        fits
    })
}

/// The right side with its names replaced.
fn build(
    identities: &Module,
    node: NodeId,
    module: &mut Module,
    values: &BTreeMap<SymbolId, NodeId>,
) -> Option<NodeId> {
    let n = identities.graph.node(node);
    if let Op::Symbol { id, .. } = &n.op {
        return values.get(id).copied();
    }
    let inputs: Option<Vec<NodeId>> =
        n.inputs.iter().map(|&i| build(identities, i, module, values)).collect();
    add(module, n.op.clone(), &inputs?)
}
