//! Where things stand: lines of text, terms of another model, limits.

use chainrule_graph::builder::*;

use super::{built, found};

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
