//! Schedules, stopping rules, clipping, as the file asks for them.

use std::sync::Arc;

use chainrule::Model;
use chainrule::train::{Control, Dataset, End, Rows, TrainSettings, Trainer};

/// A line through points, some of them held back, with a train line.
fn line(train: &str) -> (Model, Arc<Dataset>) {
    let text = format!(
        "batch N\ndata\n  x : R per N\n  y : R per N\nparam\n  w : R = 0\n  b : R = 0\nnet\n  \
         f = w x + b\n  J = mean[N] (f - y)^2\n{train}\n"
    );
    let model = Model::parse("line.eqn", text).expect("a model");
    let x: Vec<f64> = (0..20).map(|i| f64::from(i) / 10.0 - 1.0).collect();
    let line = |(i, x): (usize, &f64)| 2.0 * x + ((i * 7) % 5) as f64;
    let mut y: Vec<f64> = x.iter().enumerate().map(line).collect();
    // The rows held back lie elsewhere: fitting the others is at last bad for them.
    y[12..].iter_mut().for_each(|y| *y *= 0.4);
    let data = Rows::new(&model.modules()[0])
        .column("x", x)
        .column("y", y)
        .part("train", 0..12)
        .part("validation", 12..20)
        .build()
        .expect("data");
    (model, Arc::new(data))
}

fn trainer(train: &str) -> Trainer {
    let (model, data) = line(train);
    let settings = TrainSettings {
        threads: 1,
        precision: chainrule::train::Precision::F64,
        ..TrainSettings::default()
    };
    Trainer::new(&model, model.trainings()[0], data, &settings).expect("a trainer")
}

/// The parameters after so many steps.
fn after(train: &str, steps: usize) -> Vec<f64> {
    let mut trainer = trainer(train);
    (0..steps).for_each(|_| {
        trainer.step().expect("a step");
    });
    trainer.parameters().iter().flat_map(chainrule::train::Tensor::values).collect()
}

#[test]
fn early_stopping_leaves_the_best_weights() {
    let mut trainer = trainer("train J by gd(step = 0.3) epochs 500 stop early(5)");
    let mut seen: Vec<(u64, f64)> = Vec::new();
    trainer
        .run(&mut |report| {
            let own = report.scores.iter().find(|s| s.part == "validation").expect("a part");
            seen.push((report.epoch, own.get("J").expect("J")));
            let least = seen.iter().map(|(_, v)| *v).fold(f64::INFINITY, f64::min);
            assert_eq!(report.best, own.get("J") == Some(least));
        })
        .expect("it trains");
    assert_eq!(trainer.end(), Some(End::Early));
    let best = seen.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)).expect("an epoch");
    assert!(seen.len() < 500 && seen.len() as u64 == best.0 + 6, "{} {best:?}", seen.len());
    let done = trainer.finish().expect("the end").summary;
    let peak = done.best.as_ref().expect("the best");
    assert_eq!((peak.epoch, peak.step, peak.value), (best.0, best.0, best.1));
    assert_eq!((peak.part.as_str(), peak.name.as_str()), ("validation", "J"));
    let own = done.scores.iter().find(|s| s.part == "validation").expect("a part");
    assert_eq!(own.get("J"), Some(best.1));
}

#[test]
fn stop_below_ends_where_the_loss_is_low_enough() {
    let mut trainer = trainer("train J by gd(step = 0.1) epochs 500 stop below(2.0)");
    trainer.run(&mut |_| {}).expect("it trains");
    assert_eq!(trainer.end(), Some(End::Below));
    assert!(trainer.measure("validation").expect("values").get("J").expect("J") < 2.0);
}

#[test]
fn a_schedule_scales_the_step() {
    let plain = after("train J by gd(step = 0.05) epochs 9", 1);
    let warm = after("train J by gd(step = 0.1) epochs 9 schedule warmup(2)", 1);
    assert_eq!(plain, warm);
    let stairs = after("train J by gd(step = 0.1) epochs 9 schedule step(1, 0.5)", 3);
    // The same by hand.
    let (mut w, mut b, mut step) = (0.0, 0.0, 0.1);
    let (_, data) = line("train J by gd(step = 1)");
    let column = |name: &str| data.tables[0].column(name).expect("a column");
    for _ in 0..3 {
        let (mut dw, mut db) = (0.0, 0.0);
        for i in 0..12 {
            let (x, y) = (column("x").values.get(i), column("y").values.get(i));
            let e = 2.0 * (w * x + b - y) / 12.0;
            (dw, db) = (dw + e * x, db + e);
        }
        (w, b) = (w - step * dw, b - step * db);
        step *= 0.5;
    }
    assert!((stairs[0] - w).abs() < 1e-12 && (stairs[1] - b).abs() < 1e-12, "{stairs:?} {w} {b}");
}

#[test]
fn a_plateau_is_remembered_in_the_state() {
    let text = "train J by gd(step = 0.9) epochs 30 schedule plateau(0.5, 1) stop early(20)";
    let mut whole = trainer(text);
    whole.run(&mut |_| {}).expect("it trains");
    let mut parts = trainer(text);
    while parts.end().is_none() {
        let mut count = 0;
        let report = parts.epoch(&mut |_| {
            count += 1;
            if count == 2 { Control::Pause } else { Control::Continue }
        });
        report.expect("an epoch");
        let state = parts.state();
        parts = trainer(text);
        parts.restore(&state).expect("it fits");
    }
    assert_eq!(parts.parameters_sha256(), whole.parameters_sha256());
    let (mut a, mut b) = (parts.state(), whole.state());
    (a.seconds, b.seconds) = (0.0, 0.0);
    assert_eq!(a, b);
    assert!(whole.state().rules.iter().any(|(name, v)| name == "plateau.scale" && *v < 1.0));
    let mut other = trainer("train J by gd(step = 0.9) epochs 30");
    assert!(other.restore(&whole.state()).is_err());
}

#[test]
fn clipping_bounds_the_first_step() {
    let moved = |p: &[f64]| (p[0] * p[0] + p[1] * p[1]).sqrt();
    let free = moved(&after("train J by gd(step = 0.1) epochs 1", 1));
    let bound = moved(&after("train J by gd(step = 0.1) epochs 1 clip norm(0.5)", 1));
    assert!(free > 0.05 && (bound - 0.05).abs() < 1e-12, "{free} {bound}");
}

#[test]
fn schedules_that_need_an_end_say_so() {
    let (model, data) = line("train J by gd(step = 0.1) minutes 1 schedule cosine");
    let error = Trainer::new(&model, model.trainings()[0], data, &TrainSettings::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("how many steps there will be"), "{error}");
    let mut timed = trainer("train J by gd(step = 0.001) minutes 0.0005");
    timed.run(&mut |_| {}).expect("it trains");
    assert_eq!(timed.end(), Some(End::Minutes));
}
