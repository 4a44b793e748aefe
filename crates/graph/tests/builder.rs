//! Models built in Rust: what they mean, how they print, where their mistakes are.

use chainrule_graph::builder::*;
use chainrule_graph::{Module, read};

/// Names and types of the values, in order.
fn types(module: &Module) -> Vec<(String, String)> {
    module.symbols.iter().map(|s| (s.name.clone(), module.type_text(&s.ty))).collect()
}

fn type_of(module: &Module, name: &str) -> String {
    module.type_text(&module.symbol(module.find(name).expect(name)).ty)
}

fn count(module: &Module) -> String {
    let value = module.parameter_count().value(&module.sizes);
    value.and_then(chainrule_graph::Ratio::whole).map_or("open".into(), |n| n.to_string())
}

/// The model, once it is shown that its text reads back to it.
#[track_caller]
fn built(net: &Scope) -> Built {
    let built = net.finish().unwrap();
    assert!(built.warnings().is_empty(), "{:?}", built.warnings());
    let again = read(&built.text);
    assert!(again.is_ok() && again.modules.len() == 1, "{:?}", again.diagnostics);
    let module = &again.modules[0];
    assert_eq!(module.name, built.module.name);
    assert_eq!(types(module), types(&built.module));
    assert_eq!(module.parameter_count(), built.module.parameter_count());
    assert_eq!(module.claims.len(), built.module.claims.len());
    assert_eq!(
        without_blanks(&chainrule_syntax::print::file(&again.file)),
        without_blanks(&built.text)
    );
    built.module.verify().unwrap();
    built
}

fn without_blanks(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty()).collect()
}

/// Code and line of every mistake.
fn found(net: &Scope) -> Vec<(&'static str, u32)> {
    let errors = net.finish().expect_err("a mistake");
    assert!(!errors.to_string().contains("`not_built`"), "{errors}");
    errors.problems().iter().map(|p| (p.code(), p.location().line())).collect()
}

fn iris(net: &Scope) {
    let (d, h, k) = (net.size("d", 4), net.size("H", 16), net.size("K", 3));
    let n = net.batch("N");
    let x = net.data("x", real([d]).per(n));
    let y = net.data("y", label(k).per(n));
    let w0 = net.param("W0", real([h, d]), normal(0.0, 0.1));
    let b0 = net.param("b0", real([h]), zeros());
    let w1 = net.param("W1", real([k, h]), normal(0.0, 0.1));
    let b1 = net.param("b1", real([k]), zeros());

    let z1 = net.define("z1", w0.matmul(x) + b0);
    let a1 = net.define("a1", softplus(z1));
    let z2 = net.define("z2", w1.matmul(a1) + b1);
    let p = net.define("p", softmax(z2));
    let l = net.define("l", -log(p.at([y])));
    let j = net.define("J", mean_over(n, l));

    net.derive([grad(j, w1), grad(j, b1), grad(j, w0), grad(j, b0)]).with(DeriveOption::Steps);
    let e2 = p - onehot(y);
    net.claim("eq. (6)", grad(l, p), -onehot(y).matmul(net.number(1).hadamard_div(p)))
        .expect(Expected::IllFormed);
    net.claim("eq. (10)", jac(p, z2), diag(p) - p.matmul(p.t()));
    net.claim("eq. (13)", grad(l, w1), e2.matmul(a1.t()));
    net.claim("eq. (18)", jac(z2, a1), w1.t()).layout(Layout::Denominator);
    net.claim("size", net.count_params(), 8 * h + 3);
    net.lines("train J by gd(step = 0.01) epochs 350 batch all seed 1 as gd");
    net.show("accuracy", mean_over(n, indicator(argmax(p).eq(y))));
}

