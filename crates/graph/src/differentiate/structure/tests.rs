//! Every Jacobian of the suite: the structured matrix against the dense one, at random values.

use crate::differentiate::{gradients, jacobian, resolved};
use crate::index::{NodeId, SymbolId};
use crate::interpret::{Interpreter, Numbers, Tensor};
use crate::module::{Module, Role, Start};
use crate::op::Op;
use crate::random::Random;
use crate::types::Kind;
use crate::{raise, read};

/// Random values for every name that has none, positive definite where that is declared.
fn draw(module: &Module, it: &mut Interpreter<'_, f64>) {
    for (at, symbol) in module.symbols.iter().enumerate() {
        let id = SymbolId::new(at);
        let shape = it.shape(&symbol.ty).expect("a shape");
        match &symbol.role {
            Role::Given(Start::Value(value)) => {
                let value = it.value(*value).expect("a start value");
                let tensor = match value.data.as_slice() {
                    [one] => Tensor::filled(symbol.ty.axes.clone(), shape, *one),
                    _ => (*value).clone(),
                };
                it.set(id, tensor);
                continue;
            }
            Role::Data | Role::Param(_) | Role::Given(_) | Role::Noise(_) => {}
            _ => continue,
        }
        let random = Random::new(5, at as u64);
        let entry = |i: u64| match &symbol.ty.kind {
            Kind::Label(k) => {
                (random.uniform(i) * it.numbers().size(k).expect("a size") as f64).floor()
            }
            Kind::Positive => 0.5 + random.uniform(i),
            _ => 0.7 * random.normal(i),
        };
        let mut data: Vec<f64> = (0..shape.iter().product::<usize>() as u64).map(entry).collect();
        if matches!(symbol.ty.kind, Kind::Sym | Kind::Spd) {
            let (n, plain) = (shape[0], data.clone());
            let dot = |i: usize, j: usize| -> f64 {
                (0..n).map(|k| plain[i * n + k] * plain[j * n + k]).sum()
            };
            data = (0..n * n).map(|at| dot(at / n, at % n) + f64::from(at / n == at % n)).collect();
        }
        it.set(id, Tensor { axes: symbol.ty.axes.clone(), shape, data });
    }
}

fn value(module: &Module, node: NodeId) -> Tensor<f64> {
    let mut numbers = Numbers::of(module, 4, 3);
    for (i, (id, def)) in module.sizes.base().enumerate() {
        if def.number.is_none() {
            numbers.set(id, 3 + i as u64);
        }
    }
    let mut it = Interpreter::new(module, numbers);
    draw(module, &mut it);
    (*it.value(node).expect("a value")).clone()
}

/// The two matrices of a `jac` or `hess` node.
fn both(module: &mut Module, id: NodeId) -> Option<(Option<NodeId>, NodeId)> {
    let node = module.graph.node(id).clone();
    let row = matches!(node.op, Op::Jac { row: true });
    let Op::Symbol { id: wrt, .. } = module.graph.node(node.inputs[1]).op else { return None };
    let mut of = resolved(module, node.inputs[0], &mut std::collections::BTreeMap::new()).ok()?;
    if node.op == Op::Hess {
        of = gradients(module, of, &[wrt]).ok()?[0];
    }
    let structured = super::jacobian(module, of, wrt, row).expect("a structured Jacobian");
    let dense = jacobian::dense(module, of, wrt, row).expect("a dense Jacobian");
    Some((structured, dense))
}

#[test]
fn structured_jacobians_are_the_dense_ones() {
    let (mut total, mut count, mut plain) = (0, 0, Vec::new());
    for folder in ["identities", "claims"] {
        let folder = format!("{}/../../suite/{folder}", env!("CARGO_MANIFEST_DIR"));
        let entries = std::fs::read_dir(folder).expect("the suite");
        let mut paths: Vec<_> = entries.map(|e| e.expect("a file").path()).collect();
        paths.sort();
        for path in paths {
            let reading = read(&std::fs::read_to_string(&path).expect("text"));
            let mut module = reading.modules[0].clone();
            let is_matrix =
                |id: &NodeId| matches!(module.graph.node(*id).op, Op::Jac { .. } | Op::Hess);
            let nodes: Vec<NodeId> = module.graph.ids().filter(is_matrix).collect();
            for id in nodes {
                let text = format!("{}: {}", path.display(), raise::text(&module, id));
                let Some((structured, dense)) = both(&mut module, id) else { continue };
                total += 1;
                let Some(structured) = structured else {
                    plain.push(text);
                    continue;
                };
                count += 1;
                module.verify().unwrap_or_else(|e| panic!("{text}: {e}"));
                assert_eq!(module.graph.ty(structured).dims, module.graph.ty(dense).dims, "{text}");
                let (a, b) = (value(&module, structured), value(&module, dense));
                // Axes that the formula does not need are left out of it.
                let copies = b.data.len() / a.data.len();
                let scale = 1e-12 * (1.0 + b.largest());
                if a.axes == b.axes {
                    let far = a.data.iter().zip(&b.data).any(|(x, y)| (x - y).abs() > scale);
                    let formula = raise::text(&module, structured);
                    assert!(!far, "{text} = {formula}: {a:?} {b:?}");
                } else {
                    assert!(copies > 1, "{text}");
                }
            }
        }
    }
    println!("{count} of {total} Jacobians are structured; not: {plain:#?}");
    assert!(count >= 50, "{count} of {total}: {plain:#?}");
}
