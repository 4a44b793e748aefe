//! Reverse mode: cotangents from the value back to the names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Activity, Contributions, Refusal, name, no_mixing, value_of};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::{Module, Role};
use crate::op::{Misfit, Op};
use crate::record::{At, Differential, Made};
use crate::terms::Terms;
use crate::types::Type;

/// One line of a derivation: the cotangent of a named value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The value whose cotangent this is.
    pub of: SymbolId,
    /// The name of the cotangent.
    pub symbol: SymbolId,
    /// Its formula.
    pub value: NodeId,
    /// The ops whose rules were used, in the order of their terms.
    pub rules: Vec<&'static str>,
}

/// A derivation as data.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Derivation {
    /// The cotangents, outermost first.
    pub lines: Vec<Line>,
    /// The gradients, in the order asked for.
    pub gradients: Vec<NodeId>,
    /// What is differentiated, without derivative operators.
    pub of: Option<NodeId>,
}

/// A sweep's parameters.
struct Sweep<'m> {
    module: &'m mut Module,
    activity: Activity,
    /// Axes of the value that is differentiated.
    riding: Vec<AxisId>,
    found: Contributions,
    rules: BTreeMap<SymbolId, Vec<&'static str>>,
    /// Whether cotangents get names.
    naming: bool,
}

/// Which cotangents get names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Naming {
    /// None.
    None,
    /// All, each the total derivative: where a name is read besides a stable form that looked through
    /// it, the equation counts as it is written.
    Total,
    /// All, with every stable form.
    Stable,
}

/// The gradients of `of` by `wrt`.
pub(super) fn derive(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
    naming: Naming,
) -> Result<Derivation, Refusal> {
    let mut written = wrt.to_vec();
    loop {
        let before = (module.bindings.len(), module.symbols.len());
        let (out, partial) = swept(module, of, wrt, &written, naming)?;
        if naming != Naming::Total || partial.is_empty() {
            return Ok(out);
        }
        // Again, with these names' equations as they are written.
        module.bindings.truncate(before.0);
        for symbol in &mut module.symbols[before.1..] {
            symbol.role = Role::Local;
        }
        written.extend(partial);
    }
}

/// One sweep; and the names with a line that a stable form has looked through.
fn swept(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
    written: &[SymbolId],
    naming: Naming,
) -> Result<(Derivation, Vec<SymbolId>), Refusal> {
    let ty = module.graph.ty(of).clone();
    if !ty.is_scalar() {
        return Err(Refusal("a gradient is that of a number".into()));
    }
    let activity = Activity::of(module, wrt, written);
    let riding = ty.axes.clone();
    let seed = Terms::of(module).ones(&ty)?;
    let naming = naming != Naming::None;
    let mut sweep =
        Sweep { module, activity, riding, found: BTreeMap::new(), rules: BTreeMap::new(), naming };
    let mut out = Derivation { of: Some(of), ..Derivation::default() };
    let mut gradients: BTreeMap<SymbolId, NodeId> = BTreeMap::new();
    let mut through: BTreeSet<SymbolId> = BTreeSet::new();
    sweep.through(of, seed)?;
    let last = sweep.module.bindings.len();
    for at in (0..last).rev() {
        let symbol = sweep.module.bindings[at].symbol;
        let Some(mut total) = sweep.found.remove(&symbol) else { continue };
        gradients.insert(symbol, total);
        if naming && (wrt.contains(&symbol) || !sweep.is_number(total)) {
            total = sweep.line(of, symbol, total, &mut out)?;
        }
        let binding = &sweep.module.bindings[at];
        let value = value_of(binding, written);
        if value == binding.stable {
            through.extend(&binding.through);
        }
        sweep.through(value, total)?;
    }
    for symbol in wrt {
        let found = gradients.get(symbol).copied();
        let gradient = match found {
            Some(gradient) => gradient,
            None => sweep.of_leaf(of, *symbol, &mut out)?,
        };
        out.gradients.push(gradient);
    }
    let partial = out.lines.iter().map(|l| l.of).filter(|s| through.contains(s)).collect();
    Ok((out, partial))
}

