//! Explanations: every equality that is printed holds at drawn points.

mod models;

use chainrule_graph::differentiate::{self, derivation};
use chainrule_graph::explain::{self, Depth, Explained, Fact, Step};
use chainrule_graph::interpret::{Interpreter, Numbers, Tensor};
use chainrule_graph::terms::Terms;
use chainrule_graph::{AxisId, Module, NodeId, Op, SymbolId, Type};
use chainrule_syntax::print;
use std::collections::BTreeMap;

fn small(module: &Module) -> Numbers {
    let mut numbers = models::distinct(module);
    for (id, def) in module.sizes.base() {
        match def.number {
            Some(28) => numbers.set(id, 8),
            Some(n) if n > 12 => numbers.set(id, 5),
            _ => {}
        }
    }
    numbers
}

fn value(module: &Module, numbers: &Numbers, node: NodeId) -> Tensor<f64> {
    let mut oracle: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
    models::draw(module, &mut oracle, 11);
    (*oracle.value(node).unwrap_or_else(|e| panic!("{e}"))).clone()
}

/// The value over all these axes, in this order.
fn over(module: &mut Module, numbers: &Numbers, node: NodeId, axes: &[AxisId]) -> Vec<f64> {
    let own = module.graph.ty(node).clone();
    let missing: Vec<AxisId> = axes.iter().filter(|a| !own.axes.contains(a)).copied().collect();
    let mut all: Vec<AxisId> = own.axes.iter().chain(&missing).copied().collect();
    all.sort_unstable();
    let mut t = Terms::of(module);
    let node = t.lifted(node, &Type { axes: all, ..own }).unwrap();
    let node = t.collect(node, axes).unwrap();
    value(module, numbers, node).data
}

fn close(what: &str, a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len(), "{what}");
    for (x, y) in a.iter().zip(b) {
        assert!((x - y).abs() <= 1e-9 * (1.0 + x.abs()), "{what}: {x} {y}");
    }
}

/// Judges one fact; what it says is worked out another way: in forward mode.
fn judge(module: &Module, fact: &Fact, what: &str) {
    let mut module = module.clone();
    let numbers = small(&module);
    match fact {
        Fact::Equal(a, b) => {
            let mut done = BTreeMap::new();
            let a = differentiate::resolved(&mut module, *a, &mut done).unwrap();
            let b = differentiate::resolved(&mut module, *b, &mut done).unwrap();
            let (x, y) = (value(&module, &numbers, a), value(&module, &numbers, b));
            // One of them may lack an axis that it does not depend on.
            let (x, y) = if x.data.len() >= y.data.len() { (x, y) } else { (y, x) };
            let n = y.data.len();
            assert_eq!(x.data.len() % n, 0, "{what}");
            let wide = if x.axes == y.axes { y.data.clone() } else { spread(&x, &y) };
            close(what, &x.data, &wide);
        }
        Fact::Gradient { of, wrt, formula } => {
            gradient(&mut module, &numbers, *of, *wrt, *formula, what);
        }
        Fact::Entries { of, wrt, rows, columns, formula, differ } => {
            entries(&mut module, &numbers, (*of, rows), (*wrt, columns), *formula, differ, what);
        }
    }
}

/// `y` with the axes of `x`.
fn spread(x: &Tensor<f64>, y: &Tensor<f64>) -> Vec<f64> {
    let mut index = vec![0_usize; x.shape.len()];
    let mut out = Vec::new();
    loop {
        let mut at = 0;
        let mut own = 0;
        for (k, i) in index.iter().enumerate() {
            let here = k >= x.axes.len() || y.axes.contains(&x.axes[k]);
            if here {
                at = at * y.shape[own] + i;
                own += 1;
            }
        }
        out.push(y.data[at]);
        let mut k = index.len();
        loop {
            if k == 0 {
                return out;
            }
            k -= 1;
            index[k] += 1;
            if index[k] < x.shape[k] {
                break;
            }
            index[k] = 0;
        }
    }
}

