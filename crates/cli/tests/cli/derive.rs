//! `derive` as scripts see it.

use crate::common::Folder;

const EXAMPLES: [&str; 8] =
    ["iris", "cifar2", "graph002", "softreg", "mlp", "convnet", "circles", "digits"];

#[test]
fn derive_answers_for_every_example() {
    let folder = Folder::new("derive");
    for name in EXAMPLES {
        let run = folder.run(&format!("derive {name}"));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
        let json = folder.run(&format!("derive {name} --json")).json();
        let one = if json["derivations"].is_array() { &json["derivations"][0] } else { &json };
        assert!(one["gradients"][0]["wrt"].is_string(), "{name}: {json}");
        assert!(one["steps"][0]["text"].is_string(), "{name}: {json}");
        // No derivative operator is left in a formula; `dJ/dz` is the name of another line.
        for word in ["grad(", "jac(", "hess(", "hvp("] {
            assert!(!one["steps"][0]["text"].as_str().expect("a text").contains(word), "{json}");
        }
    }
}

#[test]
fn derive_ends_with_the_right_codes() {
    let folder = Folder::new("derive-codes");
    folder.write("bad.eqn", "net\n  z = (1 + 2\n");
    folder.write(
        "none.eqn",
        "size n\ngiven\n  A : R[n, n]\nnet\n  s = ||A||_spec\nderive hess(s, A)\n",
    );
    for (args, code) in [
        ("derive --help", 0),
        ("derive nosuch.eqn", 1),
        ("derive", 2),
        ("derive iris --set H", 2),
        ("derive bad.eqn", 4),
        ("derive none.eqn", 4),
        ("derive iris --wrt W7", 2),
        ("derive iris --layout sideways", 2),
        ("derive iris --wrt W0 --form batch --format latex", 0),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
    }
    assert_eq!(folder.run("derive none.eqn --json").error(), "equations");
}

#[test]
fn a_formula_is_derived_without_a_file() {
    let folder = Folder::new("derive-expression");
    let run = folder.run_args(&[
        "derive",
        "-e",
        "A : R[n,n]; x : R[n]; ||A x||^2",
        "--wrt",
        "x",
        "--json",
    ]);
    let json = run.json();
    assert_eq!(json["gradients"][0]["text"], "2 A^T A x");
    assert_eq!(json["gradients"][0]["latex"], r"2 A^{\top} A x");
    let run = folder.run_args(&["derive", "-e", "x : R[n]; ||A x||^2", "--wrt", "x"]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.stderr.contains("`A` is not defined"), "{}", run.stderr);
    // A derivative stands for itself; a name that is given twice has one line.
    let run = folder.run_args(&["derive", "-e", "x : R[n]; hess(||x||^2, x)", "--json"]);
    assert_eq!(run.json()["gradients"][0]["text"], "2 I(n)");
    let run = folder.run_args(&["derive", "-e", "x : R[n]; x^T x", "--wrt", "x,x", "--json"]);
    assert_eq!(run.json()["gradients"].as_array().map(Vec::len), Some(1));
}

#[test]
fn pages_are_written_to_files() {
    let folder = Folder::new("derive-files");
    for (format, begins) in
        [("latex", "\\documentclass"), ("html", "<!DOCTYPE html>"), ("typst", "#set page")]
    {
        let run = folder.run(&format!("derive cifar2 --format {format} -o page"));
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
        assert!(folder.read("page").starts_with(begins), "{format}");
    }
    let run = folder.run("derive cifar2 --ascii");
    assert!(run.stdout.is_ascii(), "{}", run.stdout);
}
