//! What a network predicts, read off its equations.

use chainrule_graph::module::Role;
use chainrule_graph::{Kind, Module, NodeId, Op, SymbolId};

/// What is predicted by default.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Answer {
    /// The named value.
    pub(super) symbol: SymbolId,
    /// Whether its softmax is the distribution over classes: it has no name of its own in the file.
    pub(super) softmax: bool,
}

/// The default prediction of a module: the distribution over the classes if a metric compares the
/// place of its greatest entry (`argmax(p) == y`), else the last value per sample that reads no
/// more data than it must.
pub(super) fn answer(module: &Module) -> Option<Answer> {
    match compared(module) {
        Some(symbol) => Some(distribution(module, symbol)),
        None => plain(module).map(|symbol| Answer { symbol, softmax: false }),
    }
}

/// The value whose `argmax` a metric takes.
fn compared(module: &Module) -> Option<SymbolId> {
    let graph = &module.graph;
    module.metrics.iter().find_map(|metric| {
        let value = module.binding(*metric)?.value;
        let taken = |id: &NodeId| {
            let node = graph.node(*id);
            match (&node.op, &graph.node(*node.inputs.first()?).op) {
                (Op::ArgMax, Op::Symbol { id, .. }) => Some(*id),
                _ => None,
            }
        };
        below(module, value).iter().find_map(taken)
    })
}

/// The label that a metric compares with the place of a greatest entry: `y` of `argmax(p) == y`.
pub(super) fn compared_label(module: &Module) -> Option<SymbolId> {
    let graph = &module.graph;
    let is_label = |id: SymbolId| {
        let symbol = module.symbol(id);
        symbol.role == Role::Data && matches!(symbol.ty.kind, Kind::Label(_))
    };
    module.metrics.iter().find_map(|metric| {
        let nodes = below(module, module.binding(*metric)?.value);
        nodes.iter().find(|id| matches!(graph.node(**id).op, Op::ArgMax))?;
        nodes.iter().find_map(|id| match graph.node(*id).op {
            Op::Symbol { id, .. } if is_label(id) => Some(id),
            _ => None,
        })
    })
}

/// The distribution that belongs to some scores.
fn distribution(module: &Module, scores: SymbolId) -> Answer {
    let graph = &module.graph;
    let reads = |node: NodeId| {
        let found = graph.node(node).inputs.first().map(|i| &graph.node(*i).op);
        matches!(found, Some(Op::Symbol { id, .. }) if *id == scores)
    };
    let is = |node: NodeId| matches!(graph.node(node).op, Op::Softmax { .. });
    let own = module.binding(scores).map(|b| b.value);
    if own.is_some_and(is) || module.symbol(scores).ty.kind == Kind::Prob {
        return Answer { symbol: scores, softmax: false };
    }
    let named = module.bindings.iter().find(|b| is(b.value) && reads(b.value));
    if let Some(binding) = named {
        return Answer { symbol: binding.symbol, softmax: false };
    }
    let soft = |id: NodeId| {
        let op = &graph.node(id).op;
        let known = matches!(
            op,
            Op::Softmax { .. } | Op::LogSoftmax { .. } | Op::LogSumExp { .. } | Op::CrossEntropy
        );
        known && reads(id)
    };
    Answer { symbol: scores, softmax: graph.ids().any(soft) }
}

/// The last value per sample that does not read all data; without one, the last per sample.
fn plain(module: &Module) -> Option<SymbolId> {
    let sizes = &module.sizes;
    let all = module.symbols.iter().filter(|s| s.role == Role::Data).count();
    let per_sample = |id: SymbolId| {
        let symbol = module.symbol(id);
        let ty = &symbol.ty;
        let batch = ty.axes.iter().any(|a| module.axes.is_batch(*a))
            || !ty.written_batches(sizes).is_empty();
        batch && symbol.role == Role::Defined && ty.is_number()
    };
    let own: Vec<SymbolId> =
        module.bindings.iter().map(|b| b.symbol).filter(|id| per_sample(*id)).collect();
    let fewer = own.iter().rev().find(|id| data_of(module, **id).len() < all);
    fewer.or(own.last()).copied()
}

/// The data that a value reads, directly or through other names, in the order they are declared.
pub(super) fn data_of(module: &Module, symbol: SymbolId) -> Vec<SymbolId> {
    let mut seen = vec![false; module.symbols.len()];
    let mut open = vec![symbol];
    while let Some(next) = open.pop() {
        if std::mem::replace(&mut seen[next.index()], true) {
            continue;
        }
        let Some(binding) = module.binding(next) else { continue };
        for id in below(module, binding.stable) {
            if let Op::Symbol { id, .. } = module.graph.node(id).op {
                open.push(id);
            }
        }
    }
    let all = (0..module.symbols.len()).map(SymbolId::new);
    all.filter(|id| seen[id.index()] && module.symbol(*id).role == Role::Data).collect()
}

/// The nodes that a term is made of, itself counted.
fn below(module: &Module, root: NodeId) -> Vec<NodeId> {
    let mut seen = vec![false; root.index() + 1];
    let (mut open, mut out) = (vec![root], Vec::new());
    while let Some(next) = open.pop() {
        if std::mem::replace(&mut seen[next.index()], true) {
            continue;
        }
        out.push(next);
        open.extend(module.graph.node(next).inputs.iter().copied());
    }
    out.sort_unstable();
    out
}

#[cfg(test)]
mod tests {
    use super::{answer, data_of};
    use crate::Model;

    fn text(model: &Model) -> (String, bool, Vec<String>) {
        let module = &model.modules()[0];
        let found = answer(module).expect("an answer");
        let data = data_of(module, found.symbol);
        let data = data.iter().map(|id| module.symbol(*id).name.clone()).collect();
        (module.symbol(found.symbol).name.clone(), found.softmax, data)
    }

    #[test]
    fn the_examples_predict_distributions() {
        let of = |name: &str| text(&Model::read(name).expect("an example"));
        let x = vec!["x".to_string()];
        assert_eq!(of("iris"), ("p".into(), false, x.clone()));
        assert_eq!(of("circles"), ("os".into(), false, x.clone()));
        assert_eq!(of("cifar2"), ("Psi".into(), false, vec!["X".into()]));
        assert_eq!(of("softreg"), ("z".into(), true, x.clone()));
        assert_eq!(of("mlp"), ("z3".into(), true, x));
        assert_eq!(of("convnet"), ("z".into(), true, vec!["I0".into()]));
    }

    #[test]
    fn without_classes_it_is_the_value_before_the_target_comes_in() {
        let text = |net: &str| {
            let head = "size d = 2\nbatch N\ndata\n  x : R[d] per N\n  y : R per N\nparam\n  \
                        w : R[d] = 0\n";
            let model = Model::parse("t.eqn", format!("{head}{net}")).expect("a model");
            text(&model).0
        };
        assert_eq!(text("net\n  f = w^T x\n  e = f - y\n  J = mean[N] e^2\n"), "f");
        assert_eq!(text("net\n  e = w^T x - y\n  J = mean[N] e^2\n"), "e");
    }
}