#[test]
fn iris_is_the_equation_file() {
    let net = Scope::new("iris");
    iris(&net);
    let built = built(&net);
    let text = "\
model iris

size d = 4, H = 16, K = 3
batch N

data
  x : R[d] per N
  y : label[K] per N

param
  W0 : R[H, d] ~ normal(0, 0.1)
  b0 : R[H] = 0
  W1 : R[K, H] ~ normal(0, 0.1)
  b1 : R[K] = 0

net
  z1 = W0 x + b0
  a1 = softplus(z1)
  z2 = W1 a1 + b1
  p = softmax(z2)
  l = -log(p[y])
  J = mean[N] l

derive dJ/dW1, dJ/db1, dJ/dW0, dJ/db0 steps

claim \"eq. (6)\" dl/dp = -onehot(y) (1 ./ p) expect ill-formed
claim \"eq. (10)\" jac(p, z2) = diag(p) - p p^T
claim \"eq. (13)\" dl/dW1 = (p - onehot(y)) a1^T
claim \"eq. (18)\" jac(z2, a1) = W1^T layout denominator
claim \"size\" count(param) = 8 H + 3

train J by gd(step = 0.01) epochs 350 batch all seed 1 as gd

show accuracy = mean[N] 1[argmax(p) == y]
";
    assert_eq!(built.text, text);
    let module = &built.module;
    assert_eq!(count(module), "131");
    assert_eq!(type_of(module, "z1"), "R[H] per N");
    assert_eq!(type_of(module, "J"), "R");
    let ill_formed: Vec<bool> = module.claims.iter().map(|c| !c.ill_formed.is_empty()).collect();
    assert_eq!(ill_formed, [true, false, false, false, false]);
    assert_eq!((module.trainings.len(), module.metrics.len()), (1, 1));

    let file = read(include_str!("../../chainrule/models/iris.eqn"));
    let of_file = types(&file.modules[0]);
    for value in types(module) {
        assert!(of_file.contains(&value), "{value:?}");
    }
}

#[test]
fn a_relu_net_in_written_batch_style() {
    let net = Scope::new("cifar2");
    let (d, h, k) = (net.size("d", 3072), net.size("H", 50), net.size("K", 10));
    let n = net.batch("N");
    let lambda = net.constant("λ", 0.25);
    let x = net.data("X", real([d, n]));
    let y = net.data("y", labels(k, [n]));
    let w1 = net.param("W1", real([h, d]), normal(0, 1e-4));
    let b1 = net.param("b1", real([h]), zeros());
    let w2 = net.param("W2", real([k, h]), normal(0, 1e-4));
    let b2 = net.param("b2", real([k]), zeros());

    let z2 = net.define("Z2", w1.matmul(x) + b1);
    let a2 = net.define("A2", relu(z2));
    let z3 = net.define("Z3", w2.matmul(a2) + b2);
    let psi = net.define("Psi", softmax(z3));
    let delta = net.define("D", onehot(y));
    let j = net.define("J", -1 / n * delta.hadamard(log(psi)).sum());
    let jt = net.define("Jt", j + lambda * (w1.norm_f().pow(2) + w2.norm_f().pow(2)));

    net.derive([grad(jt, w2), grad(jt, b2), grad(jt, w1), grad(jt, b1)]);
    let e3 = net.define("E3", 1 / n * (psi - delta));
    net.claim("output error", grad(j, z3), e3);
    net.claim("W2", grad(jt, w2), e3.matmul(a2.t()) + 2 * lambda * w2);
    let e2 = w2.t().matmul(e3).hadamard(indicator(z2.gt(0)));
    net.claim("W1", grad(jt, w1), e2.matmul(x.t()) + 2 * lambda * w1);
    let [i, c] = net.indices(["i", "c"]);
    net.claim("another class", grad(psi.at((y.at(i), i)), z3).at([c, i]), psi.at([c, i]))
        .forall([c.below(k), i.below(n)])
        .when(c.ne(y.at(i)))
        .expect(Expected::False);

    let built = built(&net);
    assert_eq!(type_of(&built.module, "Psi"), "R[K, N]");
    assert_eq!(type_of(&built.module, "D"), "mask[K, N]");
    assert_eq!(type_of(&built.module, "Jt"), "R");
    assert_eq!(count(&built.module), "154160");
    for line in [
        "  y : label[K][N]\n",
        "  W1 : R[H, d] ~ normal(0, 1e-4)\n",
        "  J = -1/N * sum(D .* log(Psi))\n",
        "  Jt = J + lambda * (||W1||_F^2 + ||W2||_F^2)\n",
        "dJt/dW2 = E3 A2^T + 2 lambda * W2\n",
        "dJt/dW1 = ((W2^T E3) .* 1[Z2 > 0]) X^T + 2 lambda * W1\n",
        "forall c in K, i in N: grad(Psi[y[i],i], Z3)[c,i] = Psi[c,i] if c != y[i] expect false\n",
    ] {
        assert!(built.text.contains(line), "{line} in {}", built.text);
    }
    assert!(built.module.claims.iter().all(|claim| claim.ill_formed.is_empty()));
}

