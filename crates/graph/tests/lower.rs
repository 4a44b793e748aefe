//! Lowering: counts and operations of the examples, equality of styles, values.

use chainrule_graph::lower::{self, Lowered};
use chainrule_graph::{Module, NodeId, Op, Size, SymbolId, read};

fn example(name: &str) -> Module {
    let path = format!("{}/../chainrule/models/{name}.eqn", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let reading = read(&text);
    assert!(reading.is_ok(), "{name}");
    reading.modules[0].clone()
}

fn symbol(module: &Module, id: SymbolId) -> NodeId {
    let is = |n: &NodeId| matches!(module.graph.node(*n).op, Op::Symbol { id: s, .. } if s == id);
    module.graph.ids().find(is).unwrap()
}

fn step(name: &str) -> (Module, Lowered) {
    let mut module = example(name);
    let loss = module.trainings[0].loss;
    let node = symbol(&module, loss);
    let lowered = lower::training_step(&mut module, node).unwrap();
    lowered.verify(&module.sizes).unwrap();
    (module, lowered)
}

fn number(module: &Module, size: &Size, rows: u64) -> i128 {
    size.value_at(|id| module.sizes.number_of(id).or(Some(rows))).unwrap().whole().unwrap()
}

#[test]
fn contractions_of_a_training_step() {
    for (name, count) in [("iris", 5), ("cifar2", 5), ("softreg", 2), ("mlp", 8), ("convnet", 11)] {
        let (module, lowered) = step(name);
        println!("== {name}\n{}", lowered.text(&module, true));
        let all = lowered.contractions();
        for c in &all {
            println!(
                "{}: M {} N {} K {} batch {}",
                c.name,
                module.sizes.list(&c.m),
                module.sizes.list(&c.n),
                module.sizes.list(&c.k),
                module.sizes.list(&c.batch)
            );
        }
        let flops: i128 = all.iter().map(|c| number(&module, &c.flops, 128)).sum();
        let halo: i128 = all.iter().map(|c| number(&module, &c.flops_with_halo, 128)).sum();
        println!("{name}: {} {flops} {halo}", all.len());
        if all.len() != count {
            println!("WRONG {name}");
        }
    }
}
