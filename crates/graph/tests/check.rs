//! Checks: every claim of the suite gets its verdict, gradients of the examples hold.

use std::path::PathBuf;

use chainrule_graph::check::{Gradient, Report, Settings, Verdict, against, check, own, targets};
use chainrule_graph::module::Statement;
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

/// A verdict's word; whether what is verified was proved besides is told in `prove.rs`.
fn told(verdict: Verdict) -> &'static str {
    if verdict == Verdict::Proved { Verdict::Verified.text() } else { verdict.text() }
}

/// What does not hold, in lines.
fn wrong(report: &Report) -> Vec<String> {
    let gradients = report.gradients.iter().filter(|g| !g.passed).map(|g| {
        format!(
            "d {} / d {}: forward {:e} complex {:e} differences {:?} {:?}",
            g.of, g.name, g.forward, g.complex, g.difference, g.message
        )
    });
    let claims =
        report.claims.iter().chain(&report.stated).filter(|c| !c.passed).map(|c| {
            format!("{}: {:?}, expected {:?}: {}", c.name, c.verdict, c.expected, c.message)
        });
    let optimizers = report.optimizers.iter().filter(|o| !o.passed);
    let optimizers = optimizers.map(|o| format!("{}: {:e} {:?}", o.name, o.error, o.message));
    gradients.chain(claims).chain(optimizers).collect()
}