#[test]
fn a_convolution_and_its_pooling() {
    let net = Scope::new("convnet");
    let (c0, c1, s, kk) =
        (net.size("C0", 1), net.size("C1", 32), net.size("S", 28), net.size("k", 3));
    let s1 = net.size("S1", s - kk + 1);
    let half = net.size("P", s1 / 2);
    net.size("V", c1 * half * half);
    let n = net.batch("N");
    let image = net.data("I0", real([c0, s, s]).per(n));
    let k1 = net.param("K1", real([c1, c0, kk, kk]), he());
    let bias = net.param("c1", real([c1]), zeros());
    let [o, u, v, c, i, j, p, q] = net.indices(["o", "u", "v", "c", "i", "j", "p", "q"]);

    let y1 = net.define_at(
        "Y1",
        [o, u, v],
        sum_over([c, i, j], k1.at([o, c, i, j]) * image.at([c, u + i, v + j])) + bias.at(o),
    );
    let r1 = net.define("R1", relu(y1));
    let pooled = max_over([i.below(2), j.below(2)], r1.at([o, 2 * p + i, 2 * q + j]));
    let m = net.define_at("M", [o, p, q], pooled);
    net.define("f", flatten(m));
    net.define_at("Z", [u, v], image.at_padded((0, u + 1, v - 1)));
    net.claim_type("shape", m, real([32, 13, 13]));

    let built = built(&net);
    assert_eq!(type_of(&built.module, "Y1"), "R[C1, S1, S1] per N");
    assert_eq!(type_of(&built.module, "M"), "R[C1, P, P] per N");
    assert_eq!(type_of(&built.module, "f"), "R[V] per N");
    assert_eq!(type_of(&built.module, "Z"), "R[S, S] per N");
    assert_eq!(count(&built.module), "320");
    for line in [
        "size\n  C0 = 1, C1 = 32, S = 28, k = 3\n  S1 = S - k + 1\n  P = S1 / 2\n",
        "  Y1[o,u,v] = sum[c,i,j] K1[o,c,i,j] * I0[c,u+i,v+j] + c1[o]\n",
        "  M[o,p,q] = max[i in 2, j in 2] R1[o,2p+i,2q+j]\n",
        "  Z[u,v] = I0[0,u+1,v-1; pad]\n",
    ] {
        assert!(built.text.contains(line), "{line} in {}", built.text);
    }
}

/// Two layers with sizes to make mistakes with.
struct Net<'s> {
    d: Expr<'s>,
    w: Expr<'s>,
    v: Expr<'s>,
    b: Expr<'s>,
    x: Expr<'s>,
}

fn layers(net: &Scope) -> Net<'_> {
    let (d, h) = (net.size("d", 4), net.size("H", 16));
    Net {
        d,
        w: net.param("W", real([h, d]), he()),
        v: net.param("V", real([h, h]), he()),
        b: net.param("b", real([h]), zeros()),
        x: net.given("x", real([d])),
    }
}

#[test]
fn inner_sizes_are_told_at_the_product() {
    let net = Scope::new("example");
    let Net { w, v, b, x, .. } = layers(&net);
    let z = net.define("z", w.matmul(x) + b);
    let sum = v.matmul(z)
        + v.matmul(x) // here
        + b;
    let line = line!() - 2;
    net.define("a", relu(sum));
    assert_eq!(found(&net), [("inner-sizes", line)]);

    let errors = net.finish().unwrap_err();
    let problem = &errors.problems()[0];
    assert_eq!(problem.location().file(), file!());
    assert_eq!(problem.location().column(), 13);
    assert_eq!(problem.message(), "inner sizes H and d differ in this product");
    assert_eq!(problem.equation(), "  a = relu(V z + V x + b)");
    let text = format!("{}:{line}:13: inner sizes H and d differ", file!());
    assert!(errors.to_string().starts_with(&text), "{errors}");
}