/// The tangent along a drawn direction is the gradient's product with it.
fn gradient(
    module: &mut Module,
    numbers: &Numbers,
    of: NodeId,
    wrt: SymbolId,
    formula: NodeId,
    what: &str,
) {
    let mut ty = (*module.symbol(wrt).ty).clone();
    ty.kind = chainrule_graph::Kind::Real;
    let riding = module.graph.ty(of).axes.clone();
    let role = chainrule_graph::module::Role::Given(chainrule_graph::module::Start::None);
    let (_, direction) = module.declare("direction", role, &ty).unwrap();
    let tangent = differentiate::tangent(module, of, &[(wrt, direction)]).unwrap();
    let mut t = Terms::of(module);
    let product = t.inner(formula, direction).unwrap();
    let gone: Vec<AxisId> =
        t.ty(product).axes.iter().filter(|a| !riding.contains(a)).copied().collect();
    let product = t.sum_axes(product, gone).unwrap();
    let (a, b) = (value(module, numbers, tangent), value(module, numbers, product));
    close(what, &a.data, &b.data);
}

/// The tangent along each unit array, one after the other.
fn entries(
    module: &mut Module,
    numbers: &Numbers,
    (of, rows): (NodeId, &[AxisId]),
    (wrt, columns): (SymbolId, &[AxisId]),
    formula: NodeId,
    differ: &[(AxisId, AxisId)],
    what: &str,
) {
    let ty = module.symbol(wrt).ty.clone();
    let real = Type { axes: Vec::new(), dims: ty.dims.clone(), kind: chainrule_graph::Kind::Real };
    let role = chainrule_graph::module::Role::Given(chainrule_graph::module::Start::None);
    let (direction, read) = module.declare("direction", role, &real).unwrap();
    let tangent = differentiate::tangent(module, of, &[(wrt, read)]).unwrap();
    let batch: Vec<AxisId> = module.graph.ty(of).axes.clone();
    let mut distinct: Vec<AxisId> = batch.clone();
    for axis in rows.iter().chain(columns) {
        if !distinct.contains(axis) {
            distinct.push(*axis);
        }
    }
    let found = over(module, numbers, formula, &distinct);
    let extent =
        |m: &Module, a: &AxisId| numbers.size(m.axes.get(*a).extent.as_ref().unwrap()).unwrap();
    let extents: Vec<usize> = distinct.iter().map(|a| extent(module, a)).collect();
    let dims: Vec<usize> = ty.dims.iter().map(|d| numbers.size(d).unwrap()).collect();
    let count: usize = dims.iter().product();
    let mut units = Vec::new();
    for place in 0..count {
        let mut oracle: Interpreter<'_, f64> = Interpreter::new(module, numbers.clone());
        models::draw(module, &mut oracle, 11);
        let mut data = vec![0.0; count];
        data[place] = 1.0;
        oracle.set(direction, Tensor { axes: Vec::new(), shape: dims.clone(), data });
        units.push((*oracle.value(tangent).unwrap()).clone());
    }
    let mut index = vec![0_usize; distinct.len()];
    for got in &found {
        let at = |a: &AxisId| index[distinct.iter().position(|d| d == a).unwrap()];
        let skip = differ.iter().any(|(a, b)| at(a) == at(b));
        if !skip {
            let column = columns.iter().zip(&dims).fold(0, |s, (a, n)| s * n + at(a));
            let unit = &units[column];
            let mut place = 0;
            for (k, axis) in unit.axes.iter().enumerate() {
                place = place * unit.shape[k] + at(axis);
            }
            for (a, n) in rows.iter().zip(unit.dims()) {
                place = place * n + at(a);
            }
            let want = unit.data[place];
            assert!(
                (want - got).abs() <= 1e-9 * (1.0 + want.abs()),
                "{what}: at {index:?} {want} {got}"
            );
        }
        for k in (0..index.len()).rev() {
            index[k] += 1;
            if index[k] < extents[k] {
                break;
            }
            index[k] = 0;
        }
    }
}

fn show(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        let d = &step.detail;
        let left = d.left.as_ref().map_or_else(|| "    ".into(), print::expr);
        out += &format!("    {left} = {}   [{}] {}\n", print::expr(&d.right), d.reason, d.shapes);
    }
    out
}

fn judged(name: &str, explained: &Explained) {
    explained.module.verify().unwrap_or_else(|e| panic!("{name}: {e}"));
    for step in &explained.steps {
        let what = format!("{name}: {}", show(std::slice::from_ref(step)));
        judge(&explained.module, &step.fact, &what);
    }
}

