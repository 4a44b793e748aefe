//! The prover over the suites and over formulas that must not be provable.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use chainrule_graph::check::{Settings, Verdict, check};
use chainrule_graph::differentiate::resolved;
use chainrule_graph::module::Statement;
use chainrule_graph::{prove, read};
use chainrule_syntax::ast::Relation;
use chainrule_syntax::print;

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
    let (mut proved, mut verified, mut times) = (0, 0, Vec::new());
    for path in files(folder) {
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        for module in read(&text).modules {
            let start = Instant::now();
            let report = check(&module, &Settings::default());
            let time = start.elapsed();
            times.push((time, path.file_name().map(std::ffi::OsStr::to_owned)));
            for claim in &report.claims {
                match claim.verdict {
                    Verdict::Proved => proved += 1,
                    Verdict::Verified => {
                        verified += 1;
                        println!("verified only: {} ({time:?})", claim.name);
                    }
                    _ => {}
                }
            }
        }
    }
    times.sort();
    println!("slowest: {:?}", times.iter().rev().take(6).collect::<Vec<_>>());
    (proved, verified)
}

#[test]
fn identities_are_proved() {
    let (proved, verified) = count("suite/identities");
    println!("identities: {proved} proved, {verified} verified");
    assert!(proved * 100 >= 95 * (proved + verified), "{proved} of {}", proved + verified);
}

#[test]
fn textbook_derivatives_are_all_proved() {
    assert_eq!(files("suite/textbook").len(), 77);
    assert_eq!(count("suite/textbook"), (77, 0));
}

#[test]
fn true_claims_are_proved() {
    let (proved, verified) = count("suite/claims");
    println!("claims: {proved} proved, {verified} verified");
    assert!(proved * 100 >= 95 * (proved + verified), "{proved} of {}", proved + verified);
}

/// The entry of a term, as it is printed.
fn entry(given: &str, term: &str) -> String {
    let text = format!("{given}claim \"c\" {term} = {term}\n");
    let reading = read(&text);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    let mut module = reading.modules.into_iter().next().expect("one model");
    let Some(Statement::Links(left, _)) = module.claims[0].statement.clone() else {
        panic!("{term} is no term: {:?}", module.claims[0].ill_formed)
    };
    let left = resolved(&mut module, left, &mut BTreeMap::new()).expect("it has a derivative");
    let found = prove::component(&module, left).expect("it has an entry");
    let indices: Vec<String> = found.indices.iter().map(|d| d.join(" ")).collect();
    format!("[{}] {}", indices.join(","), print::expr(&found.formula))
}

#[test]
fn entries_of_terms() {
    let given = "size n, m, k\ngiven\n  A : R[n, m]\n  X : R[m, k]\n  W : R[n, m]\n  e, b : R[n]\n  z : R[m]\n  y : label[m]\n";
    for (term, expected) in [
        ("W^T e", "[i] sum[j] W[j,i] e[j]"),
        ("jac(A X, X)", "[i j,l p] 1[j == p] A[i,l]"),
        ("A z + b", "[i] sum[j] A[i,j] z[j] + b[i]"),
        ("(A z + b) z^T", "[i,j] z[j] (sum[l] A[i,l] z[l] + b[i])"),
        ("diag(z)", "[i,j] z[i] 1[i == j]"),
        ("softmax(z) - onehot(y)", "[i] softmax(z)[i] - 1[i == y]"),
        ("relu(A z)", "[i] relu(sum[j] A[i,j] z[j])"),
        ("jac(relu(A z), z)", "[i,j] A[i,j] 1[sum[l] A[i,l] z[l] > 0]"),
    ] {
        assert_eq!(entry(given, term), expected, "{term}");
    }
}