#[test]
fn sums_of_different_shapes() {
    let net = Scope::new("example");
    let Net { w, b, x, .. } = layers(&net);
    net.define(
        "z",
        exp(w
            .matmul(x) // a line of its own
            .hadamard(b)
            + x),
    );
    assert_eq!(found(&net), [("sum-shapes", line!() - 5)]);
    let errors = net.finish().unwrap_err();
    let (place, text) = errors.problems()[0].elsewhere().next().unwrap();
    assert!(place.line() < line!() - 15 && text == "`x` is declared here", "{place} {text}");
}

#[test]
fn a_star_between_arrays_offers_both_products() {
    let net = Scope::new("example");
    let Net { v, b, .. } = layers(&net);
    net.define("z", 2 * v * b);
    assert_eq!(found(&net), [("two-arrays", line!() - 1)]);
    let errors = net.finish().unwrap_err();
    let repairs = errors.problems()[0].repairs();
    assert!(repairs[0].contains(".hadamard(") && repairs[1].contains(".matmul("), "{repairs:?}");
    let net = Scope::new("example");
    let Net { v, b, .. } = layers(&net);
    net.define("z", b / v);
    assert_eq!(found(&net), [("array-division", line!() - 1)]);
}

#[test]
fn undefined_and_duplicate_names() {
    let net = Scope::new("example");
    let Net { w, b, .. } = layers(&net);
    let b = net.param("b", real([3]), zeros()) + b;
    let y = w.matmul(net.name("zz"));
    net.define("y", y + b);
    net.define("z", net.name("W").norm_f());
    net.define("z", net.name("W").norm_spec());
    let line = line!();
    let expected =
        [("defined-twice", line - 5), ("undefined-name", line - 4), ("defined-twice", line - 1)];
    assert_eq!(found(&net), expected);
    let errors = net.finish().unwrap_err();
    let (place, text) = errors.problems()[2].elsewhere().next().unwrap();
    assert_eq!((place.line(), text), (line - 2, "first defined here"));
    let message = format!("`z` is already defined (line {})", line - 2);
    assert_eq!(errors.problems()[2].message(), message);
}

#[test]
fn the_number_of_indices() {
    let net = Scope::new("example");
    let Net { w, b, .. } = layers(&net);
    let [i, j] = net.indices(["i", "j"]);
    net.define_at("A", [i, j], w.at([i, j]) * b.at([i, j]));
    net.define_at("B", i, w.at(i));
    net.define_at("C", i, w.at((i + 16, 5)));
    net.define_at("D", i + 1, b.at(i));
    net.define_at("E", i, sum_over(w, b.at(i)));
    let line = line!();
    let expected = [
        ("index-count", line - 5),
        ("index-count", line - 4),
        ("index-outside", line - 3),
        ("not-an-index", line - 2),
        ("index-shadows", line - 1),
    ];
    assert_eq!(found(&net), expected);
}

#[test]
fn gradients_of_arrays() {
    let net = Scope::new("example");
    let Net { w, b, x, .. } = layers(&net);
    let z = net.define("z", w.matmul(x) + b);
    net.define("g", grad(z, w).norm_f());
    net.derive(grad(
        exp(z), // the argument
        w,
    ));
    net.define("f", grad(z.norm(), x + x));
    let line = line!();
    let expected = [
        ("gradient-of-array", line - 6),
        ("gradient-of-array", line - 4),
        ("derivative-by", line - 1),
    ];
    assert_eq!(found(&net), expected);
    let errors = net.finish().unwrap_err();
    assert_eq!(errors.problems()[0].repairs(), ["the Jacobian: `jac(f, x)`"]);
}

