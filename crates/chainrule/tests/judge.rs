//! The judged formulas of real reports: verdicts, what is named as the true form, and the time.

mod common;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chainrule::graph::check::{Judged, Verdict};
use chainrule::syntax::ast::Expected;
use chainrule::{CheckOptions, Last, Model};

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

/// The claim's nearest true form, for one line.
fn nearest(text: &str) -> String {
    let snippet = Model::snippet(text, Last::Claim).unwrap_or_else(|e| panic!("{text}: {e}"));
    let judged = snippet.judge(&CheckOptions::default());
    let claim = &judged.models[0].report.claims[0];
    assert!(!claim.passed, "{text}: {claim:?}");
    claim.nearest.as_ref().map_or("-".into(), |n| n.text.clone())
}

#[test]
fn slips_are_named() {
    let net = "W : R[m, n]; x : R[n]; b, t : R[m]; z = W x + b; e = z - t; L = ||e||^2; ";
    for (claim, expected) in [
        ("dL/dW = 2 e x", "2 e x^T"),
        ("dL/dW = 2 x e^T", "2 e x^T"),
        ("dL/dx = 2 W e", "2 W^T e"),
        ("dL/dx = 2 W^T (z + t)", "2 W^T (z - t)"),
        ("dL/db = e", "2 e"),
        ("dL/db = -2 e", "2 e"),
        ("dL/dx = W^T e", "2 W^T e"),
        ("dL/dx = 2 W^T z - t", "2 W^T (z - t)"),
        ("dL/dz[i] = 2 e", "2 e[i]"),
    ] {
        assert_eq!(nearest(&format!("{net}{claim}")), expected, "{claim}");
    }
    for (text, expected) in [
        ("A : R[n, n]; x : R[n]; grad(x^T A x, x) = A x", "(A + A^T) x"),
        ("z : R[n]; p = softmax(z); jac(p, z) = diag(p) - p", "diag(p) - p p^T"),
        ("z : R[n]; p = softmax(z); jac(softmax(z), z) = diag(p) - p^T p", "diag(p) - p p^T"),
        ("x : R; grad(sigmoid(x), x) = sigmoid(x)", "sigmoid'(x)"),
        ("x : R; tanh'(x) = 1 - tanh(x)", "1 - tanh(x) .^ 2"),
        ("X : R[n, n]; grad(logdet(X), X) = X^-1", "X^-T"),
        ("A : R[n, m]; B : R[n, m]; grad(tr(A^T B), B) = A^T", "A"),
        (
            "A : R[n, m]; B : R[m, l]; Z = A B; dZ[i,j]/dA[k,r] = 1[i == k] B[j,r]",
            "1[i == k] B^T[j,r]",
        ),
        (
            "x : R[n]; lambda : R; L = sum(x) + lambda ||x||^2; dL/dx = ones(n) + lambda x",
            "ones(n) + 2 lambda x",
        ),
        ("A : R[n, n]; x : R[n]; grad(x^T A x, x) = 2 A x", "(A + A^T) x"),
        ("z : R; tanh(z) = 2 sigmoid(z) - 1", "2 sigmoid(2 z) - 1"),
        (
            "A : R[m, n]; B : R[n, p]; C : R[p, q]; vec(A B C) = kron(A, C^T) vec(B)",
            "kron(C^T, A) vec(B)",
        ),
        (
            "W : R[n, n]; x : R[n]; grad(sum(relu(W x)), W) = ones(n) x^T",
            "(ones(n) .* 1[W x > 0]) x^T",
        ),
        (
            "X : R[n, m]; W1 : R[h, n]; W2 : R[k, h]; Y : R[k, m]; Z = W1 X; H = relu(Z); \
             E = W2 H - Y; J = 1/2 ||E||_F^2; dJ/dW1 = (W2^T E) X^T",
            "((W2^T E) .* 1[Z > 0]) X^T",
        ),
        (
            "X : R[d, N]; W : R[k, d]; Y : R[k, N]; P = sigmoid(W X); \
             J = 1/(2 N) ||P - Y||_F^2; dJ/dW = 1/N (P - Y) X^T",
            "1/N ((P - Y) .* P .* (1 - P)) X^T",
        ),
        ("X, A : R[n, n]; grad(tr(A X^-1), X) = -X^-1 A X^-1", "-(X^-1 A X^-1)^T"),
        ("x, a : R[n]; grad(||x - a||, x) = x - a", "(x - a) / ||x - a||"),
        ("x : R[d] per N; W : R[d]; J = mean[N] W^T x; dJ/dW = sum[N] x", "mean[N] x"),
    ] {
        assert_eq!(nearest(text), expected, "{text}");
    }
}

#[test]
fn nothing_hollow_is_called_a_true_form() {
    for text in [
        // Only the other side itself, or a name for it, would be true.
        "x : R[n]; y : R[n]; f = sum(exp(x .* y)); df/dx = y",
        "A : R[n, n]; x : R[n]; z = A x; A x = x",
        // The other side taken over, or changed until the equation says nothing.
        "x : R[n]; logsumexp(2 x) = 2 logsumexp(x)",
        "x : R; sin(2 x) = 2 sin(x)",
        "A : R[n, n]; det(2 A) = 2 det(A)",
        "x : R; exp(1000 x) = exp(1000 x) + 1",
        "1 = 2",
        // 0, whatever stands there.
        "A : R[n, m]; x : R[m]; 0 A x = x",
    ] {
        assert_eq!(nearest(text), "-", "{text}");
    }
}