/// The proof of every link of the first claim of a text, without a draw.
fn proof(text: &str) -> Option<prove::Proof> {
    let mut module = read(text).modules.into_iter().next()?;
    let claim = module.claims.first()?.clone();
    let Some(Statement::Links(left, links)) = claim.statement else { return None };
    let mut done = BTreeMap::new();
    let left = resolved(&mut module, left, &mut done).ok()?;
    let (relation, right) = links.first()?;
    if links.len() > 1 || *relation != Relation::Equal {
        return None;
    }
    let right = resolved(&mut module, *right, &mut done).ok()?;
    prove::equal(&module, left, right)
}

const NAMES: &str = "\
size n, m, k
given
  A : R[n, m]
  B : R[m, n]
  C : R[n, n]
  S : Sym[n]
  M : SPD[n]
  x, y : R[n]
  z : R[m]
  p, q : R+[n]
  a : R
  c : R+
  l : label[n]
  w : mask[n]
  d : prob[n]
";

/// Formulas that must be proved.
const HOLDS: &[&str] = &[
    "tr(A B) = tr(B A)",
    "(A B)^T = B^T A^T",
    "tr(C) = sum(diagv(C))",
    "diag(x) y = x .* y",
    "vec(A z) = A z",
    "vec(A B) = kron(B^T, I(n)) vec(A)",
    "kron(A, B) kron(B, A) = kron(A B, B A)",
    "S = S^T",
    "x^T S y = y^T S x",
    "(C C)^-1 = C^-1 C^-1",
    "C C^-1 = I(n)",
    "(2 C)^-1 = 0.5 C^-1",
    "(C^T)^-1 = (C^-1)^T",
    "logdet(C M) = logdet(C) + logdet(M)",
    "det(C^-1) det(C) = 1",
    "det(2 C) = det(2 I(n)) det(C)",
    "M^-1 = (M^-1)^T",
    "logdet(3 C) = n log(3) + logdet(C)",
    "exp(x + y) = exp(x) .* exp(y)",
    "exp(2 a) = exp(a)^2",
    "log(p .* q) = log(p) + log(q)",
    "log(p .^ 3) = 3 log(p)",
    "log(c / 2) = log(c) - log(2)",
    "sqrt(c)^2 = c",
    "sqrt(a^2) = abs(a)",
    "sqrt(4 c) = 2 sqrt(c)",
    "sin(a)^2 + cos(a)^2 = 1",
    "sin(-x) = -sin(x)",
    "tanh(a) = 2 sigmoid(2 a) - 1",
    "sigmoid(-x) = 1 - sigmoid(x)",
    "softplus(x) - softplus(-x) = x",
    "log(sigmoid(x)) = -softplus(-x)",
    "relu(x) - relu(-x) = x",
    "abs(x) = relu(x) + relu(-x)",
    "relu(3 a) = 3 relu(a)",
    "max(x, y) = y + relu(x - y)",
    "sign(x) .* x = abs(x)",
    "sum(softmax(x)) = 1",
    "softmax(x + a ones(n)) = softmax(x)",
    "logsumexp(x + a ones(n)) = a + logsumexp(x)",
    "log(softmax(x)) = logsoftmax(x)",
    "sum(onehot(l)) = 1",
    "inner(onehot(l), x) = x[l]",
    "sum(d) = 1",
    "w .* w = w",
    "1[p > 0] = ones(n)",
    "(1 + exp(a))^-2 = 1 / (1 + exp(a))^2",
    "||x||^2 = inner(x, x)",
    "||3 x|| = 3 ||x||",
    "hess(logsumexp(x), x) = jac(softmax(x), x)",
    "jac(softmax(x), x) ones(n) = zeros(n)",
    "sum[i,j] A[i,j] B[j,i] = tr(A B)",
    "grad(tr(C^-1), C) = -(C^-2)^T",
    "x^T (C + S)^-1 (C + S) y = inner(x, y)",
    "sum(ones(n, m)) = n m",
    "mean(x) = sum(x) / n",
    "flatten(A) = vec(A^T)",
    "(x + y) .^ 2 = x .^ 2 + 2 x .* y + y .^ 2",
    "max(x) + a = a + max(x)",
];

