//! Checks: every claim of the suite gets its verdict, gradients of the examples hold.

use std::path::PathBuf;

use chainrule_graph::check::{Report, Settings, check};
use chainrule_graph::{Module, read};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "eqn"))
        .collect();
    all.sort();
    all
}

fn modules(path: &PathBuf) -> Vec<Module> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let reading = read(&text);
    assert!(reading.is_ok(), "{}: {:?}", path.display(), reading.diagnostics);
    reading.modules
}

/// What does not hold, in lines.
fn wrong(report: &Report) -> Vec<String> {
    let gradients = report.gradients.iter().filter(|g| !g.passed).map(|g| {
        format!(
            "d {} / d {}: forward {:e} complex {:e} differences {:?} {:?}",
            g.of, g.name, g.forward, g.complex, g.difference, g.message
        )
    });
    let claims = report.claims.iter().chain(&report.stated).filter(|c| !c.passed).map(|c| {
        format!("{}: {:?}, expected {:?}: {}", c.name, c.verdict, c.expected, c.message)
    });
    let optimizers = report.optimizers.iter().filter(|o| !o.passed);
    let optimizers = optimizers.map(|o| format!("{}: {:e} {:?}", o.name, o.error, o.message));
    gradients.chain(claims).chain(optimizers).collect()
}

fn all_hold(folder: &str) {
    let mut failures = Vec::new();
    for path in files(folder) {
        for module in modules(&path) {
            let start = std::time::Instant::now();
            let report = check(&module, &Settings::default());
            let seconds = start.elapsed().as_secs_f64();
            if std::env::var_os("CHECK_SHOW").is_some() {
                let worst = |f: fn(&chainrule_graph::check::Gradient) -> f64| {
                    report.gradients.iter().map(f).fold(0.0, f64::max)
                };
                eprintln!(
                    "{} {seconds:.2}s gradients {} forward {:.1e} complex {:.1e} differences {:.1e} kinks {}",
                    path.file_name().and_then(|n| n.to_str()).unwrap_or_default(),
                    report.gradients.len(),
                    worst(|g| g.forward),
                    worst(|g| g.complex),
                    worst(|g| g.difference.unwrap_or(0.0)),
                    report.gradients.iter().map(|g| g.kinks).sum::<usize>(),
                );
            }
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            failures.extend(wrong(&report).into_iter().map(|line| format!("{name}: {line}")));
            assert!(!report.is_empty(), "{name}: there is nothing to check");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_identity_holds() {
    all_hold("suite/identities");
}

#[test]
fn every_claim_gets_its_verdict() {
    all_hold("suite/claims");
}

#[test]
fn the_examples_hold() {
    all_hold("crates/chainrule/models");
}
