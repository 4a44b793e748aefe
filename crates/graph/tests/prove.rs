//! The prover over the suites and over formulas that must not be provable.

use std::path::PathBuf;
use std::time::Instant;

use chainrule_graph::check::{Settings, Verdict, check};
use chainrule_graph::read;

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

fn count(folder: &str) -> (usize, usize) {
    let (mut proved, mut verified) = (0, 0);
    for path in files(folder) {
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        if std::env::var("TRACE").is_ok() {
            println!("{}", path.display());
        }
        for module in read(&text).modules {
            let start = Instant::now();
            let report = check(&module, &Settings::default());
            let time = start.elapsed();
            for claim in &report.claims {
                match claim.verdict {
                    Verdict::Proved => proved += 1,
                    Verdict::Verified => {
                        verified += 1;
                        println!("verified only: {} ({time:?})", claim.name);
                    }
                    _ => {}
                }
                if time.as_millis() > 100 {
                    println!("slow: {} {time:?}", claim.name);
                }
            }
        }
    }
    (proved, verified)
}

#[test]
fn one() {
    let only = std::env::var("ONLY").unwrap_or_default();
    for path in files("suite/claims").into_iter().chain(files("suite/identities")) {
        if !only.split(',').any(|o| path.to_string_lossy().ends_with(&format!("{o}.eqn"))) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        for module in read(&text).modules {
            for claim in check(&module, &Settings::default()).claims {
                println!("{} {:?} {}", claim.name, claim.verdict, claim.message);
                for step in claim.proof.iter().flat_map(|p| &p.steps) {
                    let show = chainrule_syntax::print::expr;
                    println!("    {} = {}   [{}]", show(&step.from), show(&step.to), step.rule);
                }
            }
        }
    }
}

#[test]
fn identities_are_proved() {
    let (proved, verified) = count("suite/identities");
    println!("identities: {proved} proved, {verified} verified");
    assert!(proved * 100 >= 95 * (proved + verified), "{proved} of {}", proved + verified);
}

#[test]
fn true_claims_are_proved() {
    let (proved, verified) = count("suite/claims");
    println!("claims: {proved} proved, {verified} verified");
    assert!(proved * 100 >= 85 * (proved + verified), "{proved} of {}", proved + verified);
}
