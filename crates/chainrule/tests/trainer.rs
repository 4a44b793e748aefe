//! The trainer: limits, batches, curves, states that go on to the same bits.

mod common;

use std::sync::Arc;

use chainrule::Model;
use chainrule::train::{Batch, Control, End, Record, TrainSettings, Trainer};
use common::samples::sample;

/// A trainer of the first training of a text with the rows of iris.
fn iris(which: usize, settings: &TrainSettings) -> Trainer {
    let (model, data) = sample("iris");
    let which = model.trainings()[which];
    Trainer::new(&model, which, data, settings).expect("a trainer")
}

fn settings() -> TrainSettings {
    TrainSettings { threads: 1, ..TrainSettings::default() }
}

fn go_on(_: &chainrule::train::Progress) -> Control {
    Control::Continue
}

#[test]
fn an_epoch_has_full_steps_and_a_short_one_weighted_by_rows() {
    let mut trainer =
        iris(0, &TrainSettings { batch: Some(Batch::Rows(48)), epochs: Some(1), ..settings() });
    let mut sum = 0.0;
    let mut steps = Vec::new();
    let report = trainer
        .epoch(&mut |p| {
            let rows = p.position - steps.last().map_or(0, |(at, _)| *at);
            steps.push((p.position, rows));
            sum += p.loss * rows as f64;
            Control::Continue
        })
        .expect("an epoch")
        .expect("a report");
    assert_eq!(steps, [(48, 48), (96, 48), (110, 14)]);
    assert_eq!(report.mean, sum / 110.0);
    assert_eq!((report.epoch, report.step, report.end), (1, 3, Some(End::Epochs)));
    let parts: Vec<(&str, u64)> = report.scores.iter().map(|s| (s.part.as_str(), s.rows)).collect();
    assert_eq!(parts, [("train", 110), ("test", 40)]);
    assert!(trainer.epoch(&mut go_on).unwrap_err().to_string().contains("all epochs done"));
}

#[test]
fn a_limit_of_steps_may_fall_within_an_epoch() {
    let mut trainer =
        iris(0, &TrainSettings { batch: Some(Batch::Rows(20)), steps: Some(8), ..settings() });
    let first = trainer.epoch(&mut go_on).expect("an epoch").expect("a report");
    assert_eq!((first.epoch, first.step, first.end), (1, 6, None));
    let second = trainer.epoch(&mut go_on).expect("an epoch").expect("a report");
    assert_eq!((second.epoch, second.step, second.end), (1, 8, Some(End::Steps)));
    let done = trainer.finish().expect("the end").summary;
    assert_eq!((done.epochs, done.steps), (1, 8));
    // Steps alone keep the limit too.
    let own = TrainSettings { batch: Some(Batch::Rows(20)), steps: Some(8), ..settings() };
    let mut steps = iris(0, &own);
    (0..8).for_each(|_| assert!(steps.step().is_ok()));
    assert!(steps.step().unwrap_err().to_string().contains("is at its end"));
    assert_eq!(steps.finish().expect("the end").summary.parameters_sha256, done.parameters_sha256);
    let mut steps = iris(0, &own);
    (0..8).for_each(|_| assert!(steps.step().is_ok()));
    assert_eq!(steps.finish().expect("the end").summary.end, Some(End::Steps));
}

/// Trains to the end, pausing after every step that `pause` names and going on in a new trainer.
fn bits(name: &str, which: usize, own: &TrainSettings, pause: &[u64]) -> (String, Vec<Record>) {
    let (model, data) = sample(name);
    let which = model.trainings()[which];
    let new = || Trainer::new(&model, which, Arc::clone(&data), own).expect("a trainer");
    let mut trainer = new();
    let mut records = Vec::new();
    let mut paused = Vec::new();
    while trainer.end().is_none() {
        let report = trainer.epoch(&mut |p| {
            if pause.contains(&p.step) && !paused.contains(&p.step) {
                paused.push(p.step);
                return Control::Pause;
            }
            Control::Continue
        });
        match report.expect("an epoch") {
            Some(report) => records.extend(report.records),
            None => {
                records.extend(trainer.take_records());
                let state = trainer.state();
                trainer = new();
                trainer.restore(&state).expect("the state fits");
                assert_eq!(trainer.state(), state);
            }
        }
    }
    (trainer.parameters_sha256(), records)
}

