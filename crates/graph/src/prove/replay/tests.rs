//! Proofs that were tampered with do not replay.

use std::collections::BTreeMap;

use super::super::{Prover, Question, STEPS};
use super::check;
use crate::module::Statement;
use crate::prove::state::Logged;
use crate::prove::term::Poly;
use crate::read;
use crate::size::Ratio;

const TEXT: &str = "\
size n
given
  x, y : R[n]
  p, q : R+[n]
  C : R[n, n]
";

/// Replays the proof of a claim after `change`; the prover must prove it.
fn replayed(claim: &str, change: impl Fn(&mut Vec<Logged>)) -> Result<(), String> {
    let text = format!("{TEXT}claim \"c\" {claim}\n");
    let mut module = read(&text).modules.remove(0);
    let Some(Statement::Links(left, links)) = module.claims[0].statement.clone() else {
        panic!("{claim} has no sides")
    };
    let mut done = BTreeMap::new();
    let mut plain =
        |node| crate::differentiate::resolved(&mut module, node, &mut done).expect("a derivative");
    let (left, right) = (plain(left), plain(links[0].1));
    let question = Question { left, right, condition: None, replaced: &[], numbers: false };
    let mut prover = Prover::new(&module, STEPS);
    assert_eq!(prover.is_zero_gap(&question), Some(true), "{claim}");
    change(&mut prover.log);
    check(&prover, &question)
}

const CLAIMS: [&str; 8] = [
    "exp(x + y) = exp(x) .* exp(y)",
    "log(p .* q) = log(p) + log(q)",
    "1[exp(x) > 0] = ones(n)",
    "sum(softmax(x)) = 1",
    "logdet(C C) = 2 logdet(C)",
    "C^-1 C x = x",
    "1[p .* x > 0] = 1[3 x > 0]",
    "relu(2 p .* x + p .* y) = p .* relu(2 x + y)",
];

#[test]
fn proofs_replay() {
    for claim in CLAIMS {
        assert_eq!(replayed(claim, |_| {}), Ok(()), "{claim}");
    }
}

#[test]
fn a_changed_result_is_found() {
    for claim in CLAIMS {
        let found = replayed(claim, |log| {
            let last = log.last_mut().expect("a step");
            last.to.plus(&Poly::one(), Ratio::ONE).expect("a sum");
        });
        assert!(found.is_err(), "{claim}");
        let found = replayed(claim, |log| {
            let last = log.last_mut().expect("a step");
            last.to = last.to.scaled(Ratio::whole_number(2)).expect("a multiple");
        });
        assert!(found.is_err(), "{claim}");
    }
}

#[test]
fn a_step_under_another_name_is_found() {
    for (claim, rule) in [
        (CLAIMS[0], "log of a product"),
        (CLAIMS[1], "exp of a sum"),
        (CLAIMS[1], "indicator of a known sign"),
        (CLAIMS[2], "log of a product"),
        (CLAIMS[4], "log of a product"),
    ] {
        let found = replayed(claim, |log| log.iter_mut().for_each(|step| step.rule = rule));
        assert!(found.is_err(), "{claim} by {rule}");
    }
}

#[test]
fn a_missing_lemma_is_found() {
    for claim in [CLAIMS[0], CLAIMS[1], CLAIMS[4]] {
        assert!(replayed(claim, Vec::clear).is_err(), "{claim}");
    }
}

#[test]
fn sides_that_differ_do_not_replay() {
    let module = read(&format!("{TEXT}claim \"c\" relu(x) = x\n")).modules.remove(0);
    let Some(Statement::Links(left, links)) = &module.claims[0].statement else { panic!() };
    let right = links[0].1;
    let question = Question { left: *left, right, condition: None, replaced: &[], numbers: false };
    let prover = Prover::new(&module, STEPS);
    assert!(check(&prover, &question).is_err());
}
