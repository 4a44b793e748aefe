//! Derivatives that were wrong once: each text passes its checks, and each refusal says why.

use chainrule_graph::check::{Settings, check};
use chainrule_graph::differentiate::derivation;
use chainrule_graph::{Module, lower, raise, read};

fn module(text: &str) -> Module {
    let reading = read(text);
    assert!(reading.is_ok(), "{text}\n{:?}", reading.diagnostics);
    reading.modules[0].clone()
}

#[test]
fn derivatives_that_were_wrong_once() {
    let texts = [
        // An identity that is used without a note looks through names too.
        "size n\ngiven\n  x : R[n]\nnet\n  r = ||x||\n  J = r^2\nclaim \"r\" dJ/dr = 2 r\n",
        "size n\ngiven\n  x : R[n]\nnet\n  r = ||x||\n  s = r\n  J = s^2 + r\nclaim \"r\" dJ/dr = 2 r + 1\n",
        // A softmax over a batch axis has one entry a sample; a name may be differentiated by.
        "batch N\ngiven\n  z : R[N]\n  s : R\nnet\n  P = softmax(z)\n  J = inner(P, z + s)\nclaim \"s\" dJ/ds = sum(P)\n",
        "size n\ngiven\n  z : R[n]\n  s : R\nnet\n  P = softmax(z)\n  J = inner(P, z + s)\n  G = dJ/ds\nclaim \"P\" dG/dP = ones(n)\n",
        // Derivatives by symmetric names run over all matrices.
        "size n\ngiven\n  S : Sym[n]\n  Q : R[n, n]\n  y, z : R[n]\nnet\n  J = y^T S S z\nclaim \"h\" hvp(J, S, Q) = y (Q z)^T + Q^T y z^T\nclaim \"s\" hess(J, S) = hess(J, S)^T\n",
        // The tangent of a sum has the axes of the sum.
        "size n\nbatch N\ngiven\n  z : R[n]\n  y : label[n] per N\nnet\n  J = sum[N] cross_entropy(z, y)\nclaim \"h\" hess(J, z) = N (diag(softmax(z)) - softmax(z) softmax(z)^T)\n",
        // A value of all samples by a value of each.
        "size d\nbatch N\ngiven\n  x : R[d] per N\nclaim \"j\" jac(mean[N] x, x) = 1/N I\n",
        // Numbers in copies do not change places for ever.
        "batch N\ngiven\n  w : R per N\nnet\n  J = sum[N] 3 exp(w)\n  G = dJ/dw\n  L = sum[N] 2 exp(G)\nderive dL/dw\n",
        // A loss that holds a gradient.
        "size d\nbatch N\ngiven\n  x : R[d] per N\nparam\n  w : R[d] = 0\nnet\n  D = tanh(inner(w, x))\n  g = grad(D, x)\n  J = mean[N] (inner(g, g) - 1)^2\nderive dJ/dw\n",
        // The data gradient of a sum that labels choose from.
        "size p = 3, m = 9, q = 4, n = p + m - 1\ngiven\n  y : label[q][m]\n  A : R[n]\n  K : R[q, p]\nnet\n  J = sum(u in p: sum[i in m] K[y[i],u] A[u+i])\nderive dJ/dA\n",
        "size n\ngiven\n  x : R[n] = 0\nnet\n  v = prod(x)\nclaim \"h\" hess(v, x) = hess(v, x)^T\n",
    ];
    for text in texts {
        let report = check(&module(text), &Settings::default());
        let gradients = report.gradients.iter().filter(|g| !g.passed);
        let bad: Vec<String> = gradients
            .map(|g| format!("{}: {:?}", g.name, g.message))
            .chain(report.claims.iter().filter(|c| !c.passed).map(|c| c.message.clone()))
            .collect();
        assert!(
            bad.is_empty() && report.gradients.len() + report.claims.len() > 0,
            "{text}{bad:?}"
        );
    }
}

fn lines(text: &str, of: &str, wrt: &[&str]) -> Vec<String> {
    let mut module = module(text);
    let of = module.find(of).unwrap();
    let of = module.read(of).unwrap();
    let wrt: Vec<_> = wrt.iter().map(|name| module.find(name).unwrap()).collect();
    let derivation = derivation(&mut module, of, &wrt).unwrap();
    let line = |l: &chainrule_graph::differentiate::Line| {
        format!("{} = {}", module.symbol(l.symbol).name, raise::text(&module, l.value))
    };
    derivation.lines.iter().map(line).collect()
}

/// Each derivative is total, whatever else is asked for.
#[test]
fn derivatives_do_not_depend_on_their_company() {
    let text = "size n\ngiven\n  x : R[n]\nnet\n  s = x .* x\n  J = sum(s .* x)\n";
    let both = lines(text, "J", &["x", "s"]);
    assert_eq!(both, lines(text, "J", &["s", "x"]));
    assert_eq!(both.last(), lines(text, "J", &["x"]).last());
    assert!(both[1].contains("dJ/ds"), "{both:?}");
}

/// A line of a derivation is the whole cotangent, though a stable form looks through its name.
#[test]
fn lines_are_total_derivatives() {
    let text = "size d\nbatch N\ngiven\n  x : R[d] per N\n  t : R per N\n  w : R[d]\nnet\n  z = w^T x\n  p = sigmoid(z)\n  J = mean[N] -(t log(p) + (1 - t) log(1 - p))\n";
    let found = lines(text, "J", &["w"]);
    let p = found.iter().find(|l| l.starts_with("dJ/dp")).unwrap();
    assert!(p.contains("(1 - p)") && p.contains("(1/p)"), "{p}");
    // What nothing depends on has a line too.
    let zero = lines("size n\ngiven\n  x, u : R[n]\nnet\n  J = sum(x)\n", "J", &["u"]);
    assert_eq!(zero, ["dJ/du = zeros(n)"]);
}

#[test]
fn samples_are_not_mixed() {
    let text = "size d\nbatch N\ngiven\n  x : R[d] per N\nnet\n  m = mean[N] inner(x, x)\n  f = m x\nclaim \"j\" jac(f, x) = m I\n";
    let report = check(&module(text), &Settings::default());
    let claim = &report.claims[0];
    assert!(!claim.passed && claim.message.contains("mixes them all"), "{}", claim.message);
}

/// Long products and long chains of definitions are derived and lowered in time linear in them: this
/// takes seconds, not hours.
#[test]
fn long_files_are_lowered() {
    let product = vec!["x"; 3000].join(" .* ");
    let chain: String = (0..3000).map(|i| format!("  y{} = sin(y{i}) + y{i}\n", i + 1)).collect();
    for text in [
        format!("size n\nparam\n  x : R[n] = 0\nnet\n  L = sum({product})\n"),
        format!("size n\nparam\n  x : R[n] = 0\nnet\n  y0 = x\n{chain}  L = sum(y3000)\n"),
    ] {
        let mut module = module(&text);
        let loss = module.find("L").unwrap();
        let loss = module.read(loss).unwrap();
        let lowered = lower::training_step(&mut module, loss).unwrap();
        assert!(lowered.nodes.len() < 40_000);
    }
}