/// Every line of every gradient that a file asks for, at a depth.
fn explanations(module: &Module, depth: Depth) -> Vec<(String, Explained)> {
    let mut out = Vec::new();
    for derive in &module.derivations {
        let mut work = module.clone();
        let grads: Vec<(NodeId, SymbolId)> = derive
            .targets
            .iter()
            .filter_map(|t| {
                let node = module.graph.node(*t);
                let Op::Grad = node.op else { return None };
                let Op::Symbol { id, .. } = module.graph.node(node.inputs[1]).op else {
                    return None;
                };
                Some((node.inputs[0], id))
            })
            .collect();
        let Some((of, _)) = grads.first().copied() else { continue };
        let wrt: Vec<SymbolId> = grads.iter().map(|g| g.1).collect();
        let derivation = derivation(&mut work, of, &wrt).unwrap();
        for at in 0..derivation.lines.len() {
            let text = work.symbol(derivation.lines[at].symbol).name.clone();
            let explained = explain::explained(&work, &derivation, at, depth)
                .unwrap_or_else(|e| panic!("{text}: {e}"));
            out.push((text, explained));
        }
    }
    out
}

const EXAMPLES: [&str; 8] =
    ["iris", "cifar2", "graph002", "softreg", "mlp", "convnet", "circles", "more"];

/// Nets that no example has: attention, a convolution with a stride and a pad, layer norm, rows, norms,
/// a maximum, a mean over the samples in the middle, the whole batch.
const WRITTEN: [&str; 9] = [
    "size k, m, n\ngiven\n  Q : R[k, n]\n  K, V : R[k, m]\n  C : R[k, n]\nnet\n  S = K^T Q / sqrt(k)\n  P = softmax(S, axis = 0)\n  O = V P\n  F = sum(C .* O)\nderive dF/d{Q, K, V}\n",
    "size a = 7, b = 6, h = 2\ngiven\n  I : R[a, b]\n  C : R[h, 3]\nnet\n  Y[u,v] = sum[i,j] C[i,j] I[u+i,v+j]\n  A = tanh(Y)\n  L = sum(A .* A)\nderive dL/d{C, I}\n",
    "size d\nbatch N\ngiven\n  x : R[d] per N\nparam\n  g, b : R[d] = 0\n  A : R[d, d] = 0\nnet\n  w = A x\n  c = w - mean(w)\n  s = sqrt(mean(c .^ 2) + 0.001)\n  y = g .* c / s + b\n  J = mean[N] ||y||^2\nderive dJ/d{g, b, A}\n",
    "size n\ngiven\n  x : R[n]\n  A : R[n, n]\nnet\n  y = A x\n  r = ||y||\n  m = max(y)\n  L = r m + ||y||_1\nderive dL/d{A, x}\n",
    "size d\nbatch N\ngiven\n  x : R[d] per N\nparam\n  W : R[d, d] = 0\nnet\n  h = tanh(W x)\n  m = mean[N] h\n  c = h - m\n  J = mean[N] inner(c, c)\nderive dJ/dW\n",
    "size d, K\nbatch N\ngiven\n  X : R[N, d]\n  T : R[N, K]\nparam\n  W : R[d, K] = 0\n  b : R[K] = 0\nnet\n  Z = X W + b\n  P = softmax(Z)\n  J = -1/N sum(T .* log(P))\nderive dJ/d{W, b}\n",
    "size n\ngiven\n  X, A : R[n, n]\nnet\n  M = A X A^T\n  L = tr(X^T M) + tr(X)\nderive dL/dX\n",
    "size d, H\nbatch N\ngiven\n  x : R[d] per N\n  t : R per N\nparam\n  w : R[H] = 0\n  U : R[H, d] = 0\nnet\n  h = sigmoid(U x)\n  q = w^T h\n  p = sigmoid(q)\n  l = -(t log(p) + (1 - t) log(1 - p))\n  J = mean[N] l\nderive dJ/d{w, U}\nderive dl/dh\n",
    "size n\ngiven\n  z : R[n]\n  y : label[n]\nnet\n  l = -log(softmax(z)[y])\n  L = exp(l)\nderive dL/dz\n",
];

