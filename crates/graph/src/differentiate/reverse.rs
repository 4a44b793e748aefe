//! Reverse mode: cotangents from the value back to the names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Activity, Contributions, Refusal, name, value_of};
use crate::index::{AxisId, NodeId, SymbolId};
use crate::module::Module;
use crate::op::{Misfit, Op, Over};
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

/// The gradients of `of` by `wrt`; with `naming`, every cotangent gets a name.
pub(super) fn derive(
    module: &mut Module,
    of: NodeId,
    wrt: &[SymbolId],
    naming: bool,
) -> Result<Derivation, Refusal> {
    let ty = module.graph.ty(of).clone();
    if !ty.is_scalar() {
        return Err(Refusal("a gradient is that of a number".into()));
    }
    let activity = Activity::of(module, wrt);
    let riding = ty.axes.clone();
    let seed = Terms::of(module).ones(&ty)?;
    let mut sweep =
        Sweep { module, activity, riding, found: BTreeMap::new(), rules: BTreeMap::new(), naming };
    let mut out = Derivation::default();
    sweep.through(of, seed)?;
    let last = sweep.module.bindings.len();
    for at in (0..last).rev() {
        let symbol = sweep.module.bindings[at].symbol;
        if wrt.contains(&symbol) {
            continue;
        }
        let Some(mut total) = sweep.found.remove(&symbol) else { continue };
        if naming && !sweep.is_number(total) {
            total = sweep.line(of, symbol, total, &mut out)?;
        }
        let value = value_of(&sweep.module.bindings[at], wrt);
        sweep.through(value, total)?;
    }
    for symbol in wrt {
        let gradient = match sweep.found.remove(symbol) {
            Some(found) if naming => {
                sweep.line(of, *symbol, found, &mut out)?;
                found
            }
            Some(found) => found,
            None => sweep.nothing(*symbol)?,
        };
        out.gradients.push(gradient);
    }
    Ok(out)
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

    /// The gradient by a name that the value does not depend on.
    fn nothing(&mut self, symbol: SymbolId) -> Result<NodeId, Refusal> {
        let own = self.module.symbol(symbol).ty.clone();
        let axes = crate::types::union(&own.axes, &self.riding);
        let ty = Type { axes, dims: own.dims.clone(), kind: crate::types::Kind::Real };
        Ok(self.terms().zeros(&ty)?)
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
            self.no_mixing(&at)?;
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

    /// A derivative within one sample must not pass a sum over the samples.
    fn no_mixing(&self, at: &At) -> Result<(), Refusal> {
        let Op::Reduce { over: Over::Named(axes), .. } = &at.op else { return Ok(()) };
        match axes.iter().find(|a| self.riding.contains(a)) {
            None => Ok(()),
            Some(axis) => Err(Refusal(format!(
                "a derivative within one sample, of a value that mixes all {}",
                self.module.axes.get(*axis).name
            ))),
        }
    }

    /// The cotangent of input `k`.
    fn vjp(&mut self, at: &At, cotangent: NodeId, k: usize) -> Result<Option<NodeId>, Refusal> {
        let mut t = self.terms();
        let made: Made = match &at.op.def().differential {
            Differential::Zero => return Ok(None),
            Differential::Additive(signs) => match signs.get(k) {
                Some(-1) => t.neg(cotangent),
                _ => Ok(cotangent),
            },
            Differential::Multilinear { inputs, .. } if k >= *inputs => return Ok(None),
            Differential::Multilinear { vjp, .. } | Differential::Custom { vjp, .. } => {
                vjp(&mut t, at, cotangent, k)
            }
            Differential::Pointwise(partial) => match partial(&mut t, at, k)? {
                None => return Ok(None),
                Some(partial) => t.times(cotangent, partial),
            },
            Differential::Refused(why) => return Err(Refusal((*why).into())),
        };
        Ok(Some(made?))
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
