//! Names that are words of the language, of functions, or no names.

use chainrule_graph::builder::*;

use super::{built, found, type_of};

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
