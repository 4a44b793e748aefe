//! What is wrong is told at the line of the program that says it.

use chainrule_graph::builder::*;

use super::found;

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
