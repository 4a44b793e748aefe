//! The judged formulas of real reports: verdicts, what is named as the true form, and the time.

mod common;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chainrule::graph::check::{Judged, Verdict};
use chainrule::syntax::ast::Expected;
use chainrule::{CheckOptions, Model};

/// The time that this thread has computed; where the system does not tell, that of the clock.
fn used() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|t| t.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// What is found in one folder of the suite.
#[derive(Default, Debug)]
struct Table {
    claims: usize,
    right: usize,
    /// False or ill-formed claims whose file states the truth.
    wrong: usize,
    repaired: usize,
    slowest: Duration,
    slowest_file: String,
}

fn judged(table: &mut Table, name: &str, text: String) {
    let model = Model::parse(name, text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let start = used();
    let checked = model.judge(&CheckOptions::default());
    let taken = used().saturating_sub(start);
    if taken > table.slowest {
        (table.slowest, table.slowest_file) = (taken, name.to_owned());
    }
    let claims: Vec<&Judged> = checked.models.iter().flat_map(|m| &m.report.claims).collect();
    for claim in &claims {
        table.claims += 1;
        table.right += usize::from(claim.passed);
        assert!(claim.passed, "{name}: {claim:?}");
        let wrong = matches!(claim.verdict, Verdict::False | Verdict::IllFormed);
        let stated = claims.iter().any(|c| {
            let rest = c.name.strip_prefix(&claim.name).unwrap_or("");
            rest.trim() == "correct" || rest.trim() == "reading"
        });
        if wrong && stated && claim.expected != Some(Expected::True) {
            table.wrong += 1;
            table.repaired += usize::from(claim.nearest.is_some());
        }
        if wrong {
            let near = claim.nearest.as_ref();
            let near = near.map_or("-".into(), |n| format!("{}   ({})", n.text, n.edit));
            println!("{:<22} {:<10} {near}", claim.name, claim.verdict.text());
        }
    }
    println!("{name}: {taken:?}");
}

#[test]
fn the_judged_formulas_of_real_reports() {
    let mut table = Table::default();
    for (name, text) in common::files("claims") {
        judged(&mut table, &name, text);
    }
    println!("{table:?}");
    assert_eq!((table.claims, table.right), (190, 190));
    assert!(3 * table.repaired >= 2 * table.wrong, "{table:?}");
}