#[test]
fn what_holds_is_proved() {
    for claim in HOLDS {
        let text = format!("{NAMES}claim \"c\" {claim}\n");
        let reading = read(&text);
        let good = reading.modules.first().is_some_and(|m| m.claims[0].statement.is_some());
        assert!(reading.is_ok() && good, "{claim}: {:?}", reading.modules[0].claims[0].ill_formed);
        assert!(proof(&text).is_some(), "{claim} is not proved");
    }
}

/// Formulas that must not.
const WRONG: &[&str] = &[
    "det((C^-1)[:,0] ones(n)^T) = 1 / det(C)",
    "logdet((C^-1)[:,0] ones(n)^T) = -logdet(C)",
    "(2 a)^(-100) = a^(-100) / 18446744073709551616",
    "max(x) = min(x)",
    "max(x) = prod(x)",
    "A B = (A B)^T",
    "C S = S C",
    "C = C^T",
    "x^T C y = y^T C x",
    "tr(C C) = tr(C)^2",
    "tr(C C^T) = tr(C C)",
    "(C S)^-1 = C^-1 S^-1",
    "det(2 C) = 2 det(C)",
    "logdet(C + S) = logdet(C) + logdet(S)",
    "vec(C) = vec(C^T)",
    "kron(C, S) = kron(S, C)",
    "diag(x) = x x^T",
    "diag(x) - x x^T = diag(x)",
    "exp(x .* y) = exp(x) .* exp(y)",
    "exp(x + y) = exp(x) + exp(y)",
    "log(p + q) = log(p) + log(q)",
    "sqrt(a^2) = a",
    "relu(-x) = -relu(x)",
    "relu(a x) = a relu(x)",
    "relu(x) = x",
    "1[x > 0] = ones(n)",
    "abs(x) = x",
    "sigmoid(2 x) = 2 sigmoid(x)",
    "tanh(x) = sigmoid(x)",
    "softmax(2 x) = softmax(x)",
    "softmax(C, axis = 0) = softmax(C, axis = 1)",
    "softmax(C^T, axis = 0) = softmax(C, axis = 0)",
    "sum(softmax(C, axis = 0)) = 1",
    "jac(softmax(x), x) = diag(softmax(x))",
    "jac(softmax(x), x) = diag(softmax(x)) + softmax(x) softmax(x)^T",
    "grad(logsumexp(x), x) = softmax(-x)",
    "grad(||x||^2, x) = x",
    "grad(x^T C x, x) = 2 C x",
    "grad(x^T C x, x) = (C - C^T) x",
    "grad(logdet(C), C) = C^-1",
    "sum(x) = 1",
    "x .* x = x",
    "sum(w) = 1",
    "onehot(l) = ones(n)",
    "sum(x .* onehot(l)) = x[0]",
    "sum[i] x[i] y[i] = sum(x) sum(y)",
    "sum(ones(n)) = m",
    "mean(x) = sum(x)",
    "max(x) = max(y)",
    "sin(x) = -sin(x)",
    "cos(x) = sin(x)",
    "C^-1 = C",
    "C^-1 S = S C^-1",
    "(C + S)^-1 = C^-1 + S^-1",
    "flatten(C) = vec(C)",
    "a / (a + 1) = 1 / (a + 1)",
];

#[test]
fn what_does_not_hold_is_not_proved() {
    for claim in WRONG {
        let text = format!("{NAMES}claim \"c\" {claim}\n");
        let reading = read(&text);
        let good = reading.modules.first().is_some_and(|m| m.claims[0].statement.is_some());
        assert!(reading.is_ok() && good, "{claim}: {:?}", reading.modules[0].claims[0].ill_formed);
        assert!(proof(&text).is_none(), "{claim} is proved");
    }
}

