//! How long each instruction of a training step takes:
//! `cargo run --release -p chainrule-compile --example step convnet 128 2`.
//!
//! Numbers are random, labels too: what is measured is time alone. The name is that of a file of
//! `crates/chainrule/models`, then the rows, then the threads.

use std::time::Instant;

use chainrule_compile::Training;
use chainrule_graph::Kind;
use chainrule_kernels::program::{Precision, Slot};
use chainrule_kernels::{Column, Engine, Run, Threads, Values};

/// Numbers that are about as large as the start values of a net.
fn numbers(count: usize, scale: f64) -> Vec<f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    (0..count).map(|_| next() * scale).collect()
}

/// Columns of random numbers, labels 0 or 1.
fn data(training: &Training, widths: &[usize], rows: usize) -> Vec<Vec<f32>> {
    training
        .columns()
        .iter()
        .zip(widths)
        .map(|(symbol, width)| {
            let labels = training.module().symbol(*symbol).ty.kind != Kind::Real;
            let values = numbers(width * rows, 1.0).into_iter();
            values.map(|x| if labels { ((x + 0.5) * 2.0).floor() } else { x } as f32).collect()
        })
        .collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("mlp", String::as_str);
    let number = |at: usize, default| arguments.get(at).map_or(default, |n| n.parse().unwrap());
    let (rows, count) = (number(1, 128), number(2, 2));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../chainrule/models/");
    let path = if name.ends_with(".eqn") { name.into() } else { format!("{path}{name}.eqn") };
    let text = std::fs::read_to_string(path).expect("a file");
    let module = chainrule_graph::read(&text).modules.remove(0);
    let training =
        Training::new(&module, &module.trainings[0], &[], Precision::F32).expect("compiled");
    let step = training.step(rows as u64).expect("a step");
    let (layout, program) = (&training.layout, &step.program);
    let threads = Threads { count, least: 1 << 15 };
    let mut engine = Engine::new(Precision::F32, program.arena, threads).expect("an engine");
    let loaded = engine.load(program.clone()).expect("a sound program");
    engine.set(layout.bundle, &numbers(layout.bundle.len, 0.1));
    for ((_, slot), value) in layout.inputs.iter().zip(training.given()) {
        engine.set(*slot, &[*value]);
    }
    let data = data(&training, &program.columns, rows);
    let columns: Vec<Column<'_>> = data
        .iter()
        .zip(&program.columns)
        .map(|(c, width)| Column { values: Values::F32(c), width: *width, scale: &[], shift: &[] })
        .collect();
    let order: Vec<u32> = (0..rows as u32).collect();
    let runs = 15;
    let count = program.instructions.len();
    let mut times = vec![Vec::with_capacity(runs); count];
    let mut whole = Vec::with_capacity(runs);
    for at in 0..=runs {
        let run = Run { columns: &columns, rows: &order, seed: 1, step: at as u64 };
        let began = Instant::now();
        engine.run(loaded, &run).expect("a run");
        whole.push(began.elapsed().as_secs_f64());
        let mut began = Instant::now();
        let each = &mut |instruction: usize, _: &Engine| {
            let now = Instant::now();
            times[instruction].push((now - began).as_secs_f64());
            began = Instant::now();
            true
        };
        engine.trace(loaded, &run, each).expect("a run");
    }
    let median = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    for (at, (instruction, times)) in program.instructions.iter().zip(&mut times).enumerate() {
        println!("{at:3} {:10.1} us  {}", median(times) * 1e6, instruction.name);
    }
    let loss: Slot = layout.loss;
    println!("loss {}", engine.get(loss)[0]);
    println!(
        "{name} at {rows} rows: {count} instructions, an arena of {:.1} MB, {:.1} us a step",
        program.arena as f64 * 4e-6,
        median(&mut whole) * 1e6
    );
}