#[test]
fn all_mistakes_are_told_at_once_and_none_twice() {
    let net = Scope::new("all of them");
    let Net { d, w, v, b, x } = layers(&net);
    let bad = net.define("bad", w.matmul(b));
    let worse = net.define("worse", relu(bad) + 1);
    net.define("sum", worse);
    net.define("u", b + x);
    net.define("nan", x * f64::NAN);
    net.size("half", d / 3);
    net.size("none", 0);
    net.param("U", real([d]).per(d), he());
    net.noise("m", mask([d]), he());
    net.define("s", softmax(v));
    net.lines("net\n  t = W b");
    net.show("loss", x);
    net.define("last", exp(x).axis(1) + (x + 1).axis(0));
    let line = line!();
    let expected = [
        ("not-a-name", line - 15),
        ("inner-sizes", line - 13),
        ("function-name", line - 11),
        ("sum-shapes", line - 10),
        ("not-finite", line - 9),
        ("size-value", line - 8),
        ("size-value", line - 7),
        ("no-batch-axis", line - 6),
        ("unknown-distribution", line - 5),
        ("softmax-axis", line - 4),
        ("inner-sizes", line - 3),
        ("not-one-number", line - 2),
        ("argument-count", line - 1),
        ("not-a-call", line - 1),
    ];
    let mut found = found(&net);
    found.sort_by_key(|(_, line)| *line);
    assert_eq!(found.len(), expected.len(), "{:?}", net.finish().unwrap_err());
    for mistake in expected {
        assert!(found.contains(&mistake), "{mistake:?} in {found:?}");
    }
}

#[test]
fn names_cannot_break_the_text() {
    for name in ["", "a b", "x = 3\nparam\n  q", "1x", "x#", "\"", "in", "exp", "_x", "ö", "x'"] {
        let net = Scope::new("example");
        let x = net.given(name, real([3]));
        let line = line!() - 1;
        net.define("y", 2 * x + x);
        let found = found(&net);
        assert_eq!(found.len(), 1, "{name:?}: {found:?}");
        assert_eq!(found[0].1, line, "{name:?}");
        let claims = Scope::new("example");
        let x = claims.given("x", real([3]));
        claims.claim(name, x, x);
        assert_eq!(built(&claims).module.claims.len(), 1, "{name:?}");
    }
    let net = Scope::new("example");
    net.given(&"long".repeat(100), scalar());
    net.given("a b", scalar());
    net.given("a-b", scalar());
    let _ = net.name("no name");
    assert_eq!(found(&net).len(), 4);
}

#[test]
fn values_called_like_functions() {
    let net = Scope::new("example");
    let step = net.param("step", real([3]), 1);
    let size = net.size("delta", 3);
    net.define("y", step.hadamard(step + 1) / size + step.norm2());
    built(&net);

    let net = Scope::new("example");
    let ones = net.param("ones", real([3]), 1);
    net.define("y", ones + net.ones(3));
    net.define("z", apply("nosuch", ones, ()));
    let line = line!();
    assert_eq!(found(&net), [("value-called", line - 2), ("undefined-name", line - 1)]);
}

#[test]
fn a_gradient_may_be_called_dj() {
    let net = Scope::new("example");
    let w = net.param("W", real([3]), he());
    let j = net.define("J", w.norm().pow(2));
    let dj = net.define("dJ", grad(j, w));
    net.define("dW", dj.norm() / grad(j, w).norm());
    let built = built(&net);
    assert!(built.text.contains("  dJ = grad(J, W)\n"), "{}", built.text);
    assert_eq!(type_of(&built.module, "dJ"), "R[3]");
}

#[test]
fn numbers_keep_their_value() {
    let numbers = [
        0.0,
        1.0,
        0.1,
        1e-4,
        1e-300,
        5e-324,
        123.456,
        1e15,
        1e22,
        f64::MAX,
        0.1 + 0.2,
        -2.5,
        -1e-9,
    ];
    for value in numbers {
        let net = Scope::new("example");
        net.constant("c", value);
        let module = built(&net).module;
        let chainrule_graph::module::Role::Const(node) = module.symbols[0].role else { panic!() };
        let mut node = module.graph.node(node);
        let mut sign = 1.0;
        if node.op == chainrule_graph::Op::Neg {
            (node, sign) = (module.graph.node(node.inputs[0]), -1.0);
        }
        let chainrule_graph::Op::Number { bits } = node.op else { panic!("{value}") };
        assert_eq!(sign * f64::from_bits(bits), value);
    }
    let net = Scope::new("example");
    let s = net.given("s", scalar());
    let text = |term: Expr<'_>| term.to_string();
    assert_eq!(text(-2 * s + 3.5), "-2 s + 3.5");
    assert_eq!(text(-1 / s * s - -s / 2 * s), "-1/s * s - (-s / 2 * s)");
    assert_eq!(text(-(s + 1) * s), "-(s + 1) * s");
    assert_eq!(text(2 * (3 * s)), "2 (3 s)");
    assert_eq!(text(1.0 - s * -3), "1 - s * -3");
    assert_eq!(text((s + 1) * (s - s) / 4), "(s + 1) * (s - s) / 4");
    assert_eq!(text(s - (s + 1)), "s - (s + 1)");
    assert_eq!(text((-s).pow(2) + (-s.pow(2))), "(-s)^2 + (-s^2)");
    assert_eq!(text(s.pow(2).pow(3)), "(s^2)^3");
    assert_eq!(text(1e-7 * &s), "1e-7 s");
}

