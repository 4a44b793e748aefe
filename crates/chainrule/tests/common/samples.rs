//! Small data for every built-in example that trains.

use std::sync::Arc;

use chainrule::data::{DataSettings, Search};
use chainrule::graph::random::{Random, stream_of};
use chainrule::train::{Dataset, Rows};
use chainrule::{Model, Module};

/// A built-in example with data of the shape it needs.
pub(crate) fn sample(name: &str) -> (Model, Arc<Dataset>) {
    let model = Model::read(name).expect("an example");
    let module = &model.modules()[0];
    let data = match name {
        "iris" | "digits" => embedded(module),
        "circles" => moons(module, 330),
        "softreg" | "mlp" => images(module, "x", 400),
        "convnet" => images(module, "I0", 160),
        "cifar2" => colours(module, 200),
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

/// What the program carries.
fn embedded(module: &Module) -> Dataset {
    Dataset::read(module, &Search::default(), &DataSettings::default()).expect("embedded data")
}

/// The embedded digits of 8 x 8 pixels, as images of 28 x 28 with 256 grey values.
fn images(module: &Module, name: &str, rows: u32) -> Dataset {
    let digits = Model::read("digits").expect("digits");
    let data = embedded(&digits.modules()[0]);
    let column = |name: &str| data.tables[0].column(name).expect("a column");
    let (small, label) = (column("x"), column("y"));
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for row in 0..rows as usize {
        for (u, v) in (0..28).flat_map(|u| (0..28).map(move |v| (u, v))) {
            let grey = small.values.get(64 * row + 8 * (u * 8 / 28) + v * 8 / 28);
            x.push((grey * 15.9) as u8);
        }
        y.push(label.values.get(row) as u8);
    }
    let (train, test) = (0..rows * 3 / 4, rows * 3 / 4..rows);
    Rows::new(module)
        .column(name, x)
        .scaled(name, &[1.0 / 255.0], &[])
        .column("y", y)
        .part("train", train)
        .part("test", test)
        .build()
        .expect("images fit")
}

/// Images of 32 x 32 pixels in three colours: ten kinds of stripes, each with its own colour.
fn colours(module: &Module, rows: u32) -> Dataset {
    let random = Random::new(5, stream_of("colours of a sample"));
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let class = row % 10;
        for (c, u, v) in
            (0..3).flat_map(|c| (0..32).flat_map(move |u| (0..32).map(move |v| (c, u, v))))
        {
            let stripe = (u * (class % 4) + v * (class / 4)) / 8 % 2 == 0;
            let colour = 60.0 + 20.0 * f64::from((class * (c + 1)) % 7);
            let noise = random.normal(u64::from(((row * 3 + c) * 32 + u) * 32 + v));
            x.push((colour + if stripe { 40.0 } else { 0.0 } + 20.0 * noise) as u8);
        }
        y.push(class as u8);
    }
    let order = shuffled(rows);
    let (train, validation) = order.split_at(rows as usize * 3 / 4);
    Rows::new(module)
        .column("X", x)
        .scaled("X", &[], &[-120.0])
        .column("y", y)
        .part("train", train.iter().copied())
        .part("validation", validation.iter().copied())
        .build()
        .expect("colours fit")
}

/// Two half circles with noise.
fn moons(module: &Module, rows: u32) -> Dataset {
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
