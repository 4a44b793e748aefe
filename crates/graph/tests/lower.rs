//! Lowering: counts and operations of the examples, equality of styles, values.

mod models;

use std::collections::BTreeMap;

use chainrule_graph::differentiate::{gradients, resolved, substituted};
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::lower::{self, Lowered, Work};
use chainrule_graph::module::Statement;
use chainrule_graph::{Module, NodeId, Size, SymbolId};
use models::{draw, example, module};

fn step(module: &Module) -> (Module, Lowered) {
    let mut module = module.clone();
    let loss = module.read(module.trainings[0].loss).unwrap();
    let lowered = lower::training_step(&mut module, loss).unwrap();
    lowered.verify(&module.sizes).unwrap();
    (module, lowered)
}

fn number(module: &Module, size: &Size, rows: u64) -> i128 {
    size.value_at(|id| module.sizes.number_of(id).or(Some(rows))).unwrap().whole().unwrap()
}

/// Contractions of a training step: how many, and their operations at batch 128 without and with
/// the halo.
#[test]
fn contractions_of_the_examples() {
    let wanted = [
        ("iris", 5, 69_632, 69_632),
        ("cifar2", 5, 79_027_200, 79_027_200),
        ("softreg", 2, 4_014_080, 4_014_080),
        ("mlp", 8, 410_779_648, 410_779_648),
        ("convnet", 11, 9_160_359_936, 9_632_219_136),
    ];
    for (name, count, flops, halo) in wanted {
        let (module, lowered) = step(&example(name));
        let all = lowered.contractions();
        assert_eq!(all.len(), count, "{name}\n{}", lowered.text(&module, true));
        let total = |f: fn(&lower::Contraction) -> &Size| -> i128 {
            all.iter().map(|c| number(&module, f(c), 128)).sum()
        };
        assert_eq!(total(|c| &c.flops), flops, "{name}");
        assert_eq!(total(|c| &c.flops_with_halo), halo, "{name}");
    }
}

/// No value has the dims of a parameter and the batch: a product of one sample is never stored.
#[test]
fn no_outer_product_of_a_sample_is_stored() {
    for name in ["iris", "cifar2", "softreg", "mlp", "convnet", "circles"] {
        let (module, lowered) = step(&example(name));
        let batch = module.sizes.base().find(|(_, def)| def.batch).map(|(id, _)| Size::name(id));
        let batch = batch.unwrap();
        let matrices: Vec<Vec<Size>> =
            module.params().map(|(_, s)| s.ty.dims.clone()).filter(|dims| dims.len() > 1).collect();
        for node in &lowered.nodes {
            let rest: Vec<Size> = node.dims.iter().filter(|d| **d != batch).cloned().collect();
            let per_sample = rest.len() < node.dims.len();
            assert!(!(per_sample && matrices.contains(&rest)), "{name}: {}", node.name);
        }
    }
}

/// The first example written for the whole batch.
const WHOLE_BATCH: &str = "\
size  d = 4, H = 16, K = 3
batch N
data
  X : R[d, N]     = csv \"iris.csv\" columns 1..4
  y : label[K][N] = csv \"iris.csv\" column 5
param
  W0 : R[H, d] ~ normal(0, 0.1)
  b0 : R[H]    ~ normal(0, 0.1)
  W1 : R[K, H] ~ normal(0, 0.1)
  b1 : R[K]    ~ normal(0, 0.1)
net
  Z1 = W0 X + b0
  A1 = softplus(Z1)
  Z2 = W1 A1 + b1
  P  = softmax(Z2)
  l[i] = -log(P[y[i],i])
  J  = mean(l)
train J by gd(step = 0.01) epochs 350 batch all seed 1
";

#[test]
fn a_net_written_for_the_whole_batch_lowers_to_the_same_graph() {
    let (one, sample) = step(&example("iris"));
    let (two, batch) = step(&module(WHOLE_BATCH));
    assert_eq!(sample.text(&one, false), batch.text(&two, false));
}

/// The gradient at q: substitute q for the parameters and differentiate by q; or rename p.
#[test]
fn gradients_at_another_point_are_those_renamed() {
    for name in ["iris", "cifar2", "mlp", "convnet"] {
        let mut at_p = example(name);
        let params: Vec<SymbolId> = at_p.params().map(|(id, _)| id).collect();
        let loss = at_p.read(at_p.trainings[0].loss).unwrap();
        let mut at_q = at_p.clone();
        let mut points = Vec::new();
        let mut q = Vec::new();
        for p in &params {
            let known = at_q.symbol(*p).clone();
            let name = format!("{}_q", known.name);
            let (id, node) = at_q.declare(&name, known.role, &known.ty).unwrap();
            points.push((*p, node));
            q.push(id);
        }
        let moved = substituted(&mut at_q, loss, &points).unwrap();
        let by_q = gradients(&mut at_q, moved, &q).unwrap();
        let by_p = gradients(&mut at_p, loss, &params).unwrap();
        let outputs = |nodes: &[NodeId]| -> Vec<(String, NodeId)> {
            nodes.iter().map(|n| (String::new(), *n)).collect()
        };
        let p = lower::lower(&mut at_p, &outputs(&by_p)).unwrap();
        let q = lower::lower(&mut at_q, &outputs(&by_q)).unwrap();
        assert_eq!(p.text(&at_p, false), q.text(&at_q, false), "{name}");
    }
}