#[test]
#[allow(clippy::op_ref)] // references are what is tested
fn operators_take_owned_and_referenced_terms() {
    let net = Scope::new("example");
    let (a, b) = (net.given("a", scalar()), net.given("b", scalar()));
    let mut all = vec![a + b, a + &b, &a + b, &a + &b, &a - 1, 1 - &a, 2.0 * &a, &a / 2.0, -&a];
    all.extend([a + 1usize, a + 1u32, a + 1u64, a + 1i64, a * 0.5, 0.5 / a, 3 / &a]);
    let mut total = net.number(0);
    for term in &all {
        total += term;
        total *= 2;
        total -= b;
        total /= term;
    }
    net.define("y", total);
    built(&net);
}

#[test]
fn long_sums_and_deep_terms() {
    let net = Scope::new("example");
    let x = net.given("x", real([3]));
    let mut sum = x;
    for _ in 0..20_000 {
        sum += x;
    }
    let built = net.define("y", sum);
    assert_eq!(net.finish().unwrap().module.bindings.len(), 1);

    let mut deep = built;
    for _ in 0..10_000 {
        deep = exp(deep);
    }
    let line = line!() - 2;
    net.define("z", deep);
    let mut wide = x;
    for _ in 0..100 {
        wide = wide.hadamard(wide);
    }
    let last = line!() - 2;
    net.define("w", wide);
    let errors = net.finish().unwrap_err();
    let places: Vec<_> =
        errors.problems().iter().map(|p| (p.code(), p.location().line())).collect();
    assert_eq!(places, [("limit-nesting", line), ("limit-nesting", last)]);
}

#[test]
fn terms_of_another_model() {
    let (net, other) = (Scope::new("one"), Scope::new("other"));
    let (x, y) = (net.given("x", scalar()), other.given("y", scalar()));
    net.define("z", x + y);
    let line = line!() - 1;
    net.given("w", real(y).per(y));
    net.define_at("v", y, mean_over(y, x));
    net.claim("c", x, 1).with(y, 2).when(y.gt(0)).forall(y);
    net.derive(grad(x, y));
    net.claim_that("t", y.gt(0));
    let expected = [
        ("other-model", line),
        ("no-batch-axis", line + 2),
        ("other-model", line + 2),
        ("not-an-index", line + 3), // of the sum
        ("not-an-index", line + 3), // of the definition
        ("not-just-a-name", line + 4),
        ("not-an-index", line + 4),
        ("other-model", line + 4),
        ("other-model", line + 5),
        ("claim-without-relation", line + 6),
    ];
    let mut found = found(&net);
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    other.finish().unwrap();
}

#[test]
fn lines_stand_where_they_are_given() {
    let net = Scope::new("example");
    let w = net.param("w", real([3]), he());
    net.lines("fn huber(x, k = 1) = 1[abs(x) <= k] x^2 / 2 + 1[abs(x) > k] (k abs(x) - k^2 / 2)\n");
    net.define("J", apply("huber", w.norm(), 2));
    net.lines("train J by gd(step = 0.1) steps 5");
    net.define("K", net.name("J") + 1);
    assert_eq!(built(&net).module.functions.len(), 1);

    let net = Scope::new("example");
    let w = net.param("w", real([3]), he());
    net.lines("net\n  z = (w");
    let line = line!() - 1;
    net.define("y", w + net.name("z"));
    net.lines("plot of nothing");
    let last = line!() - 1;
    let found = found(&net);
    assert_eq!((found[0].1, found.last().unwrap().1), (line, last), "{found:?}");
}

