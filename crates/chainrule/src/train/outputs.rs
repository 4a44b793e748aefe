//! What a network predicts, read off its equations.

use std::sync::Arc;

use chainrule_graph::module::{Binding, Role, Symbol};
use chainrule_graph::{Kind, Module, NodeId, Op, SymbolId, Type};

/// What a prediction is called that has no name in the file.
const UNNAMED: &str = "output";

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
/// more data than it must, its softmax if a cross entropy takes that.
pub(super) fn answer(module: &Module) -> Option<Answer> {
    match compared(module) {
        Some(symbol) => Some(distribution(module, symbol)),
        None => plain(module).map(|symbol| Answer { symbol, softmax: is_scores(module, symbol) }),
    }
}

/// Whether a cross entropy takes the softmax of a value.
fn is_scores(module: &Module, symbol: SymbolId) -> bool {
    let is = |id: NodeId| {
        let node = module.graph.node(id);
        matches!(node.op, Op::CrossEntropy)
            && node.inputs.first().is_some_and(|first| is_value(module, *first, symbol))
    };
    module.graph.ids().any(is)
}

/// Whether a term is a name or what the name stands for.
fn is_value(module: &Module, node: NodeId, symbol: SymbolId) -> bool {
    matches!(module.graph.node(node).op, Op::Symbol { id, .. } if id == symbol)
        || module.binding(symbol).is_some_and(|binding| binding.value == node)
}

/// The module with a name for what it predicts, if the file gives none: `J = mean[N]
/// cross_entropy(W x, y)` predicts by `W x`. That is the largest term under a loss that has a
/// value for each row, reads a parameter and not all data.
pub(super) fn named(mut module: Module) -> Module {
    if answer(&module).is_some_and(|found| fewer(&module, found.symbol)) {
        return module;
    }
    let losses: Vec<SymbolId> = module.trainings.iter().map(|t| t.loss).collect();
    let Some((node, owner)) = losses.iter().find_map(|loss| before_target(&module, *loss)) else {
        return module;
    };
    let names = std::iter::once(UNNAMED.to_string()).chain((2..).map(|n| format!("{UNNAMED}{n}")));
    let mut free = names.filter(|name| module.symbols.iter().all(|s| s.name != *name));
    let symbol = SymbolId::new(module.symbols.len());
    let (span, value_span) = (owner.span, owner.value_span);
    module.symbols.push(Symbol {
        name: free.next().unwrap_or_default(),
        role: Role::Defined,
        ty: Arc::clone(&module.graph.node(node).ty),
        span,
        type_span: None,
    });
    let through = Vec::new();
    module.bindings.push(Binding { symbol, value: node, stable: node, through, span, value_span });
    module
}

/// Whether a value reads fewer data than there are.
fn fewer(module: &Module, symbol: SymbolId) -> bool {
    let all = module.symbols.iter().filter(|s| s.role == Role::Data).count();
    data_of(module, symbol).len() < all
}

/// The first of the largest terms under a name that have a value for each row, read a parameter
/// and not all data; and the equation in which it stands.
fn before_target(module: &Module, loss: SymbolId) -> Option<(NodeId, Binding)> {
    let all = module.symbols.iter().filter(|s| s.role == Role::Data).count();
    let mut owners = vec![loss];
    let mut at = 0;
    while let Some(binding) = owners.get(at).and_then(|owner| module.binding(*owner)) {
        at += 1;
        let mut open = vec![binding.value];
        while let Some(next) = open.pop() {
            let node = module.graph.node(next);
            let read = read_below(module, next);
            let of = |role: &dyn Fn(&Role) -> bool| {
                read.iter().filter(|id| role(&module.symbol(**id).role)).count()
            };
            let data = of(&|role| *role == Role::Data);
            let learns = of(&|role| matches!(role, Role::Param(_))) > 0;
            let local = of(&|role| *role == Role::Local) > 0;
            if per_row(module, &node.ty) && data > 0 && data < all && learns && !local {
                return Some((next, binding.clone()));
            }
            if let Op::Symbol { id, .. } = node.op {
                if module.binding(id).is_some() && !owners.contains(&id) {
                    owners.push(id);
                }
                continue;
            }
            open.extend(node.inputs.iter().rev().copied());
        }
    }
    None
}

/// The names that a term reads, also through other names.
fn read_below(module: &Module, root: NodeId) -> Vec<SymbolId> {
    let mut seen = vec![false; module.symbols.len()];
    let (mut open, mut all) = (vec![root], Vec::new());
    while let Some(next) = open.pop() {
        for node in below(module, next) {
            let Op::Symbol { id, .. } = module.graph.node(node).op else { continue };
            if !std::mem::replace(&mut seen[id.index()], true) {
                all.push(id);
                open.extend(module.binding(id).map(|b| b.value));
            }
        }
    }
    all
}

/// Whether a type has a value for each row.
fn per_row(module: &Module, ty: &Type) -> bool {
    let batch = ty.axes.iter().any(|a| module.axes.is_batch(*a))
        || !ty.written_batches(&module.sizes).is_empty();
    batch && ty.is_number()
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
    let per_sample = |id: SymbolId| {
        let symbol = module.symbol(id);
        symbol.role == Role::Defined && per_row(module, &symbol.ty)
    };
    let own: Vec<SymbolId> =
        module.bindings.iter().map(|b| b.symbol).filter(|id| per_sample(*id)).collect();
    let last = own.iter().rev().find(|id| fewer(module, **id));
    last.or(own.last()).copied()
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
    use super::{answer, data_of, named};
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

    #[test]
    fn what_has_no_name_gets_one() {
        let text = |kind: &str, net: &str| {
            let head = format!(
                "size d = 2, K = 2\nbatch N\ndata\n  x : R[d] per N\n  y : {kind} per N\nparam\n  \
                 w : R[d] = 0\n  W : R[K, d] = 0\n"
            );
            let end = "train J by gd(step = 0.1) epochs 1\n";
            let model = Model::parse("t.eqn", format!("{head}{net}{end}")).expect("a model");
            let module = named(model.modules()[0].clone());
            module.verify().expect("the module holds");
            let found = answer(&module).expect("an answer");
            let data = data_of(&module, found.symbol);
            assert_eq!(module.symbol(data[0]).name, "x");
            assert_eq!(data.len(), 1);
            (module.symbol(found.symbol).name.clone(), found.softmax)
        };
        let own = |softmax| ("output".to_string(), softmax);
        assert_eq!(text("label[K]", "net\n  J = mean[N] cross_entropy(W x, y)\n"), own(true));
        assert_eq!(text("label[K]", "net\n  J = mean[N] -log(softmax(W x)[y])\n"), own(false));
        assert_eq!(text("R", "net\n  J = mean[N] (w^T x - y)^2\n"), own(false));
        assert_eq!(text("R", "net\n  e = w^T x - y\n  J = mean[N] e^2\n"), own(false));
        let taken = "net\n  output = mean[N] cross_entropy(W x, y)\n  J = output\n";
        assert_eq!(text("label[K]", taken), ("output2".to_string(), true));
        let z = "net\n  z = W x\n  J = mean[N] cross_entropy(z, y)\n";
        assert_eq!(text("label[K]", z), ("z".to_string(), true));
    }
}