/// A claim with one thing changed.
fn mutants(claim: &str) -> Vec<String> {
    let mut all = Vec::new();
    let Some(start) = claim[7..].find('"').map(|at| at + 8) else { return all };
    let end = claim.find(" expect ").unwrap_or(claim.len());
    let (head, body, tail) = (&claim[..start], &claim[start..end], &claim[end..]);
    for (from, to) in [
        (" + ", " - "),
        (" - ", " + "),
        ("^T", ""),
        ("2 ", "3 "),
        ("2 ", ""),
        (" .* ", " ./ "),
        ("1/N", "N"),
        ("= -", "= "),
        ("= ", "= -"),
        ("= ", "= 2 "),
        ("[i,j]", "[j,i]"),
        ("^-1", ""),
        ("softmax", "logsoftmax"),
        ("softmax", "exp"),
        ("sin", "cos"),
        ("cos", "sin"),
        ("> 0", "< 0"),
        ("sum(", "mean("),
        ("exp(", "log("),
        ("log(", "exp("),
        ("^2", "^3"),
        ("^3", "^2"),
        ("W1", "W2"),
        ("A2", "A1"),
        ("Z2", "Z3"),
        ("A", "B"),
        ("B", "A"),
        (" x", " y"),
        (" b", " a"),
        (" a", " b"),
        ("sigmoid", "tanh"),
        ("relu", "abs"),
        ("tr(", "det("),
        ("I(n)", "ones(n, n)"),
    ] {
        for (at, _) in body.match_indices(from) {
            let changed = format!("{}{to}{}", &body[..at], &body[at + from.len()..]);
            all.push(format!("{head}{changed}{tail}"));
        }
    }
    all
}

#[test]
fn mutants_are_proved_only_if_they_hold() {
    let (mut read_all, mut proved, mut counter) = (0, 0, 0_usize);
    for path in files("suite/claims").into_iter().chain(files("suite/identities")) {
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let rest: Vec<&str> = text.lines().filter(|l| !l.starts_with("claim ")).collect();
        for claim in text.lines().filter(|l| l.starts_with("claim ")) {
            for mutant in mutants(claim) {
                counter += 1;
                if counter % 2 != 0 {
                    continue;
                }
                let text = format!("{}\n{mutant}\n", rest.join("\n"));
                let Some(module) = read(&text).modules.into_iter().next() else { continue };
                if module.claims.first().is_none_or(|c| c.statement.is_none()) {
                    continue;
                }
                read_all += 1;
                if proof(&text).is_some() {
                    proved += 1;
                    let found = check(&module, &Settings::default()).claims.remove(0);
                    let holds = !matches!(found.verdict, Verdict::False | Verdict::IllFormed);
                    assert!(holds, "{mutant}: {} {}", found.verdict.text(), found.message);
                }
            }
        }
    }
    println!("{read_all} mutants whose shapes fit, {proved} proved");
    assert!(read_all > 400, "{read_all}");
}

