//! `chainrule judge` as people and scripts see it.

use crate::common::{Folder, Run};

/// Runs `judge -e text` with further arguments.
fn judge(folder: &Folder, text: &str, more: &[&str]) -> Run {
    let args: Vec<&str> = ["judge", "-e", text].into_iter().chain(more.iter().copied()).collect();
    folder.command(&args).output().expect("the program runs").into()
}

const NET: &str = "W2 : R[m, dh]; hs : R[dh]; y : label[m]; os = softmax(W2 hs); \
                   L = -log(os[y]); ";

#[test]
fn verdicts_and_exit_codes() {
    let folder = Folder::new("judge-codes");
    for (text, code, words) in [
        ("x : R[n]; grad(x^T x, x) = 2 x", 0, ""),
        ("x : R[n]; grad(x^T x, x) = x", 3, "nearest true: 2 x   (factor 2)"),
        ("x : R[n]; x : R[m]", 3, "nearest true: R[n]   (the type)"),
        ("x : R[n]; y : R[n]; x = x = y", 3, "the second link is false"),
        ("x : R; sign(x) = -1 + 2 1[x > 0]", 0, "true-where"),
        ("x : R; sign(x) = -1 + 2 1[x > 0] if x != 0", 0, ""),
        ("A, B : R[n, n]; x : R[n]; softmax(A x) = softmax((A + B) x) for B = 0", 0, ""),
        ("A : R[n, m]; x : R[m]; A x = x", 3, "ill-formed"),
        ("W : R[n, m]; a : R[m]; jac(W a, a) = W^T", 0, "true-in-layout"),
        ("W : R[n, m]; a : R[m]; z = W a; jac(z, W) = a^T", 0, "true-as-factor"),
        ("A : R[n, m]; b : R[n]; count(A) + count(b) = n (m + 1)", 0, ""),
        ("x : R[n]; x +", 4, ""),
        ("x : R[n]; 3 x; x = x", 4, ""),
    ] {
        let run = judge(&folder, text, &[]);
        assert_eq!(run.code, Some(code), "{text}: {run:?}");
        assert!(run.stdout.contains(words), "{text}: {}", run.stdout);
    }
    assert_eq!(folder.run("judge").code, Some(2));
    assert_eq!(folder.run("judge iris -e x").code, Some(2));
}

#[test]
fn an_ill_formed_claim_has_its_place_and_both_shapes() {
    let folder = Folder::new("judge-place");
    let run = judge(&folder, &format!("{NET}\ndL/dW2 = (os - onehot(y)) hs"), &[]);
    let expected = "\
dL/dW2 = (os - onehot(y)) hs                                          ill-formed
    (m x 1)(dh x 1): inner sizes 1 and dh differ
      dL/dW2 = (os - onehot(y)) hs
               ^^^^^^^^^^^^^^^^ m x 1
                                ^^ dh x 1
    nearest true: (os - onehot(y)) hs^T   (transpose hs)
";
    assert_eq!(run.stdout, expected);
    assert_eq!(run.stderr, "");
}

#[test]
fn json_has_the_objects_of_check() {
    let folder = Folder::new("judge-json");
    let run = judge(&folder, &format!("{NET}dL/dW2 = (onehot(y) - os) hs^T"), &["--json"]);
    assert_eq!(run.code, Some(3));
    let json = run.json();
    assert_eq!(json["passed"], false);
    let claim = &json["claims"][0];
    assert_eq!(claim["verdict"], "false");
    assert_eq!(claim["nearest"], "-(onehot(y) - os) hs^T");
    assert!(claim["edit"].as_str().is_some(), "{claim}");
    let point = &claim["counterexample"];
    let whole =
        |x: &serde_json::Value| x.as_f64().is_some_and(|x| x.fract() == 0.0 && x.abs() <= 2.0);
    let values = point["values"].as_object().expect("values");
    let entries = values.values().filter_map(|v| v["entries"].as_array());
    assert!(entries.flatten().all(whole), "{point}");
    assert!(point["sizes"].as_object().expect("sizes").values().all(|n| n.as_u64() <= Some(3)));
    // What the file says of a claim, `judge` says too.
    folder.write("two.eqn", "given x : R\nclaim \"a\" x = x\nclaim \"b\" x = 2 x expect false\n");
    let judged = folder.run("judge two.eqn --json").json();
    let checked = folder.run("check two.eqn --json").json();
    assert_eq!(judged["claims"], checked["claims"]);
    assert_eq!(judged["passed"], true);
    assert_eq!(folder.run("judge two.eqn").code, Some(0));
}

#[test]
fn mistakes_are_shown_in_the_text_that_was_given() {
    let folder = Folder::new("judge-mistake");
    let run = judge(&folder, "A : R[n, m]; x : R[n]; y = A x; y = x", &[]);
    assert_eq!(run.code, Some(4));
    assert!(run.stderr.contains("inner sizes m and n differ"), "{}", run.stderr);
    assert!(run.stderr.contains("A : R[n, m]; x : R[n]; y = A x; y = x"), "{}", run.stderr);
    let json = judge(&folder, "A : R[n, m]; x : R[n]; y = A x; y = x", &["--json"]).json();
    assert!(json["error"].is_object(), "{json}");
}
