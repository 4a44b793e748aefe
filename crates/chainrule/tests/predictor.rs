//! Prediction: what a network says, whatever the number of rows, and what it refuses.

mod common;

use chainrule::train::{Batch, Network, Numbers, Predictor, TrainSettings, Trainer};
use common::samples::sample;

/// A network after a few steps, and the raw rows of its table.
fn network(name: &str, input: &str) -> (Network, Vec<f64>, usize) {
    let (model, data) = sample(name);
    let settings = TrainSettings {
        batch: Some(Batch::Rows(16)),
        steps: Some(2),
        threads: 1,
        ..TrainSettings::default()
    };
    let which = model.trainings()[0];
    let column = data.tables[0].column(input).expect("a column");
    let raw = (0..column.values.len()).map(|i| column.values.get(i)).collect();
    let width = column.width;
    let mut trainer = Trainer::new(&model, which, data.clone(), &settings).expect("a trainer");
    trainer.run(&mut |_| {}).expect("it trains");
    (trainer.finish().expect("the end").network, raw, width)
}

#[test]
fn every_kind_of_output_is_a_distribution_over_classes() {
    for (name, input, output, classes) in [
        ("iris", "x", "p", 3),
        ("circles", "x", "os", 2),
        ("softreg", "x", "softmax(z)", 10),
        ("cifar2", "X", "Psi", 10),
    ] {
        let (network, raw, width) = network(name, input);
        assert_eq!(
            (network.outputs.as_slice(), network.inputs.len()),
            (&[output.to_string()][..], 1)
        );
        let mut predictor = Predictor::new(network, 1).expect("a predictor");
        let all = predictor.predict(&[(input, &raw[..40 * width])]).expect("a prediction");
        let values = &all.outputs[0];
        assert!(values.probabilities && values.dims == [classes] && all.rows == 40, "{name}");
        for row in values.values.chunks(classes) {
            let sum: f64 = row.iter().sum();
            assert!((sum - 1.0).abs() < 1e-5 && row.iter().all(|p| *p >= 0.0), "{name}: {row:?}");
        }
        // One row at a time says the same.
        for at in [0, 17, 39] {
            let row = &raw[at * width..(at + 1) * width];
            let one = predictor.predict(&[(input, row)]).expect("a prediction");
            let alone = &one.outputs[0].values;
            let within = &values.values[at * classes..(at + 1) * classes];
            assert!(
                alone.iter().zip(within).all(|(a, b)| (a - b).abs() < 1e-5),
                "{name}, row {at}"
            );
        }
    }
}

