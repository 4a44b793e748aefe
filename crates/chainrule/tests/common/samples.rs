//! Small data for every built-in example that trains.

use std::sync::Arc;

use chainrule::Model;
use chainrule::graph::random::{Random, stream_of};
use chainrule::train::{Dataset, Rows};

/// A built-in example with data of the shape it needs.
pub(crate) fn sample(name: &str) -> (Model, Arc<Dataset>) {
    let model = Model::read(name).expect("an example");
    let module = &model.modules()[0];
    let data = match name {
        "iris" => iris(module),
        "circles" => moons(module, 330),
        _ => panic!("no sample for {name}"),
    };
    (model, Arc::new(data))
}

/// 0, 1, .. in a random order.
fn shuffled(rows: u32) -> Vec<u32> {
    let random = Random::new(7, stream_of("split of a sample"));
    let mut order: Vec<u32> = (0..rows).collect();
    for i in (1..rows as usize).rev() {
        order.swap(i, (random.uniform(i as u64) * (i + 1) as f64) as usize);
    }
    order
}

fn iris(module: &chainrule::Module) -> Dataset {
    let text = include_str!("../../data/iris.csv");
    let cells: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let x: Vec<f64> = cells
        .iter()
        .flat_map(|row| row[..4].iter().map(|cell| cell.parse().expect("a number")))
        .collect();
    let y: Vec<&str> = cells.iter().map(|row| row[4]).collect();
    let order = shuffled(150);
    Rows::new(module)
        .column("x", x)
        .labels("y", &y)
        .part("train", order[..110].iter().copied())
        .part("test", order[110..].iter().copied())
        .build()
        .expect("iris fits")
}

/// Two half circles with noise.
fn moons(module: &chainrule::Module, rows: u32) -> Dataset {
    let random = Random::new(3, stream_of("moons of a sample"));
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for i in 0..u64::from(rows) {
        let class = (i % 2) as u8;
        let t = std::f64::consts::PI * random.uniform(3 * i);
        let (a, b) = if class == 0 { (t.cos(), t.sin()) } else { (1.0 - t.cos(), 0.5 - t.sin()) };
        x.push(a + 0.15 * random.normal(3 * i + 1));
        x.push(b + 0.15 * random.normal(3 * i + 2));
        y.push(class);
    }
    let order = shuffled(rows);
    let (train, rest) = order.split_at(2 * rows as usize / 3);
    let (validation, test) = rest.split_at(rest.len() / 2);
    Rows::new(module)
        .column("x", x)
        .column("y", y)
        .part("train", train.iter().copied())
        .part("validation", validation.iter().copied())
        .part("test", test.iter().copied())
        .build()
        .expect("moons fit")
}
