//! How long it takes to compile deep nets: `cargo run --release -p chainrule-compile --example layers`.

use std::time::Instant;

use chainrule_compile::Training;
use chainrule_kernels::program::Precision;

/// A net of so many layers of 64 units.
fn net(layers: usize) -> String {
    let mut text = String::from("size d = 64, K = 10\nbatch N\ndata\n");
    text.push_str(
        "  x : R[d] per N = csv \"x.csv\"\n  y : label[K] per N = csv \"y.csv\"\nparam\n",
    );
    for k in 0..layers {
        text.push_str(&format!("  W{k} : R[d, d] ~ he\n  b{k} : R[d] = 0\n"));
    }
    text.push_str("  V : R[K, d] ~ he\nnet\n");
    for k in 0..layers {
        let input = if k == 0 { "x".into() } else { format!("h{}", k - 1) };
        text.push_str(&format!("  h{k} = relu(W{k} {input} + b{k})\n"));
    }
    let last = layers - 1;
    text.push_str(&format!("  J = mean[N] cross_entropy(V h{last}, y)\n"));
    text.push_str("train J by adam() batch 128 epochs 1\n");
    text
}

fn main() {
    for layers in [25, 50, 100, 200, 400] {
        let reading = chainrule_graph::read(&net(layers));
        assert!(reading.is_ok(), "{:?}", reading.diagnostics.first());
        let module = &reading.modules[0];
        let mut best = [f64::INFINITY; 2];
        let mut count = 0;
        for _ in 0..5 {
            let began = Instant::now();
            let training = Training::new(module, &module.trainings[0], &[], Precision::F32);
            let training = training.expect("compiled");
            best[0] = best[0].min(began.elapsed().as_secs_f64());
            let began = Instant::now();
            let step = training.step(128).expect("a step");
            best[1] = best[1].min(began.elapsed().as_secs_f64());
            count = step.program.instructions.len();
        }
        let [lowered, planned] = best.map(|s| s * 1e3);
        println!(
            "{layers:4} layers: lowered in {lowered:7.2} ms, a program of {count} instructions in {planned:7.2} ms"
        );
    }
}
