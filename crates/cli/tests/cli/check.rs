//! `chainrule check` as people and scripts see it.

use crate::common::Folder;

const FALSE: &str = "\
size n
given
  x : R[n]
claim \"twice\" grad(||x||^2, x) = x
";

#[test]
fn exit_codes_and_messages() {
    let folder = Folder::new("check-codes");
    folder.write("false.eqn", FALSE);
    folder.write("expected.eqn", FALSE.replace("= x\n", "= x expect false\n"));
    folder.write("nothing.eqn", "given\n  s : R\nnet\n  f = s\n");
    folder.write("bad.eqn", "net\n  y = 3 +\n");
    for (args, code) in [
        ("check iris", 0),
        ("check circles --draws 1 --seed 5", 0),
        ("check iris --at", 0),
        ("check iris --at file --rows 1", 0),
        ("check expected.eqn", 0),
        ("check false.eqn", 3),
        ("check nothing.eqn", 3),
        ("check bad.eqn", 4),
        ("check nosuch.eqn", 1),
        ("check", 2),
        ("check iris --rows 1", 2),
        ("check iris --draws 0", 2),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
    }
    let run = folder.run("check nothing.eqn");
    assert!(run.stderr.contains("nothing to check"), "{run:?}");
    let page = folder.run("check false.eqn").stdout;
    assert!(page.contains("FAILS  twice"), "{page}");
    assert!(page.contains("the left side is"), "{page}");
}

#[test]
fn json_names_gradients_and_claims() {
    let folder = Folder::new("check-json");
    let json = folder.run("check iris --json").json();
    assert_eq!(json["passed"], true);
    let names: Vec<&str> = ["gradients", "optimizers", "claims", "passed"].into();
    assert!(names.iter().all(|n| !json[n].is_null()), "{json}");
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(4));
    for name in ["W0", "b0", "W1", "b1"] {
        let all = json["gradients"].as_array().expect("a list");
        let found = all.iter().find(|g| g["parameter"] == name).expect("the parameter");
        let error = |key: &str| found[key].as_f64().expect("a number");
        assert!(error("relative_error") < 1e-12 && error("reverse_forward") < 1e-12, "{found}");
        assert!(error("reverse_difference") < 1e-9, "{found}");
        assert_eq!(found["kinks"], 0);
        assert!(found["shape"].as_str().is_some_and(|s| s.starts_with("R[")), "{found}");
    }
    let nag = json["optimizers"].as_array().expect("a list").iter().find(|o| o["name"] == "nag");
    let nag = nag.expect("nag");
    assert!(nag["source"].as_str().is_some_and(|s| s.starts_with("Nesterov")), "{nag}");
    assert_eq!(nag["lines"][3], "q = p + (t - 1) / t' (p - r)");
    assert!(nag["passed"] == true && nag["error"].as_f64() < Some(1e-12), "{nag}");
    let claims = json["claims"].as_array().expect("a list");
    assert_eq!(claims[0]["verdict"], "ill-formed");
    assert_eq!(claims[0]["expected"], "ill-formed");
    assert_eq!(claims[1]["verdict"], "proved");
    assert!(claims[1].get("expected").is_none());
}

#[test]
fn a_false_claim_has_a_counterexample() {
    let folder = Folder::new("check-false");
    folder.write("false.eqn", FALSE);
    let run = folder.run("check false.eqn --json");
    assert_eq!(run.code, Some(3));
    let json = run.json();
    assert_eq!(json["passed"], false);
    let claim = &json["claims"][0];
    assert_eq!(claim["verdict"], "false");
    assert_eq!(claim["counterexample"]["sizes"]["n"], 1);
    let side = |name: &str| claim["counterexample"][name].as_f64().expect("a number");
    assert_eq!(side("left"), 2.0 * side("right"));
    assert!(claim["gap"].as_f64() > Some(0.1), "{claim}");
    assert_eq!((&claim["nearest"], &claim["edit"]), (&"2 x".into(), &"factor 2".into()));
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = Folder::new("check-seed");
    let run = |seed: &str| folder.run(&format!("check graph002 --json --seed {seed}")).stdout;
    assert_eq!(run("3"), run("3"));
    assert_ne!(run("3"), run("4"));
}

#[test]
fn pages_fit_in_80_columns() {
    let folder = Folder::new("check-wide");
    let long = "\
size number_of_rows, number_of_columns
given
  a_matrix_with_a_name : R[number_of_rows, number_of_columns]
  x : R[number_of_columns]
net
  a_loss_with_a_long_name = ||a_matrix_with_a_name x||^2
claim \"wrong\" grad(a_loss_with_a_long_name, a_matrix_with_a_name) = a_matrix_with_a_name x x^T
";
    folder.write("long.eqn", long);
    for args in [
        "check iris",
        "check circles",
        "check digits",
        "check mlp",
        "check cifar2",
        "check graph002",
        "check softreg",
        "check iris --at",
        "check long.eqn",
    ] {
        let page = folder.run(args).stdout;
        assert!(page.contains("\ngradients"), "{args}: {page}");
        let wide: Vec<&str> = page.lines().filter(|l| l.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{args}: {wide:?}");
    }
}

#[test]
fn own_sizes_that_are_too_large_are_one_error() {
    let folder = Folder::new("check-large");
    let net = "batch N\ndata\n  x : R[100000] per N\nparam\n  W : R[100000, 100000] ~ he\n\
               net\n  J = mean[N] ||W x||^2\n";
    folder.write("large.eqn", net);
    let run = folder.run("check large.eqn --at");
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.is_empty() && run.stderr.contains("`W` has 10,000,000,000"), "{run:?}");
}

#[test]
fn json_has_every_value_of_a_counterexample() {
    let folder = Folder::new("check-values");
    folder.write("sum.eqn", "given\n  W : R[5, 6]\nclaim \"c\" 2 sum(W) = sum(W)\n");
    let example = folder.run("check sum.eqn --json").json()["claims"][0]["counterexample"].clone();
    let entries = example["values"]["W"]["entries"].as_array().expect("the entries");
    let sum: f64 = entries.iter().filter_map(serde_json::Value::as_f64).sum();
    assert_eq!((entries.len(), example["right"].as_f64()), (30, Some(sum)));
}
