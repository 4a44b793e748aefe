//! Fan-in and fan-out of a parameter, read off the loops in which it is multiplied and summed.

use std::collections::BTreeMap;

use crate::differentiate::Refusal;
use crate::index::SymbolId;
use crate::interpret::Numbers;
use crate::lower::{self, Fold, Loop, Lowered, View, Work};
use crate::module::{Module, Role};
use crate::size::{Ratio, Size};

/// How many values meet at a parameter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fan {
    /// The values that one output sums over.
    pub fan_in: f64,
    /// The outputs that one input reaches.
    pub fan_out: f64,
}

impl Fan {
    /// A parameter that is summed over nowhere.
    pub const ONE: Fan = Fan { fan_in: 1.0, fan_out: 1.0 };
}

/// The fans of some parameters, each at the first place where it is used.
///
/// Fan-in is the product of the extents of the parameter's indices that are summed. Fan-out is the
/// product of those that are kept and that the other factor does not have, times those summed ones
/// that the other factor combines with another index (`C1 k k` for a kernel `K[o,c,i,j]` that is
/// multiplied by `I[c,u+i,v+j]`). Rows or columns are no matter. A parameter that is added and not
/// summed, a bias, has the fans of the layer that it is added to.
///
/// # Errors
///
/// The net cannot be lowered.
///
/// ```
/// use chainrule_graph::interpret::Numbers;
/// use chainrule_graph::start::fans;
///
/// let text = "size d = 3, H = 4\nbatch N\ndata X : R[N, d]\nparam\n  W : R[d, H] ~ he\n  b : R[1, H] ~ pytorch\n\
///             net Z = X W + ones(N) b\n";
/// let module = chainrule_graph::read(text).modules.remove(0);
/// let params: Vec<_> = module.params().map(|(id, _)| id).collect();
/// let fans = fans(&module, &Numbers::of(&module, 1, 1), &params).unwrap();
/// assert_eq!((fans[0].fan_in, fans[0].fan_out), (3.0, 4.0));
/// assert_eq!((fans[1].fan_in, fans[1].fan_out), (3.0, 4.0));
/// ```
pub fn fans(module: &Module, numbers: &Numbers, params: &[SymbolId]) -> Result<Vec<Fan>, Refusal> {
    let mut found: BTreeMap<SymbolId, Fan> = BTreeMap::new();
    let mut module = module.clone();
    let trained = module.trainings.iter().map(|t| t.loss);
    let defined = module.bindings.iter().map(|b| b.symbol);
    let roots: Vec<SymbolId> = trained.chain(defined).collect();
    let mut refused = None;
    let mut seen = Vec::new();
    for root in roots {
        if params.iter().all(|p| found.contains_key(p)) {
            break;
        }
        if seen.contains(&root) {
            continue;
        }
        seen.push(root);
        match summed(&mut module, root) {
            Ok(lowered) => {
                let net = Net::of(&module, &lowered, numbers);
                for param in params {
                    if !found.contains_key(param)
                        && let Some(fan) = net.of_param(*param)
                    {
                        found.insert(*param, fan);
                    }
                }
            }
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    match refused {
        Some(refusal) if params.iter().any(|p| !found.contains_key(p)) => Err(refusal),
        _ => Ok(params.iter().map(|p| found.get(p).copied().unwrap_or(Fan::ONE)).collect()),
    }
}

/// A value as loops, its sums of products put together.
fn summed(module: &mut Module, root: SymbolId) -> Result<Lowered, Refusal> {
    let node = module.read(root)?;
    let mut summed = Lowered::default();
    lower::passes(module, &[(String::new(), node)], |pass, lowered| {
        if pass == "sums" {
            summed = lowered.clone();
        }
    })?;
    Ok(summed)
}

/// A lowered graph with what each node depends on.
struct Net<'a> {
    lowered: &'a Lowered,
    numbers: &'a Numbers,
    /// Who reads each node, in order.
    readers: Vec<Vec<usize>>,
    /// Which nodes are made of parameters and constants alone, with at least one parameter.
    weights: Vec<bool>,
}

/// Most nodes that are followed from a parameter.
const REACH: usize = 64;

impl<'a> Net<'a> {
    fn of(module: &Module, lowered: &'a Lowered, numbers: &'a Numbers) -> Net<'a> {
        let mut readers = vec![Vec::new(); lowered.nodes.len()];
        let mut weights = Vec::with_capacity(lowered.nodes.len());
        let mut data: Vec<bool> = Vec::with_capacity(lowered.nodes.len());
        for (at, node) in lowered.nodes.iter().enumerate() {
            let reads = node.work.reads();
            reads.iter().for_each(|of| {
                if readers[*of].last() != Some(&at) {
                    readers[*of].push(at);
                }
            });
            let (param, other) = match node.work {
                Work::Input(symbol) => {
                    let param = matches!(module.symbol(symbol).role, Role::Param(_));
                    (param, !param)
                }
                _ => (reads.iter().any(|of| weights[*of]), reads.iter().any(|of| data[*of])),
            };
            weights.push(param && !other);
            data.push(other || (reads.iter().any(|of| data[*of])));
        }
        Net { lowered, numbers, readers, weights }
    }

    fn of_param(&self, param: SymbolId) -> Option<Fan> {
        let is_param = |work: &Work| matches!(work, Work::Input(symbol) if *symbol == param);
        let node = self.lowered.nodes.iter().position(|n| is_param(&n.work))?;
        self.forward(node)
    }

    /// From a parameter to where it is summed, or to the sum that it is added to.
    fn forward(&self, from: usize) -> Option<Fan> {
        let mut open = vec![from];
        let mut reach = 0;
        while let Some(at) = open.pop() {
            reach += 1;
            if reach > REACH {
                return None;
            }
            let mut further = Vec::new();
            for reader in &self.readers[at] {
                match &self.lowered.nodes[*reader].work {
                    Work::Loop(l) => {
                        let read = l.reads.iter().position(|v| v.of == at)?;
                        if let Some(fan) = self.fan(l, read) {
                            return Some(fan);
                        }
                        let others = l.reads.iter().enumerate().filter(|(k, _)| *k != read);
                        if let Some(fan) = others.filter_map(|(_, v)| self.backward(v.of)).next() {
                            return Some(fan);
                        }
                        let plain = l.reads[read].maps.iter().all(|m| m.as_index().is_some());
                        if plain && l.fold.is_none() && self.weights[*reader] {
                            further.push(*reader);
                        }
                    }
                    Work::Reshape(_) => further.push(*reader),
                    _ => {}
                }
            }
            open.extend(further.into_iter().rev());
        }
        None
    }

    /// The fans of the layer behind a value: through entry-wise steps to a sum over a weight.
    fn backward(&self, from: usize) -> Option<Fan> {
        let mut open = vec![from];
        for _ in 0..REACH {
            let at = open.pop()?;
            match &self.lowered.nodes[at].work {
                Work::Loop(l) => {
                    let weight = (0..l.reads.len()).find(|k| self.weights[l.reads[*k].of]);
                    if let Some(fan) = weight.and_then(|k| self.fan(l, k)) {
                        return Some(fan);
                    }
                    if l.fold.is_none() {
                        open.extend(l.reads.iter().rev().map(|v| v.of));
                    }
                }
                Work::Reshape(of) => open.push(*of),
                _ => {}
            }
        }
        None
    }

    /// The fans of one read of a loop, if the loop sums products over its indices.
    fn fan(&self, l: &Loop, read: usize) -> Option<Fan> {
        if l.fold != Some(Fold::Sum) || l.write.is_some() {
            return None;
        }
        let factors = l.body.factors()?;
        let others: Vec<&View> =
            factors.iter().filter(|k| **k != read).map(|k| &l.reads[*k]).collect();
        // A square is a penalty, no layer.
        let square = others.contains(&&l.reads[read]);
        if !factors.contains(&read) || others.is_empty() || square {
            return None;
        }
        let own = |i: usize| occurs(&l.reads[read], i);
        let summed: Vec<usize> = (l.rank..l.space.len()).filter(|i| own(*i)).collect();
        if summed.is_empty() {
            return None;
        }
        let fan_in = self.product(l, summed.iter().copied())?;
        let shared = |i: usize| others.iter().any(|v| occurs(v, i));
        let kept = (0..l.rank).filter(|i| own(*i) && !shared(*i));
        let moved = |i: &usize| others.iter().any(|v| combined(v, *i));
        let moves = summed.iter().copied().filter(moved);
        let fan_out = self.product(l, kept)? * self.product(l, moves)?;
        Some(Fan { fan_in, fan_out })
    }

    fn product(&self, l: &Loop, indices: impl Iterator<Item = usize>) -> Option<f64> {
        let number = |size: &Size| {
            let value = size.value_at(|id| self.numbers.get(id)).and_then(Ratio::whole);
            value.map(|n| n as f64)
        };
        indices.map(|i| number(&l.space[i])).product()
    }
}

fn occurs(view: &View, index: usize) -> bool {
    view.maps.iter().any(|m| m.terms.iter().any(|(at, _)| *at == index))
}

/// Whether an index stands together with another one: `u + i`.
fn combined(view: &View, index: usize) -> bool {
    let has = |m: &&lower::Map| m.terms.iter().any(|(at, _)| *at == index);
    view.maps.iter().find(has).is_some_and(|m| m.terms.len() > 1)
}