#[test]
fn a_prediction_into_memory_says_the_same() {
    for (name, input, classes) in [("iris", "x", 3), ("softreg", "x", 10), ("cifar2", "X", 10)] {
        let (network, raw, width) = network(name, input);
        let mut predictor = Predictor::new(network, 2).expect("a predictor");
        let single: Vec<f32> = raw.iter().map(|v| *v as f32).collect();
        for rows in [1, 7, 40, 1, 300] {
            // More rows than the sample has: it is gone through again.
            let own: Vec<f64> = raw.iter().copied().cycle().take(rows * width).collect();
            let all = predictor.predict(&[(input, &own)]).expect("a prediction");
            let mut into = vec![f32::NAN; rows * classes];
            let values = Numbers::F64(&own);
            predictor.predict_into(&[(input, values)], &mut into).expect("a prediction");
            let near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-6;
            assert!(into.iter().zip(&all.outputs[0].values).all(near), "{name}, {rows} rows");
            let own: Vec<f32> = single.iter().copied().cycle().take(rows * width).collect();
            let values = Numbers::F32(&own);
            predictor.predict_into(&[(input, values)], &mut into).expect("a prediction");
            let near = |(a, b): (&f32, &f64)| (f64::from(*a) - b).abs() < 1e-4;
            assert!(into.iter().zip(&all.outputs[0].values).all(near), "{name}, {rows} rows");
        }
        let mut into = vec![0.0; classes];
        let mut said = |inputs: &[(&str, Numbers<'_>)]| {
            predictor.predict_into(inputs, &mut into).unwrap_err().to_string()
        };
        assert!(said(&[]).contains("is missing"));
        assert!(said(&[("q", Numbers::F32(&[]))]).contains("no input `q`"));
        let text = said(&[(input, Numbers::F32(&single[..2 * width]))]);
        assert!(text.contains("1 rows have not"), "{text}");
        let mut bad = single[..width].to_vec();
        bad[width - 1] = f32::NAN;
        assert!(said(&[(input, Numbers::F32(&bad))]).contains("is no finite number"));
        let mut short = vec![0.0; classes + 1];
        assert!(predictor.predict_into(&[], &mut short).is_err());
    }
}

#[test]
fn measured_and_predicted_accuracy_agree() {
    let (model, data) = sample("iris");
    let settings = TrainSettings { threads: 1, ..TrainSettings::default() };
    let mut trainer =
        Trainer::new(&model, model.trainings()[1], data.clone(), &settings).expect("a trainer");
    trainer.run(&mut |_| {}).expect("it trains");
    let done = trainer.finish().expect("the end");
    let scores = &done.summary.scores;
    let accuracy = scores.iter().find(|s| s.part == "test").and_then(|s| s.get("accuracy"));
    let mut predictor = Predictor::new(done.network, 1).expect("a predictor");
    let part = data.part("test").expect("a part");
    let table = &data.tables[part.table];
    let (x, y) = (table.column("x").expect("x"), table.column("y").expect("y"));
    let rows = part.rows.iter().flat_map(|r| (0..4).map(|e| x.values.get(4 * *r as usize + e)));
    let said = predictor.predict(&[("x", &rows.collect::<Vec<f64>>())]).expect("a prediction");
    let classes = said.classes.expect("classes");
    let label = |r: &u32| y.values.get(*r as usize) as usize;
    let right = classes.iter().zip(&part.rows).filter(|(k, r)| **k == label(r)).count();
    let share = right as f64 / part.rows.len() as f64;
    assert!((share - accuracy.expect("an accuracy")).abs() < 1e-6);
    assert_eq!(said.names.expect("names")[0], "setosa");
}

#[test]
fn other_values_can_be_asked_for() {
    let (network, raw, _) = network("iris", "x");
    let mut predictor = Predictor::new(network, 1).expect("a predictor");
    let said = predictor.predict_names(&["z1", "a1"], &[("x", &raw[..8])]).expect("values");
    assert_eq!((said.outputs[0].dims.as_slice(), said.outputs[1].values.len()), (&[16][..], 32));
    let softplus = |z: &f64| (1.0 + z.exp()).ln();
    let pairs = said.outputs[0].values.iter().map(softplus).zip(&said.outputs[1].values);
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn what_cannot_be_predicted_is_said() {
    let (network, raw, _) = network("iris", "x");
    let mut predictor = Predictor::new(network.clone(), 1).expect("a predictor");
    let mut refused = |names: &[&str], inputs: &[(&str, &[f64])]| {
        predictor.predict_names(names, inputs).unwrap_err().to_string()
    };
    assert!(refused(&["p"], &[]).contains("`x` is missing"));
    assert!(refused(&["p"], &[("X", &raw[..4])]).contains("no input `X` (it has x)"));
    assert!(refused(&["p"], &[("x", &raw[..6])]).contains("4 numbers a row; 6"));
    assert!(refused(&["J"], &[("x", &raw[..4])]).contains("`J` is no value"));
    assert!(refused(&["l"], &[("x", &raw[..4])]).contains("`y` is missing"));
    let found = refused(&["p"], &[("x", &[1.0, 2.0, f64::NAN, 3.0])]);
    assert!(found.contains("row 0, entry 2 of `x` is NaN"), "{found}");
    let mut other = network.clone();
    other.parameters[0].dims = vec![4, 16];
    let error = Predictor::new(other, 1).unwrap_err().to_string();
    assert!(error.contains("`W0` [4, 16] where the equations have `W0` [16, 4]"), "{error}");
    let mut other = network.clone();
    other.parameters.pop();
    let error = Predictor::new(other, 1).unwrap_err().to_string();
    assert!(error.contains("3 parameters for 4"), "{error}");
    let mut other = network;
    other.training = "none".into();
    assert!(Predictor::new(other, 1).unwrap_err().to_string().contains("no training `none`"));
}
