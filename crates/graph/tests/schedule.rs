//! Schedules against their formulas, written out by hand; rules that wait.

use std::f64::consts::PI;

use chainrule_graph::read;
use chainrule_graph::schedule::{At, RULES, Schedule, Stop, factor};

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
    assert_eq!(line("schedule exponential"), "`schedule exponential` needs its number `rate`");
    assert_eq!(line("schedule step(factor = 0.5)"), "`schedule step` needs its number `every`");
    assert_eq!(line("stop below(1, 2)"), "`below` takes one number, 2 given");
    assert_eq!(line("schedule constant(1)"), "`constant` takes no numbers, 1 given");
    assert_eq!(line("clip norm(0)"), "`clip norm` takes a number above 0");
    assert_eq!(line("schedule warmup(0)"), "`schedule warmup` takes a whole number of updates");
    let own = "optimizer o(rate)\n  p' = p - rate dJ/dp\n";
    let train = format!("{own}train J by o(0.1) epochs 3 schedule cosine");
    assert_eq!(message(&train), "a schedule changes the setting `step`, and `o` has none");
}

/// The numbers of the rules of a line.
fn rules(train: &str) -> Vec<(String, Vec<f64>)> {
    let text = format!("const c = 4\nparam w : R = 1\nnet J = w^2\ntrain J by gd(0.1) {train}\n");
    let found = read(&text);
    assert!(found.diagnostics.is_empty(), "{train}: {:?}", found.diagnostics);
    let rules = found.modules[0].trainings[0].rules.clone();
    rules.into_iter().map(|(_, name, numbers)| (name, numbers)).collect()
}

#[test]
fn numbers_have_names() {
    for (named, by_place) in [
        ("stop early(patience = 2)", "stop early(2)"),
        ("stop early(least = 0.5, patience = c)", "stop early(4, 0.5)"),
        ("stop early(3, least = 1)", "stop early(3, 1)"),
        ("schedule step(factor = 0.5, every = 2)", "schedule step(2, 0.5)"),
        ("schedule onecycle(last = 0)", "schedule onecycle(0.3, 0.04, 0)"),
        ("schedule warmup(n = 3) clip norm(limit = 1)", "schedule warmup(3) clip norm(1)"),
        ("schedule plateau", "schedule plateau(0.1, 10, 0)"),
    ] {
        assert_eq!(rules(named), rules(by_place), "{named}");
    }
}

/// The schedules are functions of the language; their defaults are written there as well.
#[test]
fn defaults_are_those_of_the_functions() {
    for rule in RULES.iter().filter(|rule| rule.word == "schedule" && rule.arity().0 == 0) {
        let Ok(own) = Schedule::new(rule.name, &[]) else {
            assert_eq!(rule.name, "plateau");
            continue;
        };
        let all = rule.completed(&[]).expect("all have defaults");
        let given = Schedule::new(rule.name, &all).expect("a schedule");
        for step in 0..20 {
            let at = At { step: f64::from(step), steps: 20.0, ..At::default() };
            assert_eq!(own.factor(&at).to_bits(), given.factor(&at).to_bits(), "{}", rule.name);
        }
    }
}

#[test]
fn a_wrong_name_is_found_at_its_place() {
    let text = |options: &str| format!("param w : R = 1\nnet J = w^2\ntrain J by {options}\n");
    let found = |options: &str| {
        let text = text(options);
        let found = read(&text).diagnostics;
        assert_eq!(found.len(), 1, "{options}: {found:?}");
        let span = found[0].span();
        (found[0].clone(), text[span.start as usize..span.end as usize].to_string())
    };
    for (options, place, message) in [
        ("gd(0.1) stop early(patence = 2)", "patence", "`patence` is not a number of `early`"),
        ("gd(stp = 0.1)", "stp", "`stp` is not a setting of `gd`"),
        (
            "gd(0.1) stop early(2, patience = 3)",
            "patience",
            "the number `patience` of `early` is given twice",
        ),
        (
            "gd(0.1) clip norm(limit = 1, limit = 2)",
            "limit",
            "the number `limit` of `norm` is given twice",
        ),
        ("gd(0.1, step = 0.2)", "step", "the setting `step` of `gd` is given twice"),
        ("gd(0.1, 7)", "7", "`gd` takes one setting, 2 given"),
    ] {
        let (diagnostic, at) = found(options);
        assert_eq!((at.as_str(), diagnostic.message.as_str()), (place, message));
    }
    let (near, _) = found("gd(0.1) stop early(patence = 2)");
    assert!(near.repairs.iter().any(|r| r.message.contains("did you mean `patience`")), "{near:?}");
    let (twice, _) = found("gd(0.1) stop early(2, patience = 3)");
    assert_eq!(twice.labels.len(), 2);
}
