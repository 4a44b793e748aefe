//! One line instead of a file: what it stands for, and where its mistakes are.

use chainrule::{Last, Model};

fn file(text: &str, last: Last) -> String {
    let snippet = Model::snippet(text, last).unwrap_or_else(|e| panic!("{text}: {e}"));
    snippet.model().source().text().to_owned()
}

#[test]
fn sizes_and_batches_are_declared() {
    let text = "W : R[m, dh]; h : R[dh] per N; y : label[m] per N
        l = cross_entropy(W h, y); J = mean[N] l
        dJ/dW = mean[N] (softmax(W h) - onehot(y)) h^T";
    let expected = "size dh, m
batch N
given
  W : R[m, dh]
given
  h : R[dh] per N
given
  y : label[m] per N
net
  l = cross_entropy(W h, y)
net
  J = mean[N] l
claim \"dJ/dW = mean[N] (softmax(W h) - onehot(y)) h^T\" dJ/dW = mean[N] (softmax(W h) - onehot(y)) h^T
";
    assert_eq!(file(text, Last::Claim), expected);
}

#[test]
fn blocks_and_fixed_sizes_may_be_written() {
    let text = "batch N; n = 3; X : R[n, N]; const c = 2; c sum(X) = sum(c X)";
    let expected = "size n = 3\nbatch N\n";
    let found = file(text, Last::Claim);
    assert!(!found.starts_with("batch N\nbatch"), "{found}");
    assert!(expected.lines().all(|line| found.lines().any(|l| l == line)), "{found}");
    let known = file("size n, m = 2 n; A : R[n, m]; count(A) = 2 n^2", Last::Claim);
    assert!(known.starts_with("size n, m = 2 n\ngiven"), "{known}");
}

#[test]
fn a_formula_gets_a_name_that_is_free() {
    for (text, name) in [
        ("x : R[n]; x^T x", "f"),
        ("f : R[n]; f^T f", "g"),
        ("x : R[n]; L = x^T x", "L"),
        ("x : R[n]; g = x^T x; f : R; g f", "L"),
    ] {
        let snippet = Model::snippet(text, Last::Formula).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(snippet.name(), Some(name), "{text}");
        assert!(snippet.model().modules()[0].find(name).is_some());
    }
}

#[test]
fn clauses_stay_with_the_claim() {
    let text = "x : R[n]\nsum(e) = 2 sum(x)\n  where e = 2 x\n  expect true";
    let snippet = Model::snippet(text, Last::Claim).expect("it reads");
    let claim = &snippet.model().modules()[0].claims[0];
    assert!(claim.ill_formed.is_empty(), "{:?}", claim.ill_formed);
    assert!(claim.expect.is_some());
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    for (text, last, place, words) in [
        ("A : R[n,m]; x : R[n]; y = A x; y = x", Last::Claim, "A", "inner sizes m and n differ"),
        ("x : R[n]; x +", Last::Formula, "", "a value is missing after `+`"),
        ("x : R[n]; y : R[n] = (x; x = y", Last::Claim, "(x; x = y", "never closed"),
        ("x : R[n]; x = 2; 3 x", Last::Formula, "x", "already"),
        ("x : R[n]; x^T x; x = x", Last::Claim, "x^T x", "the claim stands last"),
        ("x : Real[n]; x = x", Last::Claim, "Real", "not a type"),
        ("", Last::Claim, "", "nothing is written"),
        ("# only a comment ; ;", Last::Formula, "", "nothing is written"),
    ] {
        let error = Model::snippet(text, last).expect_err(text);
        let (source, found) = error.diagnostics().expect("diagnostics");
        assert_eq!(source.text(), text);
        let first = &found[0];
        assert!(first.message.contains(words), "{text}: {}", first.message);
        let at = first.span().text(text);
        assert!(place.starts_with(at) && (place.is_empty() || !at.is_empty()), "{text}: `{at}`");
    }
}

#[test]
fn why_a_claim_is_ill_formed_is_shown_in_the_snippet() {
    let text = "os : R[m]; hs : R[dh]; W : R[m, dh]; L = os^T W hs; dL/dW = os hs";
    let snippet = Model::snippet(text, Last::Claim).expect("it reads");
    let found = snippet.warnings();
    assert_eq!(found[0].span().text(text), "os", "{found:?}");
    assert!(found[0].span().start > 40);
    assert_eq!(
        found[0].repairs[0].apply(text).expect("it fits").split("; ").last(),
        Some("dL/dW = os hs^T")
    );
}
