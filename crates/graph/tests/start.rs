//! Start values: fans of every style, moments of large draws, the same bits.

use chainrule_graph::interpret::Numbers;
use chainrule_graph::start::{fans, values};
use chainrule_graph::{Module, read};

fn module(text: &str) -> Module {
    let reading = read(text);
    assert!(reading.is_ok(), "{text}\n{:?}", reading.diagnostics);
    reading.modules[0].clone()
}

/// `W 3 4, b 3 4`: fan-in and fan-out of every parameter.
fn fans_of(text: &str) -> String {
    let module = module(text);
    let params: Vec<_> = module.params().map(|(id, _)| id).collect();
    let fans = fans(&module, &Numbers::of(&module, 7, 9), &params).unwrap();
    let one = |(id, fan): (&chainrule_graph::SymbolId, &chainrule_graph::start::Fan)| {
        format!("{} {} {}", module.symbol(*id).name, fan.fan_in, fan.fan_out)
    };
    params.iter().zip(&fans).map(one).collect::<Vec<_>>().join(", ")
}

fn example(name: &str) -> String {
    let path = format!("{}/../chainrule/models/{name}.eqn", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn rows_and_columns_have_the_same_fans() {
    let columns = "size d = 3, H = 4\nbatch N\ndata X : R[d, N]\nparam\n  W : R[H, d] ~ he\n  b : R[H] ~ he\nnet Z = W X + b\n";
    let rows = "size d = 3, H = 4\nbatch N\ndata X : R[N, d]\nparam\n  W : R[d, H] ~ he\n  b : R[1, H] ~ he\nnet Z = X W + ones(N) b\n";
    let turned = "size d = 3, H = 4\nbatch N\ndata X : R[N, d]\nparam\n  W : R[H, d] ~ he\n  b : R[H] ~ he\nnet Z = X W^T + ones(N) b^T\n";
    let silent = "size d = 3, H = 4\nbatch N\ndata x : R[d] per N\nparam\n  W : R[H, d] ~ he\n  b : R[H] ~ he\nnet z = W x + b\n";
    let index = "size d = 3, H = 4\nbatch N\ndata x : R[d] per N\nparam\n  W : R[H, d] ~ he\n  b : R[H] ~ he\nnet z[h] = sum[i] W[h,i] x[i] + b[h]\n";
    for text in [columns, rows, turned, silent, index] {
        assert_eq!(fans_of(text), "W 3 4, b 3 4", "{text}");
    }
}

#[test]
fn fans_of_the_examples() {
    assert_eq!(fans_of(&example("iris")), "W0 4 16, b0 4 16, W1 16 3, b1 16 3");
    assert_eq!(
        fans_of(&example("mlp")),
        "W1 784 512, b1 784 512, W2 512 512, b2 512 512, W3 512 10, b3 512 10"
    );
    // A kernel of 3 x 3: 9 inputs of each channel go in, 9 places of each channel are reached.
    assert_eq!(
        fans_of(&example("convnet")),
        "K1 9 288, c1 9 288, K2 288 576, c2 288 576, W1 9216 128, b1 9216 128, W2 128 10, b2 128 10"
    );
    assert_eq!(fans_of(&example("circles")), "W1 2 8, b1 2 8, W2 8 2, b2 8 2");
    assert_eq!(fans_of(&example("cifar2")), "W1 3072 50, b1 3072 50, W2 50 10, b2 50 10");
}

#[test]
fn the_rarer_uses() {
    let net = |params: &str, net: &str| {
        fans_of(&format!(
            "size d = 3, H = 4\nbatch N\ndata x : R[d] per N\ndata t : label[d] per N\nparam\n{params}\nnet\n{net}\n"
        ))
    };
    // The first use counts; a weight that is scaled first is still the weight.
    let twice = net("  W : R[d, d] ~ he\n  V : R[H, d] ~ he", "  a = W x\n  z = V (W a)");
    assert_eq!(twice, "W 3 3, V 3 4");
    let scaled = net("  g : R[H, d] = 1\n  W : R[H, d] ~ he", "  z = (g .* W) x");
    assert_eq!(scaled, "g 3 4, W 3 4");
    // Entry by entry nothing is summed.
    assert_eq!(net("  w : R[d] ~ he", "  z = w .* x"), "w 1 1");
    assert_eq!(net("  w : R[d] ~ he", "  z = inner(w, x)"), "w 3 1");
    // An embedding is read, not summed; the layer behind it is another's.
    let read = net("  E : R[H, d] ~ he\n  W : R[d, H] ~ he", "  e = E[:,t]\n  z = W e");
    assert_eq!(read, "E 1 1, W 4 3");
    // A matrix by itself is a layer, its square a penalty.
    assert_eq!(net("  A : R[d, d] ~ he", "  q = ||A||_F^2\n  z = A A x"), "A 3 3");
    // Unused.
    assert_eq!(net("  w : R[d] ~ he", "  z = 2 x"), "w 1 1");
}

/// Mean and variance of 40 000 draws.
fn moments(distribution: &str) -> (f64, f64, f64) {
    let text = format!(
        "size d = 200, H = 200\nbatch N\ndata x : R[d] per N\nparam W : R[H, d] ~ {distribution}\nnet z = W x\n"
    );
    let module = module(&text);
    let drawn = values(&module, &Numbers::of(&module, 1, 1), 11).unwrap();
    let data = &drawn[0].1.data;
    let n = data.len() as f64;
    let mean = data.iter().sum::<f64>() / n;
    let variance = data.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    (mean, variance, data.iter().fold(0.0_f64, |m, x| m.max(x.abs())))
}

#[test]
fn draws_have_their_moments() {
    // The fourth number is the bound of a uniform distribution.
    let wanted: [(&str, f64, f64, f64); 10] = [
        ("constant(3)", 3.0, 0.0, 3.0),
        ("normal(2, 0.5)", 2.0, 0.25, f64::INFINITY),
        ("uniform(-1, 3)", 1.0, 16.0 / 12.0, 3.0),
        ("bernoulli(0.3)", 0.3, 0.21, 1.0),
        ("he", 0.0, 2.0 / 200.0, f64::INFINITY),
        ("he_uniform", 0.0, 2.0 / 200.0, (6.0_f64 / 200.0).sqrt()),
        ("glorot", 0.0, 2.0 / 400.0, f64::INFINITY),
        ("glorot_uniform", 0.0, 2.0 / 400.0, (6.0_f64 / 400.0).sqrt()),
        ("lecun", 0.0, 1.0 / 200.0, f64::INFINITY),
        ("pytorch", 0.0, 1.0 / 600.0, 1.0 / 200.0_f64.sqrt()),
    ];
    for (distribution, mean, variance, bound) in wanted {
        let (is, of, most) = moments(distribution);
        // Five standard errors of the mean; 4 % are more than five of the variance.
        assert!((is - mean).abs() <= 5.0 * (variance / 40_000.0).sqrt(), "{distribution}: {is}");
        assert!((of - variance).abs() <= 0.04 * variance, "{distribution}: {of}");
        assert!(most <= bound, "{distribution}: {most}");
        assert!(bound.is_infinite() || most >= 0.999 * bound, "{distribution}: {most}");
    }
}

#[test]
fn a_draw_depends_on_seed_name_and_place() {
    let text = |name: &str, first: &str| {
        format!(
            "size d = 3\nparam\n  {first} : R[2] ~ normal(0, 1)\n  {name} : R[d, 2] ~ normal(0, 1)\nnet J = sum({name})\n"
        )
    };
    let of = |text: &str, seed, at: usize| {
        let module = module(text);
        values(&module, &Numbers::of(&module, 1, 1), seed).unwrap()[at].1.data.clone()
    };
    let w = of(&text("W", "a"), 1, 1);
    assert_eq!(w, of(&text("W", "b"), 1, 1), "what else is declared is no matter");
    assert_ne!(w, of(&text("V", "a"), 1, 1));
    assert_ne!(w, of(&text("W", "a"), 2, 1));
    let taller = of(&text("W", "a").replace("d = 3", "d = 5"), 1, 1);
    assert_eq!(w, taller[..6]);
}

#[test]
fn values_fill_and_keep_their_shape() {
    let text = "size n = 2\nconst c = 3\nparam\n  A : R[n, n] = I\n  b : R[n, n] = c / 2\n  S : Sym[n] ~ normal(0, 1)\nnet J = sum(A) + sum(b) + sum(S)\n";
    let module = module(text);
    let all = values(&module, &Numbers::of(&module, 1, 1), 1).unwrap();
    assert_eq!(all[0].1.data, [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(all[1].1.data, [1.5; 4]);
    assert_eq!(all[2].1.data[1], all[2].1.data[2], "symmetric");
    let spd = definite();
    let refused = values(&spd, &Numbers::of(&spd, 1, 1), 1).unwrap_err();
    assert!(refused.0.contains("let it start with a value"), "{refused}");
}

fn definite() -> Module {
    module("size n = 2\nparam S : SPD[n] ~ normal(0, 1)\nnet J = sum(S)\n")
}