#[test]
fn a_state_goes_on_to_the_same_bits() {
    let own = TrainSettings { batch: Some(Batch::Rows(30)), epochs: Some(4), ..settings() };
    let whole = bits("iris", 1, &own, &[]);
    assert!(!whole.1.is_empty());
    for pause in [vec![1], vec![3, 4], vec![4], vec![7, 8, 16], (1..=16).collect()] {
        assert_eq!(bits("iris", 1, &own, &pause), whole, "{pause:?}");
    }
    let other = TrainSettings { seed: Some(2), ..own };
    assert_ne!(bits("iris", 1, &other, &[]).0, whole.0);
}

#[test]
fn a_state_of_another_training_is_refused() {
    let own = TrainSettings { batch: Some(Batch::Rows(30)), ..settings() };
    let mut trainer = iris(1, &own);
    trainer.step().expect("a step");
    let state = trainer.state();
    let refused = |change: &dyn Fn(&mut chainrule::train::State)| {
        let mut state = state.clone();
        change(&mut state);
        iris(1, &own).restore(&state).unwrap_err().to_string()
    };
    assert!(refused(&|s| s.step = 7).contains("7 steps in 0 epochs"));
    assert!(refused(&|s| s.position = 31).contains("31 rows"));
    assert!(refused(&|s| s.parameters[0].name = "V".into()).contains("`V`"));
    assert!(refused(&|s| s.parameters[1].dims = vec![3]).contains("`b0` has sizes [3]"));
    assert!(refused(&|s| s.optimizer.truncate(1)).contains("optimizer states"));
    assert!(refused(&|s| s.parameters[0].bytes.truncate(8)).contains("8 bytes"));
    let mut gd = iris(0, &own);
    assert!(gd.restore(&state).is_err());
}

#[test]
fn curves_hold_what_the_file_asks_for() {
    let own = TrainSettings { epochs: Some(2), ..settings() };
    let records = bits("iris", 0, &own, &[]).1;
    let of = |epoch: u64| -> Vec<(String, String)> {
        let own = records.iter().filter(|r| r.epoch == epoch);
        own.map(|r| (r.part.clone(), r.name.clone())).collect()
    };
    let all = [
        ("train", "J_step"),
        ("train", "J"),
        ("train", "accuracy"),
        ("test", "J"),
        ("test", "accuracy"),
    ];
    let all: Vec<(String, String)> =
        all.iter().map(|(part, name)| (part.to_string(), name.to_string())).collect();
    assert_eq!(of(1), all);
    assert_eq!(of(2), all);
    // With all rows a step, the loss of the second step is the value after the first.
    let value = |epoch: u64, name: &str| {
        let found = records.iter().find(|r| r.epoch == epoch && r.name == name);
        found.map(|r| r.value).expect("a record")
    };
    let (after, step) = (value(1, "J"), value(2, "J_step"));
    assert!((after - step).abs() < 1e-6 * after, "{after} {step}");
}

#[test]
fn settings_of_the_optimizer_can_be_set() {
    let own = TrainSettings { set: vec![("step".into(), 0.5)], ..settings() };
    assert_eq!(iris(0, &own).facts().settings, [("step".to_string(), 0.5)]);
    let (model, data) = sample("iris");
    let wrong = TrainSettings { set: vec![("stp".into(), 0.5)], ..settings() };
    let error = Trainer::new(&model, model.trainings()[0], data, &wrong).unwrap_err();
    assert_eq!(error.to_string(), "the optimizer `gd` has no setting `stp` (it has step)");
}

#[test]
fn a_sweep_sets_sizes_and_options() {
    let (model, data) = sample("circles");
    let trainings = model.trainings();
    assert_eq!(trainings.len(), 8);
    let own = settings();
    let last = Trainer::new(&model, trainings[7], data, &own).expect("a trainer");
    let facts = last.facts();
    assert_eq!(facts.name, "sgd H=8 epochs=100");
    assert_eq!((facts.epochs, facts.batch, facts.parameters), (Some(100), 10, 42));
    let first = Model::read("circles").expect("circles");
    assert_eq!(first.trainings().len(), 8);
}

