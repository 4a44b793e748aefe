//! How long it takes from the text of a deep net to its lowered training step, and how many terms it
//! has: `cargo run --release --example depth -p chainrule`.

use std::fmt::Write as _;
use std::time::Instant;

use chainrule::graph::{lower, read};

fn net(layers: usize) -> String {
    let mut text = String::from(
        "size d = 64, K = 10\nbatch N\ndata\n  x : R[d] per N\n  y : label[K] per N\nparam\n",
    );
    for l in 1..=layers {
        let _ = writeln!(text, "  W{l} : R[d, d] ~ he\n  b{l} : R[d] = 0");
    }
    text.push_str("  V : R[K, d] ~ he\nnet\n  h0 = x\n");
    for l in 1..=layers {
        let _ = writeln!(text, "  h{l} = relu(W{l} h{} + b{l})", l - 1);
    }
    let _ = writeln!(text, "  J = mean[N] cross_entropy(V h{layers}, y)");
    text
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("layers   terms   loops  contractions  elaborate  differentiate+lower");
    for layers in [10, 25, 50, 100, 200, 400] {
        let text = net(layers);
        let mut best: Option<(f64, f64)> = None;
        let mut counts = (0, 0, 0);
        for _ in 0..9 {
            let start = Instant::now();
            let reading = read(&text);
            let elaborated = start.elapsed().as_secs_f64() * 1e3;
            let mut module = reading.modules.into_iter().next().ok_or("no model")?;
            let start = Instant::now();
            let loss = module.find("J").ok_or("no loss")?;
            let loss = module.read(loss).map_err(|m| m.message)?;
            let lowered = lower::training_step(&mut module, loss)?;
            let rest = start.elapsed().as_secs_f64() * 1e3;
            counts = (module.graph.len(), lowered.nodes.len(), lowered.contractions().len());
            let total = elaborated + rest;
            if best.is_none_or(|(a, b)| total < a + b) {
                best = Some((elaborated, rest));
            }
        }
        let (elaborated, rest) = best.unwrap_or_default();
        let (terms, loops, products) = counts;
        println!(
            "{layers:>6}  {terms:>6}  {loops:>6}  {products:>12}  {elaborated:>6.2} ms  {rest:>9.2} ms"
        );
    }
    Ok(())
}
