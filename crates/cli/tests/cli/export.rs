//! `export` as scripts see it.

use crate::common::Folder;

#[test]
fn code_goes_to_stdout_or_a_file() {
    let folder = Folder::new("export");
    let run = folder.run("export iris --numpy");
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.stdout.contains("def gradients(W0, b0, W1, b1, x, y):"), "{}", run.stdout);
    let run = folder.run("export cifar2 --rust -o net.rs");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    assert!(folder.read("net.rs").contains("pub fn gradients("));
    let json = folder.run("export graph002 --jax --wrt A --json").json();
    assert_eq!(json["language"], "jax");
    assert!(json["code"].as_str().is_some_and(|c| c.contains("'A': dL_dA}")), "{json}");
}

#[test]
fn export_lines_are_done() {
    let folder = Folder::new("export-lines");
    let text = "size n\nparam\n  w : R[n] = 1\nnet\n  J = ||w||^2\nderive dJ/dw\n\
                export numpy \"a.py\", rust \"a.rs\", latex \"a.tex\", onnx \"a.onnx\"\n";
    folder.write("a.eqn", text);
    let run = folder.run("export a.eqn");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "a.py\na.rs\na.tex\n"), "{run:?}");
    assert!(run.stderr.contains("`onnx`"), "{}", run.stderr);
    assert!(folder.read("a.py").contains("dJ_dw = 2 * w"), "{}", folder.read("a.py"));
    assert!(folder.read("a.tex").contains("\\documentclass"), "{}", folder.read("a.tex"));
    assert!(folder.read("a.rs").contains("2.0 * w"), "{}", folder.read("a.rs"));
}

#[test]
fn export_ends_with_the_right_codes() {
    let folder = Folder::new("export-codes");
    folder.write("bad.eqn", "net\n  z = (1 + 2\n");
    for (args, code) in [
        ("export --help", 0),
        ("export", 2),
        ("export iris --numpy --rust", 2),
        ("export iris -o a.py", 2),
        ("export iris --numpy --of nothing", 2),
        ("export iris --numpy --of z1", 2),
        ("export iris --numpy -o no/such/folder.py", 1),
        ("export bad.eqn --numpy", 4),
    ] {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args}: {run:?}");
    }
}