#[test]
fn a_value_that_is_no_number_is_traced_to_its_line() {
    let text = "batch N\ndata\n  x : R per N\nparam\n  w : R = 1\nnet\n  l = (w x)^2\n  \
                J = mean[N] l\ntrain J by gd(step = 1) epochs 2000 batch 2\n";
    let model = Model::parse("away.eqn", text).expect("a model");
    let data = chainrule::train::Rows::new(&model.modules()[0])
        .column("x", vec![2.0, 3.0, 4.0])
        .build()
        .expect("data");
    let new = || {
        Trainer::new(&model, model.trainings()[0], Arc::new(data.clone()), &settings())
            .expect("a trainer")
    };
    let mut trainer = new();
    let error = loop {
        match trainer.epoch(&mut go_on) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), chainrule::ErrorKind::NotFinite);
    let step = trainer.progress().step;
    assert!(error.to_string().contains(&format!("in step {}", step + 1)), "{error}");
    let (_, found) = error.diagnostics().expect("a diagnostic");
    assert!(found[0].notes.iter().any(|n| n.contains("run away")), "{found:?}");
    // The trainer stands before that step, with numbers.
    assert!(trainer.parameters()[0].values()[0].is_finite());
    let mut other = new();
    for _ in 0..step {
        other.step().expect("a step");
    }
    assert_eq!(other.parameters_sha256(), trainer.parameters_sha256());
    // That is its end; what is left is told, and a state goes on from there to the same end.
    assert_eq!(trainer.end(), Some(End::Diverged));
    let state = trainer.state();
    let error = trainer.step().expect_err("its end").to_string();
    assert!(error.contains("is at its end: it diverged"), "{error}");
    let done = trainer.finish().expect("the end").summary;
    let diverged = done.diverged.as_ref().expect("it diverged");
    assert_eq!((diverged.step, done.steps, done.end), (step + 1, step, Some(End::Diverged)));
    for word in [
        format!("in step {}", step + 1),
        "line 7".into(),
        "`w x`: all infinite".into(),
        "it reads".into(),
    ] {
        assert!(diverged.message.contains(&word), "{}", diverged.message);
    }
    assert!(done.scores[0].get("J").is_some_and(f64::is_nan), "{:?}", done.scores);
    assert_eq!(done.parameters_sha256, other.parameters_sha256());
    other.restore(&state).expect("the state fits");
    assert_eq!(other.end(), None);
    assert!(other.step().is_err());
    assert_eq!(other.finish().expect("the end").summary.diverged, done.diverged);
}

/// The place and the notes of what a training with such a net meets.
fn trapped(net: &str, x: Vec<f64>) -> (String, Vec<String>) {
    let text = format!(
        "size d = 2\nbatch N\ndata\n  x : R[d] per N\nparam\n  w : R[d] = 0.5\nnet\n{net}\n\
         train J by gd(step = 0.1) epochs 3\n"
    );
    let model = Model::parse("trap.eqn", text.clone()).expect("a model");
    let data = chainrule::train::Rows::new(&model.modules()[0]).column("x", x).build();
    let data = Arc::new(data.expect("data"));
    let mut trainer =
        Trainer::new(&model, model.trainings()[0], data, &settings()).expect("a trainer");
    let error = trainer.run(&mut |_| {}).expect_err("no number");
    let (source, found) = error.diagnostics().expect("a diagnostic");
    assert_eq!(source.text(), text);
    (found[0].span().text(&text).into(), found[0].notes.clone())
}

