//! Schedules against their formulas, written out by hand; rules that wait.

use std::f64::consts::PI;

use chainrule_graph::read;
use chainrule_graph::schedule::{At, Schedule, Stop, factor};

/// 10 epochs of 7 updates.
fn curve(name: &str, numbers: &[f64]) -> Vec<f64> {
    let schedule = Schedule::new(name, numbers).unwrap();
    let at = |k: usize| At { step: k as f64, epoch: (k / 7) as f64, steps: 70.0, epochs: 10.0 };
    (0..70).map(|k| schedule.factor(&at(k))).collect()
}

fn check(name: &str, numbers: &[f64], by_hand: impl Fn(usize) -> f64) {
    for (k, found) in curve(name, numbers).into_iter().enumerate() {
        let wanted = by_hand(k);
        assert!((found - wanted).abs() < 1e-14, "{name} at {k}: {found}, not {wanted}");
    }
}

#[test]
fn schedules_are_their_formulas() {
    check("constant", &[], |_| 1.0);
    check("exponential", &[0.9], |k| (0..k / 7).fold(1.0, |f, _| 0.9 * f));
    check("step", &[3.0, 0.5], |k| 0.5_f64.powi((k / 7 / 3) as i32));
    check("cosine", &[], |k| 0.5 * (1.0 + (PI * k as f64 / 70.0).cos()));
    check("cosine", &[0.2], |k| 0.2 + 0.4 * (1.0 + (PI * k as f64 / 70.0).cos()));
    check("warmup", &[5.0], |k| if k < 5 { (k as f64 + 1.0) / 5.0 } else { 1.0 });
    check("onecycle", &[0.3, 0.1, 0.01], |k| {
        let t = k as f64 / 70.0;
        if t < 0.3 {
            0.1 + 0.9 * (1.0 - (PI * t / 0.3).cos()) / 2.0
        } else {
            0.01 + 0.99 * (1.0 + (PI * (t - 0.3) / 0.7).cos()) / 2.0
        }
    });
    let cycle = curve("onecycle", &[]);
    assert!((cycle[0] - 0.04).abs() < 1e-15 && cycle.iter().all(|f| *f <= 1.0));
    assert_eq!(factor("exponential", &[0.5], 9.0, 2.0, 30.0, 10.0), Ok(0.25));
}

#[test]
fn which_schedules_change_within_an_epoch() {
    let changes = |name, numbers: &[f64]| Schedule::new(name, numbers).unwrap().changes_each_step();
    assert!(changes("cosine", &[]) && changes("warmup", &[3.0]) && changes("onecycle", &[]));
    assert!(!changes("exponential", &[0.5]) && !changes("step", &[2.0, 0.5]));
    assert!(!changes("constant", &[]));
}

#[test]
fn early_stopping_waits_and_is_not_fooled_by_nan() {
    let mut stop = Stop::new("early", &[2.0, 0.1]).unwrap();
    let losses = [2.0, 1.95, 1.8, f64::NAN, 1.75, 1.72];
    let heard: Vec<_> = losses.iter().map(|l| stop.measured(*l)).collect();
    let improved: Vec<bool> = heard.iter().map(|h| h.improved).collect();
    assert_eq!(improved, [true, false, true, false, false, false]);
    let stops: Vec<bool> = heard.iter().map(|h| h.stop).collect();
    assert_eq!(stops, [false, false, false, false, false, true]);
    assert_eq!(stop.watch.best, 1.8);
    let mut below = Stop::new("below", &[0.5]).unwrap();
    assert!(!below.measured(0.5).stop && below.measured(0.4).stop);
    assert!(Stop::new("late", &[]).is_none());
}

fn message(train: &str) -> String {
    let text = format!("param w : R = 1\nnet J = w^2\n{train}\n");
    read(&text).diagnostics.first().map_or(String::new(), |d| d.message.clone())
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let line = |rule: &str| message(&format!("train J by gd(0.1) epochs 3 {rule}"));
    assert_eq!(line("schedule cosine(0.1)"), "");
    assert_eq!(line("schedule step(2, 0.5) stop early(3)"), "");
    assert_eq!(
        line("schedule step(2.5, 0.5)"),
        "`schedule step` takes a whole number of epochs and a factor above 0"
    );
    assert_eq!(line("schedule exponential"), "`exponential` takes one number, 0 given");
    assert_eq!(line("clip norm(0)"), "`clip norm` takes a number above 0");
    assert_eq!(line("schedule warmup(0)"), "`schedule warmup` takes a whole number of updates");
    let own = "optimizer o(rate)\n  p' = p - rate dJ/dp\n";
    let train = format!("{own}train J by o(0.1) epochs 3 schedule cosine");
    assert_eq!(message(&train), "a schedule changes the setting `step`, and `o` has none");
}