/// Random terms of numbers.
struct Random<'s> {
    state: u64,
    value: Expr<'s>,
    index: Expr<'s>,
}

impl<'s> Random<'s> {
    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_041);
        (self.state >> 33) % n
    }

    /// A term with `leaf` somewhere inside.
    fn term(&mut self, depth: u64, leaf: Expr<'s>) -> Expr<'s> {
        if depth == 0 {
            return leaf;
        }
        let inner = self.term(depth - 1, leaf);
        let height = self.below(3).min(depth - 1);
        let other = self.term(height, self.value);
        let (left, right) = if self.below(2) == 0 { (inner, other) } else { (other, inner) };
        match self.below(24) {
            0..=2 => left + right,
            3..=5 => left - right,
            6 | 7 => left * right,
            8 => left / right,
            9 => left.matmul(right),
            10 => left.hadamard(right),
            11 => left.hadamard_div(right),
            12 => left.pow(right),
            13 => left.dot_pow(right),
            14 => -inner,
            15 => inner.t().at_padded((0, right)),
            16 => inner.norm1(),
            17 => maximum(left, right),
            18 => sum_over(self.index.below(3), inner) + other,
            19 => indicator(left.lt(right) & !(right.ge(0) | left.ne(1))),
            20 => 2 * inner,
            21 => -0.5 * inner,
            22 => 1 / inner,
            _ => inner.inv().inv_t(),
        }
    }
}

#[test]
fn every_part_of_a_printed_term_is_found_again() {
    for state in 0..2000 {
        let net = Scope::new("random");
        let value = net.given("a", scalar());
        let [index] = net.indices(["i"]);
        let mut random = Random { state, value, index };
        net.define("x", random.term(state % 7, value));
        let text = net.text();
        let parsed = chainrule_syntax::parse(&text);
        assert!(parsed.is_ok(), "{text}\n{:?}", parsed.diagnostics);
        assert_eq!(chainrule_syntax::print::file(&parsed.file), text);

        // The reader does not know what stands for a missing part, but the builder finds it.
        net.define("y", random.term(state % 7, net.number(f64::NAN)));
        let errors = net.finish().unwrap_err();
        assert!(!errors.to_string().contains("`not_built`"), "{errors}");
    }
}

#[test]
fn sizes_of_one_line_keep_their_columns() {
    let net = Scope::new("example");
    let (n, d, _) = (net.free_size("n"), net.size("d", 4), net.size("e", 2 / net.name("f")));
    let _ = (net.size("n", 3), net.size("g", n + d / 0.5));
    let line = line!() - 2;
    assert!(net.text().contains("size\n  n, d = 4, e = 2/f\n  n = 3, g = n + d / 0.5\n"));
    let errors = net.finish().unwrap_err();
    let place = |p: &Problem| (p.code(), p.location().line(), p.location().column());
    let places: Vec<_> = errors.problems().iter().map(place).collect();
    let expected = [
        ("undefined-name", line, 82),
        ("defined-twice", line + 1, 18),
        ("size-number", line + 1, 50),
    ];
    assert_eq!(places, expected);
}

#[test]
fn words_of_the_language_as_names() {
    let words = "split test validation state model net size param data batch T d I pi R Z label \
        steps e3 E1 pad row axis order mean_square step inv N dJ all train J to on with as epoch";
    for word in words.split_whitespace() {
        let net = Scope::new(word);
        let k = net.size(&format!("{word}_"), 3);
        let x = net.data(word, real([k, k]));
        let [i] = net.indices(["i"]);
        let y = net.define("y", 2 * x.matmul(x + 1) - x.pow(2) + x.t() / k);
        net.define_at("z", i, 2 * y.at((.., i)).norm() * x.at((i, 0)));
        net.claim("c", y.matmul(x).sum(), x.matmul(y).sum());
        net.show("loss", grad(y.sum(), x).norm_f() + x.norm_f().pow(k));
        built(&net);
        let net = Scope::new("example");
        let k = net.size(word, 3);
        let [i] = net.indices(["i"]);
        let x = net.param("x", real([k, 2 * k]), he());
        net.define_at("z", i, x.at((0, 2 * i + 1)) / k + i - k);
        built(&net);
    }
}