impl Sweep<'_> {
    fn terms(&mut self) -> Terms<'_> {
        Terms::of(self.module)
    }

    /// Whether this is one number that no name changes, such as `1/N`: it needs no line.
    fn is_number(&self, node: NodeId) -> bool {
        let graph = &self.module.graph;
        let mut open = vec![node];
        while let Some(id) = open.pop() {
            let node = graph.node(id);
            let copies = matches!(&node.op, Op::Lift { from, .. } if from.is_empty());
            if !(node.ty.is_scalar() || copies) || matches!(node.op, Op::Symbol { .. }) {
                return false;
            }
            open.extend(&node.inputs);
        }
        true
    }

    /// The gradient by a name without a formula, or that the value does not depend on.
    fn of_leaf(
        &mut self,
        of: NodeId,
        symbol: SymbolId,
        out: &mut Derivation,
    ) -> Result<NodeId, Refusal> {
        let gradient = match self.found.remove(&symbol) {
            Some(found) => found,
            None => self.nothing(symbol)?,
        };
        if self.naming {
            self.line(of, symbol, gradient, out)?;
        }
        Ok(gradient)
    }

    /// The gradient by a name that the value does not depend on.
    fn nothing(&mut self, symbol: SymbolId) -> Result<NodeId, Refusal> {
        let own = self.module.symbol(symbol).ty.clone();
        let axes = crate::types::union(&own.axes, &self.riding);
        let ty = Type { axes, dims: own.dims.clone(), kind: crate::types::Kind::Real };
        let mut t = self.terms();
        if ty.axes.is_empty() && !ty.dims.is_empty() {
            return Ok(t.op(Op::Zeros { dims: ty.dims }, &[])?);
        }
        Ok(t.zeros(&ty)?)
    }

    /// Names a cotangent and writes its line; the name is what later lines read.
    fn line(
        &mut self,
        of: NodeId,
        symbol: SymbolId,
        value: NodeId,
        out: &mut Derivation,
    ) -> Result<NodeId, Refusal> {
        let top = crate::raise::text(self.module, of);
        let variable = self.module.symbol(symbol).name.clone();
        let plain = top.chars().all(|c| c.is_alphanumeric() || c == '_');
        let text =
            if plain { format!("d{top}/d{variable}") } else { format!("grad({top}, {variable})") };
        let named = name(self.module, text, value)?;
        let Op::Symbol { id, .. } = self.module.graph.node(named).op else {
            return Err(Refusal("a name is a symbol".into()));
        };
        let rules = self.rules.remove(&symbol).unwrap_or_default();
        out.lines.push(Line { of: symbol, symbol: id, value, rules });
        Ok(named)
    }

    /// Sends `cotangent` of `root` back to the names that `root` reads.
    fn through(&mut self, root: NodeId, cotangent: NodeId) -> Result<(), Refusal> {
        if !self.activity.node(self.module, root) {
            return Ok(());
        }
        let mut open = BTreeSet::from([root]);
        let mut totals: BTreeMap<NodeId, NodeId> = BTreeMap::from([(root, cotangent)]);
        while let Some(id) = open.pop_last() {
            let Some(total) = totals.remove(&id) else { continue };
            let mut at = self.terms().at(id);
            if let Op::Symbol { id: symbol, .. } = at.op {
                self.contribute(symbol, total)?;
                continue;
            }
            at.riding = self.riding.clone();
            no_mixing(self.module, &at, &self.riding)?;
            for (input, part) in self.parts(&at, total)? {
                let sum = match totals.get(&input) {
                    Some(earlier) => {
                        let earlier = *earlier;
                        self.terms().add(earlier, part)?
                    }
                    None => part,
                };
                totals.insert(input, sum);
                open.insert(input);
            }
        }
        Ok(())
    }

    /// What a node sends to each of its inputs: to one that it reads twice, the sum.
    fn parts(&mut self, at: &At, total: NodeId) -> Result<Vec<(NodeId, NodeId)>, Refusal> {
        let mut parts: Vec<(NodeId, NodeId)> = Vec::new();
        for (k, &input) in at.inputs.iter().enumerate() {
            if !self.activity.node(self.module, input) {
                continue;
            }
            let Some(part) = self.vjp(at, total, k)? else { continue };
            let part = self.fit(part, input)?;
            self.note(input, at);
            match parts.iter().position(|(known, _)| *known == input) {
                Some(twice) => parts[twice].1 = self.terms().add(parts[twice].1, part)?,
                None => parts.push((input, part)),
            }
        }
        Ok(parts)
    }

    fn note(&mut self, input: NodeId, at: &At) {
        if let Op::Symbol { id, .. } = self.module.graph.node(input).op {
            self.rules.entry(id).or_default().push(at.op.def().name);
        }
    }

    fn contribute(&mut self, symbol: SymbolId, part: NodeId) -> Result<(), Refusal> {
        let sum = match self.found.get(&symbol) {
            // What comes through the net stands in front of a penalty.
            Some(&earlier) if self.is_direct(earlier) && !self.is_direct(part) => {
                self.terms().add(part, earlier)?
            }
            Some(&earlier) => self.terms().add(earlier, part)?,
            None => part,
        };
        self.found.insert(symbol, sum);
        Ok(())
    }

    /// Whether no cotangent is read: the value reads the name itself.
    fn is_direct(&self, node: NodeId) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![node];
        while let Some(id) = open.pop() {
            if !self.naming || !seen.insert(id) {
                continue;
            }
            let node = self.module.graph.node(id);
            if let Op::Symbol { id, .. } = node.op
                && self.module.symbol(id).role == crate::module::Role::Derived
            {
                return false;
            }
            open.extend(&node.inputs);
        }
        true
    }

    /// The cotangent of input `k`.
    fn vjp(&mut self, at: &At, cotangent: NodeId, k: usize) -> Result<Option<NodeId>, Refusal> {
        pulled(&mut self.terms(), at, cotangent, k)
    }

    /// Sums over the axes that the input lacks, and gives it the input's dims.
    fn fit(&mut self, part: NodeId, input: NodeId) -> Result<NodeId, Misfit> {
        let ty = self.module.graph.ty(input).clone();
        let wanted = crate::types::union(&ty.axes, &self.riding);
        let mut t = Terms::of(self.module);
        let have = t.ty(part);
        let extra: Vec<AxisId> =
            have.axes.iter().filter(|a| !wanted.contains(a)).copied().collect();
        let part = t.sum_axes(part, extra)?;
        let part = t.reshape(part, &ty.dims)?;
        t.lifted(part, &Type { axes: wanted, ..ty })
    }
}

/// The cotangent of input `k`, as the record of the op says it.
pub(crate) fn pulled(
    t: &mut Terms<'_>,
    at: &At,
    cotangent: NodeId,
    k: usize,
) -> Result<Option<NodeId>, Refusal> {
    let made: Made = match &at.op.def().differential {
        Differential::Zero => return Ok(None),
        Differential::Additive(signs) => match signs.get(k) {
            Some(-1) => t.neg(cotangent),
            _ => Ok(cotangent),
        },
        Differential::Multilinear { inputs, .. } if k >= *inputs => return Ok(None),
        Differential::Multilinear { vjp, .. } | Differential::Custom { vjp, .. } => {
            vjp(t, at, cotangent, k)
        }
        Differential::Pointwise(partial) => match partial(t, at, k)? {
            None => return Ok(None),
            Some(partial) => t.times(cotangent, partial),
        },
        Differential::Refused(why) => return Err(Refusal((*why).into())),
    };
    Ok(Some(made?))
}
