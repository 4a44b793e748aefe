//! The simplifier over random graphs and their gradients: the short form has the same value.
//!
//! 300 graphs in an ordinary run; `CHAINRULE_RANDOM=n` draws any number.

#[allow(dead_code)]
#[path = "random/build.rs"]
mod build;
#[allow(dead_code)]
#[path = "random/dice.rs"]
mod dice;
#[allow(dead_code)]
#[path = "random/grow.rs"]
mod grow;
#[allow(dead_code)]
#[path = "random/index.rs"]
mod index;
mod support;

use build::Build;
use chainrule_graph::interpret::Interpreter;
use chainrule_graph::simplify::Simplifier;
use chainrule_graph::{Module, NodeId, differentiate, raise};
use grow::Grower;
use support::draw;

/// What two nodes are apart, by the larger of them; `None` where either has no value.
fn apart(module: &Module, grower: &Grower, a: NodeId, b: NodeId, seed: u64) -> Option<f64> {
    let values = draw::values(module, &grower.numbers, seed);
    let mut interpreter = Interpreter::<f64>::new(module, grower.numbers.clone());
    for (at, value) in values.into_iter().enumerate() {
        if let Some(value) = value {
            interpreter.set(chainrule_graph::SymbolId::new(at), value);
        }
    }
    let a = interpreter.value(a).ok()?.clone();
    let b = interpreter.value(b).ok()?.clone();
    assert_eq!((&a.axes, &a.shape), (&b.axes, &b.shape), "the type stays");
    let size = a.data.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    let gap = a
        .data
        .iter()
        .zip(&b.data)
        .map(|(x, y)| (x - y).abs() / size)
        .fold(0.0, |m, v| if v.is_nan() { f64::NAN } else { f64::max(m, v) });
    (!size.is_nan() && size < 1e9 && a.data.iter().all(|v| v.is_finite())).then_some(gap)
}

#[test]
fn random_formulas_keep_their_values() {
    let count = std::env::var("CHAINRULE_RANDOM").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let all: Vec<Build> = [build::FUNCTIONS, build::MORE, index::ALL].concat();
    let (mut compared, mut changed, mut failures) = (0, 0, Vec::new());
    for seed in 0..count {
        let mut grower = Grower::new(seed);
        let wanted = 2 + grower.dice.below(8);
        for _ in 0..2 * wanted {
            let build = grower.dice.of(&all);
            let _ = grower.grow(build);
        }
        let Ok((_, loss)) = grower.loss() else { continue };
        let mut module = grower.module.clone();
        let wrt = grower.variables.clone();
        let mut nodes = vec![loss];
        nodes.extend(differentiate::gradients(&mut module, loss, &wrt).unwrap_or_default());
        for names in [false, true] {
            let mut simplifier = match names {
                true => Simplifier::new(&mut module),
                false => Simplifier::without_names(&module),
            };
            for node in &nodes {
                let short = simplifier.node(&mut module, *node);
                module.verify().expect("a sound graph");
                let Some(gap) = apart(&module, &grower, *node, short, seed) else { continue };
                compared += 1;
                changed += usize::from(short != *node);
                if gap.is_nan() || gap > 1e-6 {
                    failures.push(format!(
                        "seed {seed}, {gap:e}:\n  {}\n  {}",
                        raise::text(&module, *node),
                        raise::text(&module, short)
                    ));
                }
            }
        }
    }
    println!("{compared} compared, {changed} changed");
    failures.sort_by_key(String::len);
    failures.truncate(6);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(compared > count as usize && 2 * changed > compared);
}
