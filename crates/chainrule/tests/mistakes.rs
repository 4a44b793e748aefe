//! One mistake a file: it is found, and every repair shown makes the file pass.

mod common;

use chainrule::graph::{Reading, read};
use chainrule::syntax::Diagnostic;

/// Files whose statement is judged by numbers, not by shapes: reading finds nothing wrong.
const JUDGED: [&str; 9] = [
    "claim-fails-at-the-kink",
    "claim-with-broken-chain",
    "claim-with-mean-twice",
    "claim-with-wrong-sign",
    "claim-with-wrong-type",
    "claim-without-factor-two",
    "claim-without-mean",
    "expected-false-but-true",
    "stated-derivative-wrong",
];

/// Claims that are well-formed although the file expects them not to be.
const UNMET: [&str; 1] = ["expected-verdict-not-reached"];

/// Everything a reading finds: the file's diagnostics and those of its claims.
fn all(reading: &Reading) -> Vec<&Diagnostic> {
    let claims = reading.modules.iter().flat_map(|m| &m.claims);
    let unexpected = claims.filter(|c| c.expect.is_none_or(|e| e.text() == "true"));
    reading.diagnostics.iter().chain(unexpected.flat_map(|c| &c.ill_formed)).collect()
}

#[test]
fn every_mistake_is_found() {
    let mut codes = std::collections::BTreeSet::new();
    for (name, text) in common::files("mistakes") {
        let reading = read(&text);
        let found = all(&reading);
        let silent = JUDGED.contains(&&*name) || UNMET.contains(&&*name);
        assert_eq!(found.is_empty(), silent, "{name}: {found:?}");
        if !name.starts_with("several") {
            let errors = found.iter().filter(|d| d.is_error()).count();
            assert!(errors <= 1, "{name}: one mistake, {errors} errors: {found:?}");
        }
        codes.extend(found.iter().map(|d| d.code));
    }
    assert!(codes.len() >= 80, "{} kinds of mistake: {codes:?}", codes.len());
}

#[test]
fn every_repair_shown_makes_the_mistake_go_away() {
    let mut tried = 0;
    for (name, text) in common::files("mistakes") {
        let reading = read(&text);
        let before = all(&reading);
        for found in &before {
            for repair in &found.repairs {
                let changed = repair.apply(&text).expect("the edits fit the text");
                let after = read(&changed);
                let left = all(&after);
                assert!(
                    left.len() < before.len(),
                    "{name}: `{}` leaves {left:?}\n{changed}",
                    repair.message
                );
                if before.len() == 1 {
                    assert!(left.is_empty(), "{name}: `{}` leaves {left:?}", repair.message);
                }
                tried += 1;
            }
        }
    }
    assert!(tried >= 100, "{tried} repairs");
}

/// The line that the file's author says is right: `# fix: ..` replaces the line of the mistake.
fn fixed(text: &str, line: usize) -> Option<String> {
    let fix = text.lines().find_map(|l| l.strip_prefix("# fix: "))?;
    let lines = text.lines().enumerate();
    let lines = lines.map(|(i, l)| if i + 1 == line { fix } else { l });
    Some(lines.collect::<Vec<_>>().join("\n") + "\n")
}

#[test]
fn the_intended_corrections_pass_and_most_are_offered() {
    let (mut with_fix, mut offered) = (0, 0);
    for (name, text) in common::files("mistakes") {
        let reading = read(&text);
        let found = all(&reading);
        let [one] = found.as_slice() else { continue };
        let line = text[..one.span().start as usize].matches('\n').count() + 1;
        let Some(right) = fixed(&text, line) else { continue };
        let after = read(&right);
        assert!(all(&after).is_empty(), "{name}: the fix leaves {:?}\n{right}", all(&after));
        with_fix += 1;
        let tokens = |t: &str| t.split_whitespace().map(String::from).collect::<Vec<_>>().join("");
        let same = |r: &chainrule::Repair| {
            r.apply(&text).is_some_and(|changed| tokens(&changed) == tokens(&right))
        };
        offered += usize::from(one.repairs.iter().any(same));
    }
    println!("{with_fix} corrections, {offered} offered as they are");
    assert!(with_fix >= 140, "{with_fix} corrections");
    assert!(offered * 2 >= with_fix, "{offered} of {with_fix}");
}