/// Lowered values against the interpreter's.
fn same_values(module: &mut Module, outputs: &[NodeId], numbers: &Numbers, what: &str) {
    let named: Vec<(String, NodeId)> = outputs.iter().map(|n| (String::new(), *n)).collect();
    let lowered = lower::lower(module, &named).unwrap();
    lowered.verify(&module.sizes).unwrap();
    let mut oracle: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    draw(module, &mut oracle, 5);
    let mut inputs: BTreeMap<SymbolId, Tensor<f64>> = BTreeMap::new();
    for node in &lowered.nodes {
        if let Work::Input(symbol) = node.work {
            let value = oracle.given(symbol).unwrap();
            let ty = &module.symbol(symbol).ty;
            inputs.insert(symbol, lower::arranged(module, ty, value).unwrap());
        }
    }
    let values = lowered.evaluate(numbers, &inputs).unwrap_or_else(|e| panic!("{what}: {e}"));
    for (node, value) in outputs.iter().zip(values) {
        let wanted = oracle.value(*node).unwrap();
        let wanted = lower::arranged(module, module.graph.ty(*node), &wanted).unwrap();
        assert_eq!(wanted.data.len(), value.data.len(), "{what}");
        let scale = wanted.largest().max(1e-2);
        for (a, b) in wanted.data.iter().zip(&value.data) {
            assert!((a - b).abs() <= 1e-11 * scale, "{what}: {a} and {b}");
        }
    }
}

#[test]
fn examples_have_the_interpreter_s_values() {
    let sizes: [(&str, &[(&str, u64)]); 5] = [
        ("iris", &[("d", 4), ("H", 5), ("K", 3)]),
        ("cifar2", &[("d", 7), ("H", 5), ("K", 3)]),
        ("softreg", &[("d", 6), ("K", 4), ("m", 3), ("r", 2)]),
        ("mlp", &[("d", 7), ("H", 5), ("K", 3)]),
        ("convnet", &[("C0", 2), ("k", 3), ("K", 4), ("S", 8), ("C1", 3), ("C2", 5), ("F", 6)]),
    ];
    for (name, sizes) in sizes {
        let mut module = example(name);
        let params: Vec<SymbolId> = module.params().map(|(id, _)| id).collect();
        let loss = module.read(module.trainings[0].loss).unwrap();
        let mut nodes = vec![loss];
        nodes.extend(gradients(&mut module, loss, &params).unwrap());
        let mut numbers = Numbers::of(&module, 9, 2);
        for (id, def) in module.sizes.base() {
            if let Some((_, n)) = sizes.iter().find(|(name, _)| *name == def.name) {
                numbers.set(id, *n);
            }
        }
        same_values(&mut module, &nodes, &numbers, name);
    }
}

#[test]
fn the_suite_has_the_interpreter_s_values() {
    let mut lowered = 0;
    for folder in ["identities", "claims"] {
        for (name, mut module) in models::suite(folder) {
            let numbers = models::distinct(&module);
            let claims = module.claims.clone();
            let mut done = BTreeMap::new();
            for claim in claims {
                let Some(Statement::Links(first, sides)) = &claim.statement else { continue };
                let nodes = std::iter::once(*first).chain(sides.iter().map(|(_, n)| *n));
                let nodes: Result<Vec<NodeId>, _> =
                    nodes.map(|n| resolved(&mut module, n, &mut done)).collect();
                let nodes = nodes.unwrap();
                same_values(&mut module, &nodes, &numbers, &format!("{name} {}", claim.name));
                lowered += 1;
            }
        }
    }
    assert_eq!(lowered, 279);
}

fn deep_net(layers: usize) -> String {
    let mut text = String::from(
        "size d = 64, K = 10\nbatch N\ndata\n  x : R[d] per N\n  y : label[K] per N\nparam\n",
    );
    for l in 1..=layers {
        text.push_str(&format!("  W{l} : R[d, d] ~ he\n  b{l} : R[d] = 0\n"));
    }
    text.push_str("  V : R[K, d] ~ he\nnet\n  h0 = x\n");
    for l in 1..=layers {
        text.push_str(&format!("  h{l} = relu(W{l} h{} + b{l})\n", l - 1));
    }
    text.push_str(&format!("  J = mean[N] cross_entropy(V h{layers}, y)\n"));
    text.push_str("train J by gd(step = 0.1) epochs 1 batch 32\n");
    text
}

#[test]
fn nodes_grow_linearly_with_depth() {
    let count = |layers: usize| {
        let (module, lowered) = step(&module(&deep_net(layers)));
        (module.graph.len(), lowered.nodes.len(), lowered.contractions().len())
    };
    let (a, b, c) = (count(25), count(50), count(100));
    assert_eq!(c.0 - b.0, 2 * (b.0 - a.0), "terms: {a:?} {b:?} {c:?}");
    assert_eq!(c.1 - b.1, 2 * (b.1 - a.1), "loops: {a:?} {b:?} {c:?}");
    assert_eq!(c.2, 3 * 100 + 2);
}

#[test]
fn derivatives_are_gone_before_lowering() {
    let mut module =
        module("size n\ngiven\n  A : R[n, n]\n  x : R[n]\nnet\n  L = ||A x||^2\n  g = dL/dx\n");
    let g = module.bindings[1].value;
    let g = resolved(&mut module, g, &mut BTreeMap::new()).unwrap();
    let lowered = lower::lower(&mut module, &[("g".into(), g)]).unwrap();
    assert_eq!(lowered.contractions().len(), 2, "{}", lowered.text(&module, true));
}