#[test]
fn what_went_in_is_reported_with_a_way_out() {
    let (line, notes) =
        trapped("  s = w^T x\n  a = s^2 / s\n  J = mean[N] a", vec![1.0, 2.0, 2.0, -2.0, 5.0, 6.0]);
    assert_eq!(line, "a = s^2 / s");
    assert!(notes.iter().any(|n| n.contains("from 0 to 5.5")), "{notes:?}");
    assert!(notes.iter().any(|n| n.contains("division by 0")), "{notes:?}");
    let (line, notes) =
        trapped("  e = exp(w^T x)\n  J = mean[N] e", vec![1.0, 2.0, 300.0, 4.0, 5.0, 6.0]);
    assert_eq!(line, "e = exp(w^T x)");
    assert!(notes.iter().any(|n| n.contains("from 1.5 to 152")), "{notes:?}");
    assert!(notes.iter().any(|n| n.contains("`exp` of 152")), "{notes:?}");
    let (line, notes) =
        trapped("  p = relu(w^T x)\n  l = -log(p)\n  J = mean[N] l", vec![1.0, 2.0, -3.0, 1.0]);
    assert!(line.contains("log(p)"), "{line}");
    assert!(notes.iter().any(|n| n.contains("logarithm of 0")), "{notes:?}");
}

/// A net with noise and an optimizer with states.
const NOISY: &str = "size d = 3, H = 5\nbatch N\ndata\n  x : R[d] per N\n  y : R per N\nparam\n  \
    V : R[H, d] ~ he\n  w : R[H] ~ normal(0, 1)\nnoise\n  m : mask[H] per N ~ bernoulli(0.5)\n\
    net\n  h = m .* tanh(V x) / 0.5\n  J = mean[N] (w^T h - y)^2\n\
    train J by adam(step = 0.01) epochs 6 batch 7 schedule cosine\nplot J against step on train to \"a.svg\"\n";

#[test]
fn noise_and_states_go_on_from_anywhere_on_any_number_of_threads() {
    let random = chainrule::graph::random::Random::new(11, 0);
    let model = Model::parse("noisy.eqn", NOISY).expect("a model");
    let values = |n: u64, from: u64| (from..from + n).map(|i| random.normal(i)).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = (values(90, 0), values(30, 1000));
    let data = chainrule::train::Rows::new(&model.modules()[0]).column("x", x).column("y", y);
    let data = Arc::new(data.build().expect("data"));
    let new = |threads: usize, precision| {
        let own = TrainSettings { threads, force_parallel: true, precision, ..settings() };
        Trainer::new(&model, model.trainings()[0], Arc::clone(&data), &own).expect("a trainer")
    };
    for precision in [chainrule::train::Precision::F32, chainrule::train::Precision::F64] {
        let mut whole = new(1, precision);
        let mut curve = Vec::new();
        whole.run(&mut |report| curve.extend(report.records.clone())).expect("it trains");
        assert_eq!(whole.progress().step, 30);
        assert!(curve.iter().any(|r| !r.end) && curve.iter().filter(|r| r.end).count() == 12);
        for draw in 0..12 {
            let at = (random.uniform(5000 + draw) * 30.0) as u64;
            let mut first = new(2, precision);
            let mut second = new(3, precision);
            let mut own = Vec::new();
            while first.progress().step < at && first.end().is_none() {
                let pause = |p: &chainrule::train::Progress| {
                    if p.step == at { Control::Pause } else { Control::Continue }
                };
                match first.epoch(&mut { pause }).expect("an epoch") {
                    Some(report) => own.extend(report.records),
                    None => own.extend(first.take_records()),
                }
            }
            second.restore(&first.state()).expect("it fits");
            second.run(&mut |report| own.extend(report.records.clone())).expect("it trains");
            assert_eq!(second.parameters_sha256(), whole.parameters_sha256(), "from step {at}");
            assert_eq!(own, curve, "from step {at}");
        }
    }
}

#[test]
fn steps_alone_come_to_the_same_as_epochs() {
    let own = TrainSettings { batch: Some(Batch::Rows(48)), epochs: Some(2), ..settings() };
    let mut steps = iris(1, &own);
    for _ in 0..6 {
        steps.step().expect("a step");
    }
    let mut epochs = iris(1, &own);
    epochs.run(&mut |_| {}).expect("it trains");
    let (a, b) = (steps.finish().expect("the end"), epochs.finish().expect("the end"));
    let (a, b) = (a.summary, b.summary);
    assert_eq!((a.epochs, a.steps, a.end), (2, 6, Some(End::Epochs)));
    assert_eq!((b.epochs, b.steps, b.end), (2, 6, Some(End::Epochs)));
    assert_eq!(a.parameters_sha256, b.parameters_sha256);
}
