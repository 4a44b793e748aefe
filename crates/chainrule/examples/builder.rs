//! A net written in Rust: `cargo run -p chainrule --example builder`.
//!
//! The same iris net as `chainrule show iris`, built from terms, printed as the equation file that
//! it is; then a net with mistakes, all told at once at their lines in this file.

use chainrule::Model;
use chainrule::builder::*;

/// One hidden softplus layer, softmax output.
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
    let l = net.define("l", -log(p.at(y)));
    let j = net.define("J", mean_over(n, l));

    net.derive([grad(j, w1), grad(j, b1), grad(j, w0), grad(j, b0)]).with(DeriveOption::Steps);
    net.claim("dl/dW1", grad(l, w1), (p - onehot(y)).matmul(a1.t()));
    net.claim("size", net.count_params(), 8 * h + 3);
    net.show("accuracy", mean_over(n, indicator(argmax(p).eq(y))));
}

/// What is easily got wrong: each line is reported.
fn mistakes(net: &Scope) {
    let (d, h, n) = (net.size("d", 4), net.size("H", 16), net.batch("N"));
    let x = net.data("x", real([d]).per(n));
    let w = net.param("W", real([d, h]), he());
    let b = net.param("b", real([h]), zeros());

    let z = net.define("z", w.matmul(x) + b); // W^T
    net.define("a", relu(z)); // not a second mistake
    net.define("q", b * b); // which product?
    net.define("s", x + b);
    net.define("g", grad(exp(b), b));
}

/// Prints the net's equation file, what it says, and the mistakes.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let net = Scope::new("iris");
    iris(&net);
    let built = net.finish()?;
    println!("{}", built.text);
    println!("{}", Model::from(built).show()[0].text());

    let net = Scope::new("mistakes");
    mistakes(&net);
    if let Err(errors) = net.finish() {
        println!("{errors}");
    }
    Ok(())
}