fn all() -> Vec<(String, Module)> {
    let examples = EXAMPLES.iter().map(|n| (n.to_string(), models::example(n)));
    let written =
        WRITTEN.iter().enumerate().map(|(i, t)| (format!("written {i}"), models::module(t)));
    examples.chain(written).collect()
}

/// All failures at once.
fn every_line(depth: Depth) {
    let mut failed = Vec::new();
    for (name, module) in all() {
        let work = std::panic::catch_unwind(|| explanations(&module, depth));
        let Ok(explained) = work else {
            failed.push(name);
            continue;
        };
        assert!(!explained.is_empty(), "{name}");
        for (line, explained) in explained {
            assert!(!explained.steps.is_empty(), "{name} {line}");
            let what = format!("{name} {line}");
            if std::panic::catch_unwind(|| judged(&what, &explained)).is_err() {
                failed.push(what);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn full_explanations_hold() {
    every_line(Depth::Full);
}

#[test]
fn index_explanations_hold() {
    every_line(Depth::Index);
}

fn printed(explained: &Explained) -> Vec<String> {
    let line = |s: &Step| {
        let left = s.detail.left.as_ref().map_or_else(String::new, |l| print::expr(l) + " ");
        format!("{left}= {}", print::expr(&s.detail.right))
    };
    explained.steps.iter().map(line).collect()
}

fn has(explained: &Explained, lines: &[&str]) {
    let found = printed(explained);
    for line in lines {
        assert!(found.iter().any(|l| l == line), "{line}\n{found:#?}");
    }
}

/// The softmax in full: its Jacobian, and its collapse behind the logarithm.
#[test]
fn the_softmax_is_expanded() {
    let iris = models::example("iris");
    let lines = explanations(&iris, Depth::Full);
    let (_, first) = lines.iter().find(|(l, _)| l == "dJ/dz2").unwrap();
    has(
        first,
        &[
            "softmax(z) = exp(z) / sum(exp(z))",
            "dp[i]/dz2[i] = p[i] (1 - p[i])",
            "dp[i]/dz2[j] = -p[i] p[j]",
            "jac(p, z2) = diag(p) - p p^T",
            "dJ/dz2 = 1/N (p - onehot(y))",
        ],
    );
}

#[test]
fn entries_have_deltas() {
    let iris = models::example("iris");
    let lines = explanations(&iris, Depth::Index);
    let (_, w) = lines.iter().find(|(l, _)| l == "dJ/dW1").unwrap();
    has(w, &["z2[i] = sum[j] W1[i,j] a1[j] + b1[i]", "= sum[N] dJ/dz2[k] a1[m]"]);
    let conv = models::example("convnet");
    let lines = explanations(&conv, Depth::Index);
    assert!(lines.iter().any(|(l, _)| l == "dJ/dK1"));
}

/// `jac(Z, W) = kron(A^T, I(n))`, and the same with deltas; by rows as blocks.
#[test]
fn jacobians_are_said_twice() {
    let module = models::module(
        "size n, m, k\ngiven\n  W : R[n, m]\n  A : R[m, k]\nnet\n  Z = W A\nderive jac(Z, W)\n",
    );
    let target = module.derivations[0].targets[0];
    let explained = explain::jacobian(&module, target).unwrap();
    judged("jac", &explained);
    let found = printed(&explained);
    assert_eq!(found[0], "jac(Z, W) = kron(A^T, I(n))");
    assert!(found[1].ends_with("= 1[i == l] A[r,j]") || found[1].contains("1[i =="), "{found:?}");
    let (z, w) = (module.find("Z").unwrap(), module.find("W").unwrap());
    let mut copy = module.clone();
    let (z_node, w_node) = (copy.read(z).unwrap(), copy.read(w).unwrap());
    let blocks = explain::blocks(&copy, z_node, w_node).unwrap().unwrap();
    assert_eq!(
        (print::expr(&blocks.count), print::expr(&blocks.block)),
        ("n".into(), "A^T".into())
    );
    let row = explain::varied_entry(&module, (z, &["i", "j"]), (w, &[Some("i"), None])).unwrap();
    judged("row", &row);
    has(&row, &["dZ[i,j]/dW[i,:] = A[:,j]^T"]);
    let soft = models::example("softreg");
    let hess = soft.derivations.iter().flat_map(|d| &d.targets);
    let hess = hess.copied().find(|t| soft.graph.node(*t).op == Op::Hess).unwrap();
    judged("hess", &explain::jacobian(&soft, hess).unwrap());
}

#[test]
fn rows_columns_and_entries_are_variables() {
    let module = models::module(
        "size n, m\ngiven\n  W : R[n, m]\n  a : R[m]\nnet\n  z = W a\n  J = ||z||^2\n",
    );
    let mut copy = module.clone();
    let of = copy.find("J").unwrap();
    let of = copy.read(of).unwrap();
    let w = copy.find("W").unwrap();
    for (places, want) in [
        ([Some("i"), None], "= 2 z[i] a^T"),
        ([None, Some("j")], "= 2 a[j] z"),
        ([Some("i"), Some("j")], "= 2 z[i] a[j]"),
    ] {
        let explained = explain::varied(&copy, of, w, &places).unwrap();
        judged("part", &explained);
        has(&explained, &[want]);
    }
    let found = printed(&explain::varied(&copy, of, w, &[Some("i"), None]).unwrap());
    assert_eq!(found[0], "dJ/dW[i,:] = (dJ/dW)[i,:]");
    assert!(explain::varied(&copy, of, w, &[None]).is_err());
}

/// The transposed network gives the gradients, and agrees with the tangents.
#[test]
fn the_dual_network_gives_the_gradients() {
    for (name, of, wrt) in [
        ("graph002", "L", vec!["A", "B", "x"]),
        ("iris", "J", vec!["W0", "b0", "W1", "b1"]),
        ("cifar2", "Jt", vec!["W1", "W2", "b1", "b2"]),
        ("convnet", "J", vec!["K1", "K2", "W1"]),
    ] {
        let module = models::example(name);
        let of = module.find(of).unwrap();
        let wrt: Vec<SymbolId> = wrt.iter().map(|w| module.find(w).unwrap()).collect();
        let dual = explain::dual(&module, of, &wrt).unwrap();
        dual.module.verify().unwrap();
        for step in dual.tangents.iter().chain(&dual.cotangents) {
            judge(&dual.module, &step.fact, name);
        }
        // What arrives at the value is the sum of what the gradients make of each direction.
        let mut work = dual.module.clone();
        let numbers = small(&work);
        let Op::Symbol { id: top, .. } = work.graph.node(dual.of).op else { panic!() };
        let arrived = dual.moves.iter().find(|(s, _)| *s == top).unwrap().1;
        let arrived = work.read(arrived).unwrap();
        let mut total = None;
        for (gradient, symbol) in dual.gradients.iter().zip(&wrt) {
            let direction = dual.moves.iter().find(|(s, _)| s == symbol).unwrap().1;
            let direction = work.read(direction).unwrap();
            let mut t = Terms::of(&mut work);
            let part = t.inner(*gradient, direction).unwrap();
            total = Some(match total {
                Some(sum) => t.add(sum, part).unwrap(),
                None => part,
            });
        }
        let (a, b) = (value(&work, &numbers, arrived), value(&work, &numbers, total.unwrap()));
        close(name, &a.data, &b.data);
    }
}

#[test]
fn shared_factors_behind_a_softmax_end() {
    let mut square = String::from("a");
    for _ in 0..40 {
        square = format!("h({square})");
    }
    let text = format!(
        "size n\nfn h(x) = x .* x\ngiven\n  z, a : R[n]\nnet\n  p = softmax(z)\n  J = sum(p .* {square})\n\
         derive dJ/dz\n"
    );
    let module = models::module(&text);
    let start = std::time::Instant::now();
    let lines = explanations(&module, Depth::Full);
    assert!(!lines.is_empty() && start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn a_number_is_no_sum() {
    let module =
        models::module("given\n  a : R\nnet\n  Y = sin(a)\n  J = sum(Y .* Y)\nderive dJ/da\n");
    let lines = explanations(&module, Depth::Index);
    let text = format!("{:?}", lines.iter().map(|l| printed(&l.1)).collect::<Vec<_>>());
    assert!(!lines.is_empty() && !text.contains("sum["), "{text}");
}