#[test]
fn every_rule_is_stated_and_its_mutants_are_rejected() {
    let reading = read(prove::STATED);
    assert!(reading.is_ok(), "{:?}", reading.diagnostics);
    let names: Vec<&str> = reading.modules[0].claims.iter().map(|c| c.name.as_str()).collect();
    for rule in prove::RULES {
        assert!(names.iter().any(|n| n.starts_with(rule)), "`{rule}` is not stated");
    }
    for name in &names {
        assert!(prove::RULES.iter().any(|r| name.starts_with(r)), "`{name}` is no rule");
    }
    let report = check(&reading.modules[0], &Settings::default());
    for claim in &report.claims {
        assert_eq!(claim.verdict, Verdict::Proved, "{}: {}", claim.name, claim.message);
    }
    let rest: Vec<&str> = prove::STATED.lines().filter(|l| !l.starts_with("claim ")).collect();
    let swaps = [
        ("= ", "= -"),
        ("= ", "= 2 "),
        ("+", "-"),
        (" - ", " + "),
        ("log(d)", "log(c)"),
        ("exp(b)", "exp(a)"),
        ("exp(y)", "exp(x)"),
        ("log(q)", "log(p)"),
        ("(D)", "(C)"),
        ("^3", "^2"),
        ("2 log", "3 log"),
        ("> 0", "< 0"),
        ("^-1", ""),
        ("1.5", "2.5"),
    ];
    let (mut all, mut rejected) = (0, 0);
    for claim in prove::STATED.lines().filter(|l| l.starts_with("claim ")) {
        let start = claim[7..].find('"').map_or(0, |at| at + 8);
        for (from, to) in swaps {
            let Some(at) = claim[start..].find(from) else { continue };
            let at = at + start;
            let mutant = format!("{}{to}{}", &claim[..at], &claim[at + from.len()..]);
            let text = format!("{}\n{mutant}\n", rest.join("\n"));
            let Some(module) = read(&text).modules.into_iter().next() else { continue };
            if module.claims.is_empty() {
                continue;
            }
            let found = check(&module, &Settings::default()).claims.remove(0);
            all += 1;
            let no = matches!(
                found.verdict,
                Verdict::False
                    | Verdict::IllFormed
                    | Verdict::NotTested
                    | Verdict::TrueWhere { .. }
            );
            if no { rejected += 1 } else { println!("holds: {mutant}") }
        }
    }
    println!("{rejected} of {all} mutants of rules rejected");
    assert!(all > 40 && rejected >= all - 3, "{rejected} of {all}");
}

/// What the suites do not show.
const MORE: &[(&str, &str)] = &[
    ("size n = 5, m = 3\ngiven\n  X : R[n, m]\nnet\n  J = logdet(X^T X)\n", "dJ/dX = 2 pinv(X)^T"),
    ("size n = 5, m = 3\ngiven\n  X : R[n, m]\n", "pinv(X) X = I(m)"),
    (
        "size n = 5, m = 3\ngiven\n  X : R[n, m]\nnet\n  J = det(X^T X)\n",
        "dJ/dX = 2 det(X^T X) X (X^T X)^-1",
    ),
    (
        "size n\ngiven\n  S : SPD[n]\n  x : R[n]\nnet\n  J = x^T S^-1 x\n",
        "dJ/dS = -S^-1 x x^T S^-1",
    ),
    (
        "size c, o, h = 9, w = 7, k = 3\nsize u = h - k + 1, v = w - k + 1\ngiven\n  K : R[o, c, k, k]\n  X : R[c, h, w]\n  G : R[o, u, v]\nnet\n  Y[a,p,q] = sum[b,i,j] K[a,b,i,j] X[b,p+i,q+j]\n  J = sum[a,p,q] G[a,p,q] Y[a,p,q]\n",
        "forall a in o, b in c, i in k, j in k: dJ/dK[a,b,i,j] = sum(p in u, q in v: G[a,p,q] X[b,p+i,q+j])",
    ),
    (
        "size c, o, h = 9, w = 7, k = 3\nsize u = h - k + 1, v = w - k + 1\ngiven\n  K : R[o, c, k, k]\n  X : R[c, h, w]\n  G : R[o, u, v]\nnet\n  Y[a,p,q] = sum[b,i,j] K[a,b,i,j] X[b,p+i,q+j]\n  J = sum[a,p,q] G[a,p,q] Y[a,p,q]\n",
        "forall b in c, s in h, t in w: dJ/dX[b,s,t] = sum(a in o, i in k, j in k: K[a,b,i,j] G[a,s-i,t-j; pad])",
    ),
    (
        "size d, H, K\nbatch N\ngiven\n  x : R[d] per N\n  y : label[K] per N\n  W : R[K, d]\n  b : R[K]\nnet\n  z = W x + b\n  l = cross_entropy(z, y)\n  J = mean[N] l\n",
        "dJ/dW = mean[N] (softmax(z) - onehot(y)) x^T",
    ),
    (
        "size d, H, K\nbatch N\ngiven\n  x : R[d] per N\n  y : label[K] per N\n  W : R[K, d]\n  b : R[K]\nnet\n  z = W x + b\n  l = cross_entropy(z, y)\n  J = mean[N] l\n",
        "hess(l, z) = diag(softmax(z)) - softmax(z) softmax(z)^T",
    ),
    (
        "size d, n\ngiven\n  A : R[n, d]\n  x, q : R[d]\n  y : R[n]\nnet\n  J = 0.5 ||A x - y||^2\n",
        "hvp(J, x, q) = A^T A q",
    ),
    (
        "size n, m\ngiven\n  x : R[n]\n  y : R[m]\n  A : R[n, m]\n",
        "grad(sum(A .* (x y^T)), A) = x y^T",
    ),
    ("size n\ngiven\n  x : R[n]\n", "jac(x ./ sum(x), x) = I(n) / sum(x) - x ones(n)^T / sum(x)^2"),
    (
        "size n\ngiven\n  z : R[n]\n  t : prob[n]\nnet\n  J = -inner(t, logsoftmax(z))\n",
        "dJ/dz = softmax(z) - t",
    ),
    ("given\n  x : R\n", "sigmoid'(x) = sigmoid(x) (1 - sigmoid(x))"),
    ("given\n  x : R\n", "tanh'(x) = 1 - tanh(x)^2"),
    ("given\n  x : R\n", "sigmoid''(x) = sigmoid(x) (1 - sigmoid(x)) (1 - 2 sigmoid(x))"),
    ("given\n  x : R\n", "grad(x sigmoid(x), x) = sigmoid(x) + x sigmoid(x) (1 - sigmoid(x))"),
    ("given\n  x : R\n", "1 - tanh(x)^2 = 1 / ((exp(x) + exp(-x)) / 2)^2"),
];

