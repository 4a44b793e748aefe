//! Whole models: the text, the types, the counts.

use chainrule_graph::builder::*;
use chainrule_graph::read;

use super::{built, count, type_of, types};

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

    let file = read(include_str!("../../../chainrule/models/iris.eqn"));
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