fn all_hold(folder: &str, count: usize) {
    let mut failures = Vec::new();
    let all = files(folder);
    assert_eq!(all.len(), count, "{folder}");
    for path in all {
        for module in modules(&path) {
            let report = check(&module, &Settings::default());
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            failures.extend(wrong(&report).into_iter().map(|line| format!("{name}: {line}")));
            assert!(!report.is_empty(), "{name}: there is nothing to check");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_identity_holds() {
    all_hold("suite/identities", 123);
}

#[test]
fn every_textbook_derivative_holds() {
    all_hold("suite/textbook", 77);
}

#[test]
fn every_claim_gets_its_verdict() {
    all_hold("suite/claims", 105);
}

#[test]
fn the_examples_hold() {
    all_hold("crates/chainrule/models", 9);
}

const NET: &str = "\
size n
param
  W : R[n, n] ~ he
  b : R[n] ~ he
given
  x : R[n]
  stale : R[n]
  S, C : R[n, n]
net
  z = W x + b
  a = relu(z)
  v = W a
  L = ||v||^2 + 0.5 ||W||_F^2
  P = softmax(S, axis = 0)
  F = sum(C .* P)
";

/// The check of a formula given for a gradient.
fn planted(variable: &str, formula: &str) -> Gradient {
    let text = format!("{NET}claim \"planted\" {variable} = {formula}\n");
    let module = read(&text).modules.remove(0);
    let claim = module.claims.last().expect("a claim");
    let Some(Statement::Links(_, links)) = &claim.statement else {
        panic!("{formula}: {:?}", claim.ill_formed)
    };
    let name = variable.rsplit_once("/d").expect("a derivative").1;
    let all = targets(&module);
    let target = all.iter().find(|t| module.symbol(t.wrt).name == name).expect("it is a target");
    against(&module, target, links[0].1, &Settings::default())
}

#[test]
fn planted_faults_are_caught() {
    let right = "2 v a^T + ((2 W^T v) .* 1[z > 0]) x^T + W";
    let good = planted("dL/dW", right);
    assert!(good.passed, "{good:?}");
    let axis = planted("dF/dS", "P .* (C - ones(n) sum(P .* C, axis = 0))");
    assert!(axis.passed, "{axis:?}");
    for (fault, variable, formula) in [
        ("a wrong factor", "dL/dW", "v a^T + ((2 W^T v) .* 1[z > 0]) x^T + W"),
        ("a missing transpose", "dL/dW", "2 v a^T + ((2 W v) .* 1[z > 0]) x^T + W"),
        ("a wrong sign", "dL/dW", "2 v a^T - ((2 W^T v) .* 1[z > 0]) x^T + W"),
        ("a dropped term", "dL/dW", "2 v a^T + ((2 W^T v) .* 1[z > 0]) x^T"),
        ("a fan-out overwritten", "dL/dW", "((2 W^T v) .* 1[z > 0]) x^T + W"),
        ("a wrong axis", "dF/dS", "P .* (C - sum(P .* C, axis = 1) ones(n)^T)"),
        ("a stale branch", "dL/dW", "2 v a^T + ((2 W^T v) .* 1[stale > 0]) x^T + W"),
    ] {
        let found = planted(variable, formula);
        assert!(found.message.is_none(), "{fault}: {found:?}");
        assert!(!found.passed, "{fault}: {found:?}");
        // Each way alone sees it.
        let least = found.forward.min(found.complex).min(found.difference.unwrap_or(0.0));
        assert!(least > 1e-6, "{fault}: {found:?}");
    }
}

#[test]
fn a_file_without_derivative_parameter_or_claim_has_nothing_to_check() {
    let report = check(&read("given\n  s : R\nnet\n  f = s\n").modules[0], &Settings::default());
    assert!(report.is_empty() && !report.passed());
}

#[test]
fn a_refused_derivative_is_a_sentence() {
    let text = "\
size n, d
batch N
given
  x : R[d] per N
  W : R[d]
net
  l = inner(W, x) - mean[N] inner(W, x)
claim \"c\" dl/dx = W
";
    let report = check(&read(text).modules[0], &Settings::default());
    let said =
        report.claims[0].message.clone() + report.gradients[0].message.as_deref().unwrap_or("");
    assert!(said.contains("within one sample") && !report.passed(), "{report:?}");
}

#[test]
fn the_same_seed_gives_the_same_report() {
    let module = read(NET).modules.remove(0);
    let with = |seed| check(&module, &Settings { seed, draws: None }).gradients;
    assert_eq!(with(7), with(7));
    assert!(with(7) != with(8) && with(8).iter().all(|g| g.passed));
}

#[test]
fn stated_derivatives_and_optimizers_are_checked() {
    let text = "\
size n
param
  w : R[n] ~ he
fn soft(x) = x ./ (1 + abs(x))
  soft'(x) = 1 ./ (1 + abs(x)) .^ 2
fn wrong(x) = x .^ 3
  wrong'(x) = 2 x .^ 2
optimizer slow(step = 0.1)
  state v = 0
  q = p + 0.5 v
  v' = 0.9 v - step dJ/dq
  p' = p + v'
net
  J = ||w||^2
";
    let report = check(&read(text).modules[0], &Settings::default());
    let found: Vec<&str> = report.stated.iter().map(|c| told(c.verdict)).collect();
    assert_eq!(found, ["verified", "false"]);
    assert!(report.optimizers[0].passed, "{:?}", report.optimizers);
    assert_eq!(report.gradients[0].name, "w");
}

#[test]
fn own_sizes_and_start_values() {
    let path = "crates/chainrule/models/iris.eqn";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let found = own(&modules(&path)[0], &Settings::default(), 10).expect("it fits");
    assert!(found.len() == 1 && found[0].passed, "{found:?}");
}

#[test]
fn sizes_obey_their_equations_and_keep_their_order() {
    let text = "\
size n = 5, m = 3, S = 1024, k = 5
size P = S / 64, R = S - k + 1
given
  X : R[n, m]
  a : R[S]
  w : R[k]
net
  J = det(X^T X)
  c[u] = sum[i] w[i] a[u+i]
  f = sum(c)
claim \"order\" dJ/dX = 2 det(X^T X) X (X^T X)^-1
claim \"last\" a[R-1] = a[S-k]
claim \"conv\" df/dw[i] = sum(u in R: a[u+i])
claim \"whole\" P 64 = S
";
    let reading = read(text);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    let report = check(&reading.modules[0], &Settings::default());
    assert!(report.passed(), "{:?}", wrong(&report));
}

#[test]
fn each_derivative_is_checked_once() {
    let text = "\
size n
given
  x : R[n]
  A : R[n, n]
net
  f = ||A x||^2
  F = A x
claim \"a\" grad(f, x) = 2 A^T A x
claim \"b\" df/dx = 2 A^T (A x)
claim \"c\" grad(||A x||^2, x) = 2 A^T (A x)
claim \"d\" jac(F, x) = A
claim \"e\" jac(A x, x) = A
claim \"f\" hess(f, x) = 2 A^T A
";
    let report = check(&read(text).modules[0], &Settings::default());
    let found: Vec<(&str, &str, &str)> =
        report.gradients.iter().map(|g| (g.operator, g.of.as_str(), g.name.as_str())).collect();
    assert_eq!(found, [("grad", "f", "x"), ("jac", "F", "x"), ("hess", "f", "x")]);
}

/// The standard library's are checked where a training uses them, and say where they are from.
#[test]
fn the_optimizers_of_trainings_are_checked() {
    let text = "\
size n
param
  w : R[n] ~ he

# one of my own,
# in two lines
optimizer mine(rate)
  p' = p - rate dJ/dp
optimizer shrinking(rate)
  c = sum(p .^ 2)
  p' = p - rate dJ/dp - rate grad(c, p)
# taken twice
optimizer second(rate)
  p' = p - rate hvp(J, p, p)
net
  J = ||w||^2
train J by nag(step = 0.1) epochs 1
train J by nag(step = 0.2) epochs 1
train J by mine(0.1) epochs 1
";
    let report = check(&read(text).modules[0], &Settings::default());
    let names: Vec<_> = report.optimizers.iter().map(|o| (o.name.as_str(), o.standard)).collect();
    assert_eq!(names, [("mine", false), ("shrinking", false), ("second", false), ("nag", true)]);
    let [mine, shrinking, second, nag] = report.optimizers.as_slice() else { panic!("four") };
    assert!(mine.passed && shrinking.passed && nag.passed, "{:?}", wrong(&report));
    assert_eq!(mine.source, "one of my own, in two lines");
    assert!(nag.source.starts_with("Nesterov") && nag.source.contains("1983"), "{}", nag.source);
    let lines = [
        "state t = 1",
        "state r = p",
        "t' = (1 + sqrt(1 + 4 t^2)) / 2",
        "q = p + (t - 1) / t' (p - r)",
        "r' = p",
        "p' = q - step dJ/dq",
    ];
    assert_eq!(nag.lines, lines);
    // What cannot be run does not pass.
    assert!(!second.passed && !report.passed());
    let message = second.message.as_deref().unwrap_or_default();
    assert!(message.contains("the loss and its gradient"), "{message}");
}

#[test]
fn optimizers_may_look_at_the_whole_bundle() {
    let text = "\
size n
param
  w : R[n] ~ he
optimizer clipped(step = 0.1)
  p' = p - step dJ/dp / max(1, ||dJ/dp||)
net
  J = ||w||^2
";
    let report = check(&read(text).modules[0], &Settings::default());
    assert!(report.optimizers[0].passed, "{:?}", report.optimizers);
}

#[test]
fn steps_of_differences_fit_the_function() {
    let j = |net: &str| {
        let text = format!("given\n  x : R\nnet\n  J = {net}\nderive dJ/dx\n");
        check(&read(&text).modules[0], &Settings::default()).gradients.remove(0)
    };
    for net in ["sin(1000 x)", "sin(x)", "1e-25 sin(x)", "exp(50 x)"] {
        let found = j(net);
        assert!(found.passed, "{net}: {found:?}");
    }
    let tiny = j("1e-40 sin(x)");
    assert!(!tiny.passed && tiny.message.unwrap_or_default().contains("not seen"));
}

/// What took time quadratic in the length once.
#[test]
fn long_chains_are_checked() {
    let mut text = String::from("size n\ngiven\n  x : R[n]\nnet\n  y0 = x\n");
    for i in 0..5000 {
        text.push_str(&format!("  y{} = 0.5 sin(y{i}) + 0.5 y{i}\n", i + 1));
    }
    text.push_str("  L = sum(y5000)\nderive dL/dx\n");
    let report = check(&read(&text).modules[0], &Settings::default());
    assert_eq!(report.gradients.len(), 1);
    let mut text = String::from("size H\ngiven\n  x : R[H]\nparam\n");
    (0..100).for_each(|i| text.push_str(&format!("  W{i} : R[H, H] ~ he\n")));
    text.push_str("net\n  h0 = x\n");
    (0..100).for_each(|i| text.push_str(&format!("  h{} = 0.5 h{i} + tanh(W{i} h{i})\n", i + 1)));
    text.push_str("  L = ||h100||^2\nderive dL/dW0\n");
    let reading = read(&text);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    let report = check(&reading.modules[0], &Settings::default());
    assert!(report.gradients.len() == 100 && report.passed(), "{:?}", wrong(&report));
}