#[test]
fn more_that_holds_is_proved() {
    let mut open = Vec::new();
    for (given, claim) in MORE {
        let text = format!("{given}claim \"c\" {claim}\n");
        let reading = read(&text);
        let good = reading.modules.first().is_some_and(|m| m.claims[0].statement.is_some());
        assert!(
            reading.is_ok() && good,
            "{claim}: {:?} {:?}",
            reading.diagnostics,
            reading.modules[0].claims[0].ill_formed
        );
        let found = check(&reading.modules[0], &Settings::default()).claims.remove(0);
        if found.verdict != Verdict::Proved {
            open.push(format!("{claim}: {} {}", found.verdict.text(), found.message));
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

#[test]
fn what_is_too_large_ends() {
    let mut text = String::from("size n\ngiven\n  x : R[n]\nnet\n  y0 = x\n");
    for i in 0..600 {
        text.push_str(&format!("  y{} = 0.5 sin(y{i}) + 0.5 y{i}\n", i + 1));
    }
    text.push_str("claim \"c\" y600 = 0.5 sin(y599) + 0.5 y599\n");
    assert!(proof(&text).is_some());
    let deep = text.replace("claim \"c\" y600 =", "claim \"c\" sin(y600) + y0 =");
    assert!(proof(&deep).is_none());
    let power =
        "given\n  a, b, c, d : R\nclaim \"c\" (a + b + c + d)^16 = (d + c + b + a + 0.0001)^16\n";
    assert!(proof(power).is_none());
    let chain = vec!["C"; 40].join(" ");
    let trace =
        format!("size n\ngiven\n  C : R[n, n]\nclaim \"c\" tr({chain}) = tr(({chain})^T)\n");
    let start = Instant::now();
    let found = proof(&trace);
    assert!(start.elapsed().as_secs() < 60, "{:?}", found.is_some());
}
